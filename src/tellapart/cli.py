"""The command line. Flags, variables and help come from the dataclasses in `config`; torch loads after the checks."""

import io
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Group, Parameter

from tellapart import __version__
from tellapart.config import DataConfig, ModelConfig, OptimConfig, Reading, RunConfig, TrainConfig, TransferConfig
from tellapart.errors import DataError, SettingError, TellapartError
from tellapart.layers import (
    CheckOutput,
    Layers,
    Output,
    RunOutput,
    TuneOutput,
    check_variables,
    fill_from_files,
    from_variables,
)
from tellapart.names import counted
from tellapart.types import Part
from tellapart.world import wait_passively

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells count it."""


def _flat(title: str, order: int) -> Parameter:
    return Parameter(name="*", group=Group(title, sort_key=order))


app = App(
    name="tellapart",
    help="From labelled pictures to a classifier that can be trusted. Settings can also be TELLAPART_* variables.",
    version=__version__,
    default_parameter=Parameter(consume_multiple=True, negative_iterable="", show_env_var=False),
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)


@app.command
def train(
    data: str,
    *,
    layers: Layers = Layers(),  # noqa: ARG001 - read by fill_from_files while the settings are gathered
    load: Annotated[DataConfig, _flat("Data", 1)] = DataConfig(),
    model: Annotated[ModelConfig, _flat("Model", 2)] = ModelConfig(),
    transfer: Annotated[TransferConfig, _flat("Transfer", 3)] = TransferConfig(),
    optim: Annotated[OptimConfig, _flat("Optimisation", 4)] = OptimConfig(),
    training: Annotated[TrainConfig, _flat("Training", 5)] = TrainConfig(),
    output: RunOutput = RunOutput(),
) -> None:
    """Train a classifier, judge it on pictures it never saw, and write everything into a run folder.

    Parameters
    ----------
    data
        A word (digits, mnist, fashion-mnist, cifar10), a folder with a folder of pictures per class, a table of paths
        and labels (.csv, .tsv, .parquet), an archive (.zip, .tar, .tar.gz), arrays (.npz, .npy), or tar shards.
    """
    config = RunConfig(data=data, load=load, model=model, transfer=transfer, optim=optim, train=training)
    from tellapart.commands.preflight import check_config, check_output

    check_config(config)
    check_output(output.runs_dir, output.name)
    from tellapart.commands.show import show_run
    from tellapart.commands.train import train as train_command
    from tellapart.commands.watch import watch_for

    path = train_command(config, runs_dir=output.runs_dir, name=output.name, watch=watch_for(output.quiet))
    show_run(path, as_json=output.json, quiet=output.quiet)


@app.command
def resume(
    run: Path,
    *,
    epochs: str | None = None,
    lr: float | None = None,
    allow_inexact: Annotated[bool, Parameter(negative="")] = False,
    output: Output = Output(),
) -> None:
    """Go on with a run that was stopped, to the same bits as if it never had been; or train a finished one further.

    Parameters
    ----------
    run
        A run folder.
    epochs
        +10 for ten more epochs than planned, 30 for thirty in all; the schedule is stretched to the new end.
    lr
        Peak learning rate from here on, where training diverged with that of the run.
    allow_inexact
        Go on although threads, versions or data have changed, which loses the promise of equal bits.
    """
    from tellapart.commands.preflight import check_resume

    check_resume(run, epochs, lr)
    from tellapart.commands.resume import resume as resume_command
    from tellapart.commands.show import show_run
    from tellapart.commands.watch import watch_for

    path = resume_command(run, epochs=epochs, lr=lr, allow_inexact=allow_inexact, watch=watch_for(output.quiet))
    show_run(path, as_json=output.json, quiet=output.quiet)


@app.command
def evaluate(
    run: Path,
    data: str | None = None,
    *,
    part: Part | None = None,
    require: tuple[str, ...] = (),
    predictions: Path | None = None,
    against: Path | None = None,
    reading: Annotated[Reading, _flat("Data", 1)] = Reading(),
    output: Output = Output(),
) -> None:
    """Judge a model on labelled data, or again on the data of its run.

    Parameters
    ----------
    run
        A run folder or a model folder.
    data
        Whatever `train` takes; by default the data of the run, split as they were.
    part
        Which part of the run's own data; by default test.
    require
        Measures that must be reached, as in accuracy=0.95; exit code 4 where one is not.
    predictions
        CSV file to write, with the logits of every sample.
    against
        Run or model folder of an older model: how many samples that it had right are wrong now.
    """
    from tellapart.commands.gate import check_gate, parsed_demands
    from tellapart.commands.preflight import check_unread
    from tellapart.data import check_source
    from tellapart.runs.run_folder import RunFolder, model_folder

    demands = parsed_demands(require)
    folder = model_folder(run)
    if against is not None:
        model_folder(against)
    if predictions is not None and not predictions.absolute().parent.is_dir():
        raise SettingError(f"predictions is {str(predictions)!r}: there is no folder {predictions.parent}.")
    if data is not None and part is not None:
        raise SettingError("part is of the run's own data; give either DATA or --part.")
    if data is None:
        check_unread(reading, run)
    if data is not None:
        check_source(data, reading)
    elif not RunFolder(path=run).config.exists():
        raise SettingError(
            f"{run}: a model without its run. Give the data to judge it on: tellapart evaluate {run} DATA"
        )
    from tellapart.commands.evaluate import evaluate_on, evaluate_run
    from tellapart.commands.show import show_evaluation
    from tellapart.runs.model_folder import read_model

    module, card = read_model(folder)
    if data is None:
        result = evaluate_run(module, card, RunFolder(path=run), part or "test", reading.data_dir, against)
    else:
        result = evaluate_on(module, card, data, reading, RunFolder(path=run).seen(), against)
    show_evaluation(result, as_json=output.json, quiet=output.quiet, predictions=predictions)
    check_gate(result.measures, demands)


@app.command
def predict(
    run: Path,
    items: tuple[Path, ...],
    *,
    output: Output = Output(),
) -> None:
    """Say what is in files: one line each with path, class and confidence.

    Parameters
    ----------
    run
        A run folder or a model folder.
    items
        Picture, sound or text files, or folders of them; of series, the files that `train` takes, as tables of
        texts with or without the class.
    """
    from tellapart.runs.run_folder import model_folder

    folder = model_folder(run)
    if not items:
        raise SettingError("Nothing to predict. Give files, or a folder of them.")
    from tellapart.commands.predict import answered
    from tellapart.commands.show import show_answers
    from tellapart.data.items import files_below
    from tellapart.runs.model_folder import read_model

    module, card = read_model(folder)
    paths = files_below(items, card.spec.kind)
    unread = show_answers(answered(module, card.spec, paths, card.thresholds, card.columns), as_json=output.json)
    if unread:
        several = card.spec.kind in ("series", "text")  # in a file
        what = counted(unread, "sample") if several else f"{counted(unread, 'file')} of {len(paths):,}"
        raise DataError(f"{what} could not be read; the others are answered above.")


@app.command
def check(
    data: str,
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    reading: Annotated[Reading, _flat("Data", 1)] = Reading(),
    output: CheckOutput = CheckOutput(),
) -> None:
    """Say what is wrong with data before a model is trained on them; nothing is changed.

    Exit code 3 where something should be put right first: a leak, a conflict, a lost class.

    Parameters
    ----------
    data
        Whatever `train` takes.
    quick
        Leave out the search for wrong labels, which trains models.
    """
    from tellapart.commands.preflight import check_folder
    from tellapart.data import check_source

    check_source(data, reading)
    check_folder("out", output.out)
    from tellapart.commands.check import check as check_command
    from tellapart.commands.show import show_check
    from tellapart.commands.watch import watch_for

    found = check_command(data, reading, out=output.out, quick=quick, watch=watch_for(output.quiet))
    show_check(found, as_json=output.json, quiet=output.quiet)
    if found.blocking:
        raise DataError(
            f"{counted(len(found.blocking), 'finding')} to put right before training; {found.page} shows them."
        )


@app.command
def tune(
    data: str,
    *,
    lr_only: Annotated[bool, Parameter(negative="")] = False,
    layers: Layers = Layers(),  # noqa: ARG001 - read by fill_from_files while the settings are gathered
    load: Annotated[DataConfig, _flat("Data", 1)] = DataConfig(),
    model: Annotated[ModelConfig, _flat("Model", 2)] = ModelConfig(),
    optim: Annotated[OptimConfig, _flat("Optimisation", 3)] = OptimConfig(),
    training: Annotated[TrainConfig, _flat("Training", 4)] = TrainConfig(),
    output: TuneOutput = TuneOutput(),
) -> None:
    """Look for a setting before training: the learning rate, by 120 steps at rising rates in two minutes at most.

    Parameters
    ----------
    data
        Whatever `train` takes.
    lr_only
        Look for the learning rate alone, which is all that there is.
    """
    if not lr_only:
        raise SettingError(
            f"tune looks for the learning rate, and for nothing else yet: tellapart tune {data} --lr-only"
        )
    config = RunConfig(data=data, load=load, model=model, optim=optim, train=training)
    from tellapart.commands.preflight import check_config, check_folder

    check_config(config)
    check_folder("out", output.out)
    from tellapart.commands.show import show_tuned
    from tellapart.commands.tune import tune as tune_command
    from tellapart.commands.watch import watch_for

    found = tune_command(config, out=output.out, watch=watch_for(output.quiet))
    show_tuned(found, as_json=output.json, quiet=output.quiet)


@app.command
def models(*, output: Output = Output()) -> None:
    """List the models."""
    from tellapart.commands.show import show_table
    from tellapart.models import FAMILIES, MODELS

    listed = MODELS | {f"{family}:NAME": row for family, row in FAMILIES.items()}
    rows = [
        {"name": name, "data": list(row.kinds), "settings": list(row.settings), "summary": row.summary}
        for name, row in listed.items()
    ]
    show_table("models", rows, as_json=output.json)


@app.command
def recipes(name: str | None = None, *, output: Output = Output()) -> None:
    """List the shipped recipes, or print one.

    Parameters
    ----------
    name
        The recipe to print.
    """
    from tellapart.commands.recipes import find_recipe
    from tellapart.commands.recipes import recipes as shipped
    from tellapart.commands.show import show_table

    if name is not None and not output.json:
        print(find_recipe(name).path.read_text(encoding="utf-8"), end="")
        return
    chosen = [find_recipe(name)] if name else shipped()
    show_table("recipes", [{"name": recipe.name, "about": recipe.head} for recipe in chosen], as_json=output.json)


@app.command
def doctor(*, output: Output = Output()) -> None:
    """Say what this machine offers, and what is missing."""
    from tellapart.commands.doctor import doctor as examine
    from tellapart.commands.show import show_facts

    show_facts(examine(), as_json=output.json)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; the exit code says how it went (see the README)."""
    wait_passively()
    app.config = (from_variables, fill_from_files)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal can't show is shown by its numbers
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    try:
        check_variables()
        app(
            sys.argv[1:] if argv is None else argv, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        _fail(_one_line(error), SettingError.exit_code)
    except TellapartError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:  # a full or read-only disk, say
        if isinstance(error, BrokenPipeError):  # the reader of our output went away, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(TellapartError.exit_code)
        _fail(f"{error.filename or 'system'}: {error.strerror or error}", TellapartError.exit_code)
    except KeyboardInterrupt as stopped:
        _fail(str(stopped) or "Interrupted.", INTERRUPTED)


def _stop(*_: object) -> None:
    """A request to end, as from a job queue, is taken like Ctrl-C: the run says that it was interrupted."""
    raise KeyboardInterrupt


def _one_line(error: CycloptsError) -> str:
    return " ".join(str(error).split())


def _fail(message: str, code: int) -> None:
    print(f"tellapart: {message}", file=sys.stderr)
    sys.exit(code)
