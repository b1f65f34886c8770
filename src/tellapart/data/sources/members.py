"""What is taken from an archive: regular files with names that stay inside, within bounds. Nothing is extracted."""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tellapart.data.sources.files import PICTURES, FileKind, prevailing
from tellapart.data.sources.placing import PART_NAMES, issue, not_a_picture, pictures_among, shown
from tellapart.errors import DataError
from tellapart.types import Issue

MOST_MEMBERS = 2_000_000
MOST_BYTES = 2**40
"""What an archive may hold in all."""
MOST_RATIO = 200
"""How many times its own size an archive may hold; pictures are packed already, and hardly shrink."""
FREE_BYTES = 100_000_000
"""Below it the ratio does not matter."""
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")


MemberKind = Literal["file", "folder", "link", "device", "sparse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One thing in an archive, by its header alone."""

    name: str
    kind: MemberKind
    size: int
    """Bytes, unpacked."""
    at: Any
    """Where its content is: what the reader of that kind of archive takes."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The files of an archive that may be read, by their paths with `/`; without a folder that only wraps the rest."""

    files: dict[str, Member]
    issues: list[Issue]
    read: Callable[[Member], bytes]
    """UnreadableError where the content is damaged; may be used from several threads."""
    kind: FileKind = PICTURES
    """What most of the files are."""

    @property
    def samples(self) -> list[str]:
        """The files of that kind."""
        if self.kind is PICTURES:
            return pictures_among([*self.files])
        return [path for path in self.files if self.kind.named(path)]

    @property
    def tables(self) -> list[str]:
        """Those at the top."""
        return [path for path in self.files if "/" not in path and path.lower().endswith(TABLE_SUFFIXES)]


def contents(where: str, members: Iterable[Member], packed_bytes: int, read: Callable[[Member], bytes]) -> Contents:
    """What may be read of the members; an issue for each that may not. DataError where there is too much of them.

    where         the archive, for messages
    packed_bytes  its size
    """
    files: dict[str, Member] = {}
    issues: list[Issue] = []
    lower: dict[str, str] = {}
    total = 0
    for count, member in enumerate(members):
        total += max(0, member.size)
        _check_bounds(where, count + 1, total, packed_bytes)
        path = member.name.replace("\\", "/")
        if member.kind == "folder" or not all(map(shown, _words(path))):
            continue
        cause = _refused(path, member)
        path = posixpath.normpath(path)
        if cause is None and path in files:
            cause = ("duplicate", "the name stands twice in the archive; the first is read", "Rename or delete one.")
        if cause is not None:
            issues.append(issue(member.name, *cause))
            continue
        files[path] = member
        alike = lower.setdefault(path.lower(), path)
        if alike != path:
            detail = f"differs from {alike!r} in large and small letters alone; both are read"
            issues.append(issue(path, "alike", detail, "Rename one: many systems can't hold both."))
    return _unwrapped(files, issues, read)


def _check_bounds(where: str, count: int, total: int, packed_bytes: int) -> None:
    if count > MOST_MEMBERS:
        raise DataError(f"{where}: more than {MOST_MEMBERS:,} files. Unpack it, or cut it into several.")
    if total > MOST_BYTES:
        raise DataError(f"{where}: its files say that they hold more than {MOST_BYTES:,} bytes; that is no archive.")
    if total > FREE_BYTES and total > MOST_RATIO * packed_bytes:
        raise DataError(
            f"{where}: {packed_bytes:,} bytes that unpack to more than {MOST_RATIO} times as much, as no pictures do. "
            "It is not read."
        )


def _words(path: str) -> list[str]:
    """Folders and name, without what says nothing."""
    return [word for word in path.split("/") if word not in ("", ".", "..")]


def _refused(path: str, member: Member) -> tuple[str, str, str] | None:
    """Kind, detail and advice where a member is not to be read."""
    if path.startswith("/") or re.match("[A-Za-z]:", path):
        return "outside", "an absolute name", "Pack it with a name below the archive's top."
    if ".." in path.split("/"):
        return "outside", "a name that leads out of the archive", "Pack it with a name below the archive's top."
    if member.kind == "link":
        return "link", "a link; links in archives are not followed", "Pack the file itself."
    if member.kind == "sparse":
        return "unreadable", "a sparse file, with holes in it", "Pack it anew as a whole file."
    if member.kind == "device":
        return "unreadable", "a pipe or a device, not a file", "Leave it out."
    return None


def _unwrapped(files: dict[str, Member], issues: list[Issue], read: Callable[[Member], bytes]) -> Contents:
    kind = prevailing([*files])
    prefix = wrapping([path for path in files if kind.named(path) or path.lower().endswith(TABLE_SUFFIXES)])
    files = {path.removeprefix(prefix): member for path, member in files.items()}
    others = [path for path in files if not kind.named(path) and not path.lower().endswith(TABLE_SUFFIXES)]
    left_out = [not_a_picture(path, kind) for path in others]
    return Contents(files=files, issues=[*issues, *left_out], read=read, kind=kind)


def wrapping(paths: Sequence[str]) -> str:
    """The folder, with its `/`, that all paths lie in for no other reason than to be packed; "" where there is none.

    It is entered as long as there is one folder at the top, not named like a part, and either a table lies in it or
    each picture lies in a further folder there, which then is its class or part.
    """
    prefix = ""
    while paths:
        rest = [path.removeprefix(prefix) for path in paths]
        top = rest[0].split("/")[0]
        inside = [path.split("/")[1:] for path in rest]
        single = all(path.startswith(f"{top}/") for path in rest) and top.lower() not in PART_NAMES
        table = any(len(words) == 1 and words[0].lower().endswith(TABLE_SUFFIXES) for words in inside)
        if not single or not (table or all(len(words) > 1 for words in inside)):
            break
        prefix += f"{top}/"
    return prefix
