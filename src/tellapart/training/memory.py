"""When memory runs out: the batch is cut, and what the failed try had touched is put back."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tellapart.types import Batch

SIGNS = ("can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED", "out of memory")
"""What torch says where it raises a plain RuntimeError."""


def out_of_memory(error: BaseException) -> bool:
    """Whether this error means that memory ran out, on the CPU or the GPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in str(error) for sign in SIGNS)


def cut(batch: Batch, pieces: int) -> Iterator[Batch]:
    """The batch in pieces of nearly equal size, in order; none is empty."""
    if pieces == 1:
        yield batch
        return
    rows = torch.arange(len(batch.targets), device=batch.targets.device)
    for chosen in rows.tensor_split(min(pieces, len(rows))):
        part = slice(int(chosen[0]), int(chosen[-1]) + 1)
        yield Batch(
            inputs=batch.inputs[part],
            targets=batch.targets[part],
            keys=batch.keys[part],
            weights=None if batch.weights is None else batch.weights[part],
            rows=None if batch.rows is None else batch.rows[part],
            partners=None if batch.partners is None else batch.partners[part],
            shares=None if batch.shares is None else batch.shares[part],
            lengths=None if batch.lengths is None else batch.lengths[part],
        )


def moving_buffers(module: nn.Module) -> list[Tensor]:
    """What a forward pass in training changes: the running statistics of normalisation."""
    return [buffer for layer in module.modules() if isinstance(layer, _BatchNorm) for buffer in layer.buffers()]


def give_back_memory(module: nn.Module, kept: list[Tensor]) -> None:
    """Undo a try that ran out of memory: no gradients, the running statistics as kept before it."""
    for weight in module.parameters():
        weight.grad = None
    for buffer, before in zip(moving_buffers(module), kept, strict=True):
        buffer.copy_(before)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
