"""Does `--time` end in time? `tellapart train DATA --time T` with nothing else said; its training stage over T.

The stage is without the few steps that are timed before the first one, and with all validation and checkpoints.

    python bench/time_budget.py [--data-dir FOLDER] [--cases mnist:20s cifar10:2m ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import write_result
from tellapart.checks import seconds_of

CASES = ("digits:10s", "mnist:20s", "mnist:60s", "cifar10:60s", "cifar10:2m")


def measured(data: str, asked: str, folder: Path) -> dict[str, float]:
    """One training."""
    with tempfile.TemporaryDirectory() as runs:
        options = ["--time", asked, "--data-dir", str(folder), "--runs-dir", runs, "--quiet", "--json"]
        command = [sys.executable, "-m", "tellapart", "train", data, *options]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    took, seconds = result["seconds_by_stage"]["train"], seconds_of("time", asked)
    return {
        "asked_s": seconds,
        "training_s": took,
        "off": took / seconds - 1,
        "accuracy": result["measures"]["test"]["accuracy"]["value"],
    }


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--cases", nargs="+", default=list(CASES), help="data set and time, as in mnist:20s")
    args = parser.parse_args()
    results = {}
    for case in args.cases:
        data, asked = case.split(":")
        found = results[case] = measured(data, asked, args.data_dir)
        took = f"{found['training_s']:>7.1f} s of {found['asked_s']:g} s"
        print(f"{data:<10}{took}{found['off']:>+8.1%}   test accuracy {found['accuracy']:.2%}", flush=True)
    write_result("time_budget", {"results": results})


if __name__ == "__main__":
    main()
