"""Demands on a model, as in `accuracy=0.95`: read before anything loads, held against the measures at the end."""

import math
from collections.abc import Iterable, Mapping

from tellapart.errors import GateError, SettingError
from tellapart.names import did_you_mean, listed
from tellapart.types import Measure

MEASURES = (
    *("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "top_5_accuracy"),
    *("average_precision", "micro_f1", "exact_match", "r2", "mae", "rmse"),
)
"""What can be demanded; of one of several tasks as in `colour.accuracy`."""
LESS_IS_BETTER = ("log_loss", "mae", "rmse")


def parsed_demands(texts: Iterable[str]) -> dict[str, float]:
    """Measure -> limit; SettingError where a text is no `MEASURE=NUMBER`."""
    return dict(_parsed(text) for text in texts)


def check_gate(measures: Mapping[str, Measure], demands: Mapping[str, float]) -> None:
    """Raise GateError unless every demand holds."""
    for name, limit in demands.items():
        if name not in measures:
            raise GateError(f"{name} was required, but is not measured here. There are: {listed(measures)}.")
        value, least = measures[name].value, name.rpartition(".")[2] not in LESS_IS_BETTER
        if (value < limit) if least else (value > limit):
            raise GateError(f"{name} is {value:.4f}; {'at least' if least else 'at most'} {limit:g} was required.")


def _parsed(text: str) -> tuple[str, float]:
    word, _, number = text.partition("=")
    task, gap, measured = word.strip().rpartition(".")
    name = f"{task}{gap}{measured.replace('-', '_')}"
    if name.rpartition(".")[2] not in MEASURES:
        raise SettingError(f"require {text!r}: unknown measure. {did_you_mean(name, MEASURES)}")
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise SettingError(f"require {text!r}: write it as MEASURE=NUMBER, as in accuracy=0.95.")
    return name, limit
