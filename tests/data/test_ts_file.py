"""Series in .ts files: what is read, which lines are left out, and which files are refused."""

import gzip
import io
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tellapart.data import line_issue, ts_case, ts_file
from tellapart.data.ts_file import TsFile, pair_of, part_of_name, read_ts
from tellapart.errors import UnreadableError

HEAD = "@problemName Toy\n@timeStamps false\n@univariate true\n@classLabel true a b\n@data\n"
TWO_CHANNELS = "@dimensions 2\n@classLabel true a b\n@data\n"


def read(text: str) -> TsFile:
    return read_ts(text.encode())


def cause_of(data: bytes | str) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_ts(data.encode() if isinstance(data, str) else data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kinds(text: str) -> list[tuple[int, str]]:
    return [(line, kind) for line, kind, _ in read(text).issues]


def test_a_line_is_a_series_with_its_class() -> None:
    found = read(HEAD + "1,2.5,-3e1:a\n4:b\n")
    assert [case.tolist() for case in found.series] == [[[1.0], [2.5], [-30.0]], [[4.0]]]
    assert {case.dtype for case in found.series} == {np.dtype(np.float32)}
    assert (found.name, found.labels, found.lines, found.classes) == ("Toy", ["a", "b"], [6, 7], ("a", "b"))
    assert found.issues == []


def test_channels_stand_side_by_side_at_each_step() -> None:
    assert read(TWO_CHANNELS + "1,2,3:4,5,6:a\n").series[0].tolist() == [[1, 4], [2, 5], [3, 6]]


def test_the_case_of_header_words_does_not_matter() -> None:
    found = read("@PROBLEMNAME x y\n@ClassLabel TRUE A b\n@DATA\n1:A\n2:a\n")
    assert (found.name, found.labels) == ("x y", ["A"])
    assert found.issues[0][:2] == (5, "unknown-class")


def test_comments_blank_lines_windows_line_ends_and_a_byte_order_mark_are_passed_over() -> None:
    text = "\ufeff#about\r\n\r\n@classLabel true a\r\n#more\r\n@data\r\n# and more\r\n1,2:a\r\n\r\n"
    found = read(text)
    assert (found.labels, found.lines, found.series[0].tolist()) == (["a"], [7], [[1.0], [2.0]])


def test_missing_values_are_nan() -> None:
    assert np.isnan(read(HEAD + "?,1, ? ,nan:a\n").series[0][:, 0]).tolist() == [True, False, True, True]


def test_a_channel_that_is_shorter_than_another_ends_in_missing_values() -> None:
    (case,) = read(TWO_CHANNELS + "1,2,3:4:a\n").series
    assert np.array_equal(case, [[1, 4], [2, np.nan], [3, np.nan]], equal_nan=True)


def test_a_target_label_is_a_number() -> None:
    found = read("@univariate true\n@targetlabel true\n@data\n1,2:0.5\n3,4:-7\n5,6:much\n7:nan\n8:?\n")
    assert (found.labels, found.numbers, found.classes) == (["0.5", "-7"], True, ())
    assert [kind for _, kind, _ in found.issues] == ["no-number"] * 3


def test_a_file_without_classes_has_none() -> None:
    found = read("@univariate true\n@classLabel false\n@data\n1,2\n3,4,5\n")
    assert (found.labelled, found.labels, [len(case) for case in found.series]) == (False, ["", ""], [2, 3])


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (":a", "empty"),
        ("   :a", "empty"),
        ("?,?:a", "empty"),
        ("1,2", "no-class"),
        ("1,2:", "no-class"),
        ("1,2:c", "unknown-class"),
        ("1,two:a", "no-number"),
        ("1,,2:a", "no-number"),
        ("1,2,:a", "no-number"),
        ("1;2;3:a", "no-number"),
        ("1,0x10:a", "no-number"),
        ("1,inf:a", "infinite"),
        ("1,-Infinity:a", "infinite"),
        ("1,1e300:a", "infinite"),
        ("1,1e999:a", "infinite"),
        ("1,2:3,4:a", "channels"),
    ],
)
def test_a_bad_line_is_an_issue_and_the_others_are_read(line: str, kind: str) -> None:
    found = read(HEAD + f"1,2:a\n{line}\n3,4:b\n")
    assert found.labels == ["a", "b"]
    assert [issue[:2] for issue in found.issues] == [(7, kind)]
    assert "\n" not in found.issues[0].detail


