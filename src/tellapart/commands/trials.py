"""Short trainings before the first step, judged on val: whether augmentation helps or hurts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tellapart.commands.learn import ends, note
from tellapart.commands.learner import Learner, new_learner
from tellapart.commands.settling import fitted_at_once
from tellapart.commands.watch import Watch
from tellapart.config import RunConfig
from tellapart.data.policy import FEW, Policy
from tellapart.errors import DivergedError, SettingError
from tellapart.evaluation.measures import METRICS, better
from tellapart.names import counted
from tellapart.types import EpochEnd

POLICIES: tuple[Policy, ...] = ("none", "light", "strong")
"""What is tried; a tie goes to the former."""
SHARE = 0.25
"""Of the steps that are planned, for each trial: shorter ones speak for no augmentation, which pays in the long run."""
LEAST = 20
"""Val samples by which `auto` judges: of fewer one more or less right is chance."""


def by_trials(learner: Learner, config: RunConfig, watch: Watch) -> Learner:
    """The learner with the augmentation under which short trainings did best on val; or as it is, where none are made.

    They are made where `augment` is tried; and where it is auto, for sequences, of which there are few: without it they
    are learned by heart, and by it some lose what tells them apart. Trials add three quarters to the training. The same
    seed gives the same. SettingError where they are asked for and can't be made.
    """
    asked, loaded = config.load.augment, learner.loaded
    against = _why_none(learner, config)
    if asked == "tried" and against:
        raise SettingError(f"augment is 'tried', but {against}.")
    few = len(loaded.parts["train"]) <= FEW * max(1, len(loaded.spec.classes))
    left = asked == "auto" and loaded.spec.sequential and few and not against
    if asked != "tried" and not (left and len(loaded.parts["val"]) >= LEAST):
        return learner
    steps = max(1, round(SHARE * learner.plan.steps))
    train = replace(config.train, epochs=None, steps=steps, compile="off")
    watch.say(f"augmentation is tried first: {counted(steps, 'step')} each without it, light and strong")
    found: dict[Policy, Mapping[str, float]] = {}
    with watch.work("augmentation", len(POLICIES) * steps, 0):
        for policy in POLICIES:
            scores = _scores(_with(policy, replace(config, train=train), learner), watch)
            found |= {policy: scores} if scores else {}
    metric = learner.config.train.metric_taken
    best: Policy = "none"
    for policy, scores in found.items():
        best = policy if better(metric, scores, found.get(best)) else best
    key = METRICS[metric][0]
    told = ", ".join(f"{policy} {scores[key]:.4f}" for policy, scores in found.items()) or "none came to an end"
    line = f"augmentation was tried for {counted(steps, 'step')} each; {metric} on val: {told}"
    other = _with(best, config, learner)
    return replace(other, said=(line, *other.said))


def _why_none(learner: Learner, config: RunConfig) -> str | None:
    """What stands against trials, and what to do about it."""
    if learner.loaded.spec.kind == "vector":
        return "vectors are never changed: leave it out"
    if fitted_at_once(learner.config, learner.loaded):
        return "the last layer is fitted at once, to the samples as they are: leave it out"
    if "val" not in learner.loaded.parts:
        return "there is no val part to judge by: set val_share, or say none, light or strong"
    if config.train.time is not None:
        return "time says when training ends, which trials come before: give epochs, or say none, light or strong"
    if learner.adopted is not None:
        return "training begins with weights, and trials from scratch: say none, light or strong"
    return None


def _with(policy: Policy, config: RunConfig, learner: Learner) -> Learner:
    """The same before its first step, with another augmentation."""
    return new_learner(replace(config, load=replace(config.load, augment=policy)), learner.loaded, learner.world)


def _scores(trial: Learner, watch: Watch) -> Mapping[str, float] | None:
    """What its best epoch comes to on val; None where it leaves the finite numbers before it has one."""
    try:
        for end in ends(trial, watch, lambda _: False):
            if isinstance(end, EpochEnd):
                note(end, trial)
            if trial.done:
                break
    except DivergedError:
        return None
    return trial.progress.best_scores
