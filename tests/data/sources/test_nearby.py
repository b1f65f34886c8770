"""Shards at an address: how many requests they take, with much room on the disk and with little."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
import torch
from fsspec.implementations.memory import MemoryFileSystem
from tests.data.formats import picture, write_tar

from tellapart.config import Reading
from tellapart.data import open_source, room
from tellapart.data.passage import WINDOW, passage
from tellapart.data.source import Source
from tellapart.data.sources import nearby
from tellapart.types import Order

SHARDS, EACH = 40, 3


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tellapart" / nearby.FOLDER


@pytest.fixture
def bucket(tmp_path: Path, cache: Path) -> Iterator[str]:
    """Forty shards of three pictures each in fsspec's memory."""
    system = fsspec.filesystem("memory")
    for number in range(SHARDS):
        system.pipe_file(f"/many/s-{number:02}.tar", shard(tmp_path, number))
    yield "memory://many"
    system.rm("/many", recursive=True)


def shard(tmp_path: Path, number: int) -> bytes:
    members = []
    for place in range(EACH):
        members += [
            (f"{place}.png", picture(number * EACH + place)),
            (f"{place}.cls", b"even" if place % 2 else b"odd"),
        ]
    write_tar(tmp_path / "one.tar", members)
    return (tmp_path / "one.tar").read_bytes()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often bytes are asked for: `whole` and `part` of files, `opened` ones."""
    counts: Counter[str] = Counter()
    cat_file, opened = MemoryFileSystem.cat_file, MemoryFileSystem._open

    def counted(self: Any, path: str, start: int | None = None, end: int | None = None, **options: Any) -> Any:
        counts["whole" if not start and end == self.info(path)["size"] else "part"] += 1
        return cat_file(self, path, start=start, end=end, **options)

    def counted_open(self: Any, path: str, mode: str = "rb", **options: Any) -> Any:
        counts["opened"] += mode == "rb"
        return opened(self, path, mode=mode, **options)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", counted)
    monkeypatch.setattr(MemoryFileSystem, "_open", counted_open)
    return counts


def disk_of(total: int, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk have so many bytes, of which what is copied takes its own."""

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=total - sum(room._size(thing) for thing in room._things(cache)))

    monkeypatch.setattr(room.shutil, "disk_usage", usage)


def read_pass(source: Source, epoch: int) -> list[list[int]]:
    """The first pixel of each picture, read in the order of a pass."""
    entries = source.entries()[0]
    order = passage(len(entries), torch.tensor([e.block for e in entries]), Order(seed=0, epoch=epoch))
    return [source.value(entries[row])[0, 0].tolist() for row in order.tolist()]


def test_each_shard_is_asked_for_once_whatever_is_read_of_it(bucket: str, asked: Counter[str]) -> None:
    source = open_source(bucket, Reading())
    passes = [read_pass(source, epoch) for epoch in (0, 1)]
    assert sorted(passes[0]) == sorted(passes[1]) == sorted([number, 0, 90] for number in range(SHARDS * EACH))
    assert asked["whole"] == SHARDS
    assert asked["part"] == 0


def test_what_was_fetched_is_found_by_the_next_run(bucket: str, asked: Counter[str]) -> None:
    read_pass(open_source(bucket, Reading()), 0)
    asked.clear()
    read_pass(open_source(bucket, Reading()), 0)
    assert asked["whole"] == asked["part"] == 0


def test_a_large_shard_is_asked_for_in_pieces(
    bucket: str, asked: Counter[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearby, "PIECE_BYTES", 1000)
    size = len(shard(tmp_path, 0))
    assert len(read_pass(open_source(f"{bucket}/s-00.tar", Reading()), 0)) == EACH
    assert asked["part"] == -(-size // 1000)


def test_with_room_for_one_window_a_pass_asks_for_each_shard_once(
    bucket: str, asked: Counter[str], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(shard(tmp_path, 0))
    disk_of(int(WINDOW * size / room.DISK_SHARE) + 1000, cache, monkeypatch)
    source = open_source(bucket, Reading())
    source.entries()
    for epoch in (0, 1):
        asked.clear()
        assert len(read_pass(source, epoch)) == SHARDS * EACH
        assert asked["whole"] <= SHARDS
        assert asked["part"] == 0
        assert sum(path.stat().st_size for path in cache.iterdir()) <= WINDOW * size


def test_without_room_each_picture_is_asked_for_alone(
    bucket: str, asked: Counter[str], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_of(3 * len(shard(tmp_path, 0)), cache, monkeypatch)
    source = open_source(bucket, Reading())
    source.entries()
    asked.clear()
    assert sorted(read_pass(source, 0)) == sorted([number, 0, 90] for number in range(SHARDS * EACH))
    assert (asked["whole"], asked["part"]) == (0, SHARDS * EACH)
    assert not cache.exists()


def test_a_copy_that_was_taken_away_is_fetched_again(bucket: str, asked: Counter[str], cache: Path) -> None:
    source = open_source(bucket, Reading())
    source.entries()
    for path in cache.iterdir():
        path.unlink()
    asked.clear()
    assert len(read_pass(source, 0)) == SHARDS * EACH
    assert asked["whole"] == SHARDS


def test_a_shard_that_changed_is_not_taken_from_its_copy(bucket: str, tmp_path: Path) -> None:
    one = f"{bucket}/s-00.tar"
    read_pass(open_source(one, Reading()), 0)
    fsspec.filesystem("memory").pipe_file("/many/s-00.tar", shard(tmp_path, 7))
    assert sorted(read_pass(open_source(one, Reading()), 0)) == [[21, 0, 90], [22, 0, 90], [23, 0, 90]]


def test_a_full_disk_leaves_nothing_half_written_and_the_pictures_are_read(
    bucket: str, asked: Counter[str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nearby, "make_room", full)
    assert len(read_pass(open_source(bucket, Reading()), 0)) == SHARDS * EACH
    assert asked["part"] == SHARDS * EACH
    assert [*cache.iterdir()] == []
