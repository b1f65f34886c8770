"""The classify trainer over PNG files kept in memory, around the same network, grey pictures as three channels; fp32.

On a processor it takes no bf16, no channels last and no loader workers, whatever is asked for; what its settings have
for speed there is `cache` (pictures in memory) and `deterministic=False`. Its augmentation and validation are switched
off. It keeps a moving average of the weights and clips gradients, its SGD is Nesterov's, and grey pictures are read as
three channels. The network is given to it by its `get_model`, and training is the sum of its epochs, each from its
first batch to its last step. Source of the settings: `cfg/default.yaml` and what `engine/trainer.py` makes of it.

Ultralytics is under the AGPL-3.0. It is installed in the environment of this comparison alone; tellapart never
imports it.
"""

from task import answer, given, pictures  # isort: skip

import os
import sys
import tempfile
import time
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loaders import squeezed
from networks import accuracy, network
from PIL import Image
from torch import Tensor, nn

place = tempfile.TemporaryDirectory()
os.environ |= {"YOLO_CONFIG_DIR": place.name, "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}
from ultralytics.data import ClassificationDataset  # noqa: E402
from ultralytics.models.yolo.classify import ClassificationTrainer  # noqa: E402
from ultralytics.nn.tasks import ClassificationModel  # noqa: E402


class Network(ClassificationModel):
    """The network in the form that the trainer takes."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.model = nn.Sequential(network(task, channels=3))
        self.yaml, self.names = {"nc": 10, "channels": 3}, {k: str(k) for k in range(10)}
        self.stride = torch.ones(1)

    def predict(self, x: Tensor, *_: Any, **__: Any) -> Any:
        logits = self.model(x)
        return logits if self.training else (logits.softmax(1), logits)


class Trainer(ClassificationTrainer):
    """The classify trainer with that network, no augmentation, and no test of its best weights at the end."""

    def get_model(self, *_: Any, **__: Any) -> Network:
        return Network()

    def build_dataset(self, img_path: str, mode: str = "train", *_: Any) -> ClassificationDataset:
        args = copy(self.args)
        args.imgsz = side  # the trainer's own is a multiple of 32
        return ClassificationDataset(img_path, args, augment=False, prefix=mode, names=self.data["names"])

    def final_eval(self) -> None:
        return


def lay_out(folder: Path) -> None:
    """A PNG file for each picture, in a folder per class; what is called val is the test part."""
    for part, name in (("train", "train"), ("test", "val")):
        for label in range(10):
            (folder / name / str(label)).mkdir(parents=True)
        for row, (value, label) in enumerate(zip(*pictures(task, part), strict=True)):
            Image.fromarray(squeezed(value)).save(folder / name / str(label) / f"{row:05d}.png", compress_level=1)


task = given()
adam, side = task.network == "cnn", 28 if task.network == "cnn" else 32
began = time.perf_counter()
lay_out(Path(place.name) / "data")
aside = time.perf_counter() - began
files = {
    "model": "yolo11n-cls.yaml",
    "data": f"{place.name}/data",
    "project": f"{place.name}/runs",
    "pretrained": False,
}
size = {"model": "yolo11n-cls.yaml", "imgsz": side, "epochs": task.epochs, "batch": task.batch, "nbs": task.batch}
optim = {"optimizer": "Adam" if adam else "SGD", "lr0": task.lr, "momentum": 0.9}
constant = {"lrf": 1.0, "weight_decay": 0.0, "warmup_epochs": 0.0}
fast = {"device": "cpu", "amp": False, "cache": "ram", "deterministic": False}
off = {"pretrained": False, "val": False, "save": False, "plots": False, "verbose": False}
stdout, sys.stdout = sys.stdout, sys.stderr
trainer = Trainer(overrides=files | size | optim | constant | fast | off)
clock: list[float] = []
trainer.add_callback("on_train_epoch_start", lambda _: clock.append(-time.perf_counter()))
trainer.add_callback("on_train_epoch_end", lambda _: clock.append(time.perf_counter()))
trainer.train()
sys.stdout = stdout
values, labels = pictures(task, "test")
inputs = torch.from_numpy(values.astype(np.float32) / 255).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
answer(task, sum(clock), accuracy(trainer.model.model, inputs, torch.from_numpy(labels)), aside_s=aside)
place.cleanup()
