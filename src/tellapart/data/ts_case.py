"""A case of a `.ts` file: the line `1,2,3:4,5,6:class` as numbers and a class, or what is wrong with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tellapart.names import counted, listed

MOST_CASE_VALUES = 100_000_000
"""Steps times channels; channels that are shorter than others count in full."""
MOST_CHANNELS = 10_000
CHUNK_BYTES = 1 << 20
"""Of text that is made into numbers at a time."""

Series = np.ndarray[Any, np.dtype[np.float32]]
"""float32 (T, C), NaN where a value is missing."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says before `@data`; None where it does not say."""

    name: str
    channels: int | None
    labelled: bool
    numbers: bool
    classes: tuple[str, ...]


class OddCaseError(Exception):
    """A case that can't be used: kind and detail."""


def case_of(line: bytes, header: Header, channels: int | None) -> tuple[Series, str]:
    """Values (T, C) and class of a line; OddCaseError where they can't be had."""
    label = ""
    if header.labelled:
        line, colon, last = line.rpartition(b":")
        label = text_of(last).strip()
        if not colon or not label or (not header.classes and b"," in last):
            raise OddCaseError("no-class", "no class at its end; a case ends as in 1.5,1.7:class")
        if header.classes and label not in header.classes:
            raise OddCaseError("unknown-class", f"class {label[:60]!r}; declared are {listed(header.classes)}")
        if header.numbers and not np.isfinite(_numbers(last.replace(b"?", b"nan"))).all():
            raise OddCaseError("no-number", f"{label[:60]!r} at its end; must be a finite number")
    count = line.count(b":") + 1
    if channels is not None and count != channels:
        expected = "as the header says" if header.channels is not None else "as the cases before"
        raise OddCaseError("channels", f"{counted(count, 'channel')}; must be {channels:,}, {expected}")
    return _values_of(line), label


def bare_case(line: bytes, channels: int, *, labelled: bool) -> Series:
    """Values (T, C) of a line with as many channels as a model takes, after which a class may stand or not."""
    count = line.count(b":") + 1
    if labelled and count == channels + 1:
        return _values_of(line.rpartition(b":")[0])
    if count != channels:
        raise OddCaseError("channels", f"{counted(count, 'channel')}; the model takes {channels:,}")
    return _values_of(line)


def _values_of(line: bytes) -> Series:
    """Values (T, C) of channels parted by colons."""
    count = line.count(b":") + 1
    if count > MOST_CHANNELS:
        raise OddCaseError("too-large", f"{counted(count, 'channel')}; at most {MOST_CHANNELS:,} are read")
    longest = max(part.count(b",") for part in line.split(b":")) + 1
    if longest * count > MOST_CASE_VALUES:
        raise OddCaseError(
            "too-large", f"{longest:,} steps of {counted(count, 'channel')}; at most {MOST_CASE_VALUES:,} values"
        )
    parts = [_values(part) for part in line.split(b":")]
    steps = max(map(len, parts))
    if steps == 0:
        raise OddCaseError("empty", "no values")
    case = np.full((steps, count), np.nan, np.float32)
    for column, part in enumerate(parts):
        case[: len(part), column] = part
    if np.isnan(case).all():
        raise OddCaseError("empty", "all values are missing")
    return case


def _values(part: bytes) -> Series:
    """float32 (T,) of `1,?,3`, piece by piece: a list of all its words would take twenty times the memory."""
    part = part.strip()
    if not part:
        return np.empty(0, np.float32)
    pieces, begin = [], 0
    while begin <= len(part):
        end = part.find(b",", begin + CHUNK_BYTES) if len(part) - begin > CHUNK_BYTES else -1
        end = len(part) if end < 0 else end
        pieces.append(_numbers(part[begin:end].replace(b"?", b"nan")))
        begin = end + 1
    return np.concatenate(pieces)


def _numbers(text: bytes) -> Series:
    words = text.split(b",")
    try:
        with np.errstate(over="ignore"):
            numbers = np.array(words, np.float64).astype(np.float32)
    except ValueError:
        odd = next(word for word in words if not _is_number(word))
        raise OddCaseError("no-number", f"{text_of(odd)[:30]!r}; must be a number, or ? where it is missing") from None
    if np.isinf(numbers).any():
        odd = words[int(np.flatnonzero(np.isinf(numbers))[0])]
        raise OddCaseError("infinite", f"{text_of(odd)[:30]!r}; must be a finite number below 3.4e38")
    return numbers


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def text_of(line: bytes) -> str:
    return line.decode("utf-8", "replace")
