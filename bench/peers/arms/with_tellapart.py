"""tellapart.train on the data set's word, with the settings of the task.

Training is the stage of that name in run.json: all epochs with their checkpoints. The whole has a report, plots and the
saved model in it, too.
"""

from task import TEST, answer, given, pictures  # isort: skip

import tempfile
from pathlib import Path

import numpy as np

import tellapart


def lay_out(folder: Path) -> None:
    """The first pictures of each part in the files of the original, which the reader knows."""
    for part, prefix in (("train", "train"), ("test", "t10k")):
        values, labels = pictures(task, part)
        if task.network == "cnn":
            (folder / "mnist").mkdir(exist_ok=True)
            for name, magic, array in (("images-idx3", 0x803, values[..., 0]), ("labels-idx1", 0x801, labels)):
                header = b"".join(number.to_bytes(4, "big") for number in (magic, *array.shape))
                (folder / "mnist" / f"{prefix}-{name}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())
        else:
            (folder / "cifar-10-batches-bin").mkdir(exist_ok=True)
            planes = values.transpose(0, 3, 1, 2).reshape(len(values), -1)
            records = np.concatenate([labels[:, np.newaxis].astype(np.uint8), planes], axis=1)
            names = [f"data_batch_{number}" for number in range(1, 6)] if part == "train" else ["test_batch"]
            for name, rows in zip(names, np.array_split(records, len(names)), strict=True):
                rows.tofile(folder / "cifar-10-batches-bin" / f"{name}.bin")


task = given()
if task.network == "cnn":
    settings = {"model": "cnn", "widths": (16, 32), "dense": 128, "optimiser": "adam"}
else:
    settings = {"model": "resnet18", "optimiser": "sgd", "momentum": 0.9}
with tempfile.TemporaryDirectory() as folder:
    lay_out(Path(folder))
    run = tellapart.train(
        "mnist" if task.network == "cnn" else "cifar10",
        data_dir=Path(folder),
        runs_dir=Path(folder) / "runs",
        quiet=True,
        lr=task.lr,
        schedule="constant",
        batch=task.batch,
        epochs=task.epochs,
        val_share=0.0,
        **settings,
    )
    facts, accuracy = run.facts, run.measures()["accuracy"].value
assert facts["data"]["samples"]["test"] == TEST
answer(task, facts["seconds_by_stage"]["train"], accuracy, precision=facts["precision"])
