"""TIFF of many bands: what tifffile writes is read as it was, and what is made to do harm is refused in a line."""

import io
import struct
import zlib

import numpy as np
import pytest

from tellapart.data import multiband
from tellapart.data.decode import decode, peek
from tellapart.data.multiband import is_multiband
from tellapart.errors import UnreadableError

tifffile = pytest.importorskip("tifffile")
DRAWS = np.random.default_rng(0)


def bands(channels: int = 5, dtype: type = np.uint8, height: int = 20, width: int = 33) -> np.ndarray:
    return DRAWS.integers(0, np.iinfo(dtype).max, (height, width, channels)).astype(dtype)


def saved(array: np.ndarray, planar: str = "contig", photometric: str = "minisblack", **options: object) -> bytes:
    file = io.BytesIO()
    array = array if planar == "contig" else np.ascontiguousarray(np.moveaxis(array, -1, 0))
    tifffile.imwrite(file, array, photometric=photometric, planarconfig=planar, **options)
    return file.getvalue()


def outcome(content: bytes) -> np.ndarray | str:
    """The pixels, or the cause why there are none."""
    try:
        return decode(content)
    except UnreadableError as error:
        return str(error)


def cause_of(content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        decode(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


OPTIONS = {
    "strips": {"rowsperstrip": 3},
    "tiles": {"tile": (16, 16)},
    "deflate": {"compression": "zlib", "rowsperstrip": 4},
    "deflated tiles": {"compression": "zlib", "tile": (16, 16)},
    "big": {"bigtiff": True},
    "big endian": {"byteorder": ">"},
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("channels", [2, 4, 5, 13])
def test_bands_come_out_as_they_went_in(channels: int, planar: str, options: str) -> None:
    array = bands(channels)
    content = saved(array, planar, **OPTIONS[options])
    assert np.array_equal(decode(content), array)
    assert peek(content) == array.shape


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_16_bits_are_scaled_over_their_whole_range(planar: str) -> None:
    array = bands(4, np.uint16)
    assert np.array_equal(decode(saved(array, planar)), np.floor(array / 257 + 0.5))


def test_colours_in_planes_of_16_bits_are_not_mistaken() -> None:
    array = bands(3, np.uint16)
    assert np.array_equal(decode(saved(array, "separate", "rgb")), np.floor(array / 257 + 0.5))


def test_more_bands_behind_red_green_and_blue_are_kept() -> None:
    array = bands(5)
    assert np.array_equal(decode(saved(array, photometric="rgb")), array)


@pytest.mark.parametrize("channels", [3, 4])
def test_pictures_to_look_at_stay_with_the_common_decoder(channels: int) -> None:
    content = saved(bands(channels), photometric="rgb")
    assert not is_multiband(content)
    assert decode(content).shape[2] == 3


def test_without_tifffile_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiband, "find_spec", lambda _: None)
    assert "pip install 'tellapart[tiff]'" in cause_of(saved(bands()))


def test_floats_are_refused() -> None:
    assert "numbers of type float32" in cause_of(saved(bands().astype(np.float32)))


def test_more_than_64_bands_are_refused() -> None:
    assert "65 channels" in cause_of(saved(bands(65)))


def test_lzw_without_its_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    find = multiband.find_spec
    monkeypatch.setattr(multiband, "find_spec", lambda name: None if name == "imagecodecs" else find(name))
    assert "packed by LZW: pip install imagecodecs" in cause_of(changed(saved(bands()), 259, 5))


def test_another_compression_is_refused() -> None:
    assert "packed by method 34925" in cause_of(changed(saved(bands()), 259, 34925))


def changed(content: bytes, tag: int, value: int) -> bytes:
    """The file with another number in a tag of its first page."""
    (at,) = struct.unpack_from("<L", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    for place in range(at + 2, at + 2 + 12 * count, 12):
        code, kind, _ = struct.unpack_from("<HHL", content, place)
        if code == tag:
            width = "<H" if kind == 3 else "<L"
            return content[: place + 8] + struct.pack(width, value) + content[place + 8 + struct.calcsize(width) :]
    raise KeyError(tag)


@pytest.mark.parametrize(("tag", "value"), [(256, 65_000), (257, 60_000), (277, 60_000)])
def test_a_header_that_promises_too_much_is_refused_before_it_is_decoded(tag: int, value: int) -> None:
    content = changed(changed(saved(bands()), 256, 65_000), tag, value)
    with pytest.raises(UnreadableError):
        decode(content)


def test_a_strip_that_swells_is_refused() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    content = saved(bands(), compression="zlib", rowsperstrip=20)
    end = len(content)
    said = changed(changed(content, 273, end), 279, len(bomb)) + bomb
    assert "unpacks to more than its 3,300 bytes" in cause_of(said)


def test_a_tile_larger_than_any_picture_is_refused() -> None:
    content = saved(bands(), tile=(16, 16))
    assert "pixels" in cause_of(changed(changed(content, 322, 65_520), 323, 65_520))


def test_a_file_cut_or_changed_anywhere_is_a_picture_or_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    files, draws = [], np.random.default_rng(1)
    for options in ({}, {"compression": "zlib", "rowsperstrip": 2}, {"tile": (16, 16)}):
        content = saved(bands(height=6, width=7), **options)
        files += [content[:cut] for cut in range(0, len(content), 3)]
        for _ in range(400):
            flipped = bytearray(content)
            for at in draws.integers(0, min(len(content), 420), 2):
                flipped[at] = draws.integers(0, 256)
            files.append(bytes(flipped))
    for file in files:
        found = outcome(file)
        assert "\n" not in found if isinstance(found, str) else found.shape == peek(file)
    with capsys.disabled():
        print(f" {len(files)} hostile TIFFs of many bands", end="")
