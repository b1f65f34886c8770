"""The samples of a source that can be learned from together: of the same channels, where grey and colour are one."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from tellapart.data.resize import LOOKED_AT
from tellapart.data.source import Entry
from tellapart.names import counted
from tellapart.types import Issue, Kind


def agreeing(kind: Kind, entries: Sequence[Entry], channels: int | None = None) -> tuple[Sequence[Entry], list[Issue]]:
    """The entries that go together, and an issue for each other one.

    channels  those of the model that they are for; None asks for the most frequent among what may be trained on
    """
    if not entries or kind not in ("image", "series"):
        return entries, []
    family = partial(_family, kind)
    if channels is None:
        given = Counter(family(e) for e in entries if e.part in (None, "train")) or Counter(map(family, entries))
        wanted = given.most_common(1)[0][0]
        others = "most pictures have" if kind == "image" else "most series have"
    else:
        wanted = LOOKED_AT if kind == "image" and channels in LOOKED_AT else (channels,)
        others = "the model takes"
    said = " or ".join(map(str, wanted))
    odd = [entry for entry in entries if family(entry) != wanted]
    issues = [
        Issue(
            path=entry.id,
            kind="channels",
            detail=f"{counted(_channels(kind, entry), 'channel')}, but {others} {said}",
            suggestion="It is left out; give it the same channels, or remove it.",
        )
        for entry in odd
    ]
    return [entry for entry in entries if family(entry) == wanted] if odd else entries, issues


def _family(kind: Kind, entry: Entry) -> tuple[int, ...]:
    """The numbers of channels that a sample goes together with."""
    channels = _channels(kind, entry)
    return LOOKED_AT if kind == "image" and channels in LOOKED_AT else (channels,)


def _channels(kind: Kind, entry: Entry) -> int:
    return entry.shape[2] if kind == "image" else entry.shape[1]
