"""What stays together when parts are carved out: samples of one content, of one group, or that look alike."""

import hashlib
from collections.abc import Iterable, Sequence

from tellapart.data.source import Entry

Pair = tuple[bytes, bytes]
"""Contents of two samples that look alike."""
Node = tuple[int, bytes]
"""A group (0, a hash of its name) or a content (1, its digest); the least of a unit gives it its key."""


def units_of(entries: Sequence[Entry], alike: Iterable[Pair] = ()) -> list[bytes]:
    """The key of each entry's unit, 16 bytes: equal where two entries share a content or a group, or look alike.

    A unit of several is named after the least of its groups, else of its contents, by their hashes. So neither the
    order of the entries nor another unit has a say in it, and a group keeps its key whatever is added to it. What can
    get another key, and with it another part: all but one of the units that a new sample joins, since it lies in one
    and has the content of another; and pictures without a group that a new one looks like.
    """
    above: dict[Node, Node] = {}
    for entry in entries:
        if entry.group is not None:
            _join(above, _of_group(entry.group), (1, entry.digest))
    for one, other in alike:
        _join(above, (1, one), (1, other))
    return [_first(above, (1, entry.digest))[1] for entry in entries]


def _of_group(name: str) -> Node:
    text = name.encode("utf-8", "surrogateescape")
    return 0, hashlib.blake2b(text, digest_size=16, person=b"group").digest()


def _join(above: dict[Node, Node], one: Node, other: Node) -> None:
    first, second = sorted((_first(above, one), _first(above, other)))
    if first != second:
        above[second] = first


def _first(above: dict[Node, Node], node: Node) -> Node:
    """The least node of the unit that a node is in; the way there gets shorter each time it is gone."""
    while (upper := above.get(node, node)) != node:
        above[node] = above.get(upper, upper)
        node = upper
    return node
