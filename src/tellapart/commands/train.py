"""tellapart train: data -> split -> batches -> model -> fit -> best epoch -> judged, reported, saved."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tellapart.audit.first import first_findings
from tellapart.commands.evaluate import Evaluation
from tellapart.commands.instant import fit_at_once
from tellapart.commands.judge import Trained, judge, report
from tellapart.commands.learn import FITTED, learn, reason
from tellapart.commands.learner import Learner, best_module, check_patience, new_learner, settled_config
from tellapart.commands.preflight import check_config, check_output
from tellapart.commands.probing import Looks, found
from tellapart.commands.settling import fitted_at_once, takes_minutes
from tellapart.commands.timing import settle
from tellapart.commands.transfer import of_their_model, weights_of
from tellapart.commands.trials import by_trials
from tellapart.commands.watch import Silence, Stopwatch, Watch
from tellapart.config import DataConfig, RunConfig
from tellapart.data import open_source
from tellapart.data.augment import augmentation_of
from tellapart.data.batches import shuffled
from tellapart.data.cards import text_sheet
from tellapart.data.curves import curve_sheet
from tellapart.data.preview import preview_sheet, rows_of_each
from tellapart.data.resident import Loaded, load
from tellapart.data.source import understood
from tellapart.data.split import described, split_csv, training_counts
from tellapart.data.tasks import asked
from tellapart.data.unlabelled import columns_of
from tellapart.evaluation.tables import measures_json
from tellapart.files import held, replaced_folder, write_text
from tellapart.models import chosen
from tellapart.names import counted, listed
from tellapart.runs.facts import command_line, recorded
from tellapart.runs.model_folder import Card, write_model
from tellapart.runs.run_folder import RunFolder
from tellapart.training.plan import convolves
from tellapart.types import Batch, DataSpec, Issue, Kind, Order, Part
from tellapart.world import join_world

SHEETS: dict[Kind, Callable[[Batch, DataSpec], bytes]] = {
    "image": preview_sheet,
    "series": curve_sheet,
    "audio": curve_sheet,
    "text": text_sheet,
}
"""Kind of data -> what makes a sheet of training samples."""
SHOWN, SEQUENCES_SHOWN = 32, 24
"""Samples on it."""


def train(
    config: RunConfig, *, runs_dir: Path = Path("runs"), name: str | None = None, watch: Watch | None = None
) -> Path:
    """Train once; the run folder comes out.

    runs_dir, name  where the run folder is made; a name that is taken gets a number
    Raises Interrupted where it was asked to stop; `resume` goes on from there.
    """
    check_config(config)
    check_output(runs_dir, name)
    watch = watch or Silence()
    clock = Stopwatch()
    learner, source = prepared(config, watch)
    clock.lap("load")
    tried = by_trials(learner, config, watch)
    if tried is not learner:
        learner = tried
        clock.lap("trials")
    learner = settle(learner, learner.config.train if fitted_at_once(learner.config, learner.loaded) else config.train)
    run = RunFolder.new(runs_dir, name or source)
    with held(run.path), recorded(run, _facts(source, learner)) as facts:
        _write_start(run, settled_config(learner), learner.loaded)
        for line in _opening(learner, facts):
            watch.say(line)
        clock.lap("load")
        finish(learner, run, source, facts, watch, clock)
    return run.path


def prepared(config: RunConfig, watch: Watch, parts: DataConfig | None = None) -> tuple[Learner, str]:
    """The data read and split, the model before its first step; and the name of the source.

    parts  how the data are cut into parts by a run that goes on: its own checkpoint has the weights, too
    """
    world = join_world(config.train)
    weights = weights_of(config) if parts is None else None
    config = of_their_model(config, weights)
    source = open_source(config.data, config.load)
    entries = source.entries()[0]
    watch.say(f"{source.name}: {understood(entries, asked(source.name, entries, config.load))}")
    loaded = load(source, parts or config.load)
    loaded = replace(loaded, issues=(*loaded.issues, *first_findings(loaded)))
    check_patience(config, loaded)
    lengthy = takes_minutes(config, loaded)
    if lengthy is not None:
        watch.say(lengthy)
    import sklearn.metrics  # noqa: F401 - validation computes with it; loaded here, it does not count as training

    return new_learner(config, loaded, world, weights), source.name


def finish(
    learner: Learner, run: RunFolder, source: str, facts: dict[str, Any], watch: Watch, clock: Stopwatch
) -> None:
    """Train what is left to train, judge the best epoch, write model and report."""
    looks = Looks(learner, run, watch)
    try:
        if fitted_at_once(learner.config, learner.loaded):
            fit_at_once(learner, run)
        else:
            learn(learner, run, looks, watch)
            looks.last()
    finally:
        facts["health"] = [finding.to_json() for finding in found(learner)]
    module, progress = best_module(learner), learner.progress
    clock.lap("train")
    facts |= {"exit_reason": reason(learner), "epochs": learner.state.epoch, "best_epoch": progress.best_epoch}
    trained = Trained(
        run=run,
        module=module,
        config=learner.config,
        loaded=learner.loaded,
        progress=progress,
        facts=facts,
        findings=found(learner),
    )
    judged = judge(trained)
    with replaced_folder(run.model) as folder:
        write_model(folder, module, _card(source, learner, judged, facts))
    report(trained, judged)
    clock.lap("judge")
    facts["seconds_by_stage"] = clock.laps


def _write_start(run: RunFolder, config: RunConfig, loaded: Loaded) -> None:
    """What is known before the first step: settings, split, issues, and a sheet of augmented training pictures."""
    write_text(run.config, config.to_toml())
    write_text(run.split, split_csv(loaded.split))
    run.write_issues(loaded.issues)
    sheet = SHEETS.get(loaded.spec.kind)
    if sheet is not None:
        augmentation = augmentation_of(config.load, loaded.spec)
        part, seed = loaded.parts["train"], config.train.seed
        # a batch of sequences holds those of like length
        among = rows_of_each(part.targets, seed, SEQUENCES_SHOWN) if loaded.spec.sequential else None
        batch = next(shuffled(part, Order(seed=seed, epoch=0, among=among), SHOWN, augmentation))
        run.write_preview(sheet(batch, loaded.spec))


def _facts(name: str, learner: Learner) -> dict[str, Any]:
    """What run.json says from the start."""
    config, loaded = learner.config, learner.loaded
    return {
        "command": command_line(),
        "data": {
            "source": config.data,
            "name": name,
            "fingerprint": loaded.fingerprint,
            "samples": {part: len(entries) for part, entries in loaded.split.parts.items()},
            "carved_out_of_train": list(loaded.split.carved),
            "split": list(loaded.split.how),
            "classes": list(loaded.spec.classes),
            "shape": list(loaded.spec.shape),
            "issues": len(loaded.issues),
            "cache": loaded.cache,
        },
        "model": chosen(config.model, loaded.spec),
        "weights": learner.origin,
        "seed": config.train.seed,
        "epochs_planned": learner.plan.epochs,
        "chosen": [line for line in (loaded.fitted, *learner.said) if line],
        **hardware_fit(learner),
    }


def hardware_fit(learner: Learner) -> dict[str, Any]:
    """What was chosen for the machine."""
    return {
        "precision": learner.plan.precision,
        "device": str(learner.world.device),
        "threads": learner.world.threads,
        "channels_last": convolves(learner.state.module),
        "compiled": learner.state.compiled is not None,
        "passive_waiting": learner.world.passive,
        "freed_memory_kept": learner.world.keeps_memory,
    }


def _opening(learner: Learner, facts: dict[str, Any]) -> list[str]:
    """What was understood and chosen, in a few lines."""
    loaded = learner.loaded
    lines = [described(loaded.split)]
    if loaded.issues:
        lines.append(
            f"{counted(len(loaded.issues), 'issue')} with the data ({_kinds(loaded.issues)}); data/issues.csv in the "
            "run folder names each, `tellapart check` looks for more"
        )
    lines += [f"{issue.path}: {issue.detail}" for issue in loaded.issues if issue.kind == "lost-class"]
    lines += facts["chosen"]
    weights = sum(p.numel() for p in learner.state.module.parameters())
    words = {
        "channels_last": "channels last",
        "compiled": "compiled",
        "passive_waiting": "passive",
        "freed_memory_kept": "keeping memory",
    }
    said = [word for fact, word in words.items() if facts[fact]]
    where = [f"{facts['precision']} on {facts['device']}", counted(facts["threads"], "thread"), *said]
    at_once = fitted_at_once(learner.config, loaded)
    what = [f"{facts['model']}: {weights:,} weights", FITTED if at_once else counted(facts["epochs_planned"], "epoch")]
    return [*lines, ", ".join([*what, *where])]


def _kinds(issues: Sequence[Issue]) -> str:
    """`3 unreadable, 1 conflict`."""
    return listed(f"{count:,} {kind}" for kind, count in Counter(issue.kind for issue in issues).items())


def _card(name: str, learner: Learner, found: dict[Part, Evaluation], facts: dict[str, Any]) -> Card:
    config, loaded = learner.config, learner.loaded
    return Card(
        model=chosen(config.model, loaded.spec),
        settings=config.model.given(),
        spec=loaded.spec,
        trained_on=name,
        fingerprint=loaded.fingerprint,
        counts=training_counts(loaded.split),
        measures=measures_json(found["test"].measures) if "test" in found else {},
        thresholds=next(iter(found.values())).thresholds if found else (),
        columns=columns_of(config.load),
        weights=facts.get("weights", {}),
    )
