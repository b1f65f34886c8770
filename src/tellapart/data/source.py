"""What a source is: a list of entries, and the value of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tellapart.data.resize import Form
from tellapart.names import counted
from tellapart.types import PARTS, Issue, Kind, Part, Task

Value = np.ndarray[Any, Any]
"""uint8 (H, W, C), float32 (F,), of series and audio float32 (T, C), and of text uint8 (T,), its UTF-8."""


THINGS: dict[Kind, tuple[str, str]] = {
    "image": ("picture", "pictures"),
    "vector": ("sample", "vectors"),
    "series": ("sample", "series"),
    "audio": ("recording", "recordings"),
    "text": ("text", "texts"),
}
"""What a sample of each kind is called in messages, and several."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One sample, as far as it is known before it is decoded."""

    id: str
    """Stable name within the source: a relative path with `/`, or `train/00001`."""
    label: str
    """Class name."""
    part: Part | None
    """The part it was given in; None where the source has no parts."""
    digest: bytes
    """16 bytes, a hash of the content alone: the same picture has the same one wherever it lies."""
    shape: tuple[int, ...]
    """(H, W, C) as it will be decoded, or (F,); of series (T, C), of audio (T, C, rate), of text (T, 1, 1)."""
    group: str | None = None
    """What it belongs together with, as a patient or a film; None where the source does not say."""
    weight: float | None = None
    """Its share in the loss, finite and 0 or more; None counts as 1."""
    block: int = 0
    """Number of the piece of the source that it lies in, as of a shard: samples of one are quick to read together."""


class Source(Protocol):
    """Labelled samples. `entries` is cheap and decodes nothing; `value` may be called from several threads."""

    name: str
    """What a run on it is called: `mnist`, or the folder's name."""
    kind: Kind
    in_memory: bool
    """Whether `value` costs next to nothing, so that no thread is worth its while."""

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every readable sample in a stable order, and an issue for each file that is no sample."""

    place: str
    """What tells it apart from every other one on this machine: a resolved path, or its name."""

    def content(self, entry: Entry) -> bytes | None:
        """The bytes of a sample's file; None where it is no file. UnreadableError where they can't be had."""

    def value(self, entry: Entry, form: Form | None = None) -> Value:
        """The decoded sample; UnreadableError says what is wrong with it.

        form  what a picture is brought to, where the source can do so while it decodes; else it comes as it is
        """


def understood(entries: Sequence[Entry], tasks: Sequence[Task] = ()) -> str:
    """What a source was taken for: `3 classes, parts train and val, 121 samples`; with tasks, their number."""
    kinds = {(entry.part, entry.label) for entry in entries}
    given = {part for part, _ in kinds}
    parts = [part for part in PARTS if part in given]
    words = f"part{'s' if len(parts) > 1 else ''} {' and '.join(parts)}" if parts else "no parts"
    asked = counted(len(tasks), "task") if tasks else counted(len({label for _, label in kinds}), "class")
    return f"{asked}, {words}, {counted(len(entries), 'sample')}"
