"""Near copies: how many CIFAR-10 and MNIST have, how long the search takes, how many planted ones it finds.

Planted are changed copies of training pictures, 250 for each change, put beside the whole training part. Random pairs
that were found go onto a sheet, for a person to say how many are right.

    python bench/near_copies.py [--data-dir FOLDER] [--sheet FILE.png] [--right N]
"""

import argparse
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from machine import write_result
from tellapart.audit.survey import surveyed
from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.data.near import NearPair, near_pairs
from tellapart.data.preview import enlarged

Array = np.ndarray[Any, Any]
PLANTED, SHOWN, SIDE = 250, 100, 72


def resized(picture: Array) -> Array:
    """Back to 32 pixels a side."""
    return np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BILINEAR))


def compressed(picture: Array) -> Array:
    """Through a JPEG of quality 50."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=50)
    return np.asarray(Image.open(out))


CHANGES: dict[str, Callable[[Array], Array]] = {
    "JPEG of quality 50": compressed,
    "brighter, less contrast": lambda picture: (picture * 0.7 + 60).astype(np.uint8),
    "cropped by a pixel each side": lambda picture: resized(picture[1:31, 1:31]),
    "cropped by two pixels each side": lambda picture: resized(picture[2:30, 2:30]),
    "cropped by four pixels at a corner": lambda picture: resized(picture[:28, :28]),
    "shifted by two pixels": lambda picture: np.pad(picture, ((2, 0), (2, 0), (0, 0)), mode="edge")[:32, :32],
    "mirrored": lambda picture: picture[:, ::-1],
    "mirrored, cropped, compressed": lambda picture: compressed(resized(picture[1:31, 1:31][:, ::-1])),
}


def planted(pictures: Array) -> dict[str, float]:
    """Share of the changed copies that are found beside all pictures, by change; each change has its own pictures."""
    rows = np.random.default_rng(0).permutation(len(pictures))[: PLANTED * len(CHANGES)].reshape(len(CHANGES), PLANTED)
    copies = [change(pictures[row]) for chosen, change in zip(rows, CHANGES.values(), strict=True) for row in chosen]
    pairs = {(pair.first, pair.second) for pair in near_pairs(np.concatenate([pictures, np.stack(copies)]))}
    places = len(pictures) + np.arange(rows.size).reshape(rows.shape)
    found = {
        name: sum(pair in pairs for pair in zip(rows[k].tolist(), places[k].tolist(), strict=True)) / PLANTED
        for k, name in enumerate(CHANGES)
    }
    for name, share in found.items():
        print(f"{name:<36}{share:>8.1%}", flush=True)
    return found


def sheet(pictures: Array, pairs: list[NearPair], path: Path) -> None:
    """Random pairs side by side."""
    chosen = [pairs[k] for k in sorted(np.random.default_rng(0).permutation(len(pairs))[:SHOWN])]
    page = Image.new("RGB", (10 * (2 * SIDE + 12), 10 * (SIDE + 8)), "white")
    for k, pair in enumerate(chosen):
        for place, row in enumerate((pair.first, pair.second)):
            at = (k % 10 * (2 * SIDE + 12) + place * SIDE, k // 10 * (SIDE + 8))
            page.paste(enlarged(pictures[row], SIDE), at)
    page.save(path)


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--sheet", type=Path, help="where to put random pairs of the training part")
    parser.add_argument("--right", type=int, help=f"how many of the {SHOWN} pairs of the sheet a person found right")
    args = parser.parse_args()
    result: dict[str, Any] = {}
    for name in ("cifar10", "mnist"):
        survey = surveyed(open_source(name, DataConfig(data_dir=args.data_dir)))
        assert survey.thumbnails is not None
        began = time.perf_counter()
        pairs = near_pairs(survey.thumbnails)
        seconds = time.perf_counter() - began
        training = [entry.part == "train" for entry in survey.entries]
        tests = training.count(False)
        across = {pair.second for pair in pairs if training[pair.first] and not training[pair.second]}
        inside = [pair for pair in pairs if training[pair.first] and training[pair.second]]
        result[name] = {
            "pictures": len(training),
            "seconds": seconds,
            "pairs": len(pairs),
            "pairs_in_train": len(inside),
            "test_pictures_with_a_copy_in_train": len(across),
            "share_of_test": len(across) / tests,
        }
        print(f"{name}: {len(pairs):,} pairs, {len(across) / tests:.2%} of test in train, {seconds:.1f} s", flush=True)
        if name == "cifar10":
            if args.sheet:
                sheet(survey.thumbnails, inside, args.sheet)
            result["looked_at"] = {"pairs": SHOWN, "right": args.right} if args.right is not None else None
            result["planted_found"] = planted(survey.thumbnails[np.array(training)])
    write_result("near_copies", result)


if __name__ == "__main__":
    main()
