"""The one decoder: bytes in, uint8 (H, W, C) out. Training, evaluation, serving and export all use it.

What a file hides is brought into the open: the EXIF turn is applied, transparency is laid on white, 16 bits are scaled
to 8 over their whole range. Colour profiles are ignored. C is 1 or 3, but for .npy and TIFF files of other bands.
"""

import re
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from tellapart.data.bounds import MOST_READS_OF_PIXELS, MeteredBytes, check_jpeg, check_opened, check_png, check_tiff
from tellapart.data.depth import eight_bits, scaled
from tellapart.data.multiband import MARKS as TIFF_MARKS
from tellapart.data.multiband import is_multiband, multiband_picture, multiband_shape
from tellapart.data.npy import is_npy, npy_picture, npy_shape
from tellapart.data.sources.limits import MAX_PIXELS, check_size
from tellapart.data.traits import Traits, marks_of, mode_of
from tellapart.errors import UnreadableError

Picture = np.ndarray[Any, Any]
"""uint8 (H, W, C) with C 1 or 3 for what people look at, any up to 64 for other bands."""

MAX_BYTES = 1_000_000_000
"""A larger file is not read."""
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
ACCEPTED = "JPEG, PNG, WebP, BMP, GIF, TIFF and .npy are read"

PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow raises on damaged files, found by cutting and flipping their bytes."""

IMPOSTORS = (
    (rb"\s*version https://git-lfs", "a Git LFS pointer in the picture's place; `git lfs pull` fetches the picture"),
    (rb"(?i)\s*(<!doctype html|<html|<head|<body)", "an HTML page saved as a picture; download the picture itself"),
    (rb"(?is)\s*<(\?xml|svg|!--).*<svg|\s*<svg", "an SVG drawing; export it as PNG"),
    (rb"%PDF", "a PDF document; export its pictures as PNG"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "an EPS or PostScript drawing; export it as PNG"),
    (rb"8BPS", "a Photoshop file; export it as PNG"),
    (rb"(?s)....ftyp", f"a HEIC, AVIF or video file; {ACCEPTED}"),
    (rb"\xff\x4f\xff\x51|(?s:....jP  )", f"a JPEG 2000 file; {ACCEPTED}"),
    (rb"PK\x03\x04", "a zip archive, not a picture"),
    (rb"\x1f\x8b", "a gzip archive, not a picture"),
    (rb"\x00{64}", "nothing but zero bytes at its start; copy it again from where it came"),
    (rb"\xff\xd8|\x89PNG|RIFF....WEBP|BM|GIF8|II\*\x00|MM\x00\*", "damaged: its header can't be read"),
)
"""How a file begins -> what it is, where Pillow could not open it."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what undoes it; 5 and above swap height and width."""
JPEG_MARK, PNG_MARK = b"\xff\xd8", b"\x89PNG"
LATE_MARKS = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
"""Chunks with the orientation of a PNG; they may stand behind its pixels."""
BAND_ROWS = 256
PILLOW_WARNING = ("ignore", None, Warning, re.compile(r"PIL(\.|$)"), 0)


def decode(content: bytes, room: tuple[int, int] | None = None) -> Picture:
    """uint8 (H, W, C) of a picture file; UnreadableError says in a line what is wrong with it.

    room  height and width that it will be brought to: a JPEG of twice that and more is decoded at a half, a quarter or
          an eighth of its size, by the library's own smaller transform, and never comes out smaller than that
    """
    if is_npy(content):
        return npy_picture(content)
    if is_multiband(content):
        return multiband_picture(content)
    return as_array(decode_image(content, room))


def described(content: bytes) -> tuple[Picture, Traits]:
    """What `decode` gives, and what the file says of itself beside its pixels."""
    if of_bands(content):
        picture = decode(content)
        return picture, Traits(format="NPY" if is_npy(content) else "TIFF", mode=f"{picture.shape[2]}-band")
    with _one_line_causes():
        image = _opened(content)
        form, mode = "JPEG" if image.format == "MPO" else str(image.format), mode_of(image)
        _orientation(image, content)  # of a PNG it may stand behind the pixels
        traits = Traits(format=form, mode=mode, marks=marks_of(_exif(image)))
        image.load()
        return as_array(_normalised(image, content)), traits


def of_bands(content: bytes) -> bool:
    """Whether a file holds bands of numbers, not a picture of one or three channels to look at."""
    return is_npy(content) or is_multiband(content)


def decode_image(content: bytes, room: tuple[int, int] | None = None) -> Image.Image:
    """The same as a PIL image of mode L or RGB, of a file that is not `of_bands`."""
    with _one_line_causes():
        image = _opened(content)
        if room is not None and image.format == "JPEG":
            height, width = room if _orientation(image) < 5 else room[::-1]
            image.draft(None, (width, height))
        image.load()
        return _normalised(image, content)


def peek(content: bytes) -> tuple[int, int, int]:
    """(H, W, C) that `decode` will give, from the header alone."""
    if is_npy(content):
        return npy_shape(content)
    if is_multiband(content):
        return multiband_shape(content)
    with _one_line_causes():
        image = _opened(content)
        width, height = image.size
        swapped = getattr(image, "tag_v2", {}).get(ExifTags.Base.Orientation) in (5, 6, 7, 8)  # Pillow did, for TIFF
        if _orientation(image, content) >= 5 and not swapped:
            width, height = height, width
        return height, width, 1 if _is_grey(image) else 3


