"""A trained model, judged: predictions of each part, what follows from them, and the page that says so."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from tellapart.commands.evaluate import Evaluation, judged
from tellapart.commands.settling import fitted_at_once
from tellapart.commands.shown import form_of, mistakes_by_task, mistakes_of
from tellapart.config import RunConfig
from tellapart.data.batches import sampled
from tellapart.data.resident import Loaded, Resident
from tellapart.data.source import THINGS
from tellapart.data.split import told, training_counts
from tellapart.evaluation import plots, tables
from tellapart.evaluation.diagnosis import Finding
from tellapart.evaluation.measures import METRICS, confusion, per_class
from tellapart.evaluation.profile import profile_plot
from tellapart.evaluation.report import ReportContent, RunFacts, render_report
from tellapart.evaluation.sections import TaskSection, task_sections
from tellapart.evaluation.verdict import gap_sentence
from tellapart.files import write_json, write_text
from tellapart.models import chosen, row_of
from tellapart.runs.run_folder import Progress, RunFolder
from tellapart.types import PARTS, Measure, Part

SEEN = 2000
"""Training samples that a trained model is judged on, at most: enough for the gap to val."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What there is when training is over."""

    run: RunFolder
    module: nn.Module
    """With the weights of the best epoch."""
    config: RunConfig
    loaded: Loaded
    progress: Progress
    facts: dict[str, Any]
    """Of run.json."""
    findings: tuple[Finding, ...] = ()
    """What was found wrong inside the network."""


def judge(trained: Trained) -> dict[Part, Evaluation]:
    """How the model does on each part but training, written into metrics/."""
    run, loaded = trained.run, trained.loaded
    counts = training_counts(loaded.split)
    parts: list[Part] = [part for part in PARTS if part != "train" and part in loaded.parts]
    found: dict[Part, Evaluation] = {}
    thresholds: tuple[float, ...] | None = None if "val" in parts else ()  # val says them, never test
    old = trained.config.optim.agree_with
    for part in parts:
        found[part] = judged(
            trained.module, loaded.spec, loaded.parts[part], counts, thresholds=thresholds, against=old
        )
        thresholds = found[part].thresholds
        write_json(run.measures(part), tables.measures_json(found[part].measures))
        write_text(run.predictions(part), predictions_text(found[part]))
        changed = found[part].flips
        if changed is not None:
            write_json(run.flips(part), changed.to_json())
    return found


def predictions_text(evaluation: Evaluation) -> str:
    """The predictions as CSV."""
    if not evaluation.spec.tasks:
        return tables.predictions_csv(evaluation.predictions)
    return tables.task_predictions_csv(evaluation.predictions, evaluation.spec, evaluation.thresholds)


def judge_seen(trained: Trained, thresholds: tuple[float, ...]) -> dict[str, Measure]:
    """How it does on what it learned from, unchanged as val is, written into metrics/: the other side of the gap."""
    loaded = trained.loaded
    few = sampled(loaded.parts["train"], SEEN)
    measures = judged(trained.module, loaded.spec, few, training_counts(loaded.split), thresholds=thresholds).measures
    write_json(trained.run.measures("train"), tables.measures_json(measures))
    return measures


def report(trained: Trained, found: dict[Part, Evaluation]) -> None:
    """Write plots/ and report.html; their details are of the test part, or of val where there is none."""
    run, progress, shown = trained.run, trained.progress, next(reversed(found), None)
    content = _content(trained, found, shown)
    if not content.run.at_once:
        curves = plots.learning_curves(
            progress.history, metric=trained.config.train.metric_taken, best=progress.best_epoch, seen=content.seen
        )
        write_text(run.plot("learning_curves.svg"), curves)
    if progress.probes:
        write_text(run.plot("health.svg"), profile_plot(progress.probes, [each.kind for each in content.wrong_inside]))
    if content.sections:
        _write_tasks(run, content.sections)
    elif shown:
        _write_classes(run, found[shown])
    write_text(run.report, render_report(content))


def _write_tasks(run: RunFolder, sections: Sequence[TaskSection]) -> None:
    write_text(run.per_class, tables.sections_csv(sections))
    for number, section in enumerate(sections, 1):
        if section.figure:
            write_text(run.plot(f"task_{number}.svg"), section.figure)


def _write_classes(run: RunFolder, evaluation: Evaluation) -> None:
    rows, matrix = per_class(evaluation.predictions), confusion(evaluation.predictions)
    classes = evaluation.predictions.classes
    write_text(run.per_class, tables.per_class_csv(rows))
    write_text(run.confusion, tables.confusion_csv(matrix, classes))
    write_text(run.plot("confusion.svg"), plots.confusion_plot(matrix, classes))
    write_text(run.plot("per_class.svg"), plots.per_class_plot(rows))


