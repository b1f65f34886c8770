"""Light, sharpness and shape: the odd one out is found."""

import numpy as np
from PIL import Image, ImageFilter
from surveys import scenes, survey_of
from tests.scenes import make_scenes, scene

from tellapart.audit.blur import blurred
from tellapart.audit.light import badly_lit
from tellapart.audit.outliers import robust_z
from tellapart.audit.shapes import odd_shapes
from tellapart.audit.survey import surveyed
from tellapart.data.sources.folder import FolderSource

PICTURES = scenes(40)


def found(finder, *more):
    return [(issue.kind, issue.path) for issue in finder(survey_of([*PICTURES, *more]))]


def test_blank_dark_and_bright_pictures_are_told_apart():
    blank, noise = np.full_like(PICTURES[0], 90), np.random.default_rng(0).integers(0, 12, PICTURES[0].shape)
    dark, bright = noise.astype(np.uint8), (244 + noise).astype(np.uint8)
    expected = [("blank", "00040"), ("dark", "00041"), ("bright", "00042")]
    assert found(badly_lit, blank, dark, bright) == expected


def test_where_many_are_dark_that_is_the_nature_of_the_set():
    night = [(picture * 0.1).astype(np.uint8) for picture in PICTURES]
    assert badly_lit(survey_of([*PICTURES, *night])) == []


def test_a_blurred_picture_is_found_whatever_its_contrast():
    soft = Image.fromarray(PICTURES[3]).filter(ImageFilter.GaussianBlur(3))
    assert found(blurred, np.asarray(soft), (PICTURES[5] * 0.3 + 80).astype(np.uint8)) == [("blurred", "00040")]


def test_of_few_pictures_it_is_not_said_what_is_blurred():
    assert blurred(survey_of([*PICTURES[:10], np.full_like(PICTURES[0], 9)])) == []


def test_pictures_of_an_odd_size_and_aspect_are_found(tmp_path):
    make_scenes(tmp_path / "set")
    Image.fromarray(scene(1, 256)).save(tmp_path / "set/cat/large.png")
    Image.fromarray(scene(2)[:16]).resize((110, 30)).save(tmp_path / "set/dog/wide.png")
    issues = odd_shapes(surveyed(FolderSource(tmp_path / "set")))
    assert [(i.kind, i.path) for i in issues] == [("odd-size", "cat/large.png"), ("odd-aspect", "dog/wide.png")]
    assert issues[0].detail == "256 x 256 pixels, where 64 x 64 is usual"


def test_robust_deviations_are_those_of_a_normal_curve_and_wild_values_do_not_move_them():
    values = np.random.default_rng(0).normal(5, 2, 100_000)
    values[:100] = 1e9
    assert abs(robust_z(np.append(values, 9.0), 0.1)[-1] - 2) < 0.05
