"""Who learns, who chooses, who judges: three parts, decided by a hash of each sample's content."""

import csv
import hashlib
import io
import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tellapart.config import DataConfig
from tellapart.data.source import Entry
from tellapart.errors import DataError
from tellapart.names import counted, listed, natural_key
from tellapart.types import PARTS, Issue, Part


@dataclass(frozen=True, kw_only=True)
class Split:
    """The entries of each part, in the order of the source; a part may be empty, the training part is not."""

    parts: dict[Part, tuple[Entry, ...]]
    classes: tuple[str, ...]
    """Those of the training part, naturally sorted."""
    carved: tuple[Part, ...]
    """The parts that were taken out of the training pictures, since the source gave none of that name."""
    issues: tuple[Issue, ...]
    """Samples that were left out of a part, because the same content stands in a later one."""


def split_entries(entries: Sequence[Entry], config: DataConfig) -> Split:
    """The three parts. What the source gives stays; a missing val or test is carved out of the training pictures.

    Each content hash is a fixed point in [0, 1), and the shares are stretches of that line, the same for every class:
    so equal pictures are never on both sides, and adding pictures moves no other. The one exception keeps small classes
    whole: where a class would be missing from a carved part, or from training, the nearest of its pictures comes over,
    and goes back when the class has grown. The test part is served first.
    """
    given, copies = _without_copies({part: [e for e in entries if (e.part or "train") == part] for part in PARTS})
    shares: dict[Part, float] = {"val": config.val_share, "test": config.test_share}
    carved = tuple(part for part, share in shares.items() if share and not given[part])
    places = _placed(given["train"], {part: shares[part] for part in carved}, config.split_seed)
    parts: dict[Part, tuple[Entry, ...]] = {
        part: tuple(e for e in given["train"] if places[e.digest] == part)
        + (tuple(given[part]) if part != "train" else ())
        for part in PARTS
    }
    classes = tuple(sorted({e.label for e in parts["train"]}, key=natural_key))
    _check(parts, classes)
    return Split(parts=parts, classes=classes, carved=carved, issues=tuple(copies))


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


def _placed(entries: Sequence[Entry], shares: dict[Part, float], seed: int) -> dict[bytes, Part]:
    """The part of each content hash."""
    points = {e.digest: _point(e.digest, seed) for e in entries}
    ends, top = {}, 0.0
    for part, share in shares.items():
        top += share
        ends[part] = top
    places: dict[bytes, Part] = {
        d: next((part for part, end in ends.items() if u < end), "train") for d, u in points.items()
    }
    members: dict[str, set[bytes]] = defaultdict(set)
    for entry in entries:
        members[entry.label].add(entry.digest)
    _complete([sorted(members[label], key=points.__getitem__) for label in sorted(members)], places, tuple(shares))
    return places


def _complete(classes: list[list[bytes]], places: dict[bytes, Part], carved: tuple[Part, ...]) -> None:
    """Give each class a picture in training, then one in each carved part where training keeps another.

    A content that stands under two labels moves for both, so it is taken out of training only where both keep another.
    """
    for digests in classes:
        if all(places[d] != "train" for d in digests):
            places[digests[-1]] = "train"
    learning = Counter(k for k, digests in enumerate(classes) for d in digests if places[d] == "train")
    owners: dict[bytes, list[int]] = defaultdict(list)
    for k, digests in enumerate(classes):
        for digest in digests:
            owners[digest].append(k)
    for part, digests in itertools.product(reversed(carved), classes):
        spare = (d for d in digests if places[d] == "train" and all(learning[k] > 1 for k in owners[d]))
        if all(places[d] != part for d in digests) and (moved := next(spare, None)) is not None:
            places[moved] = part
            learning.subtract(owners[moved])


def _point(digest: bytes, seed: int) -> float:
    salted = hashlib.blake2b(digest, digest_size=8, salt=(seed % 2**64).to_bytes(8, "big")).digest()
    return int.from_bytes(salted, "big") / 2**64


def _check(parts: dict[Part, tuple[Entry, ...]], classes: tuple[str, ...]) -> None:
    if not classes:
        raise DataError("There is nothing to train on: no readable sample outside val and test.")
    if len(classes) < 2:
        raise DataError(
            f"All training samples are of one class, {classes[0]!r}; a classifier needs two. "
            "Each class goes into a folder of its own; if they are one folder deeper, give that one."
        )
    for part in ("val", "test"):
        unknown = sorted({e.label for e in parts[part]} - set(classes), key=natural_key)
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
    return ", ".join(sizes) + f"; {counted(len(split.classes), 'class')}"


def training_counts(split: Split) -> tuple[int, ...]:
    """Training samples of each class (K,), in the order of the classes."""
    counts = Counter(e.label for e in split.parts["train"])
    return tuple(counts[name] for name in split.classes)


def split_csv(split: Split) -> str:
    """The split as CSV: id, part, class, hash of the content, group."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("id", "part", "class", "content", "group"))
    for part, entries in split.parts.items():
        rows.writerows((e.id, part, e.label, e.digest.hex(), e.group) for e in entries)
    return out.getvalue()


def fingerprint(entries: Sequence[Entry]) -> str:
    """Hex digest of all ids, labels, parts, contents and weights, whatever their order."""
    total = hashlib.sha256()
    weights = {e.id: "" if e.weight is None else f"\x1f{e.weight!r}" for e in entries}
    for line in sorted(f"{e.id}\x1f{e.label}\x1f{e.part}\x1f{e.digest.hex()}{weights[e.id]}" for e in entries):
        total.update(line.encode("utf-8", "surrogateescape") + b"\x1e")
    return total.hexdigest()
