"""Where decoded pictures are kept: the same batches out of memory, off the disk and decoded anew."""

import io
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.photos import make_photos

from tellapart.config import Cache, DataConfig
from tellapart.data import keeping, open_source, room
from tellapart.data.augment import Augmentation
from tellapart.data.batches import first_look, in_order, shuffled
from tellapart.data.download import cache_home
from tellapart.data.resident import Loaded, load
from tellapart.data.sizes import at_size
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.folder import FolderSource
from tellapart.data.stored import Stored
from tellapart.errors import DataError, SettingError
from tellapart.types import Batch, Order

WAYS: tuple[Cache, ...] = ("ram", "disk", "none")
SMALL = {"size": 16, "val_share": 0.2, "test_share": 0.2}


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """36 pictures, a cache of their own, and memory and disk without end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return make_photos(tmp_path / "photos")


def loaded(folder: Path, cache: Cache, **settings: Any) -> Loaded:
    config = DataConfig(cache=cache, **SMALL | settings)
    return load(FolderSource(folder), config)


def pixel_files() -> list[Path]:
    return sorted((cache_home() / "decoded").glob("*/pictures.u8"))


def pictures_written() -> list[int]:
    """Pictures in each file of pixels of 16 x 16 x 3."""
    return [path.stat().st_size // (16 * 16 * 3) for path in pixel_files()]


def same(batches: Iterator[Batch], others: Iterator[Batch]) -> bool:
    """Whether the batches are equal to the byte, and there are some."""
    pairs = list(zip(batches, others, strict=True))
    return bool(pairs) and all(
        torch.equal(a.inputs, b.inputs) and torch.equal(a.targets, b.targets) and torch.equal(a.keys, b.keys)
        for a, b in pairs
    )


@pytest.mark.parametrize("way", ["disk", "none"])
@pytest.mark.parametrize(
    "augmentation",
    [Augmentation(), Augmentation(flip=True, crop_padding=2), Augmentation(resized_crop=0.4, rotate=10.0)],
    ids=["plain", "moved", "cut and turned"],
)
def test_batches_are_the_same_wherever_the_pictures_are_kept(
    photos: Path, way: Cache, augmentation: Augmentation
) -> None:
    memory, other = loaded(photos, "ram"), loaded(photos, way)
    assert (memory.spec, memory.fingerprint, memory.split) == (other.spec, other.fingerprint, other.split)
    assert isinstance(other.parts["train"].inputs, Stored)
    for order in (Order(seed=1, epoch=0), Order(seed=1, epoch=3, skip=2)):
        made, also = (shuffled(data.parts["train"], order, 5, augmentation) for data in (memory, other))
        assert same(made, also)
    for part in memory.parts:
        assert same(in_order(memory.parts[part], 4), in_order(other.parts[part], 4))
    looks = [first_look(data.parts["train"]) for data in (memory, other)]
    assert [len(look) for look in looks] == [1, 1]
    assert torch.equal(looks[0][0], looks[1][0])


@pytest.mark.parametrize("way", ["disk", "none"])
def test_smaller_pictures_are_the_same_wherever_they_are_kept(photos: Path, way: Cache) -> None:
    parts = [at_size(loaded(photos, kept).parts["train"], 8) for kept in ("ram", way)]
    assert parts[1].inputs.shape == (len(parts[1]), 8, 8, 3)
    assert same(in_order(parts[0], 7), in_order(parts[1], 7))


def test_a_second_run_decodes_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = loaded(photos, "disk")
    monkeypatch.setattr(FolderSource, "value", lambda *_: pytest.fail("decoded again"))
    assert same(in_order(loaded(photos, "disk").parts["train"], 8), in_order(first.parts["train"], 8))


def test_a_picture_that_is_added_adds_a_row_and_moves_no_other(photos: Path) -> None:
    before = loaded(photos, "disk")
    Image.fromarray(np.full((30, 30, 3), 7, np.uint8)).save(photos / "red" / "0-0-new.png")
    after = loaded(photos, "disk")
    assert pictures_written() == [37]
    places = [
        dict(zip(part.ids, part.inputs[:], strict=True)) for part in (before.parts["train"], after.parts["train"])
    ]
    assert len(places[0].keys() & places[1].keys()) >= len(places[0]) - 1
    assert all(torch.equal(places[0][name], places[1][name]) for name in places[0].keys() & places[1].keys())
    parts = [{e.id: part for part, chosen in data.split.parts.items() for e in chosen} for data in (before, after)]
    assert all(parts[1][name] == part for name, part in parts[0].items())


def test_equal_pictures_take_one_row(photos: Path) -> None:
    (photos / "red" / "copy.png").write_bytes((photos / "red" / "0-0.png").read_bytes())
    data = loaded(photos, "disk")
    assert pictures_written() == [36]
    assert sum(map(len, data.parts.values())) == 37


def test_another_size_or_fit_is_another_file(photos: Path) -> None:
    for settings in ({}, {"size": 17}, {"fit": "pad"}):
        loaded(photos, "disk", **settings)
    assert len(pixel_files()) == 3


def test_what_a_kill_left_half_written_is_written_again(photos: Path) -> None:
    whole = loaded(photos, "disk")
    expected = [data.inputs[:] for data in whole.parts.values()]
    (pixels_file,) = pixel_files()
    contents = pixels_file.with_name("contents.bin")
    for pixel_bytes, content_bytes in ((10_000, 3), (5_000, 160), (20_000, 577), (0, 0), (27_648, 570)):
        for path, size in ((pixels_file, pixel_bytes), (contents, content_bytes)):
            with path.open("r+b") as file:
                file.truncate(size)
        again = loaded(photos, "disk")
        assert pictures_written() == [36]
        assert all(
            torch.equal(part.inputs[:], before) for part, before in zip(again.parts.values(), expected, strict=True)
        )


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_cannot_be_decoded_is_an_issue_everywhere(photos: Path, way: Cache) -> None:
    content = (photos / "red" / "0-0.png").read_bytes()
    (photos / "red" / "cut.png").write_bytes(content[: len(content) // 2])
    data = loaded(photos, way)
    assert [(issue.path, issue.kind) for issue in data.issues] == [("red/cut.png", "unreadable")]
    assert sum(map(len, data.parts.values())) == 36


def test_a_picture_that_is_gone_in_the_midst_of_training_is_named(photos: Path) -> None:
    part = loaded(photos, "none").parts["train"]
    (photos / part.ids[3]).unlink()
    with pytest.raises(DataError, match=rf"^{part.ids[3]}: could be read when training began, and now: no such file\."):
        list(in_order(part, 4))


@pytest.mark.parametrize(
    ("memory", "disk", "way"), [(10**9, 10**9, "ram"), (1000, 10**9, "disk"), (1000, 1000, "none"), (None, 0, "ram")]
)
def test_left_open_it_is_the_first_place_with_room(
    photos: Path, monkeypatch: pytest.MonkeyPatch, memory: int | None, disk: int, way: str
) -> None:
    monkeypatch.setattr(keeping, "free_memory_bytes", lambda: memory)
    monkeypatch.setattr(keeping, "room_bytes", lambda _: disk)
    assert loaded(photos, "auto").cache == way


def test_memory_that_was_asked_for_and_is_not_there_says_what_to_take(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "free_memory_bytes", lambda: 1000)
    with pytest.raises(
        DataError, match=r"36 samples of 16x16x3 need .* Take --cache disk, a smaller --size or fewer\."
    ):
        loaded(photos, "ram")


def test_a_disk_without_room_says_what_to_do(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "room_bytes", lambda _: 1000)
    with pytest.raises(DataError, match=r"Take a smaller --size or --cache none, or set XDG_CACHE_HOME"):
        loaded(photos, "disk")


def test_files_of_other_data_make_room_the_longest_unused_first(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = 36 * 16 * 16 * 3 + 36 * 16
    monkeypatch.setattr(room, "room_bytes", lambda _: int(2.5 * one))
    kept = []
    for age, fit in enumerate(("stretch", "pad", "stretch", "crop")):  # stretch is used again, so pad goes
        before = {path.parent: path.parent.stat().st_mtime for path in pixel_files()}
        loaded(photos, "disk", fit=fit)
        for folder in {path.parent for path in pixel_files()}:
            if before.get(folder) != folder.stat().st_mtime:
                os.utime(folder, (age, age))
        kept.append({path.parent.name for path in pixel_files()})
    assert [len(names) for names in kept] == [1, 2, 2, 2]
    assert kept[3] & kept[0] == kept[0]


@pytest.mark.parametrize("way", ["disk", "none"])
def test_data_in_memory_stay_there(way: Cache) -> None:
    source = ArraySource("x", np.zeros((9, 4, 4), np.uint8), list("abc") * 3)
    with pytest.raises(SettingError, match=rf"^cache is '{way}', but x lies in memory as it is: leave it out\."):
        load(source, DataConfig(cache=way))


def test_rows_that_are_stored_are_read_by_tensor_slice_and_number(photos: Path) -> None:
    inputs = loaded(photos, "disk").parts["train"].inputs
    whole = inputs[:]
    assert whole.shape == inputs.shape
    assert torch.equal(inputs[2], whole[2])
    assert torch.equal(inputs[1:9:3], whole[1:9:3])
    assert torch.equal(inputs[torch.tensor([5, 0, 5])], whole[[5, 0, 5]])


def test_whoever_adds_to_the_file_is_waited_for(photos: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: loaded(photos, "disk"), range(3)))
    assert pictures_written() == [36]
    assert all(same(in_order(run.parts["train"], 8), in_order(runs[0].parts["train"], 8)) for run in runs)


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_changed_after_it_was_listed_is_an_issue_and_leaves_no_trace(photos: Path, way: Cache) -> None:
    path = photos / "red" / "0-0.png"
    content, source = path.read_bytes(), FolderSource(photos)
    source.entries()
    path.write_bytes((photos / "blue" / "0-0.png").read_bytes())
    told = [(issue.path, issue.detail) for issue in load(source, DataConfig(cache=way, **SMALL)).issues]
    assert told == [("red/0-0.png", "changed since it was listed")]
    path.write_bytes(content)
    again, memory = loaded(photos, way), loaded(photos, "ram")
    assert all(torch.equal(again.parts[part].inputs[:], memory.parts[part].inputs[:]) for part in memory.parts)


@pytest.mark.parametrize("way", WAYS)
def test_copies_that_can_t_be_read_are_named_each_and_one_that_can_be_stays(photos: Path, way: Cache) -> None:
    whole = (photos / "red" / "0-0.png").read_bytes()
    cut = [photos / "red" / f"cut-{number}.png" for number in range(3)]
    for path in cut:
        path.write_bytes(whole[: len(whole) // 2])
    (photos / "red" / "zz.png").write_bytes(whole)
    source = FolderSource(photos)
    source.entries()
    (photos / "red" / "zz.png").unlink()
    data = load(source, DataConfig(cache=way, **SMALL))
    assert sorted(issue.path for issue in data.issues) == [*(f"red/{path.name}" for path in cut), "red/zz.png"]
    assert "red/0-0.png" in {name for part in data.parts.values() for name in part.ids}


def test_the_order_of_shards_does_not_hang_on_where_pictures_are_kept(photos: Path) -> None:
    shards = photos.parent / "shards"
    shards.mkdir()
    for number, path in enumerate(sorted(photos.rglob("*.png"))):
        with tarfile.open(shards / f"{number:02d}.tar", "w") as tar:
            for name, content in (("0.png", path.read_bytes()), ("0.cls", path.parent.name.encode())):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    passes = []
    for way in WAYS:
        config = DataConfig(cache=way, **SMALL)
        part = load(open_source(shards, config), config).parts["train"]
        assert part.blocks is not None
        passes.append(torch.cat([batch.keys for batch in shuffled(part, Order(seed=0, epoch=1), 5, Augmentation())]))
    assert torch.equal(passes[0], passes[1])
    assert torch.equal(passes[0], passes[2])


def test_a_file_of_pictures_that_a_run_may_be_at_is_not_taken_from_it(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(photos, "disk")
    monkeypatch.setattr(room, "room_bytes", lambda _: 36 * 16 * 16 * 3 + 1000)
    loaded(photos, "disk", fit="pad")
    assert len(pixel_files()) == 2


def test_rows_from_the_end_and_no_rows_are_read_as_of_a_tensor(photos: Path) -> None:
    inputs = loaded(photos, "disk").parts["train"].inputs
    assert torch.equal(inputs[-1], inputs[:][-1])
    assert torch.equal(inputs[-3:], inputs[:][-3:])
    assert inputs[5:3].shape == (0, 16, 16, 3)
