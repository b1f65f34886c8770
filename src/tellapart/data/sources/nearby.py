"""Copies of shards that lie at an address, in the user's cache folder: each is fetched whole, in few large requests.

A pass has `WINDOW` shards open at a time, and their samples in an order of its own. Where the disk has room for them, a
shard is fetched when its first sample is asked for, and goes when others need its room. Where it has not, each sample
is a request. Memory holds one piece a thread.
"""

import hashlib
import logging
import os
import posixpath
import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tellapart.data.download import cache_home
from tellapart.data.passage import WINDOW
from tellapart.data.room import make_room, room_bytes
from tellapart.data.sources.addresses import read_at, stamp_of
from tellapart.errors import DataError, UnreadableError

FOLDER = "shards"
"""In the user's cache folder."""
PIECE_BYTES = 1 << 24
"""One request."""
TRIES = 3
"""Times that a copy is fetched which others take away before it is read."""

log = logging.getLogger("tellapart")


class Nearby:
    """Shards at addresses, read from copies of them. Several threads may read; one fetches a shard, others wait."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._folder = cache_home() / FOLDER
        self._stamps = {address: stamp_of(address) for address in addresses}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        open_at_once = sorted(size for size, _ in self._stamps.values())[-WINDOW:]
        self._fits = sum(open_at_once) <= room_bytes(self._folder)

    def path(self, address: str) -> Path | None:
        """Where the copy lies, fetched now or before; None where there is no room for copies."""
        if not self._fits:
            return None
        path = self._place(address)
        with self._locks[address]:
            if not path.exists():
                try:
                    self._fetch(address, path)
                except DataError as error:  # another program has filled the disk
                    log.info("%s", error)
                    self._fits = False
                    return None
            with suppress(OSError):
                os.utime(path)  # when it was used last
        return path

    def read(self, address: str, start: int, size: int) -> bytes:
        """So many bytes from a place in a shard; UnreadableError where they are not there."""
        for _ in range(TRIES):
            path = self.path(address)
            if path is None:
                break
            with suppress(FileNotFoundError), path.open("rb") as file:
                file.seek(start)
                content = file.read(size)
                if len(content) < size:
                    raise UnreadableError(f"{address}: has become shorter since it was listed")
                return content
        return read_at(address, start, size)

    def _place(self, address: str) -> Path:
        size, stamp = self._stamps[address]
        key = hashlib.blake2b(f"{address}\0{size}\0{stamp}".encode(), digest_size=8).hexdigest()
        return self._folder / f"{posixpath.basename(address).split('.')[0][:100]}-{key}.tar"

    def _fetch(self, address: str, path: Path) -> None:
        """Write a copy beside its place, then rename it; those that were used longest ago go for it."""
        size, _ = self._stamps[address]
        beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        log.info("fetching %s to %s", address, path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as out:
                make_room(beside, size, address, "Each of its samples is asked for alone instead.")
                for start in range(0, size, PIECE_BYTES):
                    out.write(read_at(address, start, min(PIECE_BYTES, size - start)))
            beside.replace(path)
        except OSError as error:
            raise DataError(f"{path}: can't be written: {error.strerror}.") from None
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
