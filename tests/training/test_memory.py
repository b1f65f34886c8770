"""When memory runs out: the batch is cut, and what the failed try had touched is put back."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import OptimConfig
from tellapart.training.fit import TrainState, fit, new_state
from tellapart.training.memory import cut, give_back_memory, moving_buffers, out_of_memory
from tellapart.training.plan import Extent, Plan
from tellapart.types import Batch, EpochEnd
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=1, bf16=False)
F, K = 3, 4

kinds = pytest.mark.parametrize(
    "full",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
    ids=["cuda", "cpu", "cpu-windows", "cublas", "python"],
)


class Small(nn.Module):
    """Passes on at most so many rows; then memory runs out."""

    def __init__(self, most: int, full: BaseException | None = None, forward: bool = True) -> None:
        super().__init__()
        self.most, self.forward_fails = most, forward
        self.full = full or torch.OutOfMemoryError("out of memory")
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        if len(x) > self.most and self.forward_fails:
            raise self.full
        if len(x) > self.most:
            x = x.clone()
            x.register_hook(self._fail)
        return x

    def _fail(self, _: Tensor) -> None:
        raise self.full


def classifier(*inside: nn.Module, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    module = nn.Sequential(nn.Linear(F, 8), *inside, nn.Tanh(), nn.Linear(8, K)).to(dtype)
    generator = torch.Generator().manual_seed(0)
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=generator, dtype=torch.float64).to(dtype)
    return module


def batch_of(B: int, *, weighted: bool = False, mixed: bool = False, dtype: torch.dtype = torch.float64) -> Batch:
    generator = torch.Generator().manual_seed(B)
    batch = Batch(
        inputs=torch.randn(B, F, generator=generator, dtype=torch.float64).to(dtype),
        targets=torch.randint(0, K, (B,), generator=generator),
        keys=torch.arange(B),
        weights=torch.rand(B, generator=generator, dtype=torch.float64).to(dtype) if weighted else None,
    )
    if not mixed:
        return batch
    return replace(batch, partners=batch.targets.roll(-1), shares=torch.rand(B, generator=generator))


def trained(module: nn.Module, *batches: Batch, **optim: Any) -> tuple[TrainState, EpochEnd]:
    settings = OptimConfig(**({"optimiser": "sgd", "momentum": 0.0, "lr": 0.5, "schedule": "constant"} | optim))
    state = new_state(module, settings, CPU)
    steps = len(batches)
    settled = Plan(
        optim=settings, seed=0, epochs=1, steps=steps, extents=(Extent(samples=1, steps=steps),), autocast=None
    )
    (end,) = fit(state, lambda _: batches, settled)
    assert isinstance(end, EpochEnd)
    return state, end


def weights(module: nn.Module) -> list[Tensor]:
    return list(module.parameters())


# ---- the step that is made again


@kinds
@pytest.mark.parametrize(("weighted", "mixed"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("most", [1, 3, 4, 7])
def test_in_pieces_the_gradient_is_that_of_the_whole_batch(
    most: int, weighted: bool, mixed: bool, full: BaseException
) -> None:
    batch = batch_of(8, weighted=weighted, mixed=mixed)
    whole, end = trained(classifier(nn.Identity()), batch)
    pieces, also_end = trained(classifier(Small(most, full)), batch)
    for one, other in zip(weights(pieces.module), weights(whole.module), strict=True):
        assert one.grad is not None
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    assert (also_end.samples, also_end.step, also_end.accuracy) == (end.samples, end.step, end.accuracy)
    assert also_end.loss == pytest.approx(end.loss, rel=1e-6)


def test_memory_that_runs_out_backward_is_met_alike() -> None:
    whole, _ = trained(classifier(nn.Identity()), batch_of(8))
    pieces, _ = trained(classifier(Small(3, forward=False)), batch_of(8))
    for one, other in zip(weights(pieces.module), weights(whole.module), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_pieces_are_halved_until_they_fit_and_stay_so() -> None:
    small = Small(3)
    state, _ = trained(classifier(small), batch_of(8), batch_of(8))
    assert small.seen == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2]
    assert state.pieces == 4


def test_a_smaller_batch_has_no_more_pieces_than_rows() -> None:
    small = Small(1)
    trained(classifier(small), batch_of(8), batch_of(3))
    assert small.seen == [8, 4, 2, *[1] * 8, *[1] * 3]


def test_it_is_told_that_batches_go_on_in_pieces(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tellapart"):
        trained(classifier(Small(4)), batch_of(8))
    assert caplog.messages == ["Out of memory: batches of 8 go on in 2 pieces, with the same result."]


def test_it_is_told_where_normalisation_sees_pieces(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tellapart"):
        trained(classifier(nn.BatchNorm1d(8), Small(4)), batch_of(8))
    assert caplog.messages[0].endswith("with the same result, but that normalisation sees a piece alone.")


def test_no_gradient_of_the_failed_try_is_left() -> None:
    class AfterFour(Small):
        """Has memory for a piece of the second try's size, but not for the second of them."""

        def forward(self, x: Tensor) -> Tensor:
            self.seen.append(len(x))
            if len(x) > 2 and self.seen.count(len(x)) > 1:
                raise self.full
            return x

    failing = AfterFour(0)
    batches = (batch_of(8), batch_of(8))  # whole at first; the second time the whole fails, then the second half
    pieces, _ = trained(classifier(failing), *batches)
    whole, _ = trained(classifier(nn.Identity()), *batches)
    assert failing.seen == [8, 8, 4, 4, 2, 2, 2, 2]
    for one, other in zip(weights(pieces.module), weights(whole.module), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_dropout_draws_anew_from_the_seed_of_the_step() -> None:
    states: list[Tensor] = []
    small = Small(4)
    small.register_forward_pre_hook(lambda *_: states.append(torch.random.get_rng_state()))
    trained(classifier(nn.Dropout(0.0), small), batch_of(8))
    assert small.seen == [8, 4, 4]
    assert torch.equal(states[0], states[1])


def test_two_trainings_in_pieces_with_dropout_are_byte_equal() -> None:
    one, other = (trained(classifier(nn.Dropout(0.5), Small(3)), batch_of(8), batch_of(5))[0] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(weights(one.module), weights(other.module), strict=True))


def test_running_statistics_are_those_of_the_try_that_fitted() -> None:
    batch = batch_of(8)
    module = classifier(nn.BatchNorm1d(8), Small(4))
    trained(module, batch)
    norm = nn.BatchNorm1d(8).double()
    for half in (batch.inputs[:4], batch.inputs[4:]):
        norm(classifier()[0](half))  # the weights before the step
    made = module[1]
    assert isinstance(made, nn.BatchNorm1d)
    assert made.num_batches_tracked is not None
    assert made.num_batches_tracked.item() == 2
    torch.testing.assert_close(made.running_mean, norm.running_mean)
    torch.testing.assert_close(made.running_var, norm.running_var)


def test_the_moving_average_follows_once_a_step() -> None:
    whole, _ = trained(classifier(nn.Identity()), batch_of(8), batch_of(6), ema=0.9)
    pieces, _ = trained(classifier(Small(3)), batch_of(8), batch_of(6), ema=0.9)
    for one, other in zip(weights(pieces.judged), weights(whole.judged), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


# ---- what can't be helped


@kinds
@pytest.mark.parametrize("B", [1, 5])
def test_one_sample_that_does_not_fit_is_the_error_itself(full: BaseException, B: int) -> None:
    small = Small(0, full)
    with pytest.raises(type(full)) as caught:
        trained(classifier(small), batch_of(B))
    assert caught.value is full
    assert small.seen[-1] == 1


@pytest.mark.parametrize("error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("x")])
def test_an_error_about_something_else_passes_through_at_once(error: Exception) -> None:
    small = Small(4, error)
    with pytest.raises(type(error)) as caught:
        trained(classifier(small), batch_of(8))
    assert caught.value is error
    assert small.seen == [8]


# ---- the parts


@kinds
def test_what_torch_says_about_memory_is_understood(full: BaseException) -> None:
    assert out_of_memory(full)


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: device-side assert triggered"), KeyError("memory")])
def test_what_is_about_something_else_is_not(error: BaseException) -> None:
    assert not out_of_memory(error)


@pytest.mark.parametrize(
    ("B", "pieces", "sizes"), [(8, 1, [8]), (8, 2, [4, 4]), (7, 2, [4, 3]), (7, 4, [2, 2, 2, 1]), (3, 8, [1, 1, 1])]
)
@pytest.mark.parametrize("more", [False, True])
def test_pieces_hold_every_row_once_in_order(B: int, pieces: int, sizes: list[int], more: bool) -> None:
    batch = batch_of(B, weighted=more, mixed=more)
    made = list(cut(batch, pieces))
    assert [len(piece.targets) for piece in made] == sizes
    read: list[Callable[[Batch], Tensor | None]] = [
        lambda piece: piece.inputs,
        lambda piece: piece.targets,
        lambda piece: piece.keys,
        lambda piece: piece.weights,
        lambda piece: piece.partners,
        lambda piece: piece.shares,
    ]
    for field in read:
        whole, parts = field(batch), [field(piece) for piece in made]
        if whole is None:
            assert parts == [None] * len(made)
        else:
            assert torch.equal(torch.cat([part for part in parts if part is not None]), whole)


def test_what_the_forward_pass_changes_is_put_back() -> None:
    module = nn.Sequential(nn.Linear(F, 8), nn.BatchNorm1d(8), nn.Sequential(nn.BatchNorm1d(8)))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    kept = [buffer.clone() for buffer in moving_buffers(module)]
    module(torch.randn(4, F, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert not torch.equal(module.state_dict()["1.running_mean"], before["1.running_mean"])
    give_back_memory(module, kept)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert all(weight.grad is None for weight in module.parameters())