def test_an_issue_names_the_word_that_is_wrong() -> None:
    (issue,) = read(HEAD + "1,two,3:a\n").issues
    assert issue.detail == "'two'; must be a number, or ? where it is missing"


def test_without_a_number_of_channels_in_the_header_the_first_case_says_it() -> None:
    assert kinds("@classLabel true a\n@data\n1:2:a\n1:a\n1:2:3:a\n3:4:a\n") == [(4, "channels"), (5, "channels")]


@pytest.mark.parametrize("text", [HEAD.replace("@timeStamps false", "@timeStamps true"), HEAD + "(0,1.5),(1,2.5):a\n"])
def test_times_beside_the_values_are_refused_with_what_to_do(text: str) -> None:
    assert "write the values alone, at equal steps" in cause_of(text + "(0,1):a\n")


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "empty"),
        (b"\n\n#x\n", "empty"),
        (b"@classLabel true a\n", "no line @data"),
        (b"1,2,3:a\n", "stands before @data"),
        (b"\x89PNG\r\n\x1a\n\0", "stands before @data"),
        (b"\xa0\n\x1f\n", "stands before @data"),
        (bytes(9), "zero bytes"),
        (b"\xff\xfe@\x00d\x00a\x00t\x00a\x00", "zero bytes"),
        (b"\x1f\x8b", "truncated"),
        (b"\x1f\x8bjunk that is no gzip at all", "damaged"),
        (gzip.compress(HEAD.encode() * 100)[:-20], "truncated"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, cause: str) -> None:
    assert cause in cause_of(data)


def test_a_flipped_byte_in_a_packed_file_is_a_cause_or_data_never_a_crash() -> None:
    packed = gzip.compress((HEAD + "1,2,3:a\n4,5,6:b\n" * 30).encode())
    draws = random.Random(0)
    for _ in range(300):
        damaged = bytearray(packed)
        damaged[draws.randrange(len(damaged))] ^= 1 << draws.randrange(8)
        with suppress(UnreadableError):
            read_ts(bytes(damaged))


def test_random_bytes_behind_a_good_header_are_issues() -> None:
    junk = random.Random(0).randbytes(20_000).replace(b"\0", b"\1").replace(b"\n(", b"\n")
    found = read_ts(HEAD.encode() + junk + b"\n1,2:a\n")
    assert found.labels == ["a"]
    assert len(found.issues) > 10


def test_a_packed_file_is_read_as_it_is_unpacked() -> None:
    text = (HEAD + "1,2:a\n").encode()
    for data in (gzip.compress(text), io.BytesIO(gzip.compress(text)), io.BytesIO(text), memoryview(text)):
        assert read_ts(data).labels == ["a"]


def test_a_file_that_unpacks_to_too_much_is_refused_while_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ts_file, "MOST_BYTES", 10_000_000)
    bomb = gzip.compress(HEAD.encode() + (b"1," * 500 + b"1:a\n") * 100_000)
    assert len(bomb) < 1_000_000
    assert "more than 10,000,000 bytes" in cause_of(bomb)


def test_a_file_of_too_many_lines_long_lines_values_or_issues_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ts_file, "MOST_LINES", 1000)
    monkeypatch.setattr(ts_file, "MOST_LINE_BYTES", 1000)
    monkeypatch.setattr(ts_file, "MOST_VALUES", 100)
    monkeypatch.setattr(line_issue, "MOST_ISSUES", 10)
    assert "more than 1,000 lines" in cause_of(HEAD + "\n" * 2000)
    assert "more than 1,000 bytes" in cause_of(HEAD + "1," * 1000 + "1:a\n")
    assert "more than 100 values" in cause_of(HEAD + "1,2,3:a\n" * 50)
    assert "more than 10 lines" in cause_of(HEAD + "x:a\n" * 50)


