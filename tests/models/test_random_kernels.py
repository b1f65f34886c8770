"""MiniRocket's kernels and Hydra's, by hand and by laws."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.models.test_sequences import waves
from torch import Tensor
from torch.nn import functional

from tellapart.config import ModelConfig
from tellapart.models import build_model
from tellapart.models.hydra import Hydra, differences
from tellapart.models.minirocket import (
    GOLDEN,
    MARGIN,
    MiniRocket,
    dilations_of,
    fixed_kernels,
    kernels_at_once,
    own_quantiles,
    some_channels,
    wholly_within,
)
from tellapart.models.random_kernels import RandomKernels
from tellapart.types import DataSpec


def drawn(B: int = 3, C: int = 1, T: int = 30, seed: int = 0) -> tuple[Tensor, Tensor]:
    return torch.randn(B, C, T, generator=torch.Generator().manual_seed(seed)), torch.full((B,), T)


# ---- MiniRocket


def test_there_are_84_kernels_of_nine_steps_that_add_up_to_zero() -> None:
    kernels = fixed_kernels()
    assert kernels.shape == (84, 9)
    assert not kernels.sum(1).any()
    assert len(kernels.unique(dim=0)) == 84
    assert kernels.unique().tolist() == [-1, 2]


@pytest.mark.parametrize("steps", [1, 8, 9, 10, 24, 150, 1000, 100_000])
@pytest.mark.parametrize("thresholds", [1, 2, 32, 119])
def test_dilations_rise_until_a_kernel_sees_the_whole(steps: int, thresholds: int) -> None:
    counts = dilations_of(steps, thresholds)
    assert sum(counts.values()) == thresholds
    assert min(counts) == 1
    assert all(one < other for one, other in pairwise(counts))
    assert 8 * max(counts) <= max(8, steps - 1)
    assert min(counts.values()) >= 1


def test_dilations_are_those_of_the_reference() -> None:
    # fit_dilations of the authors' code for 150 steps and 9,996 features
    found, counts = np.unique(np.logspace(0, np.log2(149 / 8), 32, base=2).astype(np.int32), return_counts=True)
    assert list(dilations_of(150, 119)) == found.tolist()
    assert sum(counts) == 32


def test_a_feature_is_the_share_of_steps_above_its_threshold() -> None:
    x, lengths = drawn(T=40)
    module = MiniRocket(1, 40, 168)
    module.look(x, lengths)
    found = module(x, lengths)
    number, dilation = 1, 4
    assert module.counts == {1: 1, dilation: 1}
    values = functional.conv1d(x, fixed_kernels()[:, None], padding=4 * dilation, dilation=dilation)
    above = (values > module.thresholds[:, number, None]).float()
    torch.testing.assert_close(found[:, 84::2], above[:, ::2].mean(2))
    torch.testing.assert_close(found[:, 85::2], above[:, 1::2, 4 * dilation : -4 * dilation].mean(2))


def test_every_other_kernel_heeds_the_steps_within_alone() -> None:
    weight = wholly_within(torch.tensor([10, 8]), 12, 1)
    assert weight[0, 0].tolist() == [0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0]
    torch.testing.assert_close(weight[1, 0], torch.tensor([1 / 8] * 8 + [0.0] * 4))


def test_thresholds_are_quantiles_of_the_own_steps() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0, 99.0], [5.0, 99.0, 99.0, 99.0]])
    found = own_quantiles(values, torch.tensor([3, 1]), torch.tensor([[0.0, 0.25, 1.0], [0.0, 0.5, 1.0]]))
    assert found.tolist() == [[1.0, 1.5, 3.0], [5.0, 5.0, 5.0]]


def test_kernels_that_are_taken_some_at_a_time_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, lengths = drawn(C=2, T=40)
    modules = [MiniRocket(2, 40, 400), Hydra(2, 40)]
    modules[0].look(x, lengths)
    whole = [module(x, lengths) for module in modules]
    monkeypatch.setattr("tellapart.models.minirocket.MOST_VALUES", 25 * x.shape[0] * x.shape[2])
    assert len(kernels_at_once(x, 84, 2)) == 4
    for module, found in zip(modules, whole, strict=True):
        torch.testing.assert_close(module(x, lengths), found)


def test_the_thresholds_are_quantiles_of_one_drawn_sample_each(monkeypatch: pytest.MonkeyPatch) -> None:
    x, lengths = drawn(B=6, C=3, T=80)
    module = MiniRocket(3, 80, 168)
    torch.manual_seed(1)
    module.look(x, lengths)
    found = module.thresholds.clone()
    torch.manual_seed(1)
    rows = torch.randint(len(x), (84,))
    levels = torch.arange(1, 169, dtype=torch.float64) * GOLDEN % 1
    kernel, dilation = 7, next(iter(module.counts))
    values = module._convolved(x, 0, dilation)[rows[kernel], kernel, : lengths[rows[kernel]]]
    level = levels[: 84 * module.counts[dilation]].reshape(84, -1)[kernel]
    wanted = torch.quantile(values.double(), level).float() + MARGIN
    torch.testing.assert_close(found[kernel, : module.counts[dilation]], wanted)
    monkeypatch.setattr("tellapart.models.minirocket.MOST_VALUES", 80 * 5)  # five kernels at a time
    torch.manual_seed(1)
    module.look(x, lengths)
    torch.testing.assert_close(module.thresholds, found)


def test_of_a_long_sample_some_steps_are_looked_at_and_of_short_ones_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, lengths = drawn(4, 2, 2000)
    lengths[:3] = 60
    x[:3, :, 60:] = 0

    def looked(values: Tensor, own: Tensor, most: int) -> Tensor:
        monkeypatch.setattr("tellapart.models.minirocket.MOST_PLACES", most)
        torch.manual_seed(0)
        model = MiniRocket(2, 2000, 840)
        model.look(values, own)
        return model.thresholds

    assert torch.equal(looked(x[:3], lengths[:3], 60), looked(x[:3], lengths[:3], 2000))
    whole, some, few = (looked(x, lengths, most) for most in (2000, 500, 60))
    from_long = (whole - some).abs() > 1e-3
    assert 0.1 < from_long.float().mean() < 0.3  # a quarter are taken from it
    assert (whole - some)[from_long].abs().mean() < 0.4  # of values whose deviation is 4 or more
    assert (whole - some).abs().sum() < (whole - few).abs().sum()


def test_what_swings_by_an_even_beat_is_met_at_each_of_its_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.models.minirocket.MOST_PLACES", 500)
    model = MiniRocket(1, 2000, 840)
    beat = torch.tensor([3.0, -3.0]).repeat(1000)[None, None]
    model.look(beat, torch.tensor([2000]))
    assert (model.thresholds.std(1) > 1).float().mean() > 0.9


def test_half_of_the_steps_are_above_a_threshold_on_average() -> None:
    x, lengths = drawn(B=64, T=100)
    module = MiniRocket(1, 100, 5000)
    module.look(x, lengths)
    assert module(x, lengths).mean().item() == pytest.approx(0.5, abs=0.02)


def test_where_nothing_changes_nothing_is_above() -> None:
    x, lengths = torch.full((4, 1, 50), 0.7), torch.full((4,), 50)
    module = MiniRocket(1, 50, 168)
    module.thresholds.fill_(MARGIN)
    inner = module(x, lengths)[:, 1:84:2]
    assert not inner.any()


@pytest.mark.parametrize("channels", [1, 2, 9, 40])
def test_a_kernel_sees_some_channels(channels: int) -> None:
    seen = some_channels(500, channels)
    assert seen.shape == (500, channels)
    assert seen.sum(1).min() == 1
    assert seen.sum(1).max() == min(channels, 9)


# ---- Hydra


def test_the_counts_of_a_group_share_out_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.models.hydra.MARGIN", 0.0)
    x, lengths = drawn(T=64)
    module = Hydra(1, 64)
    assert module.dilations == [1, 1, 2, 2, 4, 4]
    assert module.features == 6 * 32 * 8 * 2
    shares = module(x, lengths).square().reshape(3, 6, 2, 32, 8)
    torch.testing.assert_close(shares[:, :, 1].sum(3), torch.ones(3, 6, 32))


def test_a_group_counts_for_the_kernel_that_fits_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.models.hydra.MARGIN", 0.0)
    x, lengths = drawn(T=64)
    module = Hydra(1, 64)
    fits = functional.conv1d(x, module.kernels[0].flatten(0, 1)[:, None], padding=4).reshape(3, 32, 8, 64)
    best, winner = fits.max(2)
    wanted = torch.zeros(3, 32, 8).scatter_add_(2, winner, best) / 64
    torch.testing.assert_close(module(x, lengths)[:, :256].square(), wanted.flatten(1), rtol=1e-4, atol=1e-5)


def test_where_nothing_changes_all_kernels_of_a_group_are_level() -> None:
    flat = torch.full((1, 1, 64), 0.7)
    lost = Hydra(1, 64)(flat, torch.tensor([64])).square().reshape(1, 6, 2, 32, 8)[:, 0, 1]
    assert lost.min() >= 1 - 8 / 64 - 1e-6


def test_kernels_add_up_to_zero_and_are_of_one_size() -> None:
    kernels = Hydra(1, 64).kernels
    torch.testing.assert_close(kernels.abs().sum(3), torch.ones(6, 32, 8))
    assert kernels.sum(3).abs().max() < 1e-6


def test_differences_are_of_the_own_steps() -> None:
    x = torch.tensor([[[1.0, 3.0, 6.0, 0.0]], [[5.0, 0.0, 0.0, 0.0]]])
    changes, lengths = differences(x, torch.tensor([3, 1]))
    assert changes[:, 0].tolist() == [[2, 3, 0, 0], [0, 0, 0, 0]]
    assert lengths.tolist() == [2, 1]


# ---- both


SPEC = DataSpec(kind="series", shape=(2, 30), classes=("sine", "square"), mean=(100.0, 100.0), std=(50.0, 50.0))


def test_samples_that_are_seen_apart_get_the_features_that_they_have_together(monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = drawn(B=5, C=2, T=60)
    lengths = torch.tensor([60, 1, 9, 33, 20])
    module = RandomKernels(replace(SPEC, shape=(2, 60)), 168)
    x = x * (torch.arange(60) < lengths[:, None, None])
    module.exceeding.look(x, lengths)
    together = module._features(x, lengths)
    monkeypatch.setattr("tellapart.models.random_kernels.AT_ONCE_CPU", 60)  # one after the other
    torch.testing.assert_close(module._features(x, lengths), together)


def test_a_look_brings_each_feature_around_zero_and_is_saved() -> None:
    x, lengths, _ = waves(("series", 2, 30))
    module = build_model(ModelConfig(model="random-kernels", features=168), SPEC, 0, x, lengths)
    assert isinstance(module, RandomKernels)
    body = {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("head")}
    assert {"feature_mean", "feature_scale", "exceeding.thresholds"} <= set(body)
    raw = module._features(*module.front(x, lengths))
    scaled = (raw - module.feature_mean) * module.feature_scale
    assert scaled.mean(0).abs().max() < 1e-3
    assert scaled.std(0).max() < 1.1


def test_the_head_alone_is_learned() -> None:
    module = build_model(ModelConfig(model="random-kernels"), SPEC, 0)
    assert [name for name, _ in module.named_parameters()] == ["head.weight", "head.bias"]


def test_a_linear_fit_at_once_tells_waves_apart_that_it_never_saw() -> None:
    from sklearn.linear_model import RidgeClassifier

    from tellapart.models.head import body_of

    x, lengths, targets = waves(("series", 2, 30), B=96)
    module = build_model(ModelConfig(model="random-kernels", features=1000), SPEC, 0, x[:32], lengths[:32])
    features = body_of(module)(x, lengths).numpy()
    head = RidgeClassifier().fit(features[:32], targets[:32])
    assert head.score(features[32:], targets[32:]) > 0.95
