"""CIFAR-10 in each form it is published in. Python batches are never unpickled."""

import io
import os
import pickle
import pickletools
import socket
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tellapart.data.download import data_homes
from tellapart.data.sources import cifar10
from tellapart.data.sources.cifar10 import open_cifar10, read_bin, read_pickled
from tellapart.errors import DataError

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
ROWS = 3


def rows_of(batch: int) -> tuple[np.ndarray, list[int]]:
    """uint8 (3, 3072) and labels of a tiny batch."""
    pixels = np.random.default_rng(batch).integers(0, 256, (ROWS, 3072), dtype=np.uint8)
    return pixels, [(batch + row) % 10 for row in range(ROWS)]


def bin_batch(batch: int) -> bytes:
    pixels, labels = rows_of(batch)
    return b"".join(bytes([label]) + row.tobytes() for label, row in zip(labels, pixels, strict=True))


def python_batch(batch: int) -> bytes:
    """A batch as Python 2 wrote it: protocol 2, byte strings as keys, one long byte string below an array's state."""
    pixels, labels = rows_of(batch)

    def word(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text

    numbers = b"]q\x01(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85" + word(b"b") + b"\x87R(K\x01"
    state = b"M" + struct.pack("<H", ROWS) + b"M\x00\x0c\x86cnumpy\ndtype\n" + word(b"u1") + b"K\x00K\x01\x87R\x89"
    data = array + state + b"T" + struct.pack("<I", pixels.size) + pixels.tobytes() + b"tb"
    names = b"](" + b"".join(word(b"some_picture_%d.png" % row) for row in range(ROWS)) + b"e"
    return (
        b"\x80\x02}q\x00("
        + word(b"batch_label") + word(b"training batch 1 of 5")
        + word(b"labels") + numbers
        + word(b"data") + data
        + word(b"filenames") + names
        + b"u."
    )  # fmt: skip


def lay_out(folder: Path, kind: str) -> None:
    folder.mkdir(parents=True)
    for batch, name in enumerate(NAMES):
        if kind == "bin":
            (folder / f"{name}.bin").write_bytes(bin_batch(batch))
        else:
            (folder / name).write_bytes(python_batch(batch))


def pack(path: Path, members: list[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the network is not to be touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def check_is_whole(home: Path) -> None:
    """The source holds the tiny set, in its order."""
    source = open_cifar10(home)
    entries, _ = source.entries()
    assert [entry.id for entry in entries] == [
        *(f"train/{row:05d}" for row in range(15)),
        *("test/00000", "test/00001", "test/00002"),
    ]
    assert [entry.part for entry in entries] == ["train"] * 15 + ["test"] * 3
    for batch in range(6):
        pixels, labels = rows_of(batch)
        for row in range(ROWS):
            entry = entries[batch * ROWS + row]
            assert entry.label == cifar10.CLASSES[labels[row]]
            assert np.array_equal(source.value(entry), pixels[row].reshape(3, 32, 32).transpose(1, 2, 0))


@pytest.mark.parametrize("place", ["cifar-10-batches-bin", "cifar10/cifar-10-batches-bin", "."])
def test_binary_batches_are_taken_where_they_usually_lie(tmp_path: Path, place: str) -> None:
    lay_out(tmp_path / "data" / place, "bin")
    check_is_whole(tmp_path / "data")


@pytest.mark.parametrize("place", ["cifar-10-batches-py", "."])
def test_python_batches_are_taken_where_they_usually_lie(tmp_path: Path, place: str) -> None:
    lay_out(tmp_path / "data" / place, "python")
    check_is_whole(tmp_path / "data")


def test_a_binary_archive_is_read(tmp_path: Path) -> None:
    members = [(f"cifar-10-batches-bin/{name}.bin", bin_batch(batch)) for batch, name in enumerate(NAMES)]
    pack(tmp_path / "cifar-10-binary.tar.gz", [("cifar-10-batches-bin/readme.html", b"<html>"), *reversed(members)])
    check_is_whole(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cifar-10-binary.tar.gz"]


def test_a_python_archive_is_read(tmp_path: Path) -> None:
    members = [(f"cifar-10-batches-py/{name}", python_batch(batch)) for batch, name in enumerate(NAMES)]
    pack(tmp_path / "cifar-10-python.tar.gz", members)
    check_is_whole(tmp_path)


@pytest.mark.parametrize("protocol", range(1, 6))
@pytest.mark.parametrize("text_keys", [True, False])
def test_a_batch_that_python_3_pickled_again_is_read(protocol: int, text_keys: bool) -> None:
    pixels, labels = rows_of(1)
    content = {"labels": labels, "data": pixels.tobytes()}
    keyed = content if text_keys else {key.encode(): value for key, value in content.items()}
    planes, found = read_pickled(pickle.dumps(keyed, protocol), "a")
    assert found == labels
    assert planes.tobytes() == pixels.tobytes()


def test_the_hand_written_batch_is_a_pickle_that_python_understands() -> None:
    pickletools.dis(python_batch(0), out=io.StringIO())


def test_a_malicious_pickle_runs_nothing_and_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    for protocol in range(6):
        with pytest.raises(DataError, match="no pickle of CIFAR-10"):
            read_pickled(pickle.dumps({"data": Evil(), "labels": [Evil()]}, protocol), "data_batch_1")
    assert not (tmp_path / "ran").exists()


def test_a_call_beside_good_data_is_not_made(tmp_path: Path) -> None:
    call = b"cos\nsystem\n(U" + bytes([6 + len(str(tmp_path / "ran"))]) + f"touch {tmp_path / 'ran'}".encode() + b"tR0"
    content = python_batch(0)
    planes, _ = read_pickled(content[:2] + call + content[2:], "data_batch_1")
    assert len(planes) == ROWS
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x02}.", b"no pickle", python_batch(0)[:-40], python_batch(0)[:5000]])
def test_a_damaged_python_batch_is_named(content: bytes) -> None:
    with pytest.raises(DataError, match="data_batch_1: damaged"):
        read_pickled(content, "data_batch_1")


def test_a_python_batch_of_too_few_labels_is_refused() -> None:
    pixels, labels = rows_of(0)
    with pytest.raises(DataError, match="9,216 bytes of pictures for 2 labels"):
        read_pickled(pickle.dumps({"data": pixels.tobytes(), "labels": labels[:2]}), "a")


@pytest.mark.parametrize("content", [b"", bytes(3072), bytes(3074), bytes(3073 * 2 + 1)])
def test_a_binary_batch_of_broken_records_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="whole number of records"):
        read_bin(content, "data_batch_1.bin")


def test_a_label_out_of_range_is_refused() -> None:
    with pytest.raises(DataError, match="labels from 10 to 10"):
        read_bin(bytes([10]) + bytes(3072), "data_batch_1.bin")


def test_an_archive_that_lacks_a_batch_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "cifar-10-binary.tar.gz", [(f"x/{name}.bin", bin_batch(0)) for name in NAMES[:-1]])
    with pytest.raises(DataError, match="lacks test_batch"):
        open_cifar10(tmp_path)


def test_links_and_devices_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for kind, name in ((tarfile.SYMTYPE, "data_batch_1.bin"), (tarfile.CHRTYPE, "test_batch.bin")):
            info = tarfile.TarInfo(f"../../{name}")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    with pytest.raises(DataError, match="lacks data_batch_1"):
        open_cifar10(tmp_path)


def test_a_batch_that_stands_twice_in_an_archive_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "cifar-10-binary.tar.gz", [("a/test_batch.bin", b""), ("b/test_batch.bin", b"")])
    with pytest.raises(DataError, match="twice"):
        open_cifar10(tmp_path)


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "cifar-10-binary.tar.gz", [(str(number), b"") for number in range(200)])
    with pytest.raises(DataError, match="more than 100 members"):
        open_cifar10(tmp_path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "MAX_UNPACKED_BYTES", 100_000)
    pack(tmp_path / "cifar-10-binary.tar.gz", [("zeros", bytes(1_000_000))])
    with pytest.raises(DataError, match="more than 100,000 bytes"):
        open_cifar10(tmp_path)


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.9])
def test_a_truncated_archive_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    pack(path, [(f"x/{name}.bin", bin_batch(batch)) for batch, name in enumerate(NAMES)])
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DataError, match="damaged"):
        open_cifar10(tmp_path)


def test_a_set_that_is_nowhere_names_the_file_and_the_folder_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_cifar10(tmp_path)
    assert str(data_homes(None)[-1] / "cifar10" / "cifar-10-binary.tar.gz") in str(caught.value)
    assert "c32a1d4ab5d03f1284b67883e8d13530" in str(caught.value)
