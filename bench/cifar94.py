"""CIFAR-10 to 94 % on the cores at hand: `cifar-fast` beside the published record recipe, in turns; and to 90 %.

`ours` is `tellapart train cifar10 --recipe cifar-fast`, its training stage from run.json: every epoch with its
augmentation, resizing and checkpoints; `quick` is `cifar-quick`, likewise. `record` is the recipe of `record_recipe.py`
in bf16 and channels last, with our malloc tuning and with its data in memory before its clock starts. `plain` is the
same recipe in fp32 as a script would have it: a few steps of it, for it takes most of an hour. All are judged on the
10,000 test pictures.

    python bench/cifar94.py [--seeds 3] [--record-runs 1] [--plain-steps 3] [--only ours ...]
                            [--data-dir FOLDER] [--tiny]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ARMS = ("ours", "quick", "record", "plain")
RECIPES = {"ours": "cifar-fast", "quick": "cifar-quick"}


def ours(recipe: str, seed: int, data: Path, tiny: bool) -> dict[str, float]:
    """One training through the command line, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--seed", str(seed), "--data-dir", str(data), "--runs-dir", folder, "--quiet", "--json"]
        options += ["--steps", "4"] if tiny else []
        command = [sys.executable, "-m", "tellapart", "train", "cifar10", "--recipe", recipe, *options]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "training_s": result["seconds_by_stage"]["train"],
        "accuracy": result["measures"]["test"]["accuracy"]["value"],
        "whole_s": sum(result["seconds_by_stage"].values()),
    }


def record(seed: int, data: Path, *, bf16: bool, steps: int | None) -> dict[str, float]:
    """The record recipe in this process; with `steps` its first ones alone, from which the whole is reckoned."""
    import torch

    import record_recipe
    from tellapart.config import DataConfig, TrainConfig
    from tellapart.data import open_source
    from tellapart.data.resident import load
    from tellapart.world import join_world

    if bf16:
        join_world(TrainConfig())  # with it our malloc tuning, which a script does not have
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = DataConfig(data_dir=data, val_share=0.0)
    parts = load(open_source("cifar10", config), config).parts
    (pictures, targets), (test, truth) = (
        (part.inputs.permute(0, 3, 1, 2).contiguous().to(device), part.targets.to(device))
        for part in (parts["train"], parts["test"])
    )
    if steps is not None:
        pictures, targets = (whole[: steps * record_recipe.BATCH] for whole in (pictures, targets))
    tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    began = time.perf_counter()
    epochs = record_recipe.EPOCHS if steps is None else 1
    network = record_recipe.train(pictures, targets, seed=seed, bf16=bf16, epochs=epochs, tell=tell)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    if steps is not None:
        whole = record_recipe.EPOCHS * len(parts["train"]) // record_recipe.BATCH
        return {"training_s": seconds * whole / steps, "steps_measured": steps}
    return {"training_s": seconds, "accuracy": record_recipe.accuracy(network, test, truth, bf16=bf16)}


def in_own_process(arm: str, seed: int, args: argparse.Namespace) -> dict[str, float]:
    """One run of an arm that is a script of its own."""
    steps = ["--plain-steps", str(args.plain_steps)] + (["--tiny"] if args.tiny else [])
    command = [sys.executable, __file__, "--arm", arm, "--seeds", str(seed), "--data-dir", str(args.data_dir), *steps]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


def runs_before(arm: str) -> list[dict[str, float]]:
    """The runs of an arm that the result of the last time has."""
    from machine import before

    found = before("cifar94", arm)
    count = len(found["training_s"]["runs"])
    return [{key: values["runs"][number] for key, values in found.items()} for number in range(count)]


def recipe_flops(recipe: str) -> float:
    """FLOP of the convolutions of all its training steps: six for each multiplication of the forward pass."""
    import torch

    from tellapart.commands.recipes import below
    from tellapart.config import RunConfig
    from tellapart.data.sizes import at_share
    from tellapart.models import build_model
    from tellapart.phases import phase
    from tellapart.training.plan import conv_products
    from tellapart.types import DataSpec

    config = RunConfig.of("cifar10", below(recipe, "cifar10", {}))
    rgb = {"mean": (125.0,) * 3, "std": (60.0,) * 3}
    spec = DataSpec(kind="image", shape=(3, 32, 32), classes=tuple("0123456789"), **rgb)
    module, epochs = build_model(config.model, spec, 0), config.train.epochs
    total = 0.0
    for epoch in range(epochs):
        height, width = at_share((32, 32), phase(config.load.sizes, epoch, epochs))
        products = conv_products(module, torch.zeros(1, 3, height, width, dtype=torch.uint8))
        total += 6 * products * 50_000 * phase(config.train.hardest, epoch, epochs)
    return total


def product_peak() -> float:
    """FLOP/s of a large bf16 matrix product here: what the share of the peak is of."""
    import torch

    a, b = (torch.randn(4096, 4096).bfloat16() for _ in range(2))
    a @ b
    times = []
    for _ in range(3):
        began = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - began)
    return 2 * 4096**3 / min(times)


def main() -> None:
    """Measure in turns, print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--record-runs", type=int, default=1)
    parser.add_argument("--plain-steps", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument(
        "--only", nargs="*", choices=ARMS, default=list(ARMS), help="the others stay as measured before"
    )
    parser.add_argument("--tiny", action="store_true", help="a few steps of each, to see that it works")
    parser.add_argument("--arm", choices=["record", "plain"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.arm == "record":
        print(json.dumps(record(args.seeds, args.data_dir, bf16=True, steps=2 if args.tiny else None)))
        return
    if args.arm == "plain":
        print(json.dumps(record(args.seeds, args.data_dir, bf16=False, steps=args.plain_steps)))
        return
    from machine import spread, write_result

    times = {"ours": args.seeds, "quick": args.seeds, "record": args.record_runs, "plain": 1}
    runs: dict[str, list[dict[str, float]]] = {arm: [] if arm in args.only else runs_before(arm) for arm in times}
    for seed in range(max(args.seeds, args.record_runs)):
        for arm in args.only:
            if seed < times[arm]:
                runs[arm].append(
                    ours(RECIPES[arm], seed, args.data_dir, args.tiny)
                    if arm in RECIPES
                    else in_own_process(arm, seed, args)
                )
                print(f"{arm:<8}{runs[arm][-1]}", file=sys.stderr, flush=True)
    result: dict[str, Any] = {
        arm: {key: spread([run[key] for run in done]) for key in done[0]} for arm, done in runs.items()
    }
    from record_recipe import BATCH, EPOCHS, products

    peak, flops = product_peak(), 3 * 2 * products() * EPOCHS * (50_000 // BATCH) * BATCH
    took = {arm: result[arm]["training_s"]["median"] for arm in runs}
    result |= {
        "ratio_to_record": took["ours"] / took["record"],
        "times_faster_than_plain_fp32": took["plain"] / took["ours"],
        "ours_flops": recipe_flops(RECIPES["ours"]),
        "record_flops": flops,
        "product_peak_flops_per_s": peak,
        "ours_share_of_peak": recipe_flops(RECIPES["ours"]) / took["ours"] / peak,
        "record_share_of_peak": flops / took["record"] / peak,
    }
    for arm in runs:
        right = f"{result[arm]['accuracy']['median']:.2%}" if "accuracy" in result[arm] else ""
        print(f"{arm:<8}{took[arm]:>9.1f} s   {right}")
    print(f"ours takes {result['ratio_to_record']:.2f}x of the record recipe's time")
    if not args.tiny:
        write_result("cifar94", result)


if __name__ == "__main__":
    main()
