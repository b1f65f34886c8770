"""What a report shows of each task, where that is not one class out of all: a sentence, table, figure, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tellapart.evaluation import plots, verdict
from tellapart.evaluation.measures import ClassRow, confusion, per_class
from tellapart.evaluation.mistakes import Mistake
from tellapart.evaluation.multilabel import LabelRow, per_label
from tellapart.evaluation.tasks import by_task, keyed
from tellapart.names import counted
from tellapart.types import DataSpec, Measure, Predictions, Task


@dataclass(frozen=True, kw_only=True)
class TaskSection:
    """One task, as it is shown."""

    name: str
    sentence: str
    rows: Sequence[ClassRow] = ()
    """Of a class."""
    label_rows: Sequence[LabelRow] = ()
    """Of several labels."""
    figure: str = ""
    """SVG; empty where there is none."""
    figure_says: str = ""
    worst: str = ""
    """What its worst mistakes are called, and a sentence on them."""
    worst_says: str = ""
    mistakes: Sequence[Mistake] = ()
    """The worst first."""


def task_sections(
    predictions: Predictions,
    spec: DataSpec,
    measures: Mapping[str, Measure],
    thresholds: Sequence[float] | None,
    thing: str,
    mistakes: Mapping[str, Sequence[Mistake]] | None = None,
) -> list[TaskSection]:
    """A section for each task that has answers, in their order; nothing where it is one class out of all.

    mistakes  name of a task -> its worst
    """
    sections, at = [], 0
    for task, own in by_task(predictions, spec.tasks):
        limits = None if thresholds is None else thresholds[at : at + task.outputs]
        at += task.outputs
        if own.ids:
            found = {key: measures[keyed(task, key, spec.tasks)] for key in SAID[task.kind]}
            section = _section(task, own, found, limits, counted(len(own.ids), thing))
            worst, says = WORST_SAYS[task.kind]
            own_mistakes = (mistakes or {}).get(task.name, ())
            sections.append(replace(section, worst=worst, worst_says=says.format(thing), mistakes=own_mistakes))
    return sections


SAID = {
    "class": ("accuracy", "majority_baseline"),
    "labels": ("average_precision", "macro_f1", "exact_match"),
    "number": ("mae", "r2", "mean_baseline"),
}
"""Kind of task -> the measures that its sentence tells."""

WORST_SAYS = {
    "class": (
        "Its most confident mistakes",
        "Wrong answers that it was surest of. Here wrong labels come to light too.",
    ),
    "labels": (
        "Its worst mistakes",
        "The {}s with the most wrong labels; among equals, those with the surest wrong one first. Per cent are the "
        "probability that it gave the label. Here wrong labels come to light too.",
    ),
    "number": (
        "Where it is furthest off",
        "The largest errors first, plus where it said too much. Here wrong numbers come to light too.",
    ),
}
"""Kind of task -> what its worst mistakes are called, and a sentence on them; `{}` is what a sample is."""


def _section(
    task: Task, own: Predictions, found: Mapping[str, Measure], limits: Sequence[float] | None, samples: str
) -> TaskSection:
    amounts = {key: f"{verdict.amount(one)} ({verdict.interval(one)})" for key, one in found.items()}
    if task.kind == "class":
        rows, matrix = per_class(own), confusion(own)
        return TaskSection(
            name=task.name,
            sentence=f"{task.name}: right {amounts['accuracy']} of the time on {samples}; always answering the most "
            f"frequent class would reach {verdict.amount(found['majority_baseline'])}.",
            rows=rows,
            figure=plots.confusion_plot(matrix, own.classes),
            figure_says="Rows are the true classes, columns the answers. Blue is right, orange is wrong.",
        )
    if task.kind == "labels":
        return TaskSection(
            name=task.name,
            sentence=f"{task.name}: a mean average precision of {amounts['average_precision']} over "
            f"{counted(len(task.classes), 'label')} on {samples}; all of them right for {amounts['exact_match']}.",
            label_rows=per_label(own, limits),
        )
    better = "" if found["mae"].high < found["mean_baseline"].low else ", which these numbers do not show it to beat"
    return TaskSection(
        name=task.name,
        sentence=f"{task.name}: off by {amounts['mae']} on average on {samples}; always answering the mean of the "
        f"training part would be off by {verdict.amount(found['mean_baseline'])}{better}.",
        figure=plots.number_plot(own.logits[:, 0], own.targets[:, 0], task.name),
        figure_says="Each dot is a sample; on the line the answer is the truth.",
    )
