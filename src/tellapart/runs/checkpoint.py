"""A moment of training on disk: all that must be known to go on from it, under a manifest."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from dataclasses import asdict, dataclass
from errno import ENOENT
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.errors import DamagedError, DataError
from tellapart.files import replaced_folder, verify_manifest, write_json, write_tensors
from tellapart.names import listed
from tellapart.runs.run_folder import Progress

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tellapart.training.fit import TrainState

NAMES = ("weights", "average", "optimiser", "best", "samples", "trace")
WEIGHTS, AVERAGE, OPTIMISER, BEST, SAMPLES, TRACE = (f"{name}.safetensors" for name in NAMES)
POSITION = "state.json"
SCHEMA = 3
KEPT = 2
"""Checkpoints that are kept: the newest, and one to fall back on where it is damaged."""

Tensors = dict[str, "Tensor"]
log = logging.getLogger("tellapart")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Copies of what moves, so that training goes on while they are written."""

    step: int
    tensors: dict[str, Tensors]
    """By file, then by name."""
    position: dict[str, Any]
    """What is no tensor: `state`, `optimiser`, `progress`, `circumstances`."""


def moment(state: TrainState, progress: Progress, circumstances: dict[str, Any]) -> Moment:
    """Where training is, copied.

    circumstances  what the promise of equal bits hangs on: data, threads, versions
    """
    from tellapart.training.moments import moments_of

    moved = moments_of(state.optimiser)
    tensors = {WEIGHTS: copied(state.module.state_dict()), OPTIMISER: copied(moved.tensors)}
    if state.average is not None:
        tensors[AVERAGE] = copied(state.average.state_dict())
    if progress.best_weights is not None:
        tensors[BEST] = progress.best_weights  # replaced by another best, never changed
    if state.losses is not None:
        tensors[SAMPLES] = copied({"losses": state.losses} | ({} if state.among is None else {"among": state.among}))
    if state.trace is not None:
        tensors[TRACE] = copied({"losses": state.trace[: state.within]})
    position = {
        "step": state.step,
        "epoch": state.epoch,
        "within": state.within,
        "length": state.length,
        "sums": None if state.sums is None else [repr(value) for value in state.sums.tolist()],  # exact; nan is one too
        "samples": state.samples,
        "seconds": state.seconds,
        "falls": state.falls,
        "pieces": state.pieces,
    }
    done = {
        "history": progress.history,
        "best_epoch": progress.best_epoch,
        "best_scores": progress.best_scores,
        "probes": [probe.to_json() for probe in progress.probes],
        "spikes": [asdict(spike) for spike in progress.spikes],
    }
    return Moment(
        step=state.step,
        tensors=tensors,
        position={
            "state": position,
            "optimiser": {"numbers": moved.numbers, "on_cpu": moved.on_cpu},
            "progress": json.loads(json.dumps(done)),
            "circumstances": circumstances,
        },
    )


