"""The one path from samples to logits: validation, evaluate, predict and the estimator come through here."""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from tellapart.training.memory import out_of_memory
from tellapart.types import Batch, Predictions

BATCH = 256
"""Samples at a time. One number for all callers: the last bits of a product depend on how many rows it has."""


def predict(
    module: nn.Module,
    batches: Iterable[Batch],
    ids: Sequence[str],
    classes: Sequence[str],
    autocast: torch.dtype | None = None,
) -> Predictions:
    """What the module says about every sample of the batches.

    ids       (N,), in the order of the batches
    autocast  arithmetic where the answers are only to compare epochs by: convolutions in bf16 took a fifth to a ninth
              of their time with AMX. Whatever is reported, exported or served is None, fp32, whatever training used.
    """
    device = next(chain(module.parameters(), module.buffers())).device  # a body may have no weights
    module.eval()
    logits, targets = [], []
    with torch.inference_mode(), torch.autocast(device.type, dtype=autocast, enabled=autocast is not None):
        for batch in batches:
            logits.append(_answers(module, *(each.to(device) for each in batch.given)).float().cpu().numpy())
            targets.append(batch.targets.cpu().numpy())
    return Predictions(
        ids=tuple(ids), logits=np.concatenate(logits), targets=np.concatenate(targets), classes=tuple(classes)
    )


def _answers(module: nn.Module, *given: Tensor) -> Tensor:
    """The module's logits (B, K); where memory runs out, of one half of the batch and then of the other."""
    try:
        logits: Tensor = module(*given)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error) or len(given[0]) == 1:
            raise
    else:
        return logits
    if given[0].device.type == "cuda":
        torch.cuda.empty_cache()
    halves = zip(*(each.tensor_split(2) for each in given), strict=True)
    return torch.cat([_answers(module, *half) for half in halves])
