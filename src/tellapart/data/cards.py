"""A sheet of training texts as the model meets them: how each begins, on a card under its class."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from tellapart.data.preview import labels_of, png, shortened
from tellapart.data.tokens import beginning
from tellapart.names import counted
from tellapart.types import Batch, DataSpec

if TYPE_CHECKING:
    from torch import Tensor

WIDTH, LINES = 320, 5
"""Pixels of a card, and lines of text on it."""
LETTERS = 60
"""Of a line at most; as many are looked at for each line that there is."""
SIZE, LINE, HEAD = 13, 19, 24
"""Pixels of the letters, from line to line, and of the strip with the class."""
EDGE, INSIDE, GAP = 4, 12, 10
COLOURS = ("#1f6cb0", "#bd5209", "#2f8557", "#8a4fa3", "#8a6d00", "#5a6472")
"""Of the classes, in turns."""
PAPER, INK, FAINT = "#f7f8f9", "#23282d", "#6b737b"
FONTS = "mpl-data/fonts/ttf"
"""Folder within matplotlib, whose DejaVu Sans has the letters of most alphabets."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def text_sheet(batch: Batch, spec: DataSpec, columns: int = 3) -> bytes:
    """PNG of how the texts of a batch begin, class by class, with the length of each.

    Of a text cut into words, an ellipsis stands for each that is not in the vocabulary. A letter that the font lacks,
    as a Chinese one, is a box.
    """
    assert batch.lengths is not None
    labels = [label[0][1] for label in labels_of(batch, spec)]
    order = sorted(range(len(labels)), key=lambda row: (batch.targets[row].tolist(), row))
    names = list(dict.fromkeys(labels[row] for row in order))
    cards = [
        Card(
            lines=_first_lines(batch.inputs[row, : batch.lengths[row]], spec),
            label=labels[row],
            length=counted(int(batch.lengths[row]), spec.tokens.removesuffix("s")),
            colour=COLOURS[names.index(labels[row]) % len(COLOURS)],
        )
        for row in order
    ]
    rows = [cards[start : start + columns] for start in range(0, len(cards), columns)]
    heights = [HEAD + max(len(card.lines) for card in row) * LINE + INSIDE for row in rows]
    sheet = Image.new("RGB", (columns * (WIDTH + GAP) + GAP, sum(heights) + GAP * (len(rows) + 1)), "white")
    y = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, card in enumerate(row):
            sheet.paste(_drawn(card, height), (GAP + column * (WIDTH + GAP), y))
        y += height + GAP
    return png(sheet)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A text on the sheet."""

    lines: list[str]
    label: str
    length: str
    """As in `26 bytes`."""
    colour: str


def _first_lines(tokens: Tensor, spec: DataSpec) -> list[str]:
    text = printable(beginning(tokens.cpu().numpy(), spec, LINES * LETTERS))
    return wrapped(text, _font("DejaVuSans.ttf"), WIDTH - EDGE - 2 * INSIDE, LINES)


def _drawn(card: Card, height: int) -> Image.Image:
    """The class in its colour, how long the text is, and its first lines."""
    paper = Image.new("RGB", (WIDTH, height), PAPER)
    pen, plain, bold, small = ImageDraw.Draw(paper), _font("DejaVuSans.ttf"), _font("DejaVuSans-Bold.ttf"), _small()
    pen.rectangle((0, 0, EDGE - 1, height), fill=card.colour)
    left, right = EDGE + INSIDE, WIDTH - INSIDE
    taken = small.getlength(card.length)
    pen.text((left, 5), shortened(printable(card.label), bold, right - left - taken - GAP), fill=card.colour, font=bold)
    pen.text((right - taken, 7), card.length, fill=FAINT, font=small)
    for number, line in enumerate(card.lines):
        pen.text((left, HEAD + 3 + number * LINE), line, fill=INK, font=plain)
    return paper


def wrapped(text: str, font: Font, room: float, most: int) -> list[str]:
    """The first lines of a text, each at most `room` pixels wide; broken between words, and within those too long.

    Where more follows, an ellipsis ends the last one.
    """
    lines, line = list[str](), ""
    words = text.split(" ")
    for word in words:
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= room:
            line = longer
            continue
        lines += [line] if line else []
        while font.getlength(word) > room and len(lines) <= most:
            fits = next(end for end in range(len(word) - 1, 0, -1) if end == 1 or font.getlength(word[:end]) <= room)
            lines.append(word[:fits])
            word = word[fits:]
        line = word
        if len(lines) > most:
            break
    lines += [line] if line else []
    if len(lines) > most:
        lines = [*lines[: most - 1], shortened(f"{lines[most - 1]} {lines[most]}", font, room)]
    return lines


def printable(text: str) -> str:
    """In one line, without what only steers other letters, as joiners do; half of a letter is U+FFFD."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    plain = " ".join(whole.split())
    return "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cc", "Cf"))


@cache
def _font(name: str) -> Font:
    """One of matplotlib's; where it is installed without them Pillow's own."""
    found = find_spec("matplotlib")
    path = Path(found.origin).parent / FONTS / name if found is not None and found.origin else None
    return ImageFont.truetype(str(path), SIZE) if path is not None and path.is_file() else ImageFont.load_default(SIZE)


def _small() -> Font:
    font = _font("DejaVuSans.ttf")
    return font.font_variant(size=SIZE - 3) if isinstance(font, ImageFont.FreeTypeFont) else font
