"""The models room: raw batch in, logits out. A new model is a file of its own, and a row in `rows.py`."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tellapart.config import ModelConfig
from tellapart.errors import SettingError
from tellapart.models.rows import DEFAULTS, FAMILIES, MODELS, ModelRow
from tellapart.names import did_you_mean, listed
from tellapart.seeds import seed_of
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "DEFAULTS",
    "FAMILIES",
    "MODELS",
    "ModelRow",
    "build_model",
    "check_model",
    "chosen",
    "row_of",
    "settled",
]


def row_of(name: str) -> ModelRow:
    """The row of a model, or of its family; SettingError says what is near."""
    family, colon, _ = name.partition(":")
    if colon and family in FAMILIES:
        return FAMILIES[family]
    if name not in MODELS:
        known = [*MODELS, *(f"{family}:NAME" for family in FAMILIES)]
        raise SettingError(f"Unknown model {name!r}. {did_you_mean(name, known)}")
    return MODELS[name]


def check_model(config: ModelConfig) -> None:
    """Raise SettingError where the model is unknown or has no use for a setting; loads no torch."""
    if config.model is None:
        return
    row = row_of(config.model)
    if row.check is not None:
        _function(row.check)(config.model.partition(":")[2])
    for name in config.given():
        if name not in row.settings:
            raise SettingError(
                f"The model {config.model} has no setting {name!r}; it has {listed(row.settings) or 'none'}."
            )
    if config.pooling is not None and config.pooling not in row.poolings:
        raise SettingError(
            f"The model {config.model} has no pooling {config.pooling!r}; it has {listed(row.poolings)}."
        )


def chosen(config: ModelConfig, spec: DataSpec) -> str:
    """Name of the model that fits the settings and the data; SettingError where none does."""
    name = config.model or DEFAULTS[spec.kind]
    check_model(ModelConfig(model=name, **config.given()))
    if spec.kind not in row_of(name).kinds:
        fitting = [other for other, row in MODELS.items() if spec.kind in row.kinds]
        raise SettingError(
            f"The model {name} takes {listed(row_of(name).kinds)} data, these are {spec.kind} data. "
            f"{did_you_mean(name, fitting)}"
        )
    return name


def settled(config: ModelConfig, spec: DataSpec) -> ModelConfig:
    """The settings of the model of such data with nothing left open that goes by them: the same model for others."""
    config = replace(config, model=chosen(config, spec))
    way = row_of(str(config.model)).settled
    found: ModelConfig = config if way is None else _function(way)(config, spec)
    return found


def build_model(
    config: ModelConfig, spec: DataSpec, seed: int, samples: Tensor | None = None, lengths: Tensor | None = None
) -> nn.Module:
    """The module in fp32 on the CPU; its first weights are a function of the seed, and no global draw is used up.

    samples  raw training samples (N, ...), for a model that takes some of its numbers from them: one with `look`
    lengths  (N,), of sequences
    """
    import torch

    name = chosen(config, spec)
    of_family = name.split(":")[1:]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed_of(seed, "init"))
        built: nn.Module = _function(row_of(name).builder)(spec, *of_family, **config.given())
        look = getattr(built, "look", None)
        if look is not None and samples is not None:
            look(samples) if lengths is None else look(samples, lengths)
    return built if all(task.kind != "number" for task in spec.tasks) else _in_units(built, spec)


def _in_units(network: nn.Module, spec: DataSpec) -> nn.Module:
    """The network with its numbers in the unit of the data."""
    from torch.nn import Sequential

    from tellapart.models.units import InUnits, Units

    return InUnits(network, Units(spec)) if spec.sequential else Sequential(network, Units(spec))


def _function(place: str) -> Any:
    """What stands at a `module:function` below this package."""
    module, name = place.split(":")
    return getattr(import_module(f"tellapart.models.{module}"), name)
