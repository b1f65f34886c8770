"""What a model of five classes of CIFAR-10 is worth to the other five, of which there are 50 pictures a class.

The first run trains on all training pictures of five classes (those of even numbers: airplane, bird, deer, frog, ship;
or the lower ones: airplane, automobile, bird, cat, deer), by what `docs/transfer.md` advises for a model that others
begin with: strong augmentation, no label smoothing. For each seed, 50 training pictures of each of the others are drawn
then, and learned twice by what `tellapart train` does of itself: from scratch, and with `--weights` of the first run;
then by `--preset instant`, and by the recipe `transfer`, which is for models of other families. All are judged on the
5,000 test pictures of those classes, which nothing was chosen by. The bar is 8 points between the first two.

    python bench/transfer.py [--seeds 3] [--data-dir FOLDER] [--first lower] [--pictures 50] [--runs-dir FOLDER]
                             [--kept-out 400] [--smoke]

`--runs-dir` keeps the first run, and takes it from there the next time. With `--kept-out` so many other training
pictures of each class stand in the place of the test part: settings are chosen by these.
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

import numpy as np

from machine import spread, write_result
from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.data.resident import load

FIRST = {"even": range(0, 10, 2), "lower": range(5)}
"""Classes that the first run learns."""
FIRST_BY = [
    *("--augment", "strong", "--label-smoothing", "0", "--epochs", "25"),
    *("--sizes", "0.625", "0.75", "0.875", "1", "1"),
]
ARMS: dict[str, list[str]] = {"scratch": [], "transfer": ["--weights", "{first}"]}
ARMS["instant"] = [*ARMS["transfer"], "--preset", "instant"]
ARMS["by adamw"] = [*ARMS["transfer"], "--recipe", "transfer"]
SMOKE_EACH = 60
"""Pictures a class of the first run and of the test part, to see that it works."""


def pictures_of(data: Path) -> dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Part -> pictures uint8 (N, H, W, C) and class indices (N,)."""
    config = DataConfig(data_dir=data, val_share=0.0)
    loaded = load(open_source("cifar10", config), config)
    return {part: (found.inputs[:].numpy(), found.targets.numpy()) for part, found in loaded.parts.items()}


def write_first(
    path: Path, train: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], classes: range, each: int | None
) -> None:
    """The training pictures of these classes, or so many of each."""
    x, y = train
    rows = np.concatenate([np.flatnonzero(y == k)[:each] for k in classes])
    np.savez(path, x=x[rows], y=y[rows])


def write_other(path: Path, parts: dict[str, Any], seed: int, each: int | None, args: argparse.Namespace) -> None:
    """So many training pictures of each other class, drawn by the seed, and what they are judged by."""
    (x, y), (x_test, y_test) = parts["train"], parts["test"]
    draws, others = np.random.default_rng(seed), [k for k in range(10) if k not in FIRST[args.first]]
    drawn = [draws.permutation(np.flatnonzero(y == k)) for k in others]
    rows = np.concatenate([some[: args.pictures] for some in drawn])
    judged = np.concatenate([np.flatnonzero(y_test == k)[:each] for k in others])
    if args.kept_out is not None:
        x_test, y_test = x, y
        judged = np.concatenate([some[args.pictures : args.pictures + args.kept_out] for some in drawn])
    np.savez(path, x_train=x[rows], y_train=y[rows], x_test=x_test[judged], y_test=y_test[judged])


def trained(data: Path, runs: Path, name: str, words: list[str]) -> dict[str, float]:
    """Accuracy on the test part, where there is one, and seconds, of a run as a person would type it."""
    command = [sys.executable, "-m", "tellapart", "train", str(data), "--runs-dir", str(runs), "--name", name, *words]
    began = time.perf_counter()
    out = subprocess.run([*command, "--quiet", "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout
    measures = json.loads(out)["measures"]
    return {"test": measures["test"]["accuracy"]["value"], "whole_s": time.perf_counter() - began}


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", choices=FIRST, default="even", help="the classes that the first run learns")
    parser.add_argument("--pictures", type=int, default=50, help="training pictures of each of the other classes")
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--runs-dir", type=Path)
    parser.add_argument("--kept-out", type=int, help="judge by so many training pictures a class, not by the test part")
    parser.add_argument("--smoke", action="store_true", help="few pictures and two epochs, to see that it works")
    args = parser.parse_args()
    few, each = (["--epochs", "2"], SMOKE_EACH) if args.smoke else ([], None)
    parts = pictures_of(args.data_dir)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = args.runs_dir or home
        first = runs / f"first-{args.first}"
        if not first.exists():
            write_first(home / "first.npz", parts["train"], FIRST[args.first], each)
            print("first", trained(home / "first.npz", runs, first.name, few or FIRST_BY), flush=True)
        found: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
        for seed in range(args.seeds):
            write_other(home / "other.npz", parts, seed, each, args)
            for arm, words in ARMS.items():
                asked = [word.format(first=first) for word in words]
                asked += ["--seed", str(seed), *([] if arm == "instant" else few)]
                found[arm].append(trained(home / "other.npz", home, f"{arm.replace(' ', '-')}-{seed}", asked))
                print(
                    f"{arm:<14}seed {seed}{found[arm][-1]['test']:>9.2%}{found[arm][-1]['whole_s']:>8.1f} s", flush=True
                )
        facts = json.loads((first / "run.json").read_text())
        first_run = {name: facts[name] for name in ("model", "epochs", "seconds")}
    arms = {arm: {key: spread([run[key] for run in runs]) for key in runs[0]} for arm, runs in found.items()}
    pairs = zip(found["scratch"], found["transfer"], strict=True)
    gain = spread([100 * (moved["test"] - alone["test"]) for alone, moved in pairs])
    print(f"gain {gain['median']:.1f} points (from {gain['low']:.1f} to {gain['high']:.1f}); the bar is 8")
    if not args.smoke:
        name = f"transfer_{args.first}" + ("" if args.kept_out is None else "_kept_out")
        judged = {"classes": list(FIRST[args.first]), "pictures": args.pictures, "kept_out": args.kept_out}
        write_result(name, {**judged, "first": first_run, "arms": arms, "gain_points": gain})


if __name__ == "__main__":
    main()
