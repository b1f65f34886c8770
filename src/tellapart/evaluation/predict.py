"""The one path from samples to logits: validation, evaluate, predict and the estimator come through here."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from tellapart.types import Batch, Predictions

BATCH = 256
"""Samples at a time. One number for all callers: the last bits of a product depend on how many rows it has."""


def predict(module: nn.Module, batches: Iterable[Batch], ids: Sequence[str], classes: Sequence[str]) -> Predictions:
    """What the module says about every sample of the batches, in fp32 whatever training used.

    ids  (N,), in the order of the batches
    """
    device = next(module.parameters()).device
    module.eval()
    logits, targets = [], []
    with torch.inference_mode():
        for batch in batches:
            logits.append(module(batch.inputs.to(device)).float().cpu().numpy())
            targets.append(batch.targets.cpu().numpy())
    return Predictions(
        ids=tuple(ids), logits=np.concatenate(logits), targets=np.concatenate(targets), classes=tuple(classes)
    )
