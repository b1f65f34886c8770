"""Settings from beside the flags: variables, TOML files, recipes; and the flags that are no setting of a run."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, ArgumentCollection, Group, Parameter
from cyclopts.config import Dict, Env

from tellapart.commands.recipes import find_recipe, usual
from tellapart.config import GROUPS, RunConfig, beneath, read_toml
from tellapart.data import SOURCES
from tellapart.errors import SettingError
from tellapart.names import did_you_mean

COLUMNS = ("path_column", "text_column", "label_columns", "number_columns")
"""Settings that say what a table holds, and so which recipe is the usual one."""


@Parameter(name="*", group=Group("Output", sort_key=9))
@dataclass(frozen=True, kw_only=True)
class Output:
    """Where the result goes."""

    quiet: Annotated[bool, Parameter(negative="")] = False
    """Say nothing on the way."""
    json: Annotated[bool, Parameter(negative="")] = False
    """Print the result as one JSON object."""


@Parameter(name="*", group=Group("Output", sort_key=9))
@dataclass(frozen=True, kw_only=True)
class RunOutput(Output):
    """Where the result and the run folder go."""

    runs_dir: Path = Path("runs")
    """Folder that holds the run folders."""
    name: str | None = None
    """Name of the run folder; by default that of the data. One that is taken gets a number, nothing is overwritten."""


@Parameter(name="*", group=Group("Output", sort_key=9))
@dataclass(frozen=True, kw_only=True)
class CheckOutput(Output):
    """Where the findings go."""

    out: Path = Path("check")
    """Folder that holds a folder of findings for each check; one whose name is taken gets a number."""


@Parameter(name="*", group=Group("Output", sort_key=9))
@dataclass(frozen=True, kw_only=True)
class TuneOutput(Output):
    """Where what was found goes."""

    out: Path = Path("tune")
    """Folder that holds a folder for each search; one whose name is taken gets a number."""


@Parameter(name="*", group=Group("Settings from files", sort_key=0))
@dataclass(frozen=True, kw_only=True)
class Layers:
    """Settings below the flags and the TELLAPART_ variables."""

    recipe: str | None = None
    """Shipped recipe to start from; `tellapart recipes` lists them."""
    config: Path | None = None
    """TOML file with settings, as the config.toml of a run; it goes before the recipe."""


def check_variables() -> None:
    """Refuse a TELLAPART_ variable that means nothing: it is a typo."""
    groups = (*GROUPS.values(), RunOutput, CheckOutput, TuneOutput, Layers)
    words = {f.name for group in groups for f in fields(group)} | {
        "data",
        "require",
        "predictions",
        "part",
        "allow_inexact",
        "against",
        "quick",
        "lr_only",
    }
    known = {f"TELLAPART_{word.upper()}" for word in words}
    for name in sorted(os.environ):
        if name.startswith("TELLAPART_") and name not in known:
            raise SettingError(f"Unknown variable {name}. {did_you_mean(name, known)}")


def _all_of(arguments: ArgumentCollection, name: str) -> Any:
    """What was typed for a column, or for several of them; None where nothing was."""
    typed = [token.value for argument in arguments if argument.name == _flag(name) for token in argument.tokens]
    return (typed[-1] if name.endswith("column") else tuple(typed)) if typed else None


def _flag(name: str) -> str:
    return f"--{name}".replace("_", "-")


def from_variables(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Put the TELLAPART_ variables where no flag stands.

    A run that is gone on with has its settings: there TELLAPART_EPOCHS and TELLAPART_LR are meant for the runs to come.
    """
    if "resume" in commands:
        others = (argument for argument in arguments if argument.name not in ("--epochs", "--lr"))
        arguments = ArgumentCollection(others)  # type: ignore[no-untyped-call]
    Env("TELLAPART_", command=False)(app, commands, arguments)


def fill_from_files(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Put the settings of --config, then of --recipe, where no flag and no variable stands.

    Where no model is named in any of them, those of the recipe `auto` come last, or of `transfer` for given weights.
    """
    if not {"train", "tune"} & set(commands):
        return
    given = {argument.name: argument.tokens[-1].value for argument in arguments if argument.tokens}
    columns = {name: _all_of(arguments, name) for name in COLUMNS}
    files: list[Path] = []
    if "--config" in given:
        files.append(Path(given["--config"]))
    if "--recipe" in given:
        files.append(find_recipe(given["--recipe"]).path)
    named = "--model" in given
    while files or not named:
        last = not files
        if last:
            said = {name: value for name, value in columns.items() if value}
            name = usual(given.get("--data", ""), said | {"weights": given.get("--weights")})
            if name is None:
                return
            files.append(find_recipe(name).path)
        path = files.pop(0)
        above = {name.removeprefix("--").replace("-", "_") for name in given}
        settings = beneath(read_toml(path, given.get("--data"), SOURCES), above)
        try:
            RunConfig.of("", {name: value for name, value in settings.items() if name != "data"})
        except SettingError as error:
            raise SettingError(f"{path}: {error}") from None
        columns = {name: columns[name] or settings.get(name) for name in COLUMNS}
        given = {_flag(name): str(value) for name, value in settings.items()} | given
        named = named or last or "model" in settings
        Dict(settings, source=str(path), use_commands_as_keys=False)(app, commands, arguments)
