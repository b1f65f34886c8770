"""Kill training at any moment, go on, and demand the bytes of a run that was never killed.

python -m tests.stress.kills [--kills 200] [--seed 0] [--only NAME] [--planted-bug] [--keep]
Exit code 1 where a byte differs, or where going on is refused. `--planted-bug` lets augmentation draw from torch's
global generator: a script that is worth its time then fails.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.outcome import differing, outcome
from tests.stress.warm import ended, load, started

from tellapart.runs.checkpoint import checkpoints
from tellapart.runs.run_folder import RunFolder

MLP = ["--model", "mlp", "--widths", "32"]
CNN = ["--model", "cnn", "--widths", "4", "8", "--dense", "16"]
AUGMENTED = "crop and flip"
CONFIGURATIONS: dict[str, list[str]] = {
    "mlp": [*MLP, "--epochs", "24", "--save-every", "3 steps"],
    "dropout": [*CNN, "--dropout", "0.4", "--epochs", "16", "--save-every", "0.05s"],
    "average": [*CNN, "--ema", "0.95", "--epochs", "16", "--save-every", "3 steps"],
    AUGMENTED: [*CNN, "--crop-padding", "1", "--flip", "--epochs", "16", "--save-every", "0.03s"],
    "mixtures": [*CNN, "--augment", "strong", "--epochs", "16", "--save-every", "3 steps"],
    "hardest": [*CNN, "--hardest", "1", "0.6", "0.3", "--epochs", "24", "--save-every", "4 steps"],
    "bf16": [*CNN, "--precision", "bf16", "--epochs", "8", "--save-every", "2 steps"],
    "early stop": [*MLP, "--optimiser", "sgd", "--patience", "4", "--epochs", "90", "--save-every", "0.05s"],
    "muon": [*CNN, "--optimiser", "muon", "--schedule", "linear", "--epochs", "14", "--save-every", "7 steps"],
    "sgd": [*CNN, "--optimiser", "sgd", "--nesterov", "--epochs", "16", "--save-every", "0.1s"],
}
COMMON = ["--batch", "128", "--threads", "1", "--quiet"]
KINDS = ["training"] * 4 + ["saving"] * 4 + ["validation"] * 2 + ["beginning"] * 2 + ["finishing"]
KILLS_A_RUN = 7
MOST_WRONG = 5
HANGS_AFTER_S = 120


@dataclass(kw_only=True)
class Scores:
    """What has happened so far."""

    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    resumes: int = 0
    begun_again: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a configuration is tried."""

    name: str
    folder: Path
    before: Callable[[], None]
    """Done in a child before its work."""

    @property
    def run(self) -> RunFolder:
        return RunFolder(path=self.folder / "runs/killed")

    def train(self, name: str) -> int:
        return self._started(["train", "digits", *COMMON, *CONFIGURATIONS[self.name], "--name", name])

    def resume(self) -> int:
        return self._started(["resume", "runs/killed", "--quiet"])

    def _started(self, words: list[str]) -> int:
        with (self.folder / "log.txt").open("a") as log:
            return started(words, log.fileno(), self.folder, self.before)

    def failed(self, what: str) -> str:
        return f"{self.name}: {what}: {(self.folder / 'log.txt').read_text()[-2000:]}"


# ---- when to kill: moments of a run, seen from outside


