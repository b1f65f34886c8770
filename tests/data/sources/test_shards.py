"""Tar shards, on the disk and at an address."""

import json
from pathlib import Path

import fsspec
import pytest
from tests.data.formats import lay, picture, write_tar

from tellapart.config import Reading
from tellapart.data import check_source, open_source
from tellapart.data.sources.addresses import expanded
from tellapart.data.sources.shards import looks_like_shard
from tellapart.errors import DataError, TellapartError

Members = list[tuple[str, bytes]]
PAIR: Members = [("1.png", picture(1)), ("1.cls", b"3"), ("2.png", picture(2)), ("2.cls", b"4")]


def labels(data: Path | str) -> list[str]:
    return [e.label for e in open_source(data, Reading()).entries()[0]]


def shard(path: Path, members: Members = PAIR) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tar(path, members)
    return path


@pytest.mark.parametrize(
    ("suffix", "content", "label"),
    [
        ("cls", b"7\n", "7"),
        ("txt", b"tabby cat", "tabby cat"),
        ("json", b'{"label": "cat", "width": 3}', "cat"),
        ("json", b'{"label": 0}', "0"),
        ("json", b'"cat"', "cat"),
        ("CLS", b"cat", "cat"),
    ],
)
def test_the_class_stands_in_a_file_beside_the_picture(suffix: str, content: bytes, label: str, tmp_path: Path) -> None:
    assert labels(shard(tmp_path / "a.tar", [("x.png", picture()), (f"x.{suffix}", content)])) == [label]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"caption": "x"}', b"\xff", b"[" * 100_000])
