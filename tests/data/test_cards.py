"""The sheet of training texts: what stands on it, and that no text breaks it."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from tellapart.data.cards import COLOURS, GAP, WIDTH, _font, printable, text_sheet, wrapped
from tellapart.data.preview import rows_of_each
from tellapart.data.tokens import bytes_of
from tellapart.types import Batch, DataSpec

SPEC = DataSpec(kind="text", shape=(9,), classes=("ham", "spam"), mean=(), std=())
FONT = _font("DejaVuSans.ttf")


def sheet(*texts: str, targets: list[int] | None = None, spec: DataSpec = SPEC) -> np.ndarray:
    """The pixels of the sheet of these texts."""
    tokens = [torch.from_numpy(bytes_of(text)) for text in texts]
    batch = Batch(
        inputs=torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True),
        targets=torch.tensor(targets or [0] * len(texts)),
        keys=torch.arange(len(texts)),
        lengths=torch.tensor([len(each) for each in tokens]),
    )
    return np.asarray(Image.open(io.BytesIO(text_sheet(batch, spec))))


def edge(pixels: np.ndarray, row: int, column: int) -> str:
    """The colour at the left edge of a card, all of which are of one height."""
    height = (pixels.shape[0] - GAP) // 2
    return "#{:02x}{:02x}{:02x}".format(*pixels[GAP + row * height + 3, GAP + column * (WIDTH + GAP) + 1])


def test_texts_stand_class_by_class_each_in_its_colour() -> None:
    pixels = sheet("one", "two", "three", "four", targets=[1, 0, 1, 0])
    assert pixels.shape[1] == 3 * (WIDTH + GAP) + GAP
    colours = [edge(pixels, *place) for place in ((0, 0), (0, 1), (0, 2), (1, 0))]
    assert colours == [COLOURS[0], COLOURS[0], COLOURS[1], COLOURS[1]]


def test_a_row_of_cards_is_as_high_as_its_longest_text_and_no_higher_than_five_lines() -> None:
    heights = [sheet("a word " * count).shape[0] for count in (1, 12, 1000, 1_000_000)]
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_other_words_make_another_sheet() -> None:
    assert (sheet("see you at five") != sheet("see you at nine")).any()


@pytest.mark.parametrize(
    "text", ["", "\ud800 half", "👩\u200d👩\u200d👧", "\x07\x1b", "W" * 5000, "e" + "\u0301" * 500]
)
def test_no_text_breaks_the_sheet(text: str) -> None:
    assert sheet(text, "another").shape[1] == 3 * (WIDTH + GAP) + GAP


def test_a_class_with_a_long_name_leaves_room_for_the_length() -> None:
    spec = DataSpec(kind="text", shape=(9,), classes=("a very long name " * 9, "b"), mean=(), std=())
    assert sheet("text", spec=spec)[:, -GAP - 3 : -GAP].std(axis=(0, 1)).max() < 10  # nothing is written over the edge


def test_lines_are_broken_between_words_and_within_those_that_are_too_long() -> None:
    lines = wrapped("one two three " + "x" * 90 + " end", FONT, 200, 9)
    assert lines[0] == "one two three"
    assert "".join(lines[1:]).replace(" ", "") == "x" * 90 + "end"
    assert all(FONT.getlength(line) <= 200 for line in lines)


def test_an_ellipsis_ends_what_goes_on() -> None:
    lines = wrapped("word " * 200, FONT, 200, 3)
    assert len(lines) == 3
    assert lines[2].endswith("…")
    assert FONT.getlength(lines[2]) <= 200


def test_what_only_steers_other_letters_is_left_out() -> None:
    assert printable("a\n\tb \u202ec\u200d d\x07 \ud800") == "a b c d \ufffd"


def test_rows_that_are_shown_are_of_each_class_as_many_as_it_has() -> None:
    targets = torch.tensor([0] * 500 + [1] * 3 + [2] * 40)
    shown = targets[rows_of_each(targets, 0, 24)]
    assert sorted(shown.tolist()).count(1) == 3
    assert torch.bincount(shown).tolist() in ([10, 3, 11], [11, 3, 10])
    assert len(rows_of_each(torch.zeros(60, 2), 0, 24)) == 24
    assert not torch.equal(rows_of_each(targets, 0, 24), rows_of_each(targets, 1, 24))
