"""tellapart beside its peers on this machine: the same network, pictures, batch, optimiser and epochs.

Each arm is a small script in `arms/` and runs in a process of its own; the arms take turns, and medians are compared.
`training` is without imports, without reading the data and without the test; `whole` is the arm from its first line to
its last: for tellapart its report, plots and saved model too. The peers live in an environment of their own, each with
the settings for speed that it documents and that do something on a processor. Loader workers are off by default: on two
cores one or two of them made every peer slower on the small convnet, by 12 to 66 %.

    python bench/peers/run.py [--rounds 3] [--networks cnn resnet] [--arms plain keras ...] [--samples N] [--epochs E]
                              [--workers 0] [--data-dir FOLDER] [--peers .venv-peers/bin/python]
"""

import argparse
import ast
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tellapart.names import counted

ARMS = ("tellapart", "plain", "keras", "lightning", "fastai", "ultralytics", "skorch")
HERE = Path(__file__).parent
PACKAGES = ("torch", "torchvision", "keras", "lightning", "fastai", "ultralytics", "skorch", "accelerate", "numpy")


@dataclass(frozen=True, kw_only=True)
class Race:
    """What every arm has to train."""

    title: str
    samples: int
    epochs: int
    settings: str
    workers: int = 0
    """Loader processes of the peers that have them."""


RACES = {
    "cnn": Race(title="cnn-16-32 on MNIST", samples=60_000, epochs=1, settings="batch 64, Adam, lr 0.001"),
    "resnet": Race(
        title="ResNet-18 on CIFAR-10", samples=1_280, epochs=1, settings="batch 128, SGD, momentum 0.9, lr 0.05"
    ),
}


def script_of(arm: str) -> Path:
    """The arm's script."""
    return HERE / "arms" / ("plain.py" if arm == "plain" else f"with_{arm}.py")


def way_of(arm: str) -> str:
    """What the arm does, in a line: the first of its docstring."""
    return (ast.get_docstring(ast.parse(script_of(arm).read_text())) or "").splitlines()[0]


def measured(arm: str, network: str, race: Race, data: Path, peers: Path) -> dict[str, Any]:
    """One run of an arm; its errors are shown where it fails."""
    python = sys.executable if arm == "tellapart" else str(peers)
    options = {"network": network, "samples": race.samples, "epochs": race.epochs, "workers": race.workers}
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [python, str(script_of(arm)), *words, f"--data-dir={data}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{arm} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compared(network: str, race: Race, arms: list[str], rounds: int, data: Path, peers: Path) -> dict[str, Any]:
    """All arms in turns: the spread of each number, and how many times tellapart's seconds it took."""
    from machine import spread

    runs: dict[str, list[dict[str, Any]]] = {arm: [] for arm in arms}
    for number in range(1, rounds + 1):
        for arm, done in runs.items():
            done.append(measured(arm, network, race, data, peers))
            shown = f"{done[-1]['seconds']:.1f} s of {done[-1]['seconds_whole']:.1f} s"
            print(f"  round {number}: {network} {arm}: {shown}", file=sys.stderr, flush=True)
    keys = ("seconds", "seconds_whole", "samples_per_s", "accuracy")
    results: dict[str, Any] = {
        arm: {key: spread([run[key] for run in done]) for key in keys} for arm, done in runs.items()
    }
    for result in results.values():
        for key in ("seconds", "seconds_whole"):
            result[f"ratio_{key}"] = result[key]["median"] / results["tellapart"][key]["median"]
    return results


def table(race: Race, rounds: int, results: dict[str, Any]) -> str:
    """The medians for a person."""
    size = f"{race.samples:,} pictures, {counted(race.epochs, 'epoch')}"
    head = f"{race.title}: {size}, {race.settings}; medians of {rounds} rounds"
    lines = [head, f"{'':<13}{'training':>10}{'':>8}{'whole':>10}{'':>8}{'pictures/s':>12}{'accuracy':>10}"]
    for arm, found in results.items():
        times = [f"{found[key]['median']:>9.1f}s{found[f'ratio_{key}']:>7.2f}x" for key in ("seconds", "seconds_whole")]
        numbers = f"{found['samples_per_s']['median']:>12,.0f}{found['accuracy']['median']:>10.2%}"
        lines.append(f"{arm:<13}{''.join(times)}{numbers}")
    return "\n".join(lines)


def versions_of(peers: Path) -> dict[str, str]:
    """Versions in the peers' environment, by package."""
    code = (
        f"from importlib.metadata import version; import json; print(json.dumps({{n: version(n) for n in {PACKAGES}}}))"
    )
    found: dict[str, str] = json.loads(subprocess.check_output([str(peers), "-c", code], text=True))
    return found


def main() -> None:
    """Measure, print the tables, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=list(RACES), default=list(RACES))
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--samples", type=int, help="pictures of the training part, instead of each network's own")
    parser.add_argument("--epochs", type=int, help="likewise")
    parser.add_argument("--workers", type=int, default=0, help="loader processes of the peers that have them")
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"), help="python of the peers")
    args = parser.parse_args()
    sys.path.append(str(HERE.parent))
    from machine import write_result

    arms = ["tellapart", *(arm for arm in args.arms if arm != "tellapart")]
    results = {}
    for network in args.networks:
        usual = RACES[network]
        samples, epochs = args.samples or usual.samples, args.epochs or usual.epochs
        race = replace(usual, samples=samples, epochs=epochs, workers=args.workers)
        found = compared(network, race, arms, args.rounds, args.data_dir, args.peers)
        print(table(race, args.rounds, found), flush=True)
        results[network] = {**asdict(race), "arms": found}
    ways = {arm: way_of(arm) for arm in arms}
    print("\n".join(f"{arm:<13}{way}" for arm, way in ways.items()))
    content = {"rounds": args.rounds, "ways": ways, "peers": versions_of(args.peers), "networks": results}
    write_result("peers", content)


if __name__ == "__main__":
    main()
