import base64
import io
import os
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from made_predictions import drawn, of_answers
from PIL import Image

from tellapart.evaluation.measures import confusion, measure, per_class
from tellapart.evaluation.mistakes import Mistake, Wrong
from tellapart.evaluation.report import ReportContent, RunFacts, duration, render_report
from tellapart.types import Issue

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """What a browser would make of the page: tags with attributes, and whether they close as they opened."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def attributes(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def png(side=8):
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "PNG")
    return file.getvalue()


def facts(**changes):
    known = RunFacts(
        command="tellapart train digits",
        data="digits: 8x8 grey, 3 classes",
        parts={"train": 700, "val": 100, "test": 200},
        split="Cut by content.",
        model="mlp",
        parameters=4810,
        epochs=2,
        best_epoch=2,
        metric="accuracy",
        seconds=75.0,
        seed=7,
        device="cpu",
        precision="fp32",
        versions={"tellapart": "0.1.0"},
    )
    return replace(known, **changes)


def content(predictions=None, **changes):
    predictions = predictions or drawn(200, 3)
    known = ReportContent(
        title="digits",
        run=facts(),
        classes=predictions.classes,
        test=measure(predictions, majority=0),
        val=measure(drawn(100, 3, seed=5), majority=0),
        rows=per_class(predictions),
        confusion=confusion(predictions),
        majority=predictions.classes[0],
        history=[{"epoch": e, "train_loss": 1 / e, "train_accuracy": 0.5, "val_accuracy": 0.6} for e in (1, 2)],
        issues=[Issue(path="a.png", kind="unreadable", detail="cut short", suggestion="copy it again")],
        preview=png(),
        mistakes=[Mistake(id="test/1", true="cat", wrong=[Wrong(what="dog", more="97.0 %")], picture=png())],
        commands=["tellapart train --config config.toml"],
    )
    return replace(known, **changes)


def page(*args, **changes):
    return Page(render_report(content(*args, **changes)))


def test_every_tag_is_closed_in_its_place():
    assert page().open == []


def test_the_test_accuracy_stands_first():
    accuracy = measure(drawn(200, 3))["accuracy"]
    text = page().text
    start = text.index("Test accuracy")
    assert text[start:].startswith(f"Test accuracy {100 * accuracy.value:.1f} % 95 % interval:")
    assert start < text.index("Which number is which")


def test_balanced_accuracy_stands_first_where_classes_are_unequal():
    true = [0] * 40 + [1] * 4
    text = page(of_answers(true, [0] * 44, K=2)).text
    assert text.index("Test balanced accuracy 50.0 %") < text.index("Macro-F1") < text.index("Accuracy 90.9 %")


def test_the_page_says_that_val_flatters():
    assert "The val part chose the best epoch (by accuracy), so its numbers flatter." in page().text


def test_without_a_test_part_val_is_judged_and_said_to_flatter():
    text = page(test=None, run=facts(parts={"train": 700, "val": 100, "test": 0})).text
    assert "Val accuracy" in text
    assert "There is no test part: expect less on new ones than this." in text


def test_without_val_the_test_part_stands_alone():
    text = page(val=None, run=facts(parts={"train": 700, "val": 0, "test": 200}, best_epoch=None)).text
    assert "Test accuracy" in text
    assert "flatter" not in text


def test_without_test_and_val_nothing_is_claimed():
    text = page(test=None, val=None, rows=(), confusion=None, mistakes=()).text
    assert "nothing is known about how it does on new ones" in text
    assert "Which number is which" not in text


def test_a_report_without_anything_to_show_is_still_a_page():
    bare = page(test=None, val=None, rows=(), confusion=None, history=(), issues=(), preview=None, mistakes=())
    assert "Nothing was found wrong" in bare.text
    assert not bare.attributes("img")


@pytest.mark.parametrize("name", [EVIL, '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "&lt;b&gt;"])
def test_names_are_shown_and_never_run(name):
    html = render_report(
        content(
            drawn(200, 3, classes=(name, "b", "c")),
            title=name,
            run=facts(command=name, data=name, split=name, versions={name: name}),
            headlines=[name],
            notes=[name],
            commands=[name],
            issues=[Issue(path=name, kind=name, detail=name, suggestion=name)],
            mistakes=[Mistake(id=name, true=name, wrong=[Wrong(what=name, more=name)], picture=png())],
        )
    )
    shown = Page(html)
    assert not shown.attributes("script")
    assert not [attrs for _, attrs in shown.tags if any(key.startswith("on") for key in attrs)]
    assert shown.text.count(" ".join(name.split())) > 10


def test_the_page_forbids_itself_scripts_and_addresses():
    policies = [tag["content"] for tag in page().attributes("meta") if "http-equiv" in tag]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_no_address_is_loaded():
    html = render_report(content())
    assert not re.search(r"https?://|@import|url\(", html)
    addresses = [attrs[key] for _, attrs in Page(html).tags for key in ("src", "href") if key in attrs]
    assert addresses
    assert all(address.startswith("data:") for address in addresses)


def test_figures_inside_the_page_load_no_address_either():
    for image in page().attributes("img"):
        kind, _, inside = image["src"].partition(";base64,")
        if kind == "data:image/svg+xml":
            svg = base64.b64decode(inside).decode()
            assert "<script" not in svg
            assert not re.search(r"href=\"(?!data:|#)", svg)


def test_every_picture_is_described():
    assert all(image["alt"] for image in page().attributes("img"))


def test_every_header_of_a_table_says_what_it_heads():
    assert {header["scope"] for header in page().attributes("th")} == {"col", "row"}


def test_a_mistake_shows_what_was_said_and_what_is_true():
    assert "said: dog 97.0 % true: cat test/1" in page().text


def test_labels_that_were_missed_and_how_many_more_are_wrong_are_told():
    wrong = [Wrong(what="dog", more="97.0 %"), Wrong(what="cat", more="3.0 %", missed=True)]
    text = page(mistakes=[Mistake(id="test/1", true="cat", wrong=wrong, further=2)]).text
    assert "said: dog 97.0 % missed: cat 3.0 % and 2 more true: cat" in text


def test_a_mistake_without_a_picture_is_told_in_words():
    text = page(mistakes=[Mistake(id="row 3", true="cat", wrong=[Wrong(what="dog")])]).text
    assert "no picture" in text


def test_small_pictures_keep_square_pixels():
    mistakes = [Mistake(id="i", true="a", wrong=[Wrong(what="b")], picture=png(side)) for side in (64, 65)]
    images = page(mistakes=mistakes).attributes("img")
    assert [image.get("class") for image in images if "called" in image["alt"]] == ["square", None]


def test_of_many_classes_the_weakest_are_shown_and_all_can_be_opened():
    predictions = drawn(900, 60)
    shown = page(predictions)
    assert "The 40 classes of least recall" in shown.text
    assert len(shown.attributes("details")) == 1
    assert len([name for name in shown.words if name == "class 59"]) >= 1


def test_many_issues_are_counted_by_kind():
    issues = [Issue(path=f"{n}.png", kind="duplicate", detail="d", suggestion="s") for n in range(60)]
    text = page(issues=issues).text
    assert "60 × duplicate. The first 50" in text
    assert "59.png" not in text


def test_how_to_get_it_again_is_on_the_page():
    text = page().text
    for fact in (
        "tellapart train --config config.toml",
        "tellapart train digits",
        "seed 7",
        "tellapart 0.1.0",
        "4,810",
    ):
        assert fact in text


def test_the_same_content_gives_the_same_page():
    assert render_report(content()) == render_report(content())


def test_a_file_name_of_odd_bytes_leaves_the_page_valid_text():
    odd = os.fsdecode(b"caf\xe9.png")
    html = render_report(content(mistakes=[Mistake(id=odd, true="a", wrong=[Wrong(what="b")])]))
    assert "caf\\udce9.png" in html.encode("utf-8").decode("utf-8")


def test_a_class_without_samples_has_a_dash():
    predictions = of_answers([0, 0, 1, 1], [0, 1, 1, 1], K=3)
    assert "class 2 0 0 – – –" in page(predictions).text


def test_a_page_of_ten_classes_is_below_200_kb():
    assert len(render_report(content(drawn(2000, 10)))) < 200_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.14, "3.1 s"), (48, "48 s"), (59.7, "1 min 00 s"), (725, "12 min 05 s"), (12000, "3 h 20 min")],
)
def test_a_duration_is_told_in_two_units_at_most(seconds, text):
    assert duration(seconds) == text


def test_numbers_of_the_page_are_those_of_the_measures():
    predictions = drawn(200, 3)
    text, found = page(predictions).text, measure(predictions, majority=0)
    for key in ("accuracy", "balanced_accuracy", "macro_f1", "majority_baseline"):
        assert f"{100 * found[key].value:.1f} %" in text
    assert np.isfinite(found["log_loss"].value)
    assert f"{found['log_loss'].value:.3f}" in text
