"""Random changes to padded batches of sequences; each one's draws are functions of (seed, epoch, sample)."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tellapart.config import DataConfig
from tellapart.data.augment import augmentation_of
from tellapart.data.batches import shuffled
from tellapart.data.policy import OF_SEQUENCES
from tellapart.data.ragged import Ragged
from tellapart.data.resident import Resident
from tellapart.data.sequence_augment import SequenceAugmentation, changed
from tellapart.errors import SettingError
from tellapart.types import DataSpec, Order

ORDER = Order(seed=3, epoch=2)
SCALE: dict[str, Any] = {"mean": (2.0, -1.0), "std": (3.0, 0.5)}
SETTINGS: dict[str, dict[str, Any]] = {
    "jitter": {"jitter": 0.3},
    "scale": {"scale": 0.4},
    "warp": {"time_warp": 0.5},
    "part": {"window": 0.3},
    "stretched part": {"window": 0.3, "stretched": True},
    "channels": {"channel_drop": 0.6},
    "erasing": {"erasing": 0.9},
}
EACH = {name: SequenceAugmentation(**given, **SCALE) for name, given in SETTINGS.items()}
EACH["all"] = SequenceAugmentation(**{k: v for given in SETTINGS.values() for k, v in given.items()}, **SCALE)
TEXTS = {
    "tokens": SequenceAugmentation(token_drop=0.4),
    "part of a text": SequenceAugmentation(window=0.5),
    "both": SequenceAugmentation(token_drop=0.4, window=0.5),
}
LENGTHS = st.lists(st.integers(1, 12), min_size=2, max_size=20)
each = pytest.mark.parametrize("augmentation", EACH.values(), ids=EACH)
SERIES = DataSpec(kind="series", shape=(2, 9), classes=("a", "b"), mean=(2.0, -1.0), std=(3.0, 0.5))
AUDIO = DataSpec(kind="audio", shape=(1, 9), classes=("a", "b"), mean=(0.0,), std=(0.1,), rate=8000)
TEXT = DataSpec(kind="text", shape=(9,), classes=("a", "b"), mean=(), std=())


def part(lengths: list[int], seed: int = 0, missing: bool = False) -> Resident:
    """Series of two channels."""
    draws = np.random.default_rng(seed)
    steps = [draws.normal(size=(length, 2)).astype(np.float32) * SCALE["std"] + SCALE["mean"] for length in lengths]
    for series in steps:
        series[draws.random(series.shape) < (0.3 if missing else 0)] = np.nan
    return resident([series.astype(np.float32) for series in steps], seed)


def texts(lengths: list[int], seed: int = 0) -> Resident:
    draws = np.random.default_rng(seed)
    return resident([draws.integers(1, 257, length) for length in lengths], seed)


def resident(steps: list[Any], seed: int) -> Resident:
    count = len(steps)
    keys = torch.randint(-(2**62), 2**62, (count,), generator=torch.Generator().manual_seed(seed))
    ids = tuple(map(str, range(count)))
    return Resident(inputs=Ragged.of(steps), targets=torch.zeros(count, dtype=torch.int64), keys=keys, ids=ids)


def whole(given: Resident, augmentation: SequenceAugmentation, order: Order = ORDER) -> tuple[Tensor, Tensor]:
    """All of a part as one batch, in order."""
    assert isinstance(given.inputs, Ragged)
    values, lengths = given.inputs.padded(slice(None))
    return changed(values, lengths, given.keys, order, augmentation)


def met(given: Resident, augmentation: SequenceAugmentation, batch: int, order: Order) -> dict[int, list[Any]]:
    """Row -> what the model sees of it in one pass, without padding."""
    found = {}
    for each in shuffled(given, order, batch, augmentation):
        assert each.rows is not None
        assert each.lengths is not None
        for row, length, value in zip(each.rows.tolist(), each.lengths.tolist(), each.inputs, strict=True):
            assert not value[..., length:].any()
            found[row] = value[..., :length].nan_to_num(nan=-999.0).tolist()
    return found


# ---- draws


@each
@settings(deadline=None, max_examples=15)
@given(lengths=LENGTHS, batch=st.integers(2, 9), seed=st.integers(0, 9))
def test_a_series_is_changed_alike_whatever_the_size_of_the_batch(
    augmentation: SequenceAugmentation, lengths: list[int], batch: int, seed: int
) -> None:
    given, order = part(lengths, seed, missing=True), Order(seed=seed, epoch=1)
    assert met(given, augmentation, batch, order) == met(given, augmentation, 20, order)


@pytest.mark.parametrize("augmentation", TEXTS.values(), ids=TEXTS)
@settings(deadline=None, max_examples=15)
@given(lengths=LENGTHS, batch=st.integers(2, 9), seed=st.integers(0, 9))
def test_a_text_is_changed_alike_whatever_the_size_of_the_batch(
    augmentation: SequenceAugmentation, lengths: list[int], batch: int, seed: int
) -> None:
    given, order = texts(lengths, seed), Order(seed=seed, epoch=1)
    assert met(given, augmentation, batch, order) == met(given, augmentation, 20, order)


@settings(deadline=None, max_examples=15)
@given(lengths=LENGTHS, skip=st.integers(0, 4))
def test_a_pass_that_goes_on_is_as_if_it_had_not_paused(lengths: list[int], skip: int) -> None:
    given = part(lengths)
    unbroken = [each.inputs for each in shuffled(given, ORDER, 3, EACH["all"])]
    rest = [each.inputs for each in shuffled(given, Order(seed=3, epoch=2, skip=skip), 3, EACH["all"])]
    assert len(rest) == max(0, len(unbroken) - skip)
    assert all(torch.equal(a, b) for a, b in zip(rest, unbroken[skip:], strict=True))


@each
def test_another_epoch_or_seed_changes_otherwise(augmentation: SequenceAugmentation) -> None:
    given = part([30] * 20)
    first = met(given, augmentation, 20, ORDER)
    assert first != met(given, augmentation, 20, Order(seed=3, epoch=3))
    assert first != met(given, augmentation, 20, Order(seed=4, epoch=2))
    assert first == met(given, augmentation, 20, ORDER)


# ---- what stays


@settings(deadline=None)
@given(lengths=LENGTHS)
def test_without_settings_nothing_is_changed(lengths: list[int]) -> None:
    given = part(lengths)
    assert isinstance(given.inputs, Ragged)
    assert not SequenceAugmentation(**SCALE)
    assert torch.equal(whole(given, SequenceAugmentation(**SCALE))[0], given.inputs.padded(slice(None))[0])


@each
@settings(deadline=None, max_examples=20)
@given(lengths=LENGTHS, seed=st.integers(0, 9))
def test_padding_stays_padding_and_no_value_is_made_up_or_lost(
    augmentation: SequenceAugmentation, lengths: list[int], seed: int
) -> None:
    values, now = whole(part(lengths, seed), augmentation)
    assert not values.isnan().any()
    assert values.shape[-1] >= now.max()
    assert all(1 <= after <= before for before, after in zip(lengths, now.tolist(), strict=True))
    assert not any(value[:, length:].any() for value, length in zip(values, now.tolist(), strict=True))


@pytest.mark.parametrize("name", ["jitter", "scale", "channels", "erasing"])
def test_what_is_missing_stays_missing_in_its_place(name: str) -> None:
    given = part([9, 30, 4], missing=True)
    assert isinstance(given.inputs, Ragged)
    assert torch.equal(whole(given, EACH[name])[0].isnan(), given.inputs.padded(slice(None))[0].isnan())


@each
def test_a_series_that_is_all_missing_stays_so(augmentation: SequenceAugmentation) -> None:
    values, lengths = whole(resident([np.full((7, 2), np.nan, np.float32)], 0), augmentation)
    assert values[..., : int(lengths)].isnan().all()


@pytest.mark.parametrize("name", ["warp", "stretched part"])
def test_a_value_between_two_steps_is_missing_where_the_nearer_one_is(name: str) -> None:
    steps = np.zeros((400, 2), np.float32)
    steps[::2] = np.nan
    values, _ = whole(resident([steps] * 20, 0), EACH[name])
    assert values.isnan().float().mean().item() == pytest.approx(0.5, abs=0.05)


# ---- what each does


def test_noise_is_as_wide_as_asked_in_deviations_of_its_channel() -> None:
    given = resident([np.tile(np.float32(SCALE["mean"]), (500, 1))] * 40, 0)
    values, _ = whole(given, EACH["jitter"])
    noise = (values - torch.tensor(SCALE["mean"])[:, None]) / torch.tensor(SCALE["std"])[:, None]
    assert noise.std(dim=(0, 2)).tolist() == pytest.approx([0.3, 0.3], rel=0.02)
    assert noise.mean(dim=(0, 2)).tolist() == pytest.approx([0, 0], abs=0.01)
    flat = noise.reshape(80, 500)
    assert abs(np.corrcoef(flat[:, :-1].flatten(), flat[:, 1:].flatten())[0, 1]) < 0.02


def test_a_channel_is_scaled_about_its_mean_by_one_factor() -> None:
    given = part([50] * 30)
    assert isinstance(given.inputs, Ragged)
    mean = torch.tensor(SCALE["mean"])[:, None]
    factors = (whole(given, EACH["scale"])[0] - mean) / (given.inputs.padded(slice(None))[0] - mean)
    assert factors.std(dim=2).max() < 1e-2
    assert 0.6 <= factors.median(dim=2).values.min() < 0.7
    assert 1.3 < factors.median(dim=2).values.max() <= 1.4


def test_a_warped_series_begins_and_ends_as_it_did_and_never_runs_back() -> None:
    ramp = np.arange(41, dtype=np.float32)[:, None].repeat(2, axis=1)
    values, lengths = whole(resident([ramp] * 30, 0), EACH["warp"])
    assert lengths.tolist() == [41] * 30
    assert values[:, 0, 0].tolist() == [0] * 30
    assert values[:, 0, -1].tolist() == pytest.approx([40] * 30)
    pace = values.diff(dim=2)
    assert pace.min() > 0.3
    assert pace.max() < 3
    assert pace.std() > 0.2


def test_a_part_is_a_cut_out_of_the_whole() -> None:
    ramp = np.arange(40, dtype=np.float32)[:, None].repeat(2, axis=1)
    values, lengths = whole(resident([ramp] * 200, 0), EACH["part"])
    assert 12 <= lengths.min() < 15
    assert 37 < lengths.max() <= 40
    for value, length in zip(values, lengths.tolist(), strict=True):
        assert value[0, :length].diff().tolist() == [1.0] * (length - 1)
    assert values[:, 0, 0].min() == 0
    assert values.max() == 39


def test_a_stretched_part_is_as_long_as_the_whole() -> None:
    ramp = np.arange(40, dtype=np.float32)[:, None].repeat(2, axis=1)
    values, lengths = whole(resident([ramp] * 200, 0), EACH["stretched part"])
    covered = (values[:, 0, -1] - values[:, 0, 0]) / 39
    assert lengths.tolist() == [40] * 200
    assert 0.3 <= covered.min() < 0.35
    assert 0.95 < covered.max() <= 1


def test_noise_differs_in_each_of_many_channels() -> None:
    given = resident([np.zeros((50, 40), np.float32)] * 3, 0)
    values, _ = whole(given, SequenceAugmentation(jitter=1.0, mean=(0.0,) * 40, std=(1.0,) * 40))
    assert len(values.unique()) == pytest.approx(values.numel(), rel=0.01)


@pytest.mark.parametrize("share", [0.6, 0.999])
def test_of_the_channels_one_is_left_at_least(share: float) -> None:
    given = part([20] * 300)
    values, _ = whole(given, SequenceAugmentation(channel_drop=share, **SCALE))
    dropped = (values == torch.tensor(SCALE["mean"])[:, None]).all(dim=2)
    assert dropped.sum(dim=1).max() == 1
    assert dropped.float().mean().item() == pytest.approx(share - share**2 / 2, abs=0.08)


def test_a_stretch_of_some_is_set_to_the_mean() -> None:
    values, _ = whole(part([100] * 300), EACH["erasing"])
    covered = (values == torch.tensor(SCALE["mean"])[:, None]).all(dim=1).sum(dim=1)
    assert (covered > 0).float().mean().item() == pytest.approx(0.9, abs=0.06)
    assert 36 < covered.max() <= 40


def test_so_many_tokens_are_left_out_and_the_others_stay_in_order() -> None:
    values, lengths = whole(resident([np.arange(1, 101)] * 100, 0), TEXTS["tokens"])
    assert lengths.float().mean().item() == pytest.approx(60, abs=2)
    for value, length in zip(values, lengths.tolist(), strict=True):
        assert (value[:length].diff() > 0).all()


def test_a_token_is_left_of_each_text() -> None:
    values, lengths = whole(texts([1, 2, 9] * 50), SequenceAugmentation(token_drop=0.999))
    assert lengths.min() == 1
    assert values[:, 0].min() > 0


# ---- settings


@pytest.mark.parametrize(
    ("spec", "wrong", "message"),
    [
        (SERIES, {"token_drop": 0.1}, "token_drop is 0.1, which is of text, not of series: leave it out."),
        (TEXT, {"jitter": 0.1}, "jitter is 0.1, which is of series and audio, not of text: leave it out."),
        (AUDIO, {"channel_drop": 0.5}, "channel_drop is 0.5, which is of series, not of audio: leave it out."),
    ],
)
def test_a_setting_of_another_kind_is_refused(spec: DataSpec, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        augmentation_of(DataConfig(**wrong), spec)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["time_warp", "window", "channel_drop", "token_drop", "jitter"])
@pytest.mark.parametrize("value", [0, -0.5, 1])
def test_a_wrong_share_is_refused_by_its_name_and_value(name: str, value: float) -> None:
    if (name, value) == ("jitter", 1):
        return
    with pytest.raises(SettingError, match=rf"{name} is {value:g}; must be above 0"):
        DataConfig(**{name: value})


@pytest.mark.parametrize("spec", [SERIES, AUDIO, TEXT], ids=lambda spec: spec.kind)
def test_what_a_policy_sets_can_be_done(spec: DataSpec) -> None:
    for made in OF_SEQUENCES[spec.kind].values():
        assert augmentation_of(DataConfig(**made), spec)
