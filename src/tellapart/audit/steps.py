"""Sequences that have nothing to say or lack values, and what all of them are, in counts and lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tellapart.audit.look import Look
from tellapart.data.source import Entry
from tellapart.names import counted
from tellapart.types import Issue, Kind

if TYPE_CHECKING:
    from tellapart.audit.survey import Survey

MOSTLY = 0.5
"""Share of its values from which on a series lacks most of them."""
UNITS = {"series": "steps", "audio": "samples", "text": "bytes"}
"""Kind of data -> what the length of one is counted in."""


def odd_steps(survey: Survey) -> list[Issue]:
    """An issue for each sequence without any change or with few values, and for each channel that never changes."""
    if survey.kind not in ("series", "audio"):
        return []
    found = []
    for entry, look in zip(survey.entries, survey.looks, strict=True):
        if look.missing >= MOSTLY:
            detail = f"{100 * look.missing:.0f} % of its values are missing"
            found.append(_issue(entry.id, "missing-values", detail))
        elif len(look.still) == look.channels and look.length > 1:
            silent = "silence, or one value throughout" if survey.kind == "audio" else "one value throughout"
            found.append(_issue(entry.id, "constant", silent))
    several = [look for look in survey.looks if look.channels == survey.looks[0].channels]
    still = frozenset.intersection(*(look.still for look in several)) if len(several) > 1 else frozenset()
    if survey.kind == "series" and 0 < len(still) < survey.looks[0].channels:
        said = f"channel {', '.join(str(channel) for channel in sorted(still))}: one value, or none, in every series"
        found.append(
            Issue(path=survey.name, kind="constant-channel", detail=said, suggestion="Leave it out: it tells nothing.")
        )
    return found


def _issue(path: str, kind: str, detail: str) -> Issue:
    return Issue(path=path, kind=kind, detail=detail, suggestion="Look at it; replace it or leave it out.")


def facts_of_steps(kind: Kind, entries: Sequence[Entry], looks: Sequence[Look]) -> dict[str, str]:
    """Lengths, channels, rates and missing values, by name, in words."""
    if kind == "audio":
        seconds = [entry.shape[0] / entry.shape[2] for entry in entries]
        facts = {"length": f"{_span(seconds)} seconds"}
        facts["rate"] = _ranked(Counter(f"at {entry.shape[2]:,} Hz" for entry in entries))
    else:
        facts = {"length": f"{_span([look.length for look in looks])} {UNITS[kind]}"}
    if kind != "text":
        facts["channels"] = _ranked(Counter(f"of {counted(look.channels, 'channel')}" for look in looks))
    if kind == "series":
        lacking = [look.missing for look in looks if look.missing]
        facts["missing values"] = (
            f"in {len(lacking):,} of {len(looks):,} series, {100 * np.mean(lacking):.2g} % of theirs on average"
            if lacking
            else "none"
        )
    return facts


def _ranked(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common(12))


def _span(lengths: Sequence[float]) -> str:
    low, middle, high = min(lengths), float(np.median(lengths)), max(lengths)
    told = [f"{each:,.0f}" if each >= 100 or each == int(each) else f"{each:.2g}" for each in (low, middle, high)]
    return told[0] if low == high else f"{told[0]} to {told[2]} (median {told[1]})"
