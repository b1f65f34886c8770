"""Archives: their layouts, what real ones hold beside pictures, and those that are made to do harm."""

import io
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.data.formats import Files, as_tar, as_zip, lay, picture, pictures, table, write_tar
from tests.data.hostile import listed, tell

from tellapart.config import Reading
from tellapart.data import open_source, room
from tellapart.data.download import data_homes
from tellapart.data.sources import members as members_module
from tellapart.data.sources.members import wrapping
from tellapart.errors import DataError, UnreadableError

FILES = {"cat/1.png": picture(1), "cat/2.png": picture(2), "dog/1.png": picture(3)}
PACKERS: dict[str, Callable[[Path, Files], Path]] = {
    "zip": as_zip,
    **{
        suffix: lambda root, files, suffix=suffix: as_tar(root, files, f".{suffix}")  # type: ignore[misc]
        for suffix in ("tar", "tar.gz", "tgz", "tar.xz", "tar.bz2")
    },
}


def ids(path: Path, **reading: object) -> list[str]:
    return [e.id for e in listed("archives", path, Reading(**reading))[0]]  # type: ignore[arg-type]


def kinds(path: Path) -> list[tuple[str, str]]:
    return [(i.path, i.kind) for i in listed("archives", path, Reading())[1]]


@pytest.fixture(autouse=True, scope="module")
def _told(pytestconfig: pytest.Config) -> Iterator[None]:
    """At the end it is said how many hostile archives were tried."""
    yield
    tell("archives", pytestconfig)


@pytest.fixture(params=PACKERS)
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Files], Path]:
    """Packs files in each way in turn."""
    return lambda files: PACKERS[request.param](tmp_path, files)


# ---- layouts


def test_a_folder_per_class_is_read_as_it_would_be_on_the_disk(pack: Callable[[Files], Path], tmp_path: Path) -> None:
    packed, plain = (open_source(p, Reading()) for p in (pack(FILES), lay(tmp_path / "plain", FILES)))
    assert list(packed.entries()[0]) == list(plain.entries()[0])
    assert packed.name == "pets"


def test_parts_are_known(pack: Callable[[Files], Path]) -> None:
    source = open_source(pack({f"{part}/cat/1.png": picture(i) for i, part in enumerate(("train", "test"))}), Reading())
    assert [(e.part, e.label) for e in source.entries()[0]] == [("train", "cat"), ("test", "cat")]


def test_a_single_folder_around_everything_is_entered(pack: Callable[[Files], Path]) -> None:
    assert ids(pack({f"archive/Pet Data/{path}": content for path, content in FILES.items()})) == list(FILES)


def test_what_systems_leave_in_archives_does_not_count(pack: Callable[[Files], Path]) -> None:
    litter = {"__MACOSX/pets/cat/._1.png": b"x", "pets/.DS_Store": b"x", "pets/cat/Thumbs.db": b"x"}
    path = pack({f"pets/{path}": content for path, content in FILES.items()} | litter)
    assert (ids(path), kinds(path)) == (list(FILES), [])


def test_a_table_at_the_top_says_the_classes(pack: Callable[[Files], Path]) -> None:
    files = {f"images/{number}.png": picture(number) for number in range(4)}
    rows = [(str(number), "even" if number % 2 == 0 else "odd") for number in range(4)]
    source = open_source(pack(files | {"train.csv": table(rows, "id,label")}), Reading())
    assert [(e.id, e.label) for e in source.entries()[0]] == [
        ("images/0.png", "even"), ("images/2.png", "even"), ("images/1.png", "odd"), ("images/3.png", "odd"),
    ]  # fmt: skip


def test_a_table_in_the_folder_around_everything_is_found(pack: Callable[[Files], Path]) -> None:
    files = {"pets/1.png": picture(1), "pets/2.png": picture(2)}
    path = pack(files | {"pets/labels.csv": table([("1.png", "a"), ("2.png", "b")])})
    assert ids(path) == ["1.png", "2.png"]


