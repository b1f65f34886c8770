"""Who learns, who chooses, who judges: three parts, as they are given, as a file says, or carved out by hashes."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tellapart.config import TASK_GAP, VAL_SHARE, DataConfig
from tellapart.data.carving import carved
from tellapart.data.folds import folds_of
from tellapart.data.groups import described_groups, grouped, shared_groups
from tellapart.data.source import Entry
from tellapart.data.split_file import parted
from tellapart.data.tasks import logit_names, names_in, settled, worded
from tellapart.data.units import Pair, units_of
from tellapart.errors import DataError
from tellapart.names import counted, listed, natural_key
from tellapart.types import PARTS, Issue, Part, Task

MOST_VAL, LEAST_EACH = 3000, 10
"""Samples of a val part that nobody set a share for, at most, and how many of each label it may have nonetheless."""

LookAlikes = Callable[[Sequence[Entry]], Sequence[Pair]]
"""Some samples -> the contents of each two of them that look alike."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """The entries of each part, in the order of the source; a part may be empty, the training part is not."""

    parts: dict[Part, tuple[Entry, ...]]
    classes: tuple[str, ...]
    """Those of the training part, naturally sorted; where there are tasks the names of their logits."""
    carved: tuple[Part, ...]
    """The parts that were taken out of the training pictures, since the source gave none of that name."""
    issues: tuple[Issue, ...]
    """Samples that were left out of a part, because the same content stands in a later one; and what else is wrong."""
    how: tuple[str, ...] = ()
    """What else was done, in words, as in `12 groups`."""
    tasks: tuple[Task, ...] = ()
    """What is asked, where that is not one class out of all; with the classes of the training part."""
    separator: str | None = None
    """What stands between the labels of a sample, where it may have several."""


@dataclass(frozen=True, kw_only=True)
class Carved:
    """The training pictures with the part that each was carved into."""

    places: tuple[Part, ...]
    parts: tuple[Part, ...]
    """Those that were carved out."""
    how: tuple[str, ...]


def split_entries(
    entries: Sequence[Entry],
    config: DataConfig,
    look_alikes: LookAlikes | None = None,
    tasks: tuple[Task, ...] = (),
) -> Split:
    """The three parts. What the source or a split file gives stays; a missing val or test is carved out of training.

    look_alikes  asked only where a part is carved out: what looks alike is not cut
    tasks        what is asked, without classes; empty where it is one class out of all
    Samples of one content, of one group, or that look alike are a unit, and no unit is cut: see `units` for what a
    unit is, `carving` for which leave training, and `folds` for a val part that is a fold.
    """
    said: list[Issue] = []
    if config.split is not None:
        entries, said = parted(entries, config.split)
    entries = grouped(entries, config)
    given, copies = _without_copies({part: [e for e in entries if (e.part or "train") == part] for part in PARTS})
    found = _carve(given, config, look_alikes, tasks)
    parts: dict[Part, tuple[Entry, ...]] = {
        part: tuple(e for e, place in zip(given["train"], found.places, strict=True) if place == part)
        + (tuple(given[part]) if part != "train" else ())
        for part in PARTS
    }
    separator = config.label_separator
    tasks = settled(tasks, parts["train"], separator) if parts["train"] else ()
    classes = logit_names(tasks) or tuple(sorted({e.label for e in parts["train"]}, key=natural_key))
    _check(parts, classes, tasks, separator)
    by_file = [f"parts as {config.split} says"] if config.split is not None else []
    return Split(
        parts=parts,
        classes=classes,
        carved=found.parts,
        issues=(*said, *copies, *shared_groups(parts)),
        how=(*by_file, *described_groups(parts), *found.how),
        tasks=tasks,
        separator=separator,
    )


def _carve(
    given: dict[Part, list[Entry]], config: DataConfig, look_alikes: LookAlikes | None, tasks: tuple[Task, ...]
) -> Carved:
    """What is carved out of the training pictures: first by shares, then val as a fold of what is left.

    A sample of several labels, or of several tasks, counts for each of its classes.
    """
    train = given["train"]
    shares = _shares(given, config)
    if not shares and config.folds is None:
        return Carved(places=tuple("train" for _ in train), parts=(), how=())
    pairs = look_alikes(train) if look_alikes else ()
    units = units_of(train, pairs)
    if len(set(units)) == 1 and len({entry.digest for entry in train}) > 1:
        raise DataError(
            f"All {len(train):,} training samples hang together, by group or by looks, and no unit is cut. "
            "Give val and test of their own, or set val_share and test_share to 0."
        )
    classes = [names_in(entry.label, tasks, config.label_separator) or ("",) for entry in train]
    where = carved(*_flat(units, classes), shares, config.split_seed)
    places = [where[unit] for unit in units]
    how = [f"{counted(len(pairs), 'pair')} of near copies kept together"] if pairs else []
    if config.folds is not None:
        places = _with_fold(places, units, classes, config)
        shares = {**shares, "val": 0.0}
        how.append(f"val is fold {config.fold} of {config.folds}, counted from 0")
    return Carved(places=tuple(places), parts=tuple(part for part in PARTS if part in shares), how=tuple(how))


def _flat(units: Iterable[bytes], classes: Iterable[Sequence[str]]) -> tuple[list[bytes], list[str]]:
    """Each unit with each of its classes."""
    pairs = [(unit, name) for unit, names in zip(units, classes, strict=True) for name in names]
    return [unit for unit, _ in pairs], [name for _, name in pairs]


def _with_fold(
    places: list[Part], units: list[bytes], classes: Sequence[Sequence[str]], config: DataConfig
) -> list[Part]:
    """The same with a fold of all but the test part as val; so the test part is what it is without folds."""
    assert config.folds is not None
    rows = [row for row, place in enumerate(places) if place != "test"]
    flat_units, labels = _flat([units[row] for row in rows], [classes[row] for row in rows])
    fold_of = dict(zip(flat_units, folds_of(flat_units, labels, config.folds, config.split_seed), strict=True))
    folds = [fold_of[units[row]] for row in rows]
    if config.fold not in folds:
        units_left = counted(len({units[row] for row in rows}), "unit")
        raise DataError(
            f"folds is {config.folds}, and fold {config.fold} is empty: the training pictures are {units_left} of one "
            "content, group or look. Take fewer folds."
        )
    found = list(places)
    for row, fold in zip(rows, folds, strict=True):
        found[row] = "val" if fold == config.fold else "train"
    return found


def _shares(given: dict[Part, list[Entry]], config: DataConfig) -> dict[Part, float]:
    """The share of each part that is to be carved out."""
    if config.split is not None:
        return {}
    if config.folds is not None and given["val"]:
        raise DataError(
            f"folds is {config.folds}, but the data come with a val part of {counted(len(given['val']), 'sample')}. "
            "Move them to the training pictures, or leave folds out."
        )
    val = usual_val_share(given["train"]) if config.val_share is None else config.val_share
    shares: dict[Part, float] = {"val": val, "test": config.test_share}
    return {part: share for part, share in shares.items() if share and not given[part]}


def usual_val_share(train: Sequence[Entry]) -> float:
    """A tenth, halved until it is 3,000 samples, or ten of each label, at most.

    More would say little more of which epoch is best, and be missed in training. In halves, since each stretch of the
    line then lies in the one before: as data grow, what was learned from never becomes val.
    """
    most, share = max(MOST_VAL, LEAST_EACH * len({entry.label for entry in train})), VAL_SHARE
    while share * len(train) > most:
        share /= 2
    return share


def _without_copies(given: dict[Part, list[Entry]]) -> tuple[dict[Part, list[Entry]], list[Issue]]:
    """The given parts without what stands in a later one too: what judges must not have been learned from."""
    kept: dict[Part, list[Entry]] = {}
    issues: list[Issue] = []
    later: dict[bytes, Entry] = {}
    for part in reversed(PARTS):
        for entry in given[part]:
            if entry.digest in later:
                copy = later[entry.digest]
                detail = f"left out of {part}: the same content is {copy.id!r} in {copy.part}"
                issues.append(Issue(path=entry.id, kind="leak", detail=detail, suggestion="Delete one of the two."))
        kept[part] = [entry for entry in given[part] if entry.digest not in later]
        later |= {entry.digest: entry for entry in given[part]}
    return kept, issues


def _check(
    parts: dict[Part, tuple[Entry, ...]], classes: tuple[str, ...], tasks: tuple[Task, ...], separator: str | None
) -> None:
    if not classes:
        raise DataError("There is nothing to train on: no readable sample outside val and test.")
    if len(classes) < 2 and not tasks:
        raise DataError(
            f"All training samples are of one class, {classes[0]!r}; a classifier needs two. "
            "Each class goes into a folder of its own; if they are one folder deeper, give that one."
        )
    for part in ("val", "test"):
        there = {name for e in parts[part] for name in names_in(e.label, tasks, separator)}
        unknown = sorted(there - set(classes), key=natural_key)
        if unknown:
            raise DataError(
                f"The {part} part holds classes that the training part does not: {listed(unknown)}. "
                f"Training knows {listed(classes)}. Rename those folders, or add training pictures of them."
            )


def described(split: Split) -> str:
    """`1,347 to train, 180 to choose (carved out), 270 to judge (carved out); 10 classes` for the log."""
    roles: dict[Part, str] = {"train": "to train", "val": "to choose the best epoch", "test": "to judge"}
    sizes = [
        f"{len(split.parts[p]):,} {role}{' (carved out)' if p in split.carved else ''}" for p, role in roles.items()
    ]
    return "; ".join([", ".join(sizes), *told(split), *split.how])


def told(split: Split) -> list[str]:
    """`10 classes`, or what each task asks."""
    if not split.tasks:
        return [counted(len(split.classes), "class")]
    words = {"class": "one of {}", "labels": "any of {}", "number": "a number"}
    return [f"{task.name}: {words[task.kind].format(counted(len(task.classes), 'class'))}" for task in split.tasks]


def training_counts(split: Split) -> tuple[int, ...]:
    """Training samples of each class (K,), in the order of the classes; of a number all that have one."""
    train = split.parts["train"]
    counts = Counter(name for e in train for name in names_in(e.label, split.tasks, split.separator))
    for place, task in enumerate(split.tasks):
        if task.kind == "number":
            counts[task.name] = sum(bool(e.label.split(TASK_GAP)[place]) for e in train)
    return tuple(counts[name] for name in split.classes)


def split_csv(split: Split) -> str:
    """The split as CSV: id, part, class, hash of the content, group."""
    out = io.StringIO()
    plain, quoted = csv.writer(out, lineterminator="\n"), csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(("id", "part", "class", "content", "group"))
    for part, entries in split.parts.items():
        for entry in entries:
            row = (entry.id, part, worded(entry.label), entry.digest.hex(), entry.group)
            odd = any("\r" in (word or "") for word in row)  # csv quotes only the line end that it writes
            (quoted if odd else plain).writerow(row)
    return out.getvalue()


def fingerprint(entries: Sequence[Entry]) -> str:
    """Hex digest of all ids, labels, parts, contents and weights, whatever their order."""
    total = hashlib.sha256()
    weights = {e.id: "" if e.weight is None else f"\x1f{e.weight!r}" for e in entries}
    for line in sorted(f"{e.id}\x1f{e.label}\x1f{e.part}\x1f{e.digest.hex()}{weights[e.id]}" for e in entries):
        total.update(line.encode("utf-8", "surrogateescape") + b"\x1e")
    return total.hexdigest()
