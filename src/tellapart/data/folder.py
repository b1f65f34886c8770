"""A folder of pictures, a folder per class, with or without folders for the parts above them."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Literal

from tellapart.data.decode import decode, peek, read_file
from tellapart.data.source import Entry, Value
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted, listed, natural_key
from tellapart.types import PARTS, Issue, Part
from tellapart.world import available_cpus

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What systems leave in folders, in lower case; hidden entries are ignored as well."""
PART_NAMES: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
LAYOUT = "Put the pictures into a folder per class, as in cat/1.jpg, or per part and class, as in train/cat/1.jpg."
CHUNK = 64
"""Files that a thread is given at a time."""


class FolderSource:
    """The pictures below a folder. Each file is read once to list them, and once more for its value."""

    kind: Literal["image", "vector"] = "image"
    in_memory = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = root.resolve().name or "data"

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every picture with a readable header, naturally sorted by part, class and path; an issue for each other file.

        DataError where there are no class folders, or no readable pictures in them.
        """
        return self._scanned

    def value(self, entry: Entry) -> Value:
        """uint8 (H, W, C); UnreadableError where the file is damaged or gone."""
        return decode(read_file(self.root / entry.id))

    @cached_property
    def _scanned(self) -> tuple[tuple[Entry, ...], tuple[Issue, ...]]:
        paths, issues = _walked(self.root)
        places, homeless = _placed(self.root, paths, issues)
        headers = _headers(self.root, [path for path, _, _ in places])
        entries: list[Entry] = []
        for (path, part, label), header in zip(places, headers, strict=True):
            if isinstance(header, UnreadableError):
                issues.append(_unreadable(path, str(header)))
            else:
                entries.append(Entry(id=path, label=label, part=part, digest=header[0], shape=header[1]))
        if not entries:
            raise DataError(
                f"{self.root}: none of {counted(len(places), 'picture')} can be read. {_told(issues)}".rstrip()
            )
        return tuple(sorted(entries, key=_entry_key)), tuple(sorted(issues + homeless, key=lambda i: _path_key(i.path)))


def pictures_in(folder: Path) -> list[Path]:
    """Every file below a folder that is named like a picture, naturally sorted, whether it can be read or not."""
    return [folder / path for path in sorted(_walked(folder)[0], key=_path_key)]


def _walked(root: Path) -> tuple[list[str], list[Issue]]:
    """Paths of all regular files named like pictures, relative to `root`; an issue for whatever else is there.

    A linked folder is entered after all others, and only where it leads to one not seen yet: no loop is followed.
    """
    pictures: list[str] = []
    issues: list[Issue] = []
    folders, linked = [""], list[str]()
    seen: set[str] = set()
    real_root = Path(os.path.realpath(root))
    while folders or linked:
        folder = folders.pop() if folders else linked.pop()
        real = os.path.realpath(root / folder)
        if real in seen:
            issues.append(_issue(folder, "duplicate", "a link to a folder that was read already", "Delete the link."))
            continue
        seen.add(real)
        found_here = _listed(root, folder, issues)
        if any(entry.name == "run.json" for entry in found_here):
            continue  # a run folder: its plots and previews are no data
        for entry in found_here:
            path = f"{folder}/{entry.name}" if folder else entry.name
            found = _look(entry, path, real_root)
            if isinstance(found, Issue):
                issues.append(found)
            else:
                {"picture": pictures, "folder": folders, "link": linked}[found].append(path)
    return pictures, issues


def _listed(root: Path, folder: str, issues: list[Issue]) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden, sorted backwards since the walk takes the last first."""
    try:
        with os.scandir(root / folder) as entries:
            shown = (entry for entry in entries if entry.name[0] != "." and entry.name.lower() not in IGNORED)
            return sorted(shown, key=lambda entry: entry.name, reverse=True)
    except OSError as error:
        if not folder:
            raise DataError(f"{root}: can't be read: {error.strerror}") from None
        issues.append(_unreadable(folder, f"the folder can't be read: {error.strerror}"))
        return []