def test_a_table_in_an_archive_names_nothing_outside(pack: Callable[[Files], Path]) -> None:
    files = {"1.png": picture(1), "labels.csv": table([("1.png", "a"), ("../2.png", "a"), ("/etc/passwd", "a")])}
    assert kinds(pack(files)) == [("labels.csv:3", "outside"), ("labels.csv:4", "outside")]


def test_a_column_of_another_name_is_named_by_a_setting(pack: Callable[[Files], Path]) -> None:
    files = {"1.png": picture(1), "x.csv": table([("1", "a")], "wo,was")}
    assert ids(pack(files), path_column="wo", label_columns=("was",)) == ["1.png"]


def test_an_archive_without_classes_explains_the_layout(pack: Callable[[Files], Path]) -> None:
    with pytest.raises(DataError, match=r"1 picture, in no class folder\. .*cat/1\.jpg"):
        ids(pack({"1.png": picture(1)}))


def test_a_broken_picture_is_an_issue(pack: Callable[[Files], Path]) -> None:
    path = pack(FILES | {"dog/2.png": picture(4)[:20], "dog/notes.txt": b"x"})
    assert kinds(path) == [("dog/2.png", "unreadable"), ("dog/notes.txt", "not-a-picture")]


@pytest.mark.parametrize(
    ("paths", "prefix"),
    [
        (["a/cat/1.png", "a/dog/1.png"], "a/"),
        (["a/b/cat/1.png", "a/b/dog/1.png"], "a/b/"),
        (["cat/1.png", "cat/2.png"], ""),
        (["cat/1.png", "dog/1.png"], ""),
        (["train/cat/1.png", "train/dog/1.png"], ""),
        (["a/train/cat/1.png", "a/test/cat/1.png"], "a/"),
        (["a/1.png", "a/labels.csv"], "a/"),
        (["a/cat/1.png", "a/2.png"], ""),
        (["a/cat/1.png", "labels.csv"], ""),
        ([], ""),
    ],
)
def test_the_folder_around_everything_is_told_from_a_class(paths: list[str], prefix: str) -> None:
    assert wrapping(paths) == prefix


# ---- zip


def zipped(path: Path, fill: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
        fill(archive)
    return path


def test_names_of_macos_are_utf_8_without_saying_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", lambda archive: archive.writestr("chät/1.png", picture(9)))
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] &= ~8  # the flag 0x800
            at = content.find(mark, at + 1)
    path.write_bytes(content)
    assert "chät/1.png" in ids(path)


def test_backslashes_of_windows_are_slashes(tmp_path: Path) -> None:
    assert "owl/1.png" in ids(zipped(tmp_path / "a.zip", lambda archive: archive.writestr("owl\\1.png", picture(9))))


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    path = as_zip(tmp_path, FILES)
    path.write_bytes(flagged(path.read_bytes(), len(FILES)))
    with pytest.raises(DataError, match=r"pets\.zip: encrypted\. Unpack it with its password"):
        ids(path)


def test_an_encrypted_picture_among_others_is_an_issue(tmp_path: Path) -> None:
    path = as_zip(tmp_path, FILES)
    path.write_bytes(flagged(path.read_bytes(), 1))
    (issue,) = open_source(path, Reading()).entries()[1]
    assert (issue.path, issue.kind) == ("cat/1.png", "unreadable")
    assert "encrypted" in issue.detail


def flagged(content: bytes, most: int) -> bytes:
    """The first files of a zip marked as encrypted."""
    changed = bytearray(content)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        for _ in range(most):
            at = changed.find(mark, at + 1)
            changed[at + flags] |= 1
    return bytes(changed)


def test_a_picture_of_a_flipped_bit_is_an_issue(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.find(b"IDAT") + 6] ^= 1
    path.write_bytes(damaged)
    (issue,) = open_source(path, Reading()).entries()[1]
    assert "damaged in the archive: Bad CRC-32" in issue.detail


