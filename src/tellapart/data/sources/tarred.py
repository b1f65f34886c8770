"""Tar archives: each file is read by its offset; a compressed archive is unpacked once, into the user's cache."""

import bz2
import gzip
import hashlib
import logging
import lzma
import os
import tarfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from tellapart.data.decode import MAX_BYTES
from tellapart.data.download import cache_home
from tellapart.data.room import make_room
from tellapart.data.sources.members import FREE_BYTES, MOST_BYTES, MOST_RATIO, Contents, Member, MemberKind, contents
from tellapart.errors import DataError, UnreadableError

ERRORS = (tarfile.TarError, OSError, ValueError, EOFError, RecursionError, OverflowError, zlib.error, lzma.LZMAError)
"""What the modules raise on damaged archives."""
PACKED: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.GzipFile),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
"""How a compressed file begins, whatever its name -> what unpacks it."""
ZSTD = b"\x28\xb5\x2f\xfd"
FOLDER = "unpacked"
"""In the user's cache folder."""
ADVICE = "Make room, set XDG_CACHE_HOME to a folder with more, or unpack it by hand and give the folder."
KEPT_S = 24 * 3600
"""Seconds for which what was unpacked stays: a run that goes on over it opens it by its name."""
BLOCK_BYTES = 512
STEP_BYTES = 1 << 20
KEY_BYTES = 1 << 16
"""From both ends of an archive, that tell it from another of the same name, size and time."""

log = logging.getLogger("tellapart")


def tar_contents(path: Path) -> Contents:
    """The files of a tar, compressed or not; DataError where it is damaged, cut short or made to swell."""
    plain = plain_tar(path)
    size = plain.stat().st_size
    with plain.open("rb") as file:
        return contents(str(path), tar_members(file, size, str(path)), size, lambda member: _read(plain, member))


def tar_members(file: BinaryIO, size: int, where: str) -> Iterator[Member]:
    """Every member, by its header; DataError where the archive is damaged or ends before its end mark."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            last = -1
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]
                if tar.offset <= last or info.offset_data + info.size > size:
                    raise tarfile.ReadError(f"{info.name!r} does not lie within the file")
                last = tar.offset
                yield Member(name=info.name, kind=_kind(info), size=info.size, at=info.offset_data)
            file.seek(tar.offset)
            mark = file.read(BLOCK_BYTES)
    except ERRORS as error:
        raise _damaged(where, " ".join(str(error).split())) from None
    if mark != bytes(BLOCK_BYTES):
        raise _damaged(where, f"no end mark stands at byte {tar.offset:,}")


def plain_tar(path: Path) -> Path:
    """The uncompressed tar: the file itself, or what it was unpacked to in the cache folder, now or before."""
    try:
        status = path.stat()
        with path.open("rb") as file:
            start = file.read(KEY_BYTES)
            file.seek(max(0, status.st_size - KEY_BYTES))
            end = file.read()
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}.") from None
    if start.startswith(ZSTD):
        raise DataError(f"{path}: packed by zstd, which is not read. Unpack it, or pack it as .tar or .tar.gz.")
    opener = next((opener for mark, opener in PACKED if start.startswith(mark)), None)
    if opener is None:
        return path
    said = f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogateescape")
    key = hashlib.blake2b(said + start + end, digest_size=8).hexdigest()
    plain = cache_home() / FOLDER / f"{path.name.split('.')[0][:100]}-{key}.tar"
    if not plain.exists():
        log.info("unpacking %s to %s, once", path, plain)
        _unpack(opener, path, status.st_size, plain)
    with suppress(OSError):
        os.utime(plain)  # when it was used last
    return plain


def _unpack(opener: Callable[[Path], Any], path: Path, packed_bytes: int, plain: Path) -> None:
    """Write the unpacked archive beside its place, then rename it; others that were unpacked before may go for it.

    How large it will be no header says, so that room is made for twice of what is there whenever that is used up.
    """
    beside = plain.with_name(f".{plain.name}.{uuid.uuid4().hex[:8]}")
    try:
        plain.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as out:
            room = 0
            for piece in _pieces(opener, path, packed_bytes):
                if out.tell() + len(piece) > room:
                    room = max(packed_bytes, 2 * out.tell(), len(piece))
                    make_room(beside, room, f"{path}: its unpacked files", ADVICE, KEPT_S)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(plain)
    except OSError as error:
        raise DataError(
            f"{plain}: can't be written: {error.strerror}. {path} is unpacked there once. {ADVICE}"
        ) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _pieces(opener: Callable[[Path], Any], path: Path, packed_bytes: int) -> Iterator[bytes]:
    """The unpacked bytes; DataError where they are damaged or too many."""
    total = 0
    try:
        with opener(path) as unpacked:
            while piece := unpacked.read(STEP_BYTES):
                total += len(piece)
                if total > MOST_BYTES or (total > FREE_BYTES and total > MOST_RATIO * packed_bytes):
                    raise DataError(
                        f"{path}: {packed_bytes:,} bytes that unpack to more than {total - 1:,}, as no pictures do. "
                        "It is not read."
                    )
                yield piece
    except DataError:
        raise
    except ERRORS as error:
        raise _damaged(str(path), " ".join(str(error).split())) from None


def _kind(info: tarfile.TarInfo) -> MemberKind:
    if info.isdir():
        return "folder"
    if info.issym() or info.islnk():
        return "link"
    if info.issparse():
        return "sparse"
    return "file" if info.isreg() else "device"


def _read(plain: Path, member: Member) -> bytes:
    if member.size > MAX_BYTES:
        raise UnreadableError(f"{member.size:,} bytes; at most {MAX_BYTES:,} are read")
    try:
        with plain.open("rb") as file:
            file.seek(member.at)
            content = file.read(member.size)
    except OSError as error:
        raise UnreadableError(f"the archive can't be read: {error.strerror}") from None
    if len(content) < member.size:
        raise UnreadableError("the archive has become shorter since it was listed")
    return content


def _damaged(where: str, cause: str) -> DataError:
    return DataError(f"{where}: damaged, cut short, or no tar archive: {cause}. Copy it again from where it came.")
