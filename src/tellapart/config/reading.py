"""The settings of where labelled data are, and how they are read."""

from dataclasses import dataclass
from pathlib import Path

from tellapart.checks import check_types
from tellapart.errors import SettingError

TASK_GAP = "\x1f"
"""Stands between the cells of several label columns in the label of a sample: no text has it."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Where labelled data are, and how they are read."""

    data_dir: Path | None = None
    """Folder with data sets already on disk; without it they are looked for, then put, in the user's cache folder."""
    also: tuple[str, ...] = ()
    """More data, mixed with the first: each whatever the first may be."""
    path_column: str | None = None
    """Column of a table that names the pictures; by default the one called path, file, filename or image."""
    text_column: str | None = None
    """Column of a table that holds the texts; by default the one called text, message, sentence, review and so on."""
    label_columns: tuple[str, ...] = ()
    """Columns of a table that name their classes; by default the one called label, class, target or y. Each of several
    is a task of its own: one backbone, a head and a loss for each."""
    number_columns: tuple[str, ...] = ()
    """Columns of a table whose numbers are to be found, by regression, beside the classes of `label_columns`."""
    label_separator: str | None = None
    """What stands between the labels of one sample, as in `cat;dog`, where it may have several: each is answered by
    itself. The separator alone says that a sample has none of them."""
    allow_outside: bool = False
    """Read pictures outside a table's folder too, where the table names such."""

    def __post_init__(self) -> None:
        check_types(self)
        self.check_labels()

    def check_labels(self) -> None:
        """Refuse columns that are named twice, and a separator that separates nothing."""
        columns = (*self.label_columns, *self.number_columns)
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise SettingError(f"label_columns and number_columns name {twice!r} twice; each column is one task.")
        if self.label_separator is not None and (not self.label_separator.strip() or TASK_GAP in self.label_separator):
            raise SettingError(
                f"label_separator is {self.label_separator!r}; give what stands between the labels, as in ';'."
            )

    @property
    def asked_columns(self) -> tuple[str, ...]:
        """The columns that labels are taken from, where they are named."""
        return (*self.label_columns, *self.number_columns)

    @property
    def group_column(self) -> str | None:
        """Column of a table that names the groups; None leaves it to the one called group."""
        return None

    @property
    def labelled(self) -> bool:
        """Whether each sample must come with its class, and what is said of it beside that counts."""
        return True
