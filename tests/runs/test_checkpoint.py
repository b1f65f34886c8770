"""A moment of training on disk."""

import json
import logging
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import tellapart.runs.checkpoint as room
from tellapart.config import OptimConfig, Optimiser
from tellapart.errors import DamagedError, DataError
from tellapart.files import MANIFEST, verify_manifest, write_manifest
from tellapart.runs.checkpoint import (
    AVERAGE,
    BEST,
    KEPT,
    OPTIMISER,
    POSITION,
    WEIGHTS,
    Moment,
    Saver,
    checkpoints,
    copied,
    moment,
    newest_checkpoint,
    read_position,
    restore,
    write_checkpoint,
)
from tellapart.runs.run_folder import Progress
from tellapart.training.fit import TrainState, new_state
from tellapart.training.moments import Moments, take_up
from tellapart.training.optimisers import OPTIMISERS
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=1, bf16=False)
META = torch.device("meta")
PROMISES = {"threads": 1, "versions": {"torch": "2"}}

every_optimiser = pytest.mark.parametrize("optimiser", list(OPTIMISERS))


def module_of(seed: int, classes: int = 3) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, classes))
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    return module


def state_of(seed: int = 0, optimiser: Optimiser = "adam", steps: int = 2, **optim: Any) -> TrainState:
    """Some steps into a training."""
    state = new_state(module_of(seed), OptimConfig(optimiser=optimiser, **optim), CPU)
    for step in range(steps):
        inputs = torch.randn(4, 1, 4, 4, generator=torch.Generator().manual_seed(step))
        state.optimiser.zero_grad()
        state.module(inputs).square().sum().backward()
        state.optimiser.step()
        state.step += 1
    return state


def at_step(step: int, seed: int = 0, progress: Progress | None = None) -> Moment:
    state = state_of(seed)
    state.step = step
    return moment(state, progress or Progress(), PROMISES)


