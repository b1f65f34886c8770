"""The models room: raw batch in, logits out. The table below is where a new model goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from tellapart.config import ModelConfig
from tellapart.errors import SettingError
from tellapart.names import did_you_mean, listed
from tellapart.seeds import seed_of
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model: where its builder is, what it takes and which settings it has."""

    builder: str
    """`module:function` below this package: takes a DataSpec and the settings by name, gives the module."""
    kinds: tuple[Literal["image", "vector"], ...]
    """The kinds of data that it takes."""
    settings: tuple[str, ...]
    """Fields of ModelConfig that it has a use for."""
    summary: str
    settled: str | None = None
    """`module:function`: takes a ModelConfig and a DataSpec, gives the first with what follows from the second where it
    is left open; None where nothing does."""


MODELS: dict[str, ModelRow] = {
    "mlp": ModelRow(
        builder="mlp:mlp",
        kinds=("image", "vector"),
        settings=("widths", "activation", "dropout"),
        summary="Fully connected layers, any depth",
    ),
    "cnn": ModelRow(
        builder="cnn:cnn",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout"),
        summary="3x3 convolutions, each with a 2x2 max-pool, then a dense head",
    ),
    "whitened-cnn": ModelRow(
        builder="whitened_cnn:whitened_cnn",
        kinds=("image",),
        settings=("widths", "activation", "stride", "depth", "views"),
        summary="Whitened patches, then blocks of 3x3 convolutions (Jordan 2024): small pictures in few epochs",
        settled="whitened_cnn:settled",
    ),
    "resnet-18": ModelRow(
        builder="resnet:resnet_18",
        kinds=("image",),
        settings=("widths",),
        summary="Residual network of 18 layers (He et al. 2016), for small pictures and large",
    ),
}
DEFAULTS: dict[str, str] = {"image": "cnn", "vector": "mlp"}
"""The model of each kind of data when none is named."""


def check_model(config: ModelConfig) -> None:
    """Raise SettingError where the model is unknown or has no use for a setting; loads no torch."""
    if config.model is None:
        return
    if config.model not in MODELS:
        raise SettingError(f"Unknown model {config.model!r}. {did_you_mean(config.model, MODELS)}")
    for name in config.given():
        if name not in MODELS[config.model].settings:
            raise SettingError(
                f"The model {config.model} has no setting {name!r}; it has {listed(MODELS[config.model].settings)}."
            )


def chosen(config: ModelConfig, spec: DataSpec) -> str:
    """Name of the model that fits the settings and the data; SettingError where none does."""
    name = config.model or DEFAULTS[spec.kind]
    check_model(ModelConfig(model=name, **config.given()))
    if spec.kind not in MODELS[name].kinds:
        fitting = [other for other, row in MODELS.items() if spec.kind in row.kinds]
        raise SettingError(
            f"The model {name} takes {listed(MODELS[name].kinds)} data, these are {spec.kind} data. "
            f"{did_you_mean(name, fitting)}"
        )
    return name


def settled(config: ModelConfig, spec: DataSpec) -> ModelConfig:
    """The settings of the model of such data with nothing left open that goes by them: the same model for others."""
    config = replace(config, model=chosen(config, spec))
    way = MODELS[str(config.model)].settled
    if way is None:
        return config
    module, function = way.split(":")
    found: ModelConfig = getattr(import_module(f"tellapart.models.{module}"), function)(config, spec)
    return found


def build_model(config: ModelConfig, spec: DataSpec, seed: int, pictures: Tensor | None = None) -> nn.Module:
    """The module in fp32 on the CPU; its first weights are a function of the seed, and no global draw is used up.

    pictures  raw training pictures (N, C, H, W), for a model whose first filters are taken from them: one with `look`
    """
    import torch

    module, function = MODELS[chosen(config, spec)].builder.split(":")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed_of(seed, "init"))
        built: nn.Module = getattr(import_module(f"tellapart.models.{module}"), function)(spec, **config.given())
        look = getattr(built, "look", None)
        if look is not None and pictures is not None:
            look(pictures)
    return built if all(task.kind != "number" for task in spec.tasks) else _in_units(built, spec)


def _in_units(network: nn.Module, spec: DataSpec) -> nn.Module:
    """The network with its numbers in the unit of the data."""
    from torch.nn import Sequential

    from tellapart.models.units import Units

    return Sequential(network, Units(spec))
