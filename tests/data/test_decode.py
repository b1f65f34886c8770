"""The one decoder: what it makes of each kind of picture, and what it says of files that are none."""

import io
import os
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tellapart.config import DataConfig
from tellapart.data import decode as decoder
from tellapart.data.decode import decode, peek, picture_of, read_file
from tellapart.data.items import values_of
from tellapart.data.keeping import decoded
from tellapart.data.resize import Form, fit_picture, picture_in
from tellapart.data.sources.folder import FolderSource
from tellapart.errors import UnreadableError
from tellapart.types import DataSpec, Fit

ORIENTATION = 274
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I;16B", "I", "F")
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")


def picture(height: int = 5, width: int = 7, mode: str = "RGB") -> Image.Image:
    """A picture whose pixels all differ, in a mode."""
    ramp = np.arange(height * width, dtype=np.uint16).reshape(height, width)
    if mode in ("I;16", "I;16B"):
        order = ">u2" if mode == "I;16B" else "<u2"
        return Image.frombytes(mode, (width, height), (ramp * 1000).astype(order).tobytes())
    if mode == "I":
        return Image.fromarray(ramp.astype(np.int32) * 1000)
    if mode == "F":
        return Image.fromarray(ramp.astype(np.float32) / 100)
    colour = Image.fromarray(np.stack([ramp * 5, 255 - ramp * 5, ramp * 3], 2).astype(np.uint8))
    if mode == "PA":
        return colour.convert("RGBA").convert("PA")
    return colour.convert(mode)


