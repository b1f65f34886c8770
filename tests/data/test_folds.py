"""Folds deal units out: none is cut, and each class is as even as it can be."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.data.folds import folds_of

samples = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abcd")), min_size=1, max_size=80)
"""(unit, class) of each."""
pure = samples.map(lambda pairs: [(f"{label}{unit}", label) for unit, label in pairs])
"""No unit of two classes."""


def dealt(pairs: list[tuple[object, str]], folds: int, seed: int = 0) -> list[int | None]:
    units = [str(unit).encode().ljust(16) for unit, _ in pairs]
    return folds_of(units, [label for _, label in pairs], folds, seed)


@given(samples, st.integers(2, 6), st.integers(0, 3))
@settings(deadline=None)
def test_no_unit_is_cut_and_none_is_left_out_but_the_only_one_of_a_class(
    pairs: list[tuple[object, str]], folds: int, seed: int
) -> None:
    found = dealt(pairs, folds, seed)
    assert len(set(zip((unit for unit, _ in pairs), found, strict=True))) == len({unit for unit, _ in pairs})
    of_class = {label: {unit for unit, other in pairs if other == label} for _, label in pairs}
    lone = {unit for members in of_class.values() if len(members) == 1 for unit in members}
    assert all((fold is None) == (unit in lone) for (unit, _), fold in zip(pairs, found, strict=True))
    assert {fold for fold in found if fold is not None} <= set(range(folds))


@given(pure, st.integers(2, 6))
@settings(deadline=None)
def test_a_class_with_as_many_units_as_folds_is_in_each(pairs: list[tuple[object, str]], folds: int) -> None:
    found = dealt(pairs, folds)
    for label in {label for _, label in pairs}:
        if len({unit for unit, other in pairs if other == label}) >= folds:
            assert {f for (_, other), f in zip(pairs, found, strict=True) if other == label} == set(range(folds))


@given(st.lists(st.sampled_from("abc"), min_size=8, max_size=90), st.integers(2, 5))
@settings(deadline=None)
def test_units_of_one_sample_are_spread_to_within_one(labels: list[str], folds: int) -> None:
    found = dealt(list(enumerate(labels)), folds)
    for label in set(labels):
        counts = Counter(f for f, other in zip(found, labels, strict=True) if other == label and f is not None)
        if counts:
            assert max(counts.values()) - min(counts[fold] for fold in range(folds)) <= 1


@given(samples, st.integers(2, 5), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_samples_has_no_say(pairs: list[tuple[object, str]], folds: int, random: object) -> None:
    mixed = list(pairs)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = (dict(zip((unit for unit, _ in order), dealt(order, folds), strict=True)) for order in (pairs, mixed))
    assert one == other


def test_large_units_are_dealt_first_so_that_folds_are_of_one_size() -> None:
    pairs = [(unit, "a") for unit, size in enumerate((10, 50, 30, 20, 40)) for _ in range(size)]
    assert sorted(Counter(dealt(pairs, 3)).values()) == [50, 50, 50]


def test_a_unit_of_two_classes_goes_by_the_one_of_fewest_units() -> None:
    pairs = [(f"both{number}", label) for number in range(3) for label in "ab"] + [(f"b{n}", "b") for n in range(20)]
    found = dealt(pairs, 3)
    assert {fold for (unit, _), fold in zip(pairs, found, strict=True) if str(unit).startswith("both")} == {0, 1, 2}


def test_another_seed_deals_otherwise() -> None:
    pairs = [(number, "ab"[number % 2]) for number in range(40)]
    assert dealt(pairs, 4, 0) != dealt(pairs, 4, 1)
