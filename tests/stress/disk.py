"""Take the disk away from training: full, read-only, deleted, damaged. Nothing false may ever pass for whole.

python -m tests.stress.disk [--limits 100] [--disks 20] [--damages 2000] [--seed 0] [--keep]
Exit code 1 where a broken promise was found. Small disks and read-only ones need the right to mount; without it they
are left out, which is said.
"""

import argparse
import logging
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from tests.outcome import differing, outcome, position
from tests.stress.warm import ended, load, nothing, started

import tellapart
from tellapart.errors import DamagedError
from tellapart.files import MANIFEST, verify_manifest
from tellapart.runs import model_folder
from tellapart.runs.checkpoint import POSITION, checkpoints, newest_checkpoint

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


# ---- what may stand on a disk


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


# ---- full


def limited(size_bytes: int, begins: int, ends: int | None) -> None:
    """In a child: from one validation to another no file grows beyond a size; the error is that of a full disk."""
    from tellapart.commands import learn

    inner, calls = learn.val_scores, count(1)
    full, free = (size_bytes, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def watched(*words: object) -> object:
        number = next(calls)
        if number in (begins, ends):
            resource.setrlimit(resource.RLIMIT_FSIZE, full if number == begins else free)
        return inner(*words)

    learn.val_scores = watched
    if not begins:
        resource.setrlimit(resource.RLIMIT_FSIZE, full)


def full_at(limits: int, home: Path, reference: Reference, draws: random.Random, promises: Promises) -> None:
    """Train where no file may grow beyond one of many sizes: those of the run's own files, and others."""
    sizes = [file.stat().st_size for file in reference.run.rglob("*") if file.is_file()]
    for number in range(limits):
        size = draws.choice(sizes) - 1 if number % 2 else round(max(sizes) ** draws.random())
        begins = draws.randrange(EPOCHS)
        ends = draws.choice([None, begins + 1]) if begins else None
        folder = fresh(home / "limited")
        said = done([*TRAIN, "--name", RUN.name], folder, partial(limited, size, begins, ends))
        what = f"no file beyond {size:,} bytes from validation {begins} to {ends}"
        ended_in_words(said, promises, what)
        promises.tried["went on with a warning"] += said.code == 0 and "could not be written" in said.text
        whole_are_right(folder / RUN, reference, promises, what)
        (goes_on if said.code else ends_alike)(folder / RUN, reference, promises, what)


def full_disks(disks: int, home: Path, reference: Reference, promises: Promises) -> None:
    """Train on small disks that fill up, then grow."""
    need = sum(file.stat().st_size for file in reference.run.rglob("*") if file.is_file())
    for number in range(disks):
        size = round(need * (number + 0.5) / disks)
        what = f"a disk of {size:,} bytes"
        with disk(home / "small", size) as folder:
            said = done([*TRAIN, "--name", RUN.name], folder)
            ended_in_words(said, promises, what)
            whole_are_right(folder / RUN, reference, promises, what)
            remount(folder, f"size={100 * need}")
            (goes_on if said.code else ends_alike)(folder / RUN, reference, promises, what)


@contextmanager
def disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A file system of this size, for as long as inside; PermissionError where none may be mounted."""
    fresh(folder)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    mounted = subprocess.run(words, check=False, capture_output=True, text=True)
    if mounted.returncode:
        raise PermissionError(mounted.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, options: str) -> bool:
    """Change a mounted file system; whether that could be done: not to read-only while a file is being written."""
    words = ["mount", "-o", f"remount,{options}", str(folder)]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


# ---- read-only, deleted


def read_only(home: Path, reference: Reference, promises: Promises) -> None:
    """A disk that is read-only from the start, when going on, or from the midst of training."""
    with disk(home / "read-only", 10**8) as folder:
        remount(folder, "ro")
        said = done([*TRAIN, "--name", RUN.name], folder)
        clear = said.code == 2 and "can't be written to; give another with --runs-dir" in said.text
        promises.demand(clear, "read-only at the start", said)
        remount(folder, "rw")
        pid = started([*TRAIN, "--name", RUN.name], os.open(os.devnull, os.O_WRONLY), folder, slowed)
        while not checkpoints(folder / RUN / "checkpoints"):
            time.sleep(0.001)
        os.kill(pid, 9)
        ended(pid)
        remount(folder, "ro")
        said = done(["resume", str(RUN), "--quiet"], folder)
        clear = said.code == 1 and "Read-only file system" in said.text and "Traceback" not in said.text
        promises.demand(clear, "read-only when going on", said)
        remount(folder, "rw")
        shutil.rmtree(folder / RUN)
        said = disturbed(folder, lambda: remount(folder, "ro"))
        ended_in_words(said, promises, "read-only in the midst")
        promises.demand(said.code == 1, "read-only in the midst", said)
        remount(folder, "rw")
        whole_are_right(folder / RUN, reference, promises, "read-only in the midst")
        goes_on(folder / RUN, reference, promises, "read-only in the midst")
        promises.tried["read-only"] += 3


def deleted(home: Path, promises: Promises) -> None:
    """The run folder, or the folder of its checkpoints, deleted in the midst of training."""
    for name in (RUN, RUN / "checkpoints"):
        folder = fresh(home / "deleted")
        said = disturbed(folder, partial(removed, folder / name))
        ended_in_words(said, promises, f"{name} deleted")
        promises.demand(said.code == 1 and str(RUN) in said.text, f"{name} deleted", said)
        promises.demand(not (folder / name).exists(), f"{name} deleted, but made again")
        promises.tried["deleted"] += 1


def removed(path: Path) -> bool:
    """Remove a folder into which others may still write."""
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()


def disturbed(folder: Path, disturb: Callable[[], bool]) -> Said:
    """Train, slowly enough to be disturbed, once there is a checkpoint; `disturb` is tried until it has succeeded."""
    reader, writer = os.pipe()
    pid = started([*TRAIN, "--name", RUN.name], writer, folder, slowed)
    os.close(writer)
    while not checkpoints(folder / RUN / "checkpoints"):
        time.sleep(0.001)
    while not disturb():
        time.sleep(0.001)
    with os.fdopen(reader, errors="replace") as pipe:
        text = pipe.read()
    return Said(code=ended(pid), text=text)


def slowed() -> None:
    """In a child: let each validation wait, so that there is time to disturb."""
    from tellapart.commands import learn

    inner = learn.val_scores

    def slow(*words: object) -> object:
        time.sleep(0.5)
        return inner(*words)

    learn.val_scores = slow


# ---- damaged


def damaged(times: int, reference: Reference, draws: random.Random, promises: Promises) -> None:
    """Flip bits and cut files of the newest checkpoint and of the model; each must be found before a weight is used."""
    logging.getLogger("tellapart").addHandler(logging.NullHandler())
    folder = reference.run / "checkpoints"
    newest, before = checkpoints(folder)[:2]
    model = reference.run / "model"
    used: list[Path] = []
    model_folder.load_weights = lambda _, path: used.append(path)
    for number in range(times):
        place = (newest, model)[number % 2]
        file = draws.choice(sorted(place.iterdir()))
        content = file.read_bytes()
        kind, changed = damage(content, file.name == MANIFEST, draws)
        file.write_bytes(changed)
        found = before_is_taken(folder, newest, before) if place == newest else is_refused(reference.run)
        promises.demand(found, f"{kind} of {place.name}/{file.name} was not found")
        (newest if place == newest else model).joinpath(file.name).write_bytes(content)
        promises.tried[kind] += 1
    promises.demand(not used, f"weights of a damaged model were used: {used}")
    promises.demand(newest_checkpoint(folder) == newest, "the whole checkpoint is refused")


def damage(content: bytes, manifest: bool, draws: random.Random) -> tuple[str, bytes]:
    """What was done, and the bytes after it. A manifest that lacks its last line's end still says the same."""
    if draws.random() < 0.3:
        return "cut", content[: draws.randrange(len(content) - manifest)]
    bit = draws.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return "flipped bit", bytes(changed)


def before_is_taken(folder: Path, newest: Path, before: Path) -> bool:
    """Whether the checkpoint before the damaged one is taken, and that one set aside; it is put back."""
    aside = folder / f"damaged-{newest.name}"
    taken = newest_checkpoint(folder) == before and aside.exists() and not newest.exists()
    if aside.exists():
        aside.rename(newest)
    return taken


def is_refused(run: Path) -> bool:
    """Whether the damaged model is refused as such."""
    try:
        tellapart.load(run)
    except DamagedError:
        return True
    return False


# ---- all of it


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def main() -> int:
    """0 where every promise held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limits", type=int, default=100, help="sizes beyond which no file may grow")
    parser.add_argument("--disks", type=int, default=20, help="small disks that fill up")
    parser.add_argument("--damages", type=int, default=2000, help="flipped bits and cut files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs")
    asked = parser.parse_args()
    load()
    home = Path(tempfile.mkdtemp(prefix="tellapart-disk-"))
    reference, draws, wrong = Reference.made(home / "reference"), random.Random(asked.seed), []
    parts: dict[str, Callable[[Promises], None]] = {
        "full, by size of a file": lambda promises: full_at(asked.limits, home, reference, draws, promises),
        "full, by size of the disk": lambda promises: full_disks(asked.disks, home, reference, promises),
        "read-only": lambda promises: read_only(home, reference, promises),
        "deleted": lambda promises: deleted(home, promises),
        "damaged": lambda promises: damaged(asked.damages, reference, draws, promises),
    }
    for name, part in parts.items():
        began, promises = time.monotonic(), Promises()
        try:
            part(promises)
        except PermissionError as error:
            print(f"{name}: left out, since this user may not mount: {error}", flush=True)
            continue
        tried = ", ".join(f"{times} {kind}" for kind, times in sorted(promises.tried.items()) if times)
        took_s = time.monotonic() - began
        print(f"{name}: {tried}: {len(promises.wrong)} wrong, {took_s:.0f} s", flush=True)
        wrong += [f"{name}: {line}" for line in promises.wrong]
    for line in wrong:
        print(f"WRONG  {line}")
    if asked.keep:
        print(f"kept: {home}")
    else:
        shutil.rmtree(home)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