def _content(trained: Trained, found: dict[Part, Evaluation], shown: Part | None) -> ReportContent:
    loaded, counts = trained.loaded, training_counts(trained.loaded.split)
    thing = THINGS[loaded.spec.kind][0]
    asked = bool(loaded.spec.tasks)
    predictions = found[shown].predictions if shown and not asked else None
    seen = judge_seen(trained, found[shown].thresholds if shown else ())
    return ReportContent(
        title=trained.facts["data"]["name"],
        run=_run_facts(trained),
        classes=loaded.spec.classes,
        test=found["test"].measures if "test" in found else None,
        val=found["val"].measures if "val" in found else None,
        rows=per_class(predictions) if predictions else (),
        confusion=confusion(predictions) if predictions else None,
        majority=None if asked else loaded.spec.classes[int(np.argmax(counts))],
        headlines=_headlines(found[shown], thing) if shown else (),
        sections=_sections(found[shown], loaded.parts[shown], thing) if shown and asked else (),
        history=trained.progress.history,
        seen=seen,
        gap=_gap(trained, seen, found),
        probes=trained.progress.probes,
        wrong_inside=trained.findings,
        issues=loaded.issues,
        preview=trained.run.preview.read_bytes() if trained.run.preview.exists() else None,
        mistakes=mistakes_of(found[shown], loaded.parts[shown], loaded.spec) if shown and not asked else (),
        commands=_commands(trained),
        notes=_notes(trained.facts),
        thing=thing,
        curves=loaded.spec.kind in ("series", "audio"),
    )


def _headlines(evaluation: Evaluation, thing: str) -> list[str]:
    return [] if evaluation.flips is None else [evaluation.flips.sentence(thing)]


def _sections(evaluation: Evaluation, part: Resident, thing: str) -> list[TaskSection]:
    limits, mistakes = evaluation.thresholds or None, mistakes_by_task(evaluation, part, evaluation.spec)
    return task_sections(evaluation.predictions, evaluation.spec, evaluation.measures, limits, thing, mistakes)


def _gap(trained: Trained, seen: Mapping[str, Measure], found: Mapping[Part, Evaluation]) -> str | None:
    """How much better it is on what it learned from; None without val, or where the measure is no share.

    Test has no part in it, since advice would use it up.
    """
    metric = trained.config.train.metric_taken
    if metric == "log-loss":  # told as a share of right answers, or of labels
        metric = "accuracy" if "accuracy" in seen else "average-precision"
    told = seen.get(METRICS[metric][0])
    if "val" not in found or told is None or told.unit != "share":
        return None
    return gap_sentence(metric, seen, found["val"].measures, _remedies(trained), not trained.findings)


def _remedies(trained: Trained) -> list[str]:
    """Flags that would narrow the gap to val, of those that the run did not take."""
    load, model = trained.config.load, trained.config.model
    if fitted_at_once(trained.config, trained.loaded):
        return []
    has = row_of(chosen(model, trained.loaded.spec)).settings
    return [
        flag
        for flag, open_ in {
            "stronger augmentation (--augment strong)": trained.loaded.spec.kind == "image"
            and load.augment != "strong",
            "--weight-decay": not trained.config.optim.weight_decay,
            "--dropout": "dropout" in has and not model.dropout,
        }.items()
        if open_
    ]


def _run_facts(trained: Trained) -> RunFacts:
    facts, has_val = trained.facts, "val" in trained.loaded.parts
    return RunFacts(
        command=facts["command"],
        data=f"{facts['data']['name']}: {form_of(trained.loaded)}, {', '.join(told(trained.loaded.split))}",
        parts=facts["data"]["samples"],
        split=_split_sentence(trained),
        model=facts["model"],
        parameters=sum(p.numel() for p in trained.module.parameters()),
        epochs=facts["epochs"],
        best_epoch=facts["best_epoch"] if has_val else None,
        metric=trained.config.train.metric_taken,
        hardest=trained.config.train.hardest != (1.0,),
        at_once=fitted_at_once(trained.config, trained.loaded),
        seconds=sum(row["seconds"] for row in trained.progress.history),
        seed=facts["seed"],
        device=facts["device"],
        precision=facts["precision"],
        versions=facts["versions"],
    )


def _split_sentence(trained: Trained) -> str:
    """How the parts came about; from the facts, since a run that is gone on with has them from its own split.csv."""
    data, by_file = trained.facts["data"], trained.config.load.split is not None
    carved = data["carved_out_of_train"]
    given = [part for part in ("val", "test") if part in trained.loaded.parts and part not in carved]
    said = [f"{' and '.join(given)} came with the data"] if given and not by_file else []
    if carved:
        things = THINGS[trained.loaded.spec.kind][1]
        said.append(f"{' and '.join(carved)} taken out of the training {things} by a hash of their content")
    sentence = "; ".join([*said, *data.get("split", [])]) or "there is a training part alone"
    return sentence[0].upper() + sentence[1:] + "."


def _notes(facts: dict[str, Any]) -> list[str]:
    """What keeps the settings alone from giving the run again."""
    changes = [f"{each['lr']:g} after step {each['after_step']:,}" for each in facts.get("lr_changes", [])]
    if not changes:
        return []
    return [
        f"The learning rate was set anew on the way: {', '.join(changes)}. The settings alone do not give this again."
    ]


def _commands(trained: Trained) -> list[str]:
    run = shlex.quote(str(trained.run.path))
    return [
        f"tellapart train --config {shlex.quote(str(trained.run.config))}",
        f"tellapart evaluate {run}",
        f"tellapart predict {run} {THINGS[trained.loaded.spec.kind][1].upper()}",
    ]
