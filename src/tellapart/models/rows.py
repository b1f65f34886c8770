"""The table of models: a new one is a file of its own, and a row here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tellapart.config import Pooling
from tellapart.types import Kind


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

CNN = ModelRow(
    builder="cnn:cnn",
    kinds=("image",),
    settings=("widths", "dense", "activation", "dropout"),
    summary="3x3 convolutions, each with a 2x2 max-pool, then a dense head",
)
VGG = ModelRow(
    builder="vgg:vgg11",
    kinds=("image",),
    settings=("widths", "dense", "activation", "dropout", "pooling"),
    summary="Stacks of 3x3 convolutions with batch norm, 11 layers (Simonyan & Zisserman 2015)",
)
RESNET = ModelRow(
    builder="resnet:resnet18",
    kinds=("image",),
    settings=("widths", "activation", "dropout", "pooling", "drop_path"),
    summary="Residual network of 18 layers (He et al. 2016), for small pictures and large",
)
RECURRENT = ModelRow(
    builder="recurrent:rnn",
    kinds=("series", "audio", "text", "image"),
    settings=("layers", "hidden", "dropout", "pooling"),
    summary="Recurrent network of tanh, over the steps of a sequence or the rows of a picture",
    poolings=OF_STEPS,
)
"""Rows that others are like, but for builder and summary."""

MODELS: dict[str, ModelRow] = {
    "mlp": ModelRow(
        builder="mlp:mlp",
        kinds=("image", "vector"),
        settings=("widths", "activation", "dropout"),
        summary="Fully connected layers, any depth",
    ),
    "cnn": CNN,
    "whitened-cnn": ModelRow(
        builder="whitened_cnn:whitened_cnn",
        kinds=("image",),
        settings=("widths", "activation", "stride", "depth", "views"),
        summary="Whitened patches, then blocks of 3x3 convolutions (Jordan 2024): small pictures in few epochs",
        settled="whitened_cnn:settled",
    ),
    "convnet5": replace(CNN, builder="cnn:convnet5", summary="cnn with five convolutions, of 16 to 256 filters"),
    "deepcnn5x5": replace(
        CNN, builder="cnn:deepcnn5x5", summary="Five 5x5 convolutions, then a dense layer under dropout"
    ),
    "vgg11": VGG,
    "vgg13": replace(VGG, builder="vgg:vgg13", summary="vgg11 with 13 layers"),
    "vgg16": replace(VGG, builder="vgg:vgg16", summary="vgg11 with 16 layers"),
    "vgg19": replace(VGG, builder="vgg:vgg19", summary="vgg11 with 19 layers"),
    "resnet18": RESNET,
    "resnet34": replace(RESNET, builder="resnet:resnet34", summary="resnet18 with 34 layers"),
    "resnet50": replace(RESNET, builder="resnet:resnet50", summary="resnet18 with 50 layers, three to a block"),
    "resnet101": replace(RESNET, builder="resnet:resnet101", summary="resnet18 with 101 layers"),
    "resnet152": replace(RESNET, builder="resnet:resnet152", summary="resnet18 with 152 layers"),
    "rnn": RECURRENT,
    "lstm": replace(
        RECURRENT,
        builder="recurrent:lstm",
        summary="rnn with long short-term memory (Hochreiter & Schmidhuber 1997)",
    ),
    "gru": replace(RECURRENT, builder="recurrent:gru", summary="rnn with gated recurrent units (Cho et al. 2014)"),
    "bilstm": replace(RECURRENT, builder="recurrent:bilstm", summary="lstm forwards and backwards"),
    "bigru": replace(RECURRENT, builder="recurrent:bigru", summary="gru forwards and backwards"),
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
