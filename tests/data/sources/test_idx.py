"""MNIST and Fashion-MNIST: the idx files, and where they are looked for."""

import gzip
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from tellapart.data.download import data_homes
from tellapart.data.sources import idx
from tellapart.data.sources.idx import open_fashion_mnist, open_mnist, read_idx
from tellapart.errors import DataError

COUNTS = {"train": 4, "t10k": 2}


def idx_file(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def lay_out(folder: Path, *, packed: bool = True) -> None:
    """The four files of a tiny set: 4 + 2 pictures of 3x2 pixels, labelled 0, 1, 2, ..."""
    folder.mkdir(parents=True)
    for prefix, count in COUNTS.items():
        pictures = np.arange(count * 6, dtype=np.uint8).reshape(count, 3, 2)
        for kind, array in (("images-idx3", pictures), ("labels-idx1", np.arange(count, dtype=np.uint8))):
            content = idx_file(array)
            name = f"{prefix}-{kind}-ubyte"
            (folder / (f"{name}.gz" if packed else name)).write_bytes(
                gzip.compress(content, mtime=0) if packed else content
            )


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the network is not to be touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["mnist", "MNIST/raw", "."])
def test_files_on_the_disk_are_taken_where_they_usually_lie(tmp_path: Path, place: str, packed: bool) -> None:
    lay_out(tmp_path / "data" / place, packed=packed)
    source = open_mnist(tmp_path / "data")
    entries, issues = source.entries()
    assert [entry.id for entry in entries] == [f"train/0000{row}" for row in range(4)] + ["test/00000", "test/00001"]
    assert [entry.part for entry in entries] == ["train"] * 4 + ["test"] * 2
    assert [entry.label for entry in entries] == list("012301")
    assert source.value(entries[1]).tolist() == [[[6], [7]], [[8], [9]], [[10], [11]]]
    assert not issues


def test_fashion_labels_are_words(tmp_path: Path) -> None:
    lay_out(tmp_path / "FashionMNIST" / "raw")
    labels = [entry.label for entry in open_fashion_mnist(tmp_path).entries()[0]]
    assert labels[:4] == ["T-shirt/top", "Trouser", "Pullover", "Dress"]


def test_the_variable_names_the_folder_where_no_setting_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path / "mnist")
    monkeypatch.setenv("TELLAPART_DATA_DIR", str(tmp_path))
    assert len(open_mnist(None).entries()[0]) == 6


@pytest.mark.parametrize("place", ["mnist", "MNIST/raw", "KMNIST/raw"])
def test_the_folder_of_another_set_is_not_taken_for_fashion(tmp_path: Path, place: str) -> None:
    lay_out(tmp_path / place)
    with pytest.raises(DataError, match="could not be downloaded"):
        open_fashion_mnist(tmp_path / place)


def test_a_set_that_is_nowhere_names_the_file_and_the_folder_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_mnist(tmp_path)
    assert str(data_homes(None)[-1] / "mnist" / "train-images-idx3-ubyte.gz") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_only_the_missing_file_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path / "mnist")
    lost = tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz"
    content = lost.read_bytes()
    lost.unlink()
    asked = []

    def fetch(name: str, _mirrors: object, digest: str, into: Path) -> Path:
        asked.append((name, digest, into))
        lost.write_bytes(content)
        return lost

    monkeypatch.setattr(idx, "fetch", fetch)
    assert len(open_mnist(tmp_path).entries()[0]) == 6
    assert asked == [(lost.name, "ec29112dd5afa0611ce80d1b7f02629c", data_homes(None)[-1] / "mnist")]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "nothing"),
        (b"<html>", "begins with 3c 68"),
        (b"\0\0\x0d\1\0\0\0\1\0\0\0\0", "begins with 00 00 0d"),
        (b"\0\0\x08\3\0\0", "within its header"),
        (b"\0\0\x08\1\0\0\0\5abc", "promises 5 values, 3 follow"),
        (b"\0\0\x08\1\0\0\0\1abc", "promises 1 values, 3 follow"),
        (b"\0\0\x08\4" + b"\xff" * 16, "promises"),
        (gzip.compress(idx_file(np.zeros(900, np.uint8)), mtime=0)[:-9], "can't be unpacked"),
        (gzip.compress(b"x" * 999, mtime=0)[:12] + bytes(20), "can't be unpacked"),
        (b"\x1f\x8b", "can't be unpacked"),
    ],
)
def test_a_damaged_file_is_named_with_its_cause(content: bytes, cause: str) -> None:
    with pytest.raises(DataError, match=cause) as caught:
        read_idx(content, "labels.gz")
    assert str(caught.value).startswith("labels.gz: damaged")
    assert "Delete it" in str(caught.value)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        read_idx(gzip.compress(bytes(5000), mtime=0), "a.gz")


def test_a_damaged_file_of_the_set_is_named_by_its_path(tmp_path: Path) -> None:
    lay_out(tmp_path / "mnist")
    path = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=str(path)):
        open_mnist(tmp_path)


@pytest.mark.parametrize(
    ("labels", "cause"), [([0, 1, 2], "a label for each of 4"), ([0, 1, 2, 10], "label 10"), ([[0] * 4], "shape")]
)
def test_labels_that_do_not_fit_are_told(tmp_path: Path, labels: list[int], cause: str) -> None:
    lay_out(tmp_path / "mnist", packed=False)
    (tmp_path / "mnist" / "train-labels-idx1-ubyte").write_bytes(idx_file(np.array(labels, np.uint8)))
    with pytest.raises(DataError, match=cause):
        open_mnist(tmp_path)


def test_parts_of_different_size_are_told(tmp_path: Path) -> None:
    lay_out(tmp_path / "mnist", packed=False)
    (tmp_path / "mnist" / "t10k-images-idx3-ubyte").write_bytes(idx_file(np.zeros((2, 5, 5), np.uint8)))
    with pytest.raises(DataError, match="differ in size"):
        open_mnist(tmp_path)


def test_the_real_mnist_is_what_it_is_known_to_be(shared_data: Path) -> None:
    source = open_mnist(shared_data)
    entries, _ = source.entries()
    assert [entry.label for entry in entries[:5]] == list("50419")
    assert [entry.label for entry in entries[60_000:60_005]] == list("72104")
    assert (len(entries), entries[-1].id, entries[-1].shape) == (70_000, "test/09999", (28, 28, 1))
    assert source.value(entries[0]).mean() == pytest.approx(35.108, abs=1e-3)
