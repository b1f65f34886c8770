"""What `tellapart check` writes."""

import csv

from tellapart.audit.copies import PairIssue
from tellapart.runs.check_folder import CheckFolder
from tellapart.types import Issue


def test_the_list_holds_paths_of_any_bytes_verbatim(tmp_path):
    odd = b"=1+1\xff,\"'\n.png".decode("utf-8", "surrogateescape")
    issue = Issue(path=odd, kind="dark", detail="d", suggestion="s")
    pair = PairIssue(path="a", kind="leak", detail="d", suggestion="s", other="b")
    folder = CheckFolder.new(tmp_path, "x")
    folder.write([issue, pair], "<p>")
    with folder.issues.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [odd, "a"]
    assert list(rows[0]) == ["path", "kind", "detail", "suggestion"]
    assert folder.page.read_text() == "<p>"


def test_of_texts_the_list_says_how_each_begins(tmp_path):
    issues = [Issue(path=path, kind="label", detail="d", suggestion="s") for path in ("a.csv:2", "a class")]
    folder = CheckFolder.new(tmp_path, "x")
    folder.write(issues, "<p>", {"a.csv:2": 'one, "two"'})
    with folder.issues.open(newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ['one, "two"', ""]


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    assert [CheckFolder.new(tmp_path, "x").path.name for _ in range(3)] == ["x", "x-2", "x-3"]
