"""What is asked of the samples: several columns, several labels, numbers; and how the parts come about then."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.config import TASK_GAP, DataConfig, Reading
from tellapart.data.resident import load
from tellapart.data.source import Entry, understood
from tellapart.data.sources.arrays import ArraySource
from tellapart.data.split import described, split_entries, training_counts
from tellapart.data.tasks import apart, asked, logit_names, names_in, read_for, settled, targets_of, worded
from tellapart.errors import DataError, SettingError
from tellapart.types import DataSpec, Part, Task

COLOUR = Task(name="colour", kind="class", classes=("blue", "red"))
TAGS = Task(name="tags", kind="labels", classes=("fur", "tail", "wings"))
AGE = Task(name="age", kind="number", mean=2.0, std=0.5)
ALL = Reading(label_columns=("colour", "tags"), number_columns=("age",), label_separator=";")


def entry(*cells: str, number: int = 0, part: Part | None = None) -> Entry:
    digest = number.to_bytes(8, "big") * 2
    return Entry(id=str(number), label=TASK_GAP.join(cells), part=part, digest=digest, shape=(1, 1, 1))


def spec_of(*tasks: Task, separator: str | None = ";") -> DataSpec:
    return DataSpec(
        kind="image",
        shape=(1, 1, 1),
        classes=logit_names(tasks),
        mean=(0.0,),
        std=(1.0,),
        tasks=tasks,
        separator=separator,
    )


# ---- what is asked


def test_one_column_without_a_separator_is_one_class_out_of_all() -> None:
    assert asked("x", [entry("a;b")], Reading()) == ()
    assert asked("x", [entry("a;b")], Reading(label_columns=("kind",))) == ()


def test_a_column_in_which_the_separator_stands_is_of_several_labels() -> None:
    found = asked("x", [entry("red", "fur;tail", "3"), entry("blue", "fur", "")], ALL)
    assert [(task.name, task.kind) for task in found] == [("colour", "class"), ("tags", "labels"), ("age", "number")]


def test_a_separator_that_stands_nowhere_is_a_mistake() -> None:
    with pytest.raises(DataError, match="no label holds the label_separator ';'"):
        asked("pets", [entry("a|b"), entry("c")], Reading(label_separator=";"))


def test_columns_that_the_data_do_not_have_are_named() -> None:
    with pytest.raises(DataError, match="labels of 1 column, but label_columns and number_columns name 2"):
        asked("pets", [entry("a")], Reading(label_columns=("a", "b")))


def test_a_label_that_is_no_number_is_refused_where_numbers_are_asked_for() -> None:
    with pytest.raises(DataError, match="a label is 'old', but number_columns asks for finite numbers"):
        asked("pets", [entry("3"), entry("old")], Reading(number_columns=("age",)))


@pytest.mark.parametrize("separator", ["", " ", f"a{TASK_GAP}"])
def test_a_separator_must_separate(separator: str) -> None:
    with pytest.raises(SettingError, match="give what stands between the labels"):
        Reading(label_separator=separator)


def test_a_column_is_one_task() -> None:
    with pytest.raises(SettingError, match="name 'age' twice"):
        DataConfig(label_columns=("age",), number_columns=("age",))


# ---- what training samples settle


def test_classes_are_those_of_training_naturally_sorted() -> None:
    tasks = asked("x", [entry("c10", "b;a", "1"), entry("c2", "", "3")], ALL)
    found = settled(tasks, [entry("c10", " b ;a;b", "1"), entry("c2", "", "3"), entry("", "c", "")], ";")
    assert [task.classes for task in found] == [("c2", "c10"), ("a", "b", "c"), ()]
    assert (found[2].mean, found[2].std) == (2.0, 1.0)
    assert logit_names(found) == ("colour=c2", "colour=c10", "tags=a", "tags=b", "tags=c", "age")


def test_a_task_alone_has_its_classes_names() -> None:
    assert logit_names((TAGS,)) == ("fur", "tail", "wings")


@pytest.mark.parametrize(
    ("task", "cells", "message"),
    [
        (COLOUR, ["red", "red", ""], "colour: the training samples have 1 class of it"),
        (TAGS, [";", ""], "tags: the training samples have 0 classes of it"),
        (AGE, ["3", "3.0", ""], "age: all training samples have the same number"),
    ],
)
def test_a_task_needs_something_to_tell_apart(task: Task, cells: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        settled([task], [entry(cell) for cell in cells], ";")


# ---- targets


def test_targets_by_hand() -> None:
    entries = [entry("red", "tail;fur", "2.5"), entry("", ";", ""), entry("blue", "", "-1")]
    expected = torch.tensor(
        [[1, 1, 1, 0, 2.5], [math.nan, 0, 0, 0, math.nan], [0, math.nan, math.nan, math.nan, -1]], dtype=torch.float32
    )
    assert torch.equal(targets_of(entries, spec_of(COLOUR, TAGS, AGE)).nan_to_num(-9), expected.nan_to_num(-9))


def test_without_tasks_targets_are_class_indices() -> None:
    spec = DataSpec(kind="image", shape=(1, 1, 1), classes=("a", "b"), mean=(0.0,), std=(1.0,))
    assert targets_of([entry("b"), entry("a")], spec).tolist() == [1, 0]


def test_the_label_says_yes_to_the_names_of_its_logits() -> None:
    assert names_in(entry("red", "tail;fur", "3").label, (COLOUR, TAGS, AGE), ";") == (
        "colour=red",
        "tags=tail",
        "tags=fur",
    )
    assert names_in("cat", ()) == ("cat",)


def test_each_sample_stands_once_for_each_of_its_classes() -> None:
    found = apart([entry("red", "tail;fur", "3"), entry("", ";", "4")], (COLOUR, TAGS, AGE), ";")
    assert [one.label for one in found] == ["colour=red", "tags=tail", "tags=fur"]


def test_a_label_is_shown_without_what_no_terminal_shows() -> None:
    assert worded(entry("red", "tail;fur", "3").label) == "red, tail;fur, 3"
    assert understood([entry("red", "tail", "3")], (COLOUR, TAGS, AGE)) == "3 tasks, no parts, 1 sample"


# ---- the parts


def many(count: int, seed: int = 0) -> list[Entry]:
    draws = np.random.default_rng(seed)
    return [
        entry(
            "red" if draws.random() < 0.5 else "blue",
            ";".join(tag for tag, share in (("fur", 0.5), ("tail", 0.2), ("wings", 0.03)) if draws.random() < share)
            or ";",
            f"{draws.normal():.3f}",
            number=number,
        )
        for number in range(count)
    ]


@given(st.integers(0, 30))
def test_every_label_of_ten_samples_is_in_every_part(seed: int) -> None:
    entries = many(120, seed)
    config = DataConfig(**{name: getattr(ALL, name) for name in ("label_columns", "number_columns", "label_separator")})
    split = split_entries(entries, config, tasks=asked("x", entries, config))
    for name in split.classes[:-1]:
        where = {p for p, some in split.parts.items() for e in some if name in names_in(e.label, split.tasks, ";")}
        total = sum(name in names_in(e.label, split.tasks, ";") for e in entries)
        if total >= 10:
            assert len(where) == 3, name


def test_numbers_alone_are_cut_by_their_shares() -> None:
    entries = [entry(str(number), number=number) for number in range(1000)]
    config = DataConfig(number_columns=("age",))
    split = split_entries(entries, config, tasks=asked("x", entries, config))
    sizes = Counter({part: len(some) for part, some in split.parts.items()})
    assert sizes["val"] == pytest.approx(100, abs=30)
    assert sizes["test"] == pytest.approx(150, abs=36)
    assert described(split).endswith("age: a number")
    assert training_counts(split) == (sizes["train"],)


def test_folds_of_several_labels_hold_every_sample_once() -> None:
    entries = many(200)
    shared: dict[str, Any] = {"label_columns": ("colour", "tags"), "number_columns": ("age",), "label_separator": ";"}
    val: list[str] = []
    for fold in range(4):
        config = DataConfig(folds=4, fold=fold, test_share=0.0, **shared)
        split = split_entries(entries, config, tasks=asked("x", entries, config))
        val += [e.id for e in split.parts["val"]]
    assert sorted(val) == sorted(e.id for e in entries)


def test_a_label_that_training_lacks_is_named() -> None:
    entries = [*many(50), entry("red", "horns", "1", number=99, part="test")]
    config = DataConfig(**{name: getattr(ALL, name) for name in ("label_columns", "number_columns", "label_separator")})
    with pytest.raises(DataError, match="classes that the training part does not: tags=horns"):
        split_entries(entries, config, tasks=asked("x", entries, config))


# ---- loaded, and read again for a model


def test_numbers_come_from_arrays_too() -> None:
    values = np.arange(80, dtype=np.float32).reshape(40, 2)
    loaded = load(ArraySource("made", values, values[:, 0]), DataConfig(number_columns=("y",)))
    assert loaded.spec.classes == ("y",)
    assert loaded.parts["train"].targets.shape == (len(loaded.parts["train"]), 1)
    torch.testing.assert_close(loaded.parts["train"].targets, loaded.parts["train"].inputs[:, :1])


def test_a_model_s_columns_are_read_where_the_settings_leave_them_open() -> None:
    found = read_for(spec_of(COLOUR, TAGS, AGE), Reading(path_column="p"))
    assert (found.label_columns, found.number_columns, found.label_separator) == (("colour", "tags"), ("age",), ";")
    assert found.path_column == "p"
    named = Reading(label_columns=("Farbe", "tags"), number_columns=("age",))
    assert read_for(spec_of(COLOUR, TAGS, AGE), named) is named


def test_a_spec_with_tasks_comes_back_from_json() -> None:
    import json

    spec = spec_of(COLOUR, TAGS, AGE)
    assert DataSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert spec.outputs == 6
