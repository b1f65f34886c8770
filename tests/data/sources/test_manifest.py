"""Tables of pictures: their columns, their spellings, and every row that can't be used."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.data.formats import lay, picture, pictures, table
from tests.data.hostile import listed, tell

from tellapart.config import DataConfig, Reading
from tellapart.data import check_source, open_source
from tellapart.data.sources.delimited import MOST_LETTERS
from tellapart.errors import DataError, SettingError
from tellapart.types import Issue

FILES = {"cat/1.png": picture(1), "cat/2.png": picture(2), "dog/1.png": picture(3)}
ROWS = [("cat/1.png", "cat"), ("cat/2.png", "cat"), ("dog/1.png", "dog")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay(tmp_path / "pets", FILES)


def read(root: Path, content: bytes, name: str = "labels.csv", **reading: Any) -> list[tuple[str, str]]:
    """Id and class of each entry of a table beside the pictures."""
    (root / name).write_bytes(content)
    return [(e.id, e.label) for e in listed("tables", root / name, Reading(**reading))[0]]


def issues(root: Path, content: bytes, name: str = "labels.csv", **reading: Any) -> list[tuple[str, str]]:
    """Place and kind of each issue."""
    return [(i.path, i.kind) for i in found(root, content, name, **reading)]


def found(root: Path, content: bytes, name: str = "labels.csv", **reading: Any) -> list[Issue]:
    (root / name).write_bytes(content)
    return list(listed("tables", root / name, Reading(**reading))[1])


@pytest.fixture(autouse=True, scope="module")
def _told(pytestconfig: pytest.Config) -> Iterator[None]:
    """At the end it is said how many hostile tables were tried."""
    yield
    tell("tables", pytestconfig)


# ---- what a table may look like


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(root: Path, delimiter: str) -> None:
    assert read(root, table(ROWS, delimiter.join(("path", "label")), delimiter)) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_found(root: Path, encoding: str) -> None:
    content = table([("cat/1.png", "chät"), ("dog/1.png", "dog")]).decode().encode(encoding)
    assert read(root, content) == [("cat/1.png", "chät"), ("dog/1.png", "dog")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_read(root: Path, ending: str) -> None:
    assert read(root, table(ROWS).decode().replace("\n", ending).encode()) == ROWS


@pytest.mark.parametrize("path", ["path", "file", "Filename", "FILE_NAME", "image", "image_id", "Img"])
@pytest.mark.parametrize("label", ["label", "Class", "target", "y", "class name"])
def test_columns_are_known_by_every_spelling(root: Path, path: str, label: str) -> None:
    assert read(root, table(ROWS, f"{path},{label}")) == ROWS


def test_columns_may_stand_in_any_order_among_others(root: Path) -> None:
    rows = [(7, label, "x", path) for path, label in ROWS]
    assert read(root, table(rows, "Unnamed: 0,label,note,path")) == ROWS


def test_a_setting_names_a_column_of_any_other_name(root: Path) -> None:
    content = table(ROWS, "wo,was")
    assert read(root, content, path_column="wo", label_columns=("Was",)) == ROWS


def test_the_line_by_which_spreadsheets_say_the_delimiter_is_passed_over(root: Path) -> None:
    assert read(root, b"sep=;\n" + table(ROWS, "path;label", ";")) == ROWS


def test_quoted_fields_may_hold_the_delimiter(root: Path) -> None:
    assert read(root, b'path,label\ncat/1.png,"cat, tabby"\n') == [("cat/1.png", "cat, tabby")]


def test_labels_that_are_numbers_are_class_names_as_written(root: Path) -> None:
    content = table([("cat/1.png", "03"), ("dog/1.png", "3")])
    assert [label for _, label in read(root, content)] == ["03", "3"]


def test_rows_may_stand_in_any_order(root: Path) -> None:
    assert read(root, table(ROWS[::-1])) == ROWS


@pytest.mark.parametrize(("word", "part"), [("TRAIN", "train"), ("Valid", "val"), ("testing", "test"), ("", None)])
def test_parts_are_known_by_every_spelling(root: Path, word: str, part: str | None) -> None:
    (root / "t.csv").write_bytes(table([("cat/1.png", "cat", word)], "path,label,Split"))
    (entry,) = open_source(root / "t.csv", Reading()).entries()[0]
    assert entry.part == part


def test_group_and_weight_are_carried(root: Path) -> None:
    (root / "t.csv").write_bytes(table([("cat/1.png", "cat", "p7", "2.5")], "path,label,group,weight"))
    (entry,) = open_source(root / "t.csv", Reading()).entries()[0]
    assert (entry.group, entry.weight) == ("p7", 2.5)


def test_the_column_of_groups_can_be_named(root: Path) -> None:
    (root / "t.csv").write_bytes(table([("cat/1.png", "cat", "p7", "g1")], "path,label,Patient_ID,group"))
    for name in ("Patient_ID", "patient id"):
        (entry,) = open_source(root / "t.csv", DataConfig(group_by=name)).entries()[0]
        assert entry.group == "p7"
    (entry,) = open_source(root / "t.csv", DataConfig(group_by="(c.t)/")).entries()[0]
    assert entry.group == "g1"  # a pattern is of the paths; the split puts what it finds in the place of these


def test_a_column_of_groups_that_is_not_there_is_refused_with_what_is_near(root: Path) -> None:
    (root / "t.csv").write_bytes(table([("cat/1.png", "cat", "p7")], "path;label;patient", ";"))
    with pytest.raises(SettingError, match=r"group_by is 'patent', which .* does not have\. Did you mean 'patient'\?"):
        check_source(root / "t.csv", DataConfig(group_by="patent"))


def test_empty_group_and_weight_are_none(root: Path) -> None:
    (root / "t.csv").write_bytes(table([("cat/1.png", "cat", "", "")], "path,label,group,weight"))
    (entry,) = open_source(root / "t.csv", Reading()).entries()[0]
    assert (entry.group, entry.weight) == (None, None)


# ---- which file a path means


@pytest.mark.parametrize(
    "text", ["cat/1.png", "cat\\1.png", "./cat/1.png", "cat//1.png", " cat/1.png ", "cat/1", "CAT/../cat/1.PNG"]
)
def test_a_path_is_found_as_people_write_it(root: Path, text: str) -> None:
    assert read(root, table([(text, "cat")])) == [("cat/1.png", "cat")]


def test_an_absolute_path_within_the_folder_is_as_a_relative_one(root: Path) -> None:
    assert read(root, table([(root / "cat/1.png", "cat")])) == [("cat/1.png", "cat")]


def test_ids_without_suffix_and_folder_are_found_beside_the_table(root: Path) -> None:
    lay(root, {"train/0a1.jpg": picture(5), "test/0b2.jpg": picture(6)})
    assert read(root, table([("0a1", "cat")], "id,label"), "train.csv") == [("train/0a1.jpg", "cat")]


def test_of_several_folders_the_one_named_like_the_table_counts(root: Path) -> None:
    lay(root, {"train_images/7.jpg": picture(5), "test_images/7.jpg": picture(6)})
    assert read(root, table([("7", "cat")], "id,label"), "train.csv") == [("train_images/7.jpg", "cat")]


def test_a_path_that_fits_several_files_is_an_issue(root: Path) -> None:
    lay(root, {"7.jpg": picture(5), "7.png": picture(6)})
    (issue,) = found(root, table([("7", "cat"), ("cat/1.png", "cat")]))
    assert (issue.path, issue.detail) == ("labels.csv:2", "'7': 2 files fit: 7.jpg, 7.png")


@pytest.mark.parametrize("text", ["../secret/1.png", "cat/../../secret/1.png", "{root}/../secret/1.png", "/etc/passwd"])
def test_a_path_that_leaves_the_folder_is_an_issue(root: Path, text: str) -> None:
    lay(root.parent / "secret", {"1.png": picture(9)})
    assert issues(root, table([(text.format(root=root), "cat"), *ROWS])) == [("labels.csv:2", "outside")]


def test_a_link_that_leaves_the_folder_is_an_issue(root: Path) -> None:
    lay(root.parent / "secret", {"1.png": picture(9)})
    (root / "link.png").symlink_to("../secret/1.png")
    (root / "folder").symlink_to("../secret")
    content = table([("link.png", "cat"), ("folder/1.png", "cat"), *ROWS])
    assert [path for path, _ in issues(root, content)] == ["labels.csv:2", "labels.csv:3"]


@pytest.mark.parametrize("text", ["link", "LINK.png", "only-there.png"])
def test_a_link_that_leaves_the_folder_is_an_issue_under_a_name_that_is_merely_alike(root: Path, text: str) -> None:
    lay(root.parent / "secret", {"1.png": picture(9)})
    (root / "link.png").symlink_to("../secret/1.png")
    (root / "cat" / "only-there.png").symlink_to("../../secret/1.png")
    assert issues(root, table([(text, "cat"), *ROWS])) == [("labels.csv:2", "outside")]


@pytest.mark.parametrize("text", ["../secret/1.png", "{root}/../secret/1.png"])
def test_outside_is_read_where_it_is_allowed(root: Path, text: str) -> None:
    lay(root.parent / "secret", {"1.png": picture(9)})
    assert len(read(root, table([(text.format(root=root), "cat")]), allow_outside=True)) == 1


def test_an_address_is_an_issue_that_says_what_to_do(root: Path) -> None:
    (issue,) = found(root, table([("https://example.org/1.png", "cat"), *ROWS]))
    assert "download the pictures" in issue.detail


# ---- rows that can't be used

BAD_ROWS = {
    "missing file": (b"cat/9.png,cat", "missing"),
    "empty label": (b"cat/1.png,", "empty-label"),
    "blank label": (b"cat/1.png,  ", "empty-label"),
    "empty path": (b",cat", "empty-path"),
    "too few fields": (b"cat/1.png", "ragged"),
    "too many fields": (b"cat/1.png,cat,dog", "ragged"),
    "zero byte in the path": (b"cat/\x001.png,cat", "nul"),
    "zero byte in the label": (b"cat/1.png,c\x00at", "nul"),
    "text behind a quote": (b'"cat/1.png"x,cat', "ragged"),
    "a folder": (b"cat,cat", "missing"),
    "a million columns": (b"cat/1.png," * 1_000_000, "ragged"),
    "a name that is too long": (b"x" * 5000 + b".png,cat", "missing"),
    "a drive": (b"C:\\pets\\1.png,cat", "outside"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_row_that_can_not_be_used_is_an_issue_with_its_line(root: Path, name: str) -> None:
    row, kind = BAD_ROWS[name]
    content = b"path,label\ncat/2.png,cat\n" + row + b"\ndog/1.png,dog\n"
    assert issues(root, content) == [("labels.csv:3", kind)]


def test_the_row_after_a_bad_one_is_read(root: Path) -> None:
    for row, _ in BAD_ROWS.values():
        content = b"path,label\n" + row + b"\ndog/1.png,dog\n"
        assert read(root, content) == [("dog/1.png", "dog")]


def test_lines_are_counted_through_fields_of_several_lines(root: Path) -> None:
    content = b'path,label,note\ncat/1.png,cat,"two\nlines"\ncat/9.png,cat,x\n'
    assert issues(root, content) == [("labels.csv:4", "missing")]


def test_blank_lines_are_passed_over(root: Path) -> None:
    assert read(root, table(ROWS).replace(b"\n", b"\n\n") + b",\n") == ROWS


@pytest.mark.parametrize("weight", ["-1", "nan", "inf", "much", "1e400"])
def test_a_weight_that_is_no_finite_number_from_0_up_is_an_issue(root: Path, weight: str) -> None:
    content = table([("cat/1.png", "cat", weight), ("cat/2.png", "cat", "0")], "path,label,weight")
    (issue,) = found(root, content)
    assert (issue.path, issue.kind) == ("labels.csv:2", "weight")
    assert repr(weight) in issue.detail


def test_an_unknown_part_is_an_issue(root: Path) -> None:
    content = table([("cat/1.png", "cat", "fold 3"), ("cat/2.png", "cat", "train")], "path,label,split")
    assert issues(root, content) == [("labels.csv:2", "unknown-part")]


def test_a_broken_picture_is_an_issue_with_its_line(root: Path) -> None:
    (root / "cat/1.png").write_bytes(b"")
    (issue,) = found(root, table(ROWS))
    assert (issue.path, issue.kind, issue.detail) == ("labels.csv:2", "unreadable", "'cat/1.png': empty: 0 bytes")


def test_the_same_row_twice_counts_once(root: Path) -> None:
    content = table([*ROWS, ROWS[0]])
    assert read(root, content) == ROWS
    assert issues(root, content) == [("labels.csv:5", "duplicate")]


def test_of_rows_that_differ_in_part_alone_the_later_part_counts(root: Path) -> None:
    (root / "t.csv").write_bytes(table([("cat/1.png", "a", "test"), ("cat/1.png", "a", "train")], "path,label,split"))
    (entry,) = open_source(root / "t.csv", Reading()).entries()[0]
    assert entry.part == "test"


def test_a_picture_under_two_labels_is_left_out_with_a_conflict(root: Path) -> None:
    content = table([*ROWS, ("./cat/1.png", "dog")])
    assert read(root, content) == ROWS[1:]
    (issue,) = found(root, content)
    assert (issue.path, issue.kind) == ("labels.csv:5", "conflict")
    assert issue.detail == "'cat/1.png': 'dog' here, but 'cat' in labels.csv:2"


def test_a_table_of_nothing_but_the_same_row_is_one_sample(root: Path) -> None:
    assert read(root, table(ROWS[:1] * 500)) == ROWS[:1]


def test_a_class_of_one_example_and_a_table_of_one_class_are_read(root: Path) -> None:
    assert read(root, table(ROWS[:1])) == ROWS[:1]


# ---- tables that are none

NO_TABLES = {
    "empty": (b"", "empty"),
    "nothing but blanks": (b"\n \n", "empty"),
    "no label": (
        b"path,breed\ncat/1.png,x\n",
        r"no column label\. 2 columns: path, breed\. Name it with --label-columns",
    ),
    "neither": (b"a,b\n1,2\n", r"no column path and no column label\. 2 columns: a, b"),
    "no header": (b"cat/1.png,cat\ncat/2.png,cat\n", r"no header: it holds 'cat/1\.png'"),
    "a header alone": (b"path,label\n", "no row below the header"),
    "only bad rows": (b"path,label\nx.png,cat\ny.png,dog\n", r"none of 2 rows can be used\. .*x\.png': no such file"),
    "two label columns": (b"path,label,Label\ncat/1.png,a,b\n", "2 columns are called 'label'"),
    "a million columns": (b"path,label" + b",x" * 1_000_000 + b"\n", "1,000,002 columns; at most 1,000"),
    "a quote never closed": (b'path,label\n"cat/1.png,cat\ncat/2.png,cat\n', r"labels\.csv:2: a quote"),
    "a picture": (picture(), "no column path"),
    "zero bytes": (bytes(5000), "empty|no column"),
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_no_table_says_so(root: Path, name: str) -> None:
    content, said = NO_TABLES[name]
    with pytest.raises(DataError, match=said):
        read(root, content)


def test_a_line_without_end_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_LETTERS == 64 * 2**20
    monkeypatch.setattr("tellapart.data.sources.delimited.MOST_LETTERS", 1000)
    with pytest.raises(DataError, match=r"labels\.csv:2: a line of more than 1,000 letters"):
        read(root, b"path,label\n" + b"x" * 5000)


def test_a_column_that_is_not_there_is_a_wrong_setting(root: Path) -> None:
    (root / "labels.csv").write_bytes(table(ROWS))
    with pytest.raises(
        SettingError, match=r"label_columns is 'lable', which .*labels\.csv does not have\. Did you mean"
    ):
        check_source(root / "labels.csv", Reading(label_columns=("lable",)))


def test_the_header_is_checked_before_anything_is_read(root: Path) -> None:
    (root / "labels.csv").write_bytes(b"a,b\n")
    with pytest.raises(DataError, match="no column path"):
        check_source(root / "labels.csv")


def test_a_table_that_may_not_be_read_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "labels.csv").write_bytes(table(ROWS))

    def forbidden(path: Path, mode: str) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(DataError, match=r"labels\.csv: can't be read: Permission denied"):
        check_source(root / "labels.csv")


# ---- a folder with a table at its top


def test_a_folder_with_a_table_of_its_pictures_is_read_by_the_table(tmp_path: Path) -> None:
    rows = [(f"{number}.png", "even" if number % 2 == 0 else "odd") for number in range(4)]
    lay(tmp_path / "x", {f"images/{number}.png": picture(number) for number in range(4)})
    (tmp_path / "x/labels.csv").write_bytes(table(rows))
    entries, _ = open_source(tmp_path / "x", Reading()).entries()
    assert sorted((os.path.basename(e.id), e.label) for e in entries) == sorted(rows)  # noqa: PTH119


def test_a_table_that_names_none_of_the_pictures_does_not_count(tmp_path: Path) -> None:
    lay(tmp_path / "x", {**pictures(each=2), "notes.csv": table([("a", "b")])})
    entries, _ = open_source(tmp_path / "x", Reading()).entries()
    assert {e.label for e in entries} == {"cat", "dog", "owl"}


def test_tables_named_after_parts_give_the_parts(tmp_path: Path) -> None:
    lay(tmp_path / "x", {"a/1.png": picture(1), "a/2.png": picture(2)})
    for part, number in (("train", 1), ("test", 2)):
        (tmp_path / f"x/{part}.csv").write_bytes(table([(f"a/{number}.png", "k")]))
    assert [(e.id, e.part) for e in open_source(tmp_path / "x", Reading()).entries()[0]] == [
        ("a/1.png", "train"),
        ("a/2.png", "test"),
    ]


def test_several_tables_without_parts_are_asked_about(tmp_path: Path) -> None:
    lay(tmp_path / "x", {"a/1.png": picture(1), "one.csv": table([("a/1.png", "k")])})
    (tmp_path / "x/two.csv").write_bytes(table([("a/1.png", "k")]))
    with pytest.raises(DataError, match=r"one\.csv, two\.csv each name pictures"):
        open_source(tmp_path / "x", Reading()).entries()
