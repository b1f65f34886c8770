"""tellapart check: source -> one look at each sample -> findings -> table, issues.csv, page. Nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tellapart.audit import BLOCKING, findings, in_order
from tellapart.audit.facts import classes_by_part, facts_of
from tellapart.audit.labels import Doubt, OutOfFold, doubts, label_issue
from tellapart.audit.page import CheckContent, render_check
from tellapart.audit.survey import Survey, surveyed
from tellapart.commands.out_of_fold import out_of_fold
from tellapart.commands.watch import Silence, Watch
from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.data.preview import enlarged, png
from tellapart.data.source import Source, understood
from tellapart.errors import UnreadableError
from tellapart.names import counted
from tellapart.runs.check_folder import CheckFolder
from tellapart.types import Issue

SIDE = 160
"""Pixels a side of a picture on the page, at most."""
CLASSES_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found wrong with data."""

    path: Path
    """Folder with `issues.csv` and `check.html`."""
    issues: tuple[Issue, ...]
    """What blocks first."""
    counts: dict[str, int]
    """Issues of each kind, in the same order."""
    samples: int
    """Those that can be read."""
    classes: dict[str, dict[str, int]]
    """Samples of each class in each part."""

    @property
    def blocking(self) -> tuple[Issue, ...]:
        """Those that training should not be started with."""
        return tuple(issue for issue in self.issues if issue.kind in BLOCKING)

    @property
    def page(self) -> Path:
        """The findings with their pictures, as one HTML file."""
        return CheckFolder(path=self.path).page


def check(
    data: str | Path, config: DataConfig, *, out: Path = Path("check"), quick: bool = False, watch: Watch | None = None
) -> Checked:
    """Look for what is wrong with data; a folder with a list and a page comes out.

    out    where that folder is made; a name that is taken gets a number
    quick  leave out the search for wrong labels, which trains models
    """
    watch = watch or Silence()
    source = open_source(data, config)
    watch.say(f"{source.name}: {understood(source.entries()[0])}")
    survey = surveyed(source)
    watch.say(f"{counted(len(survey.entries), 'sample')} decoded; looking for copies, odd ones and shortcuts")
    answers = None if quick else out_of_fold(survey, watch)
    doubted = {survey.entries[doubt.row].id: doubt for doubt in (doubts(answers) if answers else [])}
    found = [label_issue(path, doubt) for path, doubt in doubted.items()]
    issues = in_order([*survey.issues, *findings(survey), *found])
    folder = CheckFolder.new(out, source.name)
    folder.write(issues, render_check(_content(survey, issues, doubted, _said(quick, answers)), _pictures(source)))
    return Checked(
        path=folder.path,
        issues=tuple(issues),
        counts=dict(Counter(issue.kind for issue in issues)),
        samples=len(survey.entries),
        classes=classes_by_part(survey.entries),
    )


def _content(survey: Survey, issues: list[Issue], doubted: dict[str, Doubt], labels: str) -> CheckContent:
    classes = classes_by_part(survey.entries)
    parts = list(next(iter(classes.values())))
    return CheckContent(
        name=survey.name,
        understood=understood(survey.entries),
        samples=len(survey.entries),
        parts=parts,
        classes=[(name, list(counts.values())) for name, counts in list(classes.items())[:CLASSES_SHOWN]],
        more_classes=max(0, len(classes) - CLASSES_SHOWN),
        facts=facts_of(survey),
        issues=issues,
        doubts=doubted,
        labels=labels,
    )


def _said(quick: bool, answers: OutOfFold | None) -> str:
    """A sentence: how labels were looked at."""
    if quick:
        return "Labels were not looked at; without --quick they are."
    if answers is None:
        return "Labels were not looked at: fewer than two classes have enough samples to leave some of them out."
    right = float((answers.probabilities.argmax(axis=1) == answers.given).mean())
    return (
        f"Labels were held against {answers.model} that never saw the sample; "
        f"it agrees with {right:.1%} of them. The less it agrees, the less its doubts mean."
    )


def _pictures(source: Source) -> Callable[[str], bytes | None]:
    """Id of a sample -> PNG of it; None where there is none to show."""
    entries = {entry.id: entry for entry in source.entries()[0]} if source.kind == "image" else {}

    def picture(path: str) -> bytes | None:
        try:
            value = source.value(entries[path])
        except (KeyError, UnreadableError):
            return None
        return png(enlarged(value, min(SIDE, max(value.shape[:2]))))

    return picture
