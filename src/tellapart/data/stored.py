"""Pictures that do not lie in memory: read when they are asked for, and the next batch while this one is learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Stored:
    """Indexed like a uint8 tensor (N, H, W, C), by rows or by a slice of them; what comes out lies on `device`.

    read    int64 (B,) on the CPU -> uint8 (B, H, W, C) there
    shape   (N, H, W, C)
    change  what is done to what was read, once it is on the device
    """

    ndim = 4

    def __init__(
        self,
        read: Callable[[Tensor], Tensor],
        shape: tuple[int, ...],
        device: torch.device | None = None,
        change: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        import torch

        self.shape = shape
        self.device = device or torch.device("cpu")
        self._read, self._change = read, change

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Tensor | slice | int) -> Tensor:
        import torch

        if isinstance(rows, int):
            return self[torch.tensor([range(len(self))[rows]])][0]
        if isinstance(rows, slice):
            rows = torch.tensor(range(len(self))[rows], dtype=torch.int64)
        read = self._read(rows.cpu()).to(self.device)
        return read if self._change is None else self._change(read)

    def to(self, device: torch.device) -> Stored:
        """The same for another device."""
        return Stored(self._read, self.shape, device, self._change)

    def changed(self, change: Callable[[Tensor], Tensor], height: int, width: int) -> Stored:
        """The same with each batch changed to another size where it lies, as pictures in memory are."""
        return Stored(self._read, (len(self), height, width, self.shape[3]), self.device, change)


def read_ahead(inputs: Tensor | Stored, batches: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """For each batch of rows: the rows, a tensor that holds their pictures, and where in it they are.

    What lies in memory is not copied. What does not is read a batch ahead, in a thread of its own.
    """
    import torch

    if not isinstance(inputs, Stored):
        for rows in batches:
            yield rows, inputs, rows
        return
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for rows in batches:
            following = rows, pool.submit(inputs.__getitem__, rows)
            if coming is not None:
                yield coming[0], coming[1].result(), torch.arange(len(coming[0]), device=inputs.device)
            coming = following
        if coming is not None:
            yield coming[0], coming[1].result(), torch.arange(len(coming[0]), device=inputs.device)
