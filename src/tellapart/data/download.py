"""Files of a built-in data set: where they lie, and how they get there."""

import hashlib
import http.client
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tellapart.errors import DataError
from tellapart.files import write_bytes

TIMEOUT_S = 30
"""How long a mirror may stay silent."""
MAX_BYTES = 500_000_000
"""A longer answer is refused."""
CHUNK_BYTES = 1 << 20

log = logging.getLogger("tellapart")


def data_homes(data_dir: Path | None) -> list[Path]:
    """The folders that data sets are looked for in: the given one or $TELLAPART_DATA_DIR, then the user's cache folder.

    What is downloaded goes into the last.
    """
    given = data_dir or os.environ.get("TELLAPART_DATA_DIR")
    return [Path(given), cache_home()] if given else [cache_home()]


def cache_home() -> Path:
    """The folder in the user's cache folder where what can be made again is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tellapart"


def fetch(name: str, mirrors: Sequence[str], digest: str, into: Path) -> Path:
    """The path of file `name` in folder `into`, after a download from the first mirror that has it whole.

    mirrors  addresses that the name is put behind
    digest   MD5 or SHA-256 of the file, in hex
    """
    causes = []
    for mirror in mirrors:
        log.info("downloading %s%s into %s", mirror, name, into)
        try:
            content = _body(mirror + name)
            _check(content, digest)
        except (OSError, http.client.HTTPException, ValueError) as error:
            cause = " ".join(str(error).split()) or type(error).__name__
            log.info("%s%s: %s", mirror, name, cause)
            causes.append(f"{mirror}{name}: {cause}")
        else:
            return _kept(content, into / name)
    listed = "\n  ".join(causes)
    raise DataError(
        f"{name} could not be downloaded:\n  {listed}\n"
        f"To go on without a network, put this file ({_algorithm(digest)} {digest}) at {into / name}"
    )


def content_of(path: Path, most_bytes: int) -> bytes:
    """The bytes of a file that was found on the disk, up to `most_bytes`."""
    try:
        with path.open("rb") as file:
            return file.read(min(path.stat().st_size, most_bytes))
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from None


def damaged(file: str, cause: str) -> DataError:
    """The error for a file that is not what was published."""
    return DataError(f"{file}: damaged: {cause}. Delete it: the next run downloads it again.")


def _kept(content: bytes, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    except OSError as error:
        raise DataError(
            f"{path}: can't be written: {error.strerror}. Give another folder with --data-dir or TELLAPART_DATA_DIR."
        ) from None
    return path


def _body(address: str) -> bytes:
    """The whole answer; OSError or HTTPException where there is none, ValueError where it is too long."""
    request = urllib.request.Request(address, headers={"User-Agent": "tellapart"})
    chunks, size_bytes = [], 0
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            promised = answer.headers.get("Content-Length")
            while chunk := answer.read(CHUNK_BYTES):
                chunks.append(chunk)
                size_bytes += len(chunk)
                if size_bytes > MAX_BYTES:
                    raise ValueError(f"longer than {MAX_BYTES:,} bytes")
    except urllib.error.HTTPError as error:
        error.close()
        raise
    if promised is not None and size_bytes != int(promised):
        raise ValueError(f"cut short: {size_bytes:,} of {int(promised):,} bytes came")
    return b"".join(chunks)


def _check(content: bytes, digest: str) -> None:
    found = hashlib.new(_algorithm(digest), content, usedforsecurity=False).hexdigest()
    if found != digest:
        raise ValueError(f"{len(content):,} bytes came with {_algorithm(digest)} {found}, expected {digest}")


def _algorithm(digest: str) -> str:
    return "md5" if len(digest) == 32 else "sha256"
