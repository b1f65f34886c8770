"""Files of series and of texts whose samples are asked about: no class is needed in them, nor heeded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tellapart.config import DataConfig
from tellapart.data.cases import cases
from tellapart.data.unlabelled import columns_of
from tellapart.errors import UnreadableError
from tellapart.types import DataSpec

TEXT = DataSpec(kind="text", shape=(9,), classes=("a", "b"), mean=(), std=())
HEAD = "@problemName made\n@classLabel true a b\n@data\n"


def series_spec(channels: int = 1) -> DataSpec:
    zeros, ones = (0.0,) * channels, (1.0,) * channels
    return DataSpec(kind="series", shape=(channels, 9), classes=("a", "b"), mean=zeros, std=ones)


def said(folder: Path, name: str, content: str, spec: DataSpec, **columns: Any) -> list[tuple[str, Any]]:
    """What follows the name of the file, and a text, the values as lists, or what is wrong."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    found = cases([path], spec, columns)
    return [(case.removeprefix(str(path)), plain(value)) for case, value in found]


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("new.csv", "text\nhello\nbye\n"),
        ("new.csv", "id,text\n1,hello\n2,bye\n"),
        ("new.csv", "text,label\nhello,\nbye,a class that nobody knows\n"),
        ("new.csv", "id;text;split;weight\n1;hello;maybe;none\n2;bye;;-1\n"),
        ("new.tsv", "id\ttext\n1\thello\n2\tbye\n"),
    ],
)
def test_a_table_of_texts_needs_no_label_and_heeds_none(name: str, content: str, tmp_path: Path) -> None:
    assert said(tmp_path, name, content, TEXT) == [(":2", "hello"), (":3", "bye")]


def test_texts_in_parquet_need_no_label(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"id": [7, 8], "text": ["hello", "bye"]}), tmp_path / "new.parquet")
    assert [value for _, value in cases([tmp_path / "new.parquet"], TEXT)] == ["hello", "bye"]


def test_a_row_that_cannot_be_used_is_answered_with_what_is_wrong(tmp_path: Path) -> None:
    found = said(tmp_path, "new.csv", "id,text\n1,hello\n2\n3,\n4,bye\n", TEXT)
    assert found == [
        (":2", "hello"),
        (", line 3", "1 fields under 2 columns"),
        (", line 4", "no text"),
        (":5", "bye"),
    ]


def test_the_column_that_held_the_texts_in_training_holds_them_here(tmp_path: Path) -> None:
    config = DataConfig(text_column="said", label_columns=("mood",))
    columns = columns_of(config)
    assert said(tmp_path, "a.csv", "said,text\nhello,other\n", TEXT, **columns) == [(":2", "hello")]
    ((_, missing),) = said(tmp_path, "b.csv", "text,n\nhello,1\n", TEXT, **columns)
    assert missing == "no column said, which held the texts in training. 2 columns: text, n."


def test_a_table_without_texts_says_which_columns_there_are(tmp_path: Path) -> None:
    ((name, why),) = said(tmp_path, "new.csv", "id,price\n1,2\n", TEXT)
    assert (name, why) == ("", "no column text. 2 columns: id, price. Call the one that holds the texts so.")


@pytest.mark.parametrize("more", ["", ",label", ",label,split,weight"])
def test_a_row_for_each_series_needs_no_label(more: str, tmp_path: Path) -> None:
    extra = ",odd" * more.count(",")
    header = "id," + ",".join(f"t{step}" for step in range(8)) + more
    rows = ["one,1,2,3,4,5,6,7,8", "two,1,2,3,,,,,"]
    content = "\n".join([header, *(row + extra for row in rows)]) + "\n"
    found = said(tmp_path, "new.csv", content, series_spec())
    assert found == [(":one", [[1, 2, 3, 4, 5, 6, 7, 8]]), (":two", [[1, 2, 3]])]


@pytest.mark.parametrize(
    "content",
    [
        "id,time,x,z\na,1,2,20\na,0,1,10\nb,0,5,50\n",
        "id,time,x,z,label\na,1,2,20,this\na,0,1,10,that\nb,0,5,50,\n",
        "id,time,x,y\na,1,2,20\na,0,1,10\nb,0,5,50\n",
        "id,time,x,z,y\na,1,2,20,1\na,0,1,10,2\nb,0,5,50,3\n",
    ],
    ids=["no label", "labels that contradict each other", "a channel called as labels are", "a label called y"],
)
def test_a_row_for_each_step_needs_no_label(content: str, tmp_path: Path) -> None:
    found = said(tmp_path, "new.csv", content, series_spec(2))
    assert found == [(":a", [[1, 2], [10, 20]]), (":b", [[5], [50]])]


def test_columns_of_groups_and_labels_that_were_named_are_no_channels(tmp_path: Path) -> None:
    columns = columns_of(DataConfig(label_columns=("mood",), group_by="patient"))
    content = "id,time,x,patient,mood\na,0,1,17,3\n"
    assert said(tmp_path, "new.csv", content, series_spec(), **columns) == [(":a", [[1]])]


def test_too_few_channels_are_told_with_the_columns_that_there_are(tmp_path: Path) -> None:
    ((_, why),) = said(tmp_path, "new.csv", "id,time,x,note\na,0,1,hm\n", series_spec(2))
    assert why == (
        "columns of numbers beside id, time and label: x; the model takes 2 channels. "
        "Give the columns that it was trained on."
    )


@pytest.mark.parametrize(
    ("head", "lines"),
    [
        ("@classLabel false\n@data\n", ["1,2:3,4", "5:6"]),
        ("@classLabel true a b\n@data\n", ["1,2:3,4", "5:6"]),
        ("@classLabel true a b\n@data\n", ["1,2:3,4:a", "5:6:?"]),
        ("@classLabel true 1 2\n@data\n", ["1,2:3,4:nobody", "5:6"]),
    ],
)
def test_cases_of_a_ts_file_may_end_with_a_class_or_not(head: str, lines: list[str], tmp_path: Path) -> None:
    content = f"@problemName made\n{head}" + "\n".join(lines) + "\n"
    assert said(tmp_path, "new.ts", content, series_spec(2)) == [(":1", [[1, 2], [3, 4]]), (":2", [[5], [6]])]


def test_a_case_of_other_channels_or_without_values_is_answered_with_that(tmp_path: Path) -> None:
    found = said(tmp_path, "new.ts", f"{HEAD}1,2,3\n1:2:3\n?,?:a\n4,x\n4,5:b\n", series_spec())
    assert found == [
        (":1", [[1, 2, 3]]),
        (", line 5", "3 channels; the model takes 1"),
        (", line 6", "all values are missing"),
        (", line 7", "'x'; must be a number, or ? where it is missing"),
        (":2", [[4, 5]]),
    ]


def test_a_file_in_which_nothing_can_be_used_is_one_case(tmp_path: Path) -> None:
    ((name, value),) = cases([tmp_path / "missing.csv"], TEXT)
    assert (name, isinstance(value, UnreadableError)) == (str(tmp_path / "missing.csv"), True)
    assert "no text" in said(tmp_path, "new.csv", "id,text\n1,\n", TEXT)[0][1]
