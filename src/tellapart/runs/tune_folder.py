"""The folder that `tellapart tune` writes: the only file that knows its file names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tellapart.files import new_folder, write_json, write_text


@dataclass(frozen=True, kw_only=True)
class TuneFolder:
    """Paths of what a search found, and how each file is written."""

    path: Path

    @staticmethod
    def new(parent: Path, name: str) -> TuneFolder:
        """A fresh folder; one that is there already is never written to, the next number is taken."""
        return TuneFolder(path=new_folder(parent, name))

    @property
    def found(self) -> Path:
        return self.path / "lr.json"

    @property
    def plot(self) -> Path:
        return self.path / "lr.svg"

    def write(self, found: dict[str, Any], plot: str) -> None:
        """Both files, the plot last."""
        write_json(self.found, found)
        write_text(self.plot, plot)
