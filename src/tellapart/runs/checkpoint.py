"""A moment of training on disk: weights, optimiser and position, under a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.files import replaced_folder, settled_folder, verify_manifest, write_json
from tellapart.runs.model_folder import WEIGHTS, load_weights

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tellapart.training.fit import TrainState

OPTIMISER, POSITION = "optimiser.safetensors", "state.json"


def save_checkpoint(path: Path, state: TrainState, position: dict[str, Any]) -> None:
    """Put the state at `path`, in place of what was there; `position` is what else must be known to go on from it."""
    from safetensors.torch import save_file

    with replaced_folder(path) as folder:
        save_file(_on_cpu(state.module.state_dict()), folder / WEIGHTS)
        save_file(_on_cpu(_moments(state)), folder / OPTIMISER)
        write_json(folder / POSITION, {"schema": 1, "epoch": state.epoch, "step": state.step, **position})


def restore_weights(path: Path, module: nn.Module) -> None:
    """Put the weights of a checkpoint into the module; DamagedError before one is used if any byte is wrong."""
    path = settled_folder(path)
    verify_manifest(path)
    load_weights(module, path / WEIGHTS)


def _moments(state: TrainState) -> dict[str, Tensor]:
    """The optimiser's tensors by `number of the weight.name`."""
    trained = [weight for group in state.optimiser.param_groups for weight in group["params"]]
    kept = {number: state.optimiser.state[weight] for number, weight in enumerate(trained)}
    return {
        f"{number}.{name}": value
        for number, values in kept.items()
        for name, value in values.items()
        if value is not None
    }


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
