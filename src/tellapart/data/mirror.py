"""Whether training pictures may be mirrored: what the names of the classes and a quick model say against it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tellapart.data.resident import Resident
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

    from tellapart.data.source import Value

SIDE_WORDS = (
    "left right lefthand righthand leftward leftwards rightward rightwards lhs rhs clockwise counterclockwise "
    "anticlockwise cw ccw east west eastbound westbound links rechts gauche droite izquierda izquierdo derecha derecho "
    "sinistra sinistro destra destro esquerda esquerdo direita direito lewo lewy prawo prawy лево левый право правый"
)
SIDES = frozenset(SIDE_WORDS.split())
"""Words for what a mirror turns into its opposite, in lower case."""
LOOKED_AT, SIDE, FOLDS = 5000, 16, 3
"""Pictures that the quick model is given, pixels a side that they are brought to, and parts of its cross-validation."""
FEWEST = 30
"""Pictures below which the quick model says nothing."""
ERRORS, LEAST = 2.0, 0.05
"""Standard errors, and share of itself, that its accuracy has to fall by more than."""
PULLS = (1e1, 1e2, 1e3, 1e4)
"""Pulls of its weights towards zero that it chooses from."""


def why_not_mirrored(part: Resident, spec: DataSpec) -> str | None:
    """What speaks against mirroring the pictures of a training part; None where nothing does.

    Of several tasks one is enough. A number is enough by itself: it may be an angle, or a place.
    """
    if not spec.tasks:
        return _by_names(spec.classes) or _by_pictures(part.inputs, part.targets)
    column = 0
    for task in spec.tasks:
        targets = part.targets[:, column]
        column += task.columns
        known = (~targets.isnan()).nonzero().flatten()
        if task.kind == "number":
            return f"{task.name} is a number, which a mirror may change"
        against = _by_names(task.classes)
        if against is None and task.kind == "class":
            against = _by_pictures(part.inputs[known], targets[known].long())
        if against is not None:
            return f"{task.name}: {against}"
    return None


def _by_names(classes: Sequence[str]) -> str | None:
    """Two names that are numbers or single letters, or one with a word for a side."""
    if sum(name.strip().isdecimal() for name in classes) > 1:
        return "class names are digits"
    if sum(len(name.strip()) == 1 and name.strip().isalnum() for name in classes) > 1:
        return "class names are single letters"
    for name in classes:
        if SIDES & _words(name):
            return f"the class {name!r} is named after a side"
    return None


def _words(name: str) -> set[str]:
    """`turn-Left` and `turnLeft` as turn and left."""
    apart = re.sub(r"(?<=[^\W\d_])(?=[A-Z][a-z])", " ", name)
    return {word.lower() for word in re.findall(r"[^\W\d_]+", apart)}


def _by_pictures(inputs: Any, targets: Tensor) -> str | None:
    """What a linear model finds: mirrored pictures of which it has clearly fewer right than of the plain ones.

    It is trained on plain pictures, and asked about others, plain and mirrored. Where classes look the same from both
    sides it does as well on either; where one is the mirror image of another, or of nothing at all, it fails. Clearly:
    the accuracy falls by more than two standard errors of the difference over the pictures, and by more than a 20th of
    itself, since no thousands of photos are quite symmetric (those of CIFAR-10 lose a 37th).
    """
    if len(targets) < FEWEST:
        return None
    every = -(-len(targets) // LOOKED_AT)
    plain, mirrored = right_answers(_small(inputs[::every]), targets[::every].cpu().numpy())
    fall = plain.astype(float) - mirrored
    if fall.mean() <= max(ERRORS * fall.std() / np.sqrt(len(fall)), LEAST * plain.mean()):
        return None
    return (
        f"a quick model has {plain.mean():.0%} of the plain pictures right, but {mirrored.mean():.0%} of mirrored ones"
    )


def right_answers(pictures: Value, targets: Value) -> tuple[Value, Value]:
    """Whether a linear model that saw others names each picture right, plain and mirrored; bool (N,) each.

    pictures  float32 (N, H, W, C)
    targets   int64 (N,)
    """
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.model_selection import KFold

    plain, mirrored = (view.reshape(len(pictures), -1) for view in (pictures, pictures[:, :, ::-1]))
    right = np.zeros((2, len(targets)), bool)
    for seen, others in KFold(FOLDS, shuffle=True, random_state=0).split(plain):
        if len(set(targets[seen].tolist())) < 2:
            continue
        model: Any = RidgeClassifierCV(PULLS).fit(plain[seen], targets[seen])
        for asked, views in zip(right, (plain, mirrored), strict=True):
            asked[others] = model.predict(views[others]) == targets[others]
    return right[0], right[1]


def _small(pictures: Any) -> Value:
    """uint8 (N, H, W, C) as float32 with at most 16 pixels a side, each value about 0 and 1 apart."""
    from torch.nn.functional import adaptive_avg_pool2d

    height, width = (min(SIDE, size) for size in pictures.shape[1:3])
    pooled = adaptive_avg_pool2d(pictures.permute(0, 3, 1, 2).float(), (height, width))
    small: Value = (pooled.permute(0, 2, 3, 1).cpu().numpy() - 127.5) / 64
    return small