def picture_of(item: object, channels: int = 3) -> Picture:
    """uint8 (H, W, C) of a path, of a file's bytes, of a PIL image or of an array (H, W) or (H, W, C).

    channels  those that a model takes: an array of four is RGBA and laid on white, unless four are what it takes
    """
    if isinstance(item, str | Path):
        return decode(read_file(Path(item)))
    if isinstance(item, bytes | bytearray | memoryview):
        return decode(bytes(item))
    if isinstance(item, Image.Image):
        with _one_line_causes():
            check_size(*item.size)
            item.load()
            return as_array(_normalised(item))
    if isinstance(item, np.ndarray):
        return _of_array(item, channels)
    raise UnreadableError(
        f"a {type(item).__name__} is no picture; give a path, the bytes of a file, a PIL image "
        "or a uint8 array of shape (H, W) or (H, W, C)."
    )


def read_file(path: Path) -> bytes:
    """The bytes of a regular file; a pipe is never opened, since it could block for ever."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES:
            return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError("no such file") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(f"can't be read: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableError("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError("a pipe, socket or device, not a file")
    raise UnreadableError(f"{status.st_size:,} bytes; at most {MAX_BYTES:,} are read")


@contextmanager
def _one_line_causes() -> Iterator[None]:
    """Whatever Pillow raises inside becomes an UnreadableError of one line; what it warns of is not shown."""
    # catch_warnings would not do: it puts back the filters of all threads, and pictures are decoded in several.
    if PILLOW_WARNING not in warnings.filters:
        warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
    try:
        yield
    except UnreadableError:
        raise
    except Image.DecompressionBombError as error:
        pixels = int((re.findall(r"\d+", str(error)) or ["0"])[0])
        raise UnreadableError(f"its header promises {pixels:,} pixels; at most {MAX_PIXELS:,} are decoded") from None
    except MemoryError:
        raise UnreadableError("decoding it takes more memory than there is") from None
    except PILLOW_ERRORS as error:
        text = " ".join(str(error).split()) or type(error).__name__
        cut = "truncated" in text.lower() or isinstance(error, EOFError)
        raise UnreadableError(f"truncated: {text}" if cut else f"damaged: {text}") from None


def _opened(content: bytes) -> ImageFile.ImageFile:
    """The image with its header read, its size checked, and its pixels still packed."""
    if not content:
        raise UnreadableError("empty: 0 bytes")
    if content.startswith(JPEG_MARK):
        check_jpeg(content)
    elif content.startswith(PNG_MARK):
        check_png(content)
    elif content.startswith(TIFF_MARKS):
        check_tiff(content)
    metered = MeteredBytes(content)
    try:
        image = Image.open(metered, formats=FORMATS)
    except UnidentifiedImageError:
        causes = (cause for start, cause in IMPOSTORS if re.match(start, content[:1024]))
        raise UnreadableError(next(causes, f"not a picture of a known format; {ACCEPTED}")) from None
    check_size(*image.size)
    check_opened(image)
    metered.left = MOST_READS_OF_PIXELS
    return image


def _orientation(image: Image.Image, content: bytes = b"") -> int:
    """1 to 8 as EXIF or XMP have it; 1 where they are absent or damaged."""
    if image.format == "PNG" and any(mark in content for mark in LATE_MARKS):
        image.load()
    value = _exif(image).get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif(image: Image.Image) -> Image.Exif:
    """What EXIF or XMP tells; nothing where they are absent or damaged."""
    try:
        return Image.Image.getexif(image)  # PNG's own would decode all the pixels
    except PILLOW_ERRORS:
        return Image.Exif()


def _is_grey(image: Image.Image) -> bool:
    """Whether one channel holds all there is to see; a palette counts as grey where all its colours are."""
    if image.mode not in ("P", "PA"):
        return image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    if image.palette is None:
        return True
    probe = Image.new("P", (1, 1))
    probe.palette = image.palette.copy()
    probe.palette.dirty = 1
    colours = np.array(probe.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _normalised(image: Image.Image, content: bytes = b"") -> Image.Image:
    """A loaded image of any mode as one of mode L or RGB, turned as EXIF asks."""
    mode = "L" if _is_grey(image) else "RGB"
    turn = TURNS.get(_orientation(image, content))
    if turn is not None:
        image = image.transpose(turn)
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(scaled(image))
    if image.has_transparency_data:
        image = _on_white(image)
    return image if image.mode == mode else image.convert(mode)


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, what is transparent being white."""
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    for top in range(0, image.height, BAND_ROWS):  # at once, it would take two more copies of the picture
        band = image.crop((0, top, image.width, min(top + BAND_ROWS, image.height)))
        white.paste(band, (0, top), band.getchannel("A"))
    return white


def _of_array(array: np.ndarray[Any, Any], channels: int) -> Picture:
    count = array.shape[2] if array.ndim == 3 else 1
    if array.dtype not in (np.uint8, np.uint16) or array.ndim not in (2, 3):
        raise UnreadableError(
            f"an array of {array.dtype} and shape {array.shape}; give uint8 or uint16 of shape (H, W) or (H, W, C)"
        )
    check_size(array.shape[1], array.shape[0], count)
    if array.dtype != np.uint8:
        array = eight_bits(array)
    if count == 4 and channels != 4:
        return as_array(_on_white(Image.fromarray(array, "RGBA")))
    return array.reshape(*array.shape[:2], count)


def as_array(image: Image.Image) -> Picture:
    """uint8 (H, W, C), writable: torch warns of arrays that are not."""
    return np.array(image).reshape(image.height, image.width, -1)
