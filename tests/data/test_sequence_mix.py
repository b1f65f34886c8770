"""Mixup and cutmix of series and recordings: by hand, over lengths and gaps, and whatever the size of the batch."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.test_sequence_augment import AUDIO, LENGTHS, SCALE, SERIES, TEXT, part, resident
from torch import Tensor

from tellapart.config import DataConfig
from tellapart.data.augment import augmentation_of
from tellapart.data.batches import shuffled
from tellapart.data.resident import Resident
from tellapart.data.sequence_augment import SequenceAugmentation, check_settings
from tellapart.data.sequence_mix import mixed_steps
from tellapart.errors import SettingError
from tellapart.seeds import uniform
from tellapart.types import DataSpec, Order

NAN = float("nan")
ORDER = Order(seed=3, epoch=2)
MIXING: dict[str, dict[str, Any]] = {"mixup": {"mixup": 0.4}, "cutmix": {"cutmix": 1.0}}
MIXING["both"] = MIXING["mixup"] | MIXING["cutmix"]
MIXING["after other changes"] = MIXING["both"] | {"window": 0.4, "jitter": 0.3, "time_warp": 0.3}
each = pytest.mark.parametrize("asked", MIXING.values(), ids=MIXING)
KEPT = 0.75
"""The own share of a blend, where the draw of mixup is 0.25 and alpha is 1."""


def one(values: list[float], length: int | None = None) -> tuple[Tensor, Tensor]:
    """A series of one channel, in a batch of its own."""
    return torch.tensor(values)[None, None], torch.tensor([length or len(values)])


def mixed_by_hand(own: tuple[Tensor, Tensor], partner: tuple[Tensor, Tensor], **alphas: float) -> tuple[Any, float]:
    """What comes out where mixup keeps 3/4, and cutmix takes half of the common steps, from their middle."""
    draws = {"mix": 0.0 if "mixup" in alphas else 0.9, "mixup": 0.25, "cutmix": 0.5 - 1e-4, "cutmix-start": 0.5}
    values, shares = mixed_steps(
        own, partner, alphas.get("mixup"), alphas.get("cutmix"), lambda name: torch.tensor([draws[name]])
    )
    return values[0, 0].tolist(), shares.item()


def close(values: list[float]) -> Any:
    return pytest.approx(values, abs=1e-2, nan_ok=True)


def numbered(lengths: list[int], missing: bool = False) -> Resident:
    """Sample i is of class i."""
    return replace(part(lengths, missing=missing), targets=torch.arange(len(lengths)))


def met(given: Resident, asked: dict[str, Any], batch: int, order: Order = ORDER) -> dict[int, list[Any]]:
    """Row -> what the model sees of it in one pass, without padding; its partner and its share."""
    found = {}
    for made in shuffled(given, order, batch, SequenceAugmentation(**asked, **SCALE)):
        assert made.lengths is not None
        assert made.partners is not None
        assert made.shares is not None
        for row, value, length, partner, share in zip(
            made.targets.tolist(), made.inputs, made.lengths.tolist(), made.partners.tolist(), made.shares.tolist(),
            strict=True,
        ):  # fmt: skip
            assert not value[..., length:].any()
            found[row] = [value[..., :length].nan_to_num(nan=-999.0).tolist(), partner, share]
    return found


# ---- by hand


def test_a_blend_is_of_each_step_by_its_share() -> None:
    values, share = mixed_by_hand(one([0.0, 4.0, 8.0]), one([4.0, 4.0, 0.0]), mixup=1.0)
    assert values == close([1, 4, 6])
    assert share == pytest.approx(KEPT, abs=1e-3)


def test_behind_the_end_of_a_shorter_partner_a_series_is_itself() -> None:
    values, share = mixed_by_hand(one([0.0, 4.0, 8.0, 8.0]), one([4.0, 4.0, 99.0], length=2), mixup=1.0)
    assert values == close([1, 4, 8, 8])
    assert share == pytest.approx(1 - (1 - KEPT) / 2, abs=1e-3)


def test_of_a_longer_partner_the_rest_is_left_out_and_padding_stays_nothing() -> None:
    values, share = mixed_by_hand(one([0.0, 4.0, 0.0], length=2), one([4.0, 4.0, 4.0, 4.0]), mixup=1.0)
    assert values == close([1, 4, 0])
    assert share == pytest.approx(KEPT, abs=1e-3)


def test_a_blend_needs_both_values_and_counts_those_that_are_there() -> None:
    values, share = mixed_by_hand(one([NAN, 4.0, 8.0, 0.0]), one([4.0, NAN, 0.0, 4.0]), mixup=1.0)
    assert values == close([NAN, 4, 6, 1])
    assert share == pytest.approx(1 - (1 - KEPT) * 2 / 3, abs=1e-3)


def test_a_stretch_of_the_same_steps_is_pasted() -> None:
    values, share = mixed_by_hand(one([0.0] * 8), one([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), cutmix=1.0)
    assert values == [0, 0, 3, 4, 5, 6, 0, 0]
    assert share == pytest.approx(0.5)


def test_a_stretch_is_of_the_steps_that_both_have() -> None:
    values, share = mixed_by_hand(one([0.0] * 8), one([1.0, 2.0, 3.0, 4.0, 9.0], length=4), cutmix=1.0)
    assert values == [0, 2, 3, 0, 0, 0, 0, 0]
    assert share == pytest.approx(6 / 8)


def test_a_stretch_is_pasted_with_its_gaps_which_count_as_nobody_s() -> None:
    values, share = mixed_by_hand(one([0.0, 0.0, 0.0, NAN]), one([1.0, NAN, 3.0, 4.0]), cutmix=1.0)
    assert values == close([0, NAN, 3, NAN])
    assert share == pytest.approx(1 / 2)


@pytest.mark.parametrize("alphas", [{"mixup": 1.0}, {"cutmix": 1.0}], ids=str)
@pytest.mark.parametrize("value", [NAN, 1.0])
def test_where_nothing_of_the_partner_shows_the_share_is_all(alphas: dict[str, float], value: float) -> None:
    _, share = mixed_by_hand(one([value] * 4), one([NAN] * 4), **alphas)
    assert share == 1


# ---- in a pass


@pytest.mark.parametrize("asked", [MIXING[name] for name in ("mixup", "cutmix", "both")], ids=str)
@settings(deadline=None, max_examples=15)
@given(lengths=LENGTHS, seed=st.integers(0, 9))
def test_the_share_is_that_of_the_own_values(asked: dict[str, Any], lengths: list[int], seed: int) -> None:
    series = [np.full((length, 2), float(row), np.float32) for row, length in enumerate(lengths)]
    given = replace(resident(series, seed), targets=torch.arange(len(lengths)))
    for row, (values, partner, share) in met(given, asked, 4).items():
        assert np.mean(values) == pytest.approx(share * row + (1 - share) * partner, abs=1e-3)
        assert len(values[0]) == lengths[row]


@each
def test_the_partner_is_the_next_of_the_shuffled_order_not_of_its_bucket(asked: dict[str, Any]) -> None:
    lengths = [1 + 7 * row % 40 for row in range(40)]
    rows = next(shuffled(numbered([5] * 40), ORDER, 40, SequenceAugmentation())).targets.tolist()
    following = dict(zip(rows, [*rows[1:], rows[0]], strict=True))
    assert {row: made[1] for row, made in met(numbered(lengths), asked, 4).items()} == following


@each
@settings(deadline=None, max_examples=15)
@given(lengths=LENGTHS, batch=st.integers(2, 9), seed=st.integers(0, 9))
def test_a_mixed_series_is_the_same_whatever_the_size_of_the_batch(
    asked: dict[str, Any], lengths: list[int], batch: int, seed: int
) -> None:
    given, order = numbered(lengths, missing=True), Order(seed=seed, epoch=1)
    assert met(given, asked, batch, order) == met(given, asked, 20, order)


@each
@pytest.mark.parametrize("skip", [1, 3])
@pytest.mark.parametrize("even", [True, False])
def test_a_pause_has_no_say_in_what_is_mixed(asked: dict[str, Any], skip: int, even: bool) -> None:
    given = numbered([9] * 17 if even else [2 + 5 * row % 11 for row in range(17)], missing=True)
    unbroken = [*shuffled(given, ORDER, 4, SequenceAugmentation(**asked, **SCALE))][skip:]
    rest = [*shuffled(given, replace(ORDER, skip=skip), 4, SequenceAugmentation(**asked, **SCALE))]
    assert len(rest) == len(unbroken) > 0
    for one_batch, other in zip(rest, unbroken, strict=True):
        assert torch.equal(one_batch.inputs.nan_to_num(-999), other.inputs.nan_to_num(-999))
        for name in ("targets", "partners", "shares", "lengths", "keys"):
            assert torch.equal(getattr(one_batch, name), getattr(other, name)), name


@each
def test_several_readers_have_the_batches_of_one_between_them(asked: dict[str, Any]) -> None:
    given = numbered([2 + 5 * row % 11 for row in range(17)])
    pieces = [met(given, asked, 4, replace(ORDER, rank=rank, world=2)) for rank in range(2)]
    assert pieces[0] | pieces[1] == met(given, asked, 4)


@each
def test_another_epoch_or_seed_mixes_otherwise(asked: dict[str, Any]) -> None:
    given = numbered([30] * 20)
    first = met(given, asked, 20)
    assert first == met(given, asked, 20)
    assert first != met(given, asked, 20, Order(seed=3, epoch=3))
    assert first != met(given, asked, 20, Order(seed=4, epoch=2))


def test_half_of_the_series_are_blended_and_half_are_pasted_into() -> None:
    keys = torch.randint(-(2**62), 2**62, (2000,), generator=torch.Generator().manual_seed(1))
    lengths = torch.full((2000,), 50)
    own = torch.zeros(2000, 1, 50), lengths
    made, shares = mixed_steps(own, (torch.ones(2000, 1, 50), lengths), 1.0, 1.0, lambda name: uniform(keys, name))
    pasted = ((made == 0) | (made == 1)).flatten(1).all(1)
    assert pasted.float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert shares[~pasted].min() >= 0.5
    assert shares[pasted].min() < 0.1


def test_series_that_are_kept_stay_as_they_were() -> None:
    kept = numbered([9, 4, 7])
    before = kept.inputs[:].values.clone()  # type: ignore[union-attr]
    for batch in shuffled(kept, ORDER, 2, SequenceAugmentation(**MIXING["both"], **SCALE)):
        batch.inputs.zero_()
    assert torch.equal(kept.inputs[:].values, before)  # type: ignore[union-attr]


def test_without_mixing_there_are_no_partners() -> None:
    batch = next(shuffled(numbered([9, 4, 7]), ORDER, 3, SequenceAugmentation(mixup=0.0, jitter=0.1, **SCALE)))
    assert batch.partners is None
    assert batch.shares is None


# ---- settings


@pytest.mark.parametrize("spec", [SERIES, AUDIO], ids=lambda spec: spec.kind)
def test_series_and_recordings_are_mixed_as_asked(spec: Any) -> None:
    made = augmentation_of(DataConfig(mixup=0.3, cutmix=0.8), spec)
    assert (made.mixup, made.cutmix, made.mixes) == (0.3, 0.8, True)


@pytest.mark.parametrize(("name", "value"), [("mixup", 0.2), ("cutmix", 1.0)])
def test_texts_are_not_mixed_and_it_is_said_what_changes_them(name: str, value: float) -> None:
    asked: dict[str, Any] = {name: value}
    with pytest.raises(SettingError) as caught:
        augmentation_of(DataConfig(**asked), TEXT)
    assert str(caught.value) == (
        f"{name} is {value:g}, but texts are tokens, and of two tokens no mixture is a token: leave it out. "
        "token_drop and window change training texts."
    )
    assert not augmentation_of(DataConfig(**{name: 0.0}), TEXT)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_vectors_are_not_mixed_and_it_is_said(name: str) -> None:
    spec = DataSpec(kind="vector", shape=(3,), classes=("a", "b"), mean=(0.0,) * 3, std=(1.0,) * 3)
    with pytest.raises(SettingError, match=f"{name} is 0.5, which is of pictures, series and recordings: leave it out"):
        check_settings(DataConfig(**{name: 0.5}), spec)  # type: ignore[arg-type]
    check_settings(DataConfig(**{name: 0.0}), spec)  # type: ignore[arg-type]
