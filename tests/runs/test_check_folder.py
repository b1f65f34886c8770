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


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    assert [CheckFolder.new(tmp_path, "x").path.name for _ in range(3)] == ["x", "x-2", "x-3"]
