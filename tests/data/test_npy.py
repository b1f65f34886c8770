"""Pictures in .npy files: what is read, at what size, and that nothing in them is ever run."""

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.data.formats import lay, picture, table

from tellapart.config import DataConfig, Reading
from tellapart.data import open_source
from tellapart.data.decode import decode, peek
from tellapart.data.items import files_below
from tellapart.data.npy import npy_picture
from tellapart.data.resident import load
from tellapart.errors import UnreadableError

DRAWS = np.random.default_rng(0)
BANDS = DRAWS.integers(0, 256, (6, 7, 5), dtype=np.uint8)


def saved(array: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
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


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 64])
def test_the_numbers_of_a_file_are_its_pixels(channels: int) -> None:
    array = DRAWS.integers(0, 256, (70, 80, channels), dtype=np.uint8)
    assert np.array_equal(decode(saved(array)), array)
    assert decode(saved(array)).flags.writeable


def test_a_file_without_channels_has_one() -> None:
    assert np.array_equal(decode(saved(BANDS[:, :, 0])), BANDS[:, :, :1])


@pytest.mark.parametrize("array", [BANDS, BANDS[:, :, 0], np.asfortranarray(BANDS)], ids=["bands", "flat", "fortran"])
def test_the_header_tells_the_shape_that_is_decoded(array: np.ndarray) -> None:
    assert peek(saved(array)) == decode(saved(array)).shape


def test_the_order_in_memory_changes_nothing() -> None:
    assert np.array_equal(decode(saved(np.asfortranarray(BANDS))), BANDS)


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_are_scaled_over_their_whole_range(order: str) -> None:
    array = np.array([[0, 128, 129, 257, 32768, 65535]], f"{order}u2")
    assert decode(saved(array))[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_numpy_reads_what_is_read_here() -> None:
    content = saved(BANDS)
    assert np.array_equal(np.load(io.BytesIO(content)), npy_picture(content))


class Trap:
    """Makes a folder where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("trap",)


def test_python_objects_are_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "which is never read, since it can run code" in cause_of(saved(np.array([[Trap()]]), allow_pickle=True))
    assert "not a picture" in cause_of(pickle.dumps(Trap()))
    assert not Path("trap").exists()


def header(text: str, version: bytes = b"\x01\x00", length: int | None = None) -> bytes:
    said = len(text) if length is None else length
    return b"\x93NUMPY" + version + said.to_bytes(2 if version[0] == 1 else 4, "little") + text.encode() + bytes(100)


PLAIN = "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }"
HOSTILE = {
    "floats": (saved(np.zeros((3, 4))), "an array of <f8 and shape (3, 4)"),
    "one number": (saved(np.uint8(3)), "shape ()"),
    "many pictures": (saved(np.zeros((2, 3, 4, 5), np.uint8)), "shape (2, 3, 4, 5)"),
    "named fields": (saved(np.zeros(3, [("a", "u1")])), "no plain array of numbers"),
    "no pixels": (saved(np.zeros((0, 4), np.uint8)), "it has none"),
    "65 channels": (saved(np.zeros((2, 3, 65), np.uint8)), "65 channels; pictures have 1 to 64"),
    "channels first": (saved(np.zeros((3, 32, 32), np.uint8)), "channels stand first; save array.transpose(1, 2, 0)"),
    "a bomb": (header(PLAIN % "65535, 65535, 60"), "65535 x 65535 = 4,294,836,225 pixels"),
    "a bomb of channels": (header(PLAIN % "9000, 9000, 64"), "5,184,000,000 numbers"),
    "huge": (header(PLAIN % ("9" * 15 + ", 2")), "at most 100,000,000 are decoded"),
    "larger than any number": (header(PLAIN % ("9" * 5000 + ", 2")), "no plain array of numbers"),
    "short": (saved(BANDS)[:-1], "truncated: 209 of the 210 bytes"),
    "long header": (header(PLAIN % "2, 3", b"\x02\x00", 2**31), "a .npy header of 2,147,483,648 bytes"),
    "no header": (b"\x93NUMPY\x01\x00\xff\xff", "damaged: a .npy header of 65,535 bytes"),
    "other version": (header(PLAIN % "2, 3", b"\x09\x00"), "the header of the .npy can't be read"),
    "code": (header("__import__('os').mkdir('trap')"), "no plain array of numbers"),
    "negative": (header(PLAIN % "-2, 3"), "no plain array of numbers"),
    "deep": (header("(" * 9000), "no plain array of numbers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_can_not_be_used_says_why(name: str) -> None:
    content, said = HOSTILE[name]
    assert said in cause_of(content)


def test_a_file_cut_or_flipped_anywhere_is_a_picture_or_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    content, draws = saved(BANDS), np.random.default_rng(1)
    files = [content[:cut] for cut in range(len(content))]
    files += [content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :] for at in range(140)]
    files += [content[:at] + bytes([draws.integers(32, 127)]) + content[at + 1 :] for at in range(10, 128)]
    for file in files:
        found = outcome(file)
        assert "\n" not in found if isinstance(found, str) else found.shape == peek(file)
    with capsys.disabled():
        print(f" {len(files)} hostile .npy files", end="")


# ---- in folders and tables


def bands(each: int = 8) -> dict[str, bytes]:
    """Files of five channels, brighter from class to class."""
    return {
        f"{name}/{row}.npy": saved(DRAWS.integers(80 * k, 80 * k + 90, (8, 10, 5)).astype(np.uint8))
        for k, name in enumerate(("corn", "rice"))
        for row in range(each)
    }


def test_a_folder_of_them_is_a_source(tmp_path: Path) -> None:
    loaded = load(open_source(lay(tmp_path, bands()), DataConfig()), DataConfig())
    assert loaded.spec.shape == (5, 8, 10)
    assert len(loaded.spec.mean) == 5
    assert not loaded.issues


def test_a_table_names_them(tmp_path: Path) -> None:
    lay(tmp_path, bands() | {"t.csv": table((path, path.split("/")[0]) for path in bands())})
    source = open_source(tmp_path / "t.csv", Reading())
    assert {entry.shape for entry in source.entries()[0]} == {(8, 10, 5)}


def test_an_array_beside_a_picture_of_the_same_name_is_none(tmp_path: Path) -> None:
    files = {"cat/1.png": picture(1), "cat/1.npy": saved(BANDS[:, :, 0]), "cat/2.npy": saved(BANDS[:, :, 0])}
    entries, issues = open_source(lay(tmp_path, files), Reading()).entries()
    assert [entry.id for entry in entries] == ["cat/1.png", "cat/2.npy"]
    assert [(i.path, i.kind, i.detail) for i in issues] == [
        ("cat/1.npy", "not-a-picture", "stands beside a picture of the same name")
    ]
    assert [path.name for path in files_below([tmp_path])] == ["1.png", "2.npy"]


def test_an_id_without_suffix_means_the_picture_not_the_array_beside_it(tmp_path: Path) -> None:
    files = {"1.png": picture(1), "1.npy": saved(BANDS), "t.csv": table([("1", "a")])}
    assert [e.id for e in open_source(lay(tmp_path, files) / "t.csv", Reading()).entries()[0]] == ["1.png"]
