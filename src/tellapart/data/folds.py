"""Folds of a cross-validation: every unit is in one of them, and each class is spread over all as evenly as can be."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from tellapart.data.carving import point


def folds_of(units: Sequence[bytes], labels: Sequence[str], folds: int, seed: int = 0) -> list[int | None]:
    """The fold of each sample, in [0, folds); None for the only unit of a class, which must always be learned from.

    units, labels  (N,), of each sample

    Units are dealt like cards, the classes of fewest units first, large units first and equal ones by their hash: each
    goes where its class has the fewest samples yet. So a class with as many units as folds is in each fold; a unit of
    several classes goes by the one of fewest units, and where they want different folds that can fail. The order of
    the samples has no say. Other than a carved part, folds are dealt anew where samples are added: each is learned
    from and judged by in turn, so even ones are worth more than lasting ones. A run's `split.csv` keeps one for good.
    """
    sizes, whole = Counter(zip(units, labels, strict=True)), Counter(units)
    classes, names = defaultdict[str, list[bytes]](list), defaultdict[bytes, list[str]](list)
    for unit, label in sizes:
        classes[label].append(unit)
    rare = sorted(classes, key=lambda label: (len(classes[label]), label))
    for label in rare:
        for unit in classes[label]:
            names[unit].append(label)
    alone = {members[0] for members in classes.values() if len(members) == 1}
    found: dict[bytes, int | None] = dict.fromkeys(alone)
    taken = {label: [0] * folds for label in rare}  # samples of each class in each fold
    filled = [0] * folds
    for label in rare:
        left = [unit for unit in classes[label] if unit not in found]
        for unit in sorted(left, key=lambda unit: (-whole[unit], point(unit, seed))):
            fold = min(zip(*(taken[name] for name in names[unit]), filled, range(folds), strict=True))[-1]
            found[unit] = fold
            filled[fold] += whole[unit]
            for name in names[unit]:
                taken[name][fold] += sizes[unit, name]
    return [found[unit] for unit in units]
