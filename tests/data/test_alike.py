"""Near copies are found among the decoded pictures of a source."""

import hashlib

import numpy as np
import torch
from tests.scenes import make_scenes, scene

from tellapart.config import DataConfig
from tellapart.data import alike
from tellapart.data.alike import look_alikes
from tellapart.data.resident import load
from tellapart.data.source import Entry
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.folder import FolderSource

COUNT = 40


def entries(pictures: list[np.ndarray]) -> list[Entry]:
    return [
        Entry(
            id=str(k), label="a", part=None, digest=hashlib.blake2b(p.tobytes(), digest_size=16).digest(), shape=p.shape
        )
        for k, p in enumerate(pictures)
    ]


def found(pictures: list[np.ndarray]) -> set[frozenset[int]]:
    """Places of those that look alike; of equal ones the first stands for all."""
    known = entries(pictures)
    digests = [entry.digest for entry in known]
    pairs = look_alikes(lambda some: torch.from_numpy(np.stack([pictures[int(entry.id)] for entry in some])), known)
    return {frozenset((digests.index(one), digests.index(other))) for one, other in pairs}


def test_a_crop_and_a_mirror_image_look_alike_and_others_do_not() -> None:
    pictures = [scene(number, 48) for number in range(COUNT)]
    changed = [np.roll(pictures[3], (2, 1), (0, 1)), pictures[5][:, ::-1].copy()]
    assert found([*pictures, *changed]) == {frozenset((3, COUNT)), frozenset((5, COUNT + 1))}


def test_equal_pictures_are_looked_at_once() -> None:
    assert found([scene(1, 48)] * 5) == set()


def test_no_picture_looks_like_no_other() -> None:
    assert look_alikes(lambda _: torch.zeros(0, 4, 4, 3), []) == []


def burst(folder, each: int = 30):
    """A folder per class; of each scene there is a copy moved by two pixels, `far` from it by name."""
    from PIL import Image

    root = make_scenes(folder / "burst", each=each)
    for path in sorted(root.rglob("*.png")):
        moved = np.roll(np.asarray(Image.open(path)), 2, 1)
        Image.fromarray(moved).save(path.with_name(f"again-{path.name}"))
    return FolderSource(root)


def sides(source: FolderSource, **settings: object) -> list[tuple[str, str]]:
    """The parts of each scene and of its near copy."""
    split = load(source, DataConfig(val_share=0.25, test_share=0.25, **settings)).split
    place = {e.id: part for part, chosen in split.parts.items() for e in chosen}
    return [(part, place[name.replace("/again-", "/")]) for name, part in place.items() if "/again-" in name]


def test_near_copies_in_files_are_on_one_side_of_a_carved_split(tmp_path) -> None:
    source = burst(tmp_path)
    together = sides(source)
    assert len(together) == 60
    assert all(one == other for one, other in together)
    assert {one for one, _ in together} == {"train", "val", "test"}
    assert any(one != other for one, other in sides(source, near_copies=False))


def test_near_copies_are_on_one_side_wherever_pictures_are_kept(tmp_path) -> None:
    source = burst(tmp_path, each=8)
    ways = [sides(source, cache=cache) for cache in ("ram", "disk", "none")]
    assert ways[0] == ways[1] == ways[2]


def test_among_too_many_pictures_nothing_is_looked_for_and_that_is_said(monkeypatch, caplog) -> None:
    monkeypatch.setattr(alike, "MOST", 3)
    assert found([scene(1, 48)] * 5) == set()
    assert caplog.text == ""
    pictures = [scene(number, 48) for number in range(3)]
    assert found([*pictures, pictures[0][:, ::-1].copy()]) == set()
    assert "Near copies are not looked for among more than 3 pictures: val and test may hold some." in caplog.text


def test_arrays_are_taken_as_they_are() -> None:
    pictures = np.stack([scene(number % 20, 32)[:, :: 1 - 2 * (number // 20)] for number in range(40)])
    split = load(ArraySource("made", pictures, ["a", "b"] * 20), DataConfig()).split
    assert split.how == ()
