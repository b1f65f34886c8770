"""The last layer alone, fitted at once to what the body sees; it takes seconds.

Of the preset `instant` by logistic regression, of a model of fixed features by ridge regression.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tellapart.commands.learner import Learner, val_scores
from tellapart.data.batches import in_order
from tellapart.data.resident import Resident
from tellapart.errors import DataError, SettingError
from tellapart.evaluation.measures import better, scores
from tellapart.evaluation.predict import BATCH, predict
from tellapart.models.head import body_of, head_layer
from tellapart.runs.checkpoint import copied
from tellapart.runs.run_folder import RunFolder
from tellapart.training.ridge import ridge
from tellapart.types import Predictions

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Values of scikit-learn's C that are tried, the strongest pull towards zero first."""
USUAL = 0.01
"""The one that is taken where there is no val part to choose by."""
MOST_ITERATIONS = 1000

Head = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""Weight (K, F) and bias (K,), float64."""


def fit_at_once(learner: Learner, run: RunFolder | None = None) -> None:
    """Fit the head to the training part; of some strengths of the pull towards zero, that which does best.

    Best by the log-loss, on val, or of fixed features on each training sample when it is left out: of few samples it
    says more than the share of right answers. The history gets its one row, and the weights to keep are those with the
    new head.
    """
    if learner.loaded.spec.tasks:
        raise SettingError("preset is 'instant', which is of one class out of all: leave it out where more is asked.")
    began, state, parts = time.perf_counter(), learner.state, learner.loaded.parts
    body, layer = body_of(state.judged), head_layer(state.judged)
    train, val = _seen(body, parts["train"]), _seen(body, parts["val"]) if "val" in parts else None
    if not (train.logits != train.logits[:1]).any():
        raise DataError(
            "The training samples look all alike to the model: each value may be missing, or the same throughout. "
            "tellapart check says more."
        )
    left_out: dict[str, float] = {}
    if learner.config.transfer.preset == "instant":
        head, best = _logistic(train, val, parts["train"], centred=layer.bias is not None)
    else:
        fitted = ridge(
            torch.from_numpy(train.logits), parts["train"].targets, layer.out_features, parts["train"].weights
        )
        head, best = (fitted.weight.numpy(), fitted.bias.numpy()), None
        found = scores(replace(train, logits=fitted.left_out.float().numpy(), classes=learner.loaded.spec.classes))
        left_out = {f"left_out_{name}": found[name] for name in ("accuracy", "log_loss")}
    put(layer, head)
    state.step, state.epoch = learner.plan.steps, learner.plan.epochs
    done = scores(_answered(train, head))
    row = {"epoch": state.epoch, "step": state.step, "lr": 0.0}
    row |= {"train_loss": done["log_loss"], "train_accuracy": done["accuracy"], **left_out}
    row |= {f"val_{name}": value for name, value in (val_scores(state.judged, learner.loaded) or {}).items()}
    progress = learner.progress
    progress.history.append(row | {"seconds": round(time.perf_counter() - began, 3)})
    progress.best_epoch, progress.best_scores = state.epoch, best
    progress.best_weights = copied(state.judged.state_dict())
    if run is not None:
        run.write_history(progress.history)


def _logistic(
    train: Predictions, val: Predictions | None, part: Resident, *, centred: bool
) -> tuple[Head, dict[str, float] | None]:
    """The head that does best on val of some strengths, and what it comes to there; without val the usual one."""
    ways = heads(train, part.weights, STRENGTHS if val else (USUAL,), centred=centred)
    head, best = next(ways), None
    if val is not None:
        best = scores(_answered(val, head))
        for other in ways:
            found = scores(_answered(val, other))
            if better("log-loss", found, best):
                head, best = other, found
    return head, best


def heads(
    seen: Predictions, weights: torch.Tensor | None, strengths: Sequence[float], *, centred: bool
) -> Iterator[Head]:
    """The multinomial logistic regression for each strength: weights and bias for the features as they are.

    seen     features (N, F) in the place of logits
    weights  of the samples (N,); None counts each as 1
    centred  whether there is a bias; without, features are scaled and not centred
    Features are standardised for the fit, and that is folded into what comes out. Of two classes, each gets half of
    the one that scikit-learn fits: the softmax of both is its sigmoid.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    features = seen.logits.astype(np.float64)
    mean = features.mean(0) if centred else np.zeros(features.shape[1])
    spread = features.std(0)
    spread[spread == 0] = 1.0
    model = LogisticRegression(fit_intercept=centred, max_iter=MOST_ITERATIONS, warm_start=True)
    for strength in strengths:
        model.set_params(C=strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # val decides what it is worth
            model.fit((features - mean) / spread, seen.targets, None if weights is None else weights.numpy())
        weight, bias = model.coef_.copy(), np.broadcast_to(model.intercept_, len(model.coef_)).copy()
        if len(weight) == 1:
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        weight = weight / spread
        yield weight, bias - weight @ mean


@torch.no_grad()
def put(layer: nn.Linear, head: Head) -> None:
    """Write a fitted head into the layer that gives the logits."""
    weight, bias = head
    layer.weight.copy_(torch.from_numpy(weight))
    if layer.bias is not None:
        layer.bias.copy_(torch.from_numpy(bias))


def _seen(body: nn.Module, part: Resident) -> Predictions:
    """What the body sees in each sample: features (N, F) in the place of logits, by the one path to them."""
    return predict(body, in_order(part, BATCH), part.ids, ())


def _answered(seen: Predictions, head: Head) -> Predictions:
    """The logits that a head makes of features."""
    weight, bias = head
    return replace(
        seen, logits=(seen.logits @ weight.T + bias).astype(np.float32), classes=tuple(map(str, range(len(weight))))
    )
