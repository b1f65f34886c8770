"""Archives of pictures, recordings or texts: a folder per class in a zip or tar; of pictures a table that says more."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tellapart.config import Reading
from tellapart.data.source import Source
from tellapart.data.sources.layout import Top, places_in, telling_tables
from tellapart.data.sources.lookup import in_archive
from tellapart.data.sources.members import Contents
from tellapart.data.sources.pictures import Listing, PictureSource
from tellapart.data.sources.placing import placed
from tellapart.data.sources.shards import looks_like_shard, open_shards
from tellapart.data.sources.tarred import tar_contents
from tellapart.data.sources.zipped import zip_contents
from tellapart.data.texts import Texts
from tellapart.errors import DataError, UnreadableError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz")


def open_archive(path: Path, reading: Reading) -> Source:
    """The files of an archive, which is listed here and never extracted."""
    inside = zip_contents(path) if path.name.lower().endswith(".zip") else tar_contents(path)
    if not path.name.lower().endswith(".zip") and looks_like_shard(inside.files):
        return open_shards([str(path)], name=bare(path.name))
    return PictureSource(
        bare(path.name),
        str(path),
        lambda: _listing(str(path), inside, reading),
        lambda name: inside.read(inside.files[name]),
        inside.kind,
    )


def bare(name: str) -> str:
    """The name of an archive without its suffixes."""
    suffix = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)] or "data"


def _listing(where: str, inside: Contents, reading: Reading) -> Listing:
    @contextmanager
    def opened(name: str) -> Iterator[BinaryIO]:
        try:
            content = inside.read(inside.files[name])
        except UnreadableError as error:
            raise DataError(f"{where}: {name}: {error}.") from None
        yield io.BytesIO(content)

    shelf = in_archive(path for path in inside.files if path not in inside.tables)
    top = Top(where=where, tables=inside.tables, open=opened, shelf=shelf)
    telling = telling_tables(top, reading)
    if telling:
        places, issues = places_in(top, telling, reading)
        return places, [*issues, *inside.issues]
    places, homeless = placed(where, Texts(inside.samples), inside.issues, files=inside.kind)
    return places, [*homeless, *inside.issues]
