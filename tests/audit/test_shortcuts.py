"""What tells the classes apart without a look at the subject."""

import pytest
from PIL import Image
from surveys import scenes, survey_of
from tests.photos import make_photos
from tests.scenes import scene

from tellapart.audit.shortcuts import shortcuts
from tellapart.audit.survey import surveyed
from tellapart.data.sources.folder import FolderSource


def names(survey):
    return [issue.detail.split(" alone")[0] for issue in shortcuts(survey)]


def with_folder(tmp_path, save):
    for k, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir(parents=True)
        for number in range(20):
            save(Image.fromarray(scene(100 * k + number)), tmp_path / name / str(number), k)
    return surveyed(FolderSource(tmp_path))


def test_pictures_that_are_alike_in_all_else_have_no_shortcut(tmp_path):
    assert names(survey_of(scenes(60))) == []
    make_photos(tmp_path / "photos", each=20)  # their colour is their subject
    assert names(surveyed(FolderSource(tmp_path / "photos"))) == []


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("the size", lambda image, path, k: image.resize((40 + 20 * k,) * 2).save(f"{path}.png")),
        ("the file format", lambda image, path, k: image.save(f"{path}.{('png', 'jpg')[k]}")),
        ("the number of channels", lambda image, path, k: image.convert(("L", "RGB")[k]).save(f"{path}.png")),
        ("the mean brightness", lambda image, path, k: image.point(lambda v: v // 2 + 60 * k).save(f"{path}.png")),
    ],
)
def test_a_property_that_gives_the_class_away_is_named(tmp_path, name, save):
    assert name in names(with_folder(tmp_path, save))


def test_a_border_is_a_shortcut_only_where_its_colour_is_one_and_differs_by_class():
    framed = scenes(60)
    for row, picture in enumerate(framed):
        picture[[0, 1, -1, -2]] = picture[:, [0, 1, -1, -2]] = 40 + 120 * (row % 2)
    assert "the colour of the border" in names(survey_of(framed))
    for picture in framed:
        picture[[0, 1, -1, -2]] = picture[:, [0, 1, -1, -2]] = 40
    assert names(survey_of(framed)) == []


def test_the_balanced_accuracy_stands_beside_chance(tmp_path):
    survey = with_folder(tmp_path, lambda image, path, k: image.resize((40 + 20 * k, 64)).save(f"{path}.png"))
    assert "right 100% of the time, each class counted the same; chance is 50%" in shortcuts(survey)[0].detail


def test_classes_of_a_handful_have_no_say():
    assert names(survey_of(scenes(40), ["a"] * 35 + ["b"] * 5)) == []
