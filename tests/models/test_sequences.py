"""What every model of sequences keeps: what is past the end of each counts for nothing, whatever stands there."""

import math
from typing import Any

import pytest
import torch
from tests.models.test_contract import NARROW, SHAPES, Shape, given_of, kind_of, model, spec_of
from torch import Tensor, nn

from tellapart.config import ModelConfig
from tellapart.models import MODELS, build_model
from tellapart.models.head import body_of, head_layer
from tellapart.models.sequences import STEP_POOLINGS, Last, MaskedNorm, backwards, within
from tellapart.types import SEQUENCES, DataSpec, Task

CASES = [(name, SHAPES[kind][0]) for name, row in MODELS.items() for kind in row.kinds if kind in SEQUENCES]
on_every_case = pytest.mark.parametrize(
    ("name", "shape"), CASES, ids=[f"{name}-{kind_of(shape)}" for name, shape in CASES]
)
FILLS = (1e3, math.nan, math.inf)
LENGTHS = torch.tensor([5, 1, 3])


def looked(name: str, shape: Shape, **settings: Any) -> nn.Module:
    """The model as training begins: some have looked at samples."""
    config = ModelConfig(model=name, **(NARROW.get(name, {}) | settings))  # type: ignore[arg-type]
    return build_model(config, spec_of(shape), 0, *given_of(shape, 8, seed=1))


def filled(x: Tensor, lengths: Tensor, value: float) -> Tensor:
    """The same with another value past the end of each sequence; of tokens 9."""
    past = ~within(lengths, x.shape[-1])
    return x.masked_fill(past if x.ndim == 3 else past[:, 0], value if x.is_floating_point() else 9)


def drawn(B: int = 3, F: int = 4, T: int = 5) -> Tensor:
    return torch.randn(B, F, T, generator=torch.Generator().manual_seed(0))


# ---- padding


@pytest.mark.parametrize("value", FILLS)
@on_every_case
def test_what_is_past_the_end_changes_no_logit(name: str, shape: Shape, value: float) -> None:
    module, (x, lengths) = looked(name, shape).eval(), given_of(shape, 4)
    assert torch.equal(module(filled(x, lengths, value), lengths), module(x, lengths))


@pytest.mark.parametrize("value", FILLS)
@on_every_case
def test_what_is_past_the_end_changes_no_gradient(name: str, shape: Shape, value: float) -> None:
    x, lengths = given_of(shape, 4)
    gradients = []
    for given in (x, filled(x, lengths, value)):
        module = looked(name, shape)
        module(given, lengths).logsumexp(1).sum().backward()
        gradients.append([weight.grad for weight in module.parameters()])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=0)


@pytest.mark.parametrize("more", [1, 2, 37, 200])
@on_every_case
def test_longer_padding_changes_no_logit(name: str, shape: Shape, more: int) -> None:
    module, (x, lengths) = looked(name, shape).eval(), given_of(shape, 4)
    longer = torch.cat([x, x[..., :1].expand(*x.shape[:-1], more)], -1)
    torch.testing.assert_close(module(longer, lengths), module(x, lengths), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("length", [1, 2, 3, 20])
@on_every_case
def test_a_short_sequence_has_the_same_logits_alone_and_in_company(name: str, shape: Shape, length: int) -> None:
    module, (x, lengths) = looked(name, shape).eval(), given_of(shape, 4)
    lengths[2] = length
    alone = module(x[2:3, ..., :length], lengths[2:3])
    torch.testing.assert_close(alone, module(x, lengths)[2:3], rtol=1e-5, atol=2e-6)


@on_every_case
def test_a_batch_of_sequences_of_one_step_is_learned_from(name: str, shape: Shape) -> None:
    module, (x, _) = looked(name, shape), given_of(shape, 2)
    logits = module(x[..., :1], torch.ones(2, dtype=torch.int64))
    logits.sum().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(weight.grad).all() for weight in module.parameters() if weight.grad is not None)


@pytest.mark.parametrize(("name", "shape"), [case for case in CASES if kind_of(case[1]) == "series"])
def test_a_missing_value_is_the_mean(name: str, shape: Shape) -> None:
    module, (x, lengths) = looked(name, shape).eval(), given_of(shape)
    missing, mean = x.clone(), x.clone()
    missing[:, 1, ::3], mean[:, 1, ::3] = math.nan, spec_of(shape).mean[1]
    assert torch.isfinite(module(missing, lengths)).all()
    torch.testing.assert_close(module(missing, lengths), module(mean, lengths))


