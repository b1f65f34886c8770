"""The folder that `tellapart check` writes: the only file that knows its file names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tellapart.files import new_folder, write_text
from tellapart.runs.run_folder import issues_csv
from tellapart.types import Issue


@dataclass(frozen=True, kw_only=True)
class CheckFolder:
    """Paths of what was found wrong with data, and how each file is written."""

    path: Path

    @staticmethod
    def new(parent: Path, name: str) -> CheckFolder:
        """A fresh folder; one that is there already is never written to, the next number is taken."""
        return CheckFolder(path=new_folder(parent, name))

    @property
    def issues(self) -> Path:
        return self.path / "issues.csv"

    @property
    def page(self) -> Path:
        return self.path / "check.html"

    def write(self, issues: Sequence[Issue], page: str, texts: Mapping[str, str] | None = None) -> None:
        """Both files, the page last.

        texts  path -> how the text there begins, for a column of the list; None where the samples are no texts
        """
        write_text(self.issues, issues_csv(issues, texts))
        write_text(self.page, page)
