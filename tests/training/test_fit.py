"""The one training loop."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import ModelConfig, OptimConfig, TrainConfig
from tellapart.data.augment import Augmentation
from tellapart.data.batches import shuffled, steps_per_epoch
from tellapart.data.resident import Resident
from tellapart.errors import DivergedError
from tellapart.models import build_model
from tellapart.training.fit import TrainState, fit, going_on, hardest, never, new_state, step_once
from tellapart.training.objective import Objective
from tellapart.training.optimisers import OPTIMISERS
from tellapart.training.plan import Extent, Plan, convolves, epochs_for, plan, steps_of
from tellapart.training.schedules import SCHEDULES
from tellapart.types import Batch, DataSpec, EpochEnd, Order, Pause
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=torch.get_num_threads(), bf16=False)
AUGMENTATION = Augmentation(crop_padding=2, flip=True)
K = 3
SIDE = 8


def toy_pictures(N: int = 90, seed: int = 0) -> Resident:
    """Three classes that tell apart by where the bright row is, under noise."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(N) % K
    pictures = torch.randint(0, 100, (N, SIDE, SIDE, 1), generator=generator)
    for i, k in enumerate(targets.tolist()):
        pictures[i, 1 + 2 * k : 3 + 2 * k] += 150
    keys = torch.randint(-(2**62), 2**62, (N,), generator=generator)
    return Resident(inputs=pictures.to(torch.uint8), targets=targets, keys=keys, ids=tuple(map(str, range(N))))


PICTURES = toy_pictures()
SPEC = DataSpec(kind="image", shape=(1, SIDE, SIDE), classes=("a", "b", "c"), mean=(90.0,), std=(70.0,))


