"""tellapart evaluate: a model and labelled data -> predictions -> measures."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from tellapart.config import DataConfig, RunConfig, read_toml
from tellapart.data import open_source
from tellapart.data.batches import in_order
from tellapart.data.resident import Resident, load, load_labelled
from tellapart.errors import DataError, GateError, SettingError
from tellapart.evaluation.measures import measure
from tellapart.evaluation.predict import BATCH, predict
from tellapart.names import did_you_mean
from tellapart.runs.model_folder import Card
from tellapart.runs.run_folder import RunFolder
from tellapart.types import DataSpec, Issue, Measure, Part, Predictions


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How a model did on labelled data."""

    predictions: Predictions
    measures: dict[str, Measure]
    issues: tuple[Issue, ...]
    """Files that were left out."""


def evaluate_on(module: nn.Module, card: Card, data: str | Path, config: DataConfig) -> Evaluation:
    """How the model does on every sample of `data`; of a source with parts, on its test part."""
    part, issues = load_labelled(open_source(data, config), card.spec)
    return judged(module, card.spec, part, card.counts, tuple(issues))


def evaluate_run(module: nn.Module, card: Card, run: RunFolder, part: Part) -> Evaluation:
    """How the model does on a part of the data that its run was made of, split as it was then."""
    settings = read_toml(run.config)
    config = RunConfig.of(settings.pop("data"), settings)
    loaded = load(open_source(config.data, config.load), config.load)
    if loaded.fingerprint != card.fingerprint:
        raise DataError(
            f"{config.data}: not the data that this run was made of. "
            "Give the data to judge it on: tellapart evaluate RUN DATA"
        )
    if part not in loaded.parts:
        raise DataError(f"{config.data}: the run has no {part} part; it has {', '.join(loaded.parts)}.")
    return judged(module, loaded.spec, loaded.parts[part], card.counts, loaded.issues)


def judged(
    module: nn.Module, spec: DataSpec, part: Resident, counts: tuple[int, ...], issues: tuple[Issue, ...] = ()
) -> Evaluation:
    """Predictions on a part, and what follows from them."""
    predictions = predict(module, in_order(part, BATCH), part.ids, spec.classes)
    return Evaluation(predictions=predictions, measures=measure(predictions, majority=majority(counts)), issues=issues)


def majority(counts: tuple[int, ...]) -> int:
    """Class index that is most frequent in training; of equals the first."""
    return max(range(len(counts)), key=counts.__getitem__)


def check_gate(measures: dict[str, Measure], demands: tuple[str, ...]) -> None:
    """Raise GateError unless every demand holds, as in `accuracy=0.95`; of log-loss, less is better."""
    for demand in demands:
        name, limit = parsed_demand(demand)
        if name not in measures:
            raise SettingError(f"require {demand!r}: unknown measure. {did_you_mean(name, measures)}")
        value = measures[name].value
        if (value > limit) if name == "log_loss" else (value < limit):
            raise GateError(
                f"{name} is {value:.4f}; {'at most' if name == 'log_loss' else 'at least'} {limit:g} was required."
            )


def parsed_demand(demand: str) -> tuple[str, float]:
    """`accuracy=0.95` as name and limit."""
    name, _, limit = demand.partition("=")
    try:
        return name.strip().replace("-", "_"), float(limit)
    except ValueError:
        raise SettingError(f"require {demand!r}: write it as MEASURE=NUMBER, as in accuracy=0.95.") from None