def test_an_archive_that_is_gone_when_its_values_are_read_is_unreadable(tmp_path: Path) -> None:
    source = open_source(as_tar(tmp_path, FILES), Reading())
    (tmp_path / "pets.tar").unlink()
    entries = DataError
    with pytest.raises(entries, match="none of 3 pictures can be read"):
        source.entries()


def test_a_tar_that_became_shorter_is_unreadable(tmp_path: Path) -> None:
    path = as_tar(tmp_path, FILES)
    source = open_source(path, Reading())
    entry = source.entries()[0][2]
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(UnreadableError, match="shorter"):
        source.value(entry)


# ---- names and members that do harm

ODD_NAMES = {
    "../escape.png": "outside",
    "cat/../../escape.png": "outside",
    "/etc/absolute.png": "outside",
    "C:/drive.png": "outside",
    "cat\\..\\..\\escape.png": "outside",
}


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("packer", ["zip", "tar", "tar.gz"])
def test_a_name_that_leads_out_of_the_archive_is_an_issue(packer: str, name: str, tmp_path: Path) -> None:
    path = PACKERS[packer](tmp_path, {name: picture(9), **FILES})
    before = sorted(tmp_path.rglob("*"))
    assert (ids(path), kinds(path)) == (list(FILES), [(name, ODD_NAMES[name])])
    assert sorted(tmp_path.rglob("*")) == before


def tarred(path: Path, *infos: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)))
        for name, content in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


SPECIALS = {
    "a symbolic link": ([special("cat/x.png", tarfile.SYMTYPE, "/etc/passwd")], "link"),
    "a hard link": ([special("cat/x.png", tarfile.LNKTYPE, "../../secret")], "link"),
    "a character device": ([special("cat/x.png", tarfile.CHRTYPE)], "unreadable"),
    "a block device": ([special("cat/x.png", tarfile.BLKTYPE)], "unreadable"),
    "a pipe": ([special("cat/x.png", tarfile.FIFOTYPE)], "unreadable"),
}


@pytest.mark.parametrize("name", SPECIALS)
def test_what_is_no_regular_file_is_an_issue(name: str, tmp_path: Path) -> None:
    infos, kind = SPECIALS[name]
    path = tarred(tmp_path / "a.tar", *infos)
    assert (ids(path), kinds(path)) == (list(FILES), [("cat/x.png", kind)])


def test_a_file_through_a_link_is_a_file_of_its_own_name_and_nothing_is_written(tmp_path: Path) -> None:
    through = tarfile.TarInfo("out/1.png")
    through.size = 10
    path = tarred(tmp_path / "a.tar", special("out", tarfile.SYMTYPE, str(tmp_path / "target")), through)
    assert kinds(path) == [("out", "link"), ("out/1.png", "unreadable")]
    assert not (tmp_path / "target").exists()


