"""Randomness as a function."""

import itertools
from statistics import NormalDist

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.seeds import seed_of, uniform

KEYS = torch.arange(100_000)
LARGEST, SMALLEST = 2**63 - 1, -(2**63)
PINNED_SEED = 516879229434908400
PINNED_DRAWS = [0.8956276774406433, 0.17965620756149292, 0.937930166721344, 0.6711175441741943]


def splitmix_share(key: int, offset: int) -> float:
    """The same draw in Python's whole numbers."""
    mask = 2**64 - 1
    x = (key + offset) & mask
    x = (x * 0x9E3779B97F4A7C15) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return ((x ^ (x >> 31)) >> 40) / 2**24


@given(st.lists(st.integers(SMALLEST, LARGEST), min_size=1, max_size=20), st.integers(0, LARGEST))
def test_draws_are_those_of_splitmix64_in_whole_numbers(keys: list[int], seed: int) -> None:
    drawn = uniform(torch.tensor(keys), seed).tolist()
    assert drawn == [splitmix_share(key, seed_of(seed)) for key in keys]


@given(st.lists(st.integers(SMALLEST, LARGEST), min_size=1, max_size=20), st.integers() | st.text("abc"))
def test_draws_are_at_least_0_and_below_1(keys: list[int], part: int | str) -> None:
    drawn = uniform(torch.tensor(keys), part)
    assert drawn.dtype == torch.float32
    assert ((drawn >= 0) & (drawn < 1)).all()


def test_a_draw_does_not_depend_on_its_batch() -> None:
    whole = uniform(KEYS[:100], 1, "x")
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(uniform(KEYS[order], 1, "x"), whole[order])
    assert torch.equal(torch.cat([uniform(KEYS[i : i + 1], 1, "x") for i in range(100)]), whole)


def test_a_draw_uses_up_no_global_draw() -> None:
    before = torch.random.get_rng_state()
    uniform(KEYS, 0)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("parts", [(1, 0, "flip"), (0, 1, "flip"), (0, 0, "crop-x"), (0, 0), ("0", 0, "flip")])
def test_every_part_counts(parts: tuple[int | str, ...]) -> None:
    same = (uniform(KEYS, 0, 0, "flip") == uniform(KEYS, *parts)).float().mean()
    assert same < 1e-4


def test_mean_and_variance_are_those_of_the_uniform_distribution() -> None:
    drawn = uniform(KEYS, 0).double()
    assert drawn.mean().item() == pytest.approx(1 / 2, abs=5 * (1 / 12) ** 0.5 / len(KEYS) ** 0.5)
    assert drawn.var().item() == pytest.approx(1 / 12, abs=5 * (1 / 180) ** 0.5 / len(KEYS) ** 0.5)


@pytest.mark.parametrize("parts", [(0,), (1, 2, "crop-y"), (7, 0, "flip")])
@pytest.mark.parametrize("keys", [KEYS, KEYS * 2**40, -KEYS, KEYS * 0x9E3779B9])
def test_a_hundred_bins_fill_evenly(keys: torch.Tensor, parts: tuple[int | str, ...]) -> None:
    counts = torch.bincount((uniform(keys, *parts) * 100).long(), minlength=100).double()
    chi_square = ((counts - len(keys) / 100) ** 2 / (len(keys) / 100)).sum().item()
    spread = (2 * 99) ** 0.5
    assert abs(chi_square - 99) < NormalDist().inv_cdf(1 - 1e-6) * spread


def test_draws_of_two_names_are_independent() -> None:
    x, y = uniform(KEYS, 0, 0, "crop-x"), uniform(KEYS, 0, 0, "crop-y")
    assert abs(torch.corrcoef(torch.stack([x, y]))[0, 1].item()) < 5 / len(KEYS) ** 0.5


def test_draws_of_two_epochs_are_independent() -> None:
    x, y = uniform(KEYS, 0, 3, "flip"), uniform(KEYS, 0, 4, "flip")
    assert abs(torch.corrcoef(torch.stack([x, y]))[0, 1].item()) < 5 / len(KEYS) ** 0.5


def test_draws_stay_what_they_were_when_the_first_models_were_trained() -> None:
    assert seed_of(0, "order", 0) == PINNED_SEED
    assert uniform(torch.tensor([0, 1, LARGEST, SMALLEST]), 0, 0, "flip").tolist() == PINNED_DRAWS


def test_a_seed_is_a_whole_number_of_63_bits() -> None:
    seeds = [seed_of(i) for i in range(1000)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds).bit_length() == 63
    assert len(set(seeds)) == 1000


def test_a_number_is_not_the_word_of_the_same_digits() -> None:
    assert seed_of(1) != seed_of("1")


def test_where_one_part_ends_and_the_next_begins_counts() -> None:
    assert seed_of("ab", "c") != seed_of("a", "bc") != seed_of("abc")


def test_the_order_of_the_parts_counts() -> None:
    assert len({seed_of(*parts) for parts in itertools.permutations([0, 1, "a"])}) == 6


def test_words_of_odd_bytes_have_a_seed() -> None:
    assert seed_of("\udcff") != seed_of("\udcfe")
