"""What can be refused before anything heavy loads: a typo is answered in a blink."""

import os
from dataclasses import fields
from pathlib import Path

from tellapart.checks import epochs_in_all
from tellapart.commands.transfer import check_weights
from tellapart.config import OptimConfig, Reading, RunConfig
from tellapart.data import check_source
from tellapart.errors import DataError, SettingError
from tellapart.models import check_model
from tellapart.runs.run_folder import RunFolder, model_folder
from tellapart.training.timm_optimiser import check_optimiser


def check_config(config: RunConfig, *, goes_on: bool = False) -> None:
    """Raise SettingError or DataError where data, model, optimiser or weights that are asked for do not exist.

    goes_on  whether a run has weights of its own already: those that it began with may be gone
    """
    check_source(config.data, config.load)
    check_model(config.model)
    check_old_models(config.optim)
    if config.optim.of_timm is not None:
        check_optimiser(config.optim.of_timm)
    if not goes_on:
        check_weights(config)
    if config.load.data_dir is not None and not config.load.data_dir.is_dir():
        raise SettingError(f"data_dir is {str(config.load.data_dir)!r}: no such folder.")
    if config.load.split is not None:
        from tellapart.data.split_file import check_split

        check_split(config.load.split)


def check_old_models(config: OptimConfig) -> None:
    """Raise SettingError where a model to learn from, or to agree with, is not there."""
    for setting in ("teacher", "agree_with"):
        path = getattr(config, setting)
        if path is not None:
            try:
                model_folder(path)
            except DataError as error:
                raise SettingError(f"{setting} is {str(path)!r}: {error}") from None


def check_output(runs_dir: Path, name: str | None) -> None:
    """Raise SettingError where no run folder of that name can be made in that folder."""
    check_folder("runs_dir", runs_dir)
    if name is not None and (name in ("", ".", "..") or Path(name).name != name or "\0" in name):
        raise SettingError(f"name is {name!r}; give the name of a folder alone. Where it is made is --runs-dir.")


def check_folder(name: str, path: Path) -> None:
    """Raise SettingError where a setting names a folder that can neither be made nor be written to."""
    nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not nearest.is_dir():
        raise SettingError(f"{name} is {str(path)!r}, and {nearest} is a file; give a folder.")
    if not os.access(nearest, os.W_OK):
        flag = f"--{name.replace('_', '-')}"
        raise SettingError(f"{name} is {str(path)!r}, and {nearest} can't be written to; give another with {flag}.")


def check_resume(path: Path, epochs: str | None, lr: float | None = None) -> None:
    """Raise DataError where the folder is no run, SettingError where the epochs or the learning rate mean nothing."""
    run = RunFolder(path=path)
    if not run.config.exists() or not run.facts.exists():
        raise DataError(f"{path}: no run folder. Give one that `tellapart train` made, as in runs/photos.")
    if epochs is not None:
        epochs_in_all(epochs, 0)
    OptimConfig(lr=lr)


def check_unread(reading: Reading, run: Path) -> None:
    """Raise SettingError where settings say how to read data, but none are given: a run's own are read as they were."""
    for field in fields(Reading):
        value = getattr(reading, field.name)
        if field.name != "data_dir" and value != field.default:
            raise SettingError(
                f"{field.name} is {value!r}, but no data are given that it is of: a run's own data are read as they "
                f"were when it was trained. Leave it out, or say what to judge on: tellapart evaluate {run} DATA"
            )
