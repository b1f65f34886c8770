"""A source of files, wherever they lie: each is read once to list it, and once more for its value."""

import hashlib
import os
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np

from tellapart.data.download import cache_home
from tellapart.data.entries import Entries
from tellapart.data.resize import Form
from tellapart.data.source import Entry, Value
from tellapart.data.sources.files import PICTURES, FileKind
from tellapart.data.sources.known import WORTH, Header, Headers, Known
from tellapart.data.sources.places import Place, Places
from tellapart.data.sources.placing import by_path, order_of, told, unreadable
from tellapart.data.texts import Codes, Rows
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted
from tellapart.types import Issue
from tellapart.world import available_cpus

CHUNK = 64
"""Files that a thread is given at a time."""

Listing = tuple[Places, Iterable[Issue]]


class PictureSource:
    """The pictures of a folder, of an archive or of a table; or files of another kind.

    name     what a run on it is called
    where    what messages call it
    listing  gives the place of each file, and an issue for each thing that is none
    read     gives the bytes of the file at a path; UnreadableError where there are none; used from several threads
    files    what kind they are of
    """

    in_memory = False

    def __init__(
        self,
        name: str,
        where: str,
        listing: Callable[[], Listing],
        read: Callable[[str], bytes],
        files: FileKind = PICTURES,
    ) -> None:
        self.name = name
        self.kind = files.kind
        self._files = files
        self.place = os.path.realpath(where)
        self._where, self._listing, self._read = where, listing, read

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every file with a readable header, naturally sorted by part, class and path; an issue for each other file.

        DataError where there are no readable ones, or where nothing says their classes.
        """
        return self._scanned

    def content(self, entry: Entry) -> bytes:
        """The bytes of its file; UnreadableError where it is gone, or not what it was."""
        return as_listed(self._read(entry.id), entry)

    def value(self, entry: Entry, form: Form | None = None) -> Value:
        """The decoded file; UnreadableError where it is damaged, gone, or not what it was."""
        return self._files.decode(self.content(entry), form)

    @cached_property
    def _scanned(self) -> tuple[Entries, tuple[Issue, ...]]:
        began_ns = time.time_ns()
        places, others = self._listing()
        headers, wrong = self._headers(places, began_ns)
        issues = by_path([*(_broken(places[row], cause) for row, cause in wrong.items()), *others])
        if len(wrong) == len(places):
            raise DataError(
                f"{self._where}: none of {counted(len(places), self._files.noun)} can be read. {told(issues)}".rstrip()
            )
        rows = order_of(places, np.flatnonzero(headers.known))
        return _entries(places, headers, rows), issues

    def _headers(self, places: Places, began_ns: int) -> tuple[Headers, dict[int, str]]:
        """The header of each file, and what is wrong with a row's; none is read again whose stamp is the same."""
        if places.stamps is None or len(places) < WORTH:
            headers = Headers.unknown(len(places))
            return headers, self._read_into(headers, places.paths)
        known = Known(cache_home(), self.place, began_ns)
        headers = known.headers(places.hashes, places.stamps)
        if headers.known.all():
            return headers, {}
        wrong = self._read_into(headers, places.paths)
        known.remember(places.hashes, places.stamps, headers)
        return headers, wrong

    def _read_into(self, headers: Headers, paths: Sequence[str]) -> dict[int, str]:
        """Put in the headers that are not known, read in parallel; the rows of those that can't be, with the cause."""
        wrong: dict[int, str] = {}
        unknown = np.flatnonzero(~headers.known)

        def read(start: int) -> None:
            for row in unknown[start : start + CHUNK].tolist():
                try:
                    headers.digests[row], headers.shapes[row] = header_of(self._read(paths[row]), self._files)
                except UnreadableError as error:
                    wrong[row] = str(error)

        with ThreadPoolExecutor(len(available_cpus())) as pool:
            deque(pool.map(read, range(0, len(unknown), CHUNK)), maxlen=0)
        return dict(sorted(wrong.items()))


def _entries(places: Places, headers: Headers, rows: Rows) -> Entries:
    """The entries of these rows, in their order."""
    return Entries(
        ids=places.paths.taken(rows),
        labels=places.labels.taken(rows),
        parts=places.parts.taken(rows),
        digests=headers.digests[rows].tobytes(),
        shapes=Codes(tuple(headers.shapes[row].tolist()) for row in rows),
        groups=places.groups and places.groups.taken(rows),
        weights=places.weights and array("d", np.asarray(places.weights)[rows].tobytes()),
    )


def header_of(content: bytes, files: FileKind = PICTURES) -> Header:
    """Digest and shape of the bytes of a file; UnreadableError where its header can't be read."""
    return _digest(content), files.peek(content)


def as_listed(content: bytes, entry: Entry) -> bytes:
    """The bytes of an entry; UnreadableError where they are not those that were listed, as of a file that changed."""
    if _digest(content) != entry.digest:
        raise UnreadableError("changed since it was listed")
    return content


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


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
