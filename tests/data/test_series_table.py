"""Series out of tables: wide or long by the header, sorted by time, with an issue for what can't be used."""

import io
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tellapart.config import Reading
from tellapart.data import line_issue, series_rows, series_table
from tellapart.data.series_columns import looks_long, looks_wide
from tellapart.data.series_steps import seconds_of
from tellapart.data.series_table import SeriesTable, read_series_table
from tellapart.errors import DataError

STEPS = ",".join(f"t{step}" for step in range(8))
WIDE = f"label,{STEPS}\na,1,2,3,4,5,6,7,8\nb,0,0,0,0,0,0,0,1\n"
LONG = "id,time,x,y,label\np,0,1,10,a\np,1,2,20,a\nq,0,5,50,b\n"


def read(text: str | bytes, name: str = "t.csv", reading: Reading | None = None) -> SeriesTable:
    data = text.encode() if isinstance(text, str) else text
    return read_series_table(io.BytesIO(data), name, name, reading or Reading())


def cause_of(text: str | bytes, name: str = "t.csv") -> str:
    with pytest.raises(DataError) as caught:
        read(text, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kinds(found: SeriesTable) -> list[tuple[int, str]]:
    return [issue[:2] for issue in found.issues]


def test_a_row_of_a_wide_table_is_a_series() -> None:
    found = read(WIDE)
    assert [series.shape for series in found.series] == [(8, 1), (8, 1)]
    assert found.series[0][:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert found.series[0].dtype == np.float32
    assert (found.labels, found.lines, found.ids, found.issues) == (["a", "b"], [2, 3], ["2", "3"], [])


def test_a_wide_series_ends_with_its_last_value_and_empty_cells_before_are_missing() -> None:
    (series,) = read(f"{STEPS},label\n1,,?,NaN,5,,nan,,a\n").series
    assert np.array_equal(series[:, 0], [1, np.nan, np.nan, np.nan, 5], equal_nan=True)


def test_part_group_weight_and_name_of_a_wide_table_stand_in_their_columns() -> None:
    found = read(f"id,split,group,weight,label,{STEPS}\nn7,val,g,0.5,a,1,2,3,4,5,6,7,8\n")
    assert (found.ids, found.parts, found.groups, found.weights) == (["n7"], ["val"], ["g"], [0.5])
    assert found.series[0].shape == (8, 1)


def test_rows_of_one_name_are_told_apart_by_their_lines() -> None:
    rows = "".join(f"{name},a,{start},2,3,4,5,6,7,8\n" for name, start in (("p", 1), ("p", 2), ("q", 3), ("p", 4)))
    found = read(f"id,label,{STEPS}\n{rows}")
    assert found.ids == ["p", "p (line 3)", "q", "p (line 5)"]
    assert [series[0, 0] for series in found.series] == [1, 2, 3, 4]


def test_beside_named_steps_other_columns_are_no_values() -> None:
    assert read(f"label,note,{STEPS}\na,hi there,1,2,3,4,5,6,7,8\n").series[0].shape == (8, 1)


def test_without_named_steps_all_other_columns_are_values() -> None:
    assert read("label,open,high,close\na,1,2,3\n").series[0][:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("a,1,2,3,4,5,6,7,x", "no-number"),
        ("a,1,2,3,4,5,6,7,inf", "infinite"),
        ("a,1,2,3,4,5,6,7,1e300", "infinite"),
        ("a,1,2,3", "ragged"),
        ("a,1,2,3,4,5,6,7,8,9", "ragged"),
        (",1,2,3,4,5,6,7,8", "empty-label"),
        ("a,,,,,?,,,", "empty"),
    ],
)
def test_a_bad_row_of_a_wide_table_is_an_issue(row: str, kind: str) -> None:
    found = read(WIDE + row + "\nc,1,1,1,1,1,1,1,1\n")
    assert (found.labels, kinds(found)) == (["a", "b", "c"], [(4, kind)])


def test_rows_of_a_long_table_are_the_steps_of_a_series() -> None:
    found = read(LONG)
    assert [series.tolist() for series in found.series] == [[[1, 10], [2, 20]], [[5, 50]]]
    assert (found.channels, found.ids, found.labels, found.lines) == (("x", "y"), ["p", "q"], ["a", "b"], [2, 4])


def test_steps_are_sorted_by_time_wherever_they_stand() -> None:
    found = read("id,t,v,label\np,10,3,a\nq,1,7,b\np,9,2,a\np,-1,1,a\nq,0.5,6,b\n")
    assert [series[:, 0].tolist() for series in found.series] == [[1, 2, 3], [6, 7]]


def test_steps_of_the_same_time_stay_in_their_order() -> None:
    assert read("id,t,v,label\np,1,2,a\np,0,1,a\np,1,3,a\np,1,4,a\n").series[0][:, 0].tolist() == [1, 2, 3, 4]


def test_times_may_be_dates() -> None:
    found = read(
        "case,timestamp,v,label\n"
        "p,2024-01-02T00:00:00Z,3,a\np,2023-12-31,1,a\np,2024-01-01 23:59:59.5,2,a\np,2024-01-02T02:00:00+01:00,4,a\n"
    )
    assert found.series[0][:, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("-1e3", -1000.0), ("1970-01-02", 86400.0), ("1970-01-01T01:00:00+01:00", 0.0)],
)
def test_a_time_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "nan", "inf", "noon", "2024-13-01", "0x5"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert seconds_of(text) is None


