"""Arrays on the disk."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tellapart.config import Reading
from tellapart.data import open_source
from tellapart.errors import DataError

X = np.random.default_rng(0).integers(0, 255, (6, 5, 4, 3), dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2])


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def listed(path: Path) -> list[tuple[str, str, str | None]]:
    return [(e.id, e.label, e.part) for e in open_source(path, Reading()).entries()[0]]


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("X", "Y"), ("images", "labels"), ("data", "target")])
def test_arrays_are_known_by_several_names(x: str, y: str, tmp_path: Path) -> None:
    assert [label for _, label, _ in listed(saved(tmp_path / "a.npz", **{x: X, y: Y}))] == list("012012")


@pytest.mark.parametrize("style", ["{kind}_{part}", "{part}_{kind}"])
def test_parts_are_known_by_the_names_of_their_arrays(style: str, tmp_path: Path) -> None:
    words = {"x": "images", "y": "labels"} if style.startswith("{part}") else {"x": "x", "y": "y"}
    arrays = {
        style.format(kind=words[kind], part=part): array[rows]
        for kind, array in (("x", X), ("y", Y))
        for part, rows in (("test", slice(4, 6)), ("train", slice(0, 3)), ("val", slice(3, 4)))
    }
    source = open_source(saved(tmp_path / "a.npz", **arrays), Reading())
    entries, _ = source.entries()
    assert [(e.id, e.part) for e in entries] == [
        ("train/00000", "train"), ("train/00001", "train"), ("train/00002", "train"), ("val/00000", "val"),
        ("test/00000", "test"), ("test/00001", "test"),
    ]  # fmt: skip
    assert all(np.array_equal(source.value(e), x) for e, x in zip(entries, X, strict=True))


@pytest.mark.parametrize(
    "y", [Y, Y[:, None], Y.astype(np.uint8), Y.astype(float), np.array(list("012012")), np.array(list("012012"), "S1")]
)
def test_labels_may_be_numbers_or_words(y: np.ndarray[Any, Any], tmp_path: Path) -> None:
    assert [label for _, label, _ in listed(saved(tmp_path / "a.npz", x=X, y=y))] == list("012012")


def test_rows_of_numbers_are_vectors(tmp_path: Path) -> None:
    assert open_source(saved(tmp_path / "a.npz", x=np.ones((6, 3)), y=Y), Reading()).kind == "vector"


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harm-was-done"),)


BAD = {
    "objects as labels": ({"x": X, "y": np.array([Harm()] * 6)}, "never read"),
    "objects as pictures": ({"x": np.array([Harm()] * 6), "y": Y}, "never read"),
    "no labels": ({"x": X}, r"1 array: x\. Name them x and y"),
    "other names": ({"a": X, "b": Y}, "2 arrays: a, b"),
    "too few labels": ({"x": X, "y": Y[:4]}, r"x is of shape \(6, 5, 4, 3\), but y has 4"),
    "a column for each class": ({"x": X, "y": np.eye(6)}, r"labels\.argmax\(1\)"),
    "fractions as labels": ({"x": X, "y": Y + 0.5}, "holds float64; classes are whole numbers or words"),
    "pictures as floats": ({"x": X / 255, "y": Y}, "float64 and shape .*; give uint8 or uint16 pictures"),
    "NaN": ({"x": np.full((6, 2), np.nan), "y": Y}, "NaN"),
    "nothing": ({"x": X[:0], "y": Y[:0]}, "holds no sample"),
    "a number": ({"x": np.uint8(3), "y": Y}, r"x is of shape \(\)"),
    "parts that differ": ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, "must be alike"),
    "part and none": ({"x": X, "y": Y, "x_test": X, "y_test": Y}, "4 arrays"),
    "said twice": ({"x": X, "images": X, "y": Y}, "x and images say the same"),
}


@pytest.mark.parametrize("name", BAD)
def test_arrays_that_can_not_be_used_say_why(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arrays, said = BAD[name]
    with pytest.raises(DataError, match=said):
        listed(saved(tmp_path / "a.npz", **arrays))
    assert not Path("harm-was-done").exists()


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", x=X, y=Y)
    content = path.read_bytes()
    for cut in range(0, len(content), 53):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match=r"a\.npz: "):
            listed(path)


def test_a_header_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": (10**12, 9, 9, 3)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", out.getvalue())
        archive.writestr("y.npy", out.getvalue())
    with pytest.raises(DataError, match=r"a\.npz: x: damaged"):
        listed(tmp_path / "a.npz")


def test_arrays_beyond_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.data.sources.npz.free_memory_bytes", lambda: 100)
    with pytest.raises(DataError, match="GB of memory"):
        listed(saved(tmp_path / "a.npz", x=X, y=Y))


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("x_train", "y_train"), ("images", "labels"), ("faces", "labels")])
def test_an_array_is_read_with_its_labels_beside_it(x: str, y: str, tmp_path: Path) -> None:
    np.save(tmp_path / f"{x}.npy", X)
    np.save(tmp_path / f"{y}.npy", Y)
    assert [label for _, label, _ in listed(tmp_path / f"{x}.npy")] == list("012012")


def test_an_array_without_labels_says_where_they_may_be(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match=r"no labels beside it\. Put them into y\.npy, x_labels\.npy, labels\.npy"):
        listed(tmp_path / "x.npy")


def test_objects_in_an_npy_are_never_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", np.array([Harm()] * 6))
    with pytest.raises(DataError, match="never read"):
        listed(tmp_path / "x.npy")


def test_an_npy_under_the_name_of_an_npz_says_so(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    with pytest.raises(DataError, match="one array, not an archive"):
        listed(tmp_path / "x.npz")
