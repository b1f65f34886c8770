"""Learning from another model, and agreeing with an older one, through the commands."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tellapart
from tellapart.cli import main
from tellapart.commands.evaluate import evaluate_on
from tellapart.config import Reading
from tellapart.errors import SettingError
from tellapart.runs.model_folder import read_model

SMALL: dict[str, Any] = {
    "model": "mlp", "widths": (16,), "epochs": 4, "batch": 64, "lr": 0.005, "quiet": True, "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("teachers") / "runs"


@pytest.fixture(scope="module")
def old(runs: Path) -> tellapart.Run:
    return tellapart.train("digits", name="old", runs_dir=runs, **SMALL)


@pytest.fixture(scope="module")
def agreeing(runs: Path, old: tellapart.Run) -> tellapart.Run:
    return tellapart.train("digits", name="new", runs_dir=runs, seed=1, agree_with=old.path, **SMALL)


def negative_flips(run: Path, old: Path, capsys: pytest.CaptureFixture[str]) -> float:
    capsys.readouterr()
    main(["evaluate", str(run), "--against", str(old), "--json"])
    return float(json.loads(capsys.readouterr().out)["flips"]["negative_flips"]["value"])


def test_a_model_that_agrees_is_wrong_less_often_where_the_old_one_was_right(tmp_path: Path) -> None:
    """Classes that overlap: 6,000 points to judge on, so that chance has no say."""
    draws = np.random.default_rng(0)
    labels = draws.integers(0, 4, 6300)
    points = (draws.normal(0, 1.2, (6300, 8)) + np.eye(8)[labels] * 2).astype(np.float32)
    seen = np.arange(6300) < 300
    path = tmp_path / "points.npz"
    np.savez(path, x_train=points[seen], y_train=labels[seen], x_val=points[~seen], y_val=labels[~seen])
    shared = {**SMALL, "runs_dir": tmp_path, "epochs": 20, "batch": 16}
    old = tellapart.train(path, name="old", **shared)
    flipped = {}
    for name, more in (("free", {}), ("agreeing", {"agree_with": old.path})):
        module, card = read_model(tellapart.train(path, name=name, seed=1, **more, **shared).path / "model")
        found = evaluate_on(module, card, path, Reading(), against=old.path).flips
        assert found is not None
        flipped[name] = found.negative.value
    assert flipped["agreeing"] < 0.8 * flipped["free"]


def test_the_report_and_a_file_say_what_flipped(agreeing: tellapart.Run) -> None:
    told = json.loads((agreeing.path / "metrics" / "flips_test.json").read_text())
    assert {"negative_flips", "positive_flips", "negative_flips_by_chance", "samples"} <= told.keys()
    assert "were right by the old model and are wrong now" in agreeing.report.read_text()


def test_against_itself_nothing_flips(old: tellapart.Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert negative_flips(old.path, old.path, capsys) == 0
    main(["evaluate", str(old.path), "--against", str(old.path)])
    assert "0.0 % were right by the old model and are wrong now" in capsys.readouterr().out


def test_a_student_learns_what_its_teacher_says(runs: Path, old: tellapart.Run) -> None:
    student = tellapart.train("digits", name="student", runs_dir=runs, teacher=old.path, **{**SMALL, "widths": (8,)})
    assert student.measures("test")["accuracy"].value > 0.5
    assert student.facts["status"] == "finished"


def test_going_on_with_another_teacher_is_another_training(runs: Path, old: tellapart.Run) -> None:
    run = tellapart.train("digits", name="moved", runs_dir=runs, teacher=old.path, **SMALL)
    config = run.path / "config.toml"
    other = tellapart.train("digits", name="other", runs_dir=runs, seed=5, **SMALL)
    config.write_text(config.read_text().replace(str(old.path), str(other.path)))
    with pytest.raises(SettingError, match="1 thing changed since the checkpoint: teacher: "):
        tellapart.resume(run.path, epochs="+1", quiet=True)


@pytest.mark.parametrize("setting", ["teacher", "agree_with"])
def test_a_model_that_is_not_there_is_told_before_anything_loads(setting: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"{setting} is '.*nowhere': .*no such folder"):
        tellapart.train("digits", runs_dir=tmp_path, **{setting: tmp_path / "nowhere"})
