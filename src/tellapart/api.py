"""The Python face: check, tune, train, load, predict, evaluate. It only calls the commands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.commands.preflight import check_config, check_folder, check_output
from tellapart.commands.recipes import below
from tellapart.commands.watch import watch_for
from tellapart.config import Reading, RunConfig
from tellapart.data import check_source
from tellapart.errors import DataError, SettingError
from tellapart.names import did_you_mean
from tellapart.runs.run_folder import RunFolder, model_folder
from tellapart.types import DataSpec, Measure, Part
from tellapart.world import wait_passively

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from tellapart.commands.check import Checked
    from tellapart.commands.predict import Answer
    from tellapart.commands.tune import Tuned
    from tellapart.runs.model_folder import Card

Data = str | Path | tuple[Any, Any] | Mapping[str, Any] | Sequence[Any]
"""Where labelled samples are: a path or an address, samples and labels in memory, or a list of such."""

__all__ = ["Answer", "Checked", "Model", "Run", "Tuned", "check", "load", "resume", "train", "tune"]


def train(
    data: Data,
    *,
    recipe: str | None = None,
    runs_dir: str | Path = "runs",
    name: str | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train once; the run comes out, and its folder is on the disk.

    data      a word (digits, mnist, fashion-mnist, cifar10), a folder, a table, an archive, arrays or shards; a pair
              (x, y) of arrays or tensors in memory, or a mapping of them (x_train, y_train, x_test, y_test), which are
              written to the cache folder; or a list of such, which are mixed
    recipe    name of a shipped recipe, whose settings hold where `settings` are silent
    settings  any field of the configuration by its name, as in epochs=5, model="cnn", lr=0.01
    Raises SettingError (what is near, what exists) before anything loads, DataError where the data can't be used.
    """
    first, settings = _mixed(data, settings)
    config = RunConfig.of(first, below(recipe, first, settings) | settings)
    check_config(config)
    check_output(Path(runs_dir), name)
    wait_passively()
    from tellapart.commands.train import train as train_command

    return Run(path=train_command(config, runs_dir=Path(runs_dir), name=name, watch=watch_for(quiet)))


def resume(
    path: str | Path,
    *,
    epochs: str | int | None = None,
    lr: float | None = None,
    allow_inexact: bool = False,
    quiet: bool = False,
) -> Run:
    """Go on with a run that was stopped, to the same bits as if it never had been; or train a finished one further.

    path           a run folder
    epochs         "+10" for ten more than planned, 30 for thirty in all; by default those that were planned
    lr             peak learning rate from here on, where training diverged with that of the run
    allow_inexact  go on although threads, versions or data have changed, which loses the promise of equal bits
    Raises SettingError where there is nothing to do or something has changed, DataError where this is no run,
    DamagedError where no checkpoint is whole.
    """
    wait_passively()
    from tellapart.commands.resume import resume as resume_command

    asked = None if epochs is None else str(epochs)
    watch = watch_for(quiet)
    return Run(path=resume_command(Path(path), epochs=asked, lr=lr, allow_inexact=allow_inexact, watch=watch))


def check(
    data: Data,
    *,
    out: str | Path = "check",
    quick: bool = False,
    quiet: bool = False,
    **reading: Any,
) -> Checked:
    """Look for what is wrong with data before training; its `issues`, `counts` and the `path` of its folder come out.

    data     all that `train` takes
    out      folder in which the folder of findings is made: issues.csv, check.html
    quick    leave out the search for wrong labels, which trains models
    reading  how the data are read, as in data_dir="data", path_column="file"
    Nothing of the data is changed. Raises DataError where they can't be read at all.
    """
    first, asked = _read_as(data, reading)
    check_source(first, asked)
    check_folder("out", Path(out))
    wait_passively()
    from tellapart.commands.check import check as check_command

    return check_command(first, asked, out=Path(out), quick=quick, watch=watch_for(quiet))


def tune(
    data: Data,
    *,
    recipe: str | None = None,
    out: str | Path = "tune",
    quiet: bool = False,
    **settings: Any,
) -> Tuned:
    """Look for a learning rate: 120 steps at rising rates on copies, in two minutes at most; nothing is trained.

    data, recipe, settings  as `train` takes them; from a thousandth of lr to its thousandfold is tried
    out                     folder in which the folder of findings is made: lr.json, lr.svg
    Of what comes out `suggested` is the rate, None where the loss fell at none; `curve` has for each rate of its `lrs`
    the mean loss of the batch before the step (`losses`), and the moving average of these (`smoothed`).
    Raises SettingError where a setting is wrong or the model is fitted at once, DataError where the data can't be used.
    """
    first, settings = _mixed(data, settings)
    config = RunConfig.of(first, below(recipe, first, settings) | settings)
    check_config(config)
    check_folder("out", Path(out))
    wait_passively()
    from tellapart.commands.tune import tune as tune_command

    return tune_command(config, out=Path(out), watch=watch_for(quiet))