def test_missing_values_of_a_long_table_are_nan_and_words_are_no_channel() -> None:
    found = read("id,time,x,note,y,label\np,0,1,hello,,a\np,1,?,world,4,a\n")
    assert found.channels == ("x", "y")
    assert np.array_equal(found.series[0], [[1, np.nan], [np.nan, 4]], equal_nan=True)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("p,2,1,1,b", "conflict"),
        ("p,soon,1,1,a", "no-time"),
        ("p,,1,1,a", "no-time"),
        (",2,1,1,a", "no-id"),
        ("p,2,x,1,a", "no-number"),
        ("p,2,1,inf,a", "infinite"),
        ("p,2,1,1,", "empty-label"),
        ("p,2,1", "ragged"),
        ("r,0,,,a", "empty"),
    ],
)
def test_a_bad_row_of_a_long_table_is_an_issue(row: str, kind: str) -> None:
    found = read(LONG + row + "\n")
    assert kinds(found) == [(5, kind)]
    assert found.ids == (["q"] if kind == "conflict" else ["p", "q"])


def test_a_series_that_says_two_things_of_itself_is_left_out_and_told_once() -> None:
    found = read(
        "id,time,v,label,split\np,0,1,a,train\np,1,1,b,train\np,2,1,b,train\nq,0,1,a,train\nq,1,1,a,test\nr,0,1,a,\n"
    )
    assert (found.ids, kinds(found)) == (["r"], [(3, "conflict"), (6, "conflict")])
    assert found.issues[0].detail == "series 'p': 'b' here, but 'a' in line 2; the series is left out"


@pytest.mark.parametrize(
    ("header", "looks"),
    [
        (["id", "time", "x", "label"], True),
        (["Case ID", "Time_Step", "x", "class"], True),
        (["id", "time", "label"], False),
        (["time", "x", "label"], False),
        (["id", "time", "x"], False),
        (["path", "id", "time", "x", "label"], False),
        ([], False),
    ],
)
def test_the_header_tells_a_long_table(header: list[str], looks: bool) -> None:
    assert looks_long(header, Reading()) is looks


@pytest.mark.parametrize(
    ("header", "row", "looks"),
    [
        (["label", *(f"t{n}" for n in range(9))], ["a", *"123456789"], True),
        ([*(str(n) for n in range(9)), "class"], [*"1234 6789", "a"], True),
        (["label", *(f"step_{n}" for n in range(1, 10))], ["a", *"123456789"], True),
        (["id", "label", *(f"T{n}" for n in range(9))], ["7", "a", *"12345678", ""], True),
        (["label", *(f"t{n}" for n in range(9))], ["a", *"12345678x"], False),
        (["label", *(f"t{n}" for n in range(3))], ["a", *"123"], False),
        (["label", *(f"pixel{n}" for n in range(9))], ["a", *"123456789"], False),
        (["label", *"abcdefghi"], ["a", *"123456789"], False),
        (["label", "t0", "t1", "t2", "t3", "t5", "t6", "t7", "t8", "t9"], ["a", *"123456789"], False),
        (["path", "label", *(f"t{n}" for n in range(9))], ["p", "a", *"123456789"], False),
        ([f"t{n}" for n in range(9)], [*"123456789"], False),
    ],
)
def test_the_header_and_the_first_rows_tell_a_wide_table(header: list[str], row: Sequence[str], looks: bool) -> None:
    assert looks_wide(header, [row], Reading()) is looks


