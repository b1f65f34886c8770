"""ResNet-50 at 224 pixels on one GPU: tellapart's loop beside the loop that a tutorial gives, in pictures a second.

Both train torchvision's network on the same random uint8 pictures, which lie on the card, with a crop and a flip, SGD
with momentum and bf16. `plain` is eager torch with its tensors as they come: normalised by hand, autocast, a step.
`ours` is `tellapart.training.fit` over `tellapart.data`: raw uint8 in, channels last, normalisation in the module.
The share of the peak is of a large bf16 product measured on the same card. `gpu.py` calls it.
"""

import time
from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from tellapart.config import OptimConfig
from tellapart.data.augment import Augmentation
from tellapart.data.batches import shuffled
from tellapart.data.resident import Resident
from tellapart.models.normalise import Normalise
from tellapart.training.compiled import compiled
from tellapart.training.fit import fit, new_state
from tellapart.training.plan import Extent, Plan
from tellapart.types import Batch, DataSpec, Order
from tellapart.world import World

SIDE, CLASSES, PRODUCTS = 224, 1000, 4_089_184_256
"""Pixels, classes, and multiplications of one picture's forward pass."""
MEAN, STD = (123.7, 116.3, 103.5), (58.4, 57.1, 57.4)
PADDING = 16


def pictures(count: int, side: int, device: torch.device) -> Resident:
    """Random pictures on the device."""
    generator = torch.Generator().manual_seed(0)
    return Resident(
        inputs=torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator).to(device),
        targets=torch.randint(0, CLASSES, (count,), generator=generator).to(device),
        keys=torch.arange(count).to(device),
        ids=tuple(map(str, range(count))),
    )


def waited(device: torch.device) -> float:
    """The time once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def ours(part: Resident, batch: int, warm: int, steps: int) -> float:
    """Pictures a second of tellapart's loop, compiled on a card as a long training there is where that pays."""
    device, side = part.inputs.device, part.inputs.shape[1]
    spec = DataSpec(kind="image", shape=(3, side, side), classes=tuple(map(str, range(CLASSES))), mean=MEAN, std=STD)
    optim = OptimConfig(optimiser="sgd", lr=0.1, schedule="constant")
    world = World(device=device, threads=torch.get_num_threads(), bf16=True)
    state = new_state(nn.Sequential(Normalise(spec), resnet50()), optim, world, batch)
    if device.type == "cuda":
        state.compiled = compiled(state.module)
    extent = Extent(samples=len(part), steps=len(part) // batch)
    planned = Plan(optim=optim, seed=0, epochs=10**6, steps=10**9, extents=(extent,), autocast=torch.bfloat16)
    augmentation, clock = Augmentation(crop_padding=PADDING, flip=True), [0.0, 0.0]

    def batches(order: Order) -> Iterator[Batch]:
        return shuffled(part, order, batch, augmentation)

    for _ in islice(fit(state, batches, planned, lambda state: state.step in (warm, warm + steps)), 10**6):
        if state.step == warm:
            clock[0] = waited(device)
        if state.step == warm + steps:
            clock[1] = waited(device)
            break
    return batch * steps / (clock[1] - clock[0])


def plain(part: Resident, batch: int, warm: int, steps: int) -> float:
    """Pictures a second of the loop that a tutorial gives."""
    device, side = part.inputs.device, part.inputs.shape[1]
    model = resnet50().to(device).train()
    optimiser, loss_of = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nn.CrossEntropyLoss()
    whole = part.inputs.permute(0, 3, 1, 2).contiguous()
    mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN, STD))

    def one(rows: Tensor) -> None:
        x = nn.functional.pad((whole[rows].float() - mean) / std, (PADDING,) * 4, "reflect")
        top, left = (int(torch.randint(0, 2 * PADDING + 1, ())) for _ in range(2))
        x = x[:, :, top : top + side, left : left + side]
        x = x.flip(3) if torch.rand(()) < 0.5 else x
        optimiser.zero_grad()
        with torch.autocast(device.type, torch.bfloat16):
            loss = loss_of(model(x), part.targets[rows])
        loss.backward()
        optimiser.step()

    for step in range(warm + steps):
        if step == warm:
            began = waited(device)
        one(torch.randint(0, len(part), (batch,), device=device))
    return batch * steps / (waited(device) - began)


def product_peak(device: torch.device, side: int) -> float:
    """FLOP/s of a large bf16 product."""
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    a @ b
    times = []
    for _ in range(5):
        began = waited(device)
        a @ b
        times.append(waited(device) - began)
    return 2 * side**3 / min(times)
