"""Flipped bits and cut files: each must be found before a weight is used."""

import logging
import random
from pathlib import Path

from tests.stress.reference import Promises, Reference

import tellapart
from tellapart.errors import DamagedError
from tellapart.files import MANIFEST
from tellapart.runs import model_folder
from tellapart.runs.checkpoint import checkpoints, newest_checkpoint


def damaged(times: int, reference: Reference, draws: random.Random, promises: Promises) -> None:
    """Flip bits and cut files of the newest checkpoint and of the model; each must be found before a weight is used."""
    logging.getLogger("tellapart").addHandler(logging.NullHandler())
    folder = reference.run / "checkpoints"
    newest, before = checkpoints(folder)[:2]
    model = reference.run / "model"
    used: list[Path] = []
    model_folder.load_weights = lambda _, path: used.append(path)
    for number in range(times):
        place = (newest, model)[number % 2]
        file = draws.choice(sorted(place.iterdir()))
        content = file.read_bytes()
        kind, changed = damage(content, file.name == MANIFEST, draws)
        file.write_bytes(changed)
        found = before_is_taken(folder, newest, before) if place == newest else is_refused(reference.run)
        promises.demand(found, f"{kind} of {place.name}/{file.name} was not found")
        (newest if place == newest else model).joinpath(file.name).write_bytes(content)
        promises.tried[kind] += 1
    promises.demand(not used, f"weights of a damaged model were used: {used}")
    promises.demand(newest_checkpoint(folder) == newest, "the whole checkpoint is refused")


def damage(content: bytes, manifest: bool, draws: random.Random) -> tuple[str, bytes]:
    """What was done, and the bytes after it. A manifest that lacks its last line's end still says the same."""
    if draws.random() < 0.3:
        return "cut", content[: draws.randrange(len(content) - manifest)]
    bit = draws.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return "flipped bit", bytes(changed)


def before_is_taken(folder: Path, newest: Path, before: Path) -> bool:
    """Whether the checkpoint before the damaged one is taken, and that one set aside; it is put back."""
    aside = folder / f"damaged-{newest.name}"
    taken = newest_checkpoint(folder) == before and aside.exists() and not newest.exists()
    if aside.exists():
        aside.rename(newest)
    return taken


def is_refused(run: Path) -> bool:
    """Whether the damaged model is refused as such."""
    try:
        tellapart.load(run)
    except DamagedError:
        return True
    return False
