"""The one path from samples to logits."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tellapart.evaluation.predict import predict
from tellapart.types import Batch

CLASSES = ("a", "b", "c")


class Small(nn.Module):
    """A layer with memory for at most so many rows."""

    def __init__(self, most: int, message: str = "out of memory") -> None:
        super().__init__()
        self.layer, self.most, self.message = nn.Linear(2, 3), most, message
        with torch.no_grad():
            self.layer.weight.copy_(torch.arange(6.0).view(3, 2))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.most:
            raise RuntimeError(self.message)
        logits: Tensor = self.layer(x)
        return logits


def batch_of(count: int) -> Batch:
    rows = torch.arange(count)
    return Batch(inputs=torch.arange(2.0 * count).view(count, 2), targets=rows % 3, keys=rows)


@pytest.mark.parametrize("most", [1, 2, 3, 6])
def test_where_memory_runs_out_the_answers_are_those_of_the_whole_batch(most: int) -> None:
    roomy, small = Small(100), Small(most)
    small.layer.load_state_dict(roomy.layer.state_dict())
    ids = [str(number) for number in range(7)]
    whole, cut = (predict(module, [batch_of(7)], ids, CLASSES) for module in (roomy, small))
    np.testing.assert_allclose(cut.logits, whole.logits, rtol=1e-6)
    assert (cut.targets == whole.targets).all()


def test_a_sample_that_does_not_fit_alone_is_told() -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        predict(Small(0), [batch_of(2)], ["a", "b"], CLASSES)


def test_another_error_is_not_taken_for_it() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"):
        predict(Small(1, "shapes differ"), [batch_of(2)], ["a", "b"], CLASSES)
