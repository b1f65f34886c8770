"""What a picture file says of itself beside its pixels."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from tellapart.data.decode import decode, described
from tellapart.data.traits import ASTRAY, CAMERA, PLACE, TURNED, Traits


def saved(mode: str, form: str, **options: Any) -> bytes:
    image = Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30)) if mode == "I;16" else None
    file = io.BytesIO()
    (image or Image.new("RGB", (30, 20), "teal").convert(mode)).save(file, form, **options)
    return file.getvalue()


def exif(**values: Any) -> Image.Exif:
    found = Image.Exif()
    for name, value in values.items():
        found[ExifTags.Base[name]] = value
    return found


@pytest.mark.parametrize(
    ("content", "form", "mode"),
    [
        (saved("RGB", "JPEG"), "JPEG", "colour"),
        (saved("L", "JPEG"), "JPEG", "grey"),
        (saved("CMYK", "JPEG"), "JPEG", "CMYK"),
        (saved("RGBA", "PNG"), "PNG", "colour with transparency"),
        (saved("P", "PNG"), "PNG", "palette"),
        (saved("1", "PNG"), "PNG", "black and white"),
        (saved("I;16", "PNG"), "PNG", "16-bit grey"),
        (saved("I;16", "TIFF"), "TIFF", "16-bit grey"),
        (saved("P", "GIF"), "GIF", "palette"),
        (saved("RGB", "BMP"), "BMP", "colour"),
        (saved("RGB", "WEBP"), "WEBP", "colour"),
    ],
)
def test_format_and_mode_are_told(content: bytes, form: str, mode: str) -> None:
    assert described(content)[1] == Traits(format=form, mode=mode)


def test_an_array_in_a_file_has_bands() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((8, 9, 7), np.uint8))
    assert described(file.getvalue())[1] == Traits(format="NPY", mode="7-band")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ({"Orientation": 1}, ()),
        ({"Orientation": 3}, (TURNED,)),
        ({"Orientation": 0}, (ASTRAY,)),
        ({"Orientation": 99}, (ASTRAY,)),
        ({"Make": "Leica"}, (CAMERA,)),
        ({"Orientation": 8, "Model": "Q2"}, (TURNED, CAMERA)),
    ],
)
def test_marks_of_exif_are_told_whatever_the_format(form: str, values: dict[str, Any], marks: tuple[str, ...]) -> None:
    assert described(saved("RGB", form, exif=exif(**values)))[1].marks == marks


def test_a_place_is_told() -> None:
    taken = exif(Make="Leica")
    taken.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    assert described(saved("RGB", "JPEG", exif=taken))[1].marks == (CAMERA, PLACE)


def test_damaged_exif_tells_nothing() -> None:
    assert described(saved("RGB", "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))[1].marks == ()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_picture_is_what_decoding_gives(form: str) -> None:
    content = saved("RGB", form, exif=exif(Orientation=6))
    assert np.array_equal(described(content)[0], decode(content))
