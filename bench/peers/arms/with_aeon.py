"""aeon's classifiers with its own settings: MiniRocket, compiled by numba before the clock starts, or InceptionTime.

Source of the settings: the signatures of aeon's `MiniRocketClassifier` (10,000 kernels) and `InceptionTimeClassifier`
(five networks of 1,500 epochs). Shorter recordings are padded with zeros.
"""

from sequences_task import answer, given, sequences  # isort: skip

import time
from typing import Any

import numpy as np


def classifier() -> Any:
    """The one that is asked for, not fitted."""
    if task.method == "minirocket":
        from aeon.classification.convolution_based import MiniRocketClassifier

        return MiniRocketClassifier(random_state=task.seed, n_jobs=task.threads)
    from aeon.classification.deep_learning import InceptionTimeClassifier
    from tensorflow import config

    config.threading.set_intra_op_parallelism_threads(task.threads)
    config.threading.set_inter_op_parallelism_threads(1)
    short = {"n_epochs": 1, "n_classifiers": 1} if task.tiny else {}
    return InceptionTimeClassifier(random_state=task.seed, **short)


task = given()
(x, y), (x_test, y_test) = sequences(task, "train"), sequences(task, "test")
more = {}
if task.method == "minirocket":  # what numba compiles is kept on the disk: a person waits for it once
    started = time.perf_counter()
    few = np.unique(np.concatenate([np.flatnonzero(y == name)[:3] for name in np.unique(y)]))
    classifier().fit(x[few], y[few])
    more["first_fit_s"] = time.perf_counter() - started
model = classifier()
started = time.perf_counter()
model.fit(x, y)
seconds = time.perf_counter() - started
answer(seconds, y_test, model.predict(x_test), **more)
