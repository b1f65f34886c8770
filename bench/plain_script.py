"""tellapart beside the script that a tutorial would give: MNIST, same network, batch, epochs, optimiser and pictures.

The plain arm is torchvision's dataset with a DataLoader at its default settings and an eager fp32 loop. Each arm is a
process of its own, the arms take turns, and medians are compared. `training` is from opening the data to the last step;
`whole` is the process from start to end: imports, and for tellapart its report, plots and checkpoints too.

    python bench/plain_script.py [--epochs 5] [--repeats 3] [--data-dir FOLDER] [--models cnn-16-32 mlp-64-64]
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NETWORKS: dict[str, dict[str, Any]] = {
    "cnn-16-32": {"model": "cnn", "widths": (16, 32), "dense": 128},
    "mlp-64-64": {"model": "mlp", "widths": (64, 64)},
}


def plain(network: str, epochs: int, data: Path) -> dict[str, float]:
    """The tutorial's script."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    started = time.perf_counter()
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = DataLoader(datasets.MNIST(str(data), train=True, transform=transform), batch_size=64, shuffle=True)
    torch.manual_seed(0)
    if network == "cnn-16-32":
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
        )  # fmt: skip
    else:
        layers = [nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)]
        model = nn.Sequential(nn.Flatten(), *layers)
    optimiser, loss_of = torch.optim.Adam(model.parameters(), lr=1e-3), nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        for x, y in train:
            optimiser.zero_grad()
            loss_of(model(x), y).backward()
            optimiser.step()
    seconds = time.perf_counter() - started
    model.eval()
    with torch.no_grad():
        test = DataLoader(datasets.MNIST(str(data), train=False, transform=transform), batch_size=1000)
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in test)
    return {"training_s": seconds, "accuracy": right / 10_000}


def ours(network: str, epochs: int, data: Path) -> dict[str, float]:
    """`tellapart train` with the same settings, on all 60,000 training pictures."""
    import tellapart

    settings = {
        **NETWORKS[network],
        "lr": 1e-3,
        "schedule": "constant",
        "epochs": epochs,
        "batch": 64,
        "val_share": 0.0,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = tellapart.train("mnist", runs_dir=folder, quiet=True, data_dir=data, **settings)
        stages = run.facts["seconds_by_stage"]
        return {"training_s": stages["load"] + stages["train"], "accuracy": run.measures()["accuracy"].value}


def as_torchvision(data: Path, target: Path) -> None:
    """Lay the four files out as torchvision expects them, unpacked, so that its own download is not needed."""
    raw = target / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in sorted((data / "mnist").glob("*.gz")):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))


def measured(arm: str, network: str, epochs: int, data: Path) -> dict[str, float]:
    """One run in a process of its own."""
    started = time.perf_counter()
    command = [
        sys.executable,
        __file__,
        "--arm",
        arm,
        "--models",
        network,
        "--epochs",
        str(epochs),
        "--data-dir",
        str(data),
    ]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {**json.loads(out.splitlines()[-1]), "whole_s": time.perf_counter() - started}


def compared(network: str, epochs: int, repeats: int, data: Path) -> dict[str, Any]:
    """Both arms in turns: medians and ratios."""
    from machine import spread

    runs: dict[str, list[dict[str, float]]] = {"plain": [], "tellapart": []}
    for _ in range(repeats):
        for arm, done in runs.items():
            done.append(measured(arm, network, epochs, data))
            print(f"  {network} {arm:<9} {done[-1]}", file=sys.stderr, flush=True)
    keys = ("training_s", "whole_s", "accuracy")
    result: dict[str, Any] = {
        arm: {key: spread([run[key] for run in done]) for key in keys} for arm, done in runs.items()
    }
    for key in ("training_s", "whole_s"):
        result[f"ratio_{key[:-2]}"] = result["plain"][key]["median"] / result["tellapart"][key]["median"]
    result["accuracy_gap_points"] = 100 * (
        result["tellapart"]["accuracy"]["median"] - result["plain"]["accuracy"]["median"]
    )
    return result


def main() -> None:
    """Measure, print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--models", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--arm", choices=["plain", "tellapart"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.arm:
        print(json.dumps((plain if args.arm == "plain" else ours)(args.models[0], args.epochs, args.data_dir)))
        return
    from machine import write_result

    with tempfile.TemporaryDirectory() as folder:
        as_torchvision(args.data_dir, Path(folder))
        results = {network: compared(network, args.epochs, args.repeats, Path(folder)) for network in args.models}
    print(f"{'network':<12}{'plain':>10}{'tellapart':>12}{'ratio':>8}{'whole':>8}   accuracy plain / tellapart")
    for network, r in results.items():
        p, t = r["plain"], r["tellapart"]
        times = f"{p['training_s']['median']:>9.1f}s{t['training_s']['median']:>11.1f}s"
        right = f"{p['accuracy']['median']:.2%} / {t['accuracy']['median']:.2%}"
        print(f"{network:<12}{times}{r['ratio_training']:>7.1f}x{r['ratio_whole']:>7.1f}x   {right}")
    write_result("plain_script", {"epochs": args.epochs, "batch": 64, "networks": results})


if __name__ == "__main__":
    main()
