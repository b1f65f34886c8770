"""Tables of texts: which columns are read, how a table without a header is told, which rows are left out."""

import codecs
import io
import random
from contextlib import suppress
from pathlib import Path

import pytest

from tellapart.config import TASK_GAP, Reading
from tellapart.data import line_issue, text_lines, text_table
from tellapart.data.text_lines import read_text
from tellapart.data.text_table import TextTable, looks_headerless, looks_text, read_text_table
from tellapart.errors import DataError, SettingError, UnreadableError

HAMS = "ham\tsee you at 5\nspam\tWIN a prize now\nham\tok then, bye\nspam\tcall us today\n"


def read(text: str | bytes, name: str = "t.csv", reading: Reading | None = None, **said: str) -> TextTable:
    data = text.encode() if isinstance(text, str) else text
    return read_text_table(io.BytesIO(data), name, name, reading or Reading(), **said)


def cause_of(text: str | bytes, name: str = "t.csv") -> str:
    with pytest.raises(DataError) as caught:
        read(text, name)
    assert str(caught.value).startswith("t.")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_row_is_a_text_with_its_class() -> None:
    found = read('text,label\nhello there,a\n"with, a comma\nand a line",b\n')
    assert (found.texts, found.labels) == (["hello there", "with, a comma\nand a line"], ["a", "b"])
    assert (found.parts, found.groups, found.weights) == ([None, None],) * 3
    assert found.issues == []


def test_part_group_and_weight_stand_in_columns_of_their_own() -> None:
    found = read("label,split,message,group,weight\na,train,one,g1,2\nb,Validation,two,,\n")
    assert (found.texts, found.parts) == (["one", "two"], ["train", "val"])
    assert (found.groups, found.weights) == (["g1", None], [2.0, None])


@pytest.mark.parametrize("text", ["text\tlabel\na b\tx\n", "text;label\na b;x\n", "text|label\na b|x\n"])
def test_cells_are_parted_by_tabs_semicolons_or_bars_too(text: str) -> None:
    assert (read(text).texts, read(text).labels) == (["a b"], ["x"])


def test_between_tabs_a_quote_is_a_plain_character() -> None:
    found = read('label\ttext\na\t"open and never closed\nb\tsay "hi" and 5" more\nc\t"all ""of"" it"\n')
    assert found.texts == ['"open and never closed', 'say "hi" and 5" more', 'all "of" it']
    assert found.lines == [2, 3, 4]


def test_between_tabs_a_cell_in_quotes_may_go_over_several_lines() -> None:
    assert read('label\ttext\na\t"one\ntwo"\nb\tthree\n').texts == ["one\ntwo", "three"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (",a", "empty-text"),
        ("  ,a", "empty-text"),
        ("hello,", "empty-label"),
        ("hello", "ragged"),
        ("hello,a,b,c", "ragged"),
        ("he\0llo,a", "nul"),
    ],
)
def test_a_bad_row_is_an_issue_and_the_others_are_read(line: str, kind: str) -> None:
    found = read(f"text,label\none,a\n{line}\ntwo,b\n")
    assert (found.labels, [issue[:2] for issue in found.issues]) == (["a", "b"], [(3, kind)])


def test_parts_and_weights_that_are_none_are_issues() -> None:
    found = read("text,label,split,weight\na,x,somewhere,1\nb,x,,-1\nc,x,,nan\nd,x,,much\ne,x,test,0\n")
    assert [issue.kind for issue in found.issues] == ["unknown-part", "weight", "weight", "weight"]
    assert found.texts == ["e"]


def test_columns_that_are_named_are_taken() -> None:
    found = read("v1,v2\nham,hello you\n", reading=Reading(label_columns=("v1",)), text_column="v2")
    assert (found.texts, found.labels) == (["hello you"], ["ham"])
    with pytest.raises(SettingError, match=r"text_column is 'v3', which t\.csv does not have"):
        read("v1,v2\nham,hello you\n", reading=Reading(label_columns=("v1",)), text_column="v3")


def test_several_tasks_stand_with_a_gap_between_and_their_numbers_are_looked_at() -> None:
    asked = Reading(label_columns=("tone",), number_columns=("stars",))
    found = read("text,tone,stars\nfine,good,5\nbad,poor,few\nso,,\n", reading=asked)
    assert found.labels == [f"good{TASK_GAP}5"]
    assert [issue.kind for issue in found.issues] == ["no-number", "empty-label"]


@pytest.mark.parametrize("last", [False, True])
def test_two_columns_without_a_header_are_told_by_their_words(last: bool) -> None:
    lines = ["\t".join(line.split("\t")[::-1]) if last else line for line in HAMS.splitlines()]
    found = read("\n".join(lines) + "\n", "t.tsv")
    assert found.texts == ["see you at 5", "WIN a prize now", "ok then, bye", "call us today"]
    assert (found.labels, found.lines) == (["ham", "spam"] * 2, [1, 2, 3, 4])
    assert looks_headerless("\n".join(lines).encode())


