"""Parquet: tables of paths, and pictures in the table."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table
from tests.data.formats import as_parquet, lay, picture, pictures

from tellapart.config import DataConfig, Reading
from tellapart.data import check_source, open_source
from tellapart.errors import DataError, TellapartError, UnreadableError


def written(path: Path, columns: dict[str, Any], rows_a_group: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(pa.table(columns), path, row_group_size=rows_a_group)
    return path


def listed(path: Path, **reading: Any) -> list[tuple[str, str]]:
    return [(e.id, e.label) for e in open_source(path, Reading(**reading)).entries()[0]]


def issues(path: Path) -> list[tuple[str, str]]:
    return [(i.path, i.kind) for i in open_source(path, Reading()).entries()[1]]


def test_a_table_of_paths_is_read_like_one_of_text(tmp_path: Path) -> None:
    lay(tmp_path, {"cat/1.png": picture(1), "dog/1.png": picture(2)})
    path = written(tmp_path / "t.parquet", {"label": [7, None, 8], "file": ["cat/1.png", "x", "dog/1.png"]})
    assert listed(path) == [("cat/1.png", "7"), ("dog/1.png", "8")]
    assert issues(path) == [("t.parquet:2", "empty-label")]


def test_part_group_and_weight_are_read(tmp_path: Path) -> None:
    columns = {"image": [picture()], "label": ["a"], "split": ["validation"], "group": [3], "weight": [0.5]}
    (entry,) = open_source(written(tmp_path / "t.parquet", columns), Reading()).entries()[0]
    assert (entry.part, entry.group, entry.weight) == ("val", "3", 0.5)


@pytest.mark.parametrize("kind", ["bytes", "struct"])
def test_pictures_stand_in_the_table_as_bytes_or_in_a_struct(kind: str, tmp_path: Path) -> None:
    cells = [picture(n) if kind == "bytes" else {"bytes": picture(n), "path": None} for n in range(3)]
    source = open_source(written(tmp_path / "t.parquet", {"img": cells, "label": ["a", "b", "a"]}), Reading())
    entries, _ = source.entries()
    assert [(e.id, e.label) for e in entries] == [("t/0000000", "a"), ("t/0000001", "b"), ("t/0000002", "a")]
    assert [source.value(e)[0, 0, 0] for e in entries] == [0, 1, 2]


@pytest.mark.parametrize("rows_a_group", [1, 2, 7, 100])
def test_values_are_found_in_any_order_and_in_row_groups_of_any_size(rows_a_group: int, tmp_path: Path) -> None:
    source = open_source(as_parquet(tmp_path, {f"a/{n}.png": picture(n) for n in range(20)}, rows_a_group), Reading())
    entries = list(source.entries()[0])
    assert [int(source.value(e)[0, 0, 0]) for e in reversed(entries)] == list(range(20))[::-1]


def test_numbers_have_the_names_that_the_schema_gives_them(tmp_path: Path) -> None:
    assert {label for _, label in listed(as_parquet(tmp_path, pictures(each=1)))} == {"cat", "dog", "owl"}


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"info": {"features": {"label": null}}}'])
def test_without_readable_names_the_numbers_are_the_classes(said: bytes, tmp_path: Path) -> None:
    table = pa.table({"image": [picture()], "label": [4]}).replace_schema_metadata({b"huggingface": said})
    write_table(table, tmp_path / "t.parquet")
    assert [label for _, label in listed(tmp_path / "t.parquet")] == ["4"]


def test_rows_without_class_or_picture_are_issues(tmp_path: Path) -> None:
    names = json.dumps({"info": {"features": {"label": {"names": ["a", "b"]}}}})
    cells = [picture(1), picture(2), None, b"", picture(3)[:30], picture(4)]
    table = pa.table({"image": cells, "label": [0, -1, 0, 1, 1, 2]}).replace_schema_metadata({"huggingface": names})
    write_table(table, tmp_path / "t.parquet")
    assert listed(tmp_path / "t.parquet") == [("t/0000000", "a")]
    assert issues(tmp_path / "t.parquet") == [
        ("t.parquet:2", "empty-label"), ("t.parquet:3", "unreadable"), ("t.parquet:4", "unreadable"),
        ("t.parquet:5", "unreadable"), ("t.parquet:6", "empty-label"),
    ]  # fmt: skip


def test_a_folder_of_files_is_read_with_the_parts_that_they_are_named_after(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "test")):
        columns = {"image": [picture(number)], "label": ["a"]}
        written(tmp_path / f"set/data/{part}-00000-of-00001.parquet", columns)
    entries, _ = open_source(tmp_path / "set", Reading()).entries()
    assert sorted((e.id, e.part) for e in entries) == [
        ("test-00000-of-00001/0000000", "test"),
        ("train-00000-of-00001/0000000", "train"),
    ]


def test_another_column_is_named_by_a_setting(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", {"a": [picture(1)], "b": [picture(2)], "fine": ["x"]})
    source = open_source(path, Reading(path_column="b", label_columns=("fine",)))
    assert source.value(source.entries()[0][0])[0, 0, 0] == 2


def test_without_labels_the_columns_are_listed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column of labels\. 2 columns: image, breed"):
        listed(written(tmp_path / "t.parquet", {"image": [picture()], "breed": ["x"]}))


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    columns = {"path": ["x"], "label": ["y"], **{f"c{n}": [1] for n in range(1000)}}
    with pytest.raises(DataError, match="1,002 columns; at most 1,000"):
        listed(written(tmp_path / "t.parquet", columns))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html>", b"PAR1" + bytes(50) + b"PAR1"])
def test_what_is_no_parquet_says_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(DataError, match="no Parquet file"):
        listed(tmp_path / "t.parquet")


def test_a_file_cut_at_any_place_says_so(tmp_path: Path) -> None:
    path = as_parquet(tmp_path, {f"a/{n}.png": picture(n) for n in range(5)})
    content = path.read_bytes()
    for cut in range(0, len(content), 97):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match="no Parquet file"):
            listed(path)


def test_a_file_with_a_flipped_byte_is_refused_or_read(tmp_path: Path) -> None:
    path = as_parquet(tmp_path, {f"a/{n}.png": picture(n) for n in range(5)})
    content = path.read_bytes()
    refused = 0
    for at in range(0, len(content), 41):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            source = open_source(path, Reading())
            for entry in source.entries()[0]:
                source.value(entry)
        except (DataError, UnreadableError):
            refused += 1
    assert refused


def test_a_row_group_too_large_to_be_read_at_once_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.data.sources.parquet.MOST_GROUP_BYTES", 100)
    with pytest.raises(DataError, match="fewer rows a group"):
        listed(as_parquet(tmp_path, pictures(each=1)))


def test_without_pyarrow_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_parquet(tmp_path, pictures(each=1))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(TellapartError, match=r"pip install 'tellapart\[tables\]'"):
        check_source(path)


def test_the_column_of_groups_can_be_named(tmp_path: Path) -> None:
    columns = {"image": [picture(1)], "label": ["a"], "patient": [7], "group": ["g"]}
    path = written(tmp_path / "t.parquet", columns)
    for setting, group in (({}, "g"), ({"group_by": "patient"}, "7")):
        (entry,) = open_source(path, DataConfig(**setting)).entries()[0]
        assert entry.group == group
