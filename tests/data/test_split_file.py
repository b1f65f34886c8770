"""A file that says the parts: what a run wrote gives the same parts again, and what does not fit is named."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tellapart.config import DataConfig
from tellapart.data.source import Entry
from tellapart.data.split import Split, described, split_csv, split_entries
from tellapart.data.split_file import check_split, parted, read_split
from tellapart.errors import DataError
from tellapart.files import write_text
from tellapart.types import PARTS, Part


def entry(name: str, label: str = "a", part: Part | None = None, content: str | None = None) -> Entry:
    digest = (content or name).encode("utf-8", "surrogateescape").ljust(16)[:16]
    return Entry(id=name, label=label, part=part, digest=digest, shape=(1, 1, 1))


def ids(split: Split) -> dict[Part, list[str]]:
    return {part: [e.id for e in split.parts[part]] for part in PARTS}


def file(folder: Path, text: str) -> Path:
    path = folder / "split.csv"
    write_text(path, text)
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        check_split(path)
    return str(caught.value).replace(f"{path}", "FILE")


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(names=["0", "0\r", "\r", "a,b"], seed=0)
@given(names=st.lists(NAMES, min_size=4, max_size=40, unique=True), seed=st.integers(0, 9))
def test_the_file_of_a_run_gives_its_parts_again(tmp_path: Path, names: list[str], seed: int) -> None:
    entries = [entry(name, "ab"[k % 2], content=f"{k}") for k, name in enumerate(names)]
    first = split_entries(entries, DataConfig(split_seed=seed))
    path = file(tmp_path, split_csv(first))
    again = split_entries(entries, DataConfig(split=path, val_share=0.4, test_share=0.4))
    assert ids(again) == ids(first)
    assert (again.carved, again.issues) == ((), ())
    assert split_csv(again) == split_csv(first)


def test_the_groups_of_the_file_hold_where_the_data_have_none(tmp_path: Path) -> None:
    entries = [entry(f"p{k // 3}_{k}", "ab"[k % 2]) for k in range(60)]
    first = split_entries(entries, DataConfig(group_by="p([0-9]+)"))
    again = split_entries(entries, DataConfig(split=file(tmp_path, split_csv(first))))
    assert split_csv(again) == split_csv(first)
    assert "20 groups, 0 of them in two parts" in described(again)


def test_ids_of_odd_bytes_come_back(tmp_path: Path) -> None:
    entries = [entry(os.fsdecode(b"caf\xe9/1"), "a"), entry("b/1", "b"), entry('c/"x",\n2', "a")]
    first = split_entries(entries, DataConfig(test_share=0, val_share=0))
    assert ids(split_entries(entries, DataConfig(split=file(tmp_path, split_csv(first))))) == ids(first)


def test_parts_that_came_with_the_data_have_no_say(tmp_path: Path) -> None:
    entries = [entry("1", "a", "test"), entry("2", "b", "train"), entry("3", "a", "val")]
    path = file(tmp_path, "id,part\n1,train\n2,train\n3,test\n")
    split = split_entries(entries, DataConfig(split=path))
    assert ids(split) == {"train": ["1", "2"], "val": [], "test": ["3"]}
    assert described(split).endswith(f"; 2 classes; parts as {path} says")


def test_a_table_made_by_hand_may_say_path_and_other_spellings(tmp_path: Path) -> None:
    path = file(tmp_path, "\ufeffnote,path,part\nx,1,Training\n,2,valid\n,,\n")
    assert {name: row.part for name, row in read_split(path).items()} == {"1": "train", "2": "val"}


def test_a_sample_that_is_not_in_the_file_is_left_out_and_named(tmp_path: Path) -> None:
    path = file(tmp_path, "id,part\n1,train\n")
    kept, issues = parted([entry("1"), entry("2")], path)
    assert [e.id for e in kept] == ["1"]
    assert [(i.path, i.kind, i.detail) for i in issues] == [
        ("2", "not-in-split", f"not in {path}, so it is in no part")
    ]


def test_an_id_that_the_data_lack_is_named_with_its_line(tmp_path: Path) -> None:
    path = file(tmp_path, "id,part\n1,train\n2,val\n")
    (issue,) = parted([entry("1")], path)[1]
    assert (issue.path, issue.kind) == ("2", "missing")
    assert issue.detail == f"in {path}, line 3, but not among the samples that can be read"


def test_a_content_that_has_changed_is_named_and_stays(tmp_path: Path) -> None:
    path = file(tmp_path, f"id,part,content\n1,val,{entry('1').digest.hex()}\n2,val,00\n3,val,\n")
    kept, (issue,) = parted([entry("1"), entry("2"), entry("3")], path)
    assert [e.part for e in kept] == ["val"] * 3
    assert (issue.path, issue.kind) == ("2", "changed")
    assert issue.detail == f"another content than when {path} was written; it stays in val"


def test_the_same_content_in_two_parts_is_left_out_of_the_earlier_one(tmp_path: Path) -> None:
    entries = [entry("1", content="same"), entry("2", "b"), entry("3", content="same"), entry("4")]
    path = file(tmp_path, "id,part\n1,train\n2,train\n3,test\n4,train\n")
    split = split_entries(entries, DataConfig(split=path))
    assert ids(split) == {"train": ["2", "4"], "val": [], "test": ["3"]}
    assert [(issue.path, issue.kind) for issue in split.issues] == [("1", "leak")]


# ---- what is refused


def test_a_file_of_other_data_is_refused_with_an_id_of_each(tmp_path: Path) -> None:
    path = file(tmp_path, "id,part\nx/1,train\nx/2,val\n")
    with pytest.raises(DataError) as caught:
        parted([entry("y/1")], path)
    assert str(caught.value) == (
        f"{path}: none of its 2 ids is in the data. It says 'x/1', the data 'y/1'. "
        "Give the split.csv of a run on the same data."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,part\n1,train\n2,judge\n", "FILE:3: part 'judge' of '2'; known are train, val, test."),
        ("id,part\n1,\n", "FILE:2: part '' of '1'; known are train, val, test."),
        ("id,part\n1\n", "FILE:2: part '' of '1'; known are train, val, test."),
        (
            "id,part\n1,train\n1,val\n",
            "FILE:3: '1' is in val here, but in train in line 2. Delete one of the two lines.",
        ),
        ("name,part\n1,train\n", "FILE: needs the columns id and part; it has name, part."),
        ("id,label\n1,a\n", "FILE: needs the columns id and part; it has id, label."),
        ("", "FILE: needs the columns id and part; it has none."),
        ("id,part\n", "FILE: names no sample. Give the data/split.csv of a run, or a table like it."),
        (f"id,part\n{'x' * 200_000},train\n", "FILE: not readable as a table: field larger than field limit (131072)."),
    ],
)
def test_what_is_no_split_file_is_refused_by_its_line_or_columns(tmp_path: Path, text: str, message: str) -> None:
    assert refused(file(tmp_path, text)) == message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    message = "FILE: can't be read: No such file or directory. split takes the split.csv of a run."
    assert refused(tmp_path / "nowhere.csv") == message
    assert refused(tmp_path).startswith("FILE: can't be read: Is a directory.")
