"""The report: one HTML file that opens anywhere, offline, without scripts; all it says comes from `ReportContent`."""

import base64
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation import diagnosis, drawing, plots, verdict
from tellapart.evaluation.diagnosis import Finding
from tellapart.evaluation.measures import ClassRow
from tellapart.evaluation.mistakes import MISTAKES_SHOWN, Mistake
from tellapart.evaluation.profile import profile_plot
from tellapart.evaluation.sections import TaskSection
from tellapart.training.health import Probe
from tellapart.types import Issue, Measure

MEASURES_SHOWN = {
    "accuracy": ("Accuracy", "share that was answered right"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall: each class counts the same"),
    "macro_f1": ("Macro-F1", "mean F1: each class counts the same, false alarms too"),
    "top_5_accuracy": ("Top-5 accuracy", "the true class is among the five likeliest"),
    "log_loss": ("Log-loss", "surprise at the truth, in nats; 0 is perfect"),
    "majority_baseline": ("Baseline", "always the most frequent class in training"),
    "average_precision": ("Mean average precision", "mean over labels: how well each puts its own samples first"),
    "micro_f1": ("Micro-F1", "F1 of all answers together"),
    "exact_match": ("Exact match", "share of which every label is right"),
    "mae": ("Mean absolute error", "how far off on average, in its own unit"),
    "rmse": ("Root mean squared error", "minds what is far off"),
    "r2": ("R\u00b2", "share of the variance explained; 0 is no better than the mean"),
    "mean_baseline": ("Baseline, absolute error", "always the mean of the training part"),
}
"""Key -> (what it is called, what it means)."""

MAIN = ("accuracy", "average_precision", "mae")
"""What stands on top of each of several tasks."""

PALETTE = {
    "ink": drawing.INK,
    "muted": drawing.MUTED,
    "grid": drawing.GRID,
    "paper": drawing.PAPER,
    "right": drawing.RIGHT,
    "wrong": drawing.WRONG,
}
"""The page has the colours of its figures."""

ROWS_SHOWN = 40
"""Past so many classes the table shows the weakest, and all of them behind a click."""
ISSUES_SHOWN = 50
SMALL = 64
"""Pixels a side up to which a picture is enlarged with its pixels left square."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What was run, on what."""

    command: str
    data: str
    """The data set in words: `MNIST: 28x28 grey, 10 classes`."""
    parts: Mapping[str, int]
    """Samples in train, val, test; a part of 0 is shown as absent."""
    split: str
    """A sentence: how the parts came about."""
    model: str
    parameters: int
    epochs: int
    """Passes done."""
    best_epoch: int | None
    """The one whose weights were kept; None without a val part."""
    metric: str
    """The word of METRICS that chose it."""
    seconds: float
    seed: int
    device: str
    precision: str
    versions: Mapping[str, str]
    hardest: bool = False
    """Whether epochs learned from the hardest samples alone."""
    at_once: bool = False
    """Whether the last layer was fitted in one go, and no epoch was gone through."""


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """All that a report shows."""

    title: str
    run: RunFacts
    classes: Sequence[str]
    test: Mapping[str, Measure] | None
    val: Mapping[str, Measure] | None
    rows: Sequence[ClassRow] = ()
    """Of the test part; of the val part where there is no test part."""
    confusion: NDArray[np.int64] | None = None
    """(K, K), of the same part."""
    majority: str | None = None
    """The most frequent class of the training part: what the baseline always answers."""
    headlines: Sequence[str] = ()
    """Sentences to stand below the verdict."""
    history: Sequence[Mapping[str, Any]] = ()
    """One row an epoch."""
    seen: Mapping[str, Measure] | None = None
    """Of training samples, judged as those of val are."""
    gap: str | None = None
    """A sentence on the gap between the two."""
    probes: Sequence[Probe] = ()
    """Looks into the network."""
    wrong_inside: Sequence[Finding] = ()
    """What they found."""
    issues: Sequence[Issue] = ()
    preview: bytes | None = None
    """PNG of training samples after augmentation."""
    mistakes: Sequence[Mistake] = ()
    """Of the same part, the most confident first; 24 are shown."""
    commands: Sequence[str] = ()
    """What to type to get the same numbers again."""
    sections: Sequence[TaskSection] = ()
    """Of each task, where that is not one class out of all; of the same part."""
    thing: str = "picture"
    """What one sample is called."""
    curves: bool = False
    """Whether what is shown of a sample is a curve, wider than high."""
    notes: Sequence[str] = ()
    """Sentences for the end of the page: what is not deterministic, say."""


def render_report(content: ReportContent) -> str:
    """The page as HTML: no address is loaded, no script runs, every name is shown as it is."""
    filters: dict[str, Callable[..., Any]] = {
        "amount": verdict.amount,
        "duration": duration,
        "interval": verdict.interval,
        "share": _share,
    }
    return render_page("tellapart.evaluation", "report.html", _context(content) | {"palette": palette()}, filters)


def render_page(
    package: str, template: str, context: Mapping[str, Any], filters: Mapping[str, Callable[..., Any]]
) -> str:
    """A page as HTML from a template of a package, in the look of all pages; every name is shown as it is."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("tellapart.evaluation")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_uri": _data_uri, "enlarged": _enlarged, **filters}
    page = environment.get_template(template).render(context)
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def palette() -> dict[str, tuple[str, str]]:
    """Each colour of the look by name: by day and in the reader's dark mode."""
    return {name: (light, drawing.DARK[light]) for name, light in PALETTE.items()}


def duration(seconds: float) -> str:
    """`48 s`, `12 min 05 s` or `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _context(content: ReportContent) -> dict[str, Any]:
    judged = content.test if content.test is not None else content.val
    unequal = verdict.imbalanced(content.rows)
    return {
        "content": content,
        "run": content.run,
        "judged": judged,
        "part": "test" if content.test is not None else "val",
        "left_out": verdict.left_out_sentence(content.history[-1], content.thing) if content.history else None,
        "first": _first_measures(judged or {}, unequal),
        "measures": _measure_rows(content, unequal),
        "sentences": [*_sentences(content, judged, unequal), *content.headlines],
        "rows_first": _weakest(content.rows),
        "figures": _figures(content),
        "well": diagnosis.well(content.probes),
        "mistakes": content.mistakes[:MISTAKES_SHOWN],
        "issues": content.issues[:ISSUES_SHOWN],
        "issue_kinds": Counter(issue.kind for issue in content.issues).most_common(),
    }


def _first_measures(judged: Mapping[str, Measure], unequal: bool) -> list[tuple[str, Measure]]:
    """(name, measure) of the large numbers on top: those that fit the data first."""
    keys = ["balanced_accuracy", "macro_f1", "accuracy"] if unequal else ["accuracy"]
    keys += ["majority_baseline", "average_precision", "exact_match", "mae", "mean_baseline", "r2"]
    found = [key for key in keys if key in judged] or [key for key in judged if key.rpartition(".")[2] in MAIN]
    return [(shown_as(key)[0], judged[key]) for key in found]


def shown_as(key: str) -> tuple[str, str]:
    """What a measure is called, and what it means; of several tasks as in `colour: Accuracy`."""
    task, _, own = key.rpartition(".")
    name, meaning = MEASURES_SHOWN[own]
    return (f"{task}: {name}" if task else name), meaning


def _measure_rows(content: ReportContent, unequal: bool) -> list[tuple[str, str, Measure | None, Measure | None]]:
    """(name, meaning, on test, on val) of each measure."""
    first = ["balanced_accuracy", "macro_f1"] if unequal else []
    test, val = content.test or {}, content.val or {}
    keys = [key for key in [*first, *(key for key in MEASURES_SHOWN if key not in first)] if key in test or key in val]
    keys += [key for key in test or val if "." in key]
    return [(*shown_as(key), test.get(key), val.get(key)) for key in keys]


def _sentences(content: ReportContent, judged: Mapping[str, Measure] | None, unequal: bool) -> list[str]:
    if judged is None:
        return [f"No {content.thing} was kept back from training: nothing is known about how it does on new ones."]
    if content.sections:
        expect = [] if content.test is not None else ["There is no test part: expect less on new ones than this."]
        return [*(section.sentence for section in content.sections), *expect]
    samples = content.run.parts["test" if content.test is not None else "val"]
    said = [verdict.right_sentence(judged, samples, content.thing, seen=content.test is None)]
    if content.majority is not None and "majority_baseline" in judged:
        said.append(verdict.baseline_sentence(judged, content.majority))
    if content.test is None:
        said.append("There is no test part: expect less on new ones than this.")
    if unequal:
        said.append(verdict.imbalance_sentence(content.rows, content.thing))
    said.append(verdict.weakest_sentence(content.rows, content.thing) or "")
    if content.confusion is not None:
        said.append(verdict.confusion_sentence(content.confusion, content.classes) or "")
    return [sentence for sentence in said if sentence]


def _weakest(rows: Sequence[ClassRow]) -> Sequence[ClassRow]:
    """The rows to show at once: all of them, or the 40 of least recall."""
    if len(rows) <= ROWS_SHOWN:
        return rows
    return sorted(rows, key=lambda row: 2.0 if row.recall is None else row.recall)[:ROWS_SHOWN]


def _figures(content: ReportContent) -> dict[str, str]:
    """SVG by name; a figure without data is left out."""
    figures = {}
    if content.confusion is not None:
        figures["confusion"] = plots.confusion_plot(content.confusion, content.classes)
    if content.rows:
        figures["recall"] = plots.per_class_plot(content.rows)
    run = content.run
    if content.history and not run.at_once:
        figures["curves"] = plots.learning_curves(
            content.history, metric=run.metric, best=run.best_epoch, seen=content.seen
        )
    if content.probes:
        figures["inside"] = profile_plot(content.probes, [finding.kind for finding in content.wrong_inside])
    return figures


def _data_uri(picture: bytes | str) -> str:
    """The picture as an address that holds it: PNG from bytes, SVG from text."""
    kind, raw = ("svg+xml", picture.encode()) if isinstance(picture, str) else ("png", picture)
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode('ascii')}"


def _enlarged(png: bytes) -> bool:
    """Whether the picture is so small that its pixels should stay square when it is shown larger."""
    sides: tuple[int, int] = struct.unpack(">II", png[16:24])
    return max(sides) <= SMALL


def _share(value: float | None) -> str:
    """`98.7`, in per cent; a dash where it is not defined."""
    return "–" if value is None else f"{100 * value:.1f}"