def test_without_a_header_bad_lines_are_issues() -> None:
    found = read(HAMS * 10 + "no tab here\nham\t \n\tno class\n\n", "t.tsv")
    assert len(found.texts) == 40
    assert [issue[:2] for issue in found.issues] == [(41, "ragged"), (42, "empty-text"), (43, "empty-label")]


def test_without_a_header_windows_line_ends_and_further_tabs_are_no_matter() -> None:
    found = read((HAMS * 5 + "ham\ta\tb c\n").replace("\n", "\r\n"), "t.tsv")
    assert (found.texts[0], found.texts[-1]) == ("see you at 5", "a\tb c")


@pytest.mark.parametrize(
    "text",
    [
        "text,label\nhello you,a\n",
        "0.5\t1\n0.25\t0\n0.1\t1\n0.2\t0\n",
        "one two\tthree four\nfive six\tseven eight\n" * 3,
        "a\tb\tc\n",
        "cat\tdog\n" * 4,
        "",
        "\0\t\0",
        "x1\tsome words\nx2\tmore words\nx3\tother words\n",
    ],
)
def test_what_is_no_table_without_a_header_is_not_taken_for_one(text: str) -> None:
    assert not looks_headerless(text.encode())


@pytest.mark.parametrize(
    ("header", "looks"),
    [
        (["text", "label"], True),
        (["id", "Review Text", "class"], True),
        (["Sentence", "target", "split"], True),
        (["path", "text", "label"], False),
        (["image", "text", "label"], False),
        (["text", "number"], False),
        (["label", "t0", "t1"], False),
        ([], False),
    ],
)
def test_the_header_tells_a_table_of_texts(header: list[str], looks: bool) -> None:
    assert looks_text(header, Reading()) is looks


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "empty"),
        ("text,label\n", "no row below the header"),
        ("text,label\n,a\n", "none of 1 row can be used; line 2: no text"),
        ("a,b\n1,2\n", "no column text. 2 columns: a, b"),
        ("text,b\n1,2\n", "no column label. 2 columns: text, b. Name it with --label-columns"),
        ('text,label\n"never closed,a\n', "never closed"),
        (b"\x89PNG\t\0\0\0", "zero bytes"),
    ],
)
def test_what_is_no_table_of_texts_is_refused(text: str | bytes, cause: str) -> None:
    assert cause in cause_of(text)


def test_too_many_letters_or_bad_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_table, "MOST_LETTERS", 10)
    monkeypatch.setattr(line_issue, "MOST_ISSUES", 5)
    assert "more than 10 letters" in cause_of("text,label\n" + "hello,a\n" * 5)
    assert "more than 5 lines can't be used" in cause_of("text,label\n" + ",a\n" * 10)


def test_parquet_is_read_by_its_columns(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"id": [1, 2, 3], "text": ["a b", None, "c"], "label": [0, 1, 1], "split": ["train", "test", "test"]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    found = read((tmp_path / "t.parquet").read_bytes(), "t.parquet")
    assert (found.texts, found.labels, found.parts) == (["a b", "c"], ["0", "1"], ["train", "test"])
    assert [issue[:2] for issue in found.issues] == [(2, "empty-text")]
    assert "damaged, or no Parquet file" in cause_of(b"PAR1 but not really", "t.parquet")


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_in_each_unicode_coding(coding: str) -> None:
    assert read_text("naïve 日本 \U0001f600".encode(coding)) == "naïve 日本 \U0001f600"


def test_text_that_is_no_unicode_is_that_of_windows() -> None:
    assert read_text("naïve – “so”".encode("cp1252")) == "naïve – “so”"
    assert read_text(b"\x81\xff") == "\ufffdÿ"


@pytest.mark.parametrize(
    "content", [bytes(5), b"\x7fELF\0\1", "hi".encode("utf-16-le"), codecs.BOM_UTF16_LE + b"a\0\0\0"]
)
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="zero"):
        read_text(content)


def test_a_text_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "MOST_BYTES", 10)
    with pytest.raises(UnreadableError, match="11 bytes of text; at most 10 are read"):
        read_text(b"x" * 11)


def test_an_empty_file_is_an_empty_text() -> None:
    assert read_text(b"") == read_text(codecs.BOM_UTF8) == ""


def test_a_damaged_table_gives_rows_or_a_cause_never_a_crash() -> None:
    draws = random.Random(0)
    for whole in (HAMS.encode(), b'text,label\n"a, b",x\nc,y\n', "text\tlabel\na\tx\n".encode("utf-16")):
        for _ in range(300):
            damaged = bytearray(whole[: draws.randrange(1, len(whole) + 1)])
            damaged[draws.randrange(len(damaged))] ^= 1 << draws.randrange(8)
            with suppress(DataError):
                read(bytes(damaged))


def test_the_messages_of_the_collection_are_read_whole(shared_data: Path) -> None:
    path = shared_data / "text" / "SMSSpamCollection.tsv"
    found = read(path.read_bytes(), path.name)
    lines = path.read_bytes().decode().removesuffix("\n").split("\n")
    assert found.texts == [line.split("\t", 1)[1] for line in lines]
    assert (found.labels.count("ham"), found.labels.count("spam"), found.issues) == (4827, 747, [])
    assert looks_headerless(path.read_bytes()[:65536])
