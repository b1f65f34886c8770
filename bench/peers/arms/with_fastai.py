"""Its data block with pictures from arrays, batches standardised whole, channels last, torch's own optimiser; fp32.

Its mixed precision asks for autocast on a GPU by name, so on a processor it changes nothing; it is asked for anyway.
Source of the settings: the fastai documentation, `callback.channelslast` and `callback.fp16`.
"""

from task import answer, given, pictures  # isort: skip

import time
from functools import partial

import numpy as np
import torch
from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    ImageBlock,
    Learner,
    Normalize,
    OptimWrapper,
    PILImage,
    PILImageBW,
)
from loaders import squeezed
from networks import network
from torch import nn

task = given()
values, labels = (np.concatenate(both) for both in zip(pictures(task, "train"), pictures(task, "test"), strict=True))
block = DataBlock(
    blocks=(ImageBlock(PILImageBW if task.network == "cnn" else PILImage), CategoryBlock(vocab=range(10))),
    get_x=lambda row: squeezed(values[row]),
    get_y=lambda row: int(labels[row]),
    splitter=lambda items: (range(len(items)), []),
    batch_tfms=Normalize.from_stats(*task.stats, cuda=False),
)
rows = range(len(values))
train, test = rows[: task.samples], rows[task.samples :]
loaders = block.dataloaders(
    train, bs=task.batch, num_workers=task.workers, persistent_workers=task.workers > 0, device="cpu"
)
if task.network == "cnn":
    chosen = partial(OptimWrapper, opt=torch.optim.Adam)
else:
    chosen = partial(OptimWrapper, opt=partial(torch.optim.SGD, momentum=0.9))
learner = Learner(loaders, network(task), loss_func=nn.CrossEntropyLoss(), opt_func=chosen, lr=task.lr)
learner.to_channelslast(amp_mode="bf16")
with learner.no_bar(), learner.no_logging():
    started = time.perf_counter()
    learner.fit(task.epochs, wd=0.0)
    seconds = time.perf_counter() - started
    shares, targets = learner.get_preds(dl=loaders.test_dl(test, with_labels=True))
answer(task, seconds, float((shares.argmax(1) == targets).float().mean()))
