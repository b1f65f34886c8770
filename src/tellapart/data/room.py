"""Room on the disk for what can be made again: a share of it may be taken, and what lay unused longest goes first."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from tellapart.errors import DataError

DISK_SHARE = 0.5
"""Share of the room on the disk that one kind of things may take: what is free, and what the older ones hold."""


def room_bytes(folder: Path) -> int:
    """Bytes that the things in a folder, which need not be there yet, may take together."""
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    return int(DISK_SHARE * (shutil.disk_usage(existing).free + sum(map(_size, _things(folder)))))


def make_room(thing: Path, need: int, what: str, advice: str, kept_s: float = 0) -> None:
    """Room for a file or folder beside others of its kind, of which those go first that were used longest ago.

    need    bytes that it will hold in all
    what    what messages call it
    advice  what they say to do, where even an empty folder has too little room
    kept_s  seconds for which a thing that was used stays whatever is asked for, since it may be in use
    """
    most = room_bytes(thing.parent)
    if need > most:
        raise DataError(
            f"{what} need {need / 1e9:.1f} GB on the disk, and {most / 1e9:.1f} GB of it may be taken at "
            f"{thing.parent}. {advice}"
        )
    others = [(_used(other), _size(other), other) for other in _things(thing.parent) if other != thing]
    held = sum(size for _, size, _ in others)
    for used, size, other in sorted(others):
        if held + need <= most or used > time.time() - kept_s:
            return
        held -= size
        if other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
        else:
            with suppress(OSError):
                other.unlink()


def _things(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _used(thing: Path) -> float:
    """When it was used last; 0 where another process has just removed it."""
    try:
        return thing.stat().st_mtime
    except OSError:
        return 0.0


def _size(thing: Path) -> int:
    """Bytes of a file, or of the files in a folder; 0 where another process has just removed it."""
    try:
        if thing.is_dir():
            return sum(file.stat().st_size for file in thing.iterdir() if file.is_file())
        return thing.stat().st_size
    except OSError:
        return 0