def bytes_of(module: nn.Module) -> dict[str, bytes]:
    return {name: tensor.contiguous().numpy().tobytes() for name, tensor in module.state_dict().items()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


@pytest.fixture
def checkpoint(folder: Path) -> Path:
    return write_checkpoint(folder, moment(state_of(ema=0.9), Progress(best_weights={"a": torch.ones(2)}), PROMISES))


# ---- what is kept


@every_optimiser
def test_weights_come_back_byte_for_byte(folder: Path, optimiser: Optimiser) -> None:
    state, other = state_of(optimiser=optimiser), state_of(1, optimiser, steps=0)
    assert bytes_of(other.module) != bytes_of(state.module)
    restore(write_checkpoint(folder, moment(state, Progress(), {})), other)
    assert bytes_of(other.module) == bytes_of(state.module)


@every_optimiser
def test_the_optimiser_s_tensors_come_back_byte_for_byte_and_laid_out_alike(folder: Path, optimiser: Optimiser) -> None:
    state, other = state_of(optimiser=optimiser), state_of(1, optimiser, steps=0)
    restore(write_checkpoint(folder, moment(state, Progress(), {})), other)
    kept, back = (each.optimiser.state_dict()["state"] for each in (state, other))
    assert kept.keys() == back.keys()
    assert len(kept) == len(list(state.module.parameters()))
    for number, values in kept.items():
        assert values.keys() == back[number].keys()
        for name, value in values.items():
            assert torch.equal(value, back[number][name])
            assert (value.stride(), value.dtype) == (back[number][name].stride(), back[number][name].dtype)


@every_optimiser
def test_the_optimiser_s_tensors_come_to_the_device_of_their_weight(optimiser: Optimiser) -> None:
    kept = moment(state_of(optimiser=optimiser), Progress(), {}).tensors[OPTIMISER]
    elsewhere = new_state(module_of(0), OptimConfig(optimiser=optimiser), World(device=META, threads=1, bf16=False))
    take_up(elsewhere.optimiser, Moments(tensors=kept))
    values = [value for moments in elsewhere.optimiser.state.values() for value in moments.values()]
    assert len(values) == len(kept)
    assert {value.device for value in values} == {META}


MOMENTS = {"sgd": 1, "adam": 3, "adamw": 3, "nadam": 4, "rmsprop": 2, "adagrad": 2, "lamb": 3, "muon": 1}


@pytest.mark.parametrize(("optimiser", "moments"), MOMENTS.items())
def test_each_weight_has_its_moments_in_the_file(folder: Path, optimiser: Optimiser, moments: int) -> None:
    state = state_of(optimiser=optimiser)
    path = write_checkpoint(folder, moment(state, Progress(), {}))
    assert len(load_file(path / OPTIMISER)) == moments * len(list(state.module.parameters()))


@every_optimiser
def test_a_state_before_its_first_step_can_be_kept(folder: Path, optimiser: Optimiser) -> None:
    path = write_checkpoint(folder, moment(state_of(optimiser=optimiser, steps=0), Progress(), {}))
    assert path.name == "step-000000000"
    restore(path, state_of(1, optimiser, steps=0))


def test_the_average_comes_back_byte_for_byte(checkpoint: Path) -> None:
    state, other = state_of(ema=0.9), state_of(1, ema=0.9, steps=0)
    restore(checkpoint, other)
    assert other.average is not None
    assert state.average is not None
    assert bytes_of(other.average) == bytes_of(state.average)


def test_the_position_comes_back(folder: Path) -> None:
    state = state_of()
    state.epoch, state.within, state.samples, state.seconds, state.pieces = 3, 2, 128, 1.5, 4
    state.sums = torch.tensor([0.1, 77.0, 128.0]) / 3  # no short decimals
    other = state_of(1, steps=0)
    restore(write_checkpoint(folder, moment(state, Progress(), {})), other)
    for name in ("step", "epoch", "within", "samples", "seconds", "pieces"):
        assert getattr(other, name) == getattr(state, name), name
    assert other.sums is not None
    assert torch.equal(other.sums, state.sums)
    assert other.sums.dtype == state.sums.dtype


def test_sums_that_are_no_numbers_come_back_too(folder: Path) -> None:
    state, other = state_of(), state_of(1, steps=0)
    state.sums = torch.tensor([torch.nan, torch.inf, 8.0])
    restore(write_checkpoint(folder, moment(state, Progress(), {})), other)
    assert other.sums is not None
    assert str(other.sums.tolist()) == "[nan, inf, 8.0]"


def test_the_progress_comes_back(folder: Path) -> None:
    best = {"weight": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(7)}
    progress = Progress(
        history=[{"epoch": 1, "val_accuracy": 1 / 3}], best_epoch=1, best_scores={"log_loss": 0.1}, best_weights=best
    )
    back = restore(write_checkpoint(folder, moment(state_of(), progress, {})), state_of(1, steps=0))
    assert (back.history, back.best_epoch, back.best_scores) == (progress.history, 1, {"log_loss": 0.1})
    assert back.best_weights is not None
    assert back.best_weights.keys() == best.keys()
    assert all(torch.equal(back.best_weights[name], tensor) for name, tensor in best.items())


def test_without_a_best_epoch_there_are_no_best_weights(folder: Path) -> None:
    path = write_checkpoint(folder, moment(state_of(), Progress(), {}))
    assert not (path / BEST).exists()
    assert not (path / AVERAGE).exists()
    assert restore(path, state_of(1, steps=0)).best_weights is None


def test_the_circumstances_are_kept(checkpoint: Path) -> None:
    assert read_position(checkpoint)["circumstances"] == PROMISES


def test_a_checkpoint_is_named_by_its_step_and_holds_its_manifest(checkpoint: Path) -> None:
    assert checkpoint.name == "step-000000002"
    assert names(checkpoint) == sorted([MANIFEST, AVERAGE, BEST, OPTIMISER, POSITION, WEIGHTS])
    verify_manifest(checkpoint)


def test_training_goes_on_while_a_moment_stays_as_it_was() -> None:
    state, progress = state_of(ema=0.9), Progress(history=[{"epoch": 1}])
    kept = moment(state, progress, {})
    before = {file: {name: tensor.clone() for name, tensor in held.items()} for file, held in kept.tensors.items()}
    with torch.no_grad():
        for tensor in [*state.module.state_dict().values(), *state.judged.state_dict().values()]:
            tensor.zero_()
        for values in state.optimiser.state.values():
            for value in values.values():
                value.zero_()
    progress.history.append({"epoch": 2})
    progress.history[0]["epoch"] = 5
    for file, held in kept.tensors.items():
        assert all(torch.equal(tensor, before[file][name]) for name, tensor in held.items()), file
    assert kept.position["progress"]["history"] == [{"epoch": 1}]


def test_a_copy_lies_contiguous_and_shares_no_memory() -> None:
    tensor = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    made = copied({"a": tensor})["a"]
    assert made.is_contiguous()
    assert made.data_ptr() != tensor.data_ptr()


def test_saving_changes_nothing_of_the_state(folder: Path) -> None:
    state = state_of()
    before = bytes_of(state.module)
    write_checkpoint(folder, moment(state, Progress(), {}))
    assert bytes_of(state.module) == before
    assert state.module[0].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index]


