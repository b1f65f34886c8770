"""The run folder: the only file that knows its file names."""

import csv
import io
import json
from pathlib import Path

import pytest

from tellapart.errors import DataError
from tellapart.runs.run_folder import Progress, RunFolder, model_folder
from tellapart.types import PARTS, Issue


def test_a_run_gets_a_folder_that_was_not_there(tmp_path: Path) -> None:
    runs = [RunFolder.new(tmp_path / "runs", "photos") for _ in range(2)]
    assert [run.path.name for run in runs] == ["photos", "photos-2"]


def test_a_new_run_has_its_rooms_and_no_file(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    assert sorted(path.name for path in run.path.iterdir()) == ["checkpoints", "data", "metrics", "plots"]
    assert not [path for path in run.path.rglob("*") if path.is_file()]


def test_every_file_lies_inside_in_a_folder_that_is_there_and_none_has_two_names(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    paths = [getattr(run, name) for name, value in vars(RunFolder).items() if isinstance(value, property)]
    paths += [run.measures(part) for part in PARTS] + [run.predictions(part) for part in PARTS] + [run.plot("x.svg")]
    assert len(set(paths)) == len(paths) >= 18
    assert all(path.parent.is_dir() and run.path in path.parents for path in paths)


def test_facts_come_back_with_their_schema(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    run.write_facts({"status": "running", "data": {"name": "ümläut"}})
    assert run.read_facts() == {"schema": 1, "status": "running", "data": {"name": "ümläut"}}


def test_issues_come_back_from_their_csv_whatever_a_path_holds(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    issues = [
        Issue(path='a "b",c\nd.png', kind="unreadable", detail="cut; short", suggestion=""),
        Issue(path="☃.png", kind="x", detail="", suggestion="replace it"),
    ]
    run.write_issues(issues)
    rows = list(csv.DictReader(io.StringIO(run.issues.read_bytes().decode("utf-8"), newline="")))
    assert [Issue(**row) for row in rows] == issues


def test_without_issues_there_is_a_header(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    run.write_issues([])
    assert run.issues.read_text() == "path,kind,detail,suggestion\n"


def test_an_issue_with_a_name_of_odd_bytes_is_written(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    run.write_issues([Issue(path="\udcff.png", kind="unreadable", detail="", suggestion="")])
    assert b"\n\xff.png,unreadable" in run.issues.read_bytes()


def test_history_is_a_line_for_each_epoch(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    run.write_history([{"epoch": 1, "loss": 0.5}])
    run.write_history([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.1}])
    assert run.history.read_text() == "epoch,loss\n1,0.5\n2,0.1\n"


def test_a_preview_is_written_as_it_is(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "photos")
    run.write_preview(b"\x89PNG\r\n")
    assert run.preview.read_bytes() == b"\x89PNG\r\n"


def test_epochs_since_the_best_are_counted() -> None:
    progress = Progress()
    assert progress.since_best == 0
    progress.history += [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]
    progress.best_epoch = 1
    assert progress.since_best == 2


# ---- which model a path means


def model_at(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "card.json").write_text("{}")
    return path


def test_a_run_means_its_model(tmp_path: Path) -> None:
    model = model_at(tmp_path / "run" / "model")
    assert model_folder(tmp_path / "run") == model


def test_a_model_folder_means_itself(tmp_path: Path) -> None:
    assert model_folder(model_at(tmp_path / "mine")) == tmp_path / "mine"


def test_a_model_that_a_kill_left_aside_is_found(tmp_path: Path) -> None:
    aside = model_at(tmp_path / "run" / ".model.old")
    assert model_folder(tmp_path / "run") == aside
    assert model_folder(tmp_path / "run" / "model") == aside


def test_a_run_without_a_model_says_how_it_stands(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "run")
    run.write_facts({"status": "failed"})
    said = r"run: the run has no model yet; its status is 'failed'\. To go on with it: tellapart resume .*/run$"
    with pytest.raises(DataError, match=said):
        model_folder(run.path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_run_whose_facts_are_damaged_is_refused_in_words(tmp_path: Path, content: str) -> None:
    run = RunFolder.new(tmp_path, "run")
    run.facts.write_text(content)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its kind is what is asked about
        model_folder(run.path)
    assert type(caught.value).__module__ == "tellapart.errors"
    assert "run" in str(caught.value)


def test_another_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run and no model folder; `tellapart train` makes one"):
        model_folder(tmp_path)


def test_a_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    with pytest.raises(DataError, match=r"x\.png: no run and no model folder"):
        model_folder(tmp_path / "x.png")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: no such folder\. Give a run folder, as in runs/photos"):
        model_folder(tmp_path / "none")


def test_facts_are_whole_at_every_moment(tmp_path: Path) -> None:
    run = RunFolder.new(tmp_path, "run")
    run.write_facts({"status": "running"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.write_facts({"loss": float("nan")})
    assert json.loads(run.facts.read_bytes())["status"] == "running"
