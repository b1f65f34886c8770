"""What the data are, in counts and sizes."""

import numpy as np
from PIL import ExifTags, Image
from surveys import scenes, survey_of
from tests.scenes import make_scenes, scene

from tellapart.audit import tally
from tellapart.audit.survey import surveyed
from tellapart.audit.tally import classes_by_part, counts_of, facts_of
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.folder import FolderSource


def write_kinds(folder):
    """Five files of two classes, no two of one kind: turned JPEG, one by a camera and with a place, and others."""
    for name in ("a", "b"):
        (folder / name).mkdir()
    turned, taken = Image.Exif(), Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    taken[ExifTags.Base.Orientation], taken[ExifTags.Base.Make] = 9, "Leica"
    taken.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    colour = Image.fromarray(scene(0, 20)[:10])
    colour.save(folder / "a" / "turned.jpg", exif=turned)
    colour.save(folder / "a" / "taken.jpg", exif=taken)
    colour.convert("CMYK").save(folder / "b" / "print.jpg")
    colour.quantize(8).save(folder / "b" / "few.png")
    np.save(folder / "b" / "bands.npy", np.arange(10 * 20 * 6, dtype=np.uint8).reshape(10, 20, 6))


def test_classes_are_counted_by_part_in_natural_order():
    survey = survey_of(scenes(4), ["c10", "c2", "c2", "c10"], ["train", "train", "train", "test"])
    assert classes_by_part(survey.entries) == {"c2": {"train": 2, "test": 0}, "c10": {"train": 1, "test": 1}}


def test_without_parts_they_are_counted_together():
    assert classes_by_part(survey_of(scenes(3)).entries) == {"cat": {"all": 1}, "dog": {"all": 2}}


def test_sizes_and_channels_are_told(tmp_path):
    make_scenes(tmp_path)
    facts = facts_of(surveyed(FolderSource(tmp_path)))
    assert (facts["size"], facts["channels"]) == ("64 wide, 64 high, in pixels", "24 colour")


def test_what_the_files_say_of_themselves_is_counted(tmp_path):
    write_kinds(tmp_path)
    assert counts_of(surveyed(FolderSource(tmp_path))) == {
        "sizes": {"20x10": 4, "10x20": 1},
        "formats": {"JPEG": 3, "PNG": 1, "NPY": 1},
        "modes": {"colour": 2, "CMYK": 1, "palette": 1, "6-band": 1},
        "exif": {"turned": 1, "orientation out of 1 to 8": 1, "camera": 1, "GPS position": 1},
    }


def test_what_the_files_say_of_themselves_is_told(tmp_path):
    write_kinds(tmp_path)
    facts = facts_of(surveyed(FolderSource(tmp_path)))
    assert facts["formats"] == "3 JPEG, 1 NPY, 1 PNG"
    assert facts["modes"] == "2 colour, 1 6-band, 1 CMYK, 1 palette"
    assert facts["EXIF"] == (
        "1 turned, which is undone; 1 with an orientation out of 1 to 8, which is ignored; 1 with the camera; "
        "1 with a GPS position: take it out before the data are shared"
    )


def test_files_without_exif_are_told_to_have_none(tmp_path):
    make_scenes(tmp_path)
    assert facts_of(surveyed(FolderSource(tmp_path)))["EXIF"].startswith("nothing that turns a picture")


def test_arrays_are_no_files_and_have_sizes_alone():
    assert counts_of(survey_of(scenes(3))) == {"sizes": {"48x48": 3}}
    assert set(facts_of(survey_of(scenes(3)))) == {"size", "channels"}


def test_of_many_sizes_the_most_frequent_are_told_and_the_others_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(tally, "SIZES_TOLD", 1)
    write_kinds(tmp_path)
    assert counts_of(surveyed(FolderSource(tmp_path)))["sizes"] == {"20x10": 4, "others": 1}


def test_of_vectors_the_length_is_told():
    assert facts_of(surveyed(ArraySource("made", np.ones((2, 2)), ["a", "b"]))) == {"numbers a sample": "2"}
