"""What is wrong with a line of a file that holds many samples: the line is left out, and it is told."""

from typing import NamedTuple

from tellapart.errors import UnreadableError
from tellapart.names import counted

MOST_ISSUES = 100_000
"""In a file; with more of them it is another kind of file."""


class LineIssue(NamedTuple):
    """One line that can't be used."""

    line: int
    """Counted from 1."""
    kind: str
    """As in `no-number`."""
    detail: str


def noted(issues: list[LineIssue], line: int, kind: str, detail: str) -> None:
    """Add an issue; UnreadableError where there are more than any mistake explains."""
    if len(issues) >= MOST_ISSUES:
        first = issues[0]
        raise UnreadableError(
            f"more than {counted(MOST_ISSUES, 'line')} can't be used; the first is line {first.line:,}: {first.detail}"
        )
    issues.append(LineIssue(line, kind, detail))
