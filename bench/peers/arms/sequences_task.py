"""What every arm of `bench/sequences.py` is given and what it answers. Imported before anything heavy: the clock of the
whole starts here.

Every arm reads the files that tellapart is given. Reading them is in the time of the whole, not in that of training.
"""

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import csv  # noqa: E402
import gzip  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import wave  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

Array = np.ndarray[Any, Any]
TINY = 40
"""Samples a part of a smoke run."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One training run."""

    data: Path
    """`NAME_TRAIN.ts`, packed or not, beside its TEST; the folder of MNIST or of recordings; a table of texts."""
    seed: int
    method: str
    """Which of the arm's classifiers or networks."""
    tiny: bool
    """A smoke run: a few samples, as short as it goes."""

    @property
    def threads(self) -> int:
        return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def given() -> Task:
    """The task of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--method", required=True)
    parser.add_argument("--tiny", action="store_true")
    return Task(**vars(parser.parse_args()))


def sequences(task: Task, part: str) -> tuple[Array, Array]:
    """float32 (N, C, T), shorter ones padded with zeros, and the classes' names (N,), of the part `train` or `test`."""
    if task.data.name == "mnist":
        values, labels = _digits(task.data, part)
    elif task.data.is_dir():
        values, labels = _recordings(task.data / part)
    else:
        values, labels = _series(task.data, part)
    if task.tiny:  # some of each class
        kept = np.random.default_rng(0).permutation(len(labels))[:TINY]
        values, labels = values[kept], labels[kept]
    return values, labels


def texts(task: Task, part: str) -> tuple[list[str], list[str]]:
    """The texts of a part and their classes."""
    with task.data.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == part]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def answer(seconds: float, wanted: Array, found: Array, **more: Any) -> None:
    """Print the result as one line of JSON, the last of the arm.

    seconds        of training: without imports, without reading the data, without the test
    wanted, found  classes of the test part
    more           what is to be said about this arm
    """
    whole = time.perf_counter() - STARTED
    right, scores = {name: wanted == name for name in np.unique(wanted)}, []
    for name, own in right.items():
        named = found == name
        scores.append(2 * (own & named).sum() / (own.sum() + named.sum()))
    accuracy, macro_f1 = float((wanted == found).mean()), float(np.mean(scores))
    print(
        json.dumps({"accuracy": accuracy, "macro_f1": macro_f1, "training_s": seconds, "whole_s": whole, **more}),
        flush=True,
    )


def _series(path: Path, part: str) -> tuple[Array, Array]:
    """A part of a set of the UCR/UEA archive, all of one length."""
    content = path.with_name(path.name.replace("_TRAIN", f"_{part.upper()}")).read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    lines = [line.split(":") for line in text.split("@data\n")[1].split()]
    values = np.array([[channel.split(",") for channel in line[:-1]] for line in lines], np.float32)
    return values, np.array([line[-1] for line in lines])


def _digits(folder: Path, part: str) -> tuple[Array, Array]:
    """MNIST: the rows of a picture are its steps, the columns its channels, in [0, 1]."""
    prefix, found = "train" if part == "train" else "t10k", []
    for name, start in (("images-idx3", 16), ("labels-idx1", 8)):
        path = folder / f"{prefix}-{name}-ubyte"
        content = path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
        found.append(np.frombuffer(content, np.uint8, offset=start))
    return found[0].reshape(-1, 28, 28).transpose(0, 2, 1).astype(np.float32) / 255, found[1]


def _recordings(folder: Path) -> tuple[Array, Array]:
    """16-bit mono WAV by class, in [-1, 1], padded to the longest of both parts."""
    found: dict[str, list[tuple[Array, str]]] = {}
    for path in sorted(folder.parent.glob("*/*/*.wav")):
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        found.setdefault(path.parts[-3], []).append((samples, path.parts[-2]))
    longest = max(len(samples) for part in found.values() for samples, _ in part)
    own = found[folder.name]
    values = np.stack([np.pad(samples, (0, longest - len(samples))) for samples, _ in own])
    return values[:, np.newaxis], np.array([label for _, label in own])
