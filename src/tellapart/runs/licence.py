"""The licence of weights, where whoever handed them out says it beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NOT_STATED = "not stated"
LOOKED_AT_BYTES = 65_536
"""Of each file beside the weights: a licence stands at its top."""
LONGEST = 100
"""Characters of a licence's name."""


def licence_of(weights: Path, metadata: Mapping[str, str]) -> str:
    """The licence in a word or two: by the file's own metadata, the head of a card beside it, or its configuration.

    metadata  of the safetensors file
    A hub's card is a README.md whose front matter has a line `license: apache-2.0`; timm's config.json has the word
    inside `pretrained_cfg`, too. What states nothing gives `not stated`, which is no permission.
    """
    folder = weights.parent
    stated = (
        metadata.get("license"),
        metadata.get("licence"),
        _front_matter(folder / "README.md"),
        _configured(folder / "config.json"),
    )
    found = next((word for word in stated if isinstance(word, str) and word.strip()), NOT_STATED)
    return " ".join(found.split())[:LONGEST]


def _front_matter(card: Path) -> str | None:
    """The licence in the lines between the first two `---`."""
    head = re.match(r"---\s*\n(.*?)\n---", _top(card), re.DOTALL)
    line = re.search(r"^licen[sc]e:[ \t]*(\S.*)$", head[1], re.MULTILINE) if head else None
    return line[1].strip("'\" \t\r") if line else None


def _configured(path: Path) -> str | None:
    try:
        fields: Any = json.loads(_top(path))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    inside = fields.get("pretrained_cfg")
    found: Any = fields.get("license") or (inside.get("license") if isinstance(inside, dict) else None)
    return found if isinstance(found, str) else None


def _top(path: Path) -> str:
    """The first lines of a file; nothing where it is no readable file."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(LOOKED_AT_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
