"""A folder of pictures: its layouts, and what lies in real folders beside pictures."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tellapart.data.source import understood
from tellapart.data.sources.folder import FolderSource, files_in
from tellapart.errors import DataError, UnreadableError
from tellapart.types import Issue


def content(shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def lay(tmp_path: Path) -> Callable[..., FolderSource]:
    """Puts a picture at each path, all different, and gives the source."""

    def lay(*paths: str) -> FolderSource:
        for shade, path in enumerate(paths):
            file = tmp_path / "pets" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content(shade))
        return FolderSource(tmp_path / "pets")

    return lay


def ids(source: FolderSource) -> list[str]:
    return [entry.id for entry in source.entries()[0]]


def only_issue(source: FolderSource) -> Issue:
    (issue,) = source.entries()[1]
    return issue


def test_a_folder_per_class_is_a_source_without_parts(lay: Callable[..., FolderSource]) -> None:
    source = lay("cat/1.png", "dog/1.png")
    entries, issues = source.entries()
    assert [(entry.id, entry.label, entry.part) for entry in entries] == [
        ("cat/1.png", "cat", None),
        ("dog/1.png", "dog", None),
    ]
    assert source.name == "pets"
    assert understood(source.entries()[0]) == "2 classes, no parts, 2 samples"
    assert not issues


@pytest.mark.parametrize(
    ("spelling", "part"),
    [
        *((name, "train") for name in ("train", "Training")),
        *((name, "val") for name in ("val", "valid", "VALIDATION", "dev")),
        *((name, "test") for name in ("test", "Testing")),
    ],
)
def test_parts_are_known_by_every_spelling(lay: Callable[..., FolderSource], spelling: str, part: str) -> None:
    (entry,) = lay(f"{spelling}/cat/1.png").entries()[0]
    assert (entry.part, entry.label, entry.id) == (part, "cat", f"{spelling}/cat/1.png")


def test_two_spellings_of_a_part_are_one_part(lay: Callable[..., FolderSource]) -> None:
    source = lay("train/a/1.png", "val/a/1.png", "valid/b/1.png")
    assert [entry.part for entry in source.entries()[0]] == ["train", "val", "val"]
    assert understood(source.entries()[0]) == "2 classes, parts train and val, 3 samples"


def test_a_class_named_like_a_part_is_a_class_beside_other_classes(lay: Callable[..., FolderSource]) -> None:
    entries, _ = lay("test/1.png", "cat/1.png").entries()
    assert {(entry.label, entry.part) for entry in entries} == {("test", None), ("cat", None)}


def test_empty_hidden_and_picture_free_folders_do_not_count(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    for name in ("empty", ".ipynb_checkpoints", "__MACOSX", "labels"):
        (tmp_path / "pets" / name).mkdir(parents=True)
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (tmp_path / "pets" / name / "x.png").write_bytes(content())
    source = lay(
        "train/cat/1.png", "train/dog/1.png", "train/cat/.hidden.png", "train/cat/Thumbs.db", "train/Desktop.ini"
    )
    assert understood(source.entries()[0]) == "2 classes, part train, 2 samples"
    assert not source.entries()[1]


def test_deeper_folders_belong_to_their_class(lay: Callable[..., FolderSource]) -> None:
    entries, _ = lay("train/cat/2020/may/1.png").entries()
    assert [(entry.label, entry.id) for entry in entries] == [("cat", "train/cat/2020/may/1.png")]


def test_entries_are_naturally_sorted_by_part_class_and_path(lay: Callable[..., FolderSource]) -> None:
    paths = ["train/c2/9.png", "train/c2/10.png", "train/c10/1.png", "val/c2/1.png", "test/c2/1.png"]
    assert ids(lay(*reversed(paths))) == paths


def test_an_entry_knows_the_shape_and_a_digest_of_the_content(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png", "b/2.png")
    (tmp_path / "pets" / "b" / "3.png").write_bytes(content(0))
    first, other, copy = source.entries()[0]
    assert first.shape == source.value(first).shape == (4, 6, 3)
    assert first.digest == copy.digest != other.digest
    assert len(first.digest) == 16


def test_a_second_listing_reads_nothing(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png", "b/2.png")
    before = source.entries()
    (tmp_path / "pets" / "a" / "1.png").unlink()
    assert source.entries() == before


def test_a_picture_that_vanished_since_is_unreadable(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png")
    (entry,) = source.entries()[0]
    (tmp_path / "pets" / "a" / "1.png").unlink()
    with pytest.raises(UnreadableError, match="no such file"):
        source.value(entry)


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "jpe", "jfif", "PNG", "webp", "bmp", "gif", "tif", "Tiff"])
def test_every_suffix_of_a_picture_is_known(lay: Callable[..., FolderSource], suffix: str) -> None:
    assert ids(lay(f"a/1.{suffix}")) == [f"a/1.{suffix}"]


def test_other_files_are_left_out_with_an_issue(lay: Callable[..., FolderSource]) -> None:
    issue = only_issue(lay("a/1.png", "a/notes.txt"))
    assert (issue.path, issue.kind) == ("a/notes.txt", "not-a-picture")


def test_a_broken_picture_is_an_issue_with_its_cause(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png", "a/2.png")
    (tmp_path / "pets" / "a" / "2.png").write_bytes(b"")
    issue = only_issue(source)
    assert (issue.path, issue.kind, issue.detail) == ("a/2.png", "unreadable", "empty: 0 bytes")


def test_a_picture_in_no_class_folder_is_an_issue(lay: Callable[..., FolderSource]) -> None:
    issue = only_issue(lay("train/a/1.png", "train/stray.png"))
    assert (issue.path, issue.kind) == ("train/stray.png", "no-class")


@pytest.mark.parametrize("paths", [["1.png", "2.png"], ["train/1.png", "test/2.png"], []])
def test_a_folder_without_class_folders_explains_the_layout(
    lay: Callable[..., FolderSource], tmp_path: Path, paths: list[str]
) -> None:
    (tmp_path / "pets").mkdir()
    with pytest.raises(DataError, match=r"cat/1\.jpg"):
        lay(*paths).entries()


def test_a_folder_of_nothing_but_broken_pictures_names_the_first(
    lay: Callable[..., FolderSource], tmp_path: Path
) -> None:
    source = lay("a/1.png")
    (tmp_path / "pets" / "a" / "1.png").write_bytes(b"%PDF-1.4")
    with pytest.raises(DataError, match=r"a/1\.png: a PDF"):
        source.entries()


def test_one_class_is_enough_here(lay: Callable[..., FolderSource]) -> None:
    assert understood(lay("a/1.png").entries()[0]) == "1 class, no parts, 1 sample"


def test_a_folder_named_like_a_picture_is_an_issue(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    (tmp_path / "pets" / "a" / "x.jpg").mkdir(parents=True)
    issue = only_issue(lay("a/1.png"))
    assert (issue.path, issue.kind) == ("a/x.jpg", "unreadable")
    assert "folder" in issue.detail


def test_a_pipe_is_an_issue_and_never_waited_for(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png")
    os.mkfifo(tmp_path / "pets" / "a" / "pipe.jpg")
    assert "pipe" in only_issue(source).detail


def test_a_loop_of_links_ends(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png", "b/1.png")
    (tmp_path / "pets" / "a" / "up").symlink_to("..")
    (tmp_path / "pets" / "b" / "self.png").symlink_to("self.png")
    assert ids(source) == ["a/1.png", "b/1.png"]
    assert {(issue.path, issue.kind) for issue in source.entries()[1]} == {
        ("a/up", "duplicate"),
        ("b/self.png", "unreadable"),
    }


def test_a_link_that_leaves_the_folder_is_not_followed(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay("a/1.png")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.png").write_bytes(content())
    (tmp_path / "pets" / "a" / "folder").symlink_to(tmp_path / "secret")
    (tmp_path / "pets" / "a" / "file.png").symlink_to("../../secret/x.png")
    assert ids(source) == ["a/1.png"]
    assert {(issue.path, issue.kind) for issue in source.entries()[1]} == {
        ("a/folder", "outside"),
        ("a/file.png", "outside"),
    }


def test_links_within_the_folder_are_followed(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    source = lay(".store/cats/1.png")
    (tmp_path / "pets" / "cat").symlink_to(".store/cats")
    (tmp_path / "pets" / "dog").mkdir()
    (tmp_path / "pets" / "dog" / "1.png").symlink_to("../.store/cats/1.png")
    assert ids(source) == ["cat/1.png", "dog/1.png"]


def test_a_folder_that_is_a_link_itself_is_read(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    lay("a/1.png")
    (tmp_path / "alias").symlink_to("pets")
    source = FolderSource(tmp_path / "alias")
    assert ids(source) == ["a/1.png"]
    assert source.name == "pets"


def test_a_file_that_may_not_be_read_is_an_issue(
    lay: Callable[..., FolderSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = lay("a/1.png", "a/2.png")
    read = Path.read_bytes

    def forbidden(path: Path) -> bytes:
        if path.name == "2.png":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    assert only_issue(source).detail == "can't be read: Permission denied"


@pytest.mark.parametrize(
    "name",
    [b"a b.png", b"new\nline.png", b"\xff\xfe.png", "\u05d0\u202e.png".encode(), "\U0001f431.png".encode(), b"%2e.png"],
)
def test_a_name_of_any_bytes_is_read(lay: Callable[..., FolderSource], tmp_path: Path, name: bytes) -> None:
    source = lay("a/1.png")
    (tmp_path / "pets" / "b").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "pets" / "b") + b"/" + name)).write_bytes(content(9))
    entry = source.entries()[0][1]
    assert os.fsencode(entry.id) == b"b/" + name
    assert source.value(entry)[0, 0].tolist() == [9, 0, 0]


def test_files_in_a_folder_are_listed_whatever_its_layout(lay: Callable[..., FolderSource], tmp_path: Path) -> None:
    lay("10.png", "9.png", "deep/er/1.jpg", "notes.txt")
    root = tmp_path / "pets"
    assert files_in(root) == [root / "9.png", root / "10.png", root / "deep/er/1.jpg"]


def test_real_photos_are_understood(shared_data: Path) -> None:
    source = FolderSource(shared_data / "hymenoptera")
    entries, issues = source.entries()
    assert understood(source.entries()[0]) == f"2 classes, parts train and val, {len(entries)} samples"
    assert {entry.label for entry in entries} == {"ants", "bees"}
    assert not issues
    assert source.value(entries[0]).shape == entries[0].shape
    assert source.value(entries[0]).dtype == np.uint8


def test_a_folder_beside_the_parts_is_named_instead_of_making_classes_of_the_parts(tmp_path: Path) -> None:
    for path in ("train/cat/1.png", "test/cat/1.png", "unlabelled/1.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / path)
    with pytest.raises(
        DataError, match="test, train hold a folder per class, as parts do, but unlabelled stands beside"
    ):
        FolderSource(tmp_path).entries()
