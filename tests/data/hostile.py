"""How many hostile files a suite has tried: those that were refused, or read with issues; told at its end."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tellapart.config import Reading
from tellapart.data import open_source
from tellapart.data.source import Entry
from tellapart.errors import TellapartError
from tellapart.types import Issue

TRIED: Counter[str] = Counter()
"""Suite -> files."""


def listed(suite: str, path: str | Path, reading: Reading) -> tuple[Sequence[Entry], Sequence[Issue]]:
    """What a source lists, counted where something is wrong with it."""
    try:
        entries, issues = open_source(path, reading).entries()
    except TellapartError:
        TRIED[suite] += 1
        raise
    TRIED[suite] += bool(issues)
    return entries, issues


def tell(suite: str, config: pytest.Config) -> None:
    """Print the count past what pytest captures."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f" {TRIED[suite]} hostile {suite}", end="")
