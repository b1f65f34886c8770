"""Several sources as one: their samples one after the other, under the name of where they come from."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from tellapart.data.entries import Entries
from tellapart.data.resize import Form
from tellapart.data.source import THINGS, Entry, Source, Value
from tellapart.errors import DataError
from tellapart.types import Issue


class MixedSource:
    """The samples of all sources; parts are kept, and ids begin with the name of their source."""

    def __init__(self, sources: Sequence[Source]) -> None:
        kinds = {source.kind: source.name for source in sources}
        if len(kinds) > 1:
            held = [f"{name} holds {THINGS[kind][1]}" for kind, name in kinds.items()]
            raise DataError(f"{', '.join(held)}; they can't be mixed. Train on one.")
        self.kind = sources[0].kind
        self.in_memory = all(source.in_memory for source in sources)
        self._sources = dict(zip(_unique([source.name for source in sources]), sources, strict=True))
        self.name = "+".join(self._sources)
        self.place = "\0".join(source.place for source in sources)

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every sample of each source, in the order of the sources; the issues likewise."""
        return self._entries

    def content(self, entry: Entry) -> bytes | None:
        """The bytes of its file, as its source gives them."""
        source, own = self._own(entry)
        return source.content(own)

    def value(self, entry: Entry, form: Form | None = None) -> Value:
        """The decoded sample, as its source gives it."""
        source, own = self._own(entry)
        return source.value(own, form)

    def _own(self, entry: Entry) -> tuple[Source, Entry]:
        """The source of an entry, and the entry as it is called there."""
        name, _, rest = entry.id.partition("/")
        return self._sources[name], replace(entry, id=rest)

    @cached_property
    def _entries(self) -> tuple[Entries, tuple[Issue, ...]]:
        found = {name: source.entries() for name, source in self._sources.items()}
        entries = Entries.of(replace(e, id=f"{name}/{e.id}") for name, (given, _) in found.items() for e in given)
        if self.kind == "vector" and len(entries.shapes.values) > 1:
            lengths = [f"{name} {given[0].shape[0]}" for name, (given, _) in found.items()]
            raise DataError(
                f"The sources hold vectors of differing lengths: {', '.join(lengths)}. They can't be mixed."
            )
        issues = [replace(i, path=f"{name}/{i.path}") for name, (_, given) in found.items() for i in given]
        return entries, tuple(issues)


def _unique(names: Sequence[str]) -> list[str]:
    """The names without slashes, all different: the second `photos` is `photos-2`."""
    taken: list[str] = []
    for name in names:
        plain = name.replace("/", "_")
        options = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(names) + 1))
        taken.append(next(option for option in options if option not in taken))
    return taken
