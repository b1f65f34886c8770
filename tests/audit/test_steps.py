"""What is wrong with series, recordings and texts, seen without training anything."""

from pathlib import Path

import numpy as np
import pytest

import tellapart
from tellapart.audit.look import look_at
from tellapart.audit.survey import surveyed
from tellapart.data.sources.sequences import SequenceSource

NAN = float("nan")


def source(*values: list[list[float]], kind: str = "series") -> SequenceSource:
    """Series of steps (T, C)."""
    steps = [np.array(each, np.float32) for each in values]
    return SequenceSource("made", kind, steps, ["a", "b"] * (len(steps) // 2) + ["a"] * (len(steps) % 2))  # type: ignore[arg-type]


def kinds(found: tellapart.Checked) -> dict[str, int]:
    return {kind: count for kind, count in found.counts.items() if kind != "tiny-class"}


def checked(tmp_path: Path, x: np.ndarray, y: list[str]) -> tellapart.Checked:
    return tellapart.check((x, y), out=tmp_path / "check", quiet=True)


def noise(count: int = 12, channels: int = 2, length: int = 20) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, channels, length)).astype(np.float32)


def test_a_look_counts_what_is_missing_and_names_channels_that_never_change() -> None:
    look = look_at(np.array([[1, NAN, 3], [1, NAN, 4], [NAN, NAN, 5]], np.float32))
    assert (look.length, look.channels, look.still) == (3, 3, frozenset({0, 1}))
    assert look.missing == pytest.approx(4 / 9)


def test_clean_series_have_no_findings(tmp_path: Path) -> None:
    found = checked(tmp_path, noise(), ["a", "b"] * 6)
    assert kinds(found) == {}
    assert found.facts == {"length": "20 steps", "channels": "12 of 2 channels", "missing values": "none"}
    assert "Labels were not looked at: too few classes" in found.page.read_text()


def test_what_is_wrong_with_series_is_found(tmp_path: Path) -> None:
    x = noise(channels=3)
    x[:, 1] = 5
    x[0] = x[1]
    x[2] = 0.5
    x[3, :, 2:] = NAN
    found = checked(tmp_path, x, ["a", "b"] * 6)
    assert kinds(found) == {"conflict": 1, "constant": 1, "constant-channel": 1, "missing-values": 1}
    assert found.page.read_text().count("<img") >= 3


def test_a_series_of_other_channels_is_named() -> None:
    survey = surveyed(source([[1.0, 2], [2, 1]], [[1.0], [2]], [[3.0, 2], [2, 4]]))
    assert [issue.kind for issue in survey.issues] == ["channels"]
    assert len(survey.entries) == 2


def test_texts_are_counted_and_compared(tmp_path: Path) -> None:
    lines = [f"{'ham' if n % 2 else 'spam'}\tmessage {n if n > 3 else 0}" for n in range(24)]
    (tmp_path / "said.tsv").write_text("\n".join(["label\ttext", *lines]) + "\n")
    found = tellapart.check(tmp_path / "said.tsv", out=tmp_path / "check", quiet=True)
    assert found.samples == 24
    assert kinds(found) == {"conflict": 2, "copy": 1}
    assert found.facts["length"] == "9 to 10 (median 10) bytes"
