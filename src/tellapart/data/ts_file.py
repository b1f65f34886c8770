"""Series in the `.ts` format of the UCR and UEA archives: a header, then a case a line, `1,2,3:4,5,6:class`.

Channels are parted by `:`, values by `,`; `?` is a missing one; the class stands last. `.ts.gz` is the same, packed.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tellapart.data.line_issue import LineIssue, noted
from tellapart.data.sources.placing import PART_NAMES
from tellapart.data.ts_case import Header, OddCaseError, Series, bare_case, case_of, text_of
from tellapart.errors import UnreadableError
from tellapart.types import Part

MOST_BYTES = 2**31
"""Of a file, unpacked."""
MOST_LINE_BYTES = 2**28
MOST_LINES = 10_000_000
MOST_VALUES = 500_000_000
"""Steps times channels, of all cases."""
GZIP_MARK = b"\x1f\x8b"
PART_IN_NAME = re.compile(r"(?i)(?<![a-z])(train|test|val|valid|validation)(?=\.(ts(\.gz)?|tsv|csv|txt|parquet)$)")
TIMED = "times stand beside its values, as in (0,1.5); write the values alone, at equal steps, as in 1.5,1.7:class"


@dataclass(frozen=True, kw_only=True)
class TsFile:
    """The cases of a file that can be used, in its order."""

    name: str
    """Of the problem, as the file has it; it may be empty."""
    series: list[Series]
    labels: list[str]
    """Class of each; all empty where the file has none. Of a file with a @targetLabel a number."""
    lines: list[int]
    """Where each stands, counted from 1."""
    labelled: bool
    numbers: bool
    """Whether the labels are numbers to be found by regression."""
    classes: tuple[str, ...]
    """As the header declares them; empty where it does not."""
    issues: list[LineIssue]


def read_ts(data: bytes | bytearray | memoryview | BinaryIO, channels: int | None = None) -> TsFile:
    """The cases of a `.ts` or `.ts.gz` file; UnreadableError where it is none, and an issue for each line that is bad.

    channels  of a model that is asked about the cases: each may end with a class or not, and it is passed over
    A file of another kind, one with times beside its values, and one of more than 2 GiB, unpacked, is refused.
    """
    file = io.BytesIO(data) if isinstance(data, bytes | bytearray | memoryview) else data
    start = file.read(2)
    file.seek(-len(start), io.SEEK_CUR)
    try:
        if start != GZIP_MARK:
            return _read(file, channels)
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _read(unpacked, channels)
    except (OSError, EOFError, zlib.error) as error:
        text = " ".join(str(error).split())
        raise UnreadableError(f"truncated: {text}" if isinstance(error, EOFError) else f"damaged: {text}") from None


def part_of_name(name: str) -> Part | None:
    """The part that stands at the end of a name, as in `GunPoint_TRAIN.ts.gz`; None where none does."""
    found = PART_IN_NAME.search(name)
    return PART_NAMES[found[1].lower()] if found else None


def pair_of(path: Path) -> Path | None:
    """The file beside it that holds the other part, `GunPoint_TEST.ts` of `GunPoint_TRAIN.ts`; None without one.

    A table goes with a table of the same suffix.
    """
    found = PART_IN_NAME.search(path.name)
    if found is None or found[1].lower() not in ("train", "test"):
        return None
    other = "test" if found[1].lower() == "train" else "train"
    other = other.upper() if found[1].isupper() else other.title() if found[1].istitle() else other
    stem = f"{path.name[: found.start()]}{other}"
    ends = dict.fromkeys((path.name[found.end() :], ".ts", ".ts.gz"))
    return next((beside for end in ends if (beside := path.with_name(stem + end)).is_file()), None)


def bare_name(path: Path) -> str:
    """The name of a file without its suffixes, and without its part: `GunPoint`."""
    found = PART_IN_NAME.search(path.name)
    stem = path.name[: found.start()].rstrip("_-. ") if found else ""
    return stem or path.name.removesuffix(".gz").rpartition(".")[0]


def _read(file: Any, asked: int | None) -> TsFile:
    lines = _lines(file)
    header = _header(lines)
    series: list[Series] = []
    labels: list[str] = []
    places: list[int] = []
    issues: list[LineIssue] = []
    channels, total = header.channels, 0
    for number, line in lines:
        if line.startswith(b"("):
            raise UnreadableError(f"line {number:,}: {TIMED}")
        try:
            if asked is None:
                case, label = case_of(line, header, channels)
            else:
                case, label = bare_case(line, asked, labelled=header.labelled), ""
        except OddCaseError as odd:
            noted(issues, number, *odd.args)
            continue
        channels, total = case.shape[1], total + case.size
        if total > MOST_VALUES:
            raise UnreadableError(f"line {number:,}: more than {MOST_VALUES:,} values up to here; no more are read")
        series.append(case)
        labels.append(label)
        places.append(number)
    return TsFile(
        name=header.name,
        series=series,
        labels=labels,
        lines=places,
        labelled=header.labelled,
        numbers=header.numbers,
        classes=header.classes,
        issues=issues,
    )


def _lines(file: Any) -> Iterator[tuple[int, bytes]]:
    """Number and text of each line that is neither blank nor a comment."""
    read = 0
    for number in range(1, MOST_LINES + 2):
        line = file.readline(MOST_LINE_BYTES + 1)
        if not line:
            return
        read += len(line)
        if len(line) > MOST_LINE_BYTES:
            raise UnreadableError(f"line {number:,}: more than {MOST_LINE_BYTES:,} bytes; a case may have no more")
        if read > MOST_BYTES:
            raise UnreadableError(f"more than {MOST_BYTES:,} bytes, unpacked; no more are read. Cut it into parts")
        if b"\0" in line:
            raise UnreadableError(f"line {number:,}: zero bytes stand in it; a .ts file is plain text")
        line = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
        if line and not line.startswith((b"#", b"%")):
            yield number, line
    raise UnreadableError(f"more than {MOST_LINES:,} lines; no more are read")


def _header(lines: Iterator[tuple[int, bytes]]) -> Header:
    """What stands before `@data`, which is consumed too."""
    said: dict[str, list[str]] = {}
    for number, line in lines:
        words = text_of(line).split() or [""]
        field = words[0].lower()
        if not field.startswith("@"):
            raise UnreadableError(f"line {number:,}: {words[0][:30]!r} stands before @data; this is no .ts file")
        if field == "@data":
            break
        said[field[1:]] = words[1:]
    else:
        raise UnreadableError("it has no line @data; this is no .ts file" if said else "empty")
    if _is(said.get("timestamps"), "true"):
        raise UnreadableError(TIMED)
    classes, numbers = said.get("classlabel"), _is(said.get("targetlabel"), "true")
    dimensions = said.get("dimensions") or said.get("dimension")
    counted_too = dimensions and dimensions[0].isascii() and dimensions[0].isdigit() and len(dimensions[0]) < 10
    channels = int(dimensions[0]) if dimensions and counted_too else 1 if _is(said.get("univariate"), "true") else None
    return Header(
        name=" ".join(said.get("problemname", [])),
        channels=channels,
        labelled=numbers or not (_is(classes, "false") or (classes is None and "targetlabel" in said)),
        numbers=numbers,
        classes=tuple(dict.fromkeys(classes[1:])) if classes and _is(classes, "true") and not numbers else (),
    )


def _is(words: list[str] | None, word: str) -> bool:
    return bool(words) and words[0].lower() == word  # type: ignore[index]
