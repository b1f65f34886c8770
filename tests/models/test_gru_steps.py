import pytest
import torch

from tellapart.models import gru_steps
from tellapart.models.gru_steps import Gru


def layer_and_input(B=3, T=7, F=5, H=4):
    torch.manual_seed(0)
    return Gru(F, H, batch_first=True).double(), torch.randn(B, T, F, dtype=torch.float64, requires_grad=True)


def learned(layer, x):
    """States, and the gradients of the input and of each weight."""
    states, last = layer(x)
    pull = torch.linspace(-1, 1, states.numel(), dtype=states.dtype).view_as(states)
    loss = (states * pull).sum() + last.square().sum()
    return [states, last, *torch.autograd.grad(loss, [x, *layer.parameters()])]


@pytest.mark.parametrize(("B", "T"), [(1, 1), (1, 9), (3, 7), (16, 2)])
def test_states_and_gradients_are_those_of_torch(B, T, monkeypatch):
    layer, x = layer_and_input(B=B, T=T)
    ours = learned(layer, x)
    monkeypatch.setattr(gru_steps, "MOST", 0)
    for mine, torchs in zip(ours, learned(layer, x), strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-12, atol=1e-14)


def test_the_gradient_is_that_of_the_differences():
    layer, x = layer_and_input(B=2, T=3, F=2, H=2)
    assert torch.autograd.gradcheck(lambda given: layer(given)[0], (x,))


def test_it_learns_to_the_same_bits_again():
    layer, x = layer_and_input(B=16, T=30, F=6, H=32)
    for first, second in zip(learned(layer, x), learned(layer, x), strict=True):
        assert torch.equal(first, second)


def test_in_bf16_it_learns_as_torchs_own():
    layer, x = layer_and_input(H=8)
    layer, x = layer.float(), x.detach().float().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        states, _ = layer(x)
        wanted = torch.nn.GRU.forward(layer, x)[0]
    states.float().sum().backward()
    assert torch.equal(states, wanted)
    assert all(weight.grad is not None for weight in layer.parameters())


def test_what_predicts_and_what_has_a_large_batch_is_torchs_own(monkeypatch):
    taken = []
    monkeypatch.setattr(gru_steps._Steps, "apply", lambda *given: taken.append(given) or given[0][..., :4])
    layer, x = layer_and_input()
    layer.eval()(x)
    with torch.no_grad():
        layer.train()(x)
    monkeypatch.setattr(gru_steps, "MOST", 3 * 4 - 1)
    layer(x)
    assert not taken
    monkeypatch.setattr(gru_steps, "MOST", 3 * 4)
    layer(x)
    assert len(taken) == 1
