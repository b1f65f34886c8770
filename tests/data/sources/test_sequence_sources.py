"""Odd and broken sequences, from the source to a trained model: each is named, refused in words, or learned from."""

import io
import struct
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tellapart
from tellapart.errors import DataError

CONV: dict[str, Any] = {"model": "conv1d", "widths": (8,), "epochs": 6, "batch": 4, "lr": 0.02}
SPECTROGRAM: dict[str, Any] = {"model": "spectrogram-cnn", "widths": (2,), "epochs": 1}
TEXTCNN: dict[str, Any] = {"model": "textcnn", "hidden": 8, "widths": (8,), "epochs": 8, "batch": 4, "lr": 0.02}
INSTANT: dict[str, Any] = {"features": 84}
LABELS = ["a", "b"] * 12
NAN, INF = float("nan"), float("inf")

models = pytest.mark.parametrize("settings", [INSTANT, CONV], ids=["fitted at once", "in steps"])


def series(channels: int = 2, length: int = 16, seed: int = 0) -> np.ndarray:
    """Noise about 1 and about -1 by turns, as LABELS are: far enough apart to be told from a single step."""
    noise = np.random.default_rng(seed).normal(scale=0.5, size=(24, channels, length))
    return (noise + np.array([1, -1] * 12)[:, None, None]).astype(np.float32)


def trained(tmp_path: Path, data: Any, **settings: Any) -> tellapart.Run:
    return tellapart.train(data, runs_dir=tmp_path / "runs", quiet=True, **settings)


