"""Accuracy out of the box: `tellapart train DATA` with no other option, or the one that the table names.

Each row is typed as a person would, in a process of its own, once a seed. Beside the photos of `hymenoptera` stand a
linear support vector machine on histograms of gradients, and a plain ResNet-18 from scratch, on the same parts. The
subset of CIFAR-10 is a table beside the pictures that it names.

    python bench/quality.py [--seeds 3] [--data-dir FOLDER] [--photos FOLDER] [--only ROW ...]
"""

import argparse
import csv
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from machine import RESULTS, machine, spread, write_result
from recipes import measured

ROWS = {
    "digits": ["digits"],
    "mnist": ["mnist"],
    "cifar10": ["cifar10"],
    "cifar10 in 30 minutes": ["cifar10", "--time", "30m"],
    "cifar10, 500 a class": ["SUBSET"],
    "photos": ["PHOTOS"],
    "photos, a plain ResNet-18": [
        *("PHOTOS", "--model", "resnet18", "--optimiser", "sgd", "--lr", "0.05", "--weight-decay", "0.0005"),
        *("--epochs", "30", "--batch", "16", "--flip", "--crop-padding", "16"),
    ],
}
"""Row -> what is typed after `tellapart train`."""
EACH = 500
"""Training pictures a class of the subset."""
SIDE, CELL, BINS = 128, 16, 9
"""Pixels of a photo and of a cell, and directions, of the histograms of gradients (Dalal & Triggs 2005)."""


def subset(data: Path, folder: Path) -> Path:
    """A table of 500 training pictures a class of CIFAR-10, and of its test part, with the pictures beside it."""
    from tellapart.config import Reading
    from tellapart.data import open_source

    source = open_source("cifar10", Reading(data_dir=data))
    entries, taken = source.entries()[0], dict.fromkeys({e.label for e in source.entries()[0]}, 0)
    with (folder / "cifar10-500.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "label", "split"))
        for number, entry in enumerate(entries):
            if entry.part == "train":
                taken[entry.label] += 1
            if entry.part == "train" and taken[entry.label] > EACH:
                continue
            Image.fromarray(source.value(entry)).save(folder / f"{number}.png")
            rows.writerow((f"{number}.png", entry.label, entry.part))
    return folder / "cifar10-500.csv"


def photo_parts(photos: Path, folder: Path) -> Path:
    """The photos with their part `val` as test, for that is what it is judged by here."""
    for part, name in (("train", "train"), ("val", "test")):
        shutil.copytree(photos / part, folder / name)
    return folder


def gradients(path: Path) -> np.ndarray[Any, Any]:
    """Histograms of oriented gradients of a photo, normalised by blocks of 2x2 cells."""
    grey = np.asarray(Image.open(path).convert("L").resize((SIDE, SIDE)), np.float32)
    dy, dx = np.gradient(grey)
    strength, angle = np.hypot(dx, dy), np.mod(np.arctan2(dy, dx), np.pi)
    place = np.minimum((angle / np.pi * BINS).astype(int), BINS - 1)
    cells = SIDE // CELL
    found = np.zeros((cells, cells, BINS), np.float32)
    rows, columns = np.indices(grey.shape) // CELL
    np.add.at(found, (rows, columns, place), strength)
    blocks = [
        found[row : row + 2, column : column + 2].ravel() for row in range(cells - 1) for column in range(cells - 1)
    ]
    return np.concatenate([block / np.sqrt((block**2).sum() + 1e-3) for block in blocks])


def support_vectors(photos: Path) -> float:
    """Accuracy on the photos' own val part of a linear support vector machine on those; C by cross-validation."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import LinearSVC

    sets = {}
    for part in ("train", "val"):
        paths = sorted((photos / part).glob("*/*.jpg"))
        sets[part] = np.stack([gradients(path) for path in paths]), [path.parent.name for path in paths]
    search = GridSearchCV(LinearSVC(max_iter=20000), {"C": [0.001, 0.01, 0.1, 1.0]}, cv=5).fit(*sets["train"])
    return float(search.score(*sets["val"]))


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/hymenoptera"))
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    args = parser.parse_args()
    path = RESULTS / "quality.json"
    found: dict[str, Any] = json.loads(path.read_text())["rows"] if path.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: Path(temporary) / name for name in ("subset", "photos")}
        for folder in folders.values():
            folder.mkdir()
        for name in args.only:
            words = ROWS[name]
            if words[0] == "SUBSET":
                words = [str(subset(args.data_dir, folders["subset"])), *words[1:]]
            if words[0] == "PHOTOS":
                photos = folders["photos"] if any(folders["photos"].iterdir()) else None
                words = [str(photos or photo_parts(args.photos, folders["photos"])), *words[1:]]
            runs = [measured(words, seed, args.data_dir) for seed in range(args.seeds)]
            found[name] = {
                "command": f"tellapart train {' '.join(ROWS[name])}",
                **{key: spread([run[key] for run in runs]) for key in runs[0]},
                "machine": machine(),
            }
            print(name, found[name]["test"], found[name]["training_s"], flush=True)
            write_result("quality", {"rows": found})
        if "photos" in args.only:
            found["photos, gradients and support vectors"] = {"test": support_vectors(args.photos)}
            print("photos, gradients and support vectors", found["photos, gradients and support vectors"], flush=True)
            write_result("quality", {"rows": found})


if __name__ == "__main__":
    main()
