"""The published record recipes for CIFAR-10, written from their description: what `cifar-fast` and `cifar-best` meet.

Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv:2404.00498) with Muon for the filters: batch
2,000, 8 epochs, six test-time views. For 96 %: wider, a third convolution with a residual in each block, cutout, 45
epochs, and a small proxy network that picks the half of each batch with the highest loss. Plain torch, nothing of
tellapart; bf16 and channels last where `bf16` says so.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
BATCH, EPOCHS, SMOOTHING = 2000, 8, 0.2


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What differs between the two."""

    widths: tuple[int, int, int] = (64, 256, 256)
    depth: int = 2
    """Convolutions of a block; the third is a residual."""
    shift: int = 2
    """Pixels of reflected padding on each side before the crop."""
    cutout: int = 0
    epochs: int = EPOCHS
    batch: int = BATCH
    proxy: tuple[int, int, int] | None = None
    """Widths of the network that picks half of each batch."""


TO_94 = Recipe()
TO_96 = Recipe(widths=(128, 384, 512), depth=3, shift=4, cutout=12, epochs=45, batch=1024, proxy=(32, 64, 64))
BIAS_LR, HEAD_LR, FILTER_LR, DECAY = 0.053, 0.67, 0.24, 2e-6 * 2000
WHITEN_BIAS_EPOCHS = 3


class Block(nn.Module):
    """conv, pool, norm, gelu, conv, norm, gelu; of depth three, a third conv and norm, residual, gelu."""

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, padding="same", bias=False)
        self.norm1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding="same", bias=False)
        self.norm2 = norm(width)
        if depth == 3:
            self.conv3 = nn.Conv2d(width, width, 3, padding="same", bias=False)
            self.norm3 = norm(width)
        self.depth = depth
        for conv in (layer for layer in self.modules() if isinstance(layer, nn.Conv2d)):
            nn.init.dirac_(conv.weight.data[: conv.weight.shape[1]])

    def forward(self, x: Tensor) -> Tensor:
        first = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        x = F.gelu(self.norm2(self.conv2(first)))
        return F.gelu(self.norm3(self.conv3(x)) + first) if self.depth == 3 else x


def norm(width: int) -> nn.BatchNorm2d:
    """BatchNorm without scale; 0.4 of the running statistics is the newest batch's."""
    layer = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)
    layer.weight.requires_grad = False
    return layer


class Network(nn.Module):
    """uint8-free: takes normalised pictures (B, 3, 32, 32), gives logits (B, 10)."""

    def __init__(self, widths: tuple[int, int, int], depth: int) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad = False
        ends = zip((24, *widths), widths, strict=False)
        self.blocks = nn.Sequential(*(Block(inputs, width, depth) for inputs, width in ends))
        self.head = nn.Linear(widths[-1], 10, bias=False)
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


def covered(pictures: Tensor, side: int) -> Tensor:
    """The pictures (N, C, H, W) with a square of zeros anywhere on each, in place."""
    inside = []
    for size in pictures.shape[2:]:
        first = torch.randint(-(side // 2), size - side // 2, (len(pictures), 1), device=pictures.device)
        place = torch.arange(size, device=pictures.device)
        inside.append((place >= first) & (place < first + side))
    square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return pictures.masked_fill_(square, 0)


class Arm:
    """A network, its optimisers and their schedule."""

    def __init__(self, network: Network, device: torch.device, dtype: torch.dtype, total: int, bias_steps: int) -> None:
        self.network, self.device, self.dtype = network, device, dtype
        self.total, self.bias_steps, self.step = total, bias_steps, 0
        filters = [p for p in network.parameters() if p.ndim == 4 and p.requires_grad]
        biases = [p for n, p in network.named_parameters() if "norm" in n and p.requires_grad]
        self.sgd = torch.optim.SGD(
            [
                {"params": [network.whiten.bias], "lr": BIAS_LR, "weight_decay": DECAY / BIAS_LR},
                {"params": biases, "lr": BIAS_LR, "weight_decay": DECAY / BIAS_LR},
                {"params": [network.head.weight], "lr": HEAD_LR, "weight_decay": DECAY / HEAD_LR},
            ],
            momentum=0.85,
            nesterov=True,
            fused=device.type == "cuda",
        )
        self.muon = Muon(filters, lr=FILTER_LR, momentum=0.6, dtype=dtype)
        self.peaks = [[group["lr"] for group in optimiser.param_groups] for optimiser in (self.sgd, self.muon)]

    def learn(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """One step; the loss of each picture (B,) comes out."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(inputs, whiten_bias_grad=self.step < self.bias_steps)
        losses = F.cross_entropy(logits.float(), targets, label_smoothing=SMOOTHING, reduction="none")
        losses.sum().backward()
        for optimiser, lrs in zip((self.sgd, self.muon), self.peaks, strict=True):
            for group, lr in zip(optimiser.param_groups, lrs, strict=True):
                group["lr"] = lr * (1 - self.step / self.total)
        self.sgd.param_groups[0]["lr"] = BIAS_LR * max(0.0, 1 - self.step / self.bias_steps)
        self.sgd.step()
        self.muon.step()
        self.network.zero_grad(set_to_none=True)
        self.step += 1
        return losses.detach()


def train(
    pictures: Tensor,
    targets: Tensor,
    *,
    seed: int,
    recipe: Recipe = TO_94,
    bf16: bool = True,
    epochs: int | None = None,
    batch: int | None = None,
    tell: Callable[[str], object] = bool,
) -> Network:
    """The recipe on uint8 pictures (N, 3, 32, 32) and int64 targets (N,), where they lie."""
    torch.manual_seed(seed)
    device, epochs, batch = pictures.device, epochs or recipe.epochs, batch or recipe.batch
    dtype = torch.bfloat16 if bf16 else torch.float32
    layout = torch.channels_last if bf16 else torch.contiguous_format
    normalised = normalise(pictures)
    steps_per_epoch = len(pictures) // batch
    ends = epochs * steps_per_epoch, WHITEN_BIAS_EPOCHS * steps_per_epoch

    def arm(widths: tuple[int, int, int], depth: int) -> Arm:
        network = Network(widths, depth).to(device).to(memory_format=layout)
        network.init_whiten(normalised[:5000].float())
        return Arm(network.train(), device, dtype, *ends)

    large = arm(recipe.widths, recipe.depth)
    proxy = arm(recipe.proxy, 2) if recipe.proxy else None
    start = F.pad(mirrored(normalised), (recipe.shift,) * 4, "reflect")
    for epoch in range(epochs):
        began = time.perf_counter()
        view = crops(start, pictures.shape[-1])
        if epoch % 2:
            view = view.flip(-1)
        if recipe.cutout:
            view = covered(view, recipe.cutout)
        order = torch.randperm(len(view), device=device)
        for i in range(steps_per_epoch):
            rows = order[i * batch : (i + 1) * batch]
            inputs, truth = view[rows].contiguous(memory_format=layout), targets[rows]
            if proxy:
                half = proxy.learn(inputs, truth).argsort()[-(batch // 2) :]
                inputs, truth = inputs[half].contiguous(memory_format=layout), truth[half]
            large.learn(inputs, truth)
        tell(f"record recipe, epoch {epoch + 1}/{epochs}: {time.perf_counter() - began:.1f} s")
    return large.network.eval()


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
