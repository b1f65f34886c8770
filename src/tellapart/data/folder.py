"""A folder of pictures, a folder per class, with or without folders for the parts above them."""

import os
import stat
from pathlib import Path
from typing import Literal

from tellapart.data.decode import read_file
from tellapart.data.known import stamp_of
from tellapart.data.pictures import Listing, PictureSource
from tellapart.data.placing import (
    beside_a_picture,
    issue,
    named_like_a_picture,
    not_a_picture,
    path_key,
    placed,
    shown,
    unreadable,
    without_companions,
)
from tellapart.errors import DataError
from tellapart.types import Issue


class FolderSource(PictureSource):
    """The pictures below a folder, in a folder per class."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            root.resolve().name or "data",
            str(root),
            self._listed,
            lambda path: read_file(root / path),
            lambda path: stamp_of(f"{root}/{path}"),
        )

    def _listed(self) -> Listing:
        walked, issues = _walked(self.root)
        paths = without_companions(walked)
        if len(paths) < len(walked):
            issues += [beside_a_picture(path) for path in sorted({*walked} - {*paths})]
        places, homeless = placed(str(self.root), paths, issues)
        return places, [*issues, *homeless]


def pictures_in(folder: Path) -> list[Path]:
    """Every file below a folder that is named like a picture, naturally sorted, whether it can be read or not."""
    return [folder / path for path in sorted(without_companions(_walked(folder)[0]), key=path_key)]


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
            issues.append(issue(folder, "duplicate", "a link to a folder that was read already", "Delete the link."))
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
            seen = (entry for entry in entries if shown(entry.name))
            return sorted(seen, key=lambda entry: entry.name, reverse=True)
    except OSError as error:
        if not folder:
            raise DataError(f"{root}: can't be read: {error.strerror}") from None
        issues.append(unreadable(folder, f"the folder can't be read: {error.strerror}"))
        return []


def _look(entry: os.DirEntry[str], path: str, real_root: Path) -> Literal["picture", "folder", "link"] | Issue:
    """What an entry is, or why it is left out; nothing is opened."""
    named_so = named_like_a_picture(entry.name)
    try:
        linked = entry.is_symlink()
        if linked and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
            return issue(path, "outside", "a link that leaves the folder", "Copy what it points to into the folder.")
        mode = entry.stat().st_mode
    except OSError as error:
        return unreadable(path, f"can't be read: {error.strerror}")
    if stat.S_ISDIR(mode) and not named_so:
        return "link" if linked else "folder"
    if stat.S_ISDIR(mode):
        return unreadable(path, "a folder that is named like a picture; what it holds is not read")
    if not named_so:
        return not_a_picture(path)
    if not stat.S_ISREG(mode):
        return unreadable(path, "a pipe, socket or device, not a file")
    return "picture"
