"""The published record recipe for 94 % on CIFAR-10, written from its description: what `cifar-fast` is held against.

Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv:2404.00498) with Muon for the filters: batch
2,000, 8 epochs, six test-time views. Plain torch, nothing of tellapart; bf16 and channels last where `bf16` says so.
"""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
BATCH, EPOCHS, SMOOTHING = 2000, 8, 0.2
BIAS_LR, HEAD_LR, FILTER_LR, DECAY = 0.053, 0.67, 0.24, 2e-6 * 2000
WHITEN_BIAS_EPOCHS = 3


class Block(nn.Module):
    """conv, pool, norm, gelu, conv, norm, gelu."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, padding="same", bias=False)
        self.norm1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding="same", bias=False)
        self.norm2 = norm(width)
        for conv in (self.conv1, self.conv2):
            nn.init.dirac_(conv.weight.data[: conv.weight.shape[1]])

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


def norm(width: int) -> nn.BatchNorm2d:
    """BatchNorm without scale; 0.4 of the running statistics is the newest batch's."""
    layer = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)
    layer.weight.requires_grad = False
    return layer


class Network(nn.Module):
    """uint8-free: takes normalised pictures (B, 3, 32, 32), gives logits (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad = False
        self.blocks = nn.Sequential(Block(24, 64), Block(64, 256), Block(256, 256))
        self.head = nn.Linear(256, 10, bias=False)
        self.head.weight.data *= 1 / self.head.weight.data.std()

    def forward(self, x: Tensor, whiten_bias_grad: bool = True) -> Tensor:
        bias = self.whiten.bias if whiten_bias_grad else self.whiten.bias.detach()
        x = F.gelu(F.conv2d(x, self.whiten.weight, bias))
        x = F.max_pool2d(self.blocks(x), 3).flatten(1)
        return self.head(x) / x.shape[-1]

    def init_whiten(self, pictures: Tensor, eps: float = 5e-4) -> None:
        """Filters from normalised training pictures (N, 3, 32, 32) in fp32."""
        c, (h, w) = pictures.shape[1], self.whiten.weight.shape[2:]
        patches = pictures.unfold(2, h, 1).unfold(3, w, 1).transpose(1, 3).reshape(-1, c, h, w).float()
        flat = patches.reshape(len(patches), -1)
        values, vectors = torch.linalg.eigh(flat.T @ flat / len(flat), UPLO="U")
        scaled = vectors.T.reshape(-1, c, h, w) / torch.sqrt(values.view(-1, 1, 1, 1) + eps)
        self.whiten.weight.data[:] = torch.cat((scaled, -scaled))
        self.whiten.bias.data.zero_()


def orthogonal(matrix: Tensor, steps: int = 3, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Newton-Schulz: the orthogonal matrix near `matrix`, roughly."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.to(dtype)
    x = x / (x.norm() + 1e-7)
    turned = x.shape[0] > x.shape[1]
    if turned:
        x = x.T
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if turned else x


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for filters that a normalisation follows."""

    def __init__(self, params: list[Tensor], lr: float, momentum: float, dtype: torch.dtype) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if "buffer" not in state:
                    state["buffer"] = torch.zeros_like(p.grad)
                buffer = state["buffer"].mul_(group["momentum"]).add_(p.grad)
                g = p.grad.add(buffer, alpha=group["momentum"])
                p.data.mul_(len(p.data) ** 0.5 / p.data.norm())
                update = orthogonal(g.reshape(len(g), -1), dtype=self.dtype).view(g.shape)
                p.data.add_(update.to(p.dtype), alpha=-group["lr"])


def crops(padded: Tensor, side: int) -> Tensor:
    """One random crop of each padded picture (N, C, H, W)."""
    radius = (padded.shape[-1] - side) // 2
    shifts = torch.randint(-radius, radius + 1, (len(padded), 2), device=padded.device)
    out = torch.empty((len(padded), 3, side, side), device=padded.device, dtype=padded.dtype)
    middle = torch.empty((len(padded), 3, side, side + 2 * radius), device=padded.device, dtype=padded.dtype)
    for s in range(-radius, radius + 1):
        rows = shifts[:, 0] == s
        middle[rows] = padded[rows, :, radius + s : radius + s + side, :]
    for s in range(-radius, radius + 1):
        rows = shifts[:, 1] == s
        out[rows] = middle[rows, :, :, radius + s : radius + s + side]
    return out


def mirrored(pictures: Tensor) -> Tensor:
    """Half of the pictures mirrored."""
    rows = (torch.rand(len(pictures), device=pictures.device) < 0.5).view(-1, 1, 1, 1)
    return torch.where(rows, pictures.flip(-1), pictures)


