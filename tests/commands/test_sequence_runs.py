"""Whole runs over sequences: what they write, and what their report says."""

from pathlib import Path

import numpy as np
import pytest

import tellapart
from tellapart.errors import SettingError


def bumps(count: int = 40, length: int = 30, seed: int = 0, channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Noise (N, C, T) with a bump, early or late: its place is the class."""
    draws = np.random.default_rng(seed)
    x = draws.normal(0, 0.3, (count, channels, length)).astype(np.float32)
    y = np.array(["early", "late"])[np.arange(count) % 2]
    for series, label in zip(x, y, strict=True):
        at = int(length * (0.2 if label == "early" else 0.7))
        series[:, at : at + 4] += 3
    return x, y


def texts(folder: Path, count: int = 24) -> Path:
    rows = [f"{'good' if n % 2 else 'bad'}\t{'fine thing' if n % 2 else 'poor stuff'} number {n}" for n in range(count)]
    (folder / "said.tsv").write_text("\n".join(["label\ttext", *rows]) + "\n")
    return folder / "said.tsv"


def test_a_model_fitted_at_once_tells_what_it_does_on_samples_left_out(tmp_path: Path) -> None:
    run = tellapart.train(bumps(), runs_dir=tmp_path, features=200, quiet=True)
    page = run.report.read_text()
    assert "2 channels of 30 steps" in page
    assert "Its last layer was fitted at once" in page
    assert "was answered, too, by a last layer fitted to all the others" in page
    assert "Training and val loss" not in page
    assert "tellapart predict" in page
    assert (run.path / "data" / "preview.png").stat().st_size > 1000
    assert not (run.path / "plots" / "learning_curves.svg").exists()


def test_a_model_that_learns_in_steps_shows_augmented_series_and_its_mistakes(tmp_path: Path) -> None:
    run = tellapart.train(
        bumps(), runs_dir=tmp_path, model="conv1d", widths=(4,), epochs=1, augment="strong", lr=1e-6, quiet=True
    )
    page = run.report.read_text()
    assert "augmentation: strong: scale 0.2, jitter 0.1, time_warp 0.2, window 0.8" in run.facts["chosen"]
    assert "If a class can no longer be told here" in page
    assert "Training and val loss" in page
    assert "jitter = 0.1" in (run.path / "config.toml").read_text()
    assert 'class="gallery wide-ones"' in page or "Its most confident mistakes" not in page


def test_a_text_report_shows_how_texts_begin_and_no_sheet(tmp_path: Path) -> None:
    run = tellapart.train(
        texts(tmp_path), runs_dir=tmp_path, model="textcnn", hidden=4, widths=(4,), epochs=1, lr=1e-6, quiet=True
    )
    page = run.report.read_text()
    assert "texts of 4 words" in page
    assert "number" in page.split("Its most confident mistakes")[1].split("How it learned")[0]
    assert not (run.path / "data" / "preview.png").exists()


@pytest.mark.parametrize("wrong", [{"jitter": 0.1}, {"augment": "strong"}])
def test_what_is_fitted_at_once_refuses_to_change_its_samples(tmp_path: Path, wrong: dict[str, float | str]) -> None:
    with pytest.raises(
        SettingError, match="random-kernels is fitted at once, to the samples as they are: leave it out"
    ):
        tellapart.train(bumps(), runs_dir=tmp_path, quiet=True, **wrong)
