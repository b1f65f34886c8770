"""Normalisation over the batch, for any batch."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional


class Norm(nn.BatchNorm2d):
    """BatchNorm that takes a single value per channel in training too: by the running statistics, as in prediction.

    Without the count of batches, which only an average over all of them has a use for.
    """

    def __init__(self, channels: int, *, momentum: float = 0.1, scaled: bool = True) -> None:
        """momentum: share of the newest batch in the running statistics; scaled: whether the scale is learned."""
        super().__init__(channels, momentum=momentum)
        self.num_batches_tracked = None
        self.weight.requires_grad = scaled

    def forward(self, x: Tensor) -> Tensor:
        spread = self.training and x.numel() > x.shape[1]
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, spread, self.momentum or 0.0, self.eps
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        """torch adds the count to what has no version, as safetensors has none; here nothing is missing."""
        super()._load_from_state_dict(state_dict, prefix, {**local_metadata, "version": self._version}, *rest)