def planned(epochs: int, steps: int, seed: int = 0, precision: str = "fp32", **optim: Any) -> Plan:
    return Plan(
        optim=OptimConfig(**optim),
        seed=seed,
        epochs=epochs,
        steps=steps,
        extents=(Extent(samples=len(PICTURES), steps=-(-steps // epochs)),),
        autocast=torch.bfloat16 if precision == "bf16" else None,
    )


def trained(
    *,
    seed: int = 0,
    epochs: int = 2,
    batch: int = 16,
    model: str = "cnn",
    dropout: float = 0.3,
    augmentation: Augmentation = AUGMENTATION,
    precision: str = "fp32",
    pause: Callable[[TrainState], bool] = never,
    **optim: Any,
) -> tuple[TrainState, list[EpochEnd]]:
    """A whole training of a small model on the toy pictures."""
    config = ModelConfig(model=model, widths=(8,), dropout=dropout)
    settings = planned(epochs, epochs * steps_per_epoch(len(PICTURES), batch), seed, precision, **optim)
    state = new_state(build_model(config, SPEC, seed), settings.optim, CPU)
    batches = lambda order: shuffled(PICTURES, order, batch, augmentation)  # noqa: E731
    return state, [end for end in fit(state, batches, settings, pause) if isinstance(end, EpochEnd)]


def weights_bytes(state: TrainState) -> list[bytes]:
    return [tensor.contiguous().numpy().tobytes() for tensor in state.module.state_dict().values()]


def right_share(module: nn.Module) -> float:
    with torch.inference_mode():
        logits = module.eval()(PICTURES.inputs.permute(0, 3, 1, 2))
    return (logits.argmax(1) == PICTURES.targets).float().mean().item()


def batch_of(inputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Batch:
    return Batch(inputs=inputs, targets=targets, keys=torch.arange(len(targets)), weights=weights)


class Linear(nn.Module):
    """Softmax regression whose every number is known."""

    def __init__(self, F: int = 2) -> None:
        super().__init__()
        self.layer = nn.Linear(F, K)
        for weight in self.layer.parameters():
            weight.data = torch.linspace(-0.5, 0.7, weight.numel()).reshape(weight.shape)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layer(x)
        return logits


def drawn_batches(sizes: tuple[int, ...], seed: int = 0, weighted: bool = False) -> list[Batch]:
    generator = torch.Generator().manual_seed(seed)
    return [
        batch_of(
            torch.randn(B, 2, generator=generator),
            torch.randint(0, K, (B,), generator=generator),
            torch.rand(B, generator=generator) if weighted else None,
        )
        for B in sizes
    ]


# ---- it learns


@pytest.mark.parametrize("model", ["cnn", "mlp"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_separable_problem_is_learned(model: str, precision: str) -> None:
    state, ends = trained(
        model=model, precision=precision, epochs=12, dropout=0.0, augmentation=Augmentation(), lr=0.01
    )
    assert right_share(state.module) > 0.98
    assert ends[-1].loss < 0.2 * ends[0].loss
    assert ends[-1].accuracy > 0.95


@pytest.mark.parametrize("optimiser", list(OPTIMISERS))
@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_every_optimiser_learns_under_every_schedule(optimiser: str, schedule: str) -> None:
    lr = 0.05 if optimiser in ("sgd", "muon", "adagrad") else 0.01
    _, ends = trained(epochs=6, dropout=0.0, augmentation=Augmentation(), lr=lr, optimiser=optimiser, schedule=schedule)
    assert ends[-1].loss < 0.6 * ends[0].loss


def test_bf16_is_what_the_step_is_made_in() -> None:
    one, other = (trained(precision=precision, epochs=1)[0] for precision in ("fp32", "bf16"))
    assert weights_bytes(one) != weights_bytes(other)
    assert {tensor.dtype for tensor in other.module.state_dict().values()} == {torch.float32}


# ---- it repeats


def test_two_runs_with_dropout_and_augmentation_are_byte_equal() -> None:
    one, other = trained(), trained()
    assert weights_bytes(one[0]) == weights_bytes(other[0])
    assert [(e.loss, e.accuracy, e.lr) for e in one[1]] == [(e.loss, e.accuracy, e.lr) for e in other[1]]


def test_another_seed_gives_other_weights() -> None:
    assert weights_bytes(trained(seed=0)[0]) != weights_bytes(trained(seed=1)[0])


def test_dropout_draws_of_the_seed_and_the_step_alone() -> None:
    same = [batch_of(torch.ones(4, 50), torch.zeros(4, dtype=torch.int64))] * 3
    kept: dict[int, list[Tensor]] = {}
    for seed in (0, 0, 1):
        module = nn.Sequential(nn.Dropout(0.5), nn.Linear(50, K))
        module[0].register_forward_hook(lambda _, __, out, seed=seed: kept.setdefault(seed, []).append(out.clone()))
        state = new_state(module, OptimConfig(), CPU)
        list(fit(state, lambda _: same, planned(1, 3, seed)))
    assert all(torch.equal(a, b) for a, b in zip(kept[0][:3], kept[0][3:], strict=True))
    assert not torch.equal(kept[0][0], kept[0][1])
    assert not torch.equal(kept[0][0], kept[1][0])


def test_the_caller_s_global_draws_have_no_say() -> None:
    torch.manual_seed(1)
    one = weights_bytes(trained()[0])
    torch.manual_seed(2)
    assert weights_bytes(trained()[0]) == one


def test_draws_between_two_epochs_have_no_say() -> None:
    quiet, _ = trained()
    settings = planned(2, 2 * steps_per_epoch(len(PICTURES), 16))
    state = new_state(build_model(ModelConfig(model="cnn", widths=(8,), dropout=0.3), SPEC, 0), settings.optim, CPU)
    for _ in fit(state, lambda order: shuffled(PICTURES, order, 16, AUGMENTATION), settings):
        torch.rand(100)
    assert weights_bytes(state) == weights_bytes(quiet)


def test_the_caller_s_global_draws_are_left_as_they_were() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    trained()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_caller_s_global_draws_are_left_as_they_were_where_training_breaks() -> None:
    def broken(_: Order) -> Iterator[Batch]:
        yield drawn_batches((4,))[0]
        raise KeyboardInterrupt

    training = fit(new_state(Linear(), OptimConfig(), CPU), broken, planned(1, 2))
    before = torch.random.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        next(training)
    assert torch.equal(torch.random.get_rng_state(), before)


# ---- what comes out


def only_end(training: Iterator[EpochEnd | Pause]) -> EpochEnd:
    """The end of the one epoch."""
    (end,) = training
    assert isinstance(end, EpochEnd)
    return end


def standing_still(batches: list[Batch]) -> tuple[Linear, EpochEnd]:
    """An epoch whose steps are too small to move a weight, so that all batches meet the same ones."""
    module, optim = Linear(), {"optimiser": "sgd", "momentum": 0.0, "lr": 1e-30, "schedule": "constant"}
    state = new_state(module, OptimConfig(**optim), CPU)  # type: ignore[arg-type]
    return module, only_end(fit(state, lambda _: batches, planned(1, len(batches), **optim)))


def test_the_loss_of_ragged_batches_is_the_mean_over_samples() -> None:
    batches = drawn_batches((5, 3, 1))
    module, end = standing_still(batches)
    inputs = torch.cat([batch.inputs for batch in batches]).double()
    targets = torch.cat([batch.targets for batch in batches])
    logits = inputs @ module.layer.weight.detach().double().T + module.layer.bias.detach().double()
    losses = [math.log(row.exp().sum().item()) - row[k].item() for row, k in zip(logits, targets, strict=True)]
    assert end.loss == pytest.approx(sum(losses) / 9, rel=1e-6)
    assert end.accuracy == pytest.approx((logits.argmax(1) == targets).double().mean().item())


def one_step(batch: Batch, lr: float = 0.1) -> tuple[Linear, EpochEnd]:
    module = Linear()
    optim = {"optimiser": "sgd", "momentum": 0.0, "lr": lr, "schedule": "constant"}
    state = new_state(module, OptimConfig(**optim), CPU)  # type: ignore[arg-type]
    return module, only_end(fit(state, lambda _: [batch], planned(1, 1, **optim)))


def by_hand(batch: Batch, lr: float = 0.1, module: Linear | None = None) -> Linear:
    """A step along the weighted mean's gradient, in closed form: (softmax - one-hot) x input."""
    module = module or Linear()
    B = len(batch.targets)
    weights = torch.ones(B) if batch.weights is None else batch.weights
    error = module(batch.inputs).detach().softmax(1)
    error[torch.arange(B), batch.targets] -= 1
    error = error * (weights / weights.sum())[:, None]
    module.layer.weight.data -= lr * error.T @ batch.inputs
    module.layer.bias.data -= lr * error.sum(0)
    return module


@pytest.mark.parametrize("weighted", [False, True])
def test_one_step_is_the_gradient_of_the_mean_by_hand(weighted: bool) -> None:
    batch = drawn_batches((7,), weighted=weighted)[0]
    for one, other in zip(one_step(batch)[0].parameters(), by_hand(batch).parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_mixed_sample_is_two_samples_by_their_shares() -> None:
    inputs = torch.tensor([[1.0, 0.5], [-0.3, 2.0]])
    shares, own, partners = torch.tensor([0.3, 0.8]), torch.tensor([0, 2]), torch.tensor([1, 1])
    mixed = one_step(replace(batch_of(inputs, own), partners=partners, shares=shares))
    apart = one_step(batch_of(inputs.repeat(2, 1), torch.cat([own, partners]), torch.cat([shares, 1 - shares])))
    for one, other in zip(mixed[0].parameters(), apart[0].parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert mixed[1].loss == pytest.approx(apart[1].loss)


def test_a_mixed_sample_is_right_where_its_larger_share_is_named() -> None:
    inputs = torch.eye(2).repeat(2, 1)
    named = Linear()(inputs).argmax(1)
    others = (named + 1) % K
    batch = replace(batch_of(inputs, named), partners=others, shares=torch.tensor([0.9, 0.5, 0.4, 0.1]))
    assert one_step(batch)[1].accuracy == 0.5
    turned = replace(batch_of(inputs, others), partners=named, shares=torch.tensor([0.9, 0.5, 0.4, 0.1]))
    assert one_step(turned)[1].accuracy == 0.5


def test_steps_are_each_of_their_own_gradient() -> None:
    batches, expected = drawn_batches((7, 3, 5)), Linear()
    module, optim = Linear(), {"optimiser": "sgd", "momentum": 0.0, "lr": 0.1, "schedule": "constant"}
    list(fit(new_state(module, OptimConfig(**optim), CPU), lambda _: batches, planned(1, 3, **optim)))  # type: ignore[arg-type]
    for batch in batches:
        expected = by_hand(batch, module=expected)
    for one, other in zip(module.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_sample_of_weight_two_counts_as_two() -> None:
    inputs, targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 2])
    heavy = one_step(batch_of(inputs, targets, torch.tensor([1.0, 2.0])))
    twice = one_step(batch_of(inputs[[0, 1, 1]], targets[[0, 1, 1]]))
    torch.testing.assert_close(heavy[0].layer.weight, twice[0].layer.weight)
    assert heavy[1].loss == pytest.approx(twice[1].loss)


def test_a_sample_of_weight_zero_has_no_say() -> None:
    inputs, targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 2])
    without = one_step(batch_of(inputs[:1], targets[:1]))
    zero = one_step(batch_of(inputs, targets, torch.tensor([1.0, 0.0])))
    torch.testing.assert_close(zero[0].layer.weight, without[0].layer.weight)
    assert zero[1].loss == pytest.approx(without[1].loss)


def test_the_weighted_loss_of_ragged_batches_is_taken_once_at_the_end() -> None:
    batches = drawn_batches((6, 2), weighted=True)
    module, end = standing_still(batches)
    losses = torch.cat([nn.functional.cross_entropy(module(b.inputs), b.targets, reduction="none") for b in batches])
    weights = torch.cat([batch.weights for batch in batches if batch.weights is not None])
    assert end.loss == pytest.approx((losses * weights).sum().item() / weights.sum().item(), rel=1e-6)


def test_label_smoothing_reaches_the_loss() -> None:
    ends = [trained(epochs=1, label_smoothing=smoothing)[1][0].loss for smoothing in (0.0, 0.5)]
    assert ends[0] != ends[1]


def test_an_epoch_s_end_counts_epochs_steps_and_samples() -> None:
    ends = trained(epochs=3, batch=16)[1]  # 90 samples: 5 batches of 16 and one of 10
    assert [end.epoch for end in ends] == [1, 2, 3]
    assert [end.step for end in ends] == [6, 12, 18]
    assert [end.samples for end in ends] == [90, 90, 90]
    assert all(end.seconds > 0 for end in ends)


def test_an_epoch_s_end_has_the_learning_rate_of_its_last_step() -> None:
    ends = trained(epochs=2, batch=16, lr=0.5, schedule="step", milestones=(0.5,), gamma=0.1)[1]
    assert [end.lr for end in ends] == pytest.approx([0.5, 0.05])


def test_the_schedule_runs_over_the_steps_of_all_epochs() -> None:
    ends = trained(epochs=4, batch=16, lr=1e-3, schedule="cosine")[1]
    done = [5 / 24, 11 / 24, 17 / 24, 23 / 24]
    assert [end.lr for end in ends] == pytest.approx([0.5e-3 * (1 + math.cos(math.pi * share)) for share in done])


def test_batches_are_asked_for_by_the_epochs_done_so_far() -> None:
    asked: list[Order] = []

    def batches(order: Order) -> list[Batch]:
        asked.append(order)
        return drawn_batches((4,))

    list(fit(new_state(Linear(), OptimConfig(), CPU), batches, planned(3, 3, seed=7)))
    assert asked == [Order(seed=7, epoch=epoch) for epoch in (0, 1, 2)]


def test_between_epochs_the_module_is_in_eval_mode_and_in_training_inside() -> None:
    modes: list[bool] = []
    module = Linear()
    module.register_forward_pre_hook(lambda layer, _: modes.append(layer.training))
    state = new_state(module, OptimConfig(), CPU)
    for _ in fit(state, lambda _: drawn_batches((4,)), planned(2, 2)):
        assert not module.training
    assert modes == [True, True]


# ---- stopping


def test_stopping_is_not_asking_for_the_next() -> None:
    asked: list[int] = []

    def batches(order: Order) -> list[Batch]:
        asked.append(order.epoch)
        return drawn_batches((4, 4))

    state = new_state(Linear(), OptimConfig(), CPU)
    ends = list(islice(fit(state, batches, planned(10, 20)), 2))
    assert [end.step for end in ends] == [2, 4]
    assert asked == [0, 1]
    assert (state.epoch, state.step) == (2, 4)


def test_a_state_that_goes_on_ends_where_an_unbroken_one_does() -> None:
    settings = planned(4, 8)
    batches: Callable[[Order], list[Batch]] = lambda order: drawn_batches((4, 4), order.epoch)  # noqa: E731
    broken, unbroken = (new_state(Linear(), OptimConfig(), CPU) for _ in range(2))
    list(islice(fit(broken, batches, settings), 2))
    list(fit(broken, batches, settings))
    list(fit(unbroken, batches, settings))
    assert weights_bytes(broken) == weights_bytes(unbroken)
    assert (broken.epoch, broken.step) == (unbroken.epoch, unbroken.step) == (4, 8)


# ---- pausing


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_pausing_after_each_step_changes_no_bit(precision: str) -> None:
    unbroken, ends = trained(precision=precision)
    paused, also_ends = trained(precision=precision, pause=lambda _: True)
    assert weights_bytes(paused) == weights_bytes(unbroken)
    assert [replace(end, seconds=0.0) for end in also_ends] == [replace(end, seconds=0.0) for end in ends]


def test_a_pause_comes_out_after_each_step_but_an_epoch_s_last() -> None:
    state = new_state(Linear(), OptimConfig(), CPU)
    training = fit(state, lambda order: drawn_batches((4, 4, 4))[order.skip :], planned(2, 6), lambda _: True)
    kinds = [(type(end), end.step) for end in training]
    assert kinds == [(Pause, 1), (Pause, 2), (EpochEnd, 3), (Pause, 4), (Pause, 5), (EpochEnd, 6)]


def test_after_a_pause_the_batches_done_are_skipped() -> None:
    asked: list[tuple[int, int]] = []

    def batches(order: Order) -> list[Batch]:
        asked.append((order.epoch, order.skip))
        return drawn_batches((4, 4, 4))[order.skip :]

    list(fit(new_state(Linear(), OptimConfig(), CPU), batches, planned(2, 6), lambda state: state.step in (2, 4)))
    assert asked == [(0, 0), (0, 2), (1, 0), (1, 1)]


def test_at_a_pause_the_state_says_how_far_the_epoch_is() -> None:
    state = new_state(Linear(), OptimConfig(), CPU)
    next(fit(state, lambda _: drawn_batches((4, 3, 2)), planned(1, 3), lambda state: state.step == 2))
    assert (state.epoch, state.step, state.within, state.samples) == (0, 2, 2, 7)
    assert state.sums is not None
    assert state.sums[2].item() == 7  # the weight of the samples


def test_draws_during_a_pause_have_no_say_and_the_caller_s_are_left_as_they_were() -> None:
    quiet, _ = trained()
    settings = planned(2, 2 * steps_per_epoch(len(PICTURES), 16))
    state = new_state(build_model(ModelConfig(model="cnn", widths=(8,), dropout=0.3), SPEC, 0), settings.optim, CPU)
    batches = lambda order: shuffled(PICTURES, order, 16, AUGMENTATION)  # noqa: E731
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    for _ in fit(state, batches, settings, lambda _: True):
        assert torch.equal(torch.random.get_rng_state(), before)
        torch.rand(100)
        before = torch.random.get_rng_state()
    assert weights_bytes(state) == weights_bytes(quiet)


def test_going_on_inside_an_epoch_has_the_sums_of_the_whole_epoch() -> None:
    batches: Callable[[Order], list[Batch]] = lambda order: drawn_batches((5, 3, 1))[order.skip :]  # noqa: E731
    settings = planned(1, 3)
    broken, unbroken = (new_state(Linear(), OptimConfig(), CPU) for _ in range(2))
    next(fit(broken, batches, settings, lambda state: state.step == 1))
    one, other = only_end(fit(broken, batches, settings)), only_end(fit(unbroken, batches, settings))
    assert replace(one, seconds=0.0) == replace(other, seconds=0.0)
    assert one.samples == 9


def test_a_last_epoch_may_be_cut_short() -> None:
    settings = replace(planned(2, 4), steps=3)
    ends = list(fit(new_state(Linear(), OptimConfig(), CPU), lambda _: drawn_batches((4, 4)), settings))
    assert [(end.epoch, end.step, end.samples) for end in ends if isinstance(end, EpochEnd)] == [(1, 2, 8), (2, 3, 4)]


# ---- what goes wrong


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_and_its_step_is_named(value: float) -> None:
    def batches(order: Order) -> list[Batch]:
        good = drawn_batches((4, 4))
        return good if order.epoch == 0 else [good[0], batch_of(good[1].inputs * value, good[1].targets)]

    training = fit(new_state(Linear(), OptimConfig(), CPU), batches, planned(3, 6, lr=0.02))
    assert next(training).step == 2
    with pytest.raises(
        DivergedError,
        match=r"^In step 4 of 6, in epoch 2, the training loss became (nan|inf)\. Take a smaller lr than 0\.02\.$",
    ):
        next(training)


def test_the_first_of_many_broken_steps_is_named_in_a_pause_too() -> None:
    def batches(order: Order) -> list[Batch]:
        good = drawn_batches((4,) * 6)
        return [*good[:3], *(batch_of(batch.inputs * math.nan, batch.targets) for batch in good[3:])]

    training = fit(new_state(Linear(), OptimConfig(), CPU), batches, planned(1, 6), lambda state: state.step == 5)
    with pytest.raises(
        DivergedError,
        match=r"^In step 4 of 6, in epoch 1, the training loss became nan\. Take a smaller lr than 0\.001\.$",
    ):
        next(training)


def test_a_gradient_that_is_no_number_in_the_last_step_is_told() -> None:
    class Roots(Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + (self.layer.weight[:, 0] * 0).sqrt()  # a slope of 0 * inf, and a value of 0

    with pytest.raises(
        DivergedError, match=r"^In step 1 of 1, in epoch 1, the weights are no usable numbers any more\. Take "
    ):
        next(fit(new_state(Roots(), OptimConfig(), CPU), lambda _: drawn_batches((4,)), planned(1, 1)))


def test_the_loss_of_each_step_comes_out_with_the_epoch() -> None:
    batches = drawn_batches((5, 3, 1), weighted=True)
    states = [new_state(Linear(), OptimConfig(), CPU) for _ in range(2)]
    sums = [step_once(states[0], batch, planned(1, 3, schedule="constant")) for batch in batches]
    end = only_end(fit(states[1], lambda _: batches, planned(1, 3, schedule="constant")))
    assert end.losses == tuple((loss / weight).item() for loss, _, weight in sums)


def test_the_loss_of_a_guess_is_the_log_of_the_classes_whatever_the_smoothing() -> None:
    for smoothing in (0.0, 0.3):
        found = Objective(optim=OptimConfig(label_smoothing=smoothing)).blind(drawn_batches((5,), weighted=True)[0], K)
        assert found.item() == pytest.approx(math.log(K))


def test_a_learning_rate_that_is_far_too_high_is_told() -> None:
    with pytest.raises(DivergedError, match=r"in epoch \d+, (the training loss became|the weights are no)"):
        trained(epochs=5, lr=1e30, optimiser="sgd", augmentation=Augmentation(), dropout=0.0)


# ---- what is settled before the first step


def plan_of(samples: int, batch: int = 64, module: nn.Module | None = None, bf16: bool = False, **train: Any) -> Plan:
    world = World(device=CPU.device, threads=1, bf16=bf16)
    sample = (torch.zeros(1, 1, 28, 28) if module else torch.zeros(1, 2),)
    config = TrainConfig(batch=batch, **train)
    return plan(
        module or Linear(),
        sample,
        OptimConfig(),
        config,
        (Extent(samples=samples, steps=steps_per_epoch(samples, batch)),),
        world,
    )


@pytest.mark.parametrize(
    ("samples", "epochs"), [(64 * 100, 30), (64 * 99, 31), (64 * 10_000, 10), (64, 200), (64 * 300, 10), (64 * 15, 200)]
)
def test_epochs_follow_from_the_number_of_steps(samples: int, epochs: int) -> None:
    settled = plan_of(samples)
    assert settled.epochs == epochs
    assert settled.steps == epochs * samples // 64


@pytest.mark.parametrize(("channels", "samples", "epochs"), [(3, 47_500, 15), (1, 40_000, 13), (3, 1_000_000, 10)])
def test_under_muon_many_pictures_are_gone_over_a_dozen_times_and_grey_ones_less(
    channels: int, samples: int, epochs: int
) -> None:
    settled = plan(
        nn.Conv2d(channels, 2, 3),
        (torch.zeros(1, channels, 28, 28),),
        OptimConfig(optimiser="muon"),
        TrainConfig(batch=500, precision="fp32"),
        (Extent(samples=samples, steps=samples // 500),),
        World(device=CPU.device, threads=1, bf16=False),
    )
    assert settled.epochs == epochs


def test_epochs_that_are_asked_for_are_taken() -> None:
    assert (plan_of(640, epochs=3).epochs, plan_of(640, epochs=3).steps) == (3, 30)


CONV = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.Flatten(), nn.Linear(64 * 784, 2))


@pytest.mark.parametrize(
    ("bf16", "batch", "precision", "cast"),
    [
        (True, 64, "auto", True),
        (True, 1, "auto", False),  # too few products to pay for the cast
        (False, 64, "auto", False),
        (False, 1, "bf16", True),
        (True, 64, "fp32", False),
    ],
)
def test_auto_takes_bf16_where_the_hardware_has_it_and_it_pays(
    bf16: bool, batch: int, precision: str, cast: bool
) -> None:
    settled = plan_of(640, batch, CONV, bf16, precision=precision)
    assert settled.autocast == (torch.bfloat16 if cast else None)


def test_a_model_without_convolutions_stays_in_fp32() -> None:
    assert plan_of(640, 512, bf16=True).autocast is None


def test_filters_lie_channels_last_and_matrices_as_they_are() -> None:
    state = new_state(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2)), OptimConfig(), CPU)
    assert convolves(state.module)
    assert state.module[0].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index]
    assert (state.step, state.epoch) == (0, 0)


# ---- the hardest alone


def ties(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_hardest_are_those_of_the_largest_losses() -> None:
    losses = torch.tensor([1.0, 5.0, 0.0, 4.0, torch.inf, 2.0])
    assert hardest(losses, 2, ties()).tolist() == [1, 4]  # type: ignore[union-attr]
    assert hardest(losses, 4, ties()).tolist() == [1, 3, 4, 5]  # type: ignore[union-attr]
    assert hardest(losses, 6, ties()) is None
    assert hardest(None, 2, ties()) is None


def test_equal_losses_are_drawn_from_so_that_no_class_comes_first() -> None:
    unseen = torch.full((100,), torch.inf)
    one, same, other = (hardest(unseen, 50, ties(seed)).tolist() for seed in (1, 1, 2))  # type: ignore[union-attr]
    assert one == same != other
    assert one == sorted(one)
    assert 15 < sum(row < 50 for row in one) < 35


def learned_from(shares: list[int], epochs: int) -> tuple[list[set[int]], list[Tensor]]:
    """Which rows each epoch went over, and all losses at its end; shares in samples of the 90."""
    extents = tuple(Extent(samples=count, steps=steps_per_epoch(count, 16)) for count in shares)
    settings = replace(planned(epochs, 1, lr=0.01), steps=steps_of(extents, epochs), extents=extents)
    state = new_state(build_model(ModelConfig(model="cnn", widths=(8,)), SPEC, 0), settings.optim, CPU)
    state.losses = torch.full((len(PICTURES),), torch.inf)
    met: list[set[int]] = []

    def batches(order: Order) -> Iterator[Batch]:
        met.append(set())
        for batch in shuffled(PICTURES, order, 16, AUGMENTATION):
            assert batch.rows is not None
            met[-1] |= set(batch.rows.tolist())
            yield batch

    losses = [state.losses.clone() for _ in fit(state, batches, settings)]
    return met, losses


def test_an_epoch_goes_over_what_was_hardest_when_it_was_last_learned_from() -> None:
    met, losses = learned_from([90, 60, 30], 3)
    assert met[0] == set(range(90))
    assert met[1] == set(losses[0].argsort(descending=True)[:60].tolist())
    assert met[2] == set(losses[1].argsort(descending=True)[:30].tolist())


def test_what_an_epoch_left_out_keeps_its_loss() -> None:
    met, losses = learned_from([90, 30], 2)
    left = sorted(set(range(90)) - met[1])
    assert torch.equal(losses[0][left], losses[1][left])
    assert (losses[0][sorted(met[1])] != losses[1][sorted(met[1])]).all()


EXTENTS = (Extent(samples=90, steps=9), Extent(samples=40, steps=4), Extent(samples=10, steps=1))


@pytest.mark.parametrize("steps", [1, 8, 9, 10, 13, 14, 15, 22, 27, 100, 1234])
def test_the_epochs_for_so_many_steps_have_them(steps: int) -> None:
    epochs = epochs_for(EXTENTS, steps)
    assert steps_of(EXTENTS, epochs) >= steps
    assert epochs == 1 or steps_of(EXTENTS, epochs) - steps < 2 * EXTENTS[0].steps


@pytest.mark.parametrize(("epoch", "within", "end"), [(0, 0, 28), (2, 0, 24), (2, 3, 26), (6, 0, 14), (6, 2, 14)])
def test_a_plan_that_goes_on_has_the_steps_of_its_epochs_from_there(epoch: int, within: int, end: int) -> None:
    longer = replace(planned(6, 1), extents=EXTENTS)  # 9, 9, 4, 4, 1, 1
    state = new_state(Linear(), OptimConfig(), CPU)
    state.epoch, state.within, state.step, state.length = epoch, within, 14 if epoch else 0, 9
    assert going_on(longer, state).steps == end


def test_a_plan_that_ends_earlier_has_its_last_epoch_cut_short() -> None:
    whole = replace(planned(3, 14), extents=EXTENTS)
    assert whole.uncut == 14
    assert (whole.ending(13).epochs, whole.ending(13).steps) == (2, 13)
