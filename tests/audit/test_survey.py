"""One look at every sample."""

import numpy as np
import pytest
from PIL import Image
from tests.scenes import make_scenes, scene

from tellapart.audit.survey import sharpness, surveyed
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.folder import FolderSource
from tellapart.errors import DataError


def test_a_picture_that_cannot_be_decoded_is_named_with_its_cause(tmp_path):
    make_scenes(tmp_path)
    (tmp_path / "cat/cut.png").write_bytes((tmp_path / "cat/0.png").read_bytes()[:2000])
    survey = surveyed(FolderSource(tmp_path))
    assert [(issue.kind, issue.path) for issue in survey.issues] == [("unreadable", "cat/cut.png")]
    assert "truncated" in survey.issues[0].detail
    assert len(survey.entries) == len(survey.thumbnails) == len(survey.sharpness) == 24


@pytest.mark.parametrize("content", [b"junk", b"cut"])
def test_a_class_of_which_nothing_can_be_read_is_lost(tmp_path, content):
    make_scenes(tmp_path)
    (tmp_path / "cow").mkdir()
    whole = (tmp_path / "cat/0.png").read_bytes()[:2000]
    (tmp_path / "cow/0.png").write_bytes(whole if content == b"cut" else content)
    assert surveyed(FolderSource(tmp_path)).lost == ("cow",)


def test_where_nothing_can_be_decoded_that_is_said(tmp_path):
    make_scenes(tmp_path, each=1)
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="none of the samples can be read"):
        surveyed(FolderSource(tmp_path))


def test_grey_pictures_have_one_channel_and_colour_ones_three(tmp_path):
    make_scenes(tmp_path)
    assert surveyed(FolderSource(tmp_path)).thumbnails.shape == (24, 32, 32, 3)
    grey = ArraySource("grey", np.zeros((2, 8, 8), np.uint8), ["a", "b"])
    assert surveyed(grey).thumbnails.shape == (2, 32, 32, 1)


def test_vectors_are_kept_as_they_are():
    survey = surveyed(ArraySource("made", np.arange(6.0).reshape(2, 3), ["a", "b"]))
    assert survey.thumbnails is None
    assert survey.vectors.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_sharpness_follows_detail_and_not_contrast():
    picture = scene(1)
    soft = np.asarray(Image.fromarray(picture).resize((16, 16)).resize((64, 64), Image.Resampling.BILINEAR))
    assert sharpness(soft) < 0.3 * sharpness(picture)
    assert sharpness((picture // 2).astype(np.uint8)) == pytest.approx(sharpness(picture), rel=0.05)
    assert np.isnan(sharpness(np.full((9, 9, 3), 5, np.uint8)))
    assert np.isnan(sharpness(picture[:2]))
