"""A million pictures: how long it takes to open them, and the most memory that the process ever held.

Tiny PNGs, all different, in 100 folders, with names that only natural order sorts; and a table of them in random order.
Each opening is a process of its own that never loads torch: a folder and a table, `first` and `again`. The first one
reads every file, later ones those alone that are new or changed. `load` splits a million entries in memory whose
pictures are one pixel, so that nothing but the bookkeeping counts; there torch is loaded, and told apart.

    python bench/million.py [--count 1000000] [--folder FOLDER]
"""

import argparse
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSES = 100
SETTLED_S = 3
"""What was written less than 2 s ago is not remembered."""


def make(root: Path, count: int) -> None:
    """Write the pictures, and `labels.csv` beside their folder."""
    rows = []
    for number in range(count):
        label = f"class-{number % CLASSES}"
        path = root / "photos" / label / f"photo-{number // CLASSES + 1}.png"
        if number < CLASSES:
            path.parent.mkdir(parents=True)
        file = io.BytesIO()
        Image.frombytes("RGB", (2, 2), number.to_bytes(12, "big")).save(file, "PNG", compress_level=1)
        path.write_bytes(file.getvalue())
        rows.append((f"photos/{label}/{path.name}", label))
    random.Random(0).shuffle(rows)
    with (root / "labels.csv").open("w", newline="") as table:
        csv.writer(table).writerows([("path", "label"), *rows])


def peak_mb() -> float:
    """The most memory that this process ever held, in MB of a million bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def opened(path: Path) -> dict[str, Any]:
    """Open a folder or a table, as every command does at first."""
    from tellapart.config import DataConfig
    from tellapart.data import open_source

    before, began = peak_mb(), time.perf_counter()
    entries, issues = open_source(path, DataConfig()).entries()
    seconds = time.perf_counter() - began
    assert "torch" not in sys.modules
    return {
        "seconds": seconds,
        "peak_mb": peak_mb(),
        "before_mb": before,
        "entries": len(entries),
        "issues": len(issues),
    }


class Pixels:
    """A million entries in memory, of a pixel each."""

    name = place = "pixels"
    kind = "image"
    in_memory = True

    def __init__(self, count: int) -> None:
        self._value = np.zeros((1, 1, 3), np.uint8)
        self._count = count

    def entries(self) -> Any:
        from tellapart.data.entries import Entries
        from tellapart.data.source import Entry

        labels = [f"class-{number}" for number in range(CLASSES)]
        return Entries.of(
            Entry(
                id=f"photos/{labels[number % CLASSES]}/photo-{number // CLASSES + 1}.png",
                label=labels[number % CLASSES],
                part=None,
                digest=random.Random(number).randbytes(16),
                shape=(1, 1, 3),
            )
            for number in range(self._count)
        ), ()

    def value(self, entry: Any, form: Any = None) -> Any:  # noqa: ARG002
        return self._value


def loaded(count: int) -> dict[str, Any]:
    """Split and load entries whose decoding costs nothing."""
    import torch  # noqa: F401 - as it would be loaded by then

    from tellapart.config import DataConfig
    from tellapart.data.resident import load

    source = Pixels(count)
    found = source.entries()
    source.entries = lambda: found  # type: ignore[method-assign]
    before, began = peak_mb(), time.perf_counter()
    load(source, DataConfig())  # type: ignore[arg-type]
    return {"seconds": time.perf_counter() - began, "peak_mb": peak_mb(), "before_mb": before}


def measured(*words: str) -> dict[str, Any]:
    """What a process of its own says of one arm."""
    began = time.perf_counter()
    out = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = {**json.loads(out.splitlines()[-1]), "process_s": time.perf_counter() - began}
    peak = f"{result['peak_mb']:6.0f} MB at most, {result['before_mb']:.0f} MB before"
    print(f"{' '.join(words):<60}{result['seconds']:7.1f} s {peak}", flush=True)
    return result


def main() -> None:
    """Make the files, measure each arm, write the result; the files are deleted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, help="where the files go for a while; by default where temporary ones do"
    )
    parser.add_argument("--arm", choices=("open", "load"), help=argparse.SUPPRESS)
    parser.add_argument("path", nargs="?", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.arm:
        print(json.dumps(opened(args.path) if args.arm == "open" else loaded(args.count)))
        return
    from machine import write_result

    result: dict[str, Any] = {"count": args.count}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        root = Path(folder)
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")
        began = time.perf_counter()
        make(root, args.count)
        print(f"made in {time.perf_counter() - began:.0f} s", flush=True)
        time.sleep(SETTLED_S)
        for name, path in (("folder", root / "photos"), ("table", root / "labels.csv")):
            result[name] = {turn: measured("--arm", "open", str(path)) for turn in ("first", "again")}
    result["load"] = measured("--arm", "load", "--count", str(args.count))
    write_result("million", result)


if __name__ == "__main__":
    main()
