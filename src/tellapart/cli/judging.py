"""The commands that say how good something is, or what it is: evaluate, predict, check."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tellapart.cli.groups import flat
from tellapart.config import Reading
from tellapart.errors import DataError, SettingError
from tellapart.layers import CheckOutput, Output
from tellapart.names import counted
from tellapart.types import Part


def evaluate(
    run: Path,
    data: str | None = None,
    *,
    part: Part | None = None,
    require: tuple[str, ...] = (),
    predictions: Path | None = None,
    against: Path | None = None,
    reading: Annotated[Reading, flat("Data", 1)] = Reading(),
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


def check(
    data: str,
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    reading: Annotated[Reading, flat("Data", 1)] = Reading(),
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
