"""A source of picture files, wherever they lie: each is read once to list it, and once more for its value."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Literal

from tellapart.data.decode import peek
from tellapart.data.download import cache_home
from tellapart.data.known import WORTH, Header, Known, Stamp
from tellapart.data.placing import Place, by_path, in_order, told, unreadable
from tellapart.data.resize import Form, picture_in
from tellapart.data.source import Entry, Value
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted
from tellapart.types import Issue
from tellapart.world import available_cpus

CHUNK = 64
"""Files that a thread is given at a time."""

Listing = tuple[Sequence[Place], Iterable[Issue]]


class PictureSource:
    """The pictures of a folder, of an archive or of a table.

    name     what a run on it is called
    where    what messages call it
    listing  gives the place of each picture, and an issue for each thing that is none
    read     gives the bytes of the picture at a path; UnreadableError where there are none; used from several threads
    stamp    gives what changes with the file at a path; while it stays the same, what is known is not read again
    """

    kind: Literal["image", "vector"] = "image"
    in_memory = False

    def __init__(
        self,
        name: str,
        where: str,
        listing: Callable[[], Listing],
        read: Callable[[str], bytes],
        stamp: Callable[[str], Stamp | None] | None = None,
    ) -> None:
        self.name = name
        self.place = os.path.realpath(where)
        self._where, self._listing, self._read, self._stamp = where, listing, read, stamp

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every picture with a readable header, naturally sorted by part, class and path; an issue for each other file.

        DataError where there are no readable pictures, or where nothing says their classes.
        """
        return self._scanned

    def value(self, entry: Entry, form: Form | None = None) -> Value:
        """uint8 (H, W, C); UnreadableError where the file is damaged or gone."""
        return picture_in(self._read(entry.id), form)

    @cached_property
    def _scanned(self) -> tuple[tuple[Entry, ...], tuple[Issue, ...]]:
        places, others = self._listing()
        broken: list[Issue] = []
        entries: list[Entry] = []
        for place, header in zip(places, self._headers([place.path for place in places]), strict=True):
            if isinstance(header, UnreadableError):
                broken.append(_broken(place, str(header)))
            else:
                entries.append(entry_of(place, header))
        issues = [*broken, *others]
        if not entries:
            raise DataError(
                f"{self._where}: none of {counted(len(places), 'picture')} can be read. {told(issues)}".rstrip()
            )
        return in_order(entries), by_path(issues)

    def _headers(self, paths: list[str]) -> Sequence[Header | UnreadableError]:
        """Digest and shape of each file, or what is wrong with it; those alone are read that are not known."""
        if self._stamp is None or len(paths) < WORTH:
            return list(self._headers_read(paths))
        known, stamps = Known(cache_home(), self.place), [self._stamp(path) for path in paths]
        found: list[Header | UnreadableError | None] = [*known.headers(paths, stamps)]
        unknown = [place for place, header in enumerate(found) if header is None]
        for place, header in zip(unknown, self._headers_read([paths[place] for place in unknown]), strict=True):
            found[place] = header
        headers = [header for header in found if header is not None]
        if unknown:
            read = [None if isinstance(header, UnreadableError) else header for header in headers]
            known.remember(paths, stamps, read)
        return headers

    def _headers_read(self, paths: list[str]) -> Iterator[Header | UnreadableError]:
        """The same for files that are all read; in order, in parallel."""
        chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
        with ThreadPoolExecutor(len(available_cpus())) as pool:
            for headers in pool.map(lambda chunk: [self._header(path) for path in chunk], chunks):
                yield from headers

    def _header(self, path: str) -> Header | UnreadableError:
        try:
            return header_of(self._read(path))
        except UnreadableError as error:
            return error


def header_of(content: bytes) -> Header:
    """Digest and shape of the bytes of a picture file; UnreadableError where its header can't be read."""
    return hashlib.blake2b(content, digest_size=16).digest(), peek(content)


def entry_of(place: Place, header: Header) -> Entry:
    """The entry of a picture whose header is read."""
    return Entry(
        id=place.path,
        label=place.label,
        part=place.part,
        digest=header[0],
        shape=header[1],
        group=place.group,
        weight=place.weight,
    )


def _broken(place: Place, cause: str) -> Issue:
    if place.said_at is None:
        return unreadable(place.path, cause)
    return unreadable(place.said_at, f"{place.path!r}: {cause}")
