"""A run that nothing disturbed, and what a disturbed one is measured by."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.outcome import differing, outcome, position
from tests.stress.warm import ended, nothing, started

from tellapart.errors import DamagedError
from tellapart.files import MANIFEST, verify_manifest
from tellapart.runs.checkpoint import POSITION, checkpoints

TRAIN = ["train", "digits", "--model", "cnn", "--widths", "4", "8", "--dense", "16", "--ema", "0.9", "--batch", "128"]
EPOCHS = 4
TRAIN += ["--epochs", str(EPOCHS), "--threads", "1", "--save-every", "2 steps"]
RUN = Path("runs/tried")


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    text: str


@dataclass(kw_only=True)
class Promises:
    """What was tried, and what did not hold."""

    tried: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def demand(self, holds: bool, what: str, said: Said | None = None) -> None:
        if not holds:
            self.wrong.append(what if said is None else f"{what}: ended with {said.code}: {said.text[-1500:]}")


def done(words: list[str], folder: Path, before: Callable[[], None] = nothing) -> Said:
    """Do what `tellapart WORDS` does; what it says goes through a pipe, which no disk limits."""
    reader, writer = os.pipe()
    pid = started(words, writer, folder, before)
    os.close(writer)
    with os.fdopen(reader, errors="replace") as pipe:
        text = pipe.read()
    return Said(code=ended(pid), text=text)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A run that was never disturbed, with a checkpoint of every second step."""

    folder: Path
    outcome: dict[str, bytes]

    @property
    def run(self) -> Path:
        return self.folder / RUN

    @staticmethod
    def made(folder: Path) -> "Reference":
        folder.mkdir()
        said = done([*TRAIN, "--name", RUN.name], folder, keep_all)
        if said.code:
            raise RuntimeError(said.text)
        return Reference(folder=folder, outcome=outcome(folder / RUN))


def keep_all() -> None:
    """In a child: remove no checkpoint."""
    from tellapart.runs import checkpoint

    checkpoint.KEPT = 10**6


def whole_are_right(run: Path, reference: Reference, promises: Promises, what: str) -> None:
    """Demand that each checkpoint and model that verifies has the bytes of the undisturbed run."""
    for path in [*checkpoints(run / "checkpoints"), run / "model"]:
        try:
            verify_manifest(path)
        except DamagedError:
            promises.tried["damaged and known to be"] += path.exists()
            continue
        expected = reference.run / path.relative_to(run)
        for file in expected.iterdir():
            if file.name == POSITION:
                same = position(path / file.name) == position(file)
            elif file.name == MANIFEST:
                same = path.name != "model" or (path / file.name).read_bytes() == file.read_bytes()
            else:
                same = (path / file.name).read_bytes() == file.read_bytes()
            promises.demand(same, f"{what}: {path.name}/{file.name} verifies, but holds something else")
        promises.tried["whole folders"] += 1


def goes_on(run: Path, reference: Reference, promises: Promises, what: str) -> None:
    """Demand that a run ends with the undisturbed one's bytes, now that nothing is in the way."""
    folder = run.parent.parent
    if not checkpoints(run / "checkpoints"):  # nothing was saved: train again
        shutil.rmtree(run, ignore_errors=True)
        said = done([*TRAIN, "--name", run.name], folder)
    else:
        said = done(["resume", str(RUN), "--quiet"], folder)
        promises.tried["resumed"] += 1
    promises.demand(said.code == 0, f"{what}: not gone on with", said)
    if said.code == 0:
        ends_alike(run, reference, promises, what)


def ends_alike(run: Path, reference: Reference, promises: Promises, what: str) -> None:
    """Demand the undisturbed run's bytes."""
    different = differing(outcome(run), reference.outcome)
    promises.demand(not different, f"{what}: not the bytes of the undisturbed run: {', '.join(different)}")


def ended_in_words(said: Said, promises: Promises, what: str) -> None:
    """Demand an end with 0, or with 1 and a message that is no traceback."""
    promises.tried[f"ended with {said.code}"] += 1
    in_words = "tellapart: " in said.text and "Traceback" not in said.text
    promises.demand(said.code == 0 or (said.code == 1 and in_words), f"{what}: no clear end", said)
