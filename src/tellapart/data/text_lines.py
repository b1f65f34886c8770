"""Plain text out of bytes, and lines of it whose cells are parted by tabs alone: a quote is a plain character there."""

import codecs
from collections.abc import Iterator, Sequence
from itertools import islice

from tellapart.errors import UnreadableError

MOST_BYTES = 2**29
"""Of a file that is read as a whole."""
LOOKED_AT = 1000
"""Lines by which a table without a header is told."""
MOST_CLASSES, MOST_CLASS_LETTERS = 1000, 100
ENOUGH, SOME = 0.95, 0.1
"""Share of lines with a tab, and share of texts with a space, in a table of texts."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 or UTF-32 by its mark, else UTF-8 where all of it is, else Windows-1252.

    UnreadableError where zero bytes stand in it, which no text has, or where it is longer than 512 MiB.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"{len(content):,} bytes of text; at most {MOST_BYTES:,} are read. Cut it into pieces")
    marked = next((name for mark, name in MARKS if content.startswith(mark)), None)
    if marked is None and b"\0" in content:
        raise UnreadableError("zero bytes stand in it; it is no text, or UTF-16 without its mark: save it as UTF-8")
    try:
        text = content.decode(marked or "utf-8", "replace" if marked else "strict")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise UnreadableError("zero characters stand in it; it is no text")
    return text


def tabbed(lines: Sequence[str], count: int) -> bool:
    """Whether each of the first lines that is not blank has `count` cells, parted by tabs."""
    return all(line.count("\t") == count - 1 for line in lines[:LOOKED_AT] if line.strip())


def cells_of(line: str) -> list[str]:
    """The cells of a line; of one that is in quotes, as spreadsheets write it, what they hold."""
    return [_unquoted(cell) for cell in line.rstrip("\r\n").split("\t")]


def label_side(lines: Iterator[str]) -> int | None:
    """Which of two columns without a header holds the classes, 0 or -1; None where it is no table of texts.

    The classes are short words without a space, few of them; the texts beside them do have spaces.
    """
    rows = [line.rstrip("\r\n") for line in islice((line for line in lines if line.strip()), LOOKED_AT)]
    if not rows or sum("\t" in row for row in rows) < ENOUGH * len(rows):
        return None
    for side in (0, -1):
        pairs = [pair_of_cells(row, side) for row in rows if "\t" in row]
        labels, texts = {label for label, _ in pairs}, [text for _, text in pairs]
        short = all(len(label) <= MOST_CLASS_LETTERS and len(label.split()) == 1 for label in labels - {""})
        few = len(labels) <= min(MOST_CLASSES, len(pairs) / 2)
        if short and few and sum(" " in text.strip() for text in texts) >= SOME * len(texts):
            return side
    return None


def pair_of_cells(line: str, side: int) -> tuple[str, str]:
    """Class and text of a line with a tab, the class before the first tab (0) or behind the last (-1)."""
    if side == 0:
        label, _, text = line.partition("\t")
    else:
        text, _, label = line.rpartition("\t")
    return label.strip(), text


def _unquoted(cell: str) -> str:
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell
