"""Sequences out of the box and by the recurrent recipes, beside aeon, Keras and scikit-learn on the same files.

`default` is `tellapart train DATA` with no other option. Series and recordings come in their official parts; a fifth of
the messages, by the SHA-256 of each, is their test part, and they are judged by macro-F1. Each run is a process of its
own, and the arms take turns. `training` is without imports, without reading the data and without the test; `whole` is
the process from start to end: for tellapart its report, plots and saved model too; for aeon the loading of what numba
compiled. `times` is an arm's training over that of the tellapart arm that it stands beside. All arms take as many
threads as OMP_NUM_THREADS says.

The peers of `bench/peers/sequences.txt` live in an environment of their own; where it is missing, their arms are left
out, with a line that says how to install them.

    python bench/sequences.py [--only ROW ...] [--arms ARM ...] [--seeds 3] [--data-dir FOLDER] [--note TEXT] [--tiny]
                              [--peers .venv-sequences/bin/python]
"""

import argparse
import ast
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from machine import RESULTS, machine, spread, write_result
from recipes import trained

HERE = Path(__file__).parent
NUMBERS = ("training_s", "whole_s", "accuracy", "macro_f1")
OFFICIAL = 5
"""Recordings of each speaker and digit that are the official test part: the first ones."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to a classifier."""

    recipe: str | None = None
    """Of tellapart; None is the default, or a peer."""
    script: str | None = None
    """Of a peer, in `peers/arms`."""
    method: str = ""
    """What is asked of the script."""
    beside: str = "default"
    """The arm of tellapart whose times a peer's are compared with."""
    needs: str | None = None
    """Package that has to be in the environment of the peers; None is at home in tellapart's own."""


MINIROCKET = Arm(script="with_aeon", method="minirocket", needs="aeon")
INCEPTION = Arm(script="with_aeon", method="inceptiontime", needs="tensorflow-cpu")


def by(recipe: str) -> Arm:
    """tellapart with a recipe."""
    return Arm(recipe=recipe)


def keras(recipe: str) -> Arm:
    """Keras with the network of one of tellapart's recipes."""
    return Arm(script="with_keras_recurrent", method=recipe, beside=recipe, needs="keras")


ROWS: dict[str, dict[str, Arm]] = {
    "BasicMotions": {
        "default": Arm(),
        "aeon-minirocket": MINIROCKET,
        "aeon-inceptiontime": INCEPTION,
        "gru-basicmotions": by("gru-basicmotions"),
        "keras-gru": keras("gru-basicmotions"),
    },
    "GunPoint": {"default": Arm(), "aeon-minirocket": MINIROCKET, "aeon-inceptiontime": INCEPTION},
    "ItalyPowerDemand": {"default": Arm(), "aeon-minirocket": MINIROCKET, "aeon-inceptiontime": INCEPTION},
    "spoken-digits": {
        "default": Arm(),
        "spoken-digits-conv": by("spoken-digits-conv"),
        "aeon-minirocket": MINIROCKET,
    },
    "sms": {
        "default": Arm(),
        "bilstm-sms": by("bilstm-sms"),
        **{
            f"tfidf-{method}": Arm(script="with_tfidf", method=method)
            for method in ("words", "words-balanced", "words-letters", "words-letters-balanced")
        },
    },
    "mnist": {"lstm-mnist-rows": by("lstm-mnist-rows"), "keras-lstm": keras("lstm-mnist-rows")},
}
"""Data -> name of each arm -> what it is; where an arm is beside another, that one comes first."""
ARMS = sorted({name for arms in ROWS.values() for name in arms})


def data_of(row: str, data: Path, folder: Path) -> Path:
    """What is typed after `tellapart train`, and what the peers read; laid out in `folder` where it has to be."""
    if row == "spoken-digits":
        return _recordings(data / "spoken-digits/recordings.zip", folder / row)
    if row == "sms":
        return _messages(data / "text/SMSSpamCollection.tsv", folder / "sms.csv")
    if row == "mnist":
        return data / "mnist"
    plain = data / "timeseries" / row / f"{row}_TRAIN.ts"
    return plain if plain.exists() else plain.with_suffix(".ts.gz")


def _recordings(archive: Path, folder: Path) -> Path:
    """train and test, a folder for each digit."""
    if not folder.exists():
        with zipfile.ZipFile(archive) as packed:
            for name in packed.namelist():
                if name.endswith(".wav"):
                    digit, _, number = Path(name).stem.split("_")
                    part = "test" if int(number) < OFFICIAL else "train"
                    place = folder / part / digit / Path(name).name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(packed.read(name))
    return folder


def _messages(path: Path, table: Path) -> Path:
    """label, text and split: a fifth is test, by a hash of the text, so that equal messages are in one part."""
    with path.open(encoding="utf-8", newline="\n") as lines, table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("label", "text", "split"))
        for line in lines:
            label, text = line.rstrip("\n").split("\t", 1)
            share = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5
            rows.writerow((label, text, "train" if share else "test"))
    return table


