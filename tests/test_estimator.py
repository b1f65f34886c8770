"""`Classifier` is a scikit-learn classifier."""

import pickle
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tellapart import Classifier
from tellapart.models.whitened_cnn import WhitenedCnn


@parametrize_with_checks([Classifier()])
def test_it_passes_scikit_learns_own_checks(estimator: Classifier, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def test_it_works_in_cross_val_score() -> None:
    X, y = load_iris(return_X_y=True)
    assert cross_val_score(Classifier(epochs=60), X, y, cv=3).mean() > 0.9


def test_it_works_in_a_pipeline_and_a_grid_search() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    grid = GridSearchCV(make_pipeline(StandardScaler(), Classifier(epochs=40)), {"classifier__lr": [1e-6, 1e-2]}, cv=2)
    assert grid.fit(X, names).best_params_ == {"classifier__lr": 1e-2}
    assert set(grid.predict(X)) <= set(names)


def test_it_takes_pictures() -> None:
    digits = load_digits()
    X = (digits.images * 15).astype(np.uint8)
    fitted = Classifier(epochs=8).fit(X[:1200], digits.target[:1200])
    assert fitted.score(X[1200:], digits.target[1200:]) > 0.95


def test_pictures_without_a_model_are_learned_as_on_the_command_line() -> None:
    X, y = np.zeros((40, 8, 8), np.uint8), np.repeat([0, 1], 20)
    X[20:] = 200
    assert isinstance(Classifier(epochs=1).fit(X, y).module_, WhitenedCnn)
    assert not isinstance(Classifier(epochs=1, model="cnn").fit(X, y).module_, WhitenedCnn)


def test_a_time_ends_the_fit() -> None:
    X, y = load_iris(return_X_y=True)
    began = time.monotonic()
    assert Classifier(time="2s").fit(X, y).n_iter_ > 1
    assert 1 < time.monotonic() - began < 10


def test_columns_of_probabilities_follow_classes_when_natural_order_differs() -> None:
    X = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    y = np.repeat(["10", "9", "b"], 20)  # sorted as text 10 comes before 9, as numbers after it
    fitted = Classifier(epochs=50, lr=1e-2).fit(X, y)
    assert fitted.classes_.tolist() == ["10", "9", "b"]
    assert (fitted.predict(X) == y).all()
    assert (fitted.predict_proba(X).argmax(axis=1) == np.repeat([0, 1, 2], 20)).all()


def test_a_copy_through_pickle_gives_the_same_answers() -> None:
    X, y = load_iris(return_X_y=True)
    fitted = Classifier(epochs=3).fit(X, y)
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    assert (copy.predict_proba(X) == fitted.predict_proba(X)).all()


def test_two_fits_with_one_seed_are_equal_and_another_seed_differs() -> None:
    X, y = load_iris(return_X_y=True)
    first, second, other = (Classifier(epochs=3, seed=seed).fit(X, y).predict_proba(X) for seed in (0, 0, 1))
    assert (first == second).all()
    assert (first != other).any()


def test_patience_with_a_val_share_stops_early() -> None:
    X, y = load_iris(return_X_y=True)
    fitted = Classifier(epochs=200, val_share=0.2, patience=3, lr=0.05).fit(X, y)
    assert fitted.n_iter_ < 200


def test_its_parameters_are_the_settings_and_clone_keeps_them() -> None:
    assert clone(Classifier(model="mlp", widths=(8,))).get_params()["widths"] == (8,)
    assert Classifier().get_params()["batch"] == 64
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        Classifier(epoch=3)


def test_a_bad_setting_is_refused_at_fit_by_name() -> None:
    with pytest.raises(ValueError, match="epochs is 0; must be 1 or more"):
        Classifier(epochs=0).fit([[0.0], [1.0]], [0, 1])