def load(path: str | Path) -> Model:
    """The model of a run folder, or of a model folder. Its hashes are checked before a weight is used.

    Raises DataError where there is no model, DamagedError where a byte is wrong.
    """
    folder, seen = model_folder(Path(path)), RunFolder(path=Path(path)).seen()
    from tellapart.runs.model_folder import read_model

    module, card = read_model(folder)
    return Model(module=module, card=card, seen=seen)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished training run on the disk."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    @property
    def model(self) -> Model:
        """Its model, with the weights of the best epoch."""
        return load(self.path)

    @property
    def report(self) -> Path:
        """The HTML page that says how good the model is."""
        return RunFolder(path=self.path).report

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json holds: status, command, versions, data, times."""
        return RunFolder(path=self.path).read_facts()

    def measures(self, part: Part = "test") -> dict[str, Measure]:
        """What was measured on a part, by name; `test` is the part that nothing was chosen by."""
        from tellapart.evaluation.tables import read_measures

        path = RunFolder(path=self.path).measures(part)
        if not path.exists():
            raise DataError(f"{self.path}: nothing was measured on a part {part!r}.")
        return read_measures(json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model that takes what a person has."""

    module: nn.Module
    """Raw batch in, logits out."""
    card: Card
    seen: frozenset[str] = frozenset()
    """Contents, in hex, that it was trained or chosen on; empty for a model folder without its run."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.card.spec.classes

    @property
    def spec(self) -> DataSpec:
        """The form of data that the module takes."""
        return self.card.spec

    def predict(self, items: Any) -> list[Answer]:
        """An answer for each item, with its class, confidence and all probabilities; one item gives a list of one.

        items  paths, bytes of picture files, PIL pictures, arrays (H, W) or (H, W, C) of uint8 or uint16, or a list of
               any of them; an array (N, H, W, C); for a model of vectors, numbers (F,) or (N, F); of series, arrays
               (C, T) or (N, C, T), or paths of files as `train` takes them, each series answered under `file:row`; of
               audio, paths, bytes, or samples (T,) at its rate; of text, the texts themselves, or a `Path` of one
        An item that can't be read gets an answer with `label` None and the cause in `error`.
        """
        from tellapart.commands.predict import answered
        from tellapart.data.items import listed_items

        chosen = listed_items(items, self.spec)
        return list(answered(self.module, self.spec, chosen, self.card.thresholds, self.card.columns))

    def predict_proba(self, items: Any) -> np.ndarray[Any, Any]:
        """Probabilities float64 (N, K); DataError names the first item that can't be read.

        Of several tasks, or labels, those of each in turn; a number has none, and no column.
        """
        import numpy as np

        answers = self.predict(items)
        for answer in answers:
            if answer.error is not None:
                raise DataError(f"{answer.id}: {answer.error}")
        numbers = sum(task.kind == "number" for task in self.spec.tasks)
        return np.array([list(answer.probabilities.values()) for answer in answers]).reshape(
            len(answers), len(self.classes) - numbers
        )

    def evaluate(self, data: Data, **reading: Any) -> dict[str, Measure]:
        """Measures on labelled data, all that `train` takes, by name: of a source with parts, on its test part.

        reading  how the data are read, as in data_dir="data", path_column="file"
        What the model was trained on is left out, where its run is known.
        """
        from tellapart.commands.evaluate import evaluate_on

        first, asked = _read_as(data, reading)
        return evaluate_on(self.module, self.card, first, asked, self.seen).measures


def _mixed(data: Data, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first of the data, and the settings with the others in `also`; what is in memory by a file that holds it."""
    if isinstance(data, str | Path):
        return str(data), settings
    from tellapart.data.sources.arrays_file import are_arrays, is_array

    if are_arrays(data):
        return _named(data), settings
    if not len(data):
        raise SettingError("data is an empty list; give at least one thing to read.")
    if is_array(data):
        raise SettingError("data is samples without labels; give a pair of both, as in train((x, y)).")
    first, *others = map(_named, data)
    return first, settings | {"also": (*others, *map(str, settings.get("also", ())))}


def _named(data: Any) -> str:
    """A path or an address; of arrays in memory, that of the file that holds them."""
    from tellapart.data.sources.arrays_file import are_arrays, arrays_file

    return str(arrays_file(data) if are_arrays(data) else data)


def _read_as(data: Data, settings: dict[str, Any]) -> tuple[str, Reading]:
    """The first of the data, and how they are all read; SettingError where a setting is of something else."""
    first, settings = _mixed(data, settings)
    known = [f.name for f in fields(Reading)]
    for name in settings:
        if name not in known:
            raise SettingError(f"Unknown setting {name!r}. {did_you_mean(name, known)}")
    return first, Reading(**settings)


def __getattr__(name: str) -> Any:
    if name == "Answer":
        from tellapart.commands.predict import Answer

        return Answer
    if name == "Checked":
        from tellapart.commands.check import Checked

        return Checked
    if name == "Tuned":
        from tellapart.commands.tune import Tuned

        return Tuned
    raise AttributeError(f"module 'tellapart.api' has no attribute {name!r}")
