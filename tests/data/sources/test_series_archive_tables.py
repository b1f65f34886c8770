"""The UCR archive of 2018: tab-separated series without a header, a class first, the other part in a file beside it."""

from pathlib import Path

import numpy as np
import pytest

import tellapart
from tellapart.config import Reading
from tellapart.data import open_source
from tellapart.data.kinds import kind_of
from tellapart.data.source import Source
from tellapart.errors import DataError

STEPS = 12


def written(path: Path, classes: list[object], parting: str = "\t", add: str = "") -> Path:
    """A file whose every class lies around its own level; in the second row a value is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draws, lines = np.random.default_rng(len(classes)), []
    for row, name in enumerate(classes):
        values = [f"{value:.4f}" for value in draws.normal(float(str(name).strip("x")) * 3, 1, STEPS)]
        values[3] = "NaN" if row == 1 else values[3]
        lines.append(parting.join([str(name), *values]))
    path.write_text("\n".join(lines) + "\n" + add)
    return path


def rows(source: Source) -> list[tuple[str, str, str | None]]:
    return [(entry.id, entry.label, entry.part) for entry in source.entries()[0]]


@pytest.mark.parametrize(("parting", "suffix"), [("\t", "tsv"), (",", "csv"), (",", "txt")])
def test_a_table_without_a_header_has_the_class_first_and_a_series_in_each_line(
    tmp_path: Path, parting: str, suffix: str
) -> None:
    path = written(tmp_path / f"waves.{suffix}", [1, -1, 1], parting)
    source = open_source(path, Reading())
    assert (kind_of(str(path)), source.kind) == ("series", "series")
    assert rows(source) == [("1", "1", None), ("2", "-1", None), ("3", "1", None)]
    values = [source.value(entry) for entry in source.entries()[0]]
    assert [value.shape for value in values] == [(STEPS, 1)] * 3
    assert np.flatnonzero(np.isnan(values[1][:, 0])).tolist() == [3]


@pytest.mark.parametrize("given", ["gun_TRAIN.tsv", "gun_TEST.tsv", "."])
def test_the_other_part_lies_beside_it_and_a_folder_of_both_is_the_same(tmp_path: Path, given: str) -> None:
    written(tmp_path / "gun_TRAIN.tsv", [1, 2, 1])
    written(tmp_path / "gun_TEST.tsv", [2, 2])
    (tmp_path / "README.md").write_text("of the archive")
    source = open_source(tmp_path / given, Reading())
    assert source.name == "gun"
    train = [(f"gun_TRAIN.tsv:{row}", name, "train") for row, name in ((1, "1"), (2, "2"), (3, "1"))]
    assert rows(source) == [*train, *((f"gun_TEST.tsv:{row}", "2", "test") for row in (1, 2))]


def test_a_table_that_says_parts_itself_is_not_joined_with_another(tmp_path: Path) -> None:
    header = "\t".join(["split", "label", *(f"t{step}" for step in range(8))])
    line = "\t".join(map(str, range(8)))
    for name in ("a_TRAIN.tsv", "a_TEST.tsv"):
        (tmp_path / name).write_text(f"{header}\ntrain\tx\t{line}\ntest\ty\t{line}\n")
    assert [part for _, _, part in rows(open_source(tmp_path / "a_TRAIN.tsv", Reading()))] == ["train", "test"]


def test_what_is_damaged_in_it_is_told_by_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "w.tsv", [1, 2, 1], add="2\t1\t2\n1" + "\tx" * STEPS + "\n")
    _, issues = open_source(path, Reading()).entries()
    assert [issue.path for issue in issues] == ["w.tsv:4", "w.tsv:5"]


@pytest.mark.parametrize("classes", [[1, 2, 3], [0.5, 0.5, 1]], ids=["all differ", "no whole numbers"])
def test_numbers_that_are_no_classes_are_not_taken_for_them(tmp_path: Path, classes: list[object]) -> None:
    with pytest.raises(DataError, match="no column"):
        open_source(written(tmp_path / "w.tsv", classes), Reading()).entries()


def test_tables_of_several_sets_in_a_folder_are_named(tmp_path: Path) -> None:
    for name in ("a_TRAIN.tsv", "b_TRAIN.tsv"):
        written(tmp_path / name, [1, 2, 1])
    with pytest.raises(DataError, match=r"a_TRAIN\.tsv and b_TRAIN\.tsv are of several sets"):
        open_source(tmp_path, Reading())


def test_what_is_no_table_does_not_hide_the_one_beside_it(tmp_path: Path) -> None:
    written(tmp_path / "gun_TRAIN.tsv", [1, 2, 1])
    (tmp_path / "a-note.csv").touch()
    (tmp_path / "README.txt").write_text("a\tb\n" * 3)
    assert [label for _, label, _ in rows(open_source(tmp_path, Reading()))] == ["1", "2", "1"]


def test_such_files_are_trained_on_and_new_ones_answered(tmp_path: Path) -> None:
    path = written(tmp_path / "gun_TRAIN.tsv", [1, 2] * 10)
    written(tmp_path / "gun_TEST.tsv", [2, 1] * 5)
    run = tellapart.train(path, runs_dir=tmp_path / "runs", quiet=True, features=84)
    assert run.measures()["accuracy"].value == 1
    answers = run.model.predict(tmp_path / "gun_TEST.tsv")
    assert [answer.label for answer in answers] == ["2", "1"] * 5


@pytest.mark.parametrize("classes", [[2, 1], [1], ["3.5", "0.5", "2"]], ids=["each once", "a row", "values alone"])
def test_new_series_without_a_header_are_all_answered_with_a_class_before_them_or_not(
    tmp_path: Path, classes: list[object]
) -> None:
    path = written(tmp_path / "gun_TRAIN.tsv", [1, 2] * 10)
    model = tellapart.train(path, runs_dir=tmp_path / "runs", quiet=True, features=84).model
    new = written(tmp_path / "new.tsv", classes)
    values = [[float(cell) for cell in line.split("\t")] for line in new.read_text().splitlines()]
    first = 0 if "." in str(classes[0]) else 1
    alone = model.predict([np.array([row[first:]]) for row in values])
    found = model.predict(new)
    assert [answer.id for answer in found] == [f"{new}:{row}" for row in range(1, len(classes) + 1)]
    for answer, same in zip(found, alone, strict=True):
        assert answer.probabilities == pytest.approx(same.probabilities, abs=1e-5)