def train(
    pictures: Tensor,
    targets: Tensor,
    *,
    seed: int,
    bf16: bool = True,
    epochs: int = EPOCHS,
    batch: int = BATCH,
    tell: Callable[[str], object] = bool,
) -> Network:
    """The recipe on uint8 pictures (N, 3, 32, 32) and int64 targets (N,), where they lie."""
    torch.manual_seed(seed)
    device = pictures.device
    dtype = torch.bfloat16 if bf16 else torch.float32
    layout = torch.channels_last if bf16 else torch.contiguous_format
    network = Network().to(device).to(memory_format=layout)
    normalised = normalise(pictures)
    network.init_whiten(normalised[:5000].float())
    start = F.pad(mirrored(normalised), (2,) * 4, "reflect")
    filters = [p for p in network.parameters() if p.ndim == 4 and p.requires_grad]
    biases = [p for n, p in network.named_parameters() if "norm" in n and p.requires_grad]
    sgd = torch.optim.SGD(
        [
            {"params": [network.whiten.bias], "lr": BIAS_LR, "weight_decay": DECAY / BIAS_LR},
            {"params": biases, "lr": BIAS_LR, "weight_decay": DECAY / BIAS_LR},
            {"params": [network.head.weight], "lr": HEAD_LR, "weight_decay": DECAY / HEAD_LR},
        ],
        momentum=0.85,
        nesterov=True,
        fused=device.type == "cuda",
    )
    muon = Muon(filters, lr=FILTER_LR, momentum=0.6, dtype=dtype)
    peaks = [[group["lr"] for group in optimiser.param_groups] for optimiser in (sgd, muon)]
    steps_per_epoch = len(pictures) // batch
    total, bias_steps, step = epochs * steps_per_epoch, WHITEN_BIAS_EPOCHS * steps_per_epoch, 0
    for epoch in range(epochs):
        began = time.perf_counter()
        network.train()
        view = crops(start, pictures.shape[-1])
        if epoch % 2:
            view = view.flip(-1)
        order = torch.randperm(len(view), device=device)
        for i in range(steps_per_epoch):
            rows = order[i * batch : (i + 1) * batch]
            inputs = view[rows].contiguous(memory_format=layout)
            with torch.autocast(device.type, dtype, enabled=bf16):
                logits = network(inputs, whiten_bias_grad=step < bias_steps)
            F.cross_entropy(logits.float(), targets[rows], label_smoothing=SMOOTHING, reduction="sum").backward()
            for optimiser, lrs in zip((sgd, muon), peaks, strict=True):
                for group, lr in zip(optimiser.param_groups, lrs, strict=True):
                    group["lr"] = lr * (1 - step / total)
            sgd.param_groups[0]["lr"] = BIAS_LR * max(0.0, 1 - step / bias_steps)
            sgd.step()
            muon.step()
            network.zero_grad(set_to_none=True)
            step += 1
        tell(f"record recipe, epoch {epoch + 1}/{epochs}: {time.perf_counter() - began:.1f} s")
    return network.eval()


def normalise(pictures: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) -> normalised float32."""
    mean, std = (torch.tensor(v, device=pictures.device).view(1, 3, 1, 1) * 255 for v in (MEAN, STD))
    return (pictures - mean) / std


@torch.inference_mode()
def accuracy(network: Network, pictures: Tensor, targets: Tensor, *, views: bool = True, bf16: bool = True) -> float:
    """Share right, with six views (plain, shifted up-left, shifted down-right, each mirrored) or one."""
    right = 0
    for start in range(0, len(pictures), 1000):
        inputs = normalise(pictures[start : start + 1000]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=bf16):
            logits = both_ways(network, inputs) if views else network(inputs)
            if views:
                side, padded = inputs.shape[-1], F.pad(inputs, (1,) * 4, "reflect")
                shifted = [both_ways(network, padded[..., s : s + side, s : s + side]) for s in (0, 2)]
                logits = 0.5 * logits + 0.25 * shifted[0] + 0.25 * shifted[1]
        right += int((logits.argmax(1) == targets[start : start + 1000]).sum())
    return right / len(pictures)


def both_ways(network: Network, inputs: Tensor) -> Tensor:
    """Mean of the picture's logits and of its mirror image's."""
    return 0.5 * network(inputs).float() + 0.5 * network(inputs.flip(-1)).float()


def products(side: int = 32) -> int:
    """Multiplications of one picture's forward pass."""
    first = side - 1
    second, third = first // 2, first // 4
    fourth = third // 2
    return sum(
        (
            first**2 * 24 * 12,
            first**2 * 64 * 24 * 9,
            second**2 * (64 * 64 + 256 * 64) * 9,
            third**2 * 2 * 256 * 256 * 9,
            fourth**2 * 256 * 256 * 9,
        )
    )


assert math.isclose(products(), 118e6, rel_tol=0.02)
