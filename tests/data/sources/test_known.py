"""What is known of files that were read before, and when it no longer counts."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.photos import make_photos

from tellapart.config import Reading
from tellapart.data.download import cache_home
from tellapart.data.sources import known
from tellapart.data.sources.folder import FolderSource
from tellapart.data.sources.known import Known
from tellapart.data.sources.manifest import open_manifest
from tellapart.data.texts import hashes_of

LONG_AGO = 1_000_000_000


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """36 pictures that were put there long ago; each is worth remembering."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(known, "WORTH", 1)
    monkeypatch.setattr("tellapart.data.sources.pictures.WORTH", 1)
    folder = make_photos(tmp_path / "photos")
    for path in folder.rglob("*.png"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return folder


class Reads:
    """A folder or a table whose reads are counted."""

    def __init__(self, folder: Path) -> None:
        self.source = open_manifest(folder, Reading()) if folder.is_file() else FolderSource(folder)
        self.paths: list[str] = []
        read = self.source._read

        def counted(path: str) -> bytes:
            self.paths.append(path)
            return read(path)

        self.source._read = counted
        self.entries = self.source.entries()


def test_a_second_listing_reads_nothing_and_says_the_same(photos: Path) -> None:
    first, second = Reads(photos), Reads(photos)
    assert (len(first.paths), second.paths) == (36, [])
    assert first.entries == second.entries


def test_a_second_listing_of_a_table_reads_what_is_new_alone(photos: Path) -> None:
    rows = [f"{path.relative_to(photos).as_posix()},{path.parent.name}" for path in sorted(photos.rglob("*.png"))]
    table = photos / "labels.csv"
    table.write_text("\n".join(["path,label", *rows[1:]]))
    first = Reads(table)
    table.write_text("\n".join(["path,label", *rows]))
    second = Reads(table)
    assert (len(first.paths), second.paths) == (35, [rows[0].split(",")[0]])
    assert second.entries[0][1:] == first.entries[0][:]


def test_only_what_is_new_or_changed_is_read_again(photos: Path) -> None:
    Reads(photos)
    (photos / "red" / "new.png").write_bytes((photos / "blue" / "0-0.png").read_bytes())
    (photos / "red" / "0-3.png").write_bytes((photos / "blue" / "0-1.png").read_bytes())
    (photos / "red" / "0-4.png").unlink()
    again = Reads(photos)
    assert sorted(again.paths) == ["red/0-3.png", "red/new.png"]
    digests = {entry.id: entry.digest for entry in again.entries[0]}
    assert digests["red/new.png"] == digests["blue/0-0.png"]
    assert digests["red/0-3.png"] == digests["blue/0-1.png"]
    assert "red/0-4.png" not in digests


def test_a_file_of_the_same_size_that_was_changed_is_read_again(photos: Path) -> None:
    Reads(photos)
    path = photos / "red" / "0-0.png"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert Reads(photos).paths == ["red/0-0.png"]


def test_a_file_that_was_just_changed_is_not_remembered(photos: Path) -> None:
    os.utime(photos / "red" / "0-0.png")
    for _ in range(2):
        reads = Reads(photos)
    assert reads.paths == ["red/0-0.png"]


def test_a_broken_file_is_read_each_time_and_stays_an_issue(photos: Path) -> None:
    (photos / "red" / "0-0.png").write_bytes(b"")
    os.utime(photos / "red" / "0-0.png", (LONG_AGO, LONG_AGO))
    for _ in range(2):
        reads = Reads(photos)
        assert [issue.path for issue in reads.entries[1]] == ["red/0-0.png"]
    assert reads.paths == ["red/0-0.png"]


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"junk", None], ids=["empty", "cut", "junk", "another table"])
def test_what_is_damaged_on_the_disk_costs_a_reading_alone(photos: Path, damage: bytes | None) -> None:
    first = Reads(photos)
    (path,) = (cache_home() / "listings").iterdir()
    if damage is None:
        np.save(path, np.arange(9))
    else:
        path.write_bytes(damage)
    again = Reads(photos)
    assert (len(again.paths), again.entries) == (36, first.entries)


def test_a_disk_that_refuses_costs_a_reading_alone(photos: Path) -> None:
    (cache_home()).mkdir(parents=True)
    (cache_home() / "listings").write_text("a file where the folder should be")
    assert [len(Reads(photos).paths) for _ in range(2)] == [36, 36]


def test_small_sets_are_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Reads(make_photos(tmp_path / "photos"))
    assert not (cache_home() / "listings").exists()


def test_nothing_is_known_of_nothing(tmp_path: Path) -> None:
    assert not Known(tmp_path, "somewhere", 0).headers(hashes_of(["a"]), np.array([[1, 2]])).known.any()
