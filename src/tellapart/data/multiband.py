"""TIFF pictures of more bands than the common decoder knows, read by tifffile: satellites, microscopes, spectra."""

import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import numpy as np

from tellapart.data.depth import bits_of, eight_bits
from tellapart.data.sources.limits import check_size
from tellapart.errors import UnreadableError

MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF begins: small or big endian, and the large kind of both."""
MOST_TAGS = 4096
BITS, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA = 258, 262, 277, 284, 338
"""Numbers of the tags that tell such a picture from a common one."""
GREYS, ALPHAS, APART = (0, 1), (1, 2), 2
"""Photometric values of grey pictures, extra samples that are alpha, planar configuration of a plane for each band."""
PLAIN, LZW, DEFLATES, PACKBITS = 1, 5, (8, 32946), 32773
"""Compressions that are read."""
ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OSError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,
    MemoryError,
    RecursionError,
    AssertionError,
    struct.error,
    zlib.error,
)
"""What tifffile raises on damaged files, found by cutting and flipping their bytes."""

Array = np.ndarray[Any, Any]


def is_multiband(content: bytes) -> bool:
    """Whether a file is a TIFF that the common decoder would refuse, cut down to three bands, or mistake."""
    if not content.startswith(MARKS):
        return False
    tags = _first_numbers(content)
    samples = tags.get(SAMPLES, 1)
    bands = tags.get(PHOTOMETRIC) in GREYS and not (samples == 2 and tags.get(EXTRA) in ALPHAS)
    return samples > 4 or (samples > 1 and (bands or (tags.get(PLANAR) == APART and tags.get(BITS, 8) > 8)))


def multiband_shape(content: bytes) -> tuple[int, int, int]:
    """(H, W, C) from the header; UnreadableError where it is too large or of a kind that is not read."""
    with _page(content) as page:
        return _shape(page)


def multiband_picture(content: bytes) -> Array:
    """uint8 (H, W, C), writable; more than 8 bits are scaled to 8 over their whole range. It is not turned."""
    with _page(content) as page:
        shape = _shape(page)
        _check_segments(content, page)
        values = page.asarray(maxworkers=1)
        if page.planarconfig == APART:
            values = np.moveaxis(values, 0, -1)
        values = np.ascontiguousarray(values.reshape(shape))
        if values.dtype == np.uint8:
            return values if values.flags.writeable else values.copy()
        tags = {tag.code: tag.value for tag in page.tags if tag.code in (BITS, 281)}
        return eight_bits(values, bits_of(tags, int(values.max())))


@contextmanager
def _page(content: bytes) -> Iterator[Any]:
    """The first page of the file; whatever goes wrong with it is an UnreadableError of one line."""
    if find_spec("tifffile") is None:
        raise UnreadableError("a TIFF of many bands; to read it: pip install 'tellapart[tiff]'")
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # it would print what becomes an issue here
    try:
        with tifffile.TiffFile(BytesIO(content)) as file:
            yield file.pages.first
    except UnreadableError:
        raise
    except MemoryError:
        raise UnreadableError("decoding it takes more memory than there is") from None
    except (*ERRORS, tifffile.TiffFileError) as error:
        raise UnreadableError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from None


def _shape(page: Any) -> tuple[int, int, int]:
    """(H, W, C), looked at before anything is decoded."""
    height, width, channels = int(page.imagelength), int(page.imagewidth), int(page.samplesperpixel)
    check_size(width, height, channels)
    if page.imagedepth != 1 or page.dtype is None or page.dtype.str[1:] not in ("u1", "u2"):
        kind = f"{page.imagedepth} planes of depth" if page.imagedepth != 1 else f"numbers of type {page.dtype}"
        raise UnreadableError(f"{kind}; a TIFF of many bands is read where they are uint8 or uint16")
    if page.is_tiled:
        check_size(int(page.tilewidth), int(page.tilelength), channels)
    return height, width, channels


def _check_segments(content: bytes, page: Any) -> None:
    """Raise UnreadableError where a strip or tile unpacks to more than it may hold, or needs what is not there."""
    compression = int(page.compression)
    if compression == LZW and find_spec("imagecodecs") is None:
        raise UnreadableError("packed by LZW: pip install imagecodecs, or save it plain or packed by DEFLATE")
    if compression not in (PLAIN, LZW, *DEFLATES, PACKBITS):
        raise UnreadableError(f"packed by method {compression}; plain, DEFLATE, PackBits and LZW are read")
    most = int(np.prod(page.chunks, dtype=object)) * page.dtype.itemsize
    pieces = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if sum(size for _, size in pieces) > 2 * len(content):
        raise UnreadableError("damaged: its strips hold more than the file does")
    if compression in DEFLATES:
        for start, size in pieces:
            if len(zlib.decompressobj().decompress(content[start : start + size], most + 1)) > most:
                raise UnreadableError(f"a strip or tile that unpacks to more than its {most:,} bytes")


def first_tags(content: bytes) -> Iterator[tuple[int, str | None, int, int]]:
    """Of each tag on the first page: its number, how its whole numbers are packed, how many, and where they are.

    Packed as `struct` writes it, None where they are no whole numbers; it ends where the header can't be read.
    """
    order = "<" if content[:2] == b"II" else ">"
    large = content[2:4] in (b"+\0", b"\0+")
    at_first, count_of, entry = ("Q", "Q", f"{order}HHQ") if large else ("L", "H", f"{order}HHL")
    try:
        (at,) = struct.unpack_from(order + at_first, content, 8 if large else 4)
        (count,) = struct.unpack_from(order + count_of, content, at)
        at += struct.calcsize("=" + count_of)
        step, room = (20, 8) if large else (12, 4)
        for place in range(at, at + step * min(count, MOST_TAGS), step):
            code, kind, many = struct.unpack_from(entry, content, place)
            form = {1: "B", 3: "H", 4: "L"}.get(kind)
            value = place + step - room
            if form and many * struct.calcsize("=" + form) > room:
                (value,) = struct.unpack_from(order + at_first, content, value)
            yield code, form and order + form, many, value
    except (struct.error, OverflowError):
        pass


def _first_numbers(content: bytes) -> dict[int, int]:
    """The first number of each tag of whole numbers on the first page; empty where the header can't be read."""
    numbers: dict[int, int] = {}
    with suppress(struct.error, OverflowError):
        for code, form, many, at in first_tags(content):
            if form and many:
                (numbers[code],) = struct.unpack_from(form, content, at)
    return numbers
