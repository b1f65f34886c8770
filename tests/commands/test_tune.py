"""`tune`: a learning rate by a few steps on the real data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.photos import make_photos
from tests.sequences import series

import tellapart
from tellapart.commands.tune import Tuned, tune
from tellapart.config import RunConfig
from tellapart.errors import DataError, SettingError
from tellapart.training.lr_range import STEPS, LrRange


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos", each=12)
    return folder


def tuned(home: Path, **settings: Any) -> Tuned:
    small = {"model": "cnn", "widths": (4,), "dense": 8, "batch": 8, "flip": True, "threads": 1}
    return tune(RunConfig.of(str(home / "photos"), small | settings), out=home / "tune")


@pytest.fixture(scope="module")
def found(home: Path) -> Tuned:
    return tuned(home)


def test_the_folder_holds_the_figures_and_the_plot(found: Tuned) -> None:
    assert sorted(path.name for path in found.path.iterdir()) == ["lr.json", "lr.svg"]
    assert json.loads((found.path / "lr.json").read_text()) == json.loads(json.dumps(found.to_json()))
    assert found.plot.read_text().startswith("<svg")


def test_a_rate_is_suggested_that_was_tried_between_the_ends(found: Tuned) -> None:
    assert found.suggested is not None
    assert 1e-6 < found.suggested <= 0.1
    assert len(found.curve.lrs) <= STEPS
    assert found.said.startswith(f"Suggested: --lr {found.suggested:.2g}; adam has 0.001 (")


def test_the_same_seed_finds_the_same_in_another_folder(home: Path, found: Tuned) -> None:
    again = tuned(home)
    assert again.path.name == "photos-2"
    assert again.curve == found.curve
    assert again.plot.read_bytes() == found.plot.read_bytes()


def test_where_nothing_is_found_it_says_so(tmp_path: Path) -> None:
    nothing = LrRange(lrs=(1.0, 2.0), losses=(1.0, 5.0), smoothed=(1.0, 5.0), ended="diverged")
    said = Tuned(path=tmp_path, optimiser="sgd", lr=0.05, curve=nothing).said
    assert said == "The loss fell at none of these rates; sgd has 0.05 (the loss rose too far)."


def test_data_that_do_not_exist_are_refused_before_a_folder_is_made(home: Path) -> None:
    with pytest.raises(DataError):
        tune(RunConfig(data=str(home / "nowhere")), out=home / "none")
    assert not (home / "none").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "random-kernels is fitted at once, so there is no learning rate to look for: train it as it is, or name"),
        ({"model": "conv1d", "preset": "instant", "weights": "run"}, "preset is 'instant', which fits the last layer"),
    ],
    ids=["by its model", "by its preset"],
)
def test_what_learns_in_no_steps_has_no_rate_to_look_for(
    settings: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("swings.npz", **series())
    if settings:
        weights = tellapart.train("swings.npz", model="conv1d", widths=(2,), epochs=1, quiet=True, name="run").path
        settings = settings | {"weights": str(weights)}
    with pytest.raises(SettingError, match=message):
        tune(RunConfig.of("swings.npz", settings))
    assert not Path("tune").exists()
