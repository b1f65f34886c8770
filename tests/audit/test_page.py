"""The page says what was found, in words and pictures, and nothing else."""

from dataclasses import replace

import pytest
from surveys import scenes, survey_of

from tellapart.audit.copies import PairIssue
from tellapart.audit.labels import Doubt
from tellapart.audit.page import SHOWN, content_of, render_check
from tellapart.data.preview import enlarged, png
from tellapart.types import Issue

PICTURE = png(enlarged(scenes(1, side=8)[0], 8))


def issue(kind, path="a.png", detail="d"):
    return Issue(path=path, kind=kind, detail=detail, suggestion="s")


def page(*issues, doubted=None, shot=PICTURE):
    content = content_of(survey_of(scenes(4, side=8)), list(issues), doubted or {}, "Labels were not looked at.")
    return render_check(content, lambda _: shot)


def test_of_clean_data_it_says_so():
    said = page()
    assert "Nothing was found that is wrong with these data." in said
    assert "Labels were not looked at." in said
    assert "<img" not in said


def test_what_blocks_is_counted_apart():
    said = page(issue("leak"), issue("dark"), issue("dark"))
    assert "1 finding should be put right before a model is trained" in said
    assert "Nothing here stands in the way of training." in page(issue("dark"))


def test_a_pair_is_shown_side_by_side_with_both_names():
    said = page(PairIssue(path="b.png", kind="leak", detail="d", suggestion="s", other="a.png"))
    assert said.count("<img") == 2
    assert "a.png" in said
    assert "b.png" in said


def test_a_label_in_doubt_is_shown_with_what_is_proposed():
    doubt = Doubt(row=0, given="cat", proposed="dog", given_share=0.02, proposed_share=0.97)
    said = page(issue("label"), doubted={"a.png": doubt})
    assert 'label: cat<br>looks like: <span class="called">dog</span>, 97' in said


def test_past_some_of_a_kind_the_rest_is_counted():
    said = page(*(issue("dark", f"{n}.png") for n in range(SHOWN + 5)))
    assert said.count("<img") == SHOWN
    assert f"The first {SHOWN} of {SHOWN + 5}; all of them are in issues.csv." in said


def test_what_is_no_picture_stands_in_a_table_with_what_to_do():
    said = page(issue("tiny-class", "cat", "3 samples"), shot=None)
    assert "<img" not in said
    assert "3 samples</td><td>s</td>" in said


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_names_are_shown_and_never_run(evil):
    said = page(issue("dark", evil, evil), issue("tiny-class", evil, evil))
    assert "<script" not in said
    assert "onerror=alert(1)>" not in said.replace("&gt;", "")
    assert "49" not in said or "{{" not in evil


def test_a_kind_without_words_is_shown_by_its_name():
    assert "Seen-in-training" in page(issue("seen-in-training"))


def test_texts_stand_in_the_place_of_pictures_and_what_has_none_is_told_in_words():
    texts = {"a.txt": "<i>one</i> two", "b.txt": "<i>one</i> 2 two"}
    pair = PairIssue(path="b.txt", kind="leak", detail="nearly", suggestion="s", other="a.txt")
    content = content_of(survey_of(scenes(4, side=8)), [pair, issue("leak", "a group")], {}, "said", texts)
    said = render_check(content, lambda _: None)
    assert said.count("<q ") == 2
    assert "&lt;i&gt;one&lt;/i&gt; <mark>2</mark> two" in said
    assert "<bdi>a group</bdi>" in said
    assert "no picture" not in said


def test_curves_are_shown_twice_as_wide_as_high():
    content = content_of(survey_of(scenes(4, side=8)), [issue("dark")], {}, "said")
    assert 'class="gallery wide-ones"' not in render_check(content, lambda _: PICTURE)
    assert 'class="gallery wide-ones"' in render_check(replace(content, curves=True), lambda _: PICTURE)
