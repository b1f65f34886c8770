"""Settings left to the tool, as the data settle them: what is asked, balance, augmentation, sizes, batch, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tellapart.commands.growing import picture_sizes, views_of
from tellapart.config import ENDS, DataConfig, OptimConfig, RunConfig
from tellapart.data.policy import settled as settled_augment
from tellapart.data.resident import Loaded
from tellapart.data.sequence_augment import MIXES, OF_KINDS, check_settings
from tellapart.data.split import training_counts
from tellapart.errors import SettingError
from tellapart.evaluation.tasks import metric_of
from tellapart.models import chosen, row_of
from tellapart.names import listed
from tellapart.training.balance import settled_balance
from tellapart.training.timm_optimiser import usual_lr
from tellapart.types import Task

MOST_AT_ONCE = 10_000
"""Training samples up to which a head is fitted at once: inverting the products of more takes minutes and gigabytes."""
LENGTHY = 500_000
"""Steps of a series from which on a line says that it takes long: a million took two minutes a pass on a busy core."""


def settled_by_data(config: RunConfig, loaded: Loaded) -> tuple[RunConfig, tuple[str, ...]]:
    """The settings with nothing left open that the data decide, and a line for each that `auto` has chosen.

    SettingError where a setting does not go with what is asked of the data.
    """
    tasks, part = loaded.spec.tasks, loaded.parts["train"]
    check_task_weights(config.optim, tasks)
    config, balancing = _balanced(config, loaded)
    sizes, growing = picture_sizes(config, loaded)  # before `augment` is settled, which has a say in it
    if loaded.spec.sequential and fitted_at_once(config, loaded):
        check_unchanged(config.load, chosen(config.model, loaded.spec))
    check_settings(config.load, loaded.spec)
    load, augmenting = settled_augment(config.load, loaded, mixes=config.train.hardest == (1.0,))
    config = replace(
        config, load=replace(load, fit=loaded.spec.fit, sizes=sizes), train=config.train.settled(len(part))
    )
    config = replace(config, model=replace(config.model, views=views_of(config, loaded)))
    optim, moving = (config.optim, ()) if fitted_at_once(config, loaded) else settled_lr(config.optim)
    return replace(config, optim=optim), (*augmenting, *growing, *balancing, *moving)


def takes_minutes(config: RunConfig, loaded: Loaded) -> str | None:
    """A line, where features of fixed kernels are of so many steps that a person would wonder what takes so long."""
    longest = loaded.spec.shape[1] if loaded.spec.kind == "series" else 0
    if longest < LENGTHY or not fitted_at_once(config, loaded):
        return None
    model = chosen(config.model, loaded.spec)
    return (
        f"the longest series has {longest:,} steps: for each million {model} takes minutes, and tells nothing "
        "meanwhile; cut it, or name a model that learns in steps, as conv1d"
    )


def settled_lr(config: OptimConfig) -> tuple[OptimConfig, tuple[str, ...]]:
    """With the usual learning rate of an optimiser of timm, and a line that says so: theirs differ widely."""
    if config.of_timm is None or config.lr is not None:
        return config, ()
    lr, why = usual_lr(config.of_timm)
    return replace(config, lr=lr), (f"learning rate {lr:g} for {config.optimiser}, {why}; --lr takes another",)


def _balanced(config: RunConfig, loaded: Loaded) -> tuple[RunConfig, tuple[str, ...]]:
    """With the balance that is taken, and the measure that picks the best epoch."""
    tasks = loaded.spec.tasks
    balance, line = settled_balance(config.optim.balance, training_counts(loaded.split), tasks)
    train = config.train
    if fitted_at_once(config, loaded):  # by logistic or ridge regression, whose fit is their own
        ended = [name for name in ENDS if getattr(train, name) not in (None, 1)]
        line = f"{listed(ended)}: of no account, since the last layer is fitted at once" if ended else ""
        balance, train = "none", replace(train, epochs=1, steps=None, time=None)
    val = len(loaded.parts["val"]) if "val" in loaded.parts else 0
    metric = metric_of(train.metric, tasks, balanced=balance != "none", val=val)
    settled = replace(config, optim=replace(config.optim, balance=balance), train=replace(train, metric=metric))
    return settled, (line,) if line else ()


def fitted_at_once(config: RunConfig, loaded: Loaded) -> bool:
    """Whether the head is fitted in one go to what the body sees, and no step is taken.

    So it is where the preset asks for it, and for a model of fixed features, as long as its samples are not too many.
    """
    if config.transfer.preset == "instant":
        return True
    fixed = row_of(chosen(config.model, loaded.spec)).at_once
    return fixed and len(loaded.parts["train"]) <= MOST_AT_ONCE and not loaded.spec.tasks


def check_unchanged(config: DataConfig, model: str) -> None:
    """Raise SettingError where samples should be changed while training, and the model sees each but once."""
    changes = ("augment", "scale", "erasing", *MIXES, *OF_KINDS)
    name = next((name for name in changes if getattr(config, name) not in (None, 0, "auto", "none")), None)
    if name is not None:
        raise SettingError(
            f"{name} is {getattr(config, name)}, but {model} is fitted at once, to the samples as they are: leave it "
            "out, or name a model that learns in steps."
        )


def check_task_weights(config: OptimConfig, tasks: Sequence[Task]) -> None:
    """Raise SettingError where there is not one weight for each task."""
    if config.task_weights and len(config.task_weights) != max(1, len(tasks)):
        names = listed(task.name for task in tasks) or "which class"
        raise SettingError(
            f"task_weights holds {len(config.task_weights)}; must be one for each of what is asked: {names}."
        )
