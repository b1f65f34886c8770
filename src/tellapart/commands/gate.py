"""Demands on a model, as in `accuracy=0.95`: read before anything loads, held against the measures at the end."""

import math
from collections.abc import Iterable, Mapping

from tellapart.errors import GateError, SettingError
from tellapart.names import did_you_mean
from tellapart.types import Measure

MEASURES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "top_5_accuracy")
"""What can be demanded; of log_loss, less is better."""


def parsed_demands(texts: Iterable[str]) -> dict[str, float]:
    """Measure -> limit; SettingError where a text is no `MEASURE=NUMBER`."""
    return dict(_parsed(text) for text in texts)


def check_gate(measures: Mapping[str, Measure], demands: Mapping[str, float]) -> None:
    """Raise GateError unless every demand holds."""
    for name, limit in demands.items():
        if name not in measures:
            raise GateError(f"{name} was required, but is not measured here: there are 5 classes or fewer.")
        value, least = measures[name].value, name != "log_loss"
        if (value < limit) if least else (value > limit):
            raise GateError(f"{name} is {value:.4f}; {'at least' if least else 'at most'} {limit:g} was required.")


def _parsed(text: str) -> tuple[str, float]:
    word, _, number = text.partition("=")
    name = word.strip().replace("-", "_")
    if name not in MEASURES:
        raise SettingError(f"require {text!r}: unknown measure. {did_you_mean(name, MEASURES)}")
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise SettingError(f"require {text!r}: write it as MEASURE=NUMBER, as in accuracy=0.95.")
    return name, limit
