"""What the report shows of samples: their form in words, wrong answers with a picture, a curve or how they begin."""

from dataclasses import replace

from tellapart.commands.evaluate import Evaluation
from tellapart.data.curves import curve
from tellapart.data.preview import enlarged, png
from tellapart.data.ragged import Ragged
from tellapart.data.resident import Loaded, Resident
from tellapart.data.tokens import beginning
from tellapart.evaluation.mistakes import Mistake, surest_classes, worst
from tellapart.evaluation.tasks import by_task, known_rows, limits_of, stretches
from tellapart.names import counted
from tellapart.types import DataSpec

MISTAKE_SIDE = 160
"""Pixels a side of a picture in the report, at most."""


def form_of(loaded: Loaded) -> str:
    """What a sample is, in a few words: `28x28 grey`, `6 channels of 100 steps`, `texts of up to 910 bytes`."""
    spec, values = loaded.spec, loaded.parts["train"].inputs
    if spec.kind == "image":
        seen = {1: "grey", 3: "colour"}.get(spec.channels, f"of {spec.channels} channels")
        return f"{'x'.join(map(str, spec.shape[1:]))} {seen}"
    if spec.kind == "vector":
        return f"{spec.features} numbers"
    up_to = "" if isinstance(values, Ragged) and values.even else "up to "
    if spec.kind == "audio":
        return f"recordings of {up_to}{spec.shape[1] / spec.rate:.2g} s at {spec.rate:,} Hz"
    if spec.kind == "text":
        return f"texts of {up_to}{counted(spec.shape[0], spec.tokens.removesuffix('s'))}"
    return f"{counted(spec.channels, 'channel')} of {up_to}{counted(spec.shape[1], 'step')}"


def mistakes_of(evaluation: Evaluation, part: Resident, spec: DataSpec) -> list[Mistake]:
    """The wrong answers that were given with the most confidence, with what there is to see of them."""
    return [seen(mistake, part, row, spec) for row, mistake in surest_classes(evaluation.predictions)]


def mistakes_by_task(evaluation: Evaluation, part: Resident, spec: DataSpec) -> dict[str, list[Mistake]]:
    """Name of each task -> its worst mistakes, likewise."""
    found, predictions = {}, evaluation.predictions
    limits = limits_of(spec.tasks, evaluation.thresholds)
    for (task, own), (_, _, targets), of_task in zip(
        by_task(predictions, spec.tasks), stretches(predictions, spec.tasks), limits, strict=True
    ):
        rows = known_rows(targets).tolist()
        ranked = worst(task.kind, own, of_task)
        found[task.name] = [seen(mistake, part, rows[place], spec) for place, mistake in ranked]
    return found


def seen(mistake: Mistake, part: Resident, row: int, spec: DataSpec) -> Mistake:
    """With a picture, a curve or the beginning of the sample in that row."""
    if isinstance(part.inputs, Ragged) and spec.kind == "text":
        return replace(mistake, words=beginning(part.inputs.one(row).numpy(), spec))
    return replace(mistake, picture=_picture(part, row, spec))


def _picture(part: Resident, row: int, spec: DataSpec) -> bytes | None:
    """PNG of a sample as the model met it; None where there is nothing to see."""
    if isinstance(part.inputs, Ragged):
        return None if spec.kind == "text" else png(curve(part.inputs.one(row).cpu().numpy(), spec))
    if spec.kind != "image":
        return None
    picture = part.inputs[row].cpu().numpy()
    return png(enlarged(picture, min(MISTAKE_SIDE, max(picture.shape[:2]))))