def test_a_header_alone_is_no_wide_table() -> None:
    assert not looks_wide(["label", *(f"t{n}" for n in range(9))], [], Reading())


def test_a_label_column_that_is_named_is_taken() -> None:
    found = read("id,time,x,state\np,0,1,on\n", reading=Reading(label_columns=("state",)))
    assert (found.labels, found.channels) == (["on"], ("x",))


def test_many_pieces_give_the_series_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    ids, times, values = draws.integers(0, 7, 500), draws.permutation(500), draws.normal(size=500).astype(np.float32)
    rows = "".join(f"s{i},{t},{v!s},c{i % 2}\n" for i, t, v in zip(ids, times, values.tolist(), strict=True))
    whole = read("id,time,v,label\n" + rows)
    monkeypatch.setattr(series_rows, "CELLS_AT_ONCE", 20)
    pieces = read("id,time,v,label\n" + rows)
    assert whole.ids == pieces.ids
    for name, one, other in zip(whole.ids, whole.series, pieces.series, strict=True):
        mine = ids == int(name[1:])
        assert one[:, 0].tolist() == values[mine][np.argsort(times[mine])].tolist()
        assert np.array_equal(one, other)


@pytest.mark.parametrize("long", [False, True])
def test_parquet_gives_what_text_gives(tmp_path: Path, long: bool) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    if long:
        when = np.array(["2024-01-02", "2024-01-01", "2024-01-01"], "datetime64[ns]") + np.timedelta64(1, "ns")
        columns = {"id": [1, 1, 2], "time": when, "x": [2.5, None, 3.0], "label": ["a", "a", "b"], "s": ["u", "v", "w"]}
    else:
        columns = {"label": [0, 1, 1], **{f"t{n}": [n, float("inf") if n == 5 else None, 7] for n in range(9)}}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    found = read((tmp_path / "t.parquet").read_bytes(), "t.parquet")
    if long:
        assert (found.ids, found.channels, found.labels) == (["1", "2"], ("x",), ["a", "b"])
        assert np.array_equal(found.series[0][:, 0], [np.nan, 2.5], equal_nan=True)
    else:
        assert (found.labels, found.lines, kinds(found)) == (["0", "1"], [1, 3], [(2, "infinite")])
        assert found.series[0][:, 0].tolist() == list(range(9))
    assert "damaged, or no Parquet file" in cause_of(b"PAR1 and no more", "t.parquet")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "empty"),
        (f"label,{STEPS}\n", "no rows"),
        (f"label,{STEPS}\na,x,2,3,4,5,6,7,8\n", "no series can be used; line 2: 'x'"),
        ("id,time,x,label\np,0,word,a\n", "no column of numbers"),
        ("x,z\n1,2\n", "no column label"),
        ("label\na\n", "no column of values"),
    ],
)
def test_what_is_no_table_of_series_is_refused(text: str, cause: str) -> None:
    assert cause in cause_of(text)


def test_too_many_values_or_bad_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_table, "MOST_VALUES", 10)
    monkeypatch.setattr(line_issue, "MOST_ISSUES", 5)
    assert cause_of(WIDE) == "t.csv: more than 10 values; no more are read. Give each series a file of its own."
    assert "more than 5 lines can't be used" in cause_of(WIDE + "a,b\n" * 10)


def test_a_damaged_table_gives_series_or_a_cause_never_a_crash() -> None:
    draws = random.Random(0)
    for whole in (WIDE.encode(), LONG.encode()):
        for _ in range(400):
            damaged = bytearray(whole[: draws.randrange(1, len(whole) + 1)])
            damaged[draws.randrange(len(damaged))] ^= 1 << draws.randrange(8)
            with suppress(DataError):
                read(bytes(damaged))
