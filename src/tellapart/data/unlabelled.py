"""How files of samples that are asked about are read: as those of training, but whatever they say of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tellapart.config import DataConfig, Reading
from tellapart.types import DataSpec


@dataclass(frozen=True, kw_only=True)
class Unlabelled(Reading):
    """Columns of classes, parts, groups and weights may be there or not, and say what they will: they are no values."""

    group: str | None = None
    """Column of the groups, where it was named."""
    channels: int = 1
    """Those that the model takes."""
    classes: tuple[str, ...] = ()
    """Those that it knows."""

    @property
    def group_column(self) -> str | None:
        return self.group

    @property
    def labelled(self) -> bool:
        return False

    @staticmethod
    def of(columns: Mapping[str, Any], spec: DataSpec) -> Unlabelled:
        """As `columns_of` kept them of the training data."""
        named: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in columns.items()
        }
        channels = spec.channels if spec.kind == "series" else 1
        return Unlabelled(**named, channels=channels, classes=spec.classes)


def columns_of(config: DataConfig) -> dict[str, Any]:
    """The columns that the settings name, each under its setting; those that are found by their names are not there."""
    named = {
        "text_column": config.text_column,
        "label_columns": config.label_columns,
        "number_columns": config.number_columns,
        "group": config.group_column,
    }
    return {name: value for name, value in named.items() if value}
