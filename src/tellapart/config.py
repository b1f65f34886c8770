"""Every setting, declared once. Flags, TOML keys, `TELLAPART_*` variables, keyword arguments and help come from here.

A setting has one name everywhere: the flag `--weight-decay`, the TOML key `weight_decay`, the variable
`TELLAPART_WEIGHT_DECAY` and `tellapart.train(..., weight_decay=...)` are the same field.
This file does not import torch.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from tellapart.checks import at_least, check_types, seconds_of, seconds_or_steps, share
from tellapart.errors import SettingError
from tellapart.names import did_you_mean
from tellapart.types import Fit, Tokens

Activation = Literal["relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
Pooling = Literal["mean", "max", "gem", "last", "attention"]
Views = Literal["auto", "one", "shifted", "mirrored"]
Optimiser = Literal["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lamb", "muon"]
FROM_TIMM = "timm:"
"""How the name of an optimiser of timm begins."""
Schedule = Literal["constant", "step", "cosine", "linear", "one-cycle", "plateau"]
Loss = Literal["cross-entropy", "focal", "brier", "mse", "huber"]
Balance = Literal["auto", "none", "weights", "class-balanced", "sampler", "logit-adjust"]
NumberLoss = Literal["huber", "squared"]
VAL_SHARE = 0.1
"""Of the training pictures, for choosing the best epoch, where nothing else is said and they are not many."""
MOST_THREADS = 1024
BATCHES = (16, 500)
"""Least and most samples a step that `batch = auto` takes."""
COLUMN_NAME = re.compile(r"\w+(?:[ -]\w+)*")
"""A plain word or some."""
TASK_GAP = "\x1f"
"""Stands between the cells of several label columns in the label of a sample: no text has it."""
Cache = Literal["auto", "ram", "disk", "none"]
Augment = Literal["none", "light", "auto", "strong"]
FitChoice = Literal["auto", "pad", "stretch", "crop"]
Metric = Literal[
    "accuracy", "balanced-accuracy", "macro-f1", "log-loss", "average-precision", "r2", "mae", "rmse", "score"
]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Where labelled data are, and how they are read."""

    data_dir: Path | None = None
    """Folder with data sets already on disk; without it they are looked for, then put, in the user's cache folder."""
    also: tuple[str, ...] = ()
    """More data, mixed with the first: each whatever the first may be."""
    path_column: str | None = None
    """Column of a table that names the pictures; by default the one called path, file, filename or image."""
    text_column: str | None = None
    """Column of a table that holds the texts; by default the one called text, message, sentence, review and so on."""
    label_columns: tuple[str, ...] = ()
    """Columns of a table that name their classes; by default the one called label, class, target or y. Each of several
    is a task of its own: one backbone, a head and a loss for each."""
    number_columns: tuple[str, ...] = ()
    """Columns of a table whose numbers are to be found, by regression, beside the classes of `label_columns`."""
    label_separator: str | None = None
    """What stands between the labels of one sample, as in `cat;dog`, where it may have several: each is answered by
    itself. The separator alone says that a sample has none of them."""
    allow_outside: bool = False
    """Read pictures outside a table's folder too, where the table names such."""

    def __post_init__(self) -> None:
        check_types(self)
        self.check_labels()

    def check_labels(self) -> None:
        """Refuse columns that are named twice, and a separator that separates nothing."""
        columns = (*self.label_columns, *self.number_columns)
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise SettingError(f"label_columns and number_columns name {twice!r} twice; each column is one task.")
        if self.label_separator is not None and (not self.label_separator.strip() or TASK_GAP in self.label_separator):
            raise SettingError(
                f"label_separator is {self.label_separator!r}; give what stands between the labels, as in ';'."
            )

    @property
    def asked_columns(self) -> tuple[str, ...]:
        """The columns that labels are taken from, where they are named."""
        return (*self.label_columns, *self.number_columns)

    @property
    def group_column(self) -> str | None:
        """Column of a table that names the groups; None leaves it to the one called group."""
        return None

    @property
    def labelled(self) -> bool:
        """Whether each sample must come with its class, and what is said of it beside that counts."""
        return True


