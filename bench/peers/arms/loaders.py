"""Pictures as torchvision gives them: one PIL picture at a time, then the transforms."""

from typing import Any

import numpy as np
from PIL import Image
from task import Task, pictures
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Pictures(Dataset[tuple[Tensor, int]]):
    """What torchvision's MNIST and CIFAR10 do with an item; theirs read other files than those at hand."""

    def __init__(self, task: Task, part: str) -> None:
        self.values, self.targets = pictures(task, part)
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(*task.stats)])

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(squeezed(self.values[row]))), int(self.targets[row])


def squeezed(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(H, W) for a grey picture, as PIL wants it; (H, W, 3) stays."""
    return value[:, :, 0] if value.shape[2] == 1 else value


def training_loader(task: Task) -> DataLoader[tuple[Tensor, int]]:
    """Shuffled batches of the training pictures."""
    return DataLoader(
        Pictures(task, "train"),
        batch_size=task.batch,
        shuffle=True,
        num_workers=task.workers,
        persistent_workers=task.workers > 0,
    )


def whole(task: Task, part: str) -> tuple[Tensor, Tensor]:
    """A part as one batch: (N, C, H, W) and (N,)."""
    held = Pictures(task, part)
    inputs, targets = next(iter(DataLoader(held, batch_size=len(held))))
    return inputs, targets
