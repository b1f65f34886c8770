"""The settings of the data: how they are brought to one form, cut into parts, and changed in training."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tellapart.checks import at_least, share
from tellapart.config.reading import Reading
from tellapart.errors import SettingError
from tellapart.types import Fit, Tokens

Cache = Literal["auto", "ram", "disk", "none"]
Augment = Literal["none", "light", "auto", "strong", "tried"]
FitChoice = Literal["auto", "pad", "stretch", "crop"]
VAL_SHARE = 0.1
"""Of the training pictures, for choosing the best epoch, where nothing else is said and they are not many."""
COLUMN_NAME = re.compile(r"\w+(?:[ -]\w+)*")
"""A plain word or some."""


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
    """Keep what looks like copies of one on one side where parts are carved out: files of pictures, and sequences."""
    split: Path | None = None
    """CSV file with the columns id and part, as the data/split.csv of a run: it says the parts, the shares have no say.
    What it does not name is left out."""
    folds: int | None = None
    """Parts of equal size that the training pictures are dealt into, each class alike; one of them is val."""
    fold: int | None = None
    """Which of the folds is val, counted from 0."""
    augment: Augment | None = None
    """How much training samples are changed, where the settings below leave it open; auto goes by number and size of
    pictures, of few sequences by short trainings each way, judged on val, as tried does always. The run tells it."""
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
