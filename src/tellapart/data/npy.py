"""A picture in a .npy file: uint8 or uint16, (H, W) or (H, W, C). Its header is matched, never run or unpickled."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tellapart.data.depth import eight_bits
from tellapart.data.sources.limits import channels_stand_first, check_size
from tellapart.errors import UnreadableError

MARK = b"\x93NUMPY"
LENGTHS = {1: 2, 2: 4, 3: 4}
"""Version of the format -> bytes that say how long the header is."""
MOST_HEADER_BYTES, MOST_DIGITS = 10_000, 18
HEADER = re.compile(
    rb"\{\s*'descr':\s*'([^']{1,20})',\s*'fortran_order':\s*(True|False),"
    rb"\s*'shape':\s*\(([\d,\s]*)\)\s*,?\s*\}\s*"
)
DTYPES = {"|u1": "u1", "<u1": "u1", ">u1": "u1", "<u2": "<u2", ">u2": ">u2"}
ACCEPTED = "a picture is uint8 or uint16 of shape (H, W) or (H, W, C)"


@dataclass(frozen=True, kw_only=True)
class _Header:
    """What a file says of its array."""

    dtype: str
    shape: tuple[int, ...]
    fortran: bool
    start: int
    """Byte where the numbers begin."""

    @property
    def picture(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        height, width, channels = self.shape if len(self.shape) == 3 else (*self.shape, 1)
        return height, width, channels


def is_npy(content: bytes) -> bool:
    return content.startswith(MARK)


def npy_shape(content: bytes) -> tuple[int, int, int]:
    """(H, W, C) from the header; UnreadableError where the file is no picture, or too short for what it promises."""
    return _header(content).picture


def npy_picture(content: bytes) -> np.ndarray[Any, Any]:
    """uint8 (H, W, C), writable; 16 bits are scaled to 8 over their whole range."""
    header = _header(content)
    height, width, channels = header.picture
    values = np.frombuffer(content, header.dtype, height * width * channels, header.start)
    picture = values.reshape(header.picture, order="F" if header.fortran else "C")
    return eight_bits(picture) if picture.dtype.itemsize > 1 else np.array(picture, order="C")


def _header(content: bytes) -> _Header:
    wide = LENGTHS.get(content[6] if len(content) > 7 else 0)
    if wide is None:
        raise UnreadableError("damaged: the header of the .npy can't be read")
    length, start = int.from_bytes(content[8 : 8 + wide], "little"), 8 + wide
    if length > MOST_HEADER_BYTES:
        raise UnreadableError(f"damaged: a .npy header of {length:,} bytes; at most {MOST_HEADER_BYTES:,} are read")
    found = HEADER.fullmatch(content[start : start + length])
    sides = re.findall(rb"\d+", found[3]) if found else []
    if found is None or any(len(side) > MOST_DIGITS for side in sides):
        raise UnreadableError(f"no plain array of numbers; {ACCEPTED}")
    said = found[1].decode("latin-1")
    shape = tuple(map(int, sides))
    if "O" in said:
        raise UnreadableError(f"an array of Python objects, which is never read, since it can run code; {ACCEPTED}")
    if said not in DTYPES or len(shape) not in (2, 3):
        raise UnreadableError(f"an array of {said} and shape {shape}; {ACCEPTED}")
    header = _Header(dtype=DTYPES[said], shape=shape, fortran=found[2] == b"True", start=start + length)
    _check(header, len(content) - header.start)
    return header


def _check(header: _Header, there: int) -> None:
    """Raise UnreadableError where the promised picture is too large, turned, or not whole."""
    height, width, channels = header.picture
    check_size(width, height, channels)
    if channels_stand_first(header.picture):
        raise UnreadableError(f"shape {header.shape}: its channels stand first; save array.transpose(1, 2, 0)")
    promised = height * width * channels * np.dtype(header.dtype).itemsize
    if there < promised:
        raise UnreadableError(f"truncated: {there:,} of the {promised:,} bytes that its header promises")
