"""Learning-rate range test."""

from itertools import accumulate, repeat

import pytest
import torch
from tests.toys import toy_learner

from tellapart.commands.learner import batches
from tellapart.commands.tune import endless
from tellapart.commands.watch import Silence
from tellapart.config import OptimConfig
from tellapart.runs.checkpoint import moment
from tellapart.runs.run_folder import Progress
from tellapart.training.fit import TrainState, step_once
from tellapart.training.lr_range import BELOW, DIVERGED, STEPS, LrRange, lr_range, rates
from tellapart.training.optimisers import set_lr


def tried(most_s: float = 120.0, **settings: object) -> tuple[LrRange, TrainState]:
    learner = toy_learner(**settings)
    made = endless(batches(learner, Silence()), learner.config.train.seed)
    return lr_range(learner.state, made, learner.plan, most_s), learner.state


def of_losses(*smoothed: float) -> LrRange:
    lrs = tuple(10.0**place for place in range(len(smoothed)))
    return LrRange(lrs=lrs, losses=smoothed, smoothed=smoothed, ended="range")


def test_the_rates_rise_by_one_factor_over_six_decades_around_the_one_asked_for() -> None:
    tried_rates = torch.tensor(rates(OptimConfig(lr=0.01)), dtype=torch.float64)
    assert len(tried_rates) == STEPS <= 200
    assert tried_rates[[0, -1]].tolist() == pytest.approx([1e-5, 10.0])
    factors = tried_rates[1:] / tried_rates[:-1]
    torch.testing.assert_close(factors, factors[:1].expand_as(factors))


def test_a_tenth_of_the_rate_of_the_least_loss_is_suggested() -> None:
    assert of_losses(1.0, 0.9, 0.3, 2.0).suggested == 100 / BELOW


@pytest.mark.parametrize("losses", [(), (1.0,), (1.0, 1.1, 4.5), (1.0, 0.97, 1.2)])
def test_where_the_loss_never_falls_nothing_is_suggested(losses: tuple[float, ...]) -> None:
    assert of_losses(*losses).suggested is None


def test_losses_are_those_of_steps_at_these_rates() -> None:
    found, _ = tried(dropout=0.0, optimiser="sgd")
    by_hand = toy_learner(dropout=0.0, optimiser="sgd")
    by_hand.state.module.train()
    made = endless(batches(by_hand, Silence()), 0)
    for number, batch in zip(range(5), made, strict=False):
        set_lr(by_hand.state.optimiser, found.lrs[number] / 0.05)
        total, _, weight = step_once(by_hand.state, batch, by_hand.plan).tolist()
        assert found.losses[number] == total / weight


def test_smoothing_by_hand() -> None:
    found, _ = tried()
    assert found.smoothed[0] == pytest.approx(found.losses[0])
    assert found.smoothed[1] == pytest.approx((0.09 * found.losses[0] + 0.1 * found.losses[1]) / 0.19)


def test_a_seed_gives_the_same_losses_again_and_another_gives_others() -> None:
    settings = {"dropout": 0.5, "flip": True}
    one, again, other = (tried(seed=seed, **settings)[0] for seed in (0, 0, 1))
    assert one == again
    assert one.losses != other.losses


def test_the_state_stays_and_no_global_draw_is_used_up() -> None:
    draws, before = torch.get_rng_state(), toy_learner(dropout=0.5, ema=0.9).state
    _, state = tried(dropout=0.5, ema=0.9)
    assert torch.equal(torch.get_rng_state(), draws)
    one, other = (moment(each, Progress(), {}) for each in (before, state))
    assert one.position == other.position
    for name, tensors in one.tensors.items():
        assert all(torch.equal(tensor, other.tensors[name][key]) for key, tensor in tensors.items())


def test_the_steps_end_where_the_loss_has_risen_too_far() -> None:
    found, _ = tried(optimiser="sgd", loss="mse")
    assert found.ended == "diverged"
    assert len(found.lrs) < STEPS
    before = found.smoothed[:-1]
    assert all(loss <= DIVERGED * least for loss, least in zip(before, accumulate(before, min), strict=True))


def test_the_steps_end_when_time_is_over() -> None:
    found, _ = tried(most_s=0.0)
    assert found.ended == "time"
    assert len(found.lrs) == 1


def test_a_loss_that_is_no_number_ends_it_and_is_left_out() -> None:
    learner = toy_learner(optimiser="sgd")
    for weight in learner.state.module.parameters():
        weight.data.fill_(torch.nan)
    batch = next(iter(endless(batches(learner, Silence()), 0)))
    found = lr_range(learner.state, repeat(batch), learner.plan)
    assert (found.ended, found.lrs, found.suggested) == ("diverged", (), None)
