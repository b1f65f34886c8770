"""tellapart evaluate: a model and labelled data -> predictions -> measures."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from tellapart.commands.teachers import compared
from tellapart.config import Reading, RunConfig, read_toml
from tellapart.data import check_source, open_source
from tellapart.data.batches import in_order
from tellapart.data.resident import Resident, load, load_labelled
from tellapart.data.tasks import read_for
from tellapart.errors import DataError, SettingError
from tellapart.evaluation.flips import Flips
from tellapart.evaluation.measures import measure
from tellapart.evaluation.predict import BATCH, predict
from tellapart.evaluation.tasks import task_measures, task_thresholds
from tellapart.runs.model_folder import Card
from tellapart.runs.run_folder import RunFolder
from tellapart.types import DataSpec, Issue, Measure, Part, Predictions


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How a model did on labelled data."""

    spec: DataSpec
    predictions: Predictions
    measures: dict[str, Measure]
    issues: tuple[Issue, ...]
    """Files that were left out."""
    thresholds: tuple[float, ...] = ()
    """From which probability on each label was said (K,); empty where no labels are asked for."""
    flips: Flips | None = None
    """What changes from another model to this one, where one is named."""


def evaluate_on(
    module: nn.Module,
    card: Card,
    data: str | Path,
    reading: Reading,
    seen: frozenset[str] = frozenset(),
    against: Path | None = None,
) -> Evaluation:
    """How the model does on `data`: the test part of a source with parts, and of any source what it has not seen.

    seen     contents, in hex, that it was trained or chosen on
    against  run or model folder of an older model to compare it with
    """
    part, issues = load_labelled(open_source(data, read_for(card.spec, reading)), card.spec, seen)
    return judged(module, card.spec, part, card.counts, tuple(issues), card.thresholds, against)


def evaluate_run(
    module: nn.Module,
    card: Card,
    run: RunFolder,
    part: Part,
    data_dir: Path | None = None,
    against: Path | None = None,
) -> Evaluation:
    """How the model does on a part of the data that its run was made of, split as it was then; likewise."""
    settings = read_toml(run.config)
    config = RunConfig.of(settings.pop("data"), settings | ({"data_dir": data_dir} if data_dir else {}))
    try:
        check_source(config.data, config.load)
    except DataError as error:
        raise DataError(f"{error} To judge the model on other data: tellapart evaluate {run.path} DATA") from None
    loaded = load(open_source(config.data, config.load), run.parted(config.load))
    if loaded.fingerprint != card.fingerprint:
        raise DataError(
            f"{config.data}: not the data that this run was made of. "
            "Give the data to judge it on: tellapart evaluate RUN DATA"
        )
    if part not in loaded.parts:
        raise DataError(f"{config.data}: the run has no {part} part; it has {', '.join(loaded.parts)}.")
    return judged(module, loaded.spec, loaded.parts[part], card.counts, loaded.issues, card.thresholds, against)


def judged(
    module: nn.Module,
    spec: DataSpec,
    part: Resident,
    counts: tuple[int, ...],
    issues: tuple[Issue, ...] = (),
    thresholds: tuple[float, ...] | None = None,
    against: Path | None = None,
) -> Evaluation:
    """Predictions on a part, and what follows from them.

    thresholds  from which probability on each label is said (K,); None takes those that are best on this part
    against     run or model folder of an older model to compare it with
    """
    predictions = predict(module, in_order(part, BATCH), part.ids, spec.classes)
    if not spec.tasks:
        measures = measure(predictions, majority=majority(counts))
        changed = None if against is None else compared(against, "against", part, spec, predictions)
        return Evaluation(spec=spec, predictions=predictions, measures=measures, issues=issues, flips=changed)
    if against is not None:
        raise SettingError("against is of one class out of all, and here something else is asked: leave it out.")
    limits = task_thresholds(predictions, spec) if thresholds is None else thresholds
    measures = task_measures(predictions, spec, counts, limits or None)
    return Evaluation(spec=spec, predictions=predictions, measures=measures, issues=issues, thresholds=limits)


def majority(counts: tuple[int, ...]) -> int:
    """Class index that is most frequent in training; of equals the first."""
    return max(range(len(counts)), key=counts.__getitem__)