@pytest.mark.parametrize(("name", "shape"), [case for case in CASES if kind_of(case[1]) == "series"])
def test_a_series_without_any_value_has_logits(name: str, shape: Shape) -> None:
    module, (x, lengths) = looked(name, shape), given_of(shape)
    assert torch.isfinite(module.eval()(torch.full_like(x, math.nan), lengths)).all()


# ---- the parts that other rooms take


@on_every_case
def test_the_head_on_the_body_is_the_model(name: str, shape: Shape) -> None:
    module, given = looked(name, shape).eval(), given_of(shape)
    assert torch.equal(head_layer(module)(body_of(module)(*given)), module(*given))
    assert head_layer(module).out_features == len(spec_of(shape).classes)


def test_a_number_is_in_its_unit() -> None:
    task = Task(name="age", kind="number", mean=40.0, std=10.0)
    spec = DataSpec(kind="text", shape=(9,), classes=("age",), mean=(), std=(), tasks=(task,))
    module = build_model(ModelConfig(), spec, 0)
    assert ((module(*given_of(("text", 9))) - 40).abs() < 20).all()


@pytest.mark.parametrize("pooling", list(STEP_POOLINGS))
@on_every_case
def test_every_pooling_builds_and_every_weight_learns(name: str, shape: Shape, pooling: Any) -> None:
    if "pooling" not in MODELS[name].settings:
        return
    module = looked(name, shape, pooling=pooling)
    nn.functional.cross_entropy(module(*given_of(shape, 6)), torch.arange(6) % 5).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in module.parameters())


LEARNERS = [case for case in CASES if case[0] not in ("rnn", "lstm", "bilstm") and not MODELS[case[0]].at_once]