def _look(entry: os.DirEntry[str], path: str, real_root: Path) -> Literal["picture", "folder", "link"] | Issue:
    """What an entry is, or why it is left out; nothing is opened."""
    named_so = os.path.splitext(entry.name)[1].lower() in SUFFIXES  # noqa: PTH122  (a Path for each of a million names is slow)
    try:
        linked = entry.is_symlink()
        if linked and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
            return _issue(path, "outside", "a link that leaves the folder", "Copy what it points to into the folder.")
        mode = entry.stat().st_mode
    except OSError as error:
        return _unreadable(path, f"can't be read: {error.strerror}")
    if stat.S_ISDIR(mode) and not named_so:
        return "link" if linked else "folder"
    if stat.S_ISDIR(mode):
        return _unreadable(path, "a folder that is named like a picture; what it holds is not read")
    if not named_so:
        return _issue(path, "not-a-picture", "not named like a picture", "Nothing to do if it is none.")
    if not stat.S_ISREG(mode):
        return _unreadable(path, "a pipe, socket or device, not a file")
    return "picture"


def _placed(
    root: Path, paths: list[str], others: list[Issue]
) -> tuple[list[tuple[str, Part | None, str]], list[Issue]]:
    """(path, part, class) of each picture; an issue for each that lies in no class folder.

    The folders at the top are parts only where each that holds pictures is named so: `test` beside `cat` is a class.
    """
    tops = {path.split("/")[0] for path in paths if "/" in path}
    with_parts = all(top.lower() in PART_NAMES for top in tops)
    odd = sorted(top for top in tops if top.lower() not in PART_NAMES)
    like_parts = sorted(tops - set(odd))
    if odd and like_parts and all(path.count("/") > 1 for path in paths if path.split("/")[0] in like_parts):
        raise DataError(
            f"{root}: {listed(like_parts)} hold a folder per class, as parts do, but {listed(odd)} "
            f"stands beside {'it' if len(like_parts) == 1 else 'them'}. Move it away, or into a part."
        )
    places: list[tuple[str, Part | None, str]] = []
    issues: list[Issue] = []
    for path in paths:
        folders = path.split("/")[:-1]
        if len(folders) <= with_parts:
            issues.append(_issue(path, "no-class", "lies in no class folder", "Move it into the folder of its class."))
        elif with_parts:
            places.append((path, PART_NAMES[folders[0].lower()], folders[1]))
        else:
            places.append((path, None, folders[0]))
    if not places:
        lie = f"{counted(len(paths), 'picture')}, in no class folder" if paths else "no pictures"
        raise DataError(f"{root}: {lie}. {_told(others)}{LAYOUT}")
    return places, issues


def _headers(root: Path, paths: list[str]) -> Iterator[tuple[bytes, tuple[int, ...]] | UnreadableError]:
    """Digest and shape of each file, or what is wrong with it; in order, read in parallel."""
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    with ThreadPoolExecutor(len(available_cpus())) as pool:
        for headers in pool.map(lambda chunk: [_header(root / path) for path in chunk], chunks):
            yield from headers


def _header(path: Path) -> tuple[bytes, tuple[int, ...]] | UnreadableError:
    try:
        content = read_file(path)
        return hashlib.blake2b(content, digest_size=16).digest(), peek(content)
    except UnreadableError as error:
        return error


def _issue(path: str, kind: str, detail: str, suggestion: str) -> Issue:
    return Issue(path=path, kind=kind, detail=detail, suggestion=suggestion)


def _unreadable(path: str, cause: str) -> Issue:
    return _issue(path, "unreadable", cause, "It is left out; replace or delete it.")


def _told(issues: list[Issue]) -> str:
    """The first thing that was left out, and how many more; nothing where all is well."""
    if not issues:
        return ""
    more = f" (and {len(issues) - 1:,} more)" if len(issues) > 1 else ""
    return f"Left out: {issues[0].path}: {issues[0].detail}{more}. "


def _path_key(path: str) -> tuple[object, ...]:
    return natural_key(path), path


def _entry_key(entry: Entry) -> tuple[object, ...]:
    return PARTS.index(entry.part) if entry.part else 0, natural_key(entry.label), entry.label, *_path_key(entry.id)
