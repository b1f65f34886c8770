"""Files that are whole or not there; folders whose every byte is checked."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tellapart.errors import DamagedError, SettingError
from tellapart.files import (
    MANIFEST,
    held,
    new_folder,
    remove_unfinished,
    replaced_folder,
    settled_folder,
    sha256,
    verify_manifest,
    write_bytes,
    write_json,
    write_manifest,
    write_tensors,
    write_text,
)


class DiskFullError(OSError):
    """What the fake disk raises."""


def full_disk(*_: object) -> None:
    raise DiskFullError("No space left on device")


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# ---- one file


def test_bytes_arrive_as_they_are(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"\0\r\n\xff")
    assert (tmp_path / "a").read_bytes() == b"\0\r\n\xff"


def test_a_file_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"old")
    write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert listing(tmp_path) == ["a"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failure_while_writing_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, there: bool
) -> None:
    path = tmp_path / "a"
    if there:
        path.write_bytes(b"old")
    monkeypatch.setattr(os if moment == "fsync" else Path, moment, full_disk)
    with pytest.raises(DiskFullError):
        write_bytes(path, b"new")
    assert listing(tmp_path) == (["a"] if there else [])
    assert not there or path.read_bytes() == b"old"


def test_a_file_that_cannot_be_written_is_named_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_bytes(tmp_path / "gone" / "a.csv", b"new")
    assert caught.value.filename == str(tmp_path / "gone" / "a.csv")


def test_tensors_come_back(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7)}
    write_tensors(tmp_path / "a.safetensors", tensors)
    back = load_file(tmp_path / "a.safetensors")
    assert back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in tensors.items())


def test_tensors_that_cannot_be_written_are_an_error_of_the_system_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "a.safetensors"
    with pytest.raises(FileNotFoundError, match="No such file or directory") as caught:
        write_tensors(path, {"a": torch.zeros(2)})
    assert caught.value.filename == str(path)


def test_bytes_are_on_the_disk_before_they_get_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, names = tmp_path / "a", []
    flush = os.fsync

    def watched(handle: int) -> None:
        names.append(path.exists())
        flush(handle)

    monkeypatch.setattr(os, "fsync", watched)
    write_bytes(path, b"new")
    assert names == [False, True]  # the file under its other name, then the folder


def test_text_is_utf_8_with_the_line_ends_it_has(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "ü\r\n☃\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xbc\r\n\xe2\x98\x83\n"


def test_a_file_name_of_odd_bytes_is_written_as_those_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "a", os.fsdecode(b"\xff.png"))
    assert (tmp_path / "a").read_bytes() == b"\xff.png"


def test_json_comes_back(tmp_path: Path) -> None:
    content = {"a": [1, 2.5, None, True], "ü": {}}
    write_json(tmp_path / "a", content)
    assert json.loads((tmp_path / "a").read_bytes()) == content
    assert (tmp_path / "a").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_holds_no_nan_and_the_old_file_stays(tmp_path: Path, number: float) -> None:
    write_json(tmp_path / "a", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a", {"loss": number})
    assert json.loads((tmp_path / "a").read_bytes()) == 1
    assert listing(tmp_path) == ["a"]


# ---- folders


def test_a_name_that_is_taken_gets_the_next_number(tmp_path: Path) -> None:
    made = [new_folder(tmp_path / "deep" / "runs", "x") for _ in range(3)]
    assert [path.name for path in made] == ["x", "x-2", "x-3"]
    assert all(path.is_dir() for path in made)


def test_a_number_that_is_free_again_is_taken(tmp_path: Path) -> None:
    for _ in range(3):
        new_folder(tmp_path, "x")
    (tmp_path / "x-2").rmdir()
    assert new_folder(tmp_path, "x").name == "x-2"


def test_a_file_of_that_name_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    assert new_folder(tmp_path, "x").name == "x-2"
    assert (tmp_path / "x").read_text() == "mine"


# ---- manifests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder under a manifest."""
    path = tmp_path / "kept"
    (path / "sub").mkdir(parents=True)
    (path / "weights.bin").write_bytes(random.Random(0).randbytes(200))
    (path / "sub" / "ümläut.json").write_text('{"a": 1}\n')
    (path / "empty").touch()
    write_manifest(path)
    return path


def test_a_folder_as_it_was_written_is_accepted(folder: Path) -> None:
    verify_manifest(folder)


