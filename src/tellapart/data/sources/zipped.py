"""Zip archives: each file is read where it stands."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path

from tellapart.data.decode import MAX_BYTES
from tellapart.data.sources.members import FREE_BYTES, MOST_MEMBERS, MOST_RATIO, Contents, Member, MemberKind, contents
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted

ERRORS = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, struct.error, zlib.error, LZMAError)
"""What the zipfile module raises on damaged archives; NotImplementedError is a RuntimeError."""
ENCRYPTED, UTF8 = 0x1, 0x800
"""Flags of a member."""
END, ENTRY_BYTES = b"PK\x05\x06", 46
"""The record at the end of an archive, and the least size of an entry in its directory."""
LONGEST_END = 65_557
STEPS = {zipfile.ZIP_STORED: 1 << 20, zipfile.ZIP_DEFLATED: 1 << 20}
"""Bytes unpacked at a time; by other methods a little can unpack to much."""
SMALL_STEP = 4096


def zip_contents(path: Path) -> Contents:
    """The files of a zip; DataError where it is damaged, encrypted as a whole or made to swell."""
    try:
        size = path.stat().st_size
        _check_end(path, size)
        archive = zipfile.ZipFile(path)
        infos = archive.infolist()
    except DataError:
        raise
    except ERRORS as error:
        text = " ".join(str(error).split())
        raise DataError(
            f"{path}: damaged, cut short, or no zip archive: {text}. Copy it again from where it came."
        ) from None
    if infos and all(info.flag_bits & ENCRYPTED for info in infos if not info.is_dir()):
        raise DataError(f"{path}: encrypted. Unpack it with its password and give the folder.")
    if sum(info.compress_size for info in infos) > size:
        raise DataError(f"{path}: its files overlap, as in an archive that is made to swell. It is not read.")
    return contents(str(path), map(_member, infos), size, lambda member: _read(archive, member.at))


def _check_end(path: Path, size: int) -> None:
    """Refuse a directory of more entries than are read, before it is read."""
    with path.open("rb") as file:
        file.seek(max(0, size - LONGEST_END))
        tail = file.read()
    end = tail.rfind(END)
    count = int.from_bytes(tail[end + 10 : end + 12], "little") if end >= 0 else 0
    directory = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    long_end = tail.rfind(b"PK\x06\x06", 0, end)
    if count == 0xFFFF and long_end >= 0:
        count = int.from_bytes(tail[long_end + 32 : long_end + 40], "little")
        directory = int.from_bytes(tail[long_end + 40 : long_end + 48], "little")
    if count > MOST_MEMBERS or min(directory, size) > MOST_MEMBERS * 10 * ENTRY_BYTES:
        raise DataError(f"{path}: more than {MOST_MEMBERS:,} files. Unpack it, or cut it into several.")


def _member(info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16
    kind: MemberKind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
    if kind == "file" and stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        kind = "device"
    return Member(name=_name(info), kind=kind, size=info.file_size, at=info)


def _name(info: zipfile.ZipInfo) -> str:
    """The name; some systems write UTF-8 without saying so."""
    if info.flag_bits & UTF8 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & ENCRYPTED:
        raise UnreadableError("encrypted; unpack the archive with its password")
    if info.file_size > MAX_BYTES:
        raise UnreadableError(f"{counted(info.file_size, 'byte')}; at most {MAX_BYTES:,} are read")
    if info.file_size > max(FREE_BYTES, MOST_RATIO * info.compress_size):
        raise UnreadableError(f"{info.compress_size:,} bytes that unpack to {info.file_size:,}, as no picture does")
    try:
        return b"".join(_pieces(archive, info))
    except ERRORS as error:
        raise UnreadableError(f"damaged in the archive: {' '.join(str(error).split())}") from None


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as file:
        while piece := file.read(STEPS.get(info.compress_type, SMALL_STEP)):
            yield piece
