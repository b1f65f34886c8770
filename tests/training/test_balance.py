"""What a sample of each class weighs."""

import pytest
import torch

from tellapart.training.balance import class_balanced_weights


def test_class_balanced_weights_by_hand() -> None:
    weights = class_balanced_weights(torch.tensor([1, 2, 3]), beta=0.5)
    expected = torch.tensor([0.5 / 0.5, 0.5 / 0.75, 0.5 / 0.875])
    torch.testing.assert_close(weights, expected * 3 / expected.sum())


def test_a_beta_of_0_weighs_all_alike() -> None:
    assert class_balanced_weights(torch.tensor([1, 50, 1000]), beta=0.0).tolist() == [1.0, 1.0, 1.0]


def test_towards_1_a_class_weighs_as_one_over_its_samples() -> None:
    weights = class_balanced_weights(torch.tensor([10, 1000, 100000]), beta=1 - 1e-12)
    torch.testing.assert_close(weights / weights[0], torch.tensor([1, 0.01, 0.0001]), rtol=1e-4, atol=0)


def test_a_class_that_does_not_occur_weighs_nothing_and_changes_no_other() -> None:
    weights = class_balanced_weights(torch.tensor([5, 0, 20]))
    assert weights[1] == 0
    torch.testing.assert_close(weights[[0, 2]], class_balanced_weights(torch.tensor([5, 20])))


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
def test_the_mean_over_the_classes_that_occur_is_1(beta: float) -> None:
    weights = class_balanced_weights(torch.tensor([7, 0, 300, 2]), beta)
    assert weights.dtype == torch.float32
    assert weights.sum().item() == pytest.approx(3)


def test_rarer_classes_weigh_more() -> None:
    weights = class_balanced_weights(torch.tensor([1000, 100, 10]))
    assert weights.tolist() == sorted(weights.tolist())
