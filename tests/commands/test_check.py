"""What `tellapart check` says, writes and leaves alone."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.scenes import make_scenes, scene
from tests.test_cli import run

import tellapart
from tellapart.commands.check import check
from tellapart.config import DataConfig, Reading


def plant(root: Path) -> Path:
    """A set with parts and one of many things that can be wrong."""
    make_scenes(root / "train", each=30)
    make_scenes(root / "test", each=12, seed=500)
    cat = scene(3)
    Image.fromarray(cat[3:61, 3:61]).save(root / "test/cat/leak.jpg", quality=90)
    Image.fromarray(scene(5)).save(root / "train/dog/conflict.png")
    (root / "train/cat/copy.png").write_bytes((root / "train/cat/7.png").read_bytes())
    (root / "train/cat/broken.png").write_bytes((root / "train/cat/8.png").read_bytes()[:900])
    Image.fromarray(np.full((64, 64, 3), 77, np.uint8)).save(root / "train/dog/<b>blank.png")
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a planted set and a clean one."""
    folder = tmp_path_factory.mktemp("home")
    plant(folder / "set")
    make_scenes(folder / "clean", each=20)
    return folder


def state(root: Path) -> dict[str, tuple[bytes, int]]:
    return {str(p.relative_to(root)): (p.read_bytes(), p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}


def test_each_planted_thing_is_found_nothing_else_and_nothing_is_changed(home: Path, tmp_path: Path) -> None:
    before = state(home / "set")
    found = check(home / "set", DataConfig(), out=tmp_path, quick=True)
    assert [(issue.kind, issue.path) for issue in found.issues] == [
        ("leak", "test/cat/leak.jpg"),
        ("conflict", "train/dog/conflict.png"),
        ("unreadable", "train/cat/broken.png"),
        ("blank", "train/dog/<b>blank.png"),
        ("copy", "train/cat/copy.png"),
    ]
    assert [issue.kind for issue in found.blocking] == ["leak", "conflict"]
    assert state(home / "set") == before


def test_a_clean_set_ends_with_0_and_says_so(home: Path) -> None:
    done = run("check", "clean", "--quick", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "Nothing was found that is wrong with these data." in done.stdout
    assert re.search(r"^formats +40 PNG$", done.stdout, re.MULTILINE)


def test_what_blocks_ends_with_3_and_names_the_page(home: Path) -> None:
    done = run("check", "set", "--quick", "--out", "found", cwd=home)
    assert done.returncode == 3
    assert done.stderr.endswith(
        "tellapart: 2 findings to put right before training; found/set/check.html shows them.\n"
    )
    assert re.search(r"leak \(stops training\) +1 +test/cat/leak.jpg: nearly the same as", done.stdout)
    assert (home / "found/set/issues.csv").exists()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda root: [path.write_bytes(b"junk") for path in (root / "dog").iterdir()], "lost-class"),
        (lambda root: [path.unlink() for path in list((root / "dog").iterdir())[1:]], "single-example"),
        (lambda root: [path.unlink() for path in list((root / "dog").iterdir())], "one-class"),
    ],
)
def test_a_class_that_cannot_be_learned_ends_with_3(tmp_path: Path, change, kind: str) -> None:
    make_scenes(tmp_path / "set")
    change(tmp_path / "set")
    done = run("check", "set", "--quick", "--json", cwd=tmp_path)
    assert done.returncode == 3
    assert kind in json.loads(done.stdout)["counts"]


def test_json_is_one_object(home: Path) -> None:
    done = run("check", "set", "--quick", "--json", cwd=home)
    found = json.loads(done.stdout)
    assert found["counts"] == {"leak": 1, "conflict": 1, "unreadable": 1, "blank": 1, "copy": 1}
    assert found["classes"] == {"cat": {"train": 31, "test": 13}, "dog": {"train": 32, "test": 12}}
    assert found["issues"][0]["other"] == "train/cat/3.png"
    assert found["files"]["formats"] == {"PNG": 87, "JPEG": 1}
    assert found["files"]["exif"]["GPS position"] == 0


def test_labels_are_looked_at_unless_it_shall_be_quick(tmp_path: Path) -> None:
    for k, name in enumerate(("dark", "light")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(30):
            picture = np.clip(scene(100 * k + number) * 0.4 + 90 * k, 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(tmp_path / "set" / name / f"{number}.png")
    (tmp_path / "set/light/3.png").rename(tmp_path / "set/dark/wrong.png")
    found = check(tmp_path / "set", DataConfig(), out=tmp_path)
    assert [issue.path for issue in found.issues if issue.kind == "label"] == ["dark/wrong.png"]
    page = found.page.read_text()
    assert 'looks like: <span class="called">light</span>' in page
    assert "that never saw the sample" in page
    assert "label" not in check(tmp_path / "set", DataConfig(), out=tmp_path, quick=True).counts


def test_the_page_is_whole_and_escapes_what_it_shows(home: Path, tmp_path: Path) -> None:
    page = check(home / "set", DataConfig(), out=tmp_path, quick=True).page.read_text()
    assert "<b>blank" not in page
    assert "&lt;b&gt;blank.png" in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count('<div class="pair">') == 3


def test_names_of_any_bytes_are_shown_and_listed(tmp_path: Path) -> None:
    make_scenes(tmp_path / "set")
    odd = os.fsdecode(b"\xff=1\n.png")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "set/cat" / odd)
    done = run("check", "set", "--quick", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (b'"cat/' + os.fsencode(odd) + b'",blank') in (tmp_path / "check/set/issues.csv").read_bytes()
    assert "\\udcff=1" in (tmp_path / "check/set/check.html").read_text()


def test_a_folder_that_cannot_be_made_is_refused_before_anything_loads(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("check", "digits", "--out", "file", cwd=tmp_path)
    assert done.returncode == 2
    assert "out is 'file', and file is a file; give a folder." in done.stderr


def test_data_that_are_not_there_are_answered_with_what_is_near(tmp_path: Path) -> None:
    done = run("check", "digitz", cwd=tmp_path)
    assert done.returncode == 3
    assert "Did you mean 'digits'?" in done.stderr


def test_it_is_there_from_python(home: Path, tmp_path: Path) -> None:
    found = tellapart.check(home / "clean", out=tmp_path, quick=True, quiet=True)
    assert isinstance(found, tellapart.Checked)
    assert (found.issues, found.counts, found.path) == ((), {}, tmp_path / "clean")
    assert found.page.exists()


def test_training_names_what_costs_nothing_to_find(home: Path, tmp_path: Path) -> None:
    train = run("train", str(home / "set"), "--epochs", "1", "--model", "mlp", cwd=tmp_path)
    assert train.returncode == 0, train.stderr
    assert (
        "3 issues with the data (1 unreadable, 1 conflict, 1 blank); data/issues.csv in the run folder" in train.stderr
    )
    assert "`tellapart check` looks for more" in train.stderr
    assert "conflict" in (tmp_path / "runs/set/data/issues.csv").read_text()


def test_pictures_of_five_channels_are_checked_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draws = np.random.default_rng(0)
    for number in range(24):
        folder = tmp_path / "bands" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{number}.npy", draws.integers(0, 256, (12, 12, 5), dtype=np.uint8))
    found = check("bands", Reading(), quick=True)
    assert (found.samples, found.blocking) == (24, ())
    assert "24 of 5 channels" in found.page.read_text()
