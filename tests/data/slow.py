"""Pictures made to be slow: each small, each of a few pixels, and each a long work for a decoder without bounds."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tellapart.data.bounds import JPEG_SEGMENT


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A block of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with(chunks: bytes, behind: bytes = b"") -> bytes:
    """A PNG of 8 x 8 pixels with blocks before its pixels, and behind them."""
    content = saved(Image.new("RGB", (8, 8)), "PNG")
    return content[:33] + chunks + content[33:-12] + behind + content[-12:]


def png_of_pieces(pieces: int) -> bytes:
    """A PNG whose pixels come in so many blocks of a byte and none."""
    packed = zlib.compress(bytes(200 * 601), 0)
    parts = [packed[place : place + 1] for place in range(len(packed))]
    parts[1:1] = [b""] * (pieces - len(parts))
    header = struct.pack(">IIBBBBB", 200, 200, 8, 2, 0, 0, 0)
    blocks = b"".join(chunk(b"IDAT", part) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + blocks + chunk(b"IEND", b"")


def jpeg_with(segments: bytes) -> bytes:
    """A JPEG of 8 x 8 pixels with this before all else."""
    content = saved(Image.new("L", (8, 8)), "JPEG")
    return content[:2] + segments + content[2:]


def segment(code: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, code)) + struct.pack(">H", len(content) + 2) + content


def jpeg_of_scans(width: int, height: int, extra: int) -> bytes:
    """A progressive JPEG of grey pixels whose last scan comes so many times more."""
    content = saved(Image.new("L", (width, height), 128), "JPEG", progressive=True, quality=50)
    last, position = 0, 2
    while (found := JPEG_SEGMENT.search(content, position)) and found[0] != b"\xff\xd9":
        last, position = found.start(), found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
    return content[:-2] + content[last:-2] * extra + content[-2:]


def gif_with(extensions: bytes) -> bytes:
    """A GIF of 8 x 8 pixels with this before them."""
    content = saved(Image.new("P", (8, 8)), "GIF")
    place = content.rindex(b",")
    return content[:place] + extensions + content[place:]


def bmp_of_runs(width: int, height: int) -> bytes:
    """A BMP of runs of one pixel, cut behind the first rows."""
    start = 14 + 40 + 1024
    runs = b"\1\0" * width + b"\0\0"
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + info + bytes(1024) + runs


def tiff_of_strips(count: int, compression: int = 1) -> bytes:
    """A TIFF of one column whose rows are a strip each, all of them the same byte."""
    offsets = 8 + 2 + 9 * 12 + 4
    last = offsets + 8 * count
    one = struct.pack("<L", 1) * count
    tags = [(256, 4, 1, 1), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1)]
    tags += [(273, 4, count, offsets), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, offsets + 4 * count)]
    directory = struct.pack("<H", 9) + b"".join(struct.pack("<HHLL", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<L", 8) + directory + struct.pack("<L", last) * count + one + b"\x07"


SLOW: dict[str, tuple[Callable[[], bytes], str]] = {
    "JPEG, scans": (lambda: jpeg_of_scans(16, 16, 10_000), "200 scans"),
    "JPEG, scans of many pixels": (lambda: jpeg_of_scans(4000, 4000, 130), "16,000,000 pixels and more than 125 scans"),
    "JPEG, empty segments": (lambda: jpeg_with(segment(0xE5, b"") * 100_000), "10,000 segments"),
    "JPEG, comments": (lambda: jpeg_with(segment(0xFE, b"ab") * 100_000), "10,000 segments"),
    "JPEG, EXIF that is joined": (lambda: jpeg_with(segment(0xE1, b"Exif\0\0" + bytes(20)) * 1000), "100 EXIF"),
    "JPEG, EXIF behind a false end": (
        lambda: jpeg_with(b"\xff\xd9" + segment(0xE1, b"Exif\0\0" + bytes(20)) * 1000),
        "100 EXIF",
    ),
    "JPEG, EXIF in what is no segment": (
        lambda: jpeg_with(b"\xff\xf0" + (65_000).to_bytes(2, "big") + segment(0xE1, b"Exif\0\0" + bytes(20)) * 1000),
        "100 EXIF",
    ),
    "JPEG, a long header": (lambda: jpeg_with(segment(0xE5, bytes(65_000)) * 600), "33,554,432 bytes before"),
    "JPEG, filled up": (lambda: jpeg_with(b"\xff" * 1_000_000), "small pieces"),
    "JPEG, junk": (lambda: jpeg_with(segment(0xE5, b"") + b"\0" * 1_000_000), "small pieces"),
    "JPEG, ends": (lambda: jpeg_with(b"\xff\xd9" * 1_000_000), "small pieces"),
    "PNG, empty blocks": (lambda: png_with(chunk(b"teSt", b"") * 50_000), "small pieces"),
    "PNG, empty blocks behind": (lambda: png_with(b"", chunk(b"teSt", b"") * 220_000), "small pieces"),
    "PNG, texts": (lambda: png_with(chunk(b"tEXt", b"a\0b") * 50_000), "small pieces"),
    "PNG, packed texts": (
        lambda: png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 200),
        "Too much memory used in text",
    ),
    "PNG, colour profiles": (
        lambda: png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 200),
        "16 colour profiles",
    ),
    "PNG, pixels in small blocks": (lambda: png_of_pieces(150_000), "small pieces"),
    "GIF, comments": (lambda: gif_with(b"!\xfe\1a\0" * 50_000), "small pieces"),
    "GIF, a comment in small blocks": (lambda: gif_with(b"!\xfe" + b"\1a" * 50_000 + b"\0"), "small pieces"),
    "BMP, runs": (lambda: bmp_of_runs(5000, 4000), "20,000,000 pixels packed by run lengths"),
    "TIFF, strips": (lambda: tiff_of_strips(200_000), "200,000 strips"),
    "TIFF, packed strips": (lambda: tiff_of_strips(200_000, compression=8), "200,000 strips"),
    "TIFF, tags": (
        lambda: b"II*\0" + struct.pack("<LH", 8, 60_000) + struct.pack("<HHLL", 1000, 1, 50, 8) * 60_000 + bytes(99),
        "small pieces",
    ),
}
"""What is slow -> the file, and words of the cause that is told."""