def test_a_link_in_a_zip_is_an_issue(tmp_path: Path) -> None:
    def link(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("cat/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")

    assert kinds(zipped(tmp_path / "a.zip", link)) == [("cat/link.png", "link")]


@pytest.mark.parametrize("packer", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_an_issue_and_the_first_is_read(packer: str, tmp_path: Path) -> None:
    if packer == "zip":
        path = zipped(tmp_path / "a.zip", lambda archive: archive.writestr("cat/1.png", picture(99)))
    else:
        path = tmp_path / "a.tar"
        write_tar(path, [*FILES.items(), ("./cat/1.png", picture(99))])
    source = open_source(path, Reading())
    entries, (issue,) = source.entries()
    assert issue.kind == "duplicate"
    assert source.value(entries[0])[0, 0].tolist() == [1, 0, 90]


def test_names_that_differ_in_case_alone_are_both_read_and_told(tmp_path: Path) -> None:
    path = as_zip(tmp_path, FILES | {"cat/A.png": picture(7), "cat/a.png": picture(8)})
    assert len(ids(path)) == 5
    assert kinds(path) == [("cat/a.png", "alike")]


@pytest.mark.parametrize(
    "name", ["new\nline.png", "\u05d0\u202e.png", "\U0001f431.png", "%2e%2e.png", "a b.png", "x" * 300 + ".png"]
)
def test_any_other_name_is_read(name: str, tmp_path: Path) -> None:
    for packer in ("zip", "tar"):
        assert f"dog/{name}" in ids(PACKERS[packer](tmp_path, FILES | {f"dog/{name}": picture(9)}))


# ---- archives that are cut, swollen or none


@pytest.mark.parametrize("packer", PACKERS)
def test_an_archive_cut_at_any_place_says_so(packer: str, tmp_path: Path) -> None:
    path = PACKERS[packer](tmp_path, FILES)
    content = path.read_bytes()
    step = 512 if packer == "tar" else max(1, len(content) // 60)
    end = len(content) - (10_240 - 512 * 7 if packer == "tar" else 1)  # a tar is filled up with zeros behind its end
    for cut in range(0, end, step):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match="damaged, cut short, or no"):
            ids(path)


@pytest.mark.parametrize("packer", PACKERS)
def test_an_archive_with_a_flipped_byte_is_refused_or_read_with_issues(packer: str, tmp_path: Path) -> None:
    path = PACKERS[packer](tmp_path, {"cat/1.png": picture(1), "dog/1.png": picture(2)})
    content = path.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 150)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        with suppress(DataError):  # any other error fails the test; UnreadableError of a value is one too
            source = open_source(path, Reading())
            for entry in source.entries()[0]:
                source.value(entry)


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tar.xz"])
@pytest.mark.parametrize(
    "content",
    [b"", b"<!doctype html>", b"Rar!\x1a\x07\x00", b"PK\x05\x06", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\x00", bytes(512)],
)
def test_what_is_no_archive_says_so(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"a{suffix}: "):
        ids(path)


def test_zstd_is_known_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(600))
    with pytest.raises(DataError, match="packed by zstd"):
        ids(tmp_path / "a.tar")


def test_a_zip_that_unpacks_to_much_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "FREE_BYTES", 1_000_000)
    with pytest.raises(DataError, match="unpack to more than 200 times as much"):
        ids(as_zip(tmp_path, FILES | {"cat/bomb.png": bytes(5_000_000)}))


def test_a_packed_tar_that_unpacks_to_much_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tellapart.data.sources.tarred.FREE_BYTES", 1_000_000)
    for suffix in (".tar.gz", ".tar.xz", ".tar.bz2"):
        with pytest.raises(DataError, match="as no pictures do"):
            ids(as_tar(tmp_path, FILES | {"cat/bomb.png": bytes(9_000_000)}, suffix))
    assert not list(data_homes(None)[-1].rglob("*.tar"))


def test_files_that_overlap_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = as_zip(tmp_path, FILES)
    content = path.read_bytes()
    start, end = content.find(b"PK\x01\x02"), content.find(b"PK\x05\x06")
    entries, count = content[start:end] * 50, 3 * 50
    closing = b"PK\x05\x06" + bytes(4) + count.to_bytes(2, "little") * 2 + len(entries).to_bytes(4, "little")
    path.write_bytes(content[:start] + entries + closing + start.to_bytes(4, "little") + bytes(2))
    with pytest.raises(DataError, match="overlap"):
        ids(path)


def test_archives_in_an_archive_are_never_opened(tmp_path: Path) -> None:
    inner = as_zip(tmp_path, {"x.png": bytes(1000)}).read_bytes()
    with pytest.raises(DataError, match=r"no pictures\. Left out: lib 0\.zip"):
        ids(as_zip(tmp_path, {f"lib {number}.zip": inner for number in range(16)}))