def measured(arm: Arm, row: str, data: Path, seed: int, args: argparse.Namespace) -> dict[str, float]:
    """One run of an arm; a peer's errors are shown where it fails."""
    if arm.script is None:
        words = ["mnist" if row == "mnist" else str(data)]
        if arm.recipe is not None:
            words += ["--recipe", arm.recipe]
        result, whole = trained([*words, *(["--steps", "5"] if args.tiny else [])], seed, args.data_dir)
        measures = {name: result["measures"]["test"][name]["value"] for name in ("accuracy", "macro_f1")}
        stages = result["seconds_by_stage"]
        return {"training_s": stages["train"] + stages.get("trials", 0.0), "whole_s": whole, **measures}
    python = str(args.peers) if arm.needs else sys.executable
    words = [f"--data={data}", f"--seed={seed}", f"--method={arm.method}", *(["--tiny"] if args.tiny else [])]
    command = [python, str(HERE / "peers/arms" / f"{arm.script}.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{arm.script} {arm.method} on {row} failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def threads() -> int:
    """How many an arm takes."""
    return int(os.environ.get("OMP_NUM_THREADS") or machine()["cores"])


@cache
def version_of(package: str, python: Path) -> str | None:
    """Its version in the environment of the peers; None where that or the package is missing."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    try:
        return subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def compared(row: str, names: list[str], data: Path, args: argparse.Namespace) -> dict[str, Any]:
    """The arms in turns: the spread of each number, and how many times the training of the one beside it took."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for seed in range(args.seeds):
        for name, done in runs.items():
            done.append(measured(ROWS[row][name], row, data, seed, args))
            print(f"  seed {seed}: {row} {name}: {done[-1]['training_s']:.1f} s", file=sys.stderr, flush=True)
    found: dict[str, Any] = {}
    for name, done in runs.items():
        arm = ROWS[row][name]
        found[name] = {"beside": arm.beside if arm.script else None, "threads": threads()}
        found[name] |= {key: spread([run[key] for run in done]) for key in done[0]}
    return found


def with_times(arms: dict[str, Any]) -> dict[str, Any]:
    """Each peer's medians over those of the arm beside it; without where that was not measured by as many threads."""
    for found in arms.values():
        ours = arms.get(found["beside"])
        for key in ("training_s", "whole_s"):
            found.pop(f"times_{key}", None)
            if ours and ours["threads"] == found["threads"]:
                found[f"times_{key}"] = found[key]["median"] / ours[key]["median"]
    return arms


def line(name: str, found: dict[str, Any], measure: str) -> str:
    """An arm for a person."""
    times = f"{found['times_training_s']:>8.2g}x" if "times_training_s" in found else f"{'':>9}"
    seconds = "".join(f"{found[key]['median']:>9.1f}s" for key in ("training_s", "whole_s"))
    score = found[measure]
    return f"{name:<28}{times}{seconds}{score['median']:>9.2%}   {score['low']:.2%} to {score['high']:.2%}"


def chosen(row: str, args: argparse.Namespace) -> list[str]:
    """The arms of a row that are asked for and that can run; says which cannot, and what to do about it."""
    names = []
    for name, arm in ROWS[row].items():
        if args.arms and name not in args.arms:
            continue
        if arm.needs and version_of(arm.needs, args.peers) is None:
            print(
                f"  {row} {name}: left out, for {args.peers} has no {arm.needs}: uv venv .venv-sequences && uv pip "
                "install --python .venv-sequences/bin/python --requirement bench/peers/sequences.txt",
                flush=True,
            )
            continue
        names.append(name)
    return names


def main() -> None:
    """Measure, print the tables, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--arms", nargs="+", choices=ARMS, help="without it, all of each row")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--peers", type=Path, default=Path(".venv-sequences/bin/python"), help="python of the peers")
    parser.add_argument("--note", help="what is to be known about these measurements; it is kept in the result")
    parser.add_argument("--tiny", action="store_true", help="a smoke run: one seed, a few steps; nothing is written")
    args = parser.parse_args()
    args.seeds = 1 if args.tiny else args.seeds
    path = RESULTS / "sequences.json"
    rows: dict[str, Any] = json.loads(path.read_text())["rows"] if path.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        for row in args.only:
            names = chosen(row, args)
            arms = compared(row, names, data_of(row, args.data_dir, Path(temporary)), args)
            measure = "macro_f1" if row == "sms" else "accuracy"
            before = rows.get(row, {}) if not args.tiny else {}
            kept = before.get("arms", {}) if before.get("machine") == machine() else {}
            merged = {name: arms.get(name) or kept.get(name) for name in ROWS[row]}
            arms = with_times({name: found for name, found in merged.items() if found})
            print(f"{row + ', ' + measure:<28}{'times':>9}{'training':>10}{'whole':>10}", flush=True)
            print("\n".join(line(name, found, measure) for name, found in arms.items()), flush=True)
            rows[row] = {
                "measure": measure,
                "note": args.note or before.get("note"),
                "machine": machine(),
                "arms": arms,
            }
            if not args.tiny:
                write_result("sequences", {"ways": ways(), "peers": peers(args.peers), "rows": rows})


def ways() -> dict[str, str]:
    """What the arms of each peer do, in a line: the first of its docstring."""
    scripts = sorted({arm.script for arms in ROWS.values() for arm in arms.values() if arm.script})
    texts = {name: (HERE / "peers/arms" / f"{name}.py").read_text() for name in scripts}
    return {name: (ast.get_docstring(ast.parse(text)) or "").splitlines()[0] for name, text in texts.items()}


def peers(python: Path) -> dict[str, str | None]:
    """Versions in the environment of the peers."""
    return {name: version_of(name, python) for name in ("aeon", "keras", "tensorflow-cpu", "numba", "numpy")}


if __name__ == "__main__":
    main()
