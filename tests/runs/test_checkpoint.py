"""A moment of training on disk."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import tellapart.runs.checkpoint as room
from tellapart.config import OptimConfig, Optimiser
from tellapart.errors import DamagedError
from tellapart.files import verify_manifest, write_manifest
from tellapart.runs.checkpoint import OPTIMISER, POSITION, restore_weights, save_checkpoint
from tellapart.runs.model_folder import WEIGHTS
from tellapart.training.fit import TrainState, new_state
from tellapart.world import World

CPU = World(device=torch.device("cpu"), threads=1, bf16=False)


def module_of(seed: int) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    return module


def state_of(seed: int = 0, optimiser: Optimiser = "adam", steps: int = 2) -> TrainState:
    """Some steps into a training."""
    state = new_state(module_of(seed), OptimConfig(optimiser=optimiser), CPU)
    for step in range(steps):
        inputs = torch.randn(4, 1, 4, 4, generator=torch.Generator().manual_seed(step))
        state.optimiser.zero_grad()
        state.module(inputs).square().sum().backward()
        state.optimiser.step()
        state.step += 1
    return state


def bytes_of(module: nn.Module) -> dict[str, bytes]:
    return {name: tensor.contiguous().numpy().tobytes() for name, tensor in module.state_dict().items()}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "best", state_of(), {"scores": {"accuracy": 0.5}})
    return tmp_path / "best"


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_weights_come_back_byte_for_byte(tmp_path: Path, optimiser: Optimiser) -> None:
    state = state_of(optimiser=optimiser)
    save_checkpoint(tmp_path / "best", state, {})
    other = module_of(1)
    assert bytes_of(other) != bytes_of(state.module)
    restore_weights(tmp_path / "best", other)
    assert bytes_of(other) == bytes_of(state.module)


@pytest.mark.parametrize(("optimiser", "moments"), [("sgd", 1), ("adam", 3), ("adamw", 3)])
def test_the_optimiser_s_tensors_are_kept(tmp_path: Path, optimiser: Optimiser, moments: int) -> None:
    state = state_of(optimiser=optimiser)
    save_checkpoint(tmp_path / "best", state, {})
    kept = load_file(tmp_path / "best" / OPTIMISER)
    assert len(kept) == moments * len(list(state.module.parameters()))
    for number, values in state.optimiser.state_dict()["state"].items():
        for name, value in values.items():
            assert torch.equal(kept[f"{number}.{name}"], value)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_a_state_before_its_first_step_can_be_kept(tmp_path: Path, optimiser: Optimiser) -> None:
    save_checkpoint(tmp_path / "best", state_of(optimiser=optimiser, steps=0), {})
    restore_weights(tmp_path / "best", module_of(1))


def test_the_position_is_kept(checkpoint: Path) -> None:
    position = json.loads((checkpoint / POSITION).read_text())
    assert position == {"schema": 1, "epoch": 0, "step": 2, "scores": {"accuracy": 0.5}}


def test_a_new_checkpoint_takes_the_place_of_the_old(checkpoint: Path) -> None:
    newer = state_of(seed=3)
    save_checkpoint(checkpoint, newer, {})
    module = module_of(1)
    restore_weights(checkpoint, module)
    assert bytes_of(module) == bytes_of(newer.module)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["best"]


def test_saving_changes_nothing_of_the_state(tmp_path: Path) -> None:
    state = state_of()
    before = bytes_of(state.module)
    save_checkpoint(tmp_path / "best", state, {})
    assert bytes_of(state.module) == before
    assert state.module[0].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index]


def test_a_save_that_fails_leaves_the_old_checkpoint(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_checkpoint(checkpoint, state_of(seed=3), {"scores": {"log_loss": float("nan")}})
    verify_manifest(checkpoint)
    module = module_of(1)
    restore_weights(checkpoint, module)
    assert bytes_of(module) == bytes_of(state_of().module)


def test_a_kill_between_the_renames_leaves_a_checkpoint_to_restore(checkpoint: Path) -> None:
    checkpoint.rename(checkpoint.with_name(".best.old"))
    module = module_of(1)
    restore_weights(checkpoint, module)
    assert bytes_of(module) == bytes_of(state_of().module)


@pytest.mark.parametrize("name", [WEIGHTS, OPTIMISER, POSITION])
def test_every_flipped_bit_is_found_before_a_weight_is_used(
    checkpoint: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "load_weights", lambda *_: pytest.fail("a weight was used"))
    path, module = checkpoint / name, module_of(1)
    content, before = path.read_bytes(), bytes_of(module)
    bits = len(content) * 8
    for bit in random.Random(0).sample(range(bits), min(bits, 100)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DamagedError, match=name):
            restore_weights(checkpoint, module)
    assert bytes_of(module) == before


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match=r"none: no MANIFEST\.json"):
        restore_weights(tmp_path / "none", module_of(0))


@pytest.mark.parametrize("change", ["shape", "missing", "more"])
def test_weights_of_another_model_are_refused_and_the_module_stays(checkpoint: Path, change: str) -> None:
    tensors: dict[str, Any] = load_file(checkpoint / WEIGHTS)
    if change == "shape":
        tensors["3.weight"] = torch.zeros(4, 8)
    elif change == "missing":
        del tensors["3.weight"]
    else:
        tensors["4.weight"] = torch.zeros(1)
    save_file(tensors, checkpoint / WEIGHTS)
    write_manifest(checkpoint)
    module = module_of(1)
    before = bytes_of(module)
    with pytest.raises(DamagedError, match=rf"'{'4' if change == 'more' else '3'}\.weight' does not fit"):
        restore_weights(checkpoint, module)
    assert bytes_of(module) == before
