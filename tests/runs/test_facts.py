"""run.json: what was asked, with what, when, and how it ended."""

import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tellapart import __version__
from tellapart.errors import Interrupted, TellapartError
from tellapart.runs.facts import PACKAGES, command_line, recorded, versions
from tellapart.runs.run_folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.new(tmp_path, "run")


def broken_by(run: RunFolder, error: BaseException) -> dict[str, Any]:
    """run.json after work that ended with this error."""

    def work() -> None:
        with recorded(run, {"seed": 3}) as facts:
            facts["epochs"] = 2
            raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error
    return run.read_facts()


def test_while_the_work_goes_on_the_status_is_running(run: RunFolder) -> None:
    with recorded(run, {"seed": 3}):
        facts = run.read_facts()
    assert (facts["status"], facts["seed"], facts["exit_reason"]) == ("running", 3, None)
    assert "finished" not in facts


def test_work_that_comes_to_its_end_is_finished(run: RunFolder) -> None:
    with recorded(run, {"seed": 3}) as facts:
        facts["epochs"] = 2
        facts["exit_reason"] = "early stop"
    kept = run.read_facts()
    assert (kept["status"], kept["epochs"], kept["exit_reason"]) == ("finished", 2, "early stop")


def test_an_error_is_failed_and_says_why(run: RunFolder) -> None:
    facts = broken_by(run, TellapartError("The training loss became nan"))
    assert (facts["status"], facts["exit_reason"]) == ("failed", "TellapartError: The training loss became nan")
    assert (facts["seed"], facts["epochs"]) == (3, 2)


@pytest.mark.parametrize("error", [MemoryError(), SystemExit(3), ZeroDivisionError("x")])
def test_any_other_end_is_failed(run: RunFolder, error: BaseException) -> None:
    facts = broken_by(run, error)
    assert facts["status"] == "failed"
    assert facts["exit_reason"].startswith(f"{type(error).__name__}: ")


def test_a_stop_at_once_is_interrupted(run: RunFolder) -> None:
    facts = broken_by(run, KeyboardInterrupt())
    assert (facts["status"], facts["exit_reason"]) == ("interrupted", "interrupted at once, without saving")


def test_a_stop_that_was_asked_for_is_interrupted_and_says_how_to_go_on(run: RunFolder) -> None:
    facts = broken_by(run, Interrupted("all of it is saved"))
    assert (facts["status"], facts["exit_reason"]) == ("interrupted", "all of it is saved")


def test_where_the_folder_is_gone_it_is_the_first_error_that_is_told(run: RunFolder) -> None:
    def work() -> None:
        with recorded(run, {}):
            shutil.rmtree(run.path)
            run.write_history([{"epoch": 1}])

    with pytest.raises(FileNotFoundError) as caught:
        work()
    assert caught.value.filename == str(run.history)


def test_an_error_about_a_name_of_odd_bytes_is_written(run: RunFolder) -> None:
    assert broken_by(run, TellapartError("\udcff.png"))["exit_reason"] == "TellapartError: \udcff.png"


def test_times_are_in_order_and_in_utc(run: RunFolder) -> None:
    with recorded(run, {}):
        pass
    facts = run.read_facts()
    started, finished = datetime.fromisoformat(facts["started"]), datetime.fromisoformat(facts["finished"])
    assert started.utcoffset().total_seconds() == 0  # type: ignore[union-attr]
    assert started <= finished
    assert 0 <= facts["seconds"] < 60


def test_the_versions_that_can_change_a_result_are_kept(run: RunFolder) -> None:
    with recorded(run, {}):
        pass
    kept = run.read_facts()["versions"]
    assert kept == versions()
    assert set(kept) == {"tellapart", "python", "system", *PACKAGES}
    assert kept["tellapart"] == __version__


def test_a_package_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.runs.facts.PACKAGES", ("numpy", "no-such-package"))
    assert set(versions()) == {"tellapart", "python", "system", "numpy"}


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["/usr/bin/tellapart", "train", "my photos", "--lr", "0.1"], "tellapart train 'my photos' --lr 0.1"),
        (["/x/tellapart/__main__.py", "train", "digits"], "tellapart train digits"),
        (["mine.py", "a b"], "mine.py 'a b'"),
    ],
)
def test_the_command_can_be_typed_again(monkeypatch: pytest.MonkeyPatch, argv: list[str], line: str) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert command_line() == line
