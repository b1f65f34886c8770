"""The moving average of weights: smoother than the last step's, and often better."""

import torch
from torch import nn

RISE = 10
"""The decay at step t is at most (1 + t) / (RISE + t), so that the first weights are soon forgotten."""


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, decay: float, step: int) -> None:
    """Move the average a step towards the module; what is no floating point (a count, say) is copied.

    decay  share of the average that stays, in [0, 1)
    step   0-based, of those done
    Source: Polyak & Juditsky 1992; the rise is TensorFlow's ExponentialMovingAverage with num_updates.
    """
    stays = min(decay, (1 + step) / (RISE + step))
    pairs = list(zip(average.state_dict().values(), module.state_dict().values(), strict=True))
    moving = [(mean, now) for mean, now in pairs if mean.is_floating_point()]
    torch._foreach_lerp_([mean for mean, _ in moving], [now for _, now in moving], 1 - stays)
    for mean, now in pairs:
        if not mean.is_floating_point():
            mean.copy_(now)
