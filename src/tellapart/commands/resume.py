"""tellapart resume: go on with a run from its newest whole checkpoint, as if it had never stopped; or extend it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from tellapart.checks import epochs_in_all
from tellapart.commands.learn import FITTED
from tellapart.commands.learner import Learner, circumstances
from tellapart.commands.preflight import check_config, check_resume
from tellapart.commands.teachers import OLD
from tellapart.commands.train import finish, hardware_fit, prepared
from tellapart.commands.watch import Silence, Stopwatch, Watch
from tellapart.config import RunConfig, read_toml
from tellapart.errors import SettingError
from tellapart.files import held, remove_unfinished, write_text
from tellapart.names import counted
from tellapart.runs.checkpoint import newest_checkpoint, read_position, restore
from tellapart.runs.facts import recorded
from tellapart.runs.run_folder import RunFolder
from tellapart.training.fit import going_on
from tellapart.world import join_world

PASSING = ("schema", "status", "exit_reason", "versions", "started", "finished", "seconds")
"""What run.json says of one process alone."""
HARDWARE = ("device", "threads", "bf16", "precision", "tiles", "instructions", *OLD)
"""What the promise of equal bits hangs on beside data and versions."""

log = logging.getLogger("tellapart")


def resume(
    path: Path,
    *,
    epochs: str | None = None,
    lr: float | None = None,
    allow_inexact: bool = False,
    watch: Watch | None = None,
) -> Path:
    """Train a run to its end; its folder comes out.

    epochs         `+10` for ten more than were planned, `30` for thirty in all; the schedule is stretched to that end
    lr             peak learning rate from here on, where training diverged with that of the run
    allow_inexact  go on although something has changed that the promise of equal bits hangs on
    Raises SettingError where there is nothing to do or something has changed, DataError where this is no run.
    """
    check_resume(path, epochs, lr)
    with held(path):
        _go_on(RunFolder(path=path), epochs, lr, allow_inexact, watch or Silence())
    return path


def _go_on(run: RunFolder, epochs: str | None, lr: float | None, allow_inexact: bool, watch: Watch) -> None:
    """Resume, while nobody else is at work in the folder."""
    path, clock, facts = run.path, Stopwatch(), run.read_facts()
    config = _asked(run, epochs, lr, facts)
    if config.transfer.preset is not None or facts.get("exit_reason") == FITTED:
        whole = f" To train all of it: tellapart train {config.data} --weights {path}" if config.transfer.preset else ""
        raise SettingError(f"{path}: its head was fitted at once: there is nothing to go on with.{whole}")
    checkpoint = newest_checkpoint(run.checkpoints)
    position = read_position(checkpoint)
    _check_unfinished(run, facts, position, config)
    parts = run.parted(config.load)
    check_config(replace(config, load=parts), goes_on=True)
    _same_world(position["circumstances"], config, allow_inexact)
    learner, source = prepared(config, watch, parts)
    _same_promises(position["circumstances"], learner, allow_inexact)
    learner.progress = restore(checkpoint, learner.state)
    if config.train.steps is None:
        learner.plan = going_on(learner.plan, learner.state)
    if epochs is not None or lr is not None:
        write_text(run.config, config.to_toml())
    watch.say(f"{path}: goes on after step {learner.state.step:,} of {learner.plan.steps:,}")
    resumed = [*facts.get("resumed_after_steps", []), learner.state.step]
    if lr is not None:
        changed = {"after_step": learner.state.step, "lr": lr}
        facts["lr_changes"] = [*facts.get("lr_changes", []), changed]
        watch.say(f"the peak learning rate is {lr:g} from here on")
    kept = {name: value for name, value in facts.items() if name not in PASSING}
    now = hardware_fit(learner) | {"epochs_planned": learner.plan.epochs, "resumed_after_steps": resumed}
    with recorded(run, kept | now) as facts:
        remove_unfinished(path)
        clock.lap("load")
        finish(learner, run, source, facts, watch, clock)


def _check_unfinished(run: RunFolder, facts: dict[str, Any], position: dict[str, Any], config: RunConfig) -> None:
    """Raise SettingError where there is nothing left to train."""
    if facts.get("status") != "finished":
        return
    if position["state"]["epoch"] >= (config.train.epochs or 0):
        raise SettingError(
            f"{run.path}: the run is finished. To train it further: tellapart resume {run.path} --epochs +10"
        )
    if str(facts.get("exit_reason")).startswith("early stop"):
        raise SettingError(
            f"{run.path}: the run is finished: it stopped early, and would again. Train anew with a larger --patience: "
            f"tellapart train --config {run.config} --patience N"
        )


def _asked(run: RunFolder, epochs: str | None, lr: float | None, facts: dict[str, Any]) -> RunConfig:
    """The settings of a run, with the epochs that it shall have in all and the learning rate that it goes on with."""
    settings = read_toml(run.config)
    config = RunConfig.of(settings.pop("data"), settings | ({} if lr is None else {"lr": lr}))
    if epochs is None:
        return config
    planned = config.train.epochs or int(facts.get("epochs_planned", 0))  # those of a run by steps are in its facts
    return replace(config, train=replace(config.train, epochs=epochs_in_all(epochs, planned), steps=None))


def _same_world(then: dict[str, Any], config: RunConfig, allow_inexact: bool) -> None:
    """Take the thread count of the run where the settings leave it open: it is part of the promise."""
    if config.train.threads is None and not allow_inexact:
        join_world(replace(config.train, threads=then["threads"]))


def _same_promises(then: dict[str, Any], learner: Learner, allow_inexact: bool) -> None:
    """Refuse what would break equal bits, unless that is allowed; then it is told."""
    now = circumstances(learner)
    # a checkpoint that does not say was made without tiles, and by what its settings come to now
    then = {"tiles": False, "precision": now["precision"]} | then
    before, after = ({name: side.get(name) for name in HARDWARE} | side["versions"] for side in (then, now))
    changed = [
        f"{name}: {before.get(name)} then, {value} now" for name, value in after.items() if before.get(name) != value
    ]
    if then["fingerprint"] != now["fingerprint"]:
        changed.append("data: others than it was trained on; what its data/split.csv does not name is left out")
    if not changed:
        return
    what = f"{counted(len(changed), 'thing')} changed since the checkpoint: {'; '.join(changed)}"
    if not allow_inexact:
        raise SettingError(
            f"{what}. The promise that going on gives the same bits as never stopping would be lost. "
            "Bring it back to what it was, or take --allow-inexact."
        )
    log.warning("%s. It goes on, but not to the bits of an unbroken run.", what)
