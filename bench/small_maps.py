"""Where a 3x3 convolution is faster as a product of matrices: what `training/unrolled.py` goes by.

Forward and backward in bf16, channels last, with our malloc tuning: oneDNN's convolution beside one whose filters have
their gradient from a product, and one that is a product altogether, in turns, for each side of the map, channels and
batch. Only processors with tiles (AMX) use products.

    python bench/small_maps.py [--rounds 7] [--tiny]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from machine import write_result
from tellapart.config import TrainConfig
from tellapart.training.unrolled import product
from tellapart.world import join_world

SIDES = (2, 3, 4, 5, 6, 7, 8, 9, 11, 15)
CHANNELS = ((64, 64), (64, 256), (128, 128), (256, 256), (384, 384), (512, 512))
BATCHES = (128, 500)
MOST_PRODUCTS = 40e9
"""Multiplications of a layer above which it is left out: it would take seconds."""


def plain(maps: Tensor, filters: Tensor) -> Tensor:
    """What a network calls by itself."""
    return functional.conv2d(maps, filters, padding=1)


def timed(convolve: Callable[[Tensor, Tensor], Tensor], maps: Tensor, filters: Tensor, weight: Tensor) -> list[float]:
    """Seconds of forward and of backward."""
    began = time.perf_counter()
    out = convolve(maps, filters)
    between = time.perf_counter()
    out.backward(weight)
    maps.grad = filters.grad = None
    return [between - began, time.perf_counter() - between]


def layer(side: int, inputs: int, outputs: int, batch: int, rounds: int) -> dict[str, float | int]:
    """Medians of each way in milliseconds, and how many times faster than oneDNN those by products are."""
    draws = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        some = torch.randn(shape, generator=draws).bfloat16()
        return some.contiguous(memory_format=torch.channels_last)

    maps, filters = drawn(batch, inputs, side, side).requires_grad_(), drawn(outputs, inputs, 3, 3).requires_grad_()
    weight = drawn(batch, outputs, side, side)
    ways = {"conv": plain, "gradient": partial(product, whole=False), "whole": partial(product, whole=True)}
    found: dict[str, list[list[float]]] = {name: [] for name in ways}
    for number in range(1 + rounds):
        for name, way in ways.items():
            seconds = timed(way, maps, filters, weight)
            if number:  # the first is for warming up
                found[name].append(seconds)
    row: dict[str, float | int] = {"side": side, "in": inputs, "out": outputs, "batch": batch}
    for name, seconds in found.items():
        for stage, values in zip(("forward", "backward"), zip(*seconds, strict=True), strict=True):
            row[f"{name}_{stage}_ms"] = round(1000 * statistics.median(values), 3)
    both = {name: row[f"{name}_forward_ms"] + row[f"{name}_backward_ms"] for name in ways}
    for name in ("gradient", "whole"):
        row[f"{name}_faster"] = round(both["conv"] / both[name], 2)
    return row


def main() -> None:
    """Print a line for each layer and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tiny", action="store_true", help="two layers, to see that it works")
    args = parser.parse_args()
    world = join_world(TrainConfig())  # with it our malloc tuning
    rows = []
    for inputs, outputs in CHANNELS[:1] if args.tiny else CHANNELS:
        for batch in BATCHES[:1] if args.tiny else BATCHES:
            for side in SIDES[:2] if args.tiny else SIDES:
                if 9 * side * side * inputs * outputs * batch > MOST_PRODUCTS:
                    continue
                rows.append(layer(side, inputs, outputs, batch, args.rounds))
                print(*(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    if not args.tiny:
        write_result("small_maps", {"tiles": world.tiles, "threads": torch.get_num_threads(), "layers": rows})


if __name__ == "__main__":
    main()