def test_the_same_moment_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    one = write_checkpoint(folder, at_step(3))
    (tmp_path / "other").mkdir()
    other = write_checkpoint(tmp_path / "other", at_step(3))
    assert [(one / name).read_bytes() for name in names(one)] == [(other / name).read_bytes() for name in names(other)]


# ---- which are kept


def test_the_newest_two_are_kept(folder: Path) -> None:
    assert KEPT == 2
    for step in (9, 10, 100, 1000):
        write_checkpoint(folder, at_step(step))
    assert names(folder) == ["step-000000100", "step-000001000"]
    assert newest_checkpoint(folder).name == "step-000001000"


def test_the_newest_comes_first(folder: Path) -> None:
    for step in (9, 10):
        write_checkpoint(folder, at_step(step))
    assert [path.name for path in checkpoints(folder)] == ["step-000000010", "step-000000009"]


def test_a_step_that_is_there_stays(folder: Path) -> None:
    path = write_checkpoint(folder, at_step(5))
    before = (path / WEIGHTS).read_bytes()
    assert write_checkpoint(folder, at_step(5, seed=3)) == path
    assert (path / WEIGHTS).read_bytes() == before


def test_a_save_that_fails_leaves_the_old_ones_and_nothing_beside_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(folder, at_step(1))

    def full(path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_tensors", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_checkpoint(folder, at_step(2))
    assert names(folder) == ["step-000000001"]
    verify_manifest(newest_checkpoint(folder))


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_checkpoint(tmp_path / "gone" / "checkpoints", at_step(1))
    assert caught.value.filename == str(tmp_path / "gone" / "checkpoints")
    assert not (tmp_path / "gone").exists()


# ---- damage


def flip(path: Path, bit: int = 7) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a flipped bit of the weights": lambda path: flip(path / WEIGHTS, 1001),
    "a flipped bit of the optimiser's tensors": lambda path: flip(path / OPTIMISER, 2002),
    "a flipped bit of the position": lambda path: flip(path / POSITION),
    "a flipped bit of the manifest": lambda path: flip(path / MANIFEST, 303),
    "a file that was cut": lambda path: (path / WEIGHTS).write_bytes((path / WEIGHTS).read_bytes()[:-1]),
    "an empty file": lambda path: (path / WEIGHTS).write_bytes(b""),
    "a file that is missing": lambda path: (path / OPTIMISER).unlink(),
    "no manifest": lambda path: (path / MANIFEST).unlink(),
    "an empty folder": lambda path: [file.unlink() for file in path.iterdir()] and None,
}
every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


