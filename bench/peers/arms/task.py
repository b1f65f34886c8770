"""What every arm is given and what it answers. Imported before anything heavy: the clock of the whole starts here.

Every arm reads the same original files, MNIST's four idx files or the six binary batches of CIFAR-10, and trains on the
first `samples` pictures of the training part. Reading them is in the time of the whole, not in that of training.
"""

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import gzip  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

TEST = 2000
"""Pictures of the test part, from its start, that each arm is judged on."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One training run, the same for every arm."""

    network: str
    """`cnn`: the network of the recipe cnn-16-32 on MNIST; `resnet`: ResNet-18 for 32x32 pixels on CIFAR-10."""
    samples: int
    epochs: int
    data_dir: Path
    workers: int
    """Loader processes, where a peer has them; 0 is the process itself."""

    @property
    def batch(self) -> int:
        return 64 if self.network == "cnn" else 128

    @property
    def lr(self) -> float:
        """Constant; of Adam for the cnn, of SGD with momentum 0.9 for the ResNet."""
        return 1e-3 if self.network == "cnn" else 0.05

    @property
    def stats(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each channel, of pixels in [0, 1], as everybody writes them."""
        if self.network == "cnn":
            return (0.1307,), (0.3081,)
        return (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def given() -> Task:
    """The task of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=["cnn", "resnet"], required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--workers", type=int, default=0)
    return Task(**vars(parser.parse_args()))


def pictures(task: Task, part: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """uint8 (N, H, W, C) and int64 (N,): the first of the part `train` or `test`."""
    count = task.samples if part == "train" else TEST
    if task.network == "cnn":
        prefix = "train" if part == "train" else "t10k"
        values, labels = _idx(task, f"{prefix}-images-idx3-ubyte", 16), _idx(task, f"{prefix}-labels-idx1-ubyte", 8)
        return values.reshape(-1, 28, 28, 1)[:count], labels[:count].astype(np.int64)
    names = [f"data_batch_{number}.bin" for number in range(1, 6)] if part == "train" else ["test_batch.bin"]
    folder = task.data_dir / "cifar-10-batches-bin"
    records = np.concatenate([np.fromfile(folder / name, np.uint8).reshape(-1, 3073) for name in names])[:count]
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), records[:, 0].astype(np.int64)


def standardised(task: Task, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """uint8 (N, H, W, C) -> float32 of mean 0 and deviation 1 a channel: for peers that take arrays."""
    mean, std = (np.array(stat, np.float32) for stat in task.stats)
    return (values.astype(np.float32) / 255 - mean) / std


def answer(task: Task, seconds: float, accuracy: float, **more: Any) -> None:
    """Print the result as one line of JSON, the last of the arm.

    seconds   of training: without imports, without reading the data, without the test
    accuracy  on the first TEST pictures of the test part
    more      what is to be said about this arm; `aside_s` are seconds that are no part of the whole
    """
    whole = time.perf_counter() - STARTED - more.pop("aside_s", 0.0)
    speed = task.samples * task.epochs / seconds
    result = {"seconds": seconds, "seconds_whole": whole, "samples_per_s": speed, "accuracy": accuracy, **more}
    print(json.dumps(result), flush=True)


def _idx(task: Task, name: str, start: int) -> np.ndarray[Any, Any]:
    """The bytes of an idx file behind its header, packed or not."""
    path = task.data_dir / "mnist" / name
    content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=start)
