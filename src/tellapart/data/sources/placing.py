"""Where a picture belongs: its part and class, from the folders that it lies in; and what is left out, and why."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np

from tellapart.data.sources.files import ARRAY, PICTURES, FileKind
from tellapart.data.sources.known import Stamps
from tellapart.data.sources.places import Places
from tellapart.data.texts import Codes, Rows, Texts
from tellapart.errors import DataError
from tellapart.names import counted, listed, natural_key, naturally_sorted
from tellapart.types import PARTS, Issue, Part

IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What systems leave in folders, in lower case; hidden entries are ignored as well."""
PART_NAMES: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
LAYOUT = (
    "Put the {noun}s into a folder per class, as in cat/1{suffix}, or per part and class, as in train/cat/1{suffix}."
)


def placed(
    where: str, paths: Texts, others: Sequence[Issue], stamps: Stamps | None = None, files: FileKind = PICTURES
) -> tuple[Places, list[Issue]]:
    """The place of each file; an issue for each that lies in no class folder. DataError where none lies in one.

    where   what the paths are relative to, for messages
    others  what was left out before
    The folders at the top are parts only where each that holds pictures is named so: `test` beside `cat` is a class.
    """
    holding = Codes(path.rpartition("/")[0] for path in paths)
    folders = {*holding.values} - {""}
    tops = {folder.partition("/")[0] for folder in folders}
    with_parts = all(top.lower() in PART_NAMES for top in tops)
    odd = sorted(top for top in tops if top.lower() not in PART_NAMES)
    like_parts = sorted(tops - set(odd))
    if odd and like_parts and folders.isdisjoint(like_parts):
        raise DataError(
            f"{where}: {listed(like_parts)} hold a folder per class, as parts do, but {listed(odd)} "
            f"stands beside {'it' if len(like_parts) == 1 else 'them'}. Move it away, or into a part."
        )
    homes = holding.changed(lambda folder: _home(folder, with_parts))
    at_home = np.array([home is not None for home in homes.values], bool)[homes.numbers]
    issues = [
        issue(paths[row], "no-class", "lies in no class folder", "Move it into the folder of its class.")
        for row in np.flatnonzero(~at_home).tolist()
    ]
    places = Places(
        paths,
        homes.changed(lambda home: home[0] if home else ""),
        homes.changed(lambda home: home[1] if home else None),
    )
    places.stamps = stamps
    if issues:
        places = places.taken(np.flatnonzero(at_home))
    if not places:
        lie = f"{counted(len(paths), files.noun)}, in no class folder" if paths else f"no {files.noun}s"
        layout = LAYOUT.format(noun=files.noun, suffix=files.usual)
        raise DataError(f"{where}: {lie}. {told(by_path(others))}{layout}")
    return places, issues


def _home(folder: str, with_parts: bool) -> tuple[str, Part | None] | None:
    """Class and part of the pictures in a folder; None where it is no class folder."""
    words = folder.split("/")
    if not folder or len(words) <= with_parts:
        return None
    return (words[1], PART_NAMES[words[0].lower()]) if with_parts else (words[0], None)


def part_of_file(name: str) -> Part | None:
    """The part that a file is named after, as in `train-00000-of-00002.parquet` or `val.csv`; None where it is none."""
    word = ""
    for letter in PurePosixPath(name).name.lower():
        if not letter.isalpha():
            break
        word += letter
    return PART_NAMES.get(word)


named_like_a_picture = PICTURES.named


def pictures_among(paths: Sequence[str]) -> list[str]:
    """Those that are named like a picture, without each .npy that stands beside a picture of the same name."""
    return without_companions([path for path in paths if named_like_a_picture(path)])


def without_companions(pictures: list[str]) -> list[str]:
    """The pictures without each .npy that stands beside another of the same name."""
    arrays = {path for path in pictures if path[-4:].lower() == ARRAY}
    if not arrays:
        return pictures
    taken = {path[: path.rfind(".")] for path in pictures if path not in arrays}
    return [path for path in pictures if path not in arrays or path[: path.rfind(".")] not in taken]


def shown(name: str) -> bool:
    """Whether a file or folder is neither hidden nor left behind by a system."""
    return name[:1] != "." and name.lower() not in IGNORED


def issue(path: str, kind: str, detail: str, suggestion: str) -> Issue:
    return Issue(path=path, kind=kind, detail=detail, suggestion=suggestion)


def unreadable(path: str, cause: str) -> Issue:
    return issue(path, "unreadable", cause, "It is left out; replace or delete it.")


def not_a_picture(path: str, files: FileKind = PICTURES) -> Issue:
    return issue(path, f"not-a-{files.noun}", f"not named like a {files.noun}", "Nothing to do if it is none.")


def beside_a_picture(path: str) -> Issue:
    return issue(path, "not-a-picture", "stands beside a picture of the same name", "Nothing to do if it is none.")


def told(issues: Sequence[Issue]) -> str:
    """The first thing that was left out, and how many more; nothing where all is well."""
    if not issues:
        return ""
    more = f" (and {len(issues) - 1:,} more)" if len(issues) > 1 else ""
    return f"Left out: {issues[0].path}: {issues[0].detail}{more}. "


def by_path(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The issues, naturally sorted by what they are about."""
    return tuple(sorted(issues, key=lambda i: natural_key(i.path)))


def order_of(places: Places, readable: Rows) -> Rows:
    """Those rows of the places that are readable, naturally sorted by part, class and path."""
    parts = [PARTS.index(part) if part else 0 for part in places.parts.values]
    labels = {label: place for place, label in enumerate(naturally_sorted(places.labels.values, str))}
    ranks = (
        np.array(parts)[places.parts.numbers] * len(labels)
        + np.array([labels[label] for label in places.labels.values])[places.labels.numbers]
    )
    rows = readable[np.argsort(ranks[readable], kind="stable")]
    groups = np.split(rows, np.flatnonzero(np.diff(ranks[rows])) + 1)
    return np.concatenate([np.array(naturally_sorted(group.tolist(), places.paths.__getitem__)) for group in groups])
