"""Which units leave the training pictures for val and test: those whose hash falls into a stretch of a line."""

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tellapart.types import Part


def carved(units: Sequence[bytes], labels: Sequence[str], shares: Mapping[Part, float], seed: int) -> dict[bytes, Part]:
    """The part of each unit.

    units, labels  (N,), of each sample
    shares         of the parts to carve out

    Each unit's hash is a fixed point in [0, 1), and the shares are stretches of that line, the same for every class: so
    adding samples moves no unit, which no rule can promise that makes a class's share exact. The one exception keeps
    small classes whole: where a class would be missing from a carved part, or from training, the nearest of its units
    comes over, and goes back when the class has grown. The test part is served first.
    """
    points = {unit: point(unit, seed) for unit in units}
    ends = dict(zip(shares, itertools.accumulate(shares.values()), strict=True))
    places: dict[bytes, Part] = {
        unit: next((part for part, end in ends.items() if place < end), "train") for unit, place in points.items()
    }
    members: dict[str, set[bytes]] = defaultdict(set)
    for unit, label in zip(units, labels, strict=True):
        members[label].add(unit)
    _complete([sorted(members[label], key=points.__getitem__) for label in sorted(members)], places, tuple(shares))
    return places


def point(unit: bytes, seed: int) -> float:
    """Where a unit stands in [0, 1), for a seed."""
    salted = hashlib.blake2b(unit, digest_size=8, salt=(seed % 2**64).to_bytes(8, "big")).digest()
    return int.from_bytes(salted, "big") / 2**64


def _complete(classes: list[list[bytes]], places: dict[bytes, Part], parts: tuple[Part, ...]) -> None:
    """Give each class a unit in training, then one in each carved part where training keeps another.

    A unit of several classes moves for all of them, so it is taken out of training only where each keeps another.
    """
    for units in classes:
        if all(places[unit] != "train" for unit in units):
            places[units[-1]] = "train"
    learning = Counter(k for k, units in enumerate(classes) for unit in units if places[unit] == "train")
    owners: dict[bytes, list[int]] = defaultdict(list)
    for k, units in enumerate(classes):
        for unit in units:
            owners[unit].append(k)
    for part, units in itertools.product(reversed(parts), classes):
        spare = (unit for unit in units if places[unit] == "train" and all(learning[k] > 1 for k in owners[unit]))
        if all(places[unit] != part for unit in units) and (moved := next(spare, None)) is not None:
            places[moved] = part
            learning.subtract(owners[moved])