@dataclass(frozen=True, kw_only=True)
class DataConfig(Reading):
    """The data, and how they are cut into parts."""

    size: int | None = None
    """Pixels a side that pictures are brought to; by default their own where all are alike, else 128 at most."""
    fit: FitChoice = "auto"
    """How a picture of another shape is brought to that size; auto goes by the shapes of the training pictures."""
    rate: int | None = None
    """Samples a second that recordings are brought to; by default the most frequent rate of them, 16,000 at most."""
    tokens: Tokens | Literal["auto"] = "auto"
    """What texts are cut into; auto takes words where there are such between spaces, else bytes."""
    cache: Cache = "auto"
    """Where decoded pictures are kept: in memory, in a file in the user's cache folder that later runs find, or
    nowhere, so that each epoch decodes anew; auto takes the first of them that has room."""
    sizes: tuple[float, ...] = ()
    """Picture sizes to train at, as shares of the full one, each for an equal share of the epochs, as in 0.625 0.75 1;
    the last should be 1. By default 1; they grow where `augment` is auto and pictures are many and not tiny."""
    val_share: float | None = None
    """Share of the training pictures kept for choosing the best epoch, where no part of that name is given; by default
    a tenth, which is halved until it is 3,000 pictures at most, or ten of each class."""
    test_share: float = 0.15
    """Share of the pictures kept for the report, where no part of that name is given."""
    split_seed: int = 0
    """Another number gives another split; `seed` does not touch it."""
    group_by: str | None = None
    """Pattern whose first bracket takes a group out of a path, as in '(patient_[0-9]+)', or a column of a table: no
    part that is carved out shares a group with another."""
    near_copies: bool = True
    """Keep pictures that look like copies of one on one side where parts are carved out of picture files."""
    split: Path | None = None
    """CSV file with the columns id and part, as the data/split.csv of a run: it says the parts, the shares have no say.
    What it does not name is left out."""
    folds: int | None = None
    """Parts of equal size that the training pictures are dealt into, each class alike; one of them is val."""
    fold: int | None = None
    """Which of the folds is val, counted from 0."""
    augment: Augment | None = None
    """How much training pictures are changed, where the settings below leave it open; auto goes by their number, size
    and channels. What it came to is printed, and stands in the run's config.toml."""
    crop_padding: int | None = None
    """Pixels a training picture is padded by on each side, mirrored, before a random crop of the old size, or 0."""
    resized_crop: float | None = None
    """Least share of the area of a training picture that a random part of it covers, as in 0.35; the part, of any
    place and of an aspect from 3:4 to 4:3 of the picture's own, is brought to the full size."""
    flip: bool | None = None
    """Mirror half of the training pictures, left to right; by default only where `augment` finds that it is safe."""
    alternating: bool | None = None
    """Mirror each picture in every second epoch, in the even or odd ones by its own draw; needs flip. By default where
    `augment` has a say in what is mirrored."""
    rotate: float | None = None
    """Degrees at most by which a training picture is rotated, either way; its edges are mirrored."""
    scale: float | None = None
    """Share at most by which a training picture is enlarged or shrunk, its edges mirrored; of a series, by which the
    values of each channel move away from their mean or towards it."""
    brightness: float | None = None
    """Share at most by which the brightness of a training picture is raised or lowered."""
    contrast: float | None = None
    """Share at most by which the contrast of a training picture is raised or lowered, around its mean grey."""
    saturation: float | None = None
    """Share at most by which the colours of a training picture are strengthened or weakened; of pictures of
    three channels."""
    cutout: int | None = None
    """Pixels a side of a square, anywhere on a training picture, that is filled with the mean colour."""
    trivial: bool | None = None
    """Change each training picture by one operation, drawn evenly from fourteen, at a strength that is drawn evenly."""
    erasing: float | None = None
    """Share of the training pictures of which a rectangle, of 2 to 40 % of the area, is filled with the mean colour; of
    series and recordings, of which so large a stretch is filled with the mean."""
    mixup: float | None = None
    """Blend each training picture, series or recording with another and learn both classes by their shares, drawn from
    the beta distribution of this alpha, as in 0.2; 0 for none. With cutmix, half are changed either way."""
    cutmix: float | None = None
    """Paste a rectangle of another training picture, or a stretch of another series or recording, into each and learn
    both classes by their shares, drawn from the beta distribution of this alpha, as in 1; 0 for none."""
    jitter: float | None = None
    """Deviation of the noise that is added to training series and recordings, in deviations of the channel."""
    time_warp: float | None = None
    """Share at most by which each quarter of a training series or recording runs faster or slower."""
    window: float | None = None
    """Least share of the steps of a training sequence that a random part of it covers, as in 0.8; the part of a series
    is stretched to the old length."""
    channel_drop: float | None = None
    """Share of the channels of a training series that are set to their mean; one is left at least."""
    token_drop: float | None = None
    """Share of the tokens of a training text that are left out; one is left at least."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, "size", 1)
        at_least(self, "cutout", 1)
        at_least(self, "rate", 1)
        for name in ("crop_padding", "erasing", "mixup", "cutmix"):
            at_least(self, name, 0)
        if self.erasing is not None and self.erasing > 1:
            raise SettingError(f"erasing is {self.erasing:g}; must be a share of the pictures: at most 1.")
        if not all(0 < size <= 1 for size in self.sizes):
            raise SettingError(f"sizes is {list(self.sizes)}; must be shares of the full size: above 0, at most 1.")
        if self.val_share is not None:
            share(self, "val_share")
        share(self, "test_share")
        both = self.test_share + (VAL_SHARE if self.val_share is None else self.val_share)
        if both >= 1:
            raise SettingError(f"val_share + test_share is {both:g}: nothing is left to train on.")
        self._check_split()
        if self.alternating and not self.flip:
            raise SettingError("alternating is true, but flip is not: set flip = true too.")
        for name, most in (("rotate", 180), ("brightness", 1), ("contrast", 1), ("saturation", 1)):
            value = getattr(self, name)
            if value is not None and not 0 < value <= most:
                raise SettingError(f"{name} is {value:g}; must be above 0 and at most {most}.")
        if self.resized_crop is not None and not 0 < self.resized_crop < 1:
            raise SettingError(f"resized_crop is {self.resized_crop:g}; must be above 0 and below 1.")
        for name in ("scale", "time_warp", "window", "channel_drop", "token_drop"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise SettingError(f"{name} is {value:g}; must be above 0 and below 1.")
        if self.jitter is not None and self.jitter <= 0:
            raise SettingError(f"jitter is {self.jitter:g}; must be above 0.")

    @property
    def fit_taken(self) -> Fit:
        """How pictures are fitted, once it is settled what `auto` means for them."""
        assert self.fit != "auto"
        return self.fit

    @property
    def group_column(self) -> str | None:
        """The column that `group_by` names, where it is a plain word: as a pattern such tells nothing apart."""
        return self.group_by if self.group_by is not None and COLUMN_NAME.fullmatch(self.group_by) else None

    def _check_split(self) -> None:
        """Refuse what says nothing about the parts, or says it twice."""
        if self.group_by is not None:
            try:
                re.compile(self.group_by)
            except re.error as error:
                raise SettingError(f"group_by is {self.group_by!r}; not a regular expression: {error}.") from None
        at_least(self, "folds", 2)
        if self.folds is not None and self.split is not None:
            raise SettingError("split and folds both say what val is; give one of them.")
        if (self.folds is None) != (self.fold is None):
            given, missing = ("folds", "fold") if self.fold is None else ("fold", "folds")
            raise SettingError(f"{given} is {getattr(self, given)}, and {missing} is not set: both say what val is.")
        if self.folds is not None and self.fold is not None and not 0 <= self.fold < self.folds:
            raise SettingError(f"fold is {self.fold}; must be 0 or more, and below folds, which is {self.folds}.")

    def parted_by(self, path: Path) -> "DataConfig":
        """The same with the parts that a file says."""
        return replace(self, split=path, folds=None, fold=None)


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


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How the weights move."""

    loss: Loss = "cross-entropy"
    """What is made small: focal heeds what is easy less; brier, mse and huber bear wrong labels better, by errors of
    the probabilities (brier) or of the logits."""
    number_loss: NumberLoss = "huber"
    """Likewise where a number is asked for, in units of its standard deviation: huber pulls no harder beyond one."""
    task_weights: tuple[float, ...] = ()
    """Weight of each task in the loss, in the order of label_columns and number_columns; by default one over the mean
    loss that each has in the batch, which is what uncertainty weighting comes to."""
    balance: Balance = "auto"
    """What makes classes of unequal size count alike: weights in the loss, an epoch that shows each as often, or logits
    adjusted while training; auto takes the last where one has ten times the samples of another."""
    teacher: Path | None = None
    """Run or model folder whose answers are learned beside the labels (distillation); it may be larger, or several."""
    temperature: float = 4.0
    """By which its answers are softened, and those that learn from them: what it takes a class for stands out more."""
    teacher_share: float = 0.7
    """Share of the teacher's answers in the loss; the rest are the labels."""
    agree_with: Path | None = None
    """Run or model folder of an older model that this one shall take the place of: it pays for being wrong where that
    was right. The report says how many such samples there are."""
    agree_weight: float = 1.0
    """Weight of the disagreement with the older model, beside the loss."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes (all losses but focal)."""
    optimiser: Optimiser | str = "adam"
    """How a gradient becomes a step; timm:NAME, as in timm:lion, is any of timm's."""
    lr: float | None = None
    """Peak learning rate, per step; by default 0.05 for sgd, 0.1 for muon, 0.01 for adagrad and lamb, 0.001 for the
    others; of timm's as usual for their kind, which is told."""
    momentum: float = 0.9
    """Share of the last step kept in the next (sgd, timm's that have one; of muon, for what it leaves to sgd). adam,
    adamw, nadam and lamb keep 0.9 of the mean gradient; rmsprop and adagrad have none."""
    nesterov: bool = False
    """Look a step ahead along the momentum (sgd; muon always does)."""
    muon_momentum: float = 0.8
    """Share of the last step kept in the next for hidden filters and matrices (muon)."""
    head_lr: float | None = None
    """Peak learning rate of the last layer, which muon leaves to sgd; by default by batch and inputs."""
    bias_lr: float | None = None
    """Peak learning rate of biases and scales, which muon leaves to sgd; by default by batch and head."""
    weight_decay: float = 0.0
    """L2: pull of matrices and filters towards zero, added to the gradient (sgd, adam, nadam, rmsprop, adagrad) or to
    the step (adamw, lamb, and muon for what it leaves to sgd); 0 for none."""
    l1: float | None = None
    """L1: pull of matrices and filters towards zero, whatever their size, that is added to the gradient, as in 0.0001:
    many end near zero."""
    clip: float | None = None
    """Most that the norm of all gradients together may be, as in 1: longer ones are shortened to it."""
    layer_decay: float | None = None
    """Factor of the peak learning rate from each block of layers to the one before it, as in 0.75: the head learns at
    the full rate, the first filters slowest."""
    ema: float | None = None
    """Share of the moving average of weights that stays at each step, as in 0.99; the average is what is kept."""
    schedule: Schedule = "cosine"
    """How the learning rate goes on after the warm-up: stays, falls in steps, half a cosine or linearly to zero, or
    where val gets no better (plateau); one-cycle rises over 0.3 of the steps, then falls by half a cosine."""
    warmup: float = 0.0
    """Share of all steps spent rising linearly to `lr`."""
    milestones: tuple[float, ...] = (0.5, 0.75)
    """Shares of all steps after which the step schedule multiplies the learning rate by `gamma`."""
    gamma: float = 0.1
    """Factor of the step and the plateau schedule."""
    plateau_patience: int = 5
    """Epochs without a better val measure after which the plateau schedule multiplies the learning rate by `gamma`."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.optimiser not in get_args(Optimiser) and not self.of_timm:
            known = [*get_args(Optimiser), f"{FROM_TIMM}NAME"]
            raise SettingError(f"optimiser is {self.optimiser!r}. {did_you_mean(self.optimiser, known)}")
        if self.lr is not None and self.lr <= 0:
            raise SettingError(f"lr is {self.lr:g}; must be above 0.")
        for name in ("momentum", "muon_momentum", "warmup", "label_smoothing"):
            share(self, name)
        if self.ema is not None:
            share(self, "ema")
        if any(weight < 0 for weight in self.task_weights) or (self.task_weights and not any(self.task_weights)):
            raise SettingError(f"task_weights is {list(self.task_weights)}; must be 0 or more, and not all of them 0.")
        share(self, "teacher_share")
        at_least(self, "agree_weight", 0)
        if self.temperature <= 0:
            raise SettingError(f"temperature is {self.temperature:g}; must be above 0.")
        if self.label_smoothing and self.loss == "focal":
            raise SettingError(
                f"label_smoothing is {self.label_smoothing:g}, and focal goes by one right class alone: "
                "leave it out, or take loss = cross-entropy."
            )
        if self.nesterov and (self.optimiser != "sgd" or not self.momentum):
            raise SettingError("nesterov is a way of sgd to use its momentum: set optimiser = sgd and a momentum.")
        for name in ("head_lr", "bias_lr", "weight_decay"):
            at_least(self, name, 0)
        at_least(self, "plateau_patience", 1)
        if self.warmup and self.schedule == "one-cycle":
            raise SettingError(
                f"warmup is {self.warmup:g}, and one-cycle rises by itself: leave it out, or take schedule = cosine."
            )
        for name in ("l1", "clip"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise SettingError(f"{name} is {value:g}; must be above 0. Leave it out for none.")
        if self.layer_decay is not None and not 0 < self.layer_decay <= 1:
            raise SettingError(f"layer_decay is {self.layer_decay:g}; must be above 0 and at most 1.")
        if not 0 < self.gamma <= 1:
            raise SettingError(f"gamma is {self.gamma:g}; must be above 0 and at most 1.")
        if list(self.milestones) != sorted(self.milestones) or any(not 0 < share < 1 for share in self.milestones):
            raise SettingError(
                f"milestones is {list(self.milestones)}; must be rising shares between 0 and 1, as in 0.5 0.75."
            )

    @property
    def of_timm(self) -> str | None:
        """The optimiser's name in timm; None where it is one of our own."""
        return self.optimiser.removeprefix(FROM_TIMM) if self.optimiser.startswith(FROM_TIMM) else None


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The run of training."""

    epochs: int | None = None
    """Passes over the training part; by default as many as make 3,000 steps, 10 at least and 200 at most."""
    steps: int | None = None
    """Optimiser steps in all, in place of epochs; the last epoch may be cut short."""
    time: str | None = None
    """Time for the training, as in 90s, 10m or 1h: a few steps are timed, then steps and picture sizes planned so that
    the schedule ends in it; in place of epochs."""
    hardest: tuple[float, ...] = (1.0,)
    """Shares of the training part that an epoch learns from, as in 1 0.75 0.5, each for an equal share of the epochs:
    those that the model was most wrong about when it last learned from them. The train measures told are theirs."""
    batch: int | Literal["auto"] = 64
    """Samples a step; auto takes a hundredth of the training part, between 16 and 500, and tries one real step."""
    seed: int = 0
    """Everything random is a function of it: initial weights, order, augmentation, dropout."""
    metric: Metric | None = None
    """Measure on the val part that picks the best epoch; a tie goes to the lower log-loss. By default accuracy, of
    fewer than 100 samples log-loss; average-precision of labels, r2 of a number, of several tasks the mean of these."""
    patience: int | None = None
    """Epochs without a better val measure after which training stops; by default it does not stop early."""
    save_every: str = "30s"
    """How often a checkpoint is written beside the training, as in 30s, 5m or "200 steps"; the end is always saved."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it runs; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; by default as many as torch takes, which heeds OMP_NUM_THREADS."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the training step: auto takes bf16 for convolutions on hardware that has it. Weights stay fp32."""
    compile: Literal["auto", "on", "off"] = "auto"
    """Whether torch.compile makes forward and backward of the training step; auto takes it on a GPU where training is
    long and a few steps, timed both ways, say that it pays."""

    health: bool = True
    """Look into the network from time to time: whether gradients reach every layer, units fire, steps are of a fitting
    size and the loss stays calm. What is wrong is told, with what to change; the weights are the same without it."""

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("epochs", "steps", "patience", "threads"):
            at_least(self, name, 1)
        if not self.hardest or not all(0 < share <= 1 for share in self.hardest):
            raise SettingError(f"hardest is {list(self.hardest)}; must be shares of the part: above 0, at most 1.")
        ends = [name for name in ENDS if getattr(self, name) is not None]
        if len(ends) > 1:
            raise SettingError(f"{ends[0]} and {ends[1]} both say when training ends; give one of them.")
        if self.time is not None:
            seconds_of("time", self.time)
        if self.batch != "auto":
            at_least(self, "batch", 1)
        at_least(self, "seed", 0)
        seconds_or_steps(self.save_every)
        if self.threads is not None and self.threads > MOST_THREADS:
            raise SettingError(
                f"threads is {self.threads}; at most {MOST_THREADS}, and more than cores only slow it down."
            )

    @property
    def metric_taken(self) -> Metric:
        """The measure that picks the best epoch, once it is settled what is asked of the data."""
        return self.metric or "accuracy"

    @property
    def samples_a_step(self) -> int:
        """The batch, once it is settled what `auto` means for the data."""
        assert self.batch != "auto"
        return self.batch

    def settled(self, samples: int) -> "TrainConfig":
        """The same with a number for the batch."""
        least, most = BATCHES
        return self if self.batch != "auto" else replace(self, batch=min(most, max(least, samples // 100)))


ENDS = ("epochs", "steps", "time")
"""Settings that say when training ends: one of them in a layer goes before all of them in the layers below."""


def beneath(settings: dict[str, Any], above: Iterable[str]) -> dict[str, Any]:
    """The settings of a layer that hold below others: without another word on when training ends."""
    ended = any(name in ENDS for name in above)
    return {name: value for name, value in settings.items() if not (ended and name in ENDS)}


PRETRAINED = Path("pretrained")
"""The word for the weights that a model's authors published."""


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """What is taken over from another model."""

    weights: Path | None = None
    """Weights to start from: a run, a model folder, a .safetensors file or a folder that holds one; pretrained for
    those that the authors of a timm model published; none. What fits by name and shape is taken, and told."""
    freeze: Literal["auto", "head", "none"] | int | None = None
    """What stays as it was taken: head trains the last layer alone, a number does so for that many epochs before all
    is trained; by default auto where weights are given, which goes by the training samples of each class."""
    preset: Literal["instant"] | None = None
    """instant fits the last layer alone, by logistic regression on what the given weights see: it takes seconds."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.weights == Path("none"):
            object.__setattr__(self, "weights", None)
        if isinstance(self.freeze, int):
            at_least(self, "freeze", 1)
        if self.weights is None and self.freeze not in (None, "none", "auto"):
            raise SettingError(f"freeze is {self.freeze!r}, but weights is not set: nothing is learned yet. Set both.")
        if self.preset is not None and self.weights is None:
            raise SettingError("preset is 'instant', but weights is not set: it learns from what given weights see.")
        if self.preset is not None and self.freeze not in (None, "auto", "head"):
            raise SettingError(
                f"freeze is {self.freeze!r}, but preset = instant fits the last layer alone; leave it out."
            )


Group = DataConfig | ModelConfig | OptimConfig | TrainConfig | TransferConfig
GROUPS: dict[str, type[Group]] = {
    "load": DataConfig,
    "model": ModelConfig,
    "transfer": TransferConfig,
    "optim": OptimConfig,
    "train": TrainConfig,
}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One training run, whole: what `config.toml` in the run folder holds."""

    data: str
    """A word (digits, mnist, fashion-mnist, cifar10), a folder, a table, an archive, arrays or shards."""
    load: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    transfer: TransferConfig = field(default_factory=TransferConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if self.optim.balance == "sampler" and self.train.hardest != (1.0,):
            raise SettingError("balance is 'sampler' and hardest says too what an epoch shows: leave one of them out.")
        patience, first = self.train.patience, self.optim.plateau_patience
        if self.optim.schedule == "plateau" and patience is not None and patience <= first:
            raise SettingError(
                f"patience is {patience}, so training stops before the plateau schedule lowers the learning rate: "
                f"set patience above plateau_patience, which is {first}."
            )
        mixing = [name for name in ("mixup", "cutmix") if getattr(self.load, name)]
        if mixing and self.train.hardest != (1.0,):
            raise SettingError(
                f"hardest goes by each picture's own loss, and {mixing[0]} shows none alone: leave one of them out."
            )

    @staticmethod
    def of(data: str, settings: dict[str, Any]) -> "RunConfig":
        """The configuration with these settings, by name; SettingError says what is near an unknown one."""
        config = RunConfig(data=data)
        return config.changed(settings)

    def changed(self, settings: dict[str, Any]) -> "RunConfig":
        """The same with some settings replaced."""
        known = {f.name: group for group, kind in GROUPS.items() for f in fields(kind)}
        for name in settings:
            if name not in known:
                raise SettingError(f"Unknown setting {name!r}. {did_you_mean(name, known)}")
        groups = {
            group: replace(getattr(self, group), **{n: v for n, v in settings.items() if known[n] == group})
            for group in GROUPS
        }
        return RunConfig(data=self.data, **groups)

    def flat(self) -> dict[str, Any]:
        """Every setting by its one name."""
        return {f.name: getattr(getattr(self, group), f.name) for group, kind in GROUPS.items() for f in fields(kind)}

    def to_toml(self) -> str:
        """The configuration as TOML; a setting that is off or left to the tool stands as a comment."""
        lines = ["# tellapart train --config THIS_FILE  gives the same run.", f"data = {_toml(self.data)}"]
        for group, kind in GROUPS.items():
            lines += ["", f"# {(kind.__doc__ or '').strip()}"]
            for f in fields(kind):
                value = getattr(getattr(self, group), f.name)
                lines.append(f"# {f.name} is not set" if value is None else f"{f.name} = {_toml(value)}")
        return "\n".join(lines) + "\n"


def read_toml(path: Path, word: str | None = None, tables: Iterable[str] = ()) -> dict[str, Any]:
    """The settings in a TOML file, flat; a table named like `word`, the data set's, replaces what stands above it.

    tables  the words that tables may be named by, beside `word`; SettingError names another
    """
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        raise SettingError(
            f"{path}: no such file. --config takes a TOML file; `tellapart recipes` lists those that are shipped."
        ) from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"{path}: not a readable TOML file: {error}") from None
    word = word or str(content.get("data"))
    own = {name: table for name, table in content.items() if isinstance(table, dict)}
    for name in own:
        if name not in (word, *tables):
            raise SettingError(f"{path}: [{name}] is no data set; settings stand alone. {did_you_mean(name, tables)}")
    plain = {name: value for name, value in content.items() if name not in own}
    return {name.replace("-", "_"): value for name, value in (plain | own.get(word, {})).items()}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    import json

    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
