"""Arrays into NeuralNetClassifier with bf16 by its AccelerateMixin; no val part.

Source of the settings: the skorch documentation, "Hugging Face Integration", Accelerate.
"""

from task import answer, given, pictures, standardised  # isort: skip

import time

import torch
from accelerate import Accelerator
from networks import network
from skorch import NeuralNetClassifier
from skorch.hf import AccelerateMixin
from torch import nn


class Net(AccelerateMixin, NeuralNetClassifier):
    """NeuralNetClassifier with mixed precision, as its documentation has it."""


task = given()
(X, y), (X_test, y_test) = pictures(task, "train"), pictures(task, "test")
X, X_test = (standardised(task, values).transpose(0, 3, 1, 2).copy() for values in (X, X_test))
choice = {"optimizer": torch.optim.Adam}
if task.network == "resnet":
    choice = {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9}
net = Net(
    network(task),
    criterion=nn.CrossEntropyLoss,
    lr=task.lr,
    batch_size=task.batch,
    max_epochs=task.epochs,
    train_split=None,
    iterator_train__shuffle=True,
    iterator_train__num_workers=task.workers,
    iterator_train__persistent_workers=task.workers > 0,
    accelerator=Accelerator(cpu=True, mixed_precision="bf16"),
    verbose=0,
    **choice,
)
started = time.perf_counter()
net.fit(X, y)
seconds = time.perf_counter() - started
answer(task, seconds, float(net.score(X_test, y_test)))
