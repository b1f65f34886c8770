"""Results on stdout: tables for people, one JSON object for programs."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tellapart.audit import BLOCKING
from tellapart.files import write_text
from tellapart.runs.run_folder import RunFolder

if TYPE_CHECKING:
    from tellapart.commands.check import Checked
    from tellapart.commands.evaluate import Evaluation
    from tellapart.commands.predict import Answer
    from tellapart.commands.tune import Tuned

CLASSES_SHOWN = 20
"""Past so many classes the rest is counted."""
RATES_SHOWN = 13
"""Of all learning rates that were tried, evenly."""


def show_run(path: Path, *, as_json: bool, quiet: bool) -> None:
    """A finished run: what was measured on the test part, and where everything lies."""
    run = RunFolder(path=path)
    measures = {
        part: json.loads(run.measures(part).read_text()) for part in ("test", "val") if run.measures(part).exists()
    }
    if as_json:
        _print_json({"run": str(path), "report": str(run.report), "measures": measures, **run.read_facts()})
    elif not quiet:
        for part in list(measures)[:1]:
            _print_measures(f"on the {part} part", measures[part])
        _print(f"run     {path}\nreport  {run.report}")


def show_evaluation(result: "Evaluation", *, as_json: bool, quiet: bool, predictions: Path | None) -> None:
    """What was measured, and the issues; the predictions into a CSV file where one is asked for."""
    from tellapart.commands.judge import predictions_text
    from tellapart.evaluation import tables

    if predictions is not None:
        write_text(predictions, predictions_text(result))
    measures = tables.measures_json(result.measures)
    if as_json:
        _print_json(
            {"samples": len(result.predictions.ids), "measures": measures, "issues": [asdict(i) for i in result.issues]}
            | ({} if result.flips is None else {"flips": result.flips.to_json()})
        )
    elif not quiet:
        for issue in result.issues:
            print(f"{issue.kind}: {issue.path}: {issue.detail}", file=sys.stderr)
        _print_measures(f"on {len(result.predictions.ids):,} samples", measures)
        if result.flips is not None:
            _print(result.flips.sentence("sample").replace("\u00a0", " "))


def show_check(found: "Checked", *, as_json: bool, quiet: bool) -> None:
    """What is wrong with data: samples of each class, how many findings of each kind, and where to look."""
    if as_json:
        _print_json(
            {
                "path": str(found.path),
                "page": str(found.page),
                "samples": found.samples,
                "classes": found.classes,
                "files": found.files,
                "counts": found.counts,
                "blocking": len(found.blocking),
                "issues": [asdict(issue) | found.words_of(issue) for issue in found.issues],
            }
        )
    elif not quiet:
        _print_classes(found.classes)
        width = max(map(len, found.facts)) + 3
        _print("".join(f"{name:<{width}}{value}\n" for name, value in found.facts.items()))
        _print_kinds(found)
        _print(f"page    {found.page}\nlist    {found.path / 'issues.csv'}")


def _print_classes(classes: Mapping[str, Mapping[str, int]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("class", overflow="fold")
    for part in next(iter(classes.values())):
        table.add_column(part, justify="right")
    for name, counts in list(classes.items())[:CLASSES_SHOWN]:
        table.add_row(name, *(f"{count:,}" for count in counts.values()))
    _console().print(table, markup=False)
    if len(classes) > CLASSES_SHOWN:
        _print(f"and {len(classes) - CLASSES_SHOWN:,} more classes")
    _print("")


def _print_kinds(found: "Checked") -> None:
    if not found.counts:
        _print("Nothing was found that is wrong with these data.")
        return
    names = [f"{kind} (stops training)" if kind in BLOCKING else kind for kind in found.counts]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), expand=True)
    table.add_column("finding", no_wrap=True, min_width=max(map(len, names)))
    table.add_column("how many", justify="right", no_wrap=True, min_width=len("how many"))
    table.add_column("for example", overflow="ellipsis", no_wrap=True, ratio=1)
    for name, (kind, count) in zip(names, found.counts.items(), strict=True):
        first = next(issue for issue in found.issues if issue.kind == kind)
        table.add_row(name, f"{count:,}", f"{first.path}: {first.detail}")
        if words := found.words_of(first).get("text"):
            table.add_row("", "", f"“{words}”")
    _console().print(table, markup=False)


def show_tuned(tuned: "Tuned", *, as_json: bool, quiet: bool) -> None:
    """What the loss did at which learning rate, and the one that is suggested."""
    if as_json:
        _print_json({"path": str(tuned.path), "plot": str(tuned.plot), **tuned.to_json()})
    elif not quiet:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for name in ("learning rate", "loss"):
            table.add_column(name, justify="right")
        steps = list(zip(tuned.curve.lrs, tuned.curve.smoothed, strict=True))
        for lr, loss in steps[:: max(1, len(steps) // RATES_SHOWN)]:
            table.add_row(f"{lr:.2g}", f"{loss:.4g}")
        _console().print(table, markup=False)
        _print(f"{tuned.said}\nplot    {tuned.plot}")


def show_answers(found: Iterable["Answer"], *, as_json: bool) -> int:
    """One line an answer, as it comes; the number of items that could not be read comes out."""
    unread = 0
    lines = []
    for answer in found:
        unread += answer.error is not None
        if as_json:
            lines.append(asdict(answer))
        elif answer.error is None:
            sure = "" if answer.confidence is None else f"\t{answer.confidence:.4f}"
            _print(f"{answer.id}\t{answer.label}{sure}")
        else:
            print(f"{answer.id}: {answer.error}", file=sys.stderr)
    if as_json:
        _print_json({"answers": lines})
    return unread


def show_table(name: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Rows with the same keys."""
    if as_json:
        _print_json({name: rows})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for key in rows[0]:
        table.add_column(key, overflow="fold")
    for row in rows:
        table.add_row(*(", ".join(v) if isinstance(v, list) else str(v) for v in row.values()))
    _console().print(table, markup=False)


def show_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Names and values, one a line."""
    if as_json:
        _print_json(facts)
        return
    for name, value in facts.items():
        if isinstance(value, list):
            value = ", ".join(value)
        if isinstance(value, Mapping):
            value = ", ".join(f"{k} {' '.join(v) if isinstance(v, list) else v}" for k, v in value.items())
        _print(f"{name:<22} {'none' if value in (None, '') else value}")


def _print_measures(title: str, measures: Mapping[str, Mapping[str, Any]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("measure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, m in measures.items():
        value, low, high = (_amount(m[key], m["unit"]) for key in ("value", "low", "high"))
        table.add_row(name.replace("_", " "), value, f"{low} to {high}")
    _console().print(table, markup=False)


def _amount(value: float, unit: str) -> str:
    return f"{value:.2%}" if unit == "share" else f"{value:.4f}"


def _print_json(content: Any) -> None:
    _print(json.dumps(content, ensure_ascii=True, allow_nan=False))


def _print(text: str) -> None:
    print(text, flush=True)


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else 100)
