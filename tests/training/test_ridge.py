"""A head fitted at once: the ridge regression that it says it is, and what leaving a sample out comes to."""

import pytest
import torch
from torch.nn import functional

from tellapart.training.ridge import ridge


def drawn(count=30, features=50, classes=3, shift=2.0):
    torch.manual_seed(0)
    x, targets = torch.randn(count, features), torch.arange(count) % classes
    x[:, 0] += targets * shift
    return x, targets


def solved(x, y, weights, pull):
    """Weights and bias of weighted ridge regression, by its normal equations."""
    share = weights / weights.sum()
    x_mean, y_mean, root = share @ x, share @ y, weights.sqrt()[:, None]
    centred, wanted = (x - x_mean) * root, (y - y_mean) * root
    found = torch.linalg.solve(centred.T @ centred + pull * torch.eye(x.shape[1]).double(), centred.T @ wanted)
    return found, y_mean - x_mean @ found


@pytest.mark.parametrize("features", [5, 50])
@pytest.mark.parametrize("weighted", [False, True])
def test_what_leaving_out_comes_to_is_what_fitting_without_each_sample_gives(features, weighted):
    x, targets = drawn(features=features)
    weights = (torch.rand(len(x)) + 0.5 if weighted else torch.ones(len(x))).double()
    head = ridge(x, targets, 3, weights if weighted else None)
    y = 2 * functional.one_hot(targets, 3).double() - 1
    whole, bias = solved(x.double(), y, weights, head.pull)
    scale = (head.weight / whole.T).mean()
    shift = head.bias - scale * bias
    torch.testing.assert_close(head.weight, scale * whole.T, rtol=1e-6, atol=1e-9)
    assert shift.isfinite().all()
    for row in range(len(x)):
        others = torch.arange(len(x)) != row
        weight, bias = solved(x.double()[others], y[others], weights[others], head.pull)
        left_out = scale * (x.double()[row] @ weight + bias) + shift
        torch.testing.assert_close(head.left_out[row], left_out, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_of_many_samples_the_pull_is_the_one_that_trying_all_gives(shift, monkeypatch):
    x, targets = drawn(count=90, features=40, shift=shift)
    whole = ridge(x, targets, 3)
    monkeypatch.setattr("tellapart.training.ridge.FEW", 25)
    walked = ridge(x, targets, 3)
    assert walked.pull == pytest.approx(whole.pull)
    torch.testing.assert_close(walked.weight, whole.weight)
    torch.testing.assert_close(walked.left_out, whole.left_out)


def test_classes_that_lie_apart_are_told_apart_with_certainty():
    x, targets = drawn(count=60, features=8)
    x += 20 * functional.one_hot(targets, 8)
    head = ridge(x, targets, 3)
    assert (head.left_out.argmax(1) == targets).all()
    assert functional.cross_entropy(head.left_out, targets) < 0.2


def test_where_nothing_is_to_be_learned_the_answers_are_unsure():
    torch.manual_seed(1)
    x, targets = torch.randn(60, 200), torch.arange(60) % 3
    head = ridge(x, targets, 3)
    loss = functional.cross_entropy(head.left_out, targets)
    assert loss < 1.01 * torch.log(torch.tensor(3.0)) + 0.05


@pytest.mark.parametrize("count", [6, 12, 40])
def test_the_head_is_never_turned_round(count):
    """Equal samples of two classes: under a strong pull each, left out, is pulled to the other class."""
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).repeat(count // 2, 1) + 1e-3 * torch.arange(count)[:, None]
    targets = torch.arange(count) % 2
    head = ridge(x, targets, 2)
    assert ((x.double() @ head.weight.T + head.bias).argmax(1) == targets).all()
    assert (head.left_out.argmax(1) == targets).all()
