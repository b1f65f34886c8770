"""What the README tells a person to type works."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.photos import make_photos

import tellapart
from tellapart.cli import main

README = (Path(__file__).parent.parent / "README.md").read_text()
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()]
COMMANDS = [shlex.split(line, comments=True) for line in SHELL if line.startswith("tellapart ")]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder that the README has in mind."""
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos", each=12)
    make_photos(folder / "more-photos", each=2, seed=3)
    (folder / "some.png").write_bytes((folder / "photos/red/0-0.png").read_bytes())
    return folder


def test_the_readme_shows_every_command() -> None:
    assert {words[1] for words in COMMANDS} >= {"check", "train", "evaluate", "predict", "models", "recipes", "doctor"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_the_readme_runs(
    words: list[str], home: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(home)
    if {"mnist", "cifar10"} & set(words):
        monkeypatch.setenv("TELLAPART_DATA_DIR", str(request.getfixturevalue("shared_data")))
        words = (
            [*words, "--epochs", "1"] if "mnist" in words else pytest.skip("CIFAR-10 is not laid out on this machine")
        )
    if words[1] == "train" and "--epochs" not in words:
        words = [*words, "--epochs", "5"]  # else a hundred and more: of so few photos
    if not (home / "runs/photos/model").exists() and words[1] in ("evaluate", "predict"):
        tellapart.train("photos", epochs=1, quiet=True)
    main([str(home / word) if word == "some.png" else word for word in words[1:]])


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_of_the_readme_runs(code: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    exec(compile(code, "README.md", "exec"), {})


def test_the_numbers_of_the_readme_are_those_of_the_results() -> None:
    script = Path(__file__).parent.parent / "bench/table.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