def saved(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def turned_by(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def matrix() -> dict[str, bytes]:
    """Every combination of format, mode and orientation that Pillow can write."""
    files = {}
    for form, mode, orientation in product(FORMATS, MODES, (1, 3, 6)):
        try:
            files[f"{form}-{mode}-{orientation}"] = saved(picture(mode=mode), form, exif=turned_by(orientation))
        except (OSError, ValueError, KeyError):
            continue
    return files


FILES = matrix()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *chunks: bytes) -> bytes:
    """A 1-bit grey PNG of any size, with whatever chunks behind its header."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks) + png_chunk(b"IEND", b"")


def cause_of(content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        decode(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def outcome(content: bytes) -> np.ndarray | str:
    """The pixels, or the cause why there are none."""
    try:
        return decode(content)
    except UnreadableError as error:
        return str(error)


def test_the_matrix_covers_every_format_and_nearly_every_mode() -> None:
    assert len(FILES) > 90
    assert {name.split("-")[0] for name in FILES} == set(FORMATS)
    assert {name.split("-")[1] for name in FILES} >= set(MODES) - {"PA", "I;16B"}


@pytest.mark.parametrize("name", FILES)
def test_the_header_tells_the_shape_that_is_decoded(name: str) -> None:
    decoded = decode(FILES[name])
    assert decoded.dtype == np.uint8
    assert decoded.flags.writeable
    assert peek(FILES[name]) == decoded.shape


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("-6") and name[:3] not in ("BMP", "GIF")])
def test_a_turned_picture_stands_upright(name: str) -> None:
    assert decode(FILES[name]).shape[:2] == (7, 5)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_exif_orientation_is_undone(form: str, orientation: int) -> None:
    upright = np.asarray(picture())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    content = saved(Image.fromarray(np.ascontiguousarray(stored)), form, exif=turned_by(orientation))
    assert np.array_equal(decode(content), upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    assert decode(saved(picture(), "JPEG", exif=turned_by(orientation))).shape == (5, 7, 3)


def test_damaged_exif_does_not_cost_the_picture() -> None:
    assert decode(saved(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")).shape == (5, 7, 3)


def test_the_exif_of_a_png_counts_where_it_stands_behind_the_pixels() -> None:
    content = saved(picture())
    end = content.index(b"IEND") - 4
    late = content[:end] + png_chunk(b"eXIf", turned_by(6).tobytes()[6:]) + content[end:]
    assert peek(late) == decode(late).shape == (7, 5, 3)


def test_transparent_pixels_become_white_and_opaque_ones_stay() -> None:
    image = Image.new("RGBA", (2, 1), (10, 20, 30, 255))
    image.putpixel((1, 0), (10, 20, 30, 0))
    assert decode(saved(image)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_half_transparent_black_becomes_middle_grey() -> None:
    assert decode(saved(Image.new("LA", (1, 1), (0, 128)))).tolist() == [[[127]]]


def test_the_transparent_colour_of_a_palette_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    for transparency in (0, b"\x00\xff"):
        content = saved(image, transparency=transparency)
        assert decode(content).tolist() == [[[255, 255, 255], [0, 0, 200]]]


@pytest.mark.parametrize("mode", ["L", "1", "I;16"])
def test_the_transparent_shade_of_a_grey_picture_becomes_white(mode: str) -> None:
    assert decode(saved(Image.new(mode, (1, 1), 0), transparency=0)).tolist() == [[[255]]]


def test_a_palette_of_greys_gives_one_channel() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([9, 9, 9, 40, 40, 40])
    image.putpixel((1, 0), 1)
    assert decode(saved(image)).tolist() == [[[9], [40]]]
    assert peek(saved(image)) == (1, 2, 1)


def test_a_palette_of_colours_gives_three_channels() -> None:
    assert decode(FILES["GIF-P-1"]).shape == peek(FILES["GIF-P-1"]) == (5, 7, 3)


def test_black_and_white_becomes_0_and_255() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert decode(saved(image)).tolist() == [[[0], [255]]]


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_16_bits_are_scaled_over_their_full_range(dtype: str) -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    image = Image.frombytes("I;16" if dtype == "<u2" else "I;16B", (6, 1), values.astype(dtype).tobytes())
    assert decode(saved(image, "TIFF"))[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_32_bit_numbers_are_scaled_as_16_bits_where_they_fit() -> None:
    assert decode(saved(Image.fromarray(np.array([[0, 65535]], np.int32)), "TIFF"))[0, :, 0].tolist() == [0, 255]


def test_32_bit_numbers_above_16_bits_are_refused() -> None:
    assert "0 to 65535" in cause_of(saved(Image.fromarray(np.array([[0, 65536]], np.int32)), "TIFF"))


def test_floats_between_0_and_1_are_scaled() -> None:
    content = saved(Image.fromarray(np.array([[0, 0.5, 1]], np.float32)), "TIFF")
    assert decode(content)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("value", [255.0, -0.1, np.nan, np.inf])
def test_other_floats_are_refused(value: float) -> None:
    assert "only 0 to 1" in cause_of(saved(Image.fromarray(np.array([[0, value]], np.float32)), "TIFF"))


def test_inverted_cmyk_of_adobe_keeps_its_colours() -> None:
    red = Image.new("RGB", (16, 16), (220, 30, 40))
    decoded = decode(saved(red.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(decoded.astype(int) - [220, 30, 40]).max() < 12


def test_only_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    for form in ("GIF", "PNG", "WEBP"):
        content = saved(frames[0], form, save_all=True, append_images=frames[1:], lossless=True)
        assert decode(content)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_cut_anywhere_is_refused_or_whole(form: str) -> None:
    whole = saved(picture(40, 30), form)
    ends = {*range(min(64, len(whole))), *range(0, len(whole), 97), *range(len(whole) - 20, len(whole))}
    outcomes = [outcome(whole[:end]) for end in ends]
    assert any(isinstance(found, str) for found in outcomes)
    assert all(isinstance(found, str) or np.array_equal(found, decode(whole)) for found in outcomes)


def test_a_truncated_jpeg_is_named_with_its_cause() -> None:
    content = saved(picture(200, 200), "JPEG")
    assert cause_of(content[: len(content) // 2]).startswith("truncated")


@pytest.mark.parametrize("form", FORMATS)
def test_a_flipped_byte_raises_nothing_but_the_one_error(form: str) -> None:
    whole = saved(picture(), form)
    flipped = (whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :] for at in range(0, len(whole), 3))
    assert all("\n" not in found for content in flipped if isinstance(found := outcome(content), str))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (b"\xff", "not a picture"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- made -->\n<svg></svg>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "EPS"),
        (b"8BPS\0\1" + bytes(20), "Photoshop"),
        (b"\0\0\0\x1cftypheic" + bytes(20), "HEIC"),
        (b"PK\x03\x04" + bytes(40), "zip"),
        (bytes(5000), "zero bytes"),
        (b"P6 1 1 255\n\0\0\0", "JPEG, PNG, WebP"),
        (b"plain text", "not a picture"),
    ],
)
def test_a_file_that_is_no_picture_is_called_what_it_is(content: bytes, words: str) -> None:
    assert words in cause_of(content)
    with pytest.raises(UnreadableError, match=words):
        peek(content)


@pytest.mark.parametrize("size", [(12_000, 10_000), (65_535, 65_535), (100_000_001, 1)])
def test_a_header_that_promises_too_many_pixels_is_refused_before_decoding(size: tuple[int, int]) -> None:
    cause = cause_of(png_of(*size))
    assert f"{size[0] * size[1]:,}" in cause
    assert "at most 100,000,000" in cause


def test_between_pillows_limit_and_ours_nothing_is_warned_of() -> None:
    assert peek(png_of(9_990, 10_000)) == (10_000, 9_990, 1)


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    content = saved(picture(16, 16), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    slow = content[:last] + content[last:-2] * 1000 + content[-2:]
    assert "200 scans" in cause_of(slow)


def test_a_sequential_jpeg_of_thousands_of_scans_is_refused_where_they_would_be_read() -> None:
    content = saved(picture(16, 16), "JPEG")
    first = content.index(b"\xff\xda")
    one_colour = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(4)
    assert "200 scans" in cause_of(content[:first] + one_colour * 1000 + content[-2:])
    assert decode(content + one_colour * 1000).shape == (16, 16, 3)  # behind all that is read


def test_a_colour_profile_that_looks_like_scans_is_no_scan() -> None:
    assert decode(saved(picture(), "JPEG", icc_profile=b"\xff\xda" * 5000)).shape == (5, 7, 3)


def test_a_picture_with_an_archive_behind_it_is_still_a_picture() -> None:
    assert decode(saved(picture()) + b"PK\x03\x04" + bytes(500)).shape == (5, 7, 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 65_535), (65_535, 1)])
def test_extreme_shapes_decode(size: tuple[int, int]) -> None:
    assert decode(saved(Image.new("L", size))).shape == (size[1], size[0], 1)


def test_a_header_is_enough_to_peek() -> None:
    content = saved(picture(300, 200), "PNG")
    assert peek(content[:60]) == (300, 200, 3)


def test_pillow_warns_in_no_thread() -> None:
    image = picture(mode="P")
    content = saved(image, transparency=b"\x80" * 8)
    pixels = content.index(b"IDAT") - 4
    content = content[:pixels] + png_chunk(b"acTL", bytes(8)) + content[pixels:]
    with ThreadPoolExecutor(4) as pool:
        shapes = {decoded.shape for decoded in pool.map(decode, [content] * 200)}
    assert shapes == {(5, 7, 3)}


def test_a_picture_that_fits_is_not_copied() -> None:
    decoded = decode(saved(picture()))
    assert fit_picture(decoded, 5, 7, 3, "crop") is decoded


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 1), (500, 1, 3), (33, 70, 3), (8, 8, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_picture_is_brought_to_any_shape(fit: str, shape: tuple[int, int, int], channels: int) -> None:
    fitted = fit_picture(np.full(shape, 77, np.uint8), 9, 12, channels, fit)  # type: ignore[arg-type]
    assert fitted.shape == (9, 12, channels)
    assert fitted.dtype == np.uint8
    assert (fitted == 77).all()


def test_stretch_averages_what_it_shrinks() -> None:
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None]
    assert abs(fit_picture(board, 4, 4, 1, "stretch").astype(int) - 127).max() <= 2


def test_pad_fills_with_the_median_of_the_border() -> None:
    wide = np.full((2, 8, 3), (10, 20, 30), np.uint8)
    wide[0, 0] = 255
    fitted = fit_picture(wide, 8, 8, 3, "pad")
    assert (fitted[:3] == (10, 20, 30)).all()
    assert (fitted[5:] == (10, 20, 30)).all()
    assert fitted[3, 0].tolist() == [255, 255, 255]


def test_crop_takes_the_centre() -> None:
    wide = np.zeros((4, 12, 1), np.uint8)
    wide[:, 4:8] = 200
    assert (fit_picture(wide, 4, 4, 1, "crop") == 200).all()


def test_grey_is_repeated_and_colour_becomes_luma() -> None:
    grey = np.full((2, 2, 1), 50, np.uint8)
    assert (fit_picture(grey, 2, 2, 3, "stretch") == 50).all()
    colour = np.full((1, 1, 3), (255, 0, 0), np.uint8)
    assert fit_picture(colour, 1, 1, 1, "stretch").item() == round(0.299 * 255)


def test_the_same_picture_comes_from_a_path_bytes_an_image_and_an_array(tmp_path: Path) -> None:
    content = saved(picture())
    (tmp_path / "a.png").write_bytes(content)
    expected = np.asarray(picture())
    for item in (tmp_path / "a.png", str(tmp_path / "a.png"), content, Image.open(io.BytesIO(content)), expected):
        assert np.array_equal(picture_of(item), expected)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("-6")])
def test_an_opened_image_is_read_as_its_file_is(name: str) -> None:
    assert np.array_equal(picture_of(Image.open(io.BytesIO(FILES[name]))), decode(FILES[name]))


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "LA", "PA", "RGBX", "RGBa", "La", "I;16"]
)
def test_an_image_of_any_mode_is_a_picture(mode: str) -> None:
    assert picture_of(Image.new(mode, (3, 2))).shape[:2] == (2, 3)


def test_an_image_is_left_as_it_was() -> None:
    image = picture()
    image.getexif()[ORIENTATION] = 6
    assert picture_of(image).shape == (7, 5, 3)
    assert image.size == (7, 5)


@pytest.mark.parametrize(("shape", "channels"), [((4, 5), 1), ((4, 5, 1), 1), ((4, 5, 3), 3), ((4, 5, 4), 3)])
def test_arrays_of_each_accepted_shape_are_pictures(shape: tuple[int, ...], channels: int) -> None:
    assert picture_of(np.full(shape, 255, np.uint8)).shape == (4, 5, channels)


def test_an_array_with_alpha_is_laid_on_white() -> None:
    assert picture_of(np.array([[[9, 9, 9, 0]]], np.uint8)).tolist() == [[[255, 255, 255]]]


@pytest.mark.parametrize("shape", [(4, 5, 65), (4,), (0, 5), (1, 2, 3, 4)])
def test_an_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UnreadableError, match=r"shape|pixels|channels"):
        picture_of(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("item", [np.zeros((4, 5)), 7, None, ["a"]], ids=["floats", "number", "none", "list"])
def test_anything_else_is_refused(item: object) -> None:
    with pytest.raises(UnreadableError, match=r"\(H, W\)"):
        picture_of(item)


def test_a_missing_path_is_told() -> None:
    with pytest.raises(UnreadableError, match="no such file"):
        picture_of("no/such/picture.jpg")


def test_a_path_with_a_null_byte_is_told() -> None:
    with pytest.raises(UnreadableError, match="null"):
        picture_of("a\0b.jpg")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="a folder"):
        picture_of(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.jpg")
    causes: list[str] = []

    def read() -> None:
        try:
            read_file(tmp_path / "x.jpg")
        except UnreadableError as error:
            causes.append(str(error))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout=5)
    assert causes == ["a pipe, socket or device, not a file"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MAX_BYTES", 10)
    (tmp_path / "a.jpg").write_bytes(bytes(11))
    with pytest.raises(UnreadableError, match="at most 10"):
        read_file(tmp_path / "a.jpg")


def test_real_photos_decode_to_the_shape_their_headers_tell(shared_data: Path) -> None:
    paths = sorted((shared_data / "hymenoptera" / "val" / "bees").glob("*.jpg"))
    assert paths
    for path in paths[:8]:
        content = path.read_bytes()
        assert peek(content) == decode(content).shape


# ---- at the size that it is for


def photo(width: int, height: int, **options: object) -> bytes:
    """A smooth picture as JPEG."""
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([255 * x / width, 255 * y / height, 128 + 100 * np.sin(x / 40)], 2).astype(np.uint8)
    return saved(Image.fromarray(pixels), "JPEG", quality=90, **options)


@pytest.mark.parametrize(
    ("room", "shape"),
    [((128, 128), (188, 250, 3)), ((187, 250), (188, 250, 3)), ((188, 250), (375, 500, 3)), ((93, 94), (94, 125, 3)),
     ((10, 10), (47, 63, 3)), ((800, 800), (375, 500, 3))],
)  # fmt: skip
def test_a_jpeg_is_decoded_no_smaller_than_it_is_for(room: tuple[int, int], shape: tuple[int, ...]) -> None:
    assert decode(photo(500, 375), room).shape == shape


def test_a_turned_jpeg_is_decoded_no_smaller_than_it_is_for_either() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # a quarter turn: 500 wide becomes 500 high
    assert decode(photo(500, 375, exif=exif.tobytes()), (250, 100)).shape == (250, 188, 3)
    assert decode(photo(500, 375, exif=exif.tobytes()), (100, 250)).shape == (500, 375, 3)


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_decoding_at_a_smaller_size_changes_the_picture_that_is_learned_from_by_little(fit: Fit) -> None:
    content = photo(500, 375)
    small, whole = (fit_picture(decode(content, room), 64, 64, 3, fit).astype(int) for room in ((64, 64), None))
    assert np.abs(small - whole).mean() < 2


def test_other_formats_are_decoded_whole_whatever_they_are_for() -> None:
    assert decode(saved(Image.new("RGB", (500, 375)), "PNG"), (10, 10)).shape == (375, 500, 3)


def test_what_is_predicted_is_decoded_as_what_was_learned_from(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(photo(500, 375))
    spec = DataSpec(kind="image", shape=(3, 40, 60), classes=("a", "b"), mean=(0.0,) * 3, std=(1.0,) * 3, fit="crop")
    source = FolderSource(tmp_path)
    ((_, learned),) = decoded(source, source.entries()[0], (40, 60, 3), DataConfig(fit="crop"))
    (predicted,) = values_of([tmp_path / "a" / "1.jpg"], spec)
    assert np.array_equal(np.asarray(learned), np.asarray(predicted))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_a_file_brought_to_a_form_is_what_fitting_its_pixels_gives(name: str, fit: Fit) -> None:
    for channels in (1, 3):
        form = Form(height=4, width=9, channels=channels, fit=fit)
        fitted = fit_picture(decode(FILES[name], (4, 9)), *form.shape, fit)
        assert np.array_equal(picture_in(FILES[name], form), fitted)