@pytest.mark.parametrize("packer", ["zip", "tar"])
def test_more_files_than_are_read_are_refused(packer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("members", "zipped"):
        monkeypatch.setattr(f"tellapart.data.sources.{module}.MOST_MEMBERS", 100)
    with pytest.raises(DataError, match="more than 100 files"):
        ids(PACKERS[packer](tmp_path, {f"cat/{number}.png": b"" for number in range(101)}))


def test_many_empty_files_are_issues(tmp_path: Path) -> None:
    path = as_zip(tmp_path, FILES | {f"cat/e{number}.png": b"" for number in range(2000)})
    assert len(kinds(path)) == 2000


def test_a_tar_whose_sizes_lead_backwards_ends(tmp_path: Path) -> None:
    path = as_tar(tmp_path, FILES)
    content = bytearray(path.read_bytes())
    content[124:136] = (-512 & (2**96 - 1)).to_bytes(12, "big")  # base 256: minus 512 bytes
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        ids(path)


# ---- the cache of unpacked tars


def unpacked() -> list[Path]:
    return sorted((data_homes(None)[-1] / "unpacked").glob("*"))


@pytest.fixture
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_fresh_cache")
def test_a_packed_tar_is_unpacked_once(tmp_path: Path) -> None:
    path = as_tar(tmp_path, FILES, ".tar.gz")
    ids(path)
    (kept,) = unpacked()
    before = kept.stat().st_ino
    ids(path)
    assert [file.stat().st_ino for file in unpacked()] == [before]


@pytest.mark.usefixtures("_fresh_cache")
def test_another_archive_of_the_same_name_is_unpacked_anew(tmp_path: Path) -> None:
    ids(as_tar(tmp_path, FILES, ".tar.gz"))
    path = as_tar(tmp_path, FILES | {"owl/1.png": picture(8)}, ".tar.gz")
    assert "owl/1.png" in ids(path)
    assert len(unpacked()) == 2


@pytest.mark.usefixtures("_fresh_cache")
def test_a_cut_archive_leaves_nothing_behind(tmp_path: Path) -> None:
    path = as_tar(tmp_path, pictures(), ".tar.gz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="cut short"):
        ids(path)
    assert unpacked() == []


@pytest.mark.usefixtures("_fresh_cache")
def test_a_plain_tar_is_read_where_it_stands(tmp_path: Path) -> None:
    ids(as_tar(tmp_path, FILES))
    assert unpacked() == []


@pytest.mark.usefixtures("_fresh_cache")
def test_a_full_disk_says_where_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_tar(tmp_path, FILES, ".tar.gz")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"can't be written: No space left on device\. .*XDG_CACHE_HOME"):
        ids(path)
    assert unpacked() == []


def unpacked_ago(root: Path, number: int, ago_s: float) -> Path:
    """What a packed tar of one kind was unpacked to, and used last so many seconds ago."""
    before = set(unpacked())
    (root / str(number)).mkdir()
    ids(as_tar(root / str(number), FILES | {f"dog/{number}.png": picture(20 + number)}, ".tar.gz"))
    (new,) = {*unpacked()} - before
    os.utime(new, (time.time() - ago_s,) * 2)
    return new


@pytest.mark.usefixtures("_fresh_cache")
def test_unpacked_tars_make_room_the_longest_unused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    middle, oldest, newest = (unpacked_ago(tmp_path, number, days * 86400) for number, days in enumerate((3, 9, 2)))
    monkeypatch.setattr(room, "room_bytes", lambda _: 3 * newest.stat().st_size)
    unpacked_ago(tmp_path, 7, 0)
    assert [file.exists() for file in (oldest, middle, newest)] == [False, True, True]


@pytest.mark.usefixtures("_fresh_cache")
def test_an_unpacked_tar_that_may_be_in_use_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = unpacked_ago(tmp_path, 0, 60)
    monkeypatch.setattr(room, "room_bytes", lambda _: 3 * used.stat().st_size // 2)
    unpacked_ago(tmp_path, 1, 0)
    assert used.exists()


@pytest.mark.usefixtures("_fresh_cache")
def test_a_tar_that_unpacks_to_more_than_there_is_room_for_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "room_bytes", lambda _: 1000)
    with pytest.raises(DataError, match=r"its unpacked files need .* XDG_CACHE_HOME"):
        ids(as_tar(tmp_path, FILES, ".tar.gz"))
    assert unpacked() == []
