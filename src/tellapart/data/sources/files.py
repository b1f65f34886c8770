"""Kinds of files that a sample may be: by which suffixes each is known, and how it is looked at and decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tellapart.data.resize import Form
from tellapart.data.source import Value
from tellapart.types import Kind

Peek = Callable[[bytes], tuple[int, int, int]]
Decode = Callable[[bytes, Form | None], Value]


@dataclass(frozen=True, kw_only=True)
class FileKind:
    """One of them; `peek` and `decode` raise UnreadableError with what is wrong."""

    kind: Kind
    noun: str
    """What messages call one."""
    usual: str
    """The suffix that messages take for an example."""
    suffixes: frozenset[str]
    peek_at: str
    """`module:function` of the room: the bytes of a file -> the shape that its entry gets."""
    decode_by: str
    """`module:function`: those bytes and the form that a picture is asked for in -> the value."""

    def named(self, name: str) -> bool:
        """Whether a file is named like one; no object is made for each of a million names."""
        dot = name.rfind(".")
        return dot > name.rfind("/") + 1 and name[dot:].lower() in self.suffixes

    @property
    def peek(self) -> Peek:
        found: Peek = _function(self.peek_at)
        return found

    @property
    def decode(self) -> Decode:
        found: Decode = _function(self.decode_by)
        return found


ARRAY = ".npy"
"""Suffix of a picture of any channels; beside a picture of the same name it is something else, a mask or a feature."""
PICTURES = FileKind(
    kind="image",
    noun="picture",
    usual=".jpg",
    suffixes=frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ARRAY}),
    peek_at="decode:peek",
    decode_by="resize:picture_in",
)
RECORDINGS = FileKind(
    kind="audio",
    noun="recording",
    usual=".wav",
    suffixes=frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff"}),
    peek_at="sound:peek",
    decode_by="sound:samples_in",
)
TEXTS = FileKind(
    kind="text",
    noun="text",
    usual=".txt",
    suffixes=frozenset({".txt", ".text", ".md"}),
    peek_at="wording:peek",
    decode_by="wording:bytes_in",
)
FILE_KINDS = (PICTURES, RECORDINGS, TEXTS)
"""The first is taken where several are as many."""


def prevailing(names: Sequence[str]) -> FileKind:
    """The kind that most of the names are of; pictures where none is of any."""
    return max(FILE_KINDS, key=lambda files: sum(map(files.named, names)))


def _function(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(f"tellapart.data.{module}"), name)
