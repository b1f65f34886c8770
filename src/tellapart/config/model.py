"""The settings of the model."""

from dataclasses import dataclass, fields
from typing import Any, Literal

from tellapart.checks import at_least, check_types, share
from tellapart.errors import SettingError

Activation = Literal["relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
Pooling = Literal["mean", "max", "gem", "last", "attention"]
Views = Literal["auto", "one", "shifted", "mirrored"]


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The model."""

    model: str | None = None
    """Name of the model (`tellapart models` lists them); by default cnn for pictures, mlp for vectors, random-kernels
    for series, spectrogram-cnn for audio, textcnn for text."""
    widths: tuple[int, ...] | None = None
    """Width of each hidden layer (mlp), convolution (cnn, spectrogram-cnn), stage or block (vgg, resnet, conv1d), or
    span of tokens from 3 on (textcnn); by default the model's own."""
    layers: int | None = None
    """Layers before the last one (rnn, lstm, gru, inceptiontime, transformer); by default the model's own."""
    hidden: int | None = None
    """Width of these layers, each way of two (rnn, lstm, gru, transformer), of each branch (inceptiontime), or of a
    token's vector (textcnn); by default the model's own."""
    dense: int | None = None
    """Width of the dense layer before the classes (cnn, vgg); by default the model's own."""
    activation: Activation | None = None
    """Non-linearity; by default the model's own."""
    dropout: float | None = None
    """Share of hidden values dropped in training; by default the model's own."""
    pooling: Pooling | None = None
    """How the last map becomes one number a channel: its mean, its maximum; of pictures a generalised mean whose power
    is learned; of sequences the last step or a mean with learned attention; by default the model's own."""
    spec_augment: float | None = None
    """Share of the bands and of the frames that a stretch of each hides in training, at most (spectrogram-cnn); by
    default none are hidden."""
    drop_path: float | None = None
    """Share of the samples that skip the last block in training, fewer skip earlier ones (resnet, timm); by default
    the model's own."""
    stride: int | None = None
    """Pixels from one patch of the first layer to the next (whitened-cnn); by default such that about 32 fit a side."""
    depth: int | None = None
    """Convolutions of each block; from three on they are a residual (whitened-cnn); by default the model's own."""
    views: Views | None = None
    """Looks at a picture that the model is unsure about: one, also shifted by a pixel, or those and mirrored ones too;
    auto mirrors where training does (whitened-cnn); by default the model's own."""
    features: int | None = None
    """How many shares of steps above a threshold are taken of a series, about (random-kernels); by default 10,000."""

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("layers", "hidden", "dense", "stride", "depth", "features"):
            at_least(self, name, 1)
        for name in ("dropout", "drop_path", "spec_augment"):
            if getattr(self, name) is not None:
                share(self, name)
        for width in self.widths or ():
            if width < 1:
                raise SettingError(f"widths holds {width}; each must be 1 or more.")

    def given(self) -> dict[str, Any]:
        """The settings of the model that were set, by name; those at None are the model's own choice."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name != "model" and getattr(self, f.name) is not None
        }
