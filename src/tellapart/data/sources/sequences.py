"""A source whose samples are sequences in memory: series of a file, of a table or of arrays, and texts of a table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

from tellapart.data.line_issue import LineIssue
from tellapart.data.resize import Form
from tellapart.data.source import Entry, Value
from tellapart.data.wording import encoded
from tellapart.errors import DataError, UnreadableError
from tellapart.types import Issue, Kind, Part

ADVICE = "The line is left out; correct it or delete it."


class SequenceSource:
    """Labelled sequences in memory.

    values   each float32 (T, C), NaN where a value is missing; of texts uint8 (T,), their UTF-8
    labels   (N,), class names
    parts    (N,), the part that each was given in; by default there are none
    ids      (N,), all different; by default the number of the row
    groups   (N,), what each belongs together with, where that is said
    weights  (N,), the share of each in the loss, where that is said
    issues   what was left out, and why
    """

    in_memory = True

    def __init__(
        self,
        name: str,
        kind: Kind,
        values: Sequence[Value],
        labels: Sequence[str],
        *,
        place: str | None = None,
        parts: Sequence[Part | None] | None = None,
        ids: Sequence[str] | None = None,
        groups: Sequence[str | None] | None = None,
        weights: Sequence[float | None] | None = None,
        issues: Sequence[Issue] = (),
    ) -> None:
        if not values:
            why = f" {issues[0].path}: {issues[0].detail}." if issues else ""
            raise DataError(f"{name}: holds no readable sample.{why}")
        self.name, self.kind, self.place = name, kind, place or name
        self._values, self._labels, self._issues = values, labels, issues
        self._ids = ids or [f"{row:05d}" for row in range(len(values))]
        self._rows = {sample: row for row, sample in enumerate(self._ids)}
        nothing: list[None] = [None] * len(values)
        self._parts, self._groups, self._weights = parts or nothing, groups or nothing, weights or nothing

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        """Every sample, in order, and what was left out."""
        return self._entries, self._issues

    def content(self, entry: Entry) -> None:
        """None: a sample is no file."""

    def value(self, entry: Entry, form: Form | None = None) -> Value:  # noqa: ARG002
        """float32 (T, C) or uint8 (T,)."""
        return self._values[self._rows[entry.id]]

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        columns = (self._ids, self._labels, self._parts, self._groups, self._weights, self._values)
        return tuple(
            Entry(
                id=sample,
                label=label,
                part=part,
                digest=hashlib.blake2b(value.tobytes(), digest_size=16).digest(),
                shape=value.shape,
                group=group,
                weight=weight,
            )
            for sample, label, part, group, weight, value in zip(*columns, strict=True)
        )


def texts_of(
    name: str,
    texts: Sequence[str],
    labels: Sequence[str],
    parts: Sequence[Part] | None = None,
    ids: Sequence[str] | None = None,
) -> SequenceSource:
    """Texts in memory; an empty one is left out, and named in the issues."""
    ids = ids or [f"{row:05d}" for row in range(len(texts))]
    rows, values, issues = [], [], []
    for row, text in enumerate(texts):
        try:
            values.append(encoded(text))
            rows.append(row)
        except UnreadableError as error:
            said = "It is left out; give it a text or leave it out."
            issues.append(Issue(path=ids[row], kind="unreadable", detail=str(error), suggestion=said))
    return SequenceSource(
        name,
        "text",
        values,
        [labels[row] for row in rows],
        parts=None if parts is None else [parts[row] for row in rows],
        ids=[ids[row] for row in rows],
        issues=issues,
    )


def of_lines(name: str, issues: list[LineIssue]) -> list[Issue]:
    """What is wrong with the lines of a file."""
    return [Issue(path=f"{name}:{line}", kind=kind, detail=detail, suggestion=ADVICE) for line, kind, detail in issues]