def test_short_channels_beside_a_long_one_are_counted_before_they_take_memory() -> None:
    head = "@classLabel true a\n@data\n"
    assert kinds(head + "1," * 99_999 + "1:" + "1:" * 2000 + "a\n1:a\n") == [(3, "too-large")]
    assert kinds(head + ":" * (ts_case.MOST_CHANNELS + 1) + "a\n") == [(3, "too-large")]


@pytest.mark.slow
def test_a_series_of_ten_million_steps_is_read_piece_by_piece() -> None:
    line = b"0.25,?," * 5_000_000
    (case,) = read_ts(HEAD.encode() + line[:-1] + b":a\n").series
    assert case.shape == (10_000_000, 1)
    assert case[-2:, 0].tolist() == pytest.approx([0.25, np.nan], nan_ok=True)


def test_pieces_come_together_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    text = HEAD + ",".join(str(value) for value in values.tolist()) + ":a\n"
    whole = read(text).series[0]
    assert np.array_equal(whole[:, 0], values)
    monkeypatch.setattr(ts_case, "CHUNK_BYTES", 7)
    assert np.array_equal(read(text).series[0], whole)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("GunPoint_TRAIN.ts", "train"),
        ("GunPoint_TEST.ts.gz", "test"),
        ("gun-train.ts", "train"),
        ("TEST.ts", "test"),
        ("x_val.TS", "val"),
        ("Contest.ts", None),
        ("train_GunPoint.ts", None),
        ("GunPoint_TRAIN.csv", "train"),
        ("GunPoint_TRAIN.wav", None),
    ],
)
def test_the_name_says_the_part(name: str, part: str | None) -> None:
    assert part_of_name(name) == part


def test_the_other_part_is_found_beside_a_file(tmp_path: Path) -> None:
    names = ("A_TRAIN.ts", "A_TEST.ts.gz", "b_train.ts", "C_TRAIN.ts", "D_Test.ts.gz", "D_Train.ts.gz")
    for name in names:
        (tmp_path / name).touch()
    found = {name: (pair_of(tmp_path / name) or Path("none")).name for name in names}
    assert found["A_TRAIN.ts"] == "A_TEST.ts.gz"
    assert found["A_TEST.ts.gz"] == "A_TRAIN.ts"
    assert (found["b_train.ts"], found["C_TRAIN.ts"]) == ("none", "none")
    assert found["D_Test.ts.gz"] == "D_Train.ts.gz"


@pytest.mark.parametrize(
    ("name", "train", "test", "shape", "classes"),
    [
        ("BasicMotions", 40, 40, (100, 6), 4),
        ("GunPoint", 50, 150, (150, 1), 2),
        ("ItalyPowerDemand", 67, 1029, (24, 1), 2),
    ],
)
def test_the_files_of_the_archive_are_read_whole(
    shared_data: Path, name: str, train: int, test: int, shape: tuple[int, int], classes: int
) -> None:
    first = shared_data / "timeseries" / name / f"{name}_TRAIN.ts.gz"
    other = pair_of(first)
    assert other is not None
    for path, count in ((first, train), (other, test)):
        found = read_ts(path.read_bytes())
        assert (found.name, len(found.series), len(found.classes)) == (name, count, classes)
        assert {case.shape for case in found.series} == {shape}
        assert set(found.labels) == set(found.classes)
        assert found.issues == []
        assert not any(np.isnan(case).any() for case in found.series)


def test_the_numbers_of_a_real_file_are_those_of_its_text(shared_data: Path) -> None:
    data = gzip.decompress((shared_data / "timeseries" / "BasicMotions" / "BasicMotions_TRAIN.ts.gz").read_bytes())
    rows = data.decode().split("@data\n")[1].split()
    plain = [np.array([c.split(",") for c in row.split(":")[:-1]], np.float32).T for row in rows]
    assert all(np.array_equal(case, other) for case, other in zip(read_ts(data).series, plain, strict=True))
