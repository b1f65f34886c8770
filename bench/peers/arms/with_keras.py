"""Keras 3 on torch: the networks of Keras layers, arrays in, the dtype policy mixed_bfloat16.

Source of the settings: the Keras documentation, "Mixed precision policy API".
"""

from task import answer, given, pictures, standardised  # isort: skip

import os
import time
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
import keras
from keras import layers


def cnn() -> keras.Model:
    """`tellapart.models.cnn` with its default widths."""
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *(layers.Conv2D(16, 3, padding="same"), layers.MaxPooling2D(), layers.ReLU()),
            *(layers.Conv2D(32, 3, padding="same"), layers.MaxPooling2D(), layers.ReLU()),
            *(layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10, dtype="float32")),
        ]
    )


def resnet() -> keras.Model:
    """ResNet-18 for 32x32 pixels."""
    inputs = layers.Input((32, 32, 3))
    x = layers.ReLU()(convolved(inputs, 64, 3, 1))
    for width in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if width > 64 and block == 0 else 1
            out = layers.ReLU()(convolved(x, width, 3, stride))
            out = convolved(out, width, 3, 1)
            x = layers.ReLU()(layers.add([out, x if stride == 1 else convolved(x, width, 1, stride)]))
    return keras.Model(inputs, layers.Dense(10, dtype="float32")(layers.GlobalAveragePooling2D()(x)))


def convolved(x: Any, width: int, side: int, stride: int) -> Any:
    """A convolution with its normalisation."""
    x = layers.Conv2D(width, side, stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


task = given()
(x, y), (x_test, y_test) = pictures(task, "train"), pictures(task, "test")
x, x_test = standardised(task, x), standardised(task, x_test)
keras.utils.set_random_seed(0)
keras.config.set_dtype_policy("mixed_bfloat16")
model = cnn() if task.network == "cnn" else resnet()
adam = task.network == "cnn"
model.compile(
    optimizer=keras.optimizers.Adam(task.lr) if adam else keras.optimizers.SGD(task.lr, momentum=0.9),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
started = time.perf_counter()
model.fit(x, y, batch_size=task.batch, epochs=task.epochs, verbose=0)
seconds = time.perf_counter() - started
answers = model.predict(x_test, batch_size=500, verbose=0).argmax(1)
answer(task, seconds, float((answers == y_test).mean()))
