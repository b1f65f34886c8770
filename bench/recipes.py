"""Accuracy and time of what is shipped: `tellapart train digits`, and recipes on the data that their heads name.

Without --only, all but those that other scripts measure: `cifar94.py`, `gpu.py` and `transfer.py`. `vectors.npz` are
the breast cancer data of Wisconsin, 569 tumours by 30 numbers each, as scikit-learn brings them; a fifth to judge.

Each runs as a person would type it, in a process of its own. `training` is the training stage of run.json: all epochs
with their validation and checkpoints; `whole` is the process from start to end.

    python bench/recipes.py [--seeds 3] [--data-dir FOLDER] [--only NAME ...]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from machine import RESULTS, machine, spread, write_result
from tellapart.commands.recipes import AUTO, recipes

ELSEWHERE = ("cifar-fast", "cifar-quick", "cifar-best", "transfer", "resnet50-finetune")
"""Recipes that another script measures."""


def shipped() -> dict[str, list[str]]:
    """Name of each measurement -> what is typed after `tellapart train`."""
    named = {"digits": ["digits"]}
    for recipe in recipes():
        if recipe.name == AUTO:
            continue  # it is what the line above trains by
        for data in re.findall(r"tellapart train (\S+)", recipe.head):
            named[f"{recipe.name} on {data}"] = [data, "--recipe", recipe.name]
    return named


def vectors(path: Path) -> None:
    """Write the vectors, cut into parts."""
    x, y = load_breast_cancer(return_X_y=True)
    parts = train_test_split(x.astype(np.float32), y, test_size=0.2, random_state=0, stratify=y)
    np.savez(path, **dict(zip(("x_train", "x_test", "y_train", "y_test"), parts, strict=True)))


def trained(words: list[str], seed: int, data: Path) -> tuple[dict[str, Any], float]:
    """One training run: what `--json` says, and the seconds of the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--seed", str(seed), "--data-dir", str(data), "--runs-dir", folder, "--quiet", "--json"]
        if words[0] == "vectors.npz":
            vectors(Path(folder, words[0]))
            words = [f"{folder}/{words[0]}", *words[1:]]
        started = time.perf_counter()
        command = [sys.executable, "-m", "tellapart", "train", *words, *options]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return json.loads(out), time.perf_counter() - started


def measured(words: list[str], seed: int, data: Path) -> dict[str, float]:
    """Accuracy of each part and seconds of one training run."""
    result, whole = trained(words, seed, data)
    accuracy = {part: measures["accuracy"]["value"] for part, measures in result["measures"].items()}
    return {**accuracy, "training_s": result["seconds_by_stage"]["train"], "whole_s": whole}


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    usual = [name for name in shipped() if not name.startswith(ELSEWHERE)]
    parser.add_argument("--only", nargs="+", choices=list(shipped()), default=usual)
    args = parser.parse_args()
    results: dict[str, Any] = {}
    print(f"{'':<24}{'test':>9}{'training':>10}{'whole':>8}   median of {args.seeds} seeds")
    for name in args.only:
        runs = [measured(shipped()[name], seed, args.data_dir) for seed in range(args.seeds)]
        found = results[name] = {key: spread([run[key] for run in runs]) for key in runs[0]}
        share = f"{found['test']['median']:>9.2%}"
        times = f"{found['training_s']['median']:>9.1f}s{found['whole_s']['median']:>7.1f}s"
        print(f"{name:<24}{share}{times}   test {found['test']['low']:.2%} to {found['test']['high']:.2%}", flush=True)
    path = RESULTS / "recipes.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    if before.get("machine") == machine():  # what was not measured now stays
        results = {name: results.get(name) or before["results"].get(name) for name in shipped()}
    write_result("recipes", {"results": {name: found for name, found in results.items() if found}})


if __name__ == "__main__":
    main()
