"""The models room: raw batch in, logits out. The table below is where a new model goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tellapart.config import ModelConfig, Pooling
from tellapart.errors import SettingError
from tellapart.names import did_you_mean, listed
from tellapart.seeds import seed_of
from tellapart.types import DataSpec, Kind

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model: where its builder is, what it takes and which settings it has."""

    builder: str
    """`module:function` below this package: takes a DataSpec and the settings by name, gives the module."""
    kinds: tuple[Kind, ...]
    """The kinds of data that it takes."""
    settings: tuple[str, ...]
    """Fields of ModelConfig that it has a use for."""
    summary: str
    settled: str | None = None
    """`module:function`: takes a ModelConfig and a DataSpec, gives the first with what follows from the second where it
    is left open; None where nothing does."""
    check: str | None = None
    """Of a family, `module:function`: refuses an unknown name of its own, and loads no torch."""
    poolings: tuple[Pooling, ...] = ("mean", "max", "gem")
    """Those that it has, where pooling is one of its settings."""
    at_once: bool = False
    """Whether only its head is learned, which is fitted at once."""


OF_STEPS: tuple[Pooling, ...] = ("mean", "max", "last", "attention")
"""Poolings of sequences."""


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
    "convnet5": ModelRow(
        builder="cnn:convnet5",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout"),
        summary="The same with five convolutions, of 16 to 256 filters",
    ),
    "deepcnn5x5": ModelRow(
        builder="cnn:deepcnn5x5",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout"),
        summary="Five 5x5 convolutions, then a dense layer under dropout",
    ),
    "vgg11": ModelRow(
        builder="vgg:vgg11",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout", "pooling"),
        summary="Stacks of 3x3 convolutions with batch norm, 11 layers (Simonyan & Zisserman 2015)",
    ),
    "vgg13": ModelRow(
        builder="vgg:vgg13",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout", "pooling"),
        summary="The same with 13 layers",
    ),
    "vgg16": ModelRow(
        builder="vgg:vgg16",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout", "pooling"),
        summary="The same with 16 layers",
    ),
    "vgg19": ModelRow(
        builder="vgg:vgg19",
        kinds=("image",),
        settings=("widths", "dense", "activation", "dropout", "pooling"),
        summary="The same with 19 layers",
    ),
    "resnet18": ModelRow(
        builder="resnet:resnet18",
        kinds=("image",),
        settings=("widths", "activation", "dropout", "pooling", "drop_path"),
        summary="Residual network of 18 layers (He et al. 2016), for small pictures and large",
    ),
    "resnet34": ModelRow(
        builder="resnet:resnet34",
        kinds=("image",),
        settings=("widths", "activation", "dropout", "pooling", "drop_path"),
        summary="The same with 34 layers",
    ),
    "resnet50": ModelRow(
        builder="resnet:resnet50",
        kinds=("image",),
        settings=("widths", "activation", "dropout", "pooling", "drop_path"),
        summary="The same with 50 layers, three to a block",
    ),
    "resnet101": ModelRow(
        builder="resnet:resnet101",
        kinds=("image",),
        settings=("widths", "activation", "dropout", "pooling", "drop_path"),
        summary="The same with 101 layers",
    ),
    "resnet152": ModelRow(
        builder="resnet:resnet152",
        kinds=("image",),
        settings=("widths", "activation", "dropout", "pooling", "drop_path"),
        summary="The same with 152 layers",
    ),
    "rnn": ModelRow(
        builder="recurrent:rnn",
        kinds=("series", "audio", "text", "image"),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="Recurrent network of tanh, over the steps of a sequence or the rows of a picture",
        poolings=OF_STEPS,
    ),
    "lstm": ModelRow(
        builder="recurrent:lstm",
        kinds=("series", "audio", "text", "image"),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="The same with long short-term memory (Hochreiter & Schmidhuber 1997)",
        poolings=OF_STEPS,
    ),
    "gru": ModelRow(
        builder="recurrent:gru",
        kinds=("series", "audio", "text", "image"),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="The same with gated recurrent units (Cho et al. 2014)",
        poolings=OF_STEPS,
    ),
    "bilstm": ModelRow(
        builder="recurrent:bilstm",
        kinds=("series", "audio", "text", "image"),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="lstm forwards and backwards",
        poolings=OF_STEPS,
    ),
    "bigru": ModelRow(
        builder="recurrent:bigru",
        kinds=("series", "audio", "text", "image"),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="gru forwards and backwards",
        poolings=OF_STEPS,
    ),
    "conv1d": ModelRow(
        builder="conv1d:conv1d",
        kinds=("series", "audio"),
        settings=("widths", "activation", "dropout", "pooling"),
        summary="Residual blocks of convolutions over time (Wang et al. 2017)",
        poolings=OF_STEPS,
    ),
    "inceptiontime": ModelRow(
        builder="inceptiontime:inceptiontime",
        kinds=("series",),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="Convolutions over 9, 19 and 39 steps side by side (Ismail Fawaz et al. 2020)",
        poolings=OF_STEPS,
    ),
    "random-kernels": ModelRow(
        builder="random_kernels:random_kernels",
        kinds=("series",),
        settings=("features",),
        summary="MiniRocket and Hydra (Dempster et al. 2021, 2023): random features, a linear layer fitted at once",
        at_once=True,
    ),
    "spectrogram-cnn": ModelRow(
        builder="spectrogram_cnn:spectrogram_cnn",
        kinds=("audio",),
        settings=("widths", "activation", "dropout", "pooling", "spec_augment"),
        summary="Log-mel picture of the sound, then 3x3 convolutions, each with a 2x2 max-pool",
        poolings=OF_STEPS,
    ),
    "ngrams": ModelRow(
        builder="ngrams:ngrams",
        kinds=("text",),
        settings=(),
        summary="Hashed n-grams of letters and words, weighed by how rare they are, and one layer; of bytes",
        at_once=True,
    ),
    "textcnn": ModelRow(
        builder="textcnn:textcnn",
        kinds=("text",),
        settings=("widths", "hidden", "activation", "dropout"),
        summary="Filters of 3, 4 and 5 tokens, each where it fits best (Kim 2014)",
    ),
    "transformer": ModelRow(
        builder="transformer:transformer",
        kinds=("series", "audio", "text"),
        settings=("layers", "hidden", "dropout", "pooling"),
        summary="Layers of attention over steps, or patches of them (Vaswani et al. 2017)",
        poolings=OF_STEPS,
    ),
}
FAMILIES: dict[str, ModelRow] = {
    "timm": ModelRow(
        builder="timm_model:timm_model",
        kinds=("image",),
        settings=("dropout", "drop_path"),
        summary="Every architecture of timm by its name, as in timm:convnextv2_atto; needs tellapart[zoo]",
        check="timm_model:check_architecture",
    ),
}
"""Models called FAMILY:NAME; a builder takes the name after the DataSpec."""
DEFAULTS: dict[Kind, str] = {
    "image": "cnn",
    "vector": "mlp",
    "series": "random-kernels",
    "audio": "spectrogram-cnn",
    "text": "textcnn",
}
"""The model of each kind of data when none is named."""


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
