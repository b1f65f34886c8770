"""Keras on TensorFlow: the network, batch, epochs, rates and clipping of the recipe, without its random crops.

As documented: layers of `LSTM` or `GRU`, the graph compiled by `fit`, `CosineDecay` with a warm-up as one cycle.
"""

from sequences_task import answer, given, sequences  # isort: skip

import os
import time
from dataclasses import dataclass

import numpy as np

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import tensorflow as tf
from keras import layers


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the recipe of that name says."""

    cell: type[layers.Layer]
    layers: int
    hidden: int
    lr: float
    weight_decay: float
    batch: int
    epochs: int
    val_share: float


RECIPES = {
    "lstm-mnist-rows": Recipe(
        cell=layers.LSTM, layers=1, hidden=128, lr=0.004, weight_decay=0.01, batch=128, epochs=12, val_share=0.1
    ),
    "gru-basicmotions": Recipe(
        cell=layers.GRU, layers=2, hidden=64, lr=0.005, weight_decay=0.0, batch=16, epochs=100, val_share=0.0
    ),
}

task = given()
recipe = RECIPES[task.method]
tf.config.threading.set_intra_op_parallelism_threads(task.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
(x, y), (x_test, y_test) = sequences(task, "train"), sequences(task, "test")
x, x_test = x.transpose(0, 2, 1), x_test.transpose(0, 2, 1)
mean, std = x.mean((0, 1)), x.std((0, 1))
if task.method == "lstm-mnist-rows":  # pixels have one scale
    mean, std = x.mean(), x.std()
x, x_test = (x - mean) / std, (x_test - mean) / std
names, targets = np.unique(y, return_inverse=True)
keras.utils.set_random_seed(task.seed)
model = keras.Sequential(
    [
        layers.Input(x.shape[1:]),
        *(recipe.cell(recipe.hidden, return_sequences=True) for _ in range(recipe.layers)),
        layers.GlobalAveragePooling1D(),
        layers.Dense(len(names)),
    ]
)
epochs = 1 if task.tiny else recipe.epochs
steps = epochs * -(-round(len(x) * (1 - recipe.val_share)) // recipe.batch)
rise = max(1, round(0.3 * steps))
rates = keras.optimizers.schedules.CosineDecay(
    recipe.lr / 25, max(1, steps - rise), warmup_target=recipe.lr, warmup_steps=rise
)
model.compile(
    optimizer=keras.optimizers.AdamW(rates, weight_decay=recipe.weight_decay, global_clipnorm=1.0),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
started = time.perf_counter()
model.fit(x, targets, batch_size=recipe.batch, epochs=epochs, validation_split=recipe.val_share, verbose=0)
seconds = time.perf_counter() - started
answer(seconds, y_test, names[model.predict(x_test, batch_size=500, verbose=0).argmax(1)])
