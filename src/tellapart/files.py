"""Files that are whole or not there: written beside, flushed, renamed; folders under a manifest of hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.errors import DamagedError, SettingError

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "MANIFEST.json"
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers put into folders that a person opens."""


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path`: after a kill there stands either the old file or the new one."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        error.filename = str(path)  # the name beside it says nothing to a person
        raise
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    _flush_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """The same for text, in UTF-8; what is no valid text (a file name of odd bytes) is written as those bytes."""
    write_bytes(path, content.encode("utf-8", "surrogateescape"))


def write_json(path: Path, content: Any) -> None:
    """The same for a JSON value; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file, in place: for a folder that gets its name at the end. OSError where it can't be."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path)
    except SafetensorError as error:  # its own word for a full disk, with the system's number in it
        number = re.search(r"os error (\d+)", str(error))
        code, said = (int(number[1]), os.strerror(int(number[1]))) if number else (EIO, str(error))
        raise OSError(code, said, str(path)) from None


@contextmanager
def held(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other processes that ask the same out of a folder; SettingError where one of them is inside.

    wait  wait until it has left instead
    The system lets go of it with the process, however that ends. Where folders can't be locked, nothing is promised.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise SettingError(
                f"{folder}: another process is at work in it. Wait until that has ended, or stop it first."
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)


def new_folder(parent: Path, name: str) -> Path:
    """A folder that was not there before: `name`, else `name-2`, `name-3`, ..."""
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; at the end it gets its manifest and takes the place of `path`.

    A kill before that leaves the old folder as it was, and so does an error, which gives its room on the disk back.
    Between the two renames the old one stands as `.NAME.old`, which `settled_folder` finds.
    """
    beside, old = path.with_name(f".{path.name}.new"), _aside(path)
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        write_manifest(beside)
    except Exception:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        path.rename(old)
    beside.rename(path)
    _flush_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what kills left inside of files and folders that were being written; for where nobody else writes."""
    for path in folder.rglob(".*"):
        if path.is_dir() and path.suffix == ".new":
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and re.fullmatch(r"\..+\.[0-9a-f]{8}", path.name):
            path.unlink(missing_ok=True)


def settled_folder(path: Path) -> Path:
    """`path`, or what stood there before a kill struck between the renames of `replaced_folder`."""
    return _aside(path) if not path.exists() and _aside(path).exists() else path


def write_manifest(folder: Path) -> None:
    """Write MANIFEST.json: SHA-256 and size of every other file of the folder, whose bytes are on the disk before."""
    entries = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / MANIFEST:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            entries[path.relative_to(folder).as_posix()] = {"sha256": sha256(path), "size_bytes": path.stat().st_size}
    write_json(folder / MANIFEST, {"schema": 1, "files": entries})


def verify_manifest(folder: Path) -> None:
    """Raise DamagedError unless every file that the manifest names is there, byte for byte, and none beside them.

    What a file manager leaves behind does no harm: it is never read.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content.keys() != {"schema", "files"} or content["schema"] != 1:
            raise ValueError("schema")
        entries = content["files"]
        expected = {name: (entry["sha256"], entry["size_bytes"]) for name, entry in entries.items()}
    except FileNotFoundError:
        raise DamagedError(
            f"{folder}: no {MANIFEST}; this is no folder that tellapart wrote, or its writing was cut short."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DamagedError(f"{folder / MANIFEST}: damaged; copy the folder again from where it came.") from None
    there = (path for path in folder.rglob("*") if path.is_file() and path.name not in LITTER)
    found = {path.relative_to(folder).as_posix() for path in there if path != folder / MANIFEST}
    if found != set(expected):
        differing = sorted(found ^ set(expected))[0]
        wrong = "is missing; copy the folder again" if differing in expected else "is not in the manifest; delete it"
        raise DamagedError(f"{folder}: {differing!r} {wrong}.")
    for name, (digest, size) in expected.items():
        if (folder / name).stat().st_size != size or sha256(folder / name) != digest:
            raise DamagedError(
                f"{folder / name}: not the bytes that were written; copy the folder again from where it came."
            )


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _flush_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can flush a folder: Windows and some networks can't."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
