"""Take the disk away from training: full, read-only, deleted, damaged. Nothing false may ever pass for whole.

python -m tests.stress.disk [--limits 100] [--disks 20] [--damages 2000] [--seed 0] [--keep]
Exit code 1 where a broken promise was found. Small disks and read-only ones need the right to mount; without it they
are left out, which is said.
"""

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from tests.stress.damage import damaged
from tests.stress.reference import (
    EPOCHS,
    RUN,
    TRAIN,
    Promises,
    Reference,
    Said,
    done,
    ended_in_words,
    ends_alike,
    goes_on,
    whole_are_right,
)
from tests.stress.warm import ended, load, started

from tellapart.runs.checkpoint import checkpoints

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