def share_right(run: tellapart.Run, fresh: Any) -> float:
    """Of samples that it has not seen, whose classes are LABELS over and over."""
    return run.model.evaluate((fresh, LABELS * (len(fresh) // len(LABELS))))["accuracy"].value


def issues(run: tellapart.Run) -> list[str]:
    """`path: detail` of each, without its folder."""
    lines = (run.path / "data" / "issues.csv").read_text("utf-8", "surrogateescape").splitlines()[1:]
    return [",".join(line.split(",")[:2]) for line in lines]


# ---- series


@models
@pytest.mark.parametrize("length", [1, 2, 9])
def test_series_may_be_as_short_as_a_step(tmp_path: Path, settings: dict[str, Any], length: int) -> None:
    run = trained(tmp_path, (series(length=length), LABELS), **settings)
    assert run.facts["status"] == "finished"
    assert share_right(run, series(length=length, seed=1)) >= 0.9


@models
def test_a_channel_may_lack_every_value_or_never_change(tmp_path: Path, settings: dict[str, Any]) -> None:
    x, fresh = series(channels=3), series(channels=3, seed=1)
    for each in (x, fresh):
        each[:, 1], each[:, 2] = NAN, 7
    run = trained(tmp_path, (x, LABELS), **settings)
    assert np.isfinite(run.measures()["log_loss"].value)
    assert share_right(run, fresh) >= 0.9


@pytest.mark.parametrize("value", [NAN, 1.0])
def test_series_that_are_all_alike_are_refused_in_words_by_what_is_fitted_at_once(tmp_path: Path, value: float) -> None:
    with pytest.raises(DataError, match="look all alike to the model: each value may be missing, or the same"):
        trained(tmp_path, (np.full_like(series(), value), LABELS), **INSTANT)


def test_one_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="All training samples are of one class, 'a'; a classifier needs two"):
        trained(tmp_path, (series(), ["a"] * 24))


def test_infinity_is_refused_by_its_row(tmp_path: Path) -> None:
    x = series()
    x[3, 0, 0] = INF
    with pytest.raises(DataError, match=r"1 values are infinite or beyond float32; the first is in row 3"):
        trained(tmp_path, (x, LABELS))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([np.zeros((2, 0)), np.zeros((2, 3))], "of lengths from 0 on; all must have the same channels, and a length"),
        ([np.zeros((2, 3)), np.zeros((3, 3))], r"of \[2, 3\] channels"),
        ([], "holds no sample"),
    ],
    ids=["no length", "channels", "none"],
)
def test_lists_of_series_that_don_t_go_together_are_refused(tmp_path: Path, x: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        trained(tmp_path, (x, ["a", "b"][: len(x)]))


@pytest.mark.slow
def test_a_million_steps_are_learned_from(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(4, 1, 1_000_000)).astype(np.float32)
    run = trained(
        tmp_path, (x, ["a", "b"] * 2), model="conv1d", widths=(2,), epochs=1, batch=2, val_share=0.0, test_share=0.0
    )
    assert "1 channel of 1,000,000 steps" in run.report.read_text()


# ---- recordings


def recording(samples: Sequence[float] | np.ndarray, rate: int = 8000, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def tone(pitch: float, length: int = 1600) -> np.ndarray:
    return np.sin(np.arange(length) * pitch) * 0.5


def folder(tmp_path: Path, **odd: bytes) -> Path:
    """A dozen recordings of either class, and odd ones beside them: their names start with that of the class."""
    files = {f"{name}/{n}": recording(tone(0.1 * (1 + (name == "b")) + n / 99)) for name in "ab" for n in range(12)}
    for name, content in (files | {f"{name[0]}/{name}": content for name, content in odd.items()}).items():
        path = tmp_path / "sounds" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "sounds"


def test_broken_recordings_are_named_with_their_cause(tmp_path: Path) -> None:
    broken = {"a_empty": b"", "a_words": b"hello", "b_head": b"RIFFxxxxWAVE", "b_none": recording([])}
    run = trained(tmp_path, folder(tmp_path, **broken), **SPECTROGRAM)
    assert {line.split(",")[0].split("/")[1] for line in issues(run)} == {f"{name}.wav" for name in broken}


def test_other_rates_channels_and_a_header_that_lies_are_learned_from(tmp_path: Path) -> None:
    lies = bytearray(recording(tone(0.1)))
    lies[40:44] = struct.pack("<I", 2**31)
    both = np.repeat(tone(0.2), 2)
    odd = {"a_lies": bytes(lies), "a_stereo": recording(both, channels=2), "b_fast": recording(tone(0.1), rate=44_100)}
    odd |= {"b_odd": recording(tone(0.1), rate=11_025), "a_silent": recording(np.zeros(900)), "b_one": recording([0.5])}
    run = trained(tmp_path, folder(tmp_path, **odd), **SPECTROGRAM)
    assert issues(run) == []
    assert sum(run.facts["data"]["samples"].values()) == 30
    assert "at 8,000 Hz" in run.report.read_text()


def test_a_rate_that_would_fill_the_memory_is_refused_before_it_does(tmp_path: Path) -> None:
    slow = recording(np.zeros(1_000_000), rate=1)
    with pytest.raises(DataError, match=r"25 sequences need [0-9.]+ GB of memory"):
        trained(tmp_path, folder(tmp_path, a_slow=slow), rate=2_000_000)


# ---- texts


@pytest.mark.parametrize("settings", [{}, TEXTCNN], ids=["fitted at once", "in steps"])
def test_odd_texts_are_learned_from_and_empty_ones_named(tmp_path: Path, settings: dict[str, Any]) -> None:
    said = [f"{'poor' if n % 2 else 'fine'} number {n}" for n in range(24)]
    odd = ["\ud800 alone", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "a", "\0zero", "", " \n"]
    run = trained(tmp_path, (said + odd, LABELS + ["a", "b"] * 3), **settings)
    assert [line.split(",")[1] for line in issues(run)] == ["unreadable"] * 2
    assert sum(run.facts["data"]["samples"].values()) == 28
    assert share_right(run, [f"{'poor' if n % 2 else 'fine'} number {n}" for n in range(50, 98)]) >= 0.9


@pytest.mark.parametrize("settings", [{}, TEXTCNN], ids=["fitted at once", "in steps"])
def test_ten_megabytes_in_a_line_are_a_text(tmp_path: Path, settings: dict[str, Any]) -> None:
    rows = [f"{label}\tword {n} {label}" for n, label in enumerate(LABELS)]
    (tmp_path / "long.tsv").write_text("\n".join(["label\ttext", *rows, "a\t" + "x " * 5_000_000]) + "\n")
    run = trained(tmp_path, tmp_path / "long.tsv", **settings)
    assert sum(run.facts["data"]["samples"].values()) == 25
    assert share_right(run, [f"word {n} {label}" for n, label in enumerate(LABELS * 2, 50)]) >= 0.9


def test_texts_that_are_all_empty_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no readable sample"):
        trained(tmp_path, (["", " "] * 6, ["a", "b"] * 6))
