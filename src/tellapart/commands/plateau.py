"""When the plateau schedule lowers the learning rate: a function of the history alone, so resuming changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from tellapart.config import RunConfig
from tellapart.evaluation.measures import better


def falls(history: Sequence[Mapping[str, Any]], config: RunConfig) -> int:
    """Times that `plateau_patience` epochs went by without a better val measure, since the best or the last fall.

    history  a row an epoch, with the val measures as val_accuracy and so on
    It is torch's ReduceLROnPlateau with a threshold of 0 and a patience less by one; what is better is what picks the
    best epoch.
    """
    best: Mapping[str, float] | None = None
    waited, fallen = 0, 0
    for row in history:
        found = {name.removeprefix("val_"): value for name, value in row.items() if name.startswith("val_")}
        if better(config.train.metric_taken, found, best):
            best, waited = found, 0
        else:
            waited += 1
        if waited == config.optim.plateau_patience:
            waited, fallen = 0, fallen + 1
    return fallen
