"""`resume`: a run goes on as if it had never stopped, or further than was planned."""

import json
import logging
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from tests.outcome import differing, outcome
from tests.photos import make_photos

import tellapart
from tellapart.cli import main
from tellapart.commands.resume import resume
from tellapart.commands.train import train
from tellapart.commands.watch import Silence
from tellapart.config import RunConfig, read_toml
from tellapart.errors import DamagedError, DataError, Interrupted, SettingError
from tellapart.files import held, write_manifest
from tellapart.runs.checkpoint import POSITION, WEIGHTS, newest_checkpoint
from tellapart.runs.run_folder import RunFolder

T = TypeVar("T")
SETTINGS: dict[str, Any] = {
    "model": "cnn",
    "widths": (4,),
    "dense": 8,
    "dropout": 0.3,
    "epochs": 3,
    "batch": 8,
    "crop_padding": 2,
    "flip": True,
    "ema": 0.9,
    "threads": 1,
}  # 5 steps an epoch


class SignalAfter(Silence):
    """Sends this process a signal once so many steps are done."""

    def __init__(self, steps: int, number: signal.Signals = signal.SIGINT) -> None:
        self.left, self.number = steps, number

    def each(self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            if self.left == 1:
                signal.raise_signal(self.number)
            self.left -= 1
            yield item


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos and a run on them that was never stopped."""
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos", each=18)
    train(config(folder), runs_dir=folder, name="unbroken")
    return folder


def config(home: Path, **settings: Any) -> RunConfig:
    return RunConfig.of(str(home / "photos"), SETTINGS | settings)


@pytest.fixture
def unbroken(home: Path) -> dict[str, bytes]:
    return outcome(home / "unbroken")


def stopped(home: Path, runs: Path, at: int = 7, number: signal.Signals = signal.SIGINT, **settings: Any) -> Path:
    """A run that was asked to stop in this step."""
    with pytest.raises(Interrupted):
        train(config(home, **settings), runs_dir=runs, name="run", watch=SignalAfter(at, number))
    return runs / "run"


def facts(run: Path) -> dict[str, Any]:
    return RunFolder(path=run).read_facts()


def step_of(run: Path) -> str:
    return newest_checkpoint(run / "checkpoints").name


# ---- stopped and gone on with


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(
    home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with pytest.raises(Interrupted) as caught:
        train(config(home), runs_dir=tmp_path, name="my run", watch=SignalAfter(7, number))
    said = f"Interrupted after step 7 of 15; all of it is saved. Go on: tellapart resume '{tmp_path}/my run'"
    assert str(caught.value) == said
    assert step_of(tmp_path / "my run") == "step-000000007"
    assert facts(tmp_path / "my run")["status"] == "interrupted"
    assert facts(tmp_path / "my run")["exit_reason"] == said
    assert not (tmp_path / "my run/model").exists()


@pytest.mark.parametrize("step", [1, 4, 5, 6, 14])
def test_a_stopped_run_comes_to_the_same_bytes(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes], step: int
) -> None:
    run = stopped(home, tmp_path, step)
    assert step_of(run) == f"step-{step:09}"
    assert resume(run) == run
    assert differing(outcome(run), unbroken) == []
    assert (facts(run)["status"], facts(run)["exit_reason"]) == ("finished", "all epochs done")
    assert facts(run)["resumed_after_steps"] == [step]


def test_a_run_that_is_stopped_again_and_again_comes_to_the_same_bytes(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    run = stopped(home, tmp_path, 2)
    for _ in range(3):
        with pytest.raises(Interrupted):
            resume(run, watch=SignalAfter(3))
    resume(run)
    assert differing(outcome(run), unbroken) == []
    assert facts(run)["resumed_after_steps"] == [2, 5, 8, 11]


def test_a_stop_in_the_last_step_is_the_end(home: Path, tmp_path: Path, unbroken: dict[str, bytes]) -> None:
    train(config(home), runs_dir=tmp_path, name="run", watch=SignalAfter(15))
    assert differing(outcome(tmp_path / "run"), unbroken) == []


@pytest.mark.parametrize("save_every", ["1 step", "4 steps", "0.001s"])
def test_how_often_it_is_saved_changes_no_bit(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes], save_every: str
) -> None:
    run = stopped(home, tmp_path, 9, save_every=save_every)
    resume(run)
    assert differing(outcome(run), unbroken) == []
    assert len(list((run / "checkpoints").iterdir())) == 2


def test_a_kill_leaves_a_run_that_goes_on_from_its_last_save(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    run = stopped(home, tmp_path)
    RunFolder(path=run).write_facts(facts(run) | {"status": "running", "exit_reason": None})
    resume(run)
    assert differing(outcome(run), unbroken) == []


def test_a_kill_after_the_last_step_leaves_only_the_judging(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    run = Path(shutil.copytree(home / "unbroken", tmp_path / "run"))
    for folder in ("model", "metrics"):
        shutil.rmtree(run / folder)
    (run / "metrics").mkdir()
    RunFolder(path=run).write_facts(facts(run) | {"status": "running"})
    resume(run)
    assert differing(outcome(run), unbroken) == []


def test_what_kills_left_unfinished_is_swept_away(home: Path, tmp_path: Path) -> None:
    run = stopped(home, tmp_path)
    shutil.copytree(run / "checkpoints/step-000000007", run / "checkpoints/.step-000000009.new")
    (run / "metrics/.test.json.0123abcd").touch()
    resume(run)
    assert not list(run.rglob(".*"))


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before_and_no_bit(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    run = stopped(home, tmp_path, 9, save_every="4 steps")
    weights = run / "checkpoints/step-000000009" / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING, "tellapart"):
        resume(run)
    assert facts(run)["resumed_after_steps"] == [8]
    assert differing(outcome(run), unbroken) == []
    assert "The one before it is tried." in caplog.text
    assert (run / "checkpoints/damaged-step-000000009").exists()


def test_the_thread_count_of_the_run_is_taken(home: Path, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    stopped(home, tmp_path, 3, threads=None)
    torch.set_num_threads(1)
    resume(tmp_path / "run")
    assert torch.get_num_threads() == 2
    assert facts(tmp_path / "run")["status"] == "finished"


def test_a_run_of_so_many_steps_goes_on_to_them(home: Path, tmp_path: Path) -> None:
    steps = {"epochs": None, "steps": 8}
    train(config(home, **steps), runs_dir=tmp_path, name="unbroken")
    run = stopped(home, tmp_path, 3, **steps)
    resume(run)
    assert step_of(run) == "step-000000008"
    assert differing(outcome(run), outcome(tmp_path / "unbroken")) == []


# ---- further than was planned


@pytest.mark.parametrize("asked", ["+3", "6", " +3 "])
def test_three_epochs_and_three_more_are_six_at_once(home: Path, tmp_path: Path, asked: str) -> None:
    settings = {"schedule": "constant", "ema": None}
    train(config(home, epochs=6, **settings), runs_dir=tmp_path, name="at-once")
    run = train(config(home, epochs=3, **settings), runs_dir=tmp_path, name="run")
    resume(run, epochs=asked)
    assert differing(outcome(run), outcome(tmp_path / "at-once")) == []
    assert facts(run)["epochs_planned"] == facts(run)["epochs"] == 6


def test_epochs_over_the_hardest_are_lengthened_to_as_many_as_were_asked_for(home: Path, tmp_path: Path) -> None:
    run = train(config(home, epochs=4, hardest=(1.0, 0.5)), runs_dir=tmp_path, name="run")
    resume(run, epochs="+4")
    assert (facts(run)["epochs"], facts(run)["epochs_planned"]) == (8, 8)
    with pytest.raises(SettingError, match="the run is finished"):
        resume(run)


def test_epochs_over_the_hardest_that_were_stopped_and_lengthened_come_to_the_same_bytes(
    home: Path, tmp_path: Path
) -> None:
    settings = {"epochs": 4, "hardest": (1.0, 0.5)}
    once, again = (stopped(home, tmp_path / name, 7, **settings) for name in ("once", "again"))
    resume(once, epochs="+2")
    with pytest.raises(Interrupted):
        resume(again, epochs="+2", watch=SignalAfter(4))
    resume(again)
    assert facts(again)["epochs"] == 6
    assert not differing(outcome(again), outcome(once))


def test_the_config_of_a_run_that_was_lengthened_gives_it_again(home: Path, tmp_path: Path) -> None:
    run = stopped(home, tmp_path, 2)
    resume(run, epochs="+1")
    assert read_toml(run / "config.toml")["epochs"] == 4


def test_a_lengthened_run_that_is_stopped_goes_on_to_its_new_end(home: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        train(config(home), runs_dir=tmp_path, name=name)
    resume(tmp_path / "one", epochs="+2")
    with pytest.raises(Interrupted):
        resume(tmp_path / "other", epochs="+2", watch=SignalAfter(3))
    resume(tmp_path / "other")
    assert differing(outcome(tmp_path / "one"), outcome(tmp_path / "other")) == []
    assert step_of(tmp_path / "one") == "step-000000025"


def test_fewer_epochs_than_are_done_end_the_run(home: Path, tmp_path: Path) -> None:
    run = stopped(home, tmp_path, 11)
    resume(run, epochs="2")
    assert facts(run)["status"] == "finished"
    assert step_of(run) == "step-000000011"


# ---- what is refused


def test_a_finished_run_is_refused_with_the_next_command(home: Path) -> None:
    run = home / "unbroken"
    with pytest.raises(SettingError) as caught:
        resume(run)
    assert str(caught.value) == (
        f"{run}: the run is finished. To train it further: tellapart resume {run} --epochs +10"
    )
    with pytest.raises(SettingError, match="the run is finished"):
        resume(run, epochs="3")


def test_a_run_that_stopped_early_is_refused_with_the_next_command(home: Path, tmp_path: Path) -> None:
    run = train(config(home, epochs=30, patience=1, optimiser="sgd", lr=8.0), runs_dir=tmp_path, name="run")
    assert facts(run)["exit_reason"].startswith("early stop")
    for epochs in (None, "+5"):
        with pytest.raises(SettingError, match=r"it stopped early, and would again\..* --patience N"):
            resume(run, epochs=epochs)


@pytest.mark.parametrize("asked", ["ten", "", "+", "0", "+0", "-3", "3.5", "1e3", "+ 3", "99999999", "³"])
def test_epochs_that_mean_nothing_are_refused(home: Path, asked: str) -> None:
    with pytest.raises(SettingError) as caught:
        resume(home / "unbroken", epochs=asked)
    assert str(caught.value) == f"epochs is {asked!r}; give +10 for ten more, or 30 for thirty in all."


@pytest.mark.parametrize("name", ["nowhere", "photos", "unbroken/model", "unbroken/report.html"])
def test_what_is_no_run_folder_is_refused(home: Path, name: str) -> None:
    with pytest.raises(DataError, match=rf"{name}: no run folder\. Give one that `tellapart train` made"):
        resume(home / name)


def test_a_run_that_another_process_trains_is_refused(home: Path, tmp_path: Path) -> None:
    run = stopped(home, tmp_path)
    with held(run), pytest.raises(SettingError) as caught:
        resume(run)
    assert str(caught.value) == f"{run}: another process is at work in it. Wait until that has ended, or stop it first."
    resume(run)


def test_the_variable_for_the_epochs_of_new_runs_lengthens_none(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: dict[str, bytes]
) -> None:
    run = stopped(home, tmp_path)
    monkeypatch.setenv("TELLAPART_EPOCHS", "99")
    main(["resume", str(run), "--quiet"])
    assert not differing(outcome(run), unbroken)


def test_a_run_without_a_checkpoint_says_what_to_do(home: Path, tmp_path: Path) -> None:
    run = stopped(home, tmp_path)
    shutil.rmtree(run / "checkpoints/step-000000007")
    with pytest.raises(DamagedError, match=r"no checkpoint in it yet\. Train again from the run's config\.toml"):
        resume(run)


def pretend(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Make the newest checkpoint one that was written under other circumstances."""
    path = newest_checkpoint(run / "checkpoints")
    position = json.loads((path / POSITION).read_text())
    change(position["circumstances"])
    (path / POSITION).write_text(json.dumps(position))
    write_manifest(path)


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "threads": (lambda then: then.update(threads=7), "threads: 7 then, 1 now"),
    "device": (lambda then: then.update(device="cuda"), "device: cuda then, cpu now"),
    "bf16": (lambda then: then.update(bf16="maybe"), "bf16: maybe then, "),
    "precision": (lambda then: then.update(precision="bf16"), "precision: bf16 then, fp32 now"),
    "tiles": (lambda then: then.update(tiles="maybe"), "tiles: maybe then, "),
    "instructions": (lambda then: then.update(instructions="VSX"), "instructions: VSX then, "),
    "torch": (lambda then: then["versions"].update(torch="1.0"), f"torch: 1.0 then, {version('torch')} now"),
    "numpy": (lambda then: then["versions"].pop("numpy"), "numpy: None then, "),
    "data": (lambda then: then.update(fingerprint="0"), "data: others than it was trained on; what its data/split.csv"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_what_has_changed_is_named_and_refused_unless_that_is_allowed(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    run = stopped(home, tmp_path, 13)
    pretend(run, change)
    with pytest.raises(SettingError) as caught:
        resume(run)
    assert str(caught.value).startswith(f"1 thing changed since the checkpoint: {said}")
    assert str(caught.value).endswith("Bring it back to what it was, or take --allow-inexact.")
    assert facts(run)["status"] == "interrupted"  # nothing was touched
    with caplog.at_level(logging.WARNING, "tellapart"):
        resume(run, allow_inexact=True)
    assert said in caplog.text
    assert "It goes on, but not to the bits of an unbroken run." in caplog.text
    assert facts(run)["status"] == "finished"


def test_all_that_has_changed_is_named_at_once(home: Path, tmp_path: Path) -> None:
    run = stopped(home, tmp_path, 13)
    for change in ("threads", "torch"):
        pretend(run, CHANGES[change][0])
    with pytest.raises(SettingError, match=r"^2 things changed since the checkpoint: threads: .*; torch: "):
        resume(run)


def test_a_run_goes_on_with_the_parts_that_it_wrote_whatever_became_of_the_file_it_was_given(
    home: Path, tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    given = tmp_path / "given.csv"
    given.write_bytes((home / "unbroken/data/split.csv").read_bytes())
    run = stopped(home, tmp_path, split=given)
    given.unlink()
    resume(run)
    assert (run / "model/weights.safetensors").read_bytes() == unbroken["model/weights.safetensors"]


def test_a_picture_more_is_noticed(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "photos", tmp_path / "photos")
    run = stopped(tmp_path, tmp_path)
    make_photos(tmp_path / "photos", each=1, seed=5)
    with pytest.raises(SettingError, match="data: others than it was trained on"):
        resume(run)
    resume(run, allow_inexact=True)
    assert facts(run)["status"] == "finished"


def test_fewer_pictures_than_the_epoch_had_end_it_where_inexact_is_allowed(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "photos", tmp_path / "photos")
    run = stopped(tmp_path, tmp_path, 4, size=16)
    for path in (tmp_path / "photos").glob("*/0-*.png"):
        if int(path.stem.removeprefix("0-")) > 7:
            path.unlink()
    resume(run, allow_inexact=True)  # two steps an epoch now, after four of one
    assert facts(run)["status"] == "finished"


def test_a_class_more_is_left_out_where_inexact_is_allowed(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "photos", tmp_path / "photos")
    run = stopped(tmp_path, tmp_path)
    shutil.copytree(tmp_path / "photos/red", tmp_path / "photos/crimson")
    resume(run, allow_inexact=True)
    assert tellapart.load(run).classes == ("blue", "green", "red")


def test_a_class_more_is_refused_where_the_run_has_lost_its_split_file(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "photos", tmp_path / "photos")
    run = stopped(tmp_path, tmp_path)
    shutil.copytree(tmp_path / "photos/red", tmp_path / "photos/crimson")
    (run / "data/split.csv").unlink()
    with pytest.raises(DataError, match=r"'\d\.bias' does not fit the model that the settings and data of now give"):
        resume(run, allow_inexact=True)


def test_data_that_are_gone_are_named(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "photos", tmp_path / "photos")
    run = stopped(tmp_path, tmp_path)
    shutil.rmtree(tmp_path / "photos")
    with pytest.raises(DataError, match="photos"):
        resume(run)
