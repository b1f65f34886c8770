"""What each change of training pictures costs: pictures a second, of 32x32 in colour, on one thread.

A batch of 500, as the training loop asks for it: chosen, changed, mixed. Rounds go over all changes in turns.

    python bench/augment.py [--rounds 7] [--batch 500] [--side 32]
"""

import argparse
import time
from typing import Any

import torch

from machine import spread, write_result
from tellapart.config import TrainConfig
from tellapart.data.augment import Augmentation, augmented, in_pairs
from tellapart.data.policy import STRONG
from tellapart.data.trivial import OPERATIONS
from tellapart.types import Order
from tellapart.world import join_world

LIGHT: dict[str, Any] = {"crop_padding": 4, "flip": True}
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "crop": {"crop_padding": 4},
    "flip": {"flip": True},
    "rotate": {"rotate": 15.0},
    "resized_crop": {"resized_crop": 0.35},
    "brightness, contrast, saturation": {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3},
    "cutout": {"cutout": 12},
    "trivial": {"trivial": True},
    "erasing": {"erasing": STRONG["erasing"]},
    "mixup": {"mixup": STRONG["mixup"]},
    "cutmix": {"cutmix": STRONG["cutmix"]},
    "mixup and cutmix": {"mixup": STRONG["mixup"], "cutmix": STRONG["cutmix"]},
    "light": LIGHT,
    "strong": {**LIGHT, **STRONG},
}
ROUND_S = 0.2


def rate(pictures: torch.Tensor, keys: torch.Tensor, augmentation: Augmentation, batch: int) -> float:
    """Pictures a second."""
    began, epoch, done = time.perf_counter(), 0, 0
    while time.perf_counter() - began < ROUND_S:
        order, rows = Order(seed=0, epoch=epoch), torch.randperm(len(pictures))[: batch + augmentation.mixes]
        made = augmented(pictures, rows, keys[rows], order, augmentation)
        if augmentation.mixes:
            made, _ = in_pairs(made, keys[rows[:-1]], order, augmentation)
        epoch, done = epoch + 1, done + len(made)
    return done / (time.perf_counter() - began)


def operation_rate(pictures: torch.Tensor, name: str) -> float:
    """Pictures a second of one operation of `trivial`."""
    strengths = torch.linspace(-1, 1, len(pictures)).double()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < ROUND_S:
        OPERATIONS[name](pictures, strengths)
        done += len(pictures)
    return done / (time.perf_counter() - began)


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--side", type=int, default=32)
    args = parser.parse_args()
    join_world(TrainConfig(threads=1, device="cpu"))
    pictures = torch.randint(0, 256, (5000, args.side, args.side, 3)).to(torch.uint8)
    keys = torch.randint(-(2**62), 2**62, (5000,))
    changes = {name: Augmentation(fill=(120, 120, 120), **settings) for name, settings in CHANGES.items()}
    found: dict[str, list[float]] = {name: [] for name in [*changes, *(f"trivial: {name}" for name in OPERATIONS)]}
    for _ in range(args.rounds):
        for name, augmentation in changes.items():
            found[name].append(rate(pictures, keys, augmentation, args.batch))
        for name in OPERATIONS:
            found[f"trivial: {name}"].append(operation_rate(pictures[: args.batch], name))
    results = {name: spread([round(value) for value in values]) for name, values in found.items()}
    for name, result in results.items():
        print(f"{name:<36}{result['median']:>12,.0f} pictures/s")
    write_result("augment", {"batch": args.batch, "side": args.side, "threads": 1, "pictures_per_s": results})


if __name__ == "__main__":
    main()
