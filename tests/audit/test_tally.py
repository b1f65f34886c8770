"""What the data are, in counts and sizes."""

import numpy as np
from surveys import scenes, survey_of
from tests.scenes import make_scenes

from tellapart.audit.survey import surveyed
from tellapart.audit.tally import classes_by_part, facts_of
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.sources.folder import FolderSource


def test_classes_are_counted_by_part_in_natural_order():
    survey = survey_of(scenes(4), ["c10", "c2", "c2", "c10"], ["train", "train", "train", "test"])
    assert classes_by_part(survey.entries) == {"c2": {"train": 2, "test": 0}, "c10": {"train": 1, "test": 1}}


def test_without_parts_they_are_counted_together():
    assert classes_by_part(survey_of(scenes(3)).entries) == {"cat": {"all": 1}, "dog": {"all": 2}}


def test_sizes_and_channels_are_told(tmp_path):
    make_scenes(tmp_path)
    facts = {"size": "64 wide, 64 high, in pixels", "channels": "24 colour"}
    assert facts_of(surveyed(FolderSource(tmp_path))) == facts


def test_of_vectors_the_length_is_told():
    assert facts_of(surveyed(ArraySource("made", np.ones((2, 2)), ["a", "b"]))) == {"numbers a sample": "2"}
