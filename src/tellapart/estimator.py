"""`Classifier`: the same rooms behind scikit-learn's interface, in memory, with no run folder."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from tellapart.commands.instant import fit_at_once
from tellapart.commands.learn import ends, note
from tellapart.commands.learner import best_module, check_patience, new_learner
from tellapart.commands.recipes import below, usual_for
from tellapart.commands.settling import fitted_at_once
from tellapart.commands.timing import plan_again, settle
from tellapart.commands.transfer import check_weights, of_their_model, weights_of
from tellapart.commands.trials import by_trials
from tellapart.commands.watch import Silence
from tellapart.config import GROUPS, Reading, RunConfig
from tellapart.data.batches import unlabelled
from tellapart.data.resident import Loaded, load
from tellapart.data.source import Source
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.series import are_series, series_of
from tellapart.errors import DataError
from tellapart.evaluation.measures import probabilities
from tellapart.evaluation.predict import BATCH, predict
from tellapart.models import check_model
from tellapart.runs.weights import Weights
from tellapart.types import EpochEnd
from tellapart.world import join_world

NOT_FOR_ARRAYS = (
    *(f.name for f in fields(Reading)),
    *("size", "fit", "test_share", "split_seed", "near_copies", "split", "folds", "fold", "preset"),
)
"""Settings about files and reports, which a fit on arrays has no use for."""
DEFAULTS = {"val_share": 0.0}
"""Where the estimator differs: like scikit-learn's own, it learns from every sample it is given."""
SETTINGS = {
    f.name: DEFAULTS.get(f.name, f.default)
    for kind in GROUPS.values()
    for f in fields(kind)
    if f.name not in NOT_FOR_ARRAYS
}


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network for arrays: fit(X, y), predict, predict_proba, score, in pipelines and searches.

    X  numbers (N, F), uint8 pictures (N, H, W) or (N, H, W, C) with C 1 or 3, or series of floats (N, C, T), NaN where
    a value is missing; y  (N,), labels of any kind.
    Its parameters are the settings of `tellapart train` by their names, with the same defaults, but for `val_share`,
    which is 0: set it, as in val_share=0.1, to keep the best epoch by `metric` and to stop early by `patience`.
    For pictures or series and no model, the recipe `auto` or `auto-series` takes the place of what is at its default:
    name a model to have exactly what you give.
    """

    def __init__(self, **settings: Any) -> None:
        unknown = set(settings) - set(SETTINGS)
        if unknown:
            raise TypeError(f"Classifier() got an unexpected keyword argument {sorted(unknown)[0]!r}")
        for name, default in SETTINGS.items():
            setattr(self, name, settings.get(name, default))

    def fit(self, X: Any, y: Any) -> Classifier:
        """Train on X (N, ...) and y (N,); the estimator itself comes out."""
        X, y = validate_data(self, X, y, **_form(X))
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        config = RunConfig.of("arrays", self._settings(X) | {"test_share": 0.0})
        check_model(config.model)
        check_weights(config)
        weights = weights_of(config)
        config = of_their_model(config, weights)
        loaded = load(_source("arrays", X, [str(label) for label in y.tolist()]), config.load)
        self.module_, self.n_iter_ = _fitted(loaded, config, weights)
        self.spec_ = loaded.spec
        return self

    def predict_proba(self, X: Any) -> np.ndarray[Any, Any]:
        """Probabilities float64 (N, K), columns in the order of `classes_`; each row sums to 1."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, **_form(X))
        series = are_series(X)
        values = X if series else ArraySource("X", X, [""] * len(X)).array
        given, fitted = (values.shape[1:2] if series else values.shape[1:]), self._shape()
        if given != fitted or series != self.spec_.sequential:
            raise DataError(
                f"X has samples of shape {values.shape[1:]}, but Classifier was fitted on {self.spec_.shape}."
            )
        each = [np.ascontiguousarray(steps.T) if series else steps for steps in values]
        batches = (unlabelled(each[start : start + BATCH], sequential=series) for start in range(0, len(values), BATCH))
        predictions = predict(self.module_, batches, [""] * len(values), self.spec_.classes)
        column = {name: k for k, name in enumerate(self.spec_.classes)}
        return probabilities(predictions.logits)[:, [column[str(label)] for label in self.classes_.tolist()]]

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """The most probable class of each sample (N,)."""
        shares = self.predict_proba(X)
        labels: np.ndarray[Any, Any] = self.classes_[shares.argmax(axis=1)]
        return labels

    def _settings(self, X: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Its parameters; without a model, of series and pictures, those at their default are as a recipe has them."""
        settings = {name: getattr(self, name) for name in SETTINGS}
        recipe = usual_for("series" if are_series(X) else "image", self.weights) if X.ndim > 2 else None
        if recipe is None or self.model is not None:
            return settings
        given = {name: value for name, value in settings.items() if value != SETTINGS[name]}
        return settings | below(recipe, "arrays", given) | given

    def _shape(self) -> tuple[int, ...]:
        """Shape of one sample as it was given; of series, which may be of any length, (C,)."""
        shape = self.spec_.shape
        if self.spec_.sequential:
            return shape[:1]
        return shape if self.spec_.kind == "vector" else (*shape[1:], shape[0])


Classifier.__init__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, default in SETTINGS.items()
        ),
    ]
)
assert MISSING not in SETTINGS.values()


def _form(X: Any) -> dict[str, Any]:
    """What scikit-learn is asked to look at: of series a value may be missing."""
    dtype = _dtype(X)
    missing = getattr(X, "ndim", 2) == 3 and dtype is np.float32
    return {"dtype": dtype, "allow_nd": True, "ensure_all_finite": "allow-nan" if missing else True}


def _source(name: str, X: np.ndarray[Any, Any], labels: list[str]) -> Source:
    return series_of(name, X, labels) if are_series(X) else ArraySource(name, X, labels)


def _dtype(X: Any) -> Any:
    """Pictures of uint8 or uint16 stay as they are; everything else becomes numbers."""
    if isinstance(X, list) and X and isinstance(X[0], np.ndarray):
        return _dtype(X[0][np.newaxis])
    pictures = getattr(X, "ndim", 2) > 2 and X.dtype in (np.uint8, np.uint16)
    return X.dtype if pictures else np.float32


def _fitted(loaded: Loaded, config: RunConfig, weights: Weights | None) -> tuple[torch.nn.Module, int]:
    """The trained module, of the best epoch where there is a val part, and the number of epochs done."""
    check_patience(config, loaded)
    learner = new_learner(config, loaded, join_world(config.train), weights)
    if fitted_at_once(learner.config, loaded):
        fit_at_once(learner)
        return best_module(learner), learner.state.epoch
    learner = settle(by_trials(learner, config, Silence()), config.train)
    for end in ends(learner, Silence(), lambda _: learner.looks_at_clock):
        if isinstance(end, EpochEnd):
            note(end, learner)
        if learner.done:
            break
        if learner.looks_at_clock:
            plan_again(learner)
    return best_module(learner), learner.state.epoch
