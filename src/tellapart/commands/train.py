"""tellapart train: data -> split -> batches -> model -> fit -> best epoch -> judged, reported, saved."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from torch import nn

from tellapart.commands.check import check, check_output
from tellapart.commands.evaluate import Evaluation
from tellapart.commands.judge import Trained, judge, report
from tellapart.commands.watch import Silence, Stopwatch, Watch
from tellapart.config import RunConfig
from tellapart.data import open_source
from tellapart.data.augment import Augmentation
from tellapart.data.batches import in_order, shuffled, steps_per_epoch
from tellapart.data.preview import preview_sheet
from tellapart.data.resident import Loaded, load
from tellapart.data.source import understood
from tellapart.data.split import described, split_csv, training_counts
from tellapart.errors import SettingError
from tellapart.evaluation.measures import better, scores
from tellapart.evaluation.predict import BATCH, predict
from tellapart.evaluation.tables import measures_json
from tellapart.files import replaced_folder, write_text
from tellapart.models import build_model, chosen
from tellapart.names import counted
from tellapart.runs.checkpoint import restore_weights, save_checkpoint
from tellapart.runs.facts import command_line, recorded
from tellapart.runs.model_folder import Card, write_model
from tellapart.runs.run_folder import Progress, RunFolder
from tellapart.training.fit import Plan, TrainState, fit, new_state, plan
from tellapart.types import Batch, EpochEnd, Order, Part
from tellapart.world import World, join_world


def train(
    config: RunConfig, *, runs_dir: Path = Path("runs"), name: str | None = None, watch: Watch | None = None
) -> Path:
    """Train once; the run folder comes out.

    runs_dir, name  where the run folder is made; a name that is taken gets a number
    """
    check(config)
    check_output(runs_dir, name)
    watch = watch or Silence()
    clock = Stopwatch()
    world = join_world(config.train)
    source = open_source(config.data, config.load)
    watch.say(f"{source.name}: {understood(source.entries()[0])}")
    loaded = load(source, config.load)
    if config.train.patience and "val" not in loaded.parts:
        raise SettingError(
            f"patience is {config.train.patience}, but there is no val part to be better on: set val_share."
        )
    state = new_state(build_model(config.model, loaded.spec, config.train.seed), config.optim, world)
    planned = _plan(state, config, loaded, world)
    run = RunFolder.new(runs_dir, name or source.name)
    with recorded(run, _facts(source.name, config, loaded, planned, world)) as facts:
        _write_start(run, config, loaded)
        for line in _opening(loaded, facts, state.module):
            watch.say(line)
        clock.lap("load")
        progress = Progress()
        with watch.work("training", planned.steps):
            for end in fit(state, _batches(loaded, config, world, watch), planned):
                _record(run, progress, end, state, _val_scores(state.module, loaded), config)
                if told(end.epoch, planned.epochs):
                    watch.say(_line(progress.history[-1], planned))
                if progress.since_best >= (config.train.patience or planned.epochs):
                    break
        restore_weights(run.best, state.module)
        clock.lap("train")
        facts |= {
            "exit_reason": _reason(progress, planned, config),
            "epochs": state.epoch,
            "best_epoch": progress.best_epoch,
        }
        module = state.module.to("cpu")  # where evaluate and predict run too: the same numbers come out there
        trained = Trained(run=run, module=module, config=config, loaded=loaded, progress=progress, facts=facts)
        found = judge(trained)
        with replaced_folder(run.model) as folder:
            write_model(folder, trained.module, _card(source.name, config, loaded, found))
        report(trained, found)
        clock.lap("judge")
        facts["seconds_by_stage"] = clock.laps
    return run.path


def _reason(progress: Progress, planned: Plan, config: RunConfig) -> str:
    """Why training is over."""
    if len(progress.history) == planned.epochs:
        return "all epochs done"
    return f"early stop: {counted(progress.since_best, 'epoch')} without a better {config.train.metric}"


def _plan(state: TrainState, config: RunConfig, loaded: Loaded, world: World) -> Plan:
    part = loaded.parts["train"]
    sample = next(in_order(part, 1)).inputs.to(world.device)
    return plan(state.module, sample, config.optim, config.train, steps_per_epoch(len(part), config.train.batch), world)


def _batches(loaded: Loaded, config: RunConfig, world: World, watch: Watch) -> Callable[[int], Iterable[Batch]]:
    """Epoch -> its batches, from data that lie on the device."""
    part = loaded.parts["train"].to(world.device)
    augmentation = Augmentation(crop_padding=config.load.crop_padding, flip=config.load.flip)
    return lambda epoch: watch.each(
        shuffled(part, Order(seed=config.train.seed, epoch=epoch), config.train.batch, augmentation)
    )


def _val_scores(module: nn.Module, loaded: Loaded) -> dict[str, float] | None:
    part = loaded.parts.get("val")
    return scores(predict(module, in_order(part, BATCH), part.ids, loaded.spec.classes)) if part else None


def _record(
    run: RunFolder,
    progress: Progress,
    end: EpochEnd,
    state: TrainState,
    found: dict[str, float] | None,
    config: RunConfig,
) -> None:
    """Add the epoch to the history and save where training is; of the best epoch too, without a val part the last."""
    row = {"epoch": end.epoch, "step": end.step, "lr": end.lr, "train_loss": end.loss, "train_accuracy": end.accuracy}
    row |= {f"val_{name}": value for name, value in (found or {}).items()}
    progress.history.append(row | {"seconds": round(end.seconds, 3)})
    run.write_history(progress.history)
    if found is None or better(config.train.metric, found, progress.best_scores):
        progress.best_epoch, progress.best_scores = end.epoch, found
        save_checkpoint(run.best, state, {"scores": found})
    save_checkpoint(run.last, state, {"best_epoch": progress.best_epoch, "best_scores": progress.best_scores})


def _write_start(run: RunFolder, config: RunConfig, loaded: Loaded) -> None:
    """What is known before the first step: settings, split, issues, and a sheet of augmented training pictures."""
    write_text(run.config, config.to_toml())
    write_text(run.split, split_csv(loaded.split))
    run.write_issues(loaded.issues)
    if loaded.spec.kind == "image":
        augmentation = Augmentation(crop_padding=config.load.crop_padding, flip=config.load.flip)
        batch = next(shuffled(loaded.parts["train"], Order(seed=config.train.seed, epoch=0), 32, augmentation))
        run.write_preview(preview_sheet(batch, loaded.spec.classes))


def _facts(name: str, config: RunConfig, loaded: Loaded, planned: Plan, world: World) -> dict[str, Any]:
    """What run.json says from the start."""
    return {
        "command": command_line(),
        "data": {
            "source": config.data,
            "name": name,
            "fingerprint": loaded.fingerprint,
            "samples": {part: len(entries) for part, entries in loaded.split.parts.items()},
            "carved_out_of_train": list(loaded.split.carved),
            "classes": list(loaded.spec.classes),
            "shape": list(loaded.spec.shape),
            "issues": len(loaded.issues),
        },
        "model": chosen(config.model, loaded.spec),
        "seed": config.train.seed,
        "epochs_planned": planned.epochs,
        "precision": "bf16" if planned.autocast else "fp32",
        "device": str(world.device),
        "threads": world.threads,
    }


def _opening(loaded: Loaded, facts: dict[str, Any], module: nn.Module) -> list[str]:
    """What was understood, in a few lines."""
    lines = [described(loaded.split)]
    if loaded.issues:
        lines.append(
            f"{counted(len(loaded.issues), 'issue')} with the data; data/issues.csv in the run folder names each"
        )
    lines += [f"{issue.path}: {issue.detail}" for issue in loaded.issues if issue.kind == "lost-class"]
    weights = sum(p.numel() for p in module.parameters())
    where = f"{facts['precision']} on {facts['device']}, {counted(facts['threads'], 'thread')}"
    return [*lines, f"{facts['model']}: {weights:,} weights, {counted(facts['epochs_planned'], 'epoch')}, {where}"]


def told(epoch: int, epochs: int) -> bool:
    """Whether an epoch gets a line: each of a short run, about 20 of a long one, and the last."""
    return epoch % max(1, epochs // 20) == 0 or epoch in (1, epochs)


def _line(row: dict[str, Any], planned: Plan) -> str:
    """The last line of the history for a person."""
    val = (
        f"  val accuracy {row['val_accuracy']:.4f}  val log-loss {row['val_log_loss']:.4f}"
        if "val_accuracy" in row
        else ""
    )
    return f"epoch {row['epoch']}/{planned.epochs}  loss {row['train_loss']:.4f}{val}  {row['seconds']:.1f} s"


def _card(name: str, config: RunConfig, loaded: Loaded, found: dict[Part, Evaluation]) -> Card:
    return Card(
        model=chosen(config.model, loaded.spec),
        settings=config.model.given(),
        spec=loaded.spec,
        trained_on=name,
        fingerprint=loaded.fingerprint,
        counts=training_counts(loaded.split),
        measures=measures_json(found["test"].measures) if "test" in found else {},
    )
