"""Near copies of series, recordings and texts stay on one side of a carved split, and no class is lost by it."""

import random
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tellapart.config import DataConfig
from tellapart.data import alike_sequences as module
from tellapart.data import open_source
from tellapart.data.resident import load
from tellapart.data.source import Source, Value
from tellapart.data.sources.sequences import SequenceSource, texts_of
from tellapart.data.split import Split, described
from tellapart.types import PARTS

RATE = 4000


def split_of(source: Source, **settings: object) -> Split:
    return load(source, DataConfig(**{"val_share": 0.25, "test_share": 0.25, **settings})).split


def series(values: list[Value], labels: list[str], ids: list[str] | None = None) -> SequenceSource:
    return SequenceSource("made", "series", values, labels, ids=ids)


def walks(count: int, seed: int = 0) -> list[Value]:
    """Random walks (T, 1)."""
    return [*np.random.default_rng(seed).normal(size=(count, 60, 1)).cumsum(1).astype(np.float32)]


def messages(count: int) -> list[str]:
    draws = np.random.default_rng(0)
    return [" ".join(f"word{number}" for number in draws.integers(0, 2000, 40)) for _ in range(count)]


def places(split: Split) -> dict[str, str]:
    return {entry.id: part for part in PARTS for entry in split.parts[part]}


def cut(split: Split, count: int) -> int:
    """How many of so many samples lie in another part than the copy that stands so many rows below."""
    where = places(split)
    return sum(where[f"{row:05d}"] != where[f"{row + count:05d}"] for row in range(count))


def classes(split: Split) -> list[set[str]]:
    return [{entry.label for entry in split.parts[part]} for part in PARTS]


def rounded() -> SequenceSource:
    values = walks(60)
    return series([*values, *(value.round(2) for value in values)], ["a", "b"] * 60)


def sent_again() -> SequenceSource:
    texts = messages(60)
    return texts_of("made", [*texts, *(f"{text} 07{row:09d}" for row, text in enumerate(texts))], ["a", "b"] * 60)


@pytest.mark.parametrize("made", [rounded, sent_again])
def test_a_series_but_for_rounding_and_a_text_with_another_number_stay_with_the_first(made) -> None:
    split = split_of(made())
    assert "60 pairs of near copies kept together" in described(split)
    assert cut(split, 60) == 0
    assert classes(split) == [{"a", "b"}] * 3
    assert cut(split_of(made(), near_copies=False), 60) > 10


def test_a_quieter_recording_stays_with_the_first(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    for row in range(60):
        sound = draws.normal(0, 0.2, RATE // 4).clip(-1, 1)
        for name, loudness in (("loud", 1.0), ("quiet", 0.4)):
            path = tmp_path / "tones" / "ab"[row % 2] / f"{name}{row}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            with wave.open(str(path), "wb") as file:
                file.setparams((1, 2, RATE, 0, "NONE", ""))
                file.writeframes((loudness * sound * 32767).astype("<i2").tobytes())
    where = places(split_of(open_source(tmp_path / "tones", DataConfig())))
    assert all(where[name] == where[name.replace("loud", "quiet")] for name in where)
    assert set(where.values()) == {*PARTS}


def test_the_order_of_the_samples_has_no_say() -> None:
    rows = list(range(120))
    source = rounded()
    values, labels = source._values, source._labels
    random.Random(1).shuffle(rows)
    mixed = series([values[row] for row in rows], [labels[row] for row in rows], [f"{row:05d}" for row in rows])
    assert places(split_of(mixed)) == places(split_of(source))


def test_where_nothing_is_carved_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "near_sequences", None)
    assert split_of(rounded(), val_share=0.0, test_share=0.0).how == ()


def smooth(count: int) -> list[Value]:
    """Waves (T, 1) of one shape, hardly moved."""
    draws = np.random.default_rng(3)
    return [
        (np.sin(np.arange(150) / 30 + shift) + 1e-3 * draws.normal(size=150)).astype(np.float32)[:, None]
        for shift in draws.uniform(0, 0.02, count)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [4, 5, 6, 12, 50, 67])
def test_smooth_series_that_all_look_alike_leave_both_classes_in_val(count: int, seed: int) -> None:
    """As many as GunPoint and ItalyPowerDemand have to train on, and fewer."""
    source = series(smooth(count), ["a", "b"] * (count // 2) + ["a"] * (count % 2))
    split = split_of(source, val_share=0.1, test_share=0.0, split_seed=seed)
    assert classes(split)[:2] == [{"a", "b"}] * 2


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_a_machine_that_is_well_is_learned_chosen_and_judged_by(seed: int, caplog) -> None:
    well, ill = smooth(40), walks(60)
    copies = [value.round(2) for value in ill[:10]]
    values, labels = [*well, *ill, *copies], ["well"] * 40 + ["ill"] * 70
    split = split_of(series(values, labels), split_seed=seed)
    assert classes(split) == [{"ill", "well"}] * 3
    assert Counter(label for e in split.parts["train"] for label in [e.label])["well"] < 35
    assert "Near copies of well are not kept together, so val and test may hold some" in caplog.text
    where = places(split)
    assert all(where[f"{40 + row:05d}"] == where[f"{100 + row:05d}"] for row in range(10))
    assert "10 pairs of near copies kept together" in described(split)


def test_a_form_in_which_only_a_number_differs_is_judged_by_all_the_same() -> None:
    form = messages(1)[0]
    texts = [f"{form} your code is {row}" for row in range(30)] + messages(60)[1:]
    split = split_of(texts_of("made", texts, ["code"] * 30 + ["other"] * 59))
    assert classes(split) == [{"code", "other"}] * 3


def test_a_class_of_two_that_look_alike_goes_as_one() -> None:
    values = walks(42)
    split = split_of(series([*values, values[41].round(2)], ["a"] * 20 + ["b"] * 21 + ["c"] * 2))
    where = places(split)
    assert where["00041"] == where["00042"] == "train"


def test_among_too_many_sequences_nothing_is_looked_for_and_that_is_said(monkeypatch, caplog) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    assert split_of(rounded()).how == ()
    assert "Near copies are not looked for among more than 100 sequences: val and test may hold some." in caplog.text


def test_two_labels_of_one_look_stay_together() -> None:
    values = walks(60)
    split = split_of(series([*values, *(value.round(2) for value in values)], ["a", "b"] * 30 + ["b", "a"] * 30))
    assert cut(split, 60) == 0
    assert classes(split) == [{"a", "b"}] * 3
