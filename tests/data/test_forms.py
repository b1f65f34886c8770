"""The same pictures in every form are the same data."""

from pathlib import Path

import numpy as np
import pytest
from tests.data.formats import FORMS, pictures

from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.data.batches import in_order, shuffled
from tellapart.data.resident import Loaded, load
from tellapart.data.source import Source
from tellapart.types import PARTS, Order

CONFIG = DataConfig(val_share=0.2, test_share=0.2)


def opened(form: str, root: Path) -> Source:
    return open_source(FORMS[form](root, pictures()), CONFIG)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loaded]:
    """The data of each form."""
    return {form: load(opened(form, tmp_path_factory.mktemp(form)), CONFIG) for form in FORMS}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_known_by_its_own_name(form: str, tmp_path: Path) -> None:
    assert opened(form, tmp_path).name == "pets"


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_the_same_in_every_form(form: str, tmp_path: Path) -> None:
    entries, issues = opened(form, tmp_path).entries()
    assert [e.label for e in entries] == [path.split("/")[0] for path in pictures()]
    assert not issues


@pytest.mark.parametrize("form", FORMS)
def test_values_are_the_same_in_every_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    source, plain = opened(form, tmp_path), opened("folder", tmp_path / "plain")
    for entry, other in zip(source.entries()[0], plain.entries()[0], strict=True):
        assert np.array_equal(source.value(entry), plain.value(other))
        assert entry.shape == other.shape


@pytest.mark.parametrize("form", [form for form in FORMS if form != "npz"])
def test_digests_are_those_of_the_file_in_every_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    found = [e.digest for e in opened(form, tmp_path).entries()[0]]
    assert found == [e.digest for e in opened("folder", tmp_path / "plain").entries()[0]]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "npz"])  # digests of arrays place them elsewhere
def test_batches_are_the_same_to_the_byte_in_every_form(form: str, loaded: dict[str, Loaded]) -> None:
    assert loaded[form].spec == loaded["folder"].spec
    for part in PARTS:
        for batch, other in zip(*(in_order(loaded[f].parts[part], 7) for f in (form, "folder")), strict=True):
            assert batch.inputs.numpy().tobytes() == other.inputs.numpy().tobytes()
            assert batch.targets.tolist() == other.targets.tolist()
    order = Order(seed=3, epoch=1)
    for batch, other in zip(
        *(shuffled(loaded[f].parts["train"], order, 5, None) for f in (form, "folder")), strict=True
    ):
        assert batch.inputs.numpy().tobytes() == other.inputs.numpy().tobytes()


def test_the_arrays_of_an_npz_are_all_there_in_some_part(loaded: dict[str, Loaded]) -> None:
    def contents(form: str) -> list[bytes]:
        return sorted(bytes(x.numpy().tobytes()) for part in loaded[form].parts.values() for x in part.inputs)

    assert contents("npz") == contents("folder")


@pytest.mark.parametrize("form", FORMS)
def test_a_second_opening_lists_the_same(form: str, tmp_path: Path) -> None:
    assert list(opened(form, tmp_path).entries()[0]) == list(opened(form, tmp_path).entries()[0])
