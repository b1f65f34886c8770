"""The pictures of a source that can be learned from together: of the same channels, where grey and colour are one."""

from collections import Counter
from collections.abc import Sequence

from tellapart.data.resize import LOOKED_AT
from tellapart.data.source import Entry
from tellapart.names import counted
from tellapart.types import Issue


def agreeing(entries: Sequence[Entry], channels: int | None = None) -> tuple[Sequence[Entry], list[Issue]]:
    """The entries that go together, and an issue for each other one.

    channels  those of the model that they are for; None asks for the most frequent among what may be trained on
    """
    if not entries or len(entries[0].shape) == 1:
        return entries, []
    if channels is None:
        given = Counter(_family(e) for e in entries if e.part in (None, "train")) or Counter(map(_family, entries))
        wanted = given.most_common(1)[0][0]
        others = "most pictures have"
    else:
        wanted = LOOKED_AT if channels in LOOKED_AT else (channels,)
        others = "the model takes"
    said = " or ".join(map(str, wanted))
    odd = [entry for entry in entries if _family(entry) != wanted]
    issues = [
        Issue(
            path=entry.id,
            kind="channels",
            detail=f"{counted(entry.shape[2], 'channel')}, but {others} {said}",
            suggestion="It is left out; give it the same channels, or remove it.",
        )
        for entry in odd
    ]
    return [entry for entry in entries if _family(entry) == wanted] if odd else entries, issues


def _family(entry: Entry) -> tuple[int, ...]:
    """The numbers of channels that a picture goes together with."""
    return LOOKED_AT if entry.shape[2] in LOOKED_AT else (entry.shape[2],)
