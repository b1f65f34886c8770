"""`tellapart check` shows how a text begins wherever it names one."""

import csv
import json
from pathlib import Path

import pytest
from tests.test_cli import run

import tellapart

LONG = (
    "we tried to reach you about the refund of your last bill and {} pounds are still owed to you so please call " * 2
)
ODD = "<b>you</b> \x1b[31mwon\x1b[0m a prize \u202e& more"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `messages.csv`: a near copy with another number, and an odd text under two labels."""
    folder = tmp_path_factory.mktemp("home")
    rows = [(f"a message about thing {n} and stuff {n * n}", "spam" if n % 2 else "ham") for n in range(30)]
    rows += [(LONG.format(240, 240), "spam"), (LONG.format(265, 240), "spam"), (ODD, "ham"), (ODD, "spam")]
    with (folder / "messages.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return folder


def test_the_page_shows_the_words_escaped_and_what_differs(home: Path, tmp_path: Path) -> None:
    page = tellapart.check(home / "messages.csv", out=tmp_path, quick=True, quiet=True).page.read_text()
    assert "&lt;b&gt;you&lt;/b&gt; \N{WHITE SQUARE}[31mwon" in page
    assert not [odd for odd in ("<b>", "\x1b", "\u202e") if odd in page]
    assert "bill and <mark>240</mark> pounds" in page
    assert "bill and <mark>265</mark> pounds" in page
    assert "Words that the other one lacks stand out." in page


def test_equal_texts_are_shown_once_under_both_names(home: Path, tmp_path: Path) -> None:
    page = tellapart.check(home / "messages.csv", out=tmp_path, quick=True, quiet=True).page.read_text()
    assert page.count("&lt;b&gt;you") == 1
    assert "<bdi>messages.csv:34</bdi><br><bdi>messages.csv:35</bdi>" in page


def test_the_list_has_a_column_of_them(home: Path, tmp_path: Path) -> None:
    found = tellapart.check(home / "messages.csv", out=tmp_path, quick=True, quiet=True)
    with (found.path / "issues.csv").open(newline="", encoding="utf-8") as file:
        texts = {row["path"]: row["text"] for row in csv.DictReader(file)}
    assert texts["messages.csv:33"].startswith("we tried to reach you")
    assert texts["messages.csv:33"].endswith("…")
    assert texts["messages.csv:35"].startswith("<b>you</b> \N{WHITE SQUARE}[31mwon")


def test_json_and_the_terminal_tell_them(home: Path, tmp_path: Path) -> None:
    found = json.loads(run("check", str(home / "messages.csv"), "--quick", "--json", cwd=tmp_path).stdout)
    near = next(issue for issue in found["issues"] if issue["kind"] == "near-copy")
    assert "265 pounds" in near["text"]
    assert "240 pounds" in near["other_text"]
    told = run("check", str(home / "messages.csv"), "--quick", cwd=tmp_path).stdout
    assert "“<b>you</b> \N{WHITE SQUARE}[31mwon\N{WHITE SQUARE}[0m a prize" in told
    assert "“we tried to reach you about" in told
    assert "\x1b[31m" not in told
    assert max(map(len, told.splitlines()[:-2])) <= 100


def test_of_other_kinds_nothing_of_it_is_written(tmp_path: Path) -> None:
    x = [[[0.0, 1.0, 4.0, float(row)]] for row in range(20)]
    found = tellapart.check((x, ["a", "b"] * 10), out=tmp_path, quick=True, quiet=True)
    assert found.texts is None
    assert (found.path / "issues.csv").read_text().startswith("path,kind,detail,suggestion\n")


def test_a_text_that_cannot_be_read_is_named_without_words(tmp_path: Path) -> None:
    for n in range(12):
        path = tmp_path / "texts" / "ab"[n % 2] / f"{n}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a\0b" if n == 4 else f"text number {n}".encode())
    found = tellapart.check(tmp_path / "texts", out=tmp_path, quick=True, quiet=True)
    assert [issue.kind for issue in found.issues if issue.path.endswith("4.txt")] == ["unreadable"]
    assert found.words_of(found.issues[0]) == {"text": ""}
