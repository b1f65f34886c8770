"""What it costs to keep near copies on one side of a carved split: seconds beside those of listing and decoding.

CIFAR-10's pictures are written as PNG files of 128 pixels a side, so that they are shrunk as photos are.

    python bench/near_split.py [--data-dir FOLDER] [--counts 5000 60000]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from machine import write_result
from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.data.resident import load
from tellapart.data.sources.folder import FolderSource

SIDE = 128


def folder(root: Path, count: int, data_dir: Path) -> Path:
    """So many pictures of CIFAR-10, without parts."""
    source = open_source("cifar10", DataConfig(data_dir=data_dir))
    entries = source.entries()[0]
    for row in np.linspace(0, len(entries) - 1, count).astype(int).tolist():
        entry = entries[row]
        (root / entry.label).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(source.value(entry)).resize((SIDE, SIDE))
        picture.save(root / entry.label / f"{row}.png", compress_level=1)
    return root


def seconds(root: Path, near_copies: bool) -> tuple[float, int]:
    """Seconds of listing, decoding and splitting; and pairs of near copies."""
    began = time.perf_counter()
    loaded = load(FolderSource(root), DataConfig(near_copies=near_copies))
    said = [words for words in loaded.split.how if "near copies" in words]
    return time.perf_counter() - began, int(said[0].split()[0].replace(",", "")) if said else 0


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--counts", type=int, nargs="+", default=[5000, 60000])
    args = parser.parse_args()
    result = {}
    for count in args.counts:
        with tempfile.TemporaryDirectory() as place:
            os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
            root = folder(Path(place) / "photos", count, args.data_dir)
            without, _ = seconds(root, near_copies=False)
            told, pairs = seconds(root, near_copies=True)
        result[f"{count}"] = {"seconds_without": without, "seconds_with": told, "pairs": pairs}
        print(f"{count:,} pictures: {without:.1f} s without, {told:.1f} s with, {pairs:,} pairs", flush=True)
    write_result("near_split", result)


if __name__ == "__main__":
    main()
