"""Beside one foreign process that hogs a core: how much slower does training become?

The same small convnet on MNIST, one epoch: `tellapart train`, and `plain_script.py` as one starts it by hand. Each
alone and beside the hog, in turns.

    python bench/contention.py [--rounds 3] [--data-dir FOLDER]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import spread, write_result
from plain_script import as_torchvision

NETWORK = "cnn-16-32"


@contextmanager
def hog() -> Iterator[None]:
    """A process that computes without end on one core."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def trained(arm: str, data: Path) -> float:
    """Seconds of training of one epoch, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    if arm == "tellapart":
        with tempfile.TemporaryDirectory() as folder:
            options = ["--epochs", "1", "--runs-dir", folder, "--data-dir", str(data), "--quiet", "--json"]
            command = [sys.executable, "-m", "tellapart", "train", "mnist", "--recipe", NETWORK, *options]
            out = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        return float(json.loads(out)["seconds_by_stage"]["train"])
    script = str(Path(__file__).with_name("plain_script.py"))
    command = [sys.executable, script, "--arm", "plain", "--models", NETWORK, "--epochs", "1", "--data-dir", str(data)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return float(json.loads(out.splitlines()[-1])["training_s"])


def main() -> None:
    """Measure, print a line an arm, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    args = parser.parse_args()
    times: dict[str, dict[str, list[float]]] = {arm: {"alone": [], "beside": []} for arm in ("tellapart", "plain")}
    with tempfile.TemporaryDirectory() as folder:
        as_torchvision(args.data_dir, Path(folder))
        for _ in range(args.rounds):
            for arm, found in times.items():
                found["alone"].append(trained(arm, Path(folder)))
                with hog():
                    found["beside"].append(trained(arm, Path(folder)))
    result: dict[str, Any] = {}
    for arm, found in times.items():
        result[arm] = {name: spread(seconds) for name, seconds in found.items()}
        result[arm]["slowdown"] = result[arm]["beside"]["median"] / result[arm]["alone"]["median"]
        alone, beside = (result[arm][name]["median"] for name in ("alone", "beside"))
        print(f"{arm:<10}{alone:>8.1f} s alone{beside:>8.1f} s beside a hog{result[arm]['slowdown']:>7.2f}x")
    write_result("contention", result)


if __name__ == "__main__":
    main()