def test_a_folder_may_be_moved_and_copied(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    verify_manifest(tmp_path / "copy")


def test_the_manifest_holds_the_sha_256_and_the_size_of_each_file(folder: Path) -> None:
    files = json.loads((folder / MANIFEST).read_bytes())["files"]
    assert sorted(files) == ["empty", "sub/ümläut.json", "weights.bin"]
    assert files["weights.bin"] == {"sha256": sha256(folder / "weights.bin"), "size_bytes": 200}
    assert files["empty"]["sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def flipped(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["weights.bin", "sub/ümläut.json"])
def test_every_flipped_bit_of_a_file_is_detected(folder: Path, name: str) -> None:
    path = folder / name
    bits = path.stat().st_size * 8
    for bit in random.Random(1).sample(range(bits), min(bits, 300)):
        flipped(path, bit)
        with pytest.raises(DamagedError, match="not the bytes that were written; copy"):
            verify_manifest(folder)
        flipped(path, bit)
    verify_manifest(folder)


def test_every_flipped_bit_of_the_manifest_is_detected(folder: Path) -> None:
    path, missed = folder / MANIFEST, []
    head, bits = 20 * 8, path.stat().st_size * 8
    for bit in [*range(head), *random.Random(2).sample(range(head, bits), 300)]:
        flipped(path, bit)
        try:
            verify_manifest(folder)
        except DamagedError:
            pass
        else:
            missed.append(path.read_bytes()[max(0, bit // 8 - 8) : bit // 8 + 8])
        flipped(path, bit)
    assert missed == []


def test_every_truncation_is_detected(folder: Path) -> None:
    for path in (folder / "weights.bin", folder / MANIFEST):
        whole = path.read_bytes()
        sizes = range(len(whole) - (path.name == MANIFEST))  # without its last line end a manifest says the same
        for size in {0, 1, sizes[-1], *random.Random(3).sample(sizes, 100)}:
            path.write_bytes(whole[:size])
            with pytest.raises(DamagedError):
                verify_manifest(folder)
        path.write_bytes(whole)
    verify_manifest(folder)


def test_trailing_bytes_are_detected(folder: Path) -> None:
    (folder / "empty").write_bytes(b"\0")
    with pytest.raises(DamagedError, match="empty: not the bytes that were written"):
        verify_manifest(folder)


def test_two_files_that_changed_places_are_detected(folder: Path) -> None:
    (folder / "empty").rename(folder / "aside")
    (folder / "weights.bin").rename(folder / "empty")
    (folder / "aside").rename(folder / "weights.bin")
    with pytest.raises(DamagedError):
        verify_manifest(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "weights.bin").unlink()
    with pytest.raises(DamagedError, match=r"'weights\.bin' is missing"):
        verify_manifest(folder)


@pytest.mark.parametrize("name", ["more.bin", "sub/more.bin", f"sub/{MANIFEST}"])
def test_a_file_beside_the_others_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(DamagedError, match=f"'{name}' is not in the manifest"):
        verify_manifest(folder)


def test_a_manifest_in_a_folder_inside_is_a_file_like_any_other(folder: Path) -> None:
    (folder / "sub" / MANIFEST).write_bytes(b"inside")
    write_manifest(folder)
    flipped(folder / "sub" / MANIFEST, 0)
    with pytest.raises(DamagedError):
        verify_manifest(folder)


def test_a_folder_without_a_manifest_is_not_ours(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(DamagedError, match=r"kept: no MANIFEST\.json; this is no folder that tellapart wrote"):
        verify_manifest(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b'{"files": null}',
        b'{"files": []}',
        b'{"files": {"empty": null}}',
        b'{"files": {"empty": "x"}}',
        b'{"files": {"empty": {"sha256": 1}}}',
        b'{"files": 3}',
        b"[" * 100_000,
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_a_damaged_manifest_is_named(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(DamagedError, match=r"MANIFEST\.json: damaged"):
        verify_manifest(folder)


def test_a_manifest_cannot_reach_out_of_its_folder(folder: Path) -> None:
    (folder.parent / "outside").write_bytes(b"")
    content = json.loads((folder / MANIFEST).read_bytes())
    content["files"]["../outside"] = content["files"]["empty"]
    (folder / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(DamagedError, match="outside"):
        verify_manifest(folder)


# ---- a folder in place of another


def fill(path: Path, text: str) -> None:
    with replaced_folder(path) as folder:
        (folder / "text").write_text(text)


def test_a_new_folder_stands_with_its_manifest_and_nothing_beside_it(tmp_path: Path) -> None:
    fill(tmp_path / "x" / "best", "one")
    verify_manifest(tmp_path / "x" / "best")
    assert listing(tmp_path / "x") == ["best", f"best/{MANIFEST}", "best/text"]


def test_the_old_folder_goes_with_all_it_held(tmp_path: Path) -> None:
    with replaced_folder(tmp_path / "best") as folder:
        (folder / "other").touch()
    fill(tmp_path / "best", "two")
    assert listing(tmp_path) == ["best", f"best/{MANIFEST}", "best/text"]
    assert (tmp_path / "best" / "text").read_text() == "two"


def test_an_error_inside_gives_its_room_on_the_disk_back(tmp_path: Path) -> None:
    def fail() -> None:
        with replaced_folder(tmp_path / "best") as folder:
            (folder / "large").write_bytes(b"x" * 1000)
            raise DiskFullError

    with pytest.raises(DiskFullError):
        fail()
    assert listing(tmp_path) == []


class KilledError(BaseException):
    """Stands for a kill: no handler catches it."""


def fill_and_die(path: Path) -> None:
    with replaced_folder(path) as folder:
        (folder / "half").write_text("half")
        raise KilledError


def test_an_error_inside_leaves_the_old_folder(tmp_path: Path) -> None:
    fill(tmp_path / "best", "one")
    with pytest.raises(KilledError):
        fill_and_die(tmp_path / "best")
    verify_manifest(tmp_path / "best")
    assert (tmp_path / "best" / "text").read_text() == "one"


def test_an_error_inside_puts_nothing_where_nothing_was(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        fill_and_die(tmp_path / "best")
    assert not settled_folder(tmp_path / "best").exists()


def test_what_a_kill_left_behind_does_not_get_into_the_next_folder(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        fill_and_die(tmp_path / "best")
    fill(tmp_path / "best", "two")
    assert listing(tmp_path) == ["best", f"best/{MANIFEST}", "best/text"]


def test_what_kills_left_unfinished_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = ["a.csv", ".hidden", ".a.csv", ".gitignore", ".model.old", "a.0123abcd", "sub/x.new", "sub/.a.b.c"]
    for name in (*kept, ".a.csv.0123abcd", "sub/.report.html.ffffffff", "sub/.step-3.new/half"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert [name for name in listing(tmp_path) if name != "sub"] == sorted(kept)


def killed_at(call: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the given rename of a Path (0, 1, ...) a kill; what comes out undoes it."""
    rename, calls = Path.rename, iter(range(100))

    def watched(self: Path, target: Path) -> Path:
        if next(calls) == call:
            raise KilledError
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", watched)
    return lambda: monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("call", [0, 1])
def test_a_kill_at_a_rename_leaves_the_old_folder_to_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    path = tmp_path / "best"
    fill(path, "one")
    undo = killed_at(call, monkeypatch)
    with pytest.raises(KilledError):
        fill(path, "two")
    undo()
    found = settled_folder(path)
    verify_manifest(found)
    assert (found / "text").read_text() == "one"
    assert found.name == ("best" if call == 0 else ".best.old")


def test_after_a_kill_between_the_renames_the_next_write_settles_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best"
    fill(path, "one")
    undo = killed_at(1, monkeypatch)
    with pytest.raises(KilledError):
        fill(path, "two")
    undo()
    fill(path, "three")
    assert (settled_folder(path) / "text").read_text() == "three"
    assert listing(tmp_path) == ["best", f"best/{MANIFEST}", "best/text"]


def test_two_kills_between_the_renames_leave_the_last_good_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best"
    fill(path, "one")
    for call in (1, 0):  # the second time nothing stands at `path`: the only rename is the last
        undo = killed_at(call, monkeypatch)
        with pytest.raises(KilledError):
            fill(path, "lost")
        undo()
    assert (settled_folder(path) / "text").read_text() == "one"


def test_a_kill_before_the_old_folder_is_removed_leaves_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best"
    fill(path, "one")
    shutil.copytree(path, tmp_path / ".best.old")
    (path / "text").write_text("two")
    assert settled_folder(path) == path


def test_a_disk_that_is_full_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "best"
    fill(path, "one")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DiskFullError):
        fill(path, "two")
    assert (settled_folder(path) / "text").read_text() == "one"
    verify_manifest(path)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini"])
def test_what_a_file_manager_leaves_behind_does_no_harm(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(b"1")
    write_manifest(tmp_path)
    (tmp_path / name).write_bytes(b"litter")
    verify_manifest(tmp_path)


# ---- one process a folder

HOLD = "import sys, time, pathlib\nfrom tellapart.files import held\nwith held(pathlib.Path(sys.argv[1])):\n    "
HOLD += "print('in', flush=True)\n    time.sleep(600)"


def test_a_folder_is_held_by_one_process_and_free_again_once_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(SettingError, match="another process is at work in it"), held(tmp_path):
            pass
        other.kill()
    with held(tmp_path):
        pass


def test_a_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), held(tmp_path):
        raise ValueError("inside")
    with held(tmp_path):
        pass
