"""MNIST to 99.0 % and to 99.4 %: `mnist-fast` beside the classic example script.

`ours` is `tellapart train mnist --recipe mnist-fast`, with 85 and 270 steps, 0.8 and 2.5 epochs: its training stage
from run.json, with validation and checkpoints. `classic` is the script that every tutorial starts from, from its
description: two 3x3 convolutions of 32 and 64, max-pool, dropout, dense 128, Adadelta at 1.0 falling by 0.7 an epoch,
batch 64, 14 epochs; torchvision and a DataLoader at its default settings. It is judged after each epoch, off the clock,
and the time to 99.0 % is that of the first epoch at which it was there.

    python bench/mnist_time.py [--seeds 5] [--classic-epochs 14 | --keep-classic] [--data-dir FOLDER]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GOALS = {"99.0 %": (0.990, ["--steps", "85"]), "99.4 %": (0.994, ["--steps", "270"])}
"""Accuracy, and what is typed after `tellapart train mnist --recipe mnist-fast` to reach it."""


def ours(words: list[str], seed: int, data: Path) -> dict[str, float]:
    """One training through the command line, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--seed", str(seed), "--data-dir", str(data), "--runs-dir", folder, "--quiet", "--json"]
        command = [sys.executable, "-m", "tellapart", "train", "mnist", "--recipe", "mnist-fast", *words, *options]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "training_s": result["seconds_by_stage"]["train"],
        "accuracy": result["measures"]["test"]["accuracy"]["value"],
    }


def classic(epochs: int, data: Path) -> list[dict[str, float]]:
    """The example script: after each epoch the seconds of training so far, and the accuracy on the test pictures."""
    import torch
    from torch import nn
    from torch.nn import functional
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    torch.manual_seed(1)
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = DataLoader(datasets.MNIST(str(data), train=True, transform=transform), batch_size=64, shuffle=True)
    test = DataLoader(datasets.MNIST(str(data), train=False, transform=transform), batch_size=1000)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10), nn.LogSoftmax(1),
    )  # fmt: skip
    optimiser = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=1, gamma=0.7)
    rows, seconds = [], 0.0
    for epoch in range(1, epochs + 1):
        began = time.perf_counter()
        model.train()
        for x, y in train:
            optimiser.zero_grad()
            functional.nll_loss(model(x), y).backward()
            optimiser.step()
        schedule.step()
        seconds += time.perf_counter() - began
        model.eval()
        with torch.no_grad():
            right = sum(int((model(x).argmax(1) == y).sum()) for x, y in test)
        rows.append({"epoch": epoch, "training_s": seconds, "accuracy": right / 10_000})
        print(f"classic  {rows[-1]}", file=sys.stderr, flush=True)
    return rows


def in_own_process(epochs: int, data: Path) -> list[dict[str, float]]:
    """The example script, over files as torchvision wants them."""
    from plain_script import as_torchvision

    with tempfile.TemporaryDirectory() as folder:
        as_torchvision(data, Path(folder))
        command = [sys.executable, __file__, "--arm", "classic", "--classic-epochs", str(epochs), "--data-dir", folder]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows: list[dict[str, float]] = json.loads(out.splitlines()[-1])
    return rows


def main() -> None:
    """Measure, print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--classic-epochs", type=int, default=14)
    parser.add_argument("--keep-classic", action="store_true", help="take its times from the result of the last time")
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--arm", choices=["classic"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.arm:
        print(json.dumps(classic(args.classic_epochs, args.data_dir)))
        return
    from machine import before, spread, write_result

    results: dict[str, Any] = {}
    for goal, (_, words) in GOALS.items():
        runs = [ours(words, seed, args.data_dir) for seed in range(args.seeds)]
        results[goal] = {key: spread([run[key] for run in runs]) for key in runs[0]}
        results[goal]["mean_accuracy"] = statistics.mean(run["accuracy"] for run in runs)
    rows = before("mnist_time", "classic") if args.keep_classic else in_own_process(args.classic_epochs, args.data_dir)
    for goal, (least, _) in GOALS.items():
        found = results[goal]
        took = found["training_s"]["median"]
        there = next((row for row in rows if row["accuracy"] >= least), None)
        found["classic_s"] = there and there["training_s"]
        found["times_faster_than_classic"] = there and there["training_s"] / took
        beside = (
            f"{there['training_s'] / took:.0f}x faster than the classic script" if there else "classic: never there"
        )
        print(f"{goal}: {took:.1f} s of training to {found['mean_accuracy']:.2%} (mean of {args.seeds}); {beside}")
    last = rows[-1]
    print(f"the classic script, whole: {last['training_s']:.0f} s to {last['accuracy']:.2%}")
    write_result("mnist_time", {"seeds": args.seeds, "goals": results, "classic": rows})


if __name__ == "__main__":
    main()