def test_a_class_that_can_not_be_read_is_an_issue(content: bytes, tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", [("x.png", picture(9)), ("x.json", content), *PAIR])
    assert [(i.path, i.kind) for i in open_source(path, Reading()).entries()[1]] == [("a/x.png", "empty-label")]


def test_a_picture_without_a_class_beside_it_is_an_issue(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", [*PAIR, ("3.png", picture(3))])
    (issue,) = open_source(path, Reading()).entries()[1]
    assert (issue.path, issue.kind) == ("a/3.png", "empty-label")


def test_a_broken_picture_is_an_issue(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", [*PAIR, ("3.png", b""), ("3.cls", b"3")])
    assert [(i.path, i.kind) for i in open_source(path, Reading()).entries()[1]] == [("a/3.png", "unreadable")]


def test_the_name_ends_at_its_first_dot(tmp_path: Path) -> None:
    assert labels(shard(tmp_path / "a.tar", [("d.x/1.a.png", picture()), ("d.x/1.cls", b"k"), *PAIR])) == ["3", "4"]
    assert labels(shard(tmp_path / "b.tar", [("d.x/1.png", picture()), ("d.x/1.cls", b"k")])) == ["k"]


@pytest.mark.parametrize(
    ("paths", "is_one"),
    [
        (["1.jpg", "1.cls"], True),
        (["a/1.jpg", "a/1.cls"], True),
        (["1.jpg", "1.json"], True),
        (["cat/1.jpg", "cat/1.txt"], False),  # boxes or captions beside pictures in a folder per class
        (["cat/1.jpg", "dog/2.jpg"], False),
        (["1.jpg", "2.cls"], False),
    ],
)
def test_a_shard_is_told_from_a_folder_per_class(paths: list[str], is_one: bool) -> None:
    assert looks_like_shard(paths) == is_one


def test_braces_name_several_shards(tmp_path: Path) -> None:
    for number in range(3):
        shard(tmp_path / f"s-{number:03}.tar", [("1.png", picture(number)), ("1.cls", str(number).encode())])
    source = open_source(str(tmp_path / "s-{000..002}.tar"), Reading())
    assert [(e.id, e.label) for e in source.entries()[0]] == [(f"s-{n:03}/1.png", str(n)) for n in range(3)]
    assert labels(str(tmp_path / "s-{000,002}.tar")) == ["0", "2"]
    assert labels(str(tmp_path / "s-*.tar")) == ["0", "1", "2"]


def test_a_shard_that_is_not_there_is_named(tmp_path: Path) -> None:
    shard(tmp_path / "s-0.tar")
    with pytest.raises(DataError, match=r"s-1\.tar is not there"):
        check_source(str(tmp_path / "s-{0..1}.tar"))
    with pytest.raises(DataError, match="no file is called so"):
        check_source(str(tmp_path / "t-*.tar"))


def test_braces_that_stand_for_too_much_are_refused() -> None:
    with pytest.raises(DataError, match="at most 100,000"):
        expanded("s-{0..999999999999}.tar")
    with pytest.raises(DataError, match="at most 100,000"):
        expanded("s-{0..999}{0..999}.tar")


def test_a_folder_of_shards_is_read_and_named_after_parts(tmp_path: Path) -> None:
    for name in ("train-0000.tar", "val-0000.tar", "test/0000.tar"):
        shard(tmp_path / "set" / name, [("1.png", picture(len(name))), ("1.cls", b"k")])
    assert [e.part for e in open_source(tmp_path / "set", Reading()).entries()[0]] == ["train", "val", "test"]


def test_a_tar_among_class_folders_is_no_shard(tmp_path: Path) -> None:
    lay(tmp_path / "set", {"cat/1.png": picture(), "backup.tar": b""})
    assert labels(tmp_path / "set") == ["cat"]


def test_packed_shards_are_read(tmp_path: Path) -> None:
    assert labels(shard(tmp_path / "s.tar.gz")) == ["3", "4"]


def test_a_cut_shard_says_so(tmp_path: Path) -> None:
    for number in range(2):
        shard(tmp_path / f"s-{number}.tar")
    path = tmp_path / "s-1.tar"
    path.write_bytes(path.read_bytes()[:1024])
    with pytest.raises(DataError, match=r"s-1\.tar: damaged, cut short"):
        labels(str(tmp_path / "s-{0..1}.tar"))


# ---- at an address


@pytest.fixture
def bucket(tmp_path: Path) -> str:
    """A folder of two shards in fsspec's memory."""
    system = fsspec.filesystem("memory")
    for number in range(2):
        content = shard(tmp_path / "x.tar", [("1.png", picture(number)), ("1.cls", str(number).encode())]).read_bytes()
        system.pipe_file(f"/bucket/s-{number}.tar", content)
    return "memory://bucket"


@pytest.mark.parametrize("name", ["", "/", "/s-{0..1}.tar", "/s-*.tar"])
def test_shards_at_an_address_are_read(name: str, bucket: str) -> None:
    source = open_source(bucket + name, Reading())
    entries, issues = source.entries()
    assert [(e.label, source.value(e)[0, 0].tolist()) for e in entries] == [("0", [0, 0, 90]), ("1", [1, 0, 90])]
    assert not issues


def test_one_shard_at_an_address_is_read(bucket: str) -> None:
    assert labels(f"{bucket}/s-1.tar") == ["1"]


def test_an_address_with_nothing_says_so(bucket: str) -> None:
    with pytest.raises(DataError, match=r"memory://elsewhere: no \.tar in it"):
        labels("memory://elsewhere")
    with pytest.raises(DataError, match=r"s-9\.tar: can't be read"):
        labels(f"{bucket}/s-9.tar")


def test_an_unknown_kind_of_address_says_so() -> None:
    with pytest.raises(DataError, match="rotocol not known"):
        labels("nowhere://bucket/s.tar")


def test_without_fsspec_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.data.sources.addresses.find_spec", lambda _: None)
    with pytest.raises(TellapartError, match=r"pip install 'tellapart\[cloud\]'"):
        check_source("s3://bucket/s.tar")


def test_what_a_json_file_says_beside_the_label_does_not_matter(tmp_path: Path) -> None:
    said = json.dumps({"label": "cat", "boxes": [[1, 2]] * 100}).encode()
    assert labels(shard(tmp_path / "a.tar", [("x.png", picture()), ("x.json", said)])) == ["cat"]
