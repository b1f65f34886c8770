"""Several sources as one."""

from pathlib import Path

import numpy as np
import pytest
from tests.data.formats import as_npz, as_zip, lay, picture, pictures, table

import tellapart
from tellapart.config import DataConfig, Reading
from tellapart.data import check_source, open_source
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.mixed import MixedSource
from tellapart.errors import DataError, SettingError


def numbers(name: str, features: int = 3) -> ArraySource:
    return ArraySource(name, np.ones((2, features)), ["a", "b"])


def test_ids_begin_with_the_name_of_their_source_made_unique() -> None:
    source = MixedSource([numbers("x"), numbers("x"), numbers("a/b")])
    assert [e.id.rpartition("/")[0] for e in source.entries()[0][::2]] == ["x", "x-2", "a_b"]
    assert source.name == "x+x-2+a_b"


def test_values_are_those_of_their_source(tmp_path: Path) -> None:
    lay(tmp_path / "a", {"cat/1.png": picture(1)})
    lay(tmp_path / "b", {"train/cat/1.png": picture(2)})
    source = open_source(tmp_path / "a", Reading(also=(str(tmp_path / "b"),)))
    entries, _ = source.entries()
    assert [(e.id, e.part) for e in entries] == [("a/cat/1.png", None), ("b/train/cat/1.png", "train")]
    assert [source.value(e)[0, 0, 0] for e in entries] == [1, 2]


def test_issues_are_told_with_their_source(tmp_path: Path) -> None:
    lay(tmp_path / "a", {"cat/1.png": picture(1), "cat/2.png": b""})
    source = MixedSource([open_source(tmp_path / "a", Reading())] * 2)
    assert [i.path for i in source.entries()[1]] == ["a/cat/2.png", "a-2/cat/2.png"]


def test_pictures_and_numbers_can_not_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="x holds vectors, pets holds pictures; they can"):
        MixedSource([numbers("x"), open_source(as_npz(tmp_path, pictures(each=1)), Reading())])


def test_vectors_of_differing_lengths_can_not_be_mixed() -> None:
    with pytest.raises(DataError, match="differing lengths: x 3, y 4"):
        MixedSource([numbers("x"), numbers("y", 4)]).entries()


def test_each_of_them_is_checked() -> None:
    with pytest.raises(DataError, match="nowhere: neither"):
        check_source("digits", Reading(also=("nowhere",)))


def test_python_takes_a_list(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    data = [as_zip(tmp_path, pictures()), as_zip(tmp_path / "b", {"cat/x.png": picture(9)})]
    run = tellapart.train(data, epochs=1, runs_dir=tmp_path / "runs", quiet=True)
    assert run.path.name == "pets+pets-2"
    assert sum(run.facts["data"]["samples"].values()) == 25
    assert 0 <= run.model.evaluate(data[:1])["accuracy"].value <= 1
    assert tellapart.resume(run.path, epochs="+1", quiet=True).facts["epochs"] == 2


def test_an_empty_list_and_an_unknown_setting_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="empty list"):
        tellapart.train([])
    run = tellapart.train(as_zip(tmp_path, pictures()), epochs=1, runs_dir=tmp_path / "runs", quiet=True)
    with pytest.raises(SettingError, match="Did you mean 'path_column'"):
        run.model.evaluate(tmp_path / "pets.zip", path_colum="x")


# ---- weights


def weighted(root: Path, weight: str) -> Path:
    """A table whose first class has a weight."""
    files = pictures(each=12, classes=("cat", "dog"))
    rows = [(path, path[:3], weight if path.startswith("cat") else "1", path[-5]) for path in files]
    lay(root, files)
    (root / "t.csv").write_bytes(table(rows, "path,label,weight,group"))
    return root / "t.csv"


def test_a_class_of_weight_0_is_not_learned(tmp_path: Path) -> None:
    settings = {"epochs": 15, "quiet": True, "val_share": 0.0, "model": "mlp"}
    run = tellapart.train(weighted(tmp_path / "a", "0"), runs_dir=tmp_path / "runs", **settings)
    files = pictures(each=12, classes=("cat", "dog"))
    assert {answer.label for answer in run.model.predict(list(files.values()))} == {"dog"}


def test_equal_weights_of_1_give_the_weights_of_none(tmp_path: Path) -> None:
    settings = {"epochs": 2, "quiet": True, "runs_dir": tmp_path / "runs"}
    with_weights = tellapart.train(weighted(tmp_path / "a", "1"), **settings)
    plain = tmp_path / "a" / "t2.csv"
    plain.write_bytes((tmp_path / "a" / "t.csv").read_bytes().replace(b"weight", b"x"))
    without = tellapart.train(plain, **settings)
    files = [run.path / "model/weights.safetensors" for run in (with_weights, without)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_weights_of_0_throughout_are_refused(tmp_path: Path) -> None:
    files = pictures(each=4)
    lay(tmp_path, files)
    (tmp_path / "t.csv").write_bytes(table([(path, path[:3], 0) for path in files], "path,label,weight"))
    with pytest.raises(DataError, match="every training sample has the weight 0"):
        tellapart.train(tmp_path / "t.csv", epochs=1, runs_dir=tmp_path / "runs", quiet=True)


def test_the_group_stands_in_the_split(tmp_path: Path) -> None:
    run = tellapart.train(weighted(tmp_path / "a", "1"), epochs=1, quiet=True, runs_dir=tmp_path / "runs")
    lines = (run.path / "data/split.csv").read_text().splitlines()
    assert lines[0] == "id,part,class,content,group"
    assert {line.split(",")[0][-5] for line in lines[1:]} == {line[-1] for line in lines[1:]}


def test_other_weights_are_other_data(tmp_path: Path) -> None:
    from tellapart.data.resident import load

    one, other = (load(open_source(weighted(tmp_path / w, w), Reading()), DataConfig()) for w in ("1", "2"))
    assert one.fingerprint != other.fingerprint
