"""The two networks in plain torch, standardised pictures in, for the peers that take a torch module."""

from collections.abc import Iterable

import torch
from task import Task
from torch import nn
from torchvision.models import resnet18


def network(task: Task, channels: int | None = None) -> nn.Module:
    """Standardised (B, C, H, W) -> logits (B, 10): `tellapart.models.cnn`, or ResNet-18 with a first layer of 3x3."""
    torch.manual_seed(0)
    if task.network == "cnn":
        return nn.Sequential(
            nn.Conv2d(channels or 1, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
        )  # fmt: skip
    model = resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(channels or 3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


def optimiser(task: Task, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Adam for the cnn, SGD with momentum for the ResNet."""
    if task.network == "cnn":
        return torch.optim.Adam(weights, lr=task.lr)
    return torch.optim.SGD(weights, lr=task.lr, momentum=0.9)


@torch.inference_mode()
def accuracy(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Share of right answers; inputs (N, C, H, W), targets (N,)."""
    model.eval()
    answers = torch.cat([model(rows).argmax(1) for rows in inputs.split(500)])
    return float((answers == targets).float().mean())
