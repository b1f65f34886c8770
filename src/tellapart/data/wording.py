"""Texts: the bytes of a file to UTF-8, and those to the numbers of tokens."""

import numpy as np

from tellapart.data.resize import Form
from tellapart.data.source import Value
from tellapart.data.text_lines import read_text
from tellapart.errors import UnreadableError


def peek(content: bytes) -> tuple[int, int, int]:
    """Bytes of a text as UTF-8, and two ones; UnreadableError where it is none, or empty."""
    return len(bytes_in(content)), 1, 1


def bytes_in(content: bytes, form: Form | None = None) -> Value:  # noqa: ARG001
    """uint8 (T,), the UTF-8 of a text file in whatever code it is."""
    return encoded(read_text(content))


def encoded(text: str) -> Value:
    """uint8 (T,), the UTF-8 of a text; UnreadableError where there is none."""
    if not text.strip():
        raise UnreadableError("an empty text")
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def decoded(value: Value) -> str:
    """The text of its UTF-8."""
    return value.tobytes().decode("utf-8", "surrogatepass")
