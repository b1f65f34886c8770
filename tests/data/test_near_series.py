"""Near copies among series and recordings."""

import numpy as np
import pytest

from tellapart.data.gist import gist_of_steps
from tellapart.data.near_series import near_series

NAN = float("nan")


def walks(count: int, steps: int = 60, channels: int = 2, seed: int = 0) -> np.ndarray:
    """Random walks (N, T, C)."""
    return np.random.default_rng(seed).normal(size=(count, steps, channels)).cumsum(1).astype(np.float32)


def pairs(values: list[np.ndarray], *, loudness: bool = False) -> list[tuple[int, int]]:
    found = near_series([gist_of_steps(value) for value in values], loudness=loudness)
    return [(pair.first, pair.second) for pair in found]


@pytest.mark.parametrize("count", [2, 9, 10, 200])
def test_no_two_of_different_series_are_copies(count: int) -> None:
    assert pairs([*walks(count)]) == []


@pytest.mark.parametrize("count", [2, 5, 9, 10, 200])
def test_rounding_and_a_little_noise_make_near_copies(count: int) -> None:
    whole = [*walks(count)]
    noise = np.random.default_rng(1).normal(0, 0.01, whole[1].shape).astype(np.float32)
    assert pairs([*whole, whole[0].round(2), whole[1] + noise]) == [(0, count), (1, count + 1)]


def test_a_copy_that_differs_in_one_small_channel_is_none() -> None:
    whole = walks(30) * np.array([1000, 1], np.float32)
    other = whole[3].copy()
    other[:, 1] = other[::-1, 1]
    assert pairs([*whole, other]) == []


def test_a_series_twice_as_high_is_another_one_and_a_recording_twice_as_loud_is_the_same() -> None:
    whole = [*walks(30, channels=1)]
    assert pairs([*whole, 2 * whole[4]]) == []
    assert pairs([*whole, 2 * whole[4]], loudness=True) == [(4, 30)]


def test_series_of_other_lengths_are_not_compared() -> None:
    whole = [*walks(30)]
    assert pairs([*whole, whole[4][:-1]]) == []


def test_values_may_be_missing_in_both_but_not_in_one_alone() -> None:
    whole = [*walks(30)]
    whole[4][10:20] = NAN
    assert pairs([*whole, whole[4].round(2)]) == [(4, 30)]
    assert pairs([*whole, np.nan_to_num(whole[4])]) == []


@pytest.mark.parametrize("loudness", [False, True])
def test_what_never_changes_or_is_missing_or_has_no_length_is_a_copy_of_none(loudness: bool) -> None:
    level = [np.full((40, 1), value, np.float32) for value in (0.1, 0.1000001, 7, 1e30, NAN)]
    assert (
        pairs([*level, *walks(9, steps=40, channels=1), *[np.zeros((0, 1), np.float32)] * 2], loudness=loudness) == []
    )


def test_series_that_are_alike_by_nature_are_copies_up_to_rounding_alone() -> None:
    draws = np.random.default_rng(0)
    places = np.sort(draws.choice(30_000, 300, replace=False)) / 30_000  # no two closer than the rounding of floats
    waves = [np.sin(np.arange(80) * 0.1 + 0.3 * place)[:, None].astype(np.float32) for place in places * 20]
    assert len(pairs([*waves, waves[5] + np.float32(1e-7)])) <= 5
    assert (5, 300) in pairs([*waves, waves[5] + np.float32(1e-7)])


def test_the_likeness_is_told_in_words() -> None:
    whole = [*walks(30)]
    (pair,) = near_series([gist_of_steps(value) for value in [*whole, whole[0].round(1)]], loudness=False)
    assert pair.said.startswith("they differ by ")
    assert pair.said.endswith(" % of how much they vary")
