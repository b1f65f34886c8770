"""What a picture may ask for beside its pixels, which are capped: scans, marks, blocks, profiles, strips.

Each costs little and may stand in a file by the million, or is a pass over all the pixels. What is beyond a bound is
refused with an UnreadableError that names it.
"""

import io
import re

from PIL import ImageFile

from tellapart.data.multiband import first_tags
from tellapart.data.sources.limits import MAX_PIXELS
from tellapart.errors import UnreadableError

MOST_READS = 50_000
"""Pieces of a file that its header is read in: a mark of a JPEG takes four, a block of a PNG three."""
MOST_READS_OF_PIXELS = 400_000
"""The same for its pixels: a PNG of 100 million in 16-bit colour, as libpng cuts it, takes 300,000."""
MOST_SEGMENTS = 10_000
"""Of a JPEG, scans and tables among them."""
MAX_SCANS = 200
"""Scans of a JPEG, of which ten are plenty."""
MOST_SCANNED = 20 * MAX_PIXELS
"""Scans times pixels of a JPEG: each scan is a pass over them."""
MOST_HEADER_BYTES, MOST_EXIF_SEGMENTS = 1 << 25, 100
"""Of a JPEG before its first scan: a colour profile takes up to 16 MB; EXIF segments are joined one by one."""
MOST_PROFILES = 16
"""Colour profiles in a PNG, of which one counts; each may unpack to a megabyte."""
MOST_RUN_PIXELS = 16_000_000
"""Of a BMP packed by run lengths, which Pillow unpacks in Python."""
MOST_STRIPS = 100_000
"""Strips or tiles of a TIFF: one for each row, and more."""

PLACES = (273, 279, 324, 325)
"""TIFF tags of where strips and tiles lie, and how long each is."""
EXIF_SEGMENT, EXIF_MARK = 0xE1, b"Exif\0\0"
SEQUENTIAL_FRAMES, FRAMES = (0xC0, 0xC1), (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD, 0xCE, 0xCF)
END_OF_IMAGE, START_OF_SCAN = 0xD9, 0xDA
JPEG_SEGMENT = re.compile(rb"\xff[^\x00\x01\xff\xc8\xd0-\xd8\xf0-\xfd]")
"""A mark that a segment with its length follows; Pillow reads the others as marks alone."""


class MeteredBytes(io.BytesIO):
    """The bytes of a file; UnreadableError where they are read in more than `left` pieces."""

    left = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise UnreadableError("made of too many small pieces, which would be slow to read; save it anew")
        return super().read(size)


def check_jpeg(jpeg: bytes) -> None:
    """Raise UnreadableError where a JPEG has too much before its first scan, or too many scans that are read.

    Where the first scan of a sequential file has all the colours, as nearly always, the library reads no other.
    """
    segments, scans, exif, pixels, position = 0, 0, 0, 0, 2
    colours = None
    while segment := JPEG_SEGMENT.search(jpeg, position, len(jpeg) if scans else position + MOST_READS):
        code, position = segment[0][1], segment.end()
        segments += 1
        if code == END_OF_IMAGE:
            if scans or segments > MOST_SEGMENTS:
                return
            continue  # Pillow reads on, and its pieces are counted
        if code in FRAMES:
            height, width = jpeg[position + 3 : position + 5], jpeg[position + 5 : position + 7]
            pixels = int.from_bytes(height, "big") * int.from_bytes(width, "big")
            colours = jpeg[position + 7 : position + 8] if code in SEQUENTIAL_FRAMES else None
        elif code == EXIF_SEGMENT:
            exif += jpeg.startswith(EXIF_MARK, position + 2)
        elif code == START_OF_SCAN:
            if scans == 0 and jpeg[position + 2 : position + 3] == colours:
                return
            scans += 1
        position += int.from_bytes(jpeg[position : position + 2], "big")
        if segments > MOST_SEGMENTS:
            raise UnreadableError(f"a JPEG of more than {MOST_SEGMENTS:,} segments, made to be slow")
        if exif > MOST_EXIF_SEGMENTS:
            raise UnreadableError(f"a JPEG of more than {MOST_EXIF_SEGMENTS} EXIF segments, made to be slow")
        if not scans and position > MOST_HEADER_BYTES:
            raise UnreadableError(f"a JPEG of more than {MOST_HEADER_BYTES:,} bytes before its pixels")
        if scans > MAX_SCANS:
            raise UnreadableError(f"a JPEG of more than {MAX_SCANS} scans, made to be slow")
        if scans * pixels > MOST_SCANNED:
            most = MOST_SCANNED // pixels
            raise UnreadableError(f"a JPEG of {pixels:,} pixels and more than {most} scans, made to be slow")


def check_png(png: bytes) -> None:
    """Raise UnreadableError where a PNG has too many colour profiles."""
    if png.count(b"iCCP") > MOST_PROFILES:
        raise UnreadableError(f"a PNG of more than {MOST_PROFILES} colour profiles, made to be slow")


def check_tiff(tiff: bytes) -> None:
    """Raise UnreadableError where a TIFF has too many strips or tiles."""
    strips = max((count for code, _, count, _ in first_tags(tiff) if code in PLACES), default=0)
    if strips > MOST_STRIPS:
        raise UnreadableError(f"a TIFF of {strips:,} strips; at most {MOST_STRIPS:,} are decoded. Save it anew.")


def check_opened(image: ImageFile.ImageFile) -> None:
    """Raise UnreadableError where a BMP is packed so that its pixels are slow to unpack."""
    pixels = image.width * image.height
    if pixels > MOST_RUN_PIXELS and image.tile and image.tile[0].codec_name == "bmp_rle":
        raise UnreadableError(
            f"a BMP of {pixels:,} pixels packed by run lengths; at most {MOST_RUN_PIXELS:,} are decoded. "
            "Save it as PNG."
        )
