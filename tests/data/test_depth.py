"""More than 8 bits brought to 8: the range is the format's."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from tellapart.data.decode import decode
from tellapart.data.depth import bits_of, eight_bits


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_the_ends_of_the_range_become_the_ends_of_a_byte(bits: int) -> None:
    most = 2**bits - 1
    assert eight_bits(np.array([0, most // 2, most], np.uint16), bits).tolist() == [0, 127, 255]


def test_a_large_array_is_scaled_as_a_small_one() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (300, 70, 70), dtype=np.uint16)
    exact = np.floor(values / 257 + 0.5)
    assert np.array_equal(eight_bits(values), exact)


@pytest.mark.parametrize(
    ("tags", "high", "bits"),
    [
        ({}, 4000, 16),
        ({258: (12,)}, 4095, 12),
        ({258: (16,)}, 4095, 16),
        ({258: (16,), 281: (4095,)}, 4095, 12),
        ({258: 16, 281: 4095}, 900, 12),
        ({258: (16,), 281: (3970,)}, 3970, 16),
        ({258: (16,), 281: (4095,)}, 5000, 16),
        ({258: (16,), 281: ()}, 5000, 16),
        ({258: (16,), 281: (65535,)}, 5000, 16),
        ({258: (8, 8), 281: (255,)}, 200, 16),
    ],
)
def test_the_depth_is_what_the_tags_say_where_they_can_be_right(tags: dict[int, object], high: int, bits: int) -> None:
    assert bits_of(tags, high) == bits


def test_a_12_bit_tiff_is_as_light_as_it_was_taken() -> None:
    tags = ImageFileDirectory_v2()
    tags[281] = 4095
    file = io.BytesIO()
    image = Image.frombytes("I;16", (3, 1), np.array([0, 2048, 4095], "<u2").tobytes())
    image.save(file, "TIFF", tiffinfo=tags)
    assert decode(file.getvalue())[0, :, 0].tolist() == [0, 128, 255]


def test_packed_12_bit_pixels_are_scaled_over_12_bits() -> None:
    import struct

    pixels = bytes([0x00, 0x0F, 0xFF])  # 0 and 4095 in three bytes
    entries = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    entries += [(277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 3)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    content = b"II*\0" + struct.pack("<L", 12) + pixels + b"\0" + directory + bytes(4)
    assert decode(content)[0, :, 0].tolist() == [0, 255]