@every_damage
def test_the_one_before_a_damaged_checkpoint_is_taken_and_the_damaged_one_is_told_and_set_aside(
    folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = (write_checkpoint(folder, at_step(step)) for step in (1, 2))
    damage(bad)
    with caplog.at_level(logging.WARNING, "tellapart"):
        assert newest_checkpoint(folder) == good
    assert names(folder) == ["damaged-step-000000002", "step-000000001"]
    assert len(caplog.messages) == 1
    assert "step-000000002" in caplog.text
    assert "The one before it is tried." in caplog.text
    assert newest_checkpoint(folder) == good


@every_damage
def test_without_a_whole_checkpoint_it_is_refused_and_all_stays(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(write_checkpoint(folder, at_step(1)))
    with pytest.raises(DamagedError, match=r"no checkpoint is whole \(step-000000001\)\. Train again from"):
        newest_checkpoint(folder)
    assert names(folder) == ["step-000000001"]


def test_without_any_checkpoint_it_is_said_what_to_do(folder: Path) -> None:
    with pytest.raises(DamagedError, match=r"no checkpoint in it yet\. Train again from the run's config\.toml"):
        newest_checkpoint(folder)


def test_a_checkpoint_that_was_cut_short_by_a_kill_is_none(folder: Path) -> None:
    good = write_checkpoint(folder, at_step(1))
    shutil.copytree(good, folder / ".step-000000002.new")
    assert newest_checkpoint(folder) == good


def test_a_damaged_checkpoint_of_the_same_step_is_set_aside_a_second_time(folder: Path) -> None:
    for seed in (0, 1):
        write_checkpoint(folder, at_step(1))
        flip(write_checkpoint(folder, at_step(2, seed)) / WEIGHTS)
        newest_checkpoint(folder)
    assert names(folder) == ["damaged-step-000000002", "step-000000001"]


@pytest.mark.parametrize("name", [WEIGHTS, OPTIMISER, AVERAGE, BEST, POSITION, MANIFEST])
def test_every_flipped_bit_is_found(checkpoint: Path, name: str) -> None:
    path = checkpoint / name
    content = path.read_bytes()
    bits = len(content) * 8
    for bit in random.Random(0).sample(range(bits), min(bits, 100)):
        flip(path, bit)
        with pytest.raises(DamagedError):
            newest_checkpoint(checkpoint.parent)
        path.write_bytes(content)
    assert newest_checkpoint(checkpoint.parent) == checkpoint


def test_another_version_s_checkpoint_is_refused(checkpoint: Path) -> None:
    position = json.loads((checkpoint / POSITION).read_text())
    (checkpoint / POSITION).write_text(json.dumps(position | {"schema": 99}))
    write_manifest(checkpoint)
    with pytest.raises(DamagedError, match=r"another version of tellapart \(schema 99, not 3\)\. Go on with that"):
        read_position(checkpoint)


def test_weights_of_another_model_are_refused_and_the_module_stays(checkpoint: Path) -> None:
    other = new_state(module_of(1, classes=4), OptimConfig(), CPU)
    before = bytes_of(other.module)
    with pytest.raises(DataError, match=r"'3\.bias' does not fit the model that the settings and data of now give\."):
        restore(checkpoint, other)
    assert bytes_of(other.module) == before


# ---- beside the training


def test_a_saver_writes_what_it_is_given(folder: Path) -> None:
    saver = Saver(folder)
    saver.save(at_step(1))
    saver.save(at_step(2))
    assert saver.wait() is None
    assert names(folder) == ["step-000000001", "step-000000002"]


def test_saves_go_on_beside_the_caller_one_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on, order, write = threading.Event(), [], write_checkpoint

    def watched(folder: Path, kept: Moment) -> Path:
        order.append(f"begins {kept.step}")
        assert may_go_on.wait(10)
        path = write(folder, kept)
        order.append(f"ends {kept.step}")
        return path

    monkeypatch.setattr(room, "write_checkpoint", watched)
    saver = Saver(folder)
    saver.save(at_step(1))
    assert names(folder) == []  # the caller goes on
    may_go_on.set()
    saver.save(at_step(2))
    assert saver.wait() is None
    assert order == ["begins 1", "ends 1", "begins 2", "ends 2"]


def test_a_save_that_fails_is_told_and_is_what_waiting_gives(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    saver = Saver(folder / "gone")
    with caplog.at_level(logging.WARNING, "tellapart"):
        saver.save(at_step(7))
        failed = saver.wait()
    assert isinstance(failed, FileNotFoundError)
    assert "The checkpoint of step 7 could not be written: " in caplog.text
    assert caplog.text.rstrip().endswith("Training goes on.")
    assert saver.wait() is None  # it is given once


def test_a_save_after_a_failed_one_succeeds(folder: Path) -> None:
    saver = Saver(folder / "later")
    saver.save(at_step(1))
    assert saver.wait() is not None
    (folder / "later").mkdir()
    saver.save(at_step(2))
    assert saver.wait() is None
    assert names(folder / "later") == ["step-000000002"]


def test_waiting_for_nothing_gives_nothing(folder: Path) -> None:
    assert Saver(folder).wait() is None


def test_tensors_of_no_elements_are_kept(folder: Path) -> None:
    kept: dict[str, Tensor] = {"empty": torch.zeros(0), "scalar": torch.tensor(3)}
    path = write_checkpoint(folder, moment(state_of(), Progress(best_weights=kept), {}))
    back = restore(path, state_of(1, steps=0)).best_weights
    assert back is not None
    assert {name: tensor.shape for name, tensor in back.items()} == {"empty": (0,), "scalar": ()}