@pytest.mark.parametrize(("name", "shape"), LEARNERS, ids=[f"{name}-{kind_of(shape)}" for name, shape in LEARNERS])
def test_two_kinds_of_waves_are_learned_apart(name: str, shape: Shape) -> None:
    x, lengths, targets = waves(shape)
    module = model(name, shape)
    optimiser = torch.optim.Adam(module.parameters(), lr=3e-3 if name == "transformer" else 1e-2)
    for _ in range(80 if name == "transformer" else 40):
        loss = nn.functional.cross_entropy(module(x, lengths), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (module.eval()(x, lengths).argmax(1) == targets).float().mean() >= 0.9


def waves(shape: Shape, B: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """Sines and square waves of one period, from some phase on; of text their heights as letters."""
    generator = torch.Generator().manual_seed(0)
    steps, targets = shape[-1], torch.arange(B) % 2
    lengths = torch.randint(steps * 2 // 3, steps + 1, (B,), generator=generator)
    phase = torch.rand(B, 1, generator=generator)
    period = 20 if kind_of(shape) == "audio" else 10
    sine = (2 * torch.pi * (torch.arange(steps) / period + phase)).sin()
    height = torch.where(targets[:, None] == 0, sine, sine.sign())
    if kind_of(shape) == "text":
        return (height * 5).round().long() + 100, lengths, targets
    return 100 + 50 * height[:, None].expand(B, *shape[1:]), lengths, targets


# ---- masks


def test_a_sequence_has_as_many_steps_as_it_is_long() -> None:
    assert within(torch.tensor([1, 3]), 4).tolist() == [[[True, False, False, False]], [[True, True, True, False]]]


def test_each_sequence_is_turned_within_its_length() -> None:
    x = torch.tensor([[1, 2, 3, 9], [1, 9, 9, 9]])[:, :, None]
    turned = backwards(x, torch.tensor([3, 1]))
    assert turned[:, :, 0].tolist() == [[3, 2, 1, 9], [1, 9, 9, 9]]
    assert torch.equal(backwards(turned, torch.tensor([3, 1])), x)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sizes", [(3, 4, 5), (3, 4, 2, 5)])
def test_a_masked_norm_is_batch_norm_where_nothing_is_padded(training: bool, sizes: tuple[int, ...]) -> None:
    x = torch.randn(sizes, generator=torch.Generator().manual_seed(0)) * 3 + 1
    ours, theirs = MaskedNorm(4), (nn.BatchNorm1d(4) if len(sizes) == 3 else nn.BatchNorm2d(4))
    own = torch.ones(3, *(1,) * (len(sizes) - 2), 5, dtype=torch.bool)
    for _ in range(2):
        given, known = x.clone().requires_grad_(), x.clone().requires_grad_()
        out, wanted = ours.train(training)(given, own), theirs.train(training)(known)
        torch.testing.assert_close(out, wanted)
        out.square().sum().backward()
        wanted.square().sum().backward()
        torch.testing.assert_close(given.grad, known.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def test_a_masked_norm_is_batch_norm_of_the_own_steps() -> None:
    x, own = drawn(), within(LENGTHS, 5)
    ours, theirs = MaskedNorm(4), nn.BatchNorm1d(4)
    out, wanted = ours(x, own), theirs(x.transpose(1, 2)[own[:, 0]])
    torch.testing.assert_close(out.transpose(1, 2)[own[:, 0]], wanted)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    assert not out.masked_select(~own).any()


def test_a_masked_norm_of_a_single_value_goes_by_what_it_saw_before() -> None:
    norm, x = MaskedNorm(4), drawn(B=1)
    out = norm(x, within(torch.tensor([1]), 5))
    torch.testing.assert_close(out[:, :, 0], x[:, :, 0], rtol=1e-4, atol=1e-4)
    assert norm.running_mean is not None
    assert not norm.running_mean.any()


@pytest.mark.parametrize(
    ("pooling", "wanted"), [("mean", [3.0, 1.0, 2.0]), ("max", [5.0, 1.0, 3.0]), ("last", [5.0, 1.0, 3.0])]
)
def test_a_pool_of_the_own_steps_by_hand(pooling: Any, wanted: list[float]) -> None:
    x = torch.arange(1.0, 6).expand(3, 2, 5)
    assert STEP_POOLINGS[pooling](2)(x, LENGTHS).tolist() == [[value, value] for value in wanted]


def test_the_last_step_of_what_is_read_backwards_is_the_first() -> None:
    x = torch.stack([torch.arange(1.0, 6), -torch.arange(1.0, 6)]).expand(3, 2, 5)
    assert Last(both=True)(x, LENGTHS).tolist() == [[5.0, -1.0], [1.0, -1.0], [3.0, -1.0]]


def test_attention_is_a_mean_of_the_own_steps() -> None:
    pool = STEP_POOLINGS["attention"](4)
    same = torch.full((3, 4, 5), 2.0).masked_fill(~within(LENGTHS, 5), 0)
    torch.testing.assert_close(pool(same, LENGTHS), torch.full((3, 4), 2.0))


# ---- recurrent


def test_forget_gates_are_open_at_first_and_steps_orthogonal() -> None:
    layer = next(m for m in looked("lstm", ("series", 2, 30)).modules() if isinstance(m, nn.LSTM))
    assert layer.bias_ih_l0.tolist() == [0.0] * 12 + [1.0] * 12 + [0.0] * 24
    for gate in layer.weight_hh_l0.split(12):
        torch.testing.assert_close(gate @ gate.T, torch.eye(12), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "cell"), [("bilstm", nn.LSTM), ("bigru", nn.GRU)])
def test_both_ways_are_torchs_own_where_nothing_is_padded(name: str, cell: Any) -> None:
    module = looked(name, ("series", 2, 30), layers=1).eval()
    forth, back = (next(iter(ways)) for ways in (module.body.forth, module.body.back))
    known = cell(2, 12, batch_first=True, bidirectional=True)
    weights = {**forth.state_dict(), **{f"{key}_reverse": value for key, value in back.state_dict().items()}}
    known.load_state_dict(weights)
    x, lengths = drawn(F=2), torch.full((3,), 5)
    torch.testing.assert_close(module.body(x, lengths)[0], known(x.transpose(1, 2))[0].transpose(1, 2))


def test_a_picture_is_read_row_by_row() -> None:
    rows, lengths = looked("lstm", (3, 12, 10)).front(torch.zeros(2, 3, 12, 10))
    assert rows.shape == (2, 30, 12)
    assert lengths.tolist() == [12, 12]