def after(seconds: float) -> Callable[[], bool]:
    """So long after now."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def while_saving(place: Place, draws: random.Random) -> Callable[[], bool]:
    """While a checkpoint is being written: one of the first few."""
    return _seen(lambda: any(place.run.checkpoints.glob(".step-*")), draws.randint(1, 5), draws.uniform(0, 0.004))


def while_validating(place: Place, draws: random.Random) -> Callable[[], bool]:
    """While an epoch is being validated or recorded: one of the first few."""
    marker = place.folder / "validating"
    marker.unlink(missing_ok=True)
    return _seen(lambda: marker.exists() and not marker.unlink(), draws.randint(1, 4), draws.uniform(0, 0.02))


def while_finishing(place: Place, draws: random.Random) -> Callable[[], bool]:
    """After the last step: while the model is judged, written and reported on."""
    began = time.time()
    files = partial((place.run.path / "metrics").glob, "*.json")
    return _seen(lambda: any(file.stat().st_mtime > began for file in files()), 1, draws.uniform(0, 0.6))


def _seen(is_so: Callable[[], bool], times: int, delay_s: float) -> Callable[[], bool]:
    """So long after something has begun for the given time."""
    before, count, since = False, 0, 0.0

    def happened() -> bool:
        nonlocal before, count, since
        now = is_so()
        count, before = count + (now and not before), now
        if count >= times and not since:
            since = time.monotonic()
        return bool(since) and time.monotonic() >= since + delay_s

    return happened


def killed(pid: int, happened: Callable[[], bool]) -> int | None:
    """None where the process was killed when it happened; its exit code where it had ended by then."""
    began = time.monotonic()
    while not happened():
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() - began > HANGS_AFTER_S:
            os.kill(pid, signal.SIGKILL)
            raise TimeoutError(f"process {pid} hung for {HANGS_AFTER_S} s")
        time.sleep(0.0003)
    os.kill(pid, signal.SIGKILL)
    code = ended(pid)
    return None if code == -signal.SIGKILL else code


# ---- a run with kills


def tried(place: Place, kills: int, draws: random.Random, scores: Scores) -> None:
    """Train with so many kills at most, go on after each, and compare what comes of it with the unbroken run."""
    shutil.rmtree(place.run.path, ignore_errors=True)
    scores.runs += 1
    for left in range(kills, -1, -1):
        resumed = bool(checkpoints(place.run.checkpoints))
        if not resumed:  # nothing was saved yet: begin again
            scores.begun_again += place.run.path.exists()
            shutil.rmtree(place.run.path, ignore_errors=True)
        scores.resumes += resumed
        kind, happened = next_moment(place, resumed, draws)
        pid = place.resume() if resumed else place.train("killed")
        code = killed(pid, happened) if left else ended(pid)
        scores.kills[kind] += code is None
        if code:
            scores.wrong.append(place.failed(f"ended with {code}"))
            return
        if place.run.facts.exists() and place.run.read_facts()["status"] == "finished":
            break
    different = differing(outcome(place.run.path), outcome(place.folder / "runs/unbroken"))
    if different:
        scores.wrong.append(f"{place.name}: not the bytes of the unbroken run: {', '.join(different)}")


def next_moment(place: Place, resumed: bool, draws: random.Random) -> tuple[str, Callable[[], bool]]:
    """The kind of the next moment to kill at, and how it is seen; to be asked for just before the start."""
    kind = draws.choice(KINDS)
    if kind == "saving":
        return kind, while_saving(place, draws)
    if kind == "validation":
        return kind, while_validating(place, draws)
    if kind == "finishing":
        return kind, while_finishing(place, draws)
    if kind == "beginning":
        return "right after a resume" if resumed else kind, after(draws.uniform(0, 0.2))
    took = RunFolder(path=place.folder / "runs/unbroken").read_facts()["seconds_by_stage"]
    return kind, after(took["load"] + draws.uniform(0, took["train"]))


def configuration(place: Place, kills: int, draws: random.Random, scores: Scores) -> None:
    """Try one configuration with so many kills."""
    began = time.monotonic()
    if code := ended(place.train("unbroken")):
        scores.wrong.append(place.failed(f"the unbroken run ended with {code}"))
        return
    until = scores.kills.total() + kills
    while scores.kills.total() < until and len(scores.wrong) < MOST_WRONG:
        tried(place, min(KILLS_A_RUN, until - scores.kills.total()), draws, scores)
    print(f"{place.name}: {kills} kills in {time.monotonic() - began:.0f} s", flush=True)


def prepare(marker: Path, planted_bug: bool) -> None:
    """In a child: tell when validation begins; plant the bug where it is asked for."""
    import torch

    from tellapart.commands import learn
    from tellapart.data import augment

    inner = learn.val_scores

    def told(*words: object) -> object:
        marker.touch()
        return inner(*words)

    learn.val_scores = told
    if planted_bug:
        augment.uniform = lambda keys, *_: torch.rand(len(keys))


def main() -> int:
    """0 where every run came to the bytes of the unbroken one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(CONFIGURATIONS))
    parser.add_argument("--planted-bug", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs")
    asked = parser.parse_args()
    names = [asked.only] if asked.only else [AUGMENTED] if asked.planted_bug else list(CONFIGURATIONS)
    load()
    began, draws, scores = time.monotonic(), random.Random(asked.seed), Scores()
    home = Path(tempfile.mkdtemp(prefix="tellapart-kills-"))
    for number, name in enumerate(names):
        folder = home / name.replace(" ", "-")
        folder.mkdir()
        kills = asked.kills * (number + 1) // len(names) - asked.kills * number // len(names)
        place = Place(name=name, folder=folder, before=partial(prepare, folder / "validating", asked.planted_bug))
        configuration(place, kills, draws, scores)
    if asked.keep:
        print(f"kept: {home}")
    else:
        shutil.rmtree(home)
    kinds = ", ".join(f"{count} {kind}" for kind, count in scores.kills.most_common() if count)
    print(
        f"{scores.kills.total()} kills ({kinds}) in {scores.runs} runs of {len(names)} configurations, "
        f"{scores.resumes} resumes, {scores.begun_again} begun again: {len(scores.wrong)} wrong, "
        f"{time.monotonic() - began:.0f} s"
    )
    for line in scores.wrong:
        print(f"WRONG  {line}")
    return bool(scores.wrong)


if __name__ == "__main__":
    sys.exit(main())
