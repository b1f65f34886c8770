"""The run folder: the only file that knows its file names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.config import DataConfig
from tellapart.errors import DamagedError, DataError
from tellapart.files import new_folder, settled_folder, write_bytes, write_json, write_text
from tellapart.types import Issue, Part

if TYPE_CHECKING:
    from torch import Tensor

    from tellapart.training.health import Probe, Spike


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """Paths of a run, and how each file is written."""

    path: Path

    @staticmethod
    def new(parent: Path, name: str) -> RunFolder:
        """A fresh folder; one that is there already is never written to, the next number is taken."""
        run = RunFolder(path=new_folder(parent, name))
        for folder in ("data", "checkpoints", "metrics", "plots"):
            (run.path / folder).mkdir()
        return run

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def facts(self) -> Path:
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def split(self) -> Path:
        return self.path / "data" / "split.csv"

    @property
    def issues(self) -> Path:
        return self.path / "data" / "issues.csv"

    @property
    def preview(self) -> Path:
        return self.path / "data" / "preview.png"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def per_class(self) -> Path:
        return self.path / "metrics" / "per_class.csv"

    @property
    def confusion(self) -> Path:
        return self.path / "metrics" / "confusion.csv"

    @property
    def health(self) -> Path:
        return self.path / "metrics" / "health.csv"

    def measures(self, part: Part) -> Path:
        return self.path / "metrics" / f"{part}.json"

    def flips(self, part: Part) -> Path:
        return self.path / "metrics" / f"flips_{part}.json"

    def predictions(self, part: Part) -> Path:
        return self.path / "metrics" / f"predictions_{part}.csv"

    def plot(self, name: str) -> Path:
        return self.path / "plots" / name

    def parted(self, config: DataConfig) -> DataConfig:
        """The settings with the parts as they were cut when the run began: looked for anew, copies might differ."""
        return config.parted_by(self.split) if self.split.exists() else config

    def seen(self) -> frozenset[str]:
        """Contents, in hex, of the samples that were trained or chosen on; empty where no split is kept."""
        if not self.split.exists():
            return frozenset()
        with self.split.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return frozenset(row["content"] for row in csv.DictReader(file) if row["part"] != "test")

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """run.json: status, command, versions, times, data, how it ended."""
        write_json(self.facts, {"schema": 1, **facts})

    def read_facts(self) -> dict[str, Any]:
        """What run.json holds; DamagedError where it is no JSON object."""
        try:
            facts = json.loads(self.facts.read_bytes().decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            raise DamagedError(f"{self.facts}: not readable: {error}") from None
        if not isinstance(facts, dict):
            raise DamagedError(f"{self.facts}: not a JSON object.")
        return facts

    def write_issues(self, issues: Iterable[Issue]) -> None:
        write_text(self.issues, issues_csv(issues))

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        write_text(self.history, _csv(rows, list(rows[0])))

    def write_health(self, rows: list[dict[str, Any]]) -> None:
        write_text(self.health, _csv(rows, list(rows[0])))

    def write_preview(self, png: bytes) -> None:
        write_bytes(self.preview, png)


@dataclass(kw_only=True)
class Progress:
    """How far a run is: its history, and which epoch is the best so far."""

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_scores: dict[str, float] | None = None
    best_weights: dict[str, Tensor] | None = None
    """Of the best epoch; None without a val part, where the last are kept."""
    probes: list[Probe] = field(default_factory=list)
    """Looks into the network, in their order."""
    spikes: list[Spike] = field(default_factory=list)
    """Jumps of the training loss, in their order."""

    @property
    def since_best(self) -> int:
        """Epochs since the best one."""
        return int(self.history[-1]["epoch"]) - self.best_epoch if self.history else 0


def model_folder(path: Path) -> Path:
    """The model folder that a path means: a run's, or the folder itself."""
    for folder in (path / "model", path):
        folder = settled_folder(folder)
        if (folder / "card.json").exists():
            return folder
    if (path / "run.json").exists():
        status = RunFolder(path=path).read_facts().get("status")
        raise DataError(
            f"{path}: the run has no model yet; its status is {status!r}. To go on with it: tellapart resume {path}"
        )
    if path.exists():
        raise DataError(f"{path}: no run and no model folder; `tellapart train` makes one.")
    raise DataError(f"{path}: no such folder. Give a run folder, as in runs/photos.")


def issues_csv(issues: Iterable[Issue], texts: Mapping[str, str] | None = None) -> str:
    """A line for each issue: path, kind, detail, suggestion; and text, where it is told how those of a path begin."""
    columns = ["path", "kind", "detail", "suggestion"]
    rows = [{name: getattr(issue, name) for name in columns} for issue in issues]
    if texts is None:
        return _csv(rows, columns)
    return _csv([row | {"text": texts.get(row["path"], "")} for row in rows], [*columns, "text"])


def _csv(rows: list[dict[str, Any]], columns: list[str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
