"""What a picture may ask for beside its pixels."""

import time

import numpy as np
import pytest
from PIL import Image
from slow import (
    SLOW,
    chunk,
    gif_with,
    jpeg_of_scans,
    jpeg_with,
    png_of_pieces,
    png_with,
    saved,
    segment,
    tiff_of_strips,
)

from tellapart.data.bounds import MAX_SCANS, MOST_SCANNED, check_jpeg
from tellapart.data.decode import decode
from tellapart.data.sources.limits import MAX_PIXELS
from tellapart.errors import UnreadableError

SOON_S = 5.0
"""Seconds of a processor in which each is refused; the slowest takes 1.5 where nothing else is at work."""


@pytest.mark.parametrize("name", SLOW)
def test_a_picture_made_to_be_slow_is_soon_refused_with_its_cause(name: str) -> None:
    build, words = SLOW[name]
    content = build()
    began = time.process_time()
    with pytest.raises(UnreadableError) as refused:
        decode(content)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert time.process_time() - began < SOON_S


def test_how_many_were_tried_is_told(pytestconfig: pytest.Config) -> None:
    assert len(SLOW) >= 20
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f" {len(SLOW)} hostile slow pictures", end="")


def test_a_progressive_photo_of_24_million_pixels_is_read() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    photo = Image.fromarray(noise).resize((6000, 4000))
    content = saved(photo, "JPEG", progressive=True, quality=60)
    check_jpeg(content)
    assert decode(content, (500, 750)).shape == (500, 750, 3)


def test_the_scans_of_the_largest_photo_that_is_decoded_fit() -> None:
    assert MOST_SCANNED // MAX_PIXELS >= 18  # libjpeg's own script for four colours
    assert decode(jpeg_of_scans(1000, 1000, MAX_SCANS - 20)).shape == (1000, 1000, 1)


def test_a_jpeg_of_a_ten_megabyte_profile_is_read() -> None:
    assert decode(saved(Image.new("RGB", (8, 8)), "JPEG", icc_profile=bytes(10_000_000))).shape == (8, 8, 3)


def test_what_stands_between_the_segments_of_a_jpeg_is_passed_over() -> None:
    content = jpeg_with(b"\xff" * 100 + segment(0xE5, b"a") + b"\0" * 100)
    assert decode(content).shape == (8, 8, 1)


def test_a_png_of_ninety_thousand_blocks_is_read() -> None:
    assert decode(png_of_pieces(90_000)).shape == (200, 200, 3)


def test_some_texts_and_a_profile_in_a_png_are_read() -> None:
    icc = chunk(b"iCCP", b"a\0\0" + b"x\x9c\x03\0\0\0\0\x01")
    assert decode(png_with(icc + chunk(b"tEXt", b"a\0b") * 1000)).shape == (8, 8, 3)


def test_a_gif_with_a_comment_of_a_megabyte_is_read() -> None:
    assert decode(gif_with(b"!\xfe" + (b"\xff" + bytes(255)) * 4000 + b"\0")).shape == (8, 8, 1)


def test_a_tiff_of_a_strip_for_each_of_sixty_thousand_rows_is_read() -> None:
    assert (decode(tiff_of_strips(60_000)) == 7).all()
