"""The page that shows what is wrong with data: one HTML file that opens anywhere, offline, without scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tellapart.audit import BLOCKING
from tellapart.audit.copies import other_of
from tellapart.audit.differing import Stretch, differing
from tellapart.audit.labels import Doubt
from tellapart.audit.survey import Survey
from tellapart.audit.tally import classes_by_part, facts_of
from tellapart.data.source import understood
from tellapart.evaluation.report import palette, render_page
from tellapart.names import counted
from tellapart.types import Issue

CLASSES_SHOWN = 40
"""Past so many classes the rest is counted."""
SHOWN = 24
"""Findings of a kind that are shown; all of them are in issues.csv."""

KINDS: dict[str, tuple[str, str]] = {
    "leak": ("Leaks", "The same sample, nearly the same, or one group in two parts: what judges was learned from."),
    "conflict": ("Conflicts", "The same sample, or nearly the same, under two labels: one of them is wrong."),
    "lost-class": ("Lost classes", "Classes of which no sample can be read."),
    "one-class": ("One class alone", "A classifier needs two."),
    "single-example": ("Single examples", "Classes that can be learned or judged, not both."),
    "unreadable": ("Unreadable", "They are left out of training."),
    "not-a-picture": ("No pictures", "Files that are left out, since they are not named like pictures."),
    "no-class": ("Without a class", "Files that are left out, since they lie in no class folder."),
    "outside": ("Links that lead out", "Files that are left out, since they lie outside of the folder."),
    "label": (
        "Labels in doubt",
        "A model that never saw the sample is sure of another class. The most suspicious first.",
    ),
    "copy": ("Copies", "The same content twice in a class."),
    "near-copy": (
        "Near copies",
        "Nearly the same twice in a class: a picture cropped, brightened or mirrored, a series but for noise, "
        "a text but for a few words.",
    ),
    "tiny-class": ("Tiny classes", "Too few to learn from and to judge by."),
    "imbalance": ("Imbalance", "Accuracy hides what happens to the small class."),
    "missing-class": ("Missing classes", "Parts that lack a class which another part has."),
    "constant": ("Constant", "Nothing changes from the first step to the last."),
    "constant-channel": ("Constant channels", "They say nothing about any sample."),
    "missing-values": ("Missing values", "Half or more of the values of a series."),
    "channels": ("Other channels", "They are left out of training: most samples have another number of channels."),
    "blank": ("Blank", "All pixels alike."),
    "dark": ("Very dark", "Hardly anything can be made out."),
    "bright": ("Very bright", "Hardly anything can be made out."),
    "blurred": ("Blurred", "Far less sharp than is usual here."),
    "odd-size": ("Odd sizes", "Far larger or smaller than is usual here."),
    "odd-aspect": ("Odd aspects", "Far wider or taller than is usual here."),
    "shortcut": ("Shortcuts", "Something beside the subject tells the classes apart, and a model would learn that."),
}
"""Kind -> (what it is called, what it means); another is shown by its own name."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What there is to see of a sample."""

    id: str
    png: bytes | None
    """None where there is none to show."""
    words: Sequence[Stretch] = ()
    """How a text begins."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A finding as it is shown."""

    issue: Issue
    shot: Shot
    beside: Shot | None
    """The other one of a pair."""
    doubt: Doubt | None


@dataclass(frozen=True, kw_only=True)
class CheckContent:
    """All that the page shows."""

    name: str
    understood: str
    samples: int
    parts: Sequence[str]
    classes: Sequence[tuple[str, Sequence[int]]]
    """Class, and its samples in each of the parts."""
    more_classes: int
    facts: Mapping[str, str]
    issues: Sequence[Issue]
    doubts: Mapping[str, Doubt]
    """Id of a sample -> what is doubted."""
    labels: str
    """A sentence: how labels were looked at."""
    texts: Mapping[str, str]
    """Id of a text -> how it begins."""
    curves: bool
    """Whether the pictures are curves, twice as wide as high."""


def content_of(
    survey: Survey,
    issues: list[Issue],
    doubted: dict[str, Doubt],
    labels: str,
    texts: Mapping[str, str] = MappingProxyType({}),
) -> CheckContent:
    """What the page shows of a survey and its issues.

    doubted  id of a sample -> what is doubted about its label
    labels   a sentence: how labels were looked at
    texts    id of a text -> how it begins
    """
    classes = classes_by_part(survey.by_class)
    return CheckContent(
        name=survey.name,
        understood=understood(survey.entries, survey.tasks),
        samples=len(survey.entries),
        parts=list(next(iter(classes.values()))),
        classes=[(name, list(counts.values())) for name, counts in list(classes.items())[:CLASSES_SHOWN]],
        more_classes=max(0, len(classes) - CLASSES_SHOWN),
        facts=facts_of(survey),
        issues=issues,
        doubts=doubted,
        labels=labels,
        texts=texts,
        curves=survey.kind in ("series", "audio"),
    )


def render_check(content: CheckContent, png: Callable[[str], bytes | None]) -> str:
    """The page as HTML; `png` gives the picture of a sample by its id, None where there is none to show."""
    stopping = sum(issue.kind in BLOCKING for issue in content.issues)
    context = {
        "content": content,
        "stopping": stopping,
        "sentences": [*_sentences(content, stopping), content.labels],
        "groups": _groups(content, png),
        "palette": palette(),
    }
    return render_page("tellapart.audit", "check.html", context, {})


def _sentences(content: CheckContent, stopping: int) -> list[str]:
    if not content.issues:
        return ["Nothing was found that is wrong with these data."]
    if not stopping:
        return ["Nothing here stands in the way of training. What was found is worth a look."]
    return [
        f"{counted(stopping, 'finding')} should be put right before a model is trained: "
        "the numbers in its report would not mean what they say."
    ]


def _groups(content: CheckContent, png: Callable[[str], bytes | None]) -> list[dict[str, Any]]:
    """The findings of each kind, those that are shown with their pictures."""
    groups = []
    for kind, count in Counter(issue.kind for issue in content.issues).items():
        issues = [issue for issue in content.issues if issue.kind == kind][:SHOWN]
        shown = [_item(issue, content, png) for issue in issues]
        title, meaning = KINDS.get(kind, (kind.capitalize(), ""))
        groups.append(
            {
                "title": title,
                "meaning": meaning,
                "count": count,
                "blocking": kind in BLOCKING,
                "shown": shown,
                "pictures": any(item.shot.png is not None for item in shown),
                "texts": any(item.shot.words for item in shown),
                "marked": any(
                    mark for item in shown if item.beside for _, mark in [*item.shot.words, *item.beside.words]
                ),
                "pairs": any(item.beside is not None for item in shown),
            }
        )
    return groups


def _item(issue: Issue, content: CheckContent, png: Callable[[str], bytes | None]) -> Item:
    other, texts = other_of(issue), content.texts
    words = [(texts[issue.path], False)] if issue.path in texts else []
    beside = None
    if other is not None:
        before = [(texts[other], False)] if other in texts else []
        if words and before:
            before, words = differing(texts[other], texts[issue.path])
        beside = Shot(id=other, png=png(other), words=before)
    return Item(
        issue=issue,
        shot=Shot(id=issue.path, png=png(issue.path), words=words),
        beside=beside,
        doubt=content.doubts.get(issue.path) if issue.kind == "label" else None,
    )
