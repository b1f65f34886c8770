"""What holds for every source: each row of the table, a folder, and arrays."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.photos import make_photos

from tellapart.config import DataConfig
from tellapart.data import FILES, SOURCES, check_source, open_source
from tellapart.data.resident import load
from tellapart.data.source import Source
from tellapart.data.sources.arrays import ArraySource
from tellapart.errors import DataError

CLASSES = {"digits": 10, "mnist": 10, "fashion-mnist": 10, "cifar10": 10, "folder": 3, "arrays": 2}
COUNTS = {"digits": 1797, "mnist": 70_000, "fashion-mnist": 70_000, "cifar10": 60_000, "folder": 36, "arrays": 20}


@pytest.fixture(scope="module", params=[*SOURCES, "folder", "arrays"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Each source in turn; one whose files are not on this machine is skipped."""
    name = request.param
    if name == "folder":
        return open_source(make_photos(tmp_path_factory.mktemp("photos")), DataConfig())
    if name == "arrays":
        pictures = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)
        return ArraySource("arrays", pictures, ["a", "b"] * 10)
    if name == "digits":
        return open_source(name, DataConfig())
    root = unpacked(request.getfixturevalue("shared_data"), name, tmp_path_factory)
    return open_source(name, DataConfig(data_dir=root))


def unpacked(shared: Path, name: str, folders: pytest.TempPathFactory) -> Path:
    """The folder that holds a data set's original files."""
    if name == "mnist":
        return shared
    if name == "cifar10":
        target = folders.mktemp("unpacked")
        write_cifar(shared / "cifar10", target / "cifar-10-batches-bin")
        return target
    pytest.skip(f"{name} is not among the data on this machine")


def write_cifar(shared: Path, target: Path) -> None:
    """The original binary batches out of the mosaics (see the README of the shared data)."""
    from PIL import Image

    target.mkdir()
    labels = np.load(shared / "labels.npz")
    for file, out, wanted in [(f"train_{b}", f"data_batch_{b}.bin", b - 1) for b in range(1, 6)] + [
        ("test", "test_batch.bin", None)
    ]:
        tiles = np.asarray(Image.open(shared / f"{file}.webp").convert("RGB")).reshape(100, 32, 100, 32, 3)
        pictures = tiles.swapaxes(1, 2).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2).reshape(10_000, -1)
        y = labels["test_labels"] if wanted is None else labels["train_labels"][wanted * 10_000 :][:10_000]
        (target / out).write_bytes(np.concatenate([y[:, None].astype(np.uint8), pictures], axis=1).tobytes())


def test_every_sample_has_an_id_of_its_own(source: Source) -> None:
    entries, _ = source.entries()
    assert len({e.id for e in entries}) == len(entries) > 0


def test_the_number_of_samples_and_classes_is_the_published_one(source: Source, request: pytest.FixtureRequest) -> None:
    entries, issues = source.entries()
    name = request.node.callspec.params["source"]
    assert (len(entries), len({e.label for e in entries}), list(issues)) == (COUNTS[name], CLASSES[name], [])


def test_a_second_look_gives_the_same_entries(source: Source) -> None:
    assert list(source.entries()[0]) == list(source.entries()[0])


def test_a_value_has_the_shape_and_type_that_its_entry_says(source: Source) -> None:
    entries, _ = source.entries()
    for entry in [*entries[:5], *entries[-5:]]:
        value = source.value(entry)
        assert value.shape == entry.shape
        assert value.dtype == (np.uint8 if source.kind == "image" else np.float32)


def test_equal_contents_have_equal_digests_and_others_differ(source: Source) -> None:
    entries, _ = source.entries()
    some = entries[:300]
    contents = {e.id: (source.value(e).tobytes(), e.shape) for e in some}
    assert len({e.digest for e in some}) == len(set(contents.values()))
    assert all(len(e.digest) == 16 for e in some)


def test_it_loads_into_parts_that_share_no_content(source: Source) -> None:
    loaded = load(source, DataConfig())
    digests = {part: {e.digest for e in entries} for part, entries in loaded.split.parts.items()}
    assert not digests["train"] & digests["val"]
    assert set(loaded.parts) == {"train", "val", "test"}
    assert Counter(loaded.parts["train"].targets.tolist()).keys() == set(range(len(loaded.spec.classes)))


def test_an_unknown_word_is_answered_with_what_is_near(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"nmist: neither a file, a folder nor a known data set\. Did you mean 'mnist'\?"
    ):
        check_source("nmist")


@pytest.mark.parametrize("name", ["photo.jpg", "model.pt", "data.pkl", "pets.rar", "pets.7z", "noname", "pets.tar.zst"])
def test_a_file_that_is_no_source_is_answered_with_what_is_one(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"{name}: a file.* or a file of these: \.csv, \.tsv, \.parquet, \.zip"):
        check_source(tmp_path / name)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused_like_any_other(name: str) -> None:
    with pytest.raises(DataError, match="neither a file"):
        check_source(name)


FORM = {
    "csv": "tables", "tsv": "tables", "txt": "tables", "parquet": "tables", "ts": "series", "ts.gz": "series",
    "npz": "npz", "npy": "npz",
    **dict.fromkeys(("zip", "tar", "tar.gz", "tgz", "tar.xz", "txz", "tar.bz2", "tbz2", "tbz"), "archive"),
}  # fmt: skip


def test_every_suffix_has_an_opener_that_exists() -> None:
    from importlib import import_module

    rows = {suffix.removeprefix("."): row for row in FILES for suffix in row.suffixes}
    assert {suffix: row.opener.split(":")[0] for suffix, row in rows.items()} == FORM
    for row in FILES:
        for module, function in (name.split(":") for name in (row.opener, row.needs) if name):
            assert callable(getattr(import_module(f"tellapart.data.sources.{module}"), function))
