"""On one GPU: `cifar-fast` and `cifar-best` beside the published record recipes, warm; `cifar-fast` cold; ResNet-50.

Needs no network and one command.

Warm: both in this process, their data on the card, after a run of each that is not counted; in turns, at least 20 of
each to 94 %, and `--runs-best` of each to 96 %. ResNet-50 beside a plain loop, in pictures a second.
Cold: `tellapart train cifar10 --recipe cifar-fast` from the start of its process to its end, report included.
`--tiny` goes through all of it on the CPU with a few steps of few pictures: what it prints then means nothing.

    python bench/gpu.py [--runs 20] [--runs-best 3] [--data-dir FOLDER] [--tiny]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import gpu_resnet50
import record_recipe
from gpu_resnet50 import PRODUCTS, SIDE, pictures
from machine import spread, write_result
from tellapart.commands.learner import Learner, batches, best_module, new_learner
from tellapart.commands.recipes import below
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig
from tellapart.data import open_source
from tellapart.data.batches import in_order
from tellapart.data.resident import Loaded, load
from tellapart.evaluation.predict import BATCH, predict
from tellapart.training.fit import fit
from tellapart.world import join_world

RECIPE, BEST = "cifar-fast", "cifar-best"
RECORDS = {RECIPE: record_recipe.TO_94, BEST: record_recipe.TO_96}


def asked(recipe: str, data: Path, seed: int, tiny: bool) -> RunConfig:
    """The recipe's settings."""
    changes = {"steps": 2, "batch": 50} if tiny else {}
    settings = below(recipe, "cifar10", {}) | {"data_dir": data, "seed": seed}
    if tiny:
        settings.pop("epochs", None)
    return RunConfig.of("cifar10", settings | changes)


def ours(config: RunConfig, loaded: Loaded) -> tuple[float, float]:
    """Seconds from the first weight to the last step, and the accuracy on the test part."""
    waited()
    began = time.perf_counter()
    learner: Learner = new_learner(config, loaded, join_world(config.train))
    for _ in fit(learner.state, batches(learner, Silence()), learner.plan):
        pass
    waited()
    seconds = time.perf_counter() - began
    test = loaded.parts["test"]
    found = predict(best_module(learner), in_order(test, BATCH), test.ids, loaded.spec.classes)
    return seconds, float((found.logits.argmax(1) == found.targets).mean())


def record(
    recipe: str, seed: int, parts: dict[str, tuple[torch.Tensor, torch.Tensor]], tiny: bool
) -> tuple[float, float]:
    """The same of the record recipe that a recipe is held against, as it was published: eager, bf16, channels last."""
    waited()
    began = time.perf_counter()
    options = {"epochs": 1, "batch": 50} if tiny else {}
    network = record_recipe.train(*parts["train"], seed=seed, recipe=RECORDS[recipe], **options)
    waited()
    seconds = time.perf_counter() - began
    return seconds, record_recipe.accuracy(network, *parts["test"])


def waited() -> None:
    """Until the card has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def cold(data: Path, tiny: bool) -> dict[str, float]:
    """A whole process of the command line."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--data-dir", str(data), "--runs-dir", folder, "--quiet", "--json"]
        options += ["--steps", "2"] if tiny else []
        command = [sys.executable, "-m", "tellapart", "train", "cifar10", "--recipe", RECIPE, *options]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return {"whole_s": time.perf_counter() - began}


def resnet50(device: torch.device, rounds: int, tiny: bool) -> dict[str, Any]:
    """Pictures a second of both loops, in turns; their ratio; the share of the card's peak."""
    count, side, batch, warm, steps = (8, 64, 2, 1, 2) if tiny else (4096, SIDE, 256, 10, 40)
    part = pictures(count, side, device)
    arms: dict[str, Callable[..., float]] = {"plain": gpu_resnet50.plain, "ours": gpu_resnet50.ours}
    speeds: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, arm in arms.items():
            speeds[name].append(arm(part, batch, warm, steps))
    found: dict[str, Any] = {name: spread(values) for name, values in speeds.items()}
    ours = found["ours"]["median"]
    peak = gpu_resnet50.product_peak(device, 256 if tiny else 8192)
    share = 6 * PRODUCTS * ours / peak
    found |= {"times_faster": ours / found["plain"]["median"], "product_peak_flops_per_s": peak, "share_of_peak": share}
    print(f"ResNet-50: {ours:,.0f} pictures/s, {found['times_faster']:.2f}x the plain loop, {share:.0%} of the peak")
    return found


def raced(
    recipe: str,
    runs: int,
    args: argparse.Namespace,
    loaded: Loaded,
    on_card: dict[str, tuple[torch.Tensor, torch.Tensor]],
) -> dict[str, Any]:
    """The recipe and its record in turns: seconds, accuracies, the ratio of the medians."""
    arms: dict[str, Callable[[int], tuple[float, float]]] = {
        "record": lambda seed: record(recipe, seed, on_card, args.tiny),
        "ours": lambda seed: ours(asked(recipe, args.data_dir, seed, args.tiny), loaded),
    }
    for arm in arms.values():
        arm(999)
    done: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for seed in range(1 if args.tiny else runs):
        for name, arm in arms.items():
            done[name].append(arm(seed))
            print(f"{recipe}  {name:<8}{done[name][-1][0]:>8.2f} s {done[name][-1][1]:>8.2%}", flush=True)
    result: dict[str, Any] = {
        name: {"training_s": spread([s for s, _ in runs]), "accuracy": spread([a for _, a in runs])}
        for name, runs in done.items()
    }
    result["ratio_to_record"] = result["ours"]["training_s"]["median"] / result["record"]["training_s"]["median"]
    print(f"{recipe} takes {result['ratio_to_record']:.2f}x of its record recipe", flush=True)
    return result


def few(loaded: Loaded, count: int) -> Loaded:
    """The first samples of each part."""
    parts = {
        name: replace(
            part, inputs=part.inputs[:count], targets=part.targets[:count], keys=part.keys[:count], ids=part.ids[:count]
        )
        for name, part in loaded.parts.items()
    }
    return replace(loaded, parts=parts)


def main() -> None:
    """Measure in turns, print medians and ratio, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--runs-best", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--tiny", action="store_true", help="on the CPU, a few steps, to see that it works")
    args = parser.parse_args()
    if not args.tiny and not torch.cuda.is_available():
        sys.exit("No GPU here. --tiny goes through all of it on the CPU.")
    config = asked(RECIPE, args.data_dir, 0, args.tiny)
    device = join_world(config.train).device
    loaded = load(open_source("cifar10", config.load), config.load)
    loaded = few(loaded, 200) if args.tiny else loaded
    on_card = {
        name: (part.inputs.permute(0, 3, 1, 2).contiguous().to(device), part.targets.to(device))
        for name, part in loaded.parts.items()
    }
    result = raced(RECIPE, args.runs, args, loaded, on_card)
    result["cold"] = cold(args.data_dir, args.tiny)
    print(f"cold start to the report: {result['cold']['whole_s']:.1f} s", flush=True)
    result["resnet50"] = resnet50(device, 1 if args.tiny else 5, args.tiny)
    result["to_96"] = raced(BEST, args.runs_best, args, loaded, on_card)
    result["gpu"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    if not args.tiny:
        write_result("gpu", result)


if __name__ == "__main__":
    main()
