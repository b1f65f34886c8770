"""tellapart check: source -> one look at each sample -> findings -> table, issues.csv, page. Nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tellapart.audit import BLOCKING, findings, in_order
from tellapart.audit.copies import other_of
from tellapart.audit.labels import OutOfFold, agreement, doubts, label_issue
from tellapart.audit.page import content_of, render_check
from tellapart.audit.survey import Survey, surveyed
from tellapart.audit.tally import classes_by_part, counts_of, facts_of
from tellapart.commands.out_of_fold import out_of_fold
from tellapart.commands.watch import Silence, Watch
from tellapart.config import Reading
from tellapart.data import open_source
from tellapart.data.curves import curve
from tellapart.data.glimpse import begins
from tellapart.data.preview import enlarged, png
from tellapart.data.scale import step_means
from tellapart.data.source import Source, Value, understood
from tellapart.data.tasks import asked
from tellapart.errors import DataError, UnreadableError
from tellapart.names import counted
from tellapart.runs.check_folder import CheckFolder
from tellapart.types import DataSpec, Issue

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 160
"""Pixels a side of a picture on the page, at most."""


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
    files: dict[str, dict[str, int]]
    """Pictures of each of the `sizes`, `formats` and `modes`, and those that bear something in `exif`."""
    facts: dict[str, str]
    """The same in words, by name."""
    texts: dict[str, str] | None = None
    """Id of each text that an issue names -> how it begins; None where the samples are no texts."""

    @property
    def blocking(self) -> tuple[Issue, ...]:
        """Those that training should not be started with."""
        return tuple(issue for issue in self.issues if issue.kind in BLOCKING)

    def words_of(self, issue: Issue) -> dict[str, str]:
        """How the `text` of an issue begins, and the `other_text` of a pair; nothing where the samples are no texts."""
        named = {"text": issue.path, "other_text": other_of(issue)}
        return (
            {name: self.texts.get(path, "") for name, path in named.items() if path} if self.texts is not None else {}
        )

    @property
    def page(self) -> Path:
        """The findings with their pictures, as one HTML file."""
        return CheckFolder(path=self.path).page


def check(
    data: str | Path, reading: Reading, *, out: Path = Path("check"), quick: bool = False, watch: Watch | None = None
) -> Checked:
    """Look for what is wrong with data; a folder with a list and a page comes out.

    out    where that folder is made; a name that is taken gets a number
    quick  leave out the search for wrong labels, which trains models
    """
    watch = watch or Silence()
    source = open_source(data, reading)
    tasks = asked(source.name, source.entries()[0], reading)
    watch.say(f"{source.name}: {understood(source.entries()[0], tasks)}")
    survey = replace(surveyed(source), tasks=tasks, separator=reading.label_separator)
    watch.say(f"{counted(len(survey.entries), 'sample')} decoded; looking for copies, odd ones and shortcuts")
    seen = [*survey.issues, *findings(survey)]
    answers, said = None, "Labels were not looked at; without --quick they are."
    if tasks:
        said = "Labels were not looked at: that is done of one class out of all alone."
    elif not quick:
        answers, said = _answers(survey, source, watch)
    doubted = {survey.entries[doubt.row].id: doubt for doubt in (doubts(answers) if answers else [])}
    issues = in_order([*seen, *(label_issue(path, doubt) for path, doubt in doubted.items())])
    folder = CheckFolder.new(out, source.name)
    texts = _texts(source, issues)
    page = render_check(content_of(survey, issues, doubted, said, texts or {}), _pictures(source))
    folder.write(issues, page, texts)
    return Checked(
        path=folder.path,
        issues=tuple(issues),
        counts=dict(Counter(issue.kind for issue in issues)),
        samples=len(survey.entries),
        classes=classes_by_part(survey.by_class),
        files=counts_of(survey),
        facts=facts_of(survey),
        texts=texts,
    )


def _answers(survey: Survey, source: Source, watch: Watch) -> tuple[OutOfFold | None, str]:
    """What models say that never saw a sample, and a sentence about how labels were looked at."""
    try:
        answers = out_of_fold(survey, watch, source)
    except DataError as error:
        return None, f"Labels were not looked at: {error}"
    return answers, agreement(answers)


def _texts(source: Source, issues: Sequence[Issue]) -> dict[str, str] | None:
    """Id of each text that an issue names -> how it begins; None where the samples are no texts."""
    if source.kind != "text":
        return None
    named = {path for issue in issues for path in (issue.path, other_of(issue)) if path is not None}
    found = {}
    for entry in source.entries()[0]:
        if entry.id in named:
            with suppress(UnreadableError):
                found[entry.id] = begins(source.value(entry))
    return found


def _pictures(source: Source) -> Callable[[str], bytes | None]:
    """Id of a sample -> PNG of it; None where there is none to show."""
    entries = {entry.id: entry for entry in source.entries()[0]} if source.kind in ("image", "series", "audio") else {}

    def picture(path: str) -> bytes | None:
        try:
            value = source.value(entries[path])
        except (KeyError, UnreadableError):
            return None
        return png(seen(value) if source.kind != "image" else enlarged(value, min(SIDE, max(value.shape[:2]))))

    def seen(steps: Value) -> Image:
        mean, std = step_means(steps)
        scale = np.where(std > 0, std, 1.0).tolist()
        spec = DataSpec(
            kind=source.kind, shape=steps.shape[::-1], classes=(), mean=tuple(mean.tolist()), std=tuple(scale)
        )
        return curve(steps, spec)

    return picture