def write_checkpoint(folder: Path, moment: Moment) -> Path:
    """Put the moment below `folder` under the number of its step; older ones but for one are removed.

    A step that is there already stays: training went on from it, and not a step further. OSError where it can't be
    written, as where `folder` is gone.
    """
    path = folder / f"step-{moment.step:09}"
    if path.exists():
        return path
    if not folder.is_dir():
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(folder))
    with replaced_folder(path) as beside:
        for name, tensors in moment.tensors.items():
            write_tensors(beside / name, tensors)
        write_json(beside / POSITION, {"schema": SCHEMA, **moment.position})
    for older in [other for other in checkpoints(folder) if other.name <= path.name][KEPT:]:
        shutil.rmtree(older, ignore_errors=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints below a folder, the newest first; whole or damaged."""
    return sorted((path for path in folder.glob("step-*") if path.is_dir()), reverse=True)


def newest_checkpoint(folder: Path) -> Path:
    """The newest checkpoint that is whole to the byte; damaged ones before it are told and set aside.

    Raises DamagedError where there is none.
    """
    damaged = []
    for path in checkpoints(folder):
        try:
            verify_manifest(path)
        except DamagedError as error:
            damaged.append(path)
            log.warning("%s The one before it is tried.", error)
            continue
        for other in damaged:
            _set_aside(other)
        return path
    if damaged:
        names = listed([path.name for path in damaged])
        raise DamagedError(f"{folder}: no checkpoint is whole ({names}). Train again from the run's config.toml.")
    raise DamagedError(f"{folder}: no checkpoint in it yet. Train again from the run's config.toml.")


def read_position(path: Path) -> dict[str, Any]:
    """`state`, `optimiser`, `progress` and `circumstances` of a checkpoint whose manifest was verified."""
    position: dict[str, Any] = json.loads((path / POSITION).read_text(encoding="utf-8"))
    if position.get("schema") != SCHEMA:
        raise DamagedError(
            f"{path}: written by another version of tellapart (schema {position.get('schema')}, not {SCHEMA}). "
            "Go on with that version, or train again from the run's config.toml."
        )
    return position


def restore(path: Path, state: TrainState) -> Progress:
    """Bring a fresh state to a checkpoint whose manifest was verified; how far the run was comes out.

    DataError, before anything is changed, where the weights are of another model.
    """
    from safetensors.torch import load_file

    from tellapart.training.health import Probe, Spike
    from tellapart.training.moments import Moments, take_up

    position, weights = read_position(path), load_file(path / WEIGHTS)
    _check_fit(path, weights, state.module)
    state.module.load_state_dict(weights)
    if state.average is not None:
        state.average.load_state_dict(load_file(path / AVERAGE))
    take_up(state.optimiser, Moments(tensors=load_file(path / OPTIMISER), **position.get("optimiser", {})))
    _restore_samples(state, path)
    sums = position["state"].pop("sums")
    for name, value in position["state"].items():
        setattr(state, name, value)
    first = next(state.module.parameters())
    state.sums = None if sums is None else first.new_tensor([float(value) for value in sums])
    if (path / TRACE).exists():
        state.trace = first.new_zeros(state.length)
        state.trace[: state.within] = load_file(path / TRACE)["losses"]
    done = position["progress"]
    return Progress(
        history=done["history"],
        best_epoch=done["best_epoch"],
        best_scores=done["best_scores"],
        best_weights=load_file(path / BEST) if (path / BEST).exists() else None,
        probes=[Probe.from_json(probe) for probe in done.get("probes", [])],
        spikes=[Spike(**spike) for spike in done.get("spikes", [])],
    )


class Saver:
    """Writes checkpoints beside the training, one at a time. One that fails is told, and training goes on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing: threading.Thread | None = None
        self._failed: OSError | None = None

    def save(self, moment: Moment) -> None:
        """Start to write; what was still being written is waited for."""
        self.wait()
        self._writing = threading.Thread(target=self._write, args=(moment,), name="checkpoint")
        self._writing.start()

    def wait(self) -> OSError | None:
        """Until all is on the disk; why the last one is not, if so."""
        if self._writing is not None:
            self._writing.join()
        self._writing, failed, self._failed = None, self._failed, None
        return failed

    def _write(self, moment: Moment) -> None:
        try:
            write_checkpoint(self._folder, moment)
        except OSError as error:
            self._failed = error
            log.warning("The checkpoint of step %d could not be written: %s. Training goes on.", moment.step, error)


def copied(tensors: Tensors) -> Tensors:
    """Tensors that stay as they are while training goes on, on the CPU."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def _check_fit(path: Path, kept: Tensors, module: nn.Module) -> None:
    """Refuse weights of another shape, as data with other classes need them."""
    wanted = module.state_dict()
    for name in sorted(wanted.keys() | kept.keys()):
        if name not in wanted or name not in kept or wanted[name].shape != kept[name].shape:
            raise DataError(
                f"{path}: {name!r} does not fit the model that the settings and data of now give. "
                "Bring them back to what they were, or train again from the run's config.toml."
            )


def _restore_samples(state: TrainState, path: Path) -> None:
    """What is known of each training sample; nothing, where the data have become more or fewer."""
    from safetensors.torch import load_file

    if state.losses is None or not (path / SAMPLES).exists():
        return
    kept = load_file(path / SAMPLES)
    if kept["losses"].shape == state.losses.shape:
        state.losses.copy_(kept["losses"])
        state.among = None if "among" not in kept else kept["among"].to(state.losses.device)


def _set_aside(path: Path) -> None:
    aside = path.with_name(f"damaged-{path.name}")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
