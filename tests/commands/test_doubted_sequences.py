"""Wrong labels and near copies among series, recordings and texts, as `tellapart check` finds them."""

import csv
import wave
from pathlib import Path

import numpy as np
import pytest

import tellapart
from tellapart.commands import fixed_features
from tellapart.commands import out_of_fold as module

RATE = 4000


def bumps(count: int = 80, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Noise (N, C, T) with a bump, early or late: its place is the class."""
    draws = np.random.default_rng(seed)
    x = draws.normal(0, 0.3, (count, 2, 40)).astype(np.float32)
    y = ["early" if row % 2 else "late" for row in range(count)]
    for series, label in zip(x, y, strict=True):
        at = 8 if label == "early" else 28
        series[:, at : at + 4] += 3
    return x, y


def flipped(labels: list[str], rows: set[int]) -> list[str]:
    one, other = sorted(set(labels))
    return [(other if label == one else one) if row in rows else label for row, label in enumerate(labels)]


def messages(count: int = 120, seed: int = 0) -> list[tuple[str, str]]:
    """Texts of 14 words, three of which tell the class."""
    draws = np.random.default_rng(seed)
    common = [f"word{number}" for number in range(20)]
    telling = {"spam": ["prize", "win", "free", "cash"], "ham": ["lunch", "meeting", "train", "late"]}
    rows = []
    for number in range(count):
        label = "spam" if number % 2 else "ham"
        words = draws.choice(common, 14).tolist()
        for place in draws.choice(14, 3, replace=False):
            words[place] = str(draws.choice(telling[label]))
        rows.append((" ".join(words), label))
    return rows


def table(folder: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("text", "label")) -> Path:
    path = folder / "messages.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def doubted(found: tellapart.Checked) -> set[str]:
    return {issue.path for issue in found.issues if issue.kind == "label"}


def test_wrong_labels_of_series_are_found_and_clean_ones_left_in_peace(tmp_path: Path) -> None:
    x, y = bumps()
    wrong = {3, 22, 41, 60}
    found = tellapart.check((x, flipped(y, wrong)), out=tmp_path, quiet=True)
    assert doubted(found) == {f"{row:05d}" for row in wrong}
    assert "Labels were held against random kernels and ridge regression" in found.page.read_text()
    assert doubted(tellapart.check((x, y), out=tmp_path, quiet=True)) == set()


def test_wrong_labels_of_texts_are_found_and_clean_ones_left_in_peace(tmp_path: Path) -> None:
    rows = messages()
    wrong = {3, 26, 49, 72, 95}
    labels = flipped([label for _, label in rows], wrong)
    dirty = table(tmp_path, [(text, label) for (text, _), label in zip(rows, labels, strict=True)])
    found = doubted(tellapart.check(dirty, out=tmp_path, quiet=True))
    told = {f"messages.csv:{row + 2}" for row in wrong}  # below the header, counted from 1
    assert len(found & told) >= 4
    assert len(found - told) <= 1
    assert len(doubted(tellapart.check(table(tmp_path, rows), out=tmp_path, quiet=True))) <= 1


WRONG = {7, 16, 33, 58}
"""Of the recordings, those that lie in the folder of the other class."""


def recordings(folder: Path) -> Path:
    draws = np.random.default_rng(0)
    for number in range(64):
        label = "low" if number % 2 else "high"
        length = int(draws.integers(RATE // 4, RATE // 2))
        tone = np.sin(np.arange(length) * 2 * np.pi * (200 if label == "low" else 800) * draws.uniform(0.9, 1.1) / RATE)
        sound = (tone * draws.uniform(0.2, 0.8) + draws.normal(0, 0.02, length)).clip(-1, 1)
        said = label if number not in WRONG else "high" if label == "low" else "low"
        write(folder / said / f"{number}.wav", sound)
        if number == 12:
            write(folder / label / "quiet.wav", 0.3 * sound)
    return folder


def write(path: Path, sound: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def test_wrong_labels_and_a_quieter_copy_of_recordings_are_found(tmp_path: Path) -> None:
    found = tellapart.check(recordings(tmp_path / "tones"), out=tmp_path / "check", quiet=True)
    assert [issue.path for issue in found.issues if issue.kind == "near-copy"] == ["high/quiet.wav"]
    rows = {int(Path(path).stem) for path in doubted(found)}
    assert rows <= WRONG
    assert len(rows) >= 3


def test_copies_across_parts_are_leaks_and_copies_of_two_classes_are_conflicts(tmp_path: Path) -> None:
    rows = [(text, label, "test" if row % 4 == 3 else "train") for row, (text, label) in enumerate(messages(40))]
    rows += [(rows[0][0].upper() + "!!", "ham", "test"), (rows[1][0].replace(" ", "  "), "ham", "train")]
    found = tellapart.check(table(tmp_path, rows, ("text", "label", "split")), out=tmp_path, quick=True, quiet=True)
    assert [(issue.kind, issue.path) for issue in found.issues] == [
        ("leak", "messages.csv:42"),
        ("conflict", "messages.csv:43"),
    ]
    assert "the same words but for case, punctuation and white space" in found.issues[0].detail
    assert found.blocking == found.issues


def test_a_quick_check_trains_nothing_and_finds_copies_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "taken", None)  # what would read the values
    x, y = bumps()
    found = tellapart.check((np.concatenate([x, x[4:5].round(2)]), [*y, y[4]]), out=tmp_path, quick=True, quiet=True)
    assert found.counts == {"near-copy": 1}
    assert "without --quick they are" in found.page.read_text()


def test_of_many_texts_a_part_is_learned_from_and_all_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEARNED", 60)
    rows = messages(160)
    labels = flipped([label for _, label in rows], {31, 90})
    dirty = table(tmp_path, [(text, label) for (text, _), label in zip(rows, labels, strict=True)])
    found = doubted(tellapart.check(dirty, out=tmp_path, quiet=True))
    assert {"messages.csv:33", "messages.csv:92"} <= found
    assert len(found) <= 5


def test_a_text_that_begins_with_much_space_is_looked_at_where_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixed_features, "MOST_LETTERS", 100)
    rows = [("\u3000" * 200 + text, label) for text, label in messages(60)]
    found = tellapart.check(table(tmp_path, rows), out=tmp_path, quiet=True)
    assert "Labels were held against n-grams" in found.page.read_text()


def test_series_that_nothing_can_be_told_from_are_said_to_be_so(tmp_path: Path) -> None:
    x = np.ones((40, 1, 20), np.float32) * np.arange(40, dtype=np.float32)[:, None, None]
    found = tellapart.check((x, ["a", "b"] * 20), out=tmp_path, quiet=True)
    assert found.counts == {"constant": 40}
    assert "Labels were " in found.page.read_text()


def test_odd_texts_and_series_are_taken(tmp_path: Path) -> None:
    rows = [
        (f"{'fine' if n % 2 else 'poor'} 👩\u200d👩\u200d👧 thing {n}", "yes" if n % 2 else "no") for n in range(40)
    ]
    path = table(tmp_path, [*rows, ("x" * 3_000_000, "no"), ("...", "yes"), ("?!", "no")])
    assert tellapart.check(path, out=tmp_path, quiet=True).samples == 43
    x, y = bumps(40)
    x[0], x[1, :, 2:], x[2] = 5.0, np.nan, 0.0
    lengths = np.full(40, 40)
    lengths[:3] = 1
    series = [one[:, :length] for one, length in zip(x, lengths, strict=True)]
    assert tellapart.check((series, y), out=tmp_path, quiet=True).samples == 40
