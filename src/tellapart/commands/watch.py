"""What a person sees while a command works: a bar in a terminal, plain lines elsewhere, nothing when told so."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")
REFRESH_S = 0.1
"""Seconds between two updates of a bar."""


class Watch(Protocol):
    """Who is told how the work goes."""

    def say(self, line: str) -> None:
        """One line about what was found or done."""

    def work(self, label: str, total: int, done: int = 0) -> AbstractContextManager[None]:
        """Work of so many steps goes on inside, of which some are done already."""

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """The same items; each counts as one step of the work done."""


class Silence:
    """Tells nobody."""

    def say(self, line: str) -> None: ...

    def work(self, label: str, total: int, done: int = 0) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def each(self, items: Iterable[T]) -> Iterator[T]:
        return iter(items)


class Lines(Silence):
    """Lines on stderr, for logs and pipes."""

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class Bars:
    """Lines with a bar below them that shows rate and time left, on a terminal's stderr."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def work(self, label: str, total: int, done: int = 0) -> Iterator[None]:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        rate = TextColumn("{task.fields[rate]}")
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            rate,
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True, refresh_per_second=5) as self._bar:
            self._task = self._bar.add_task(label, total=total, completed=done, rate="")
            yield
        self._bar = None

    def each(self, items: Iterable[T]) -> Iterator[T]:
        done, since = 0, time.monotonic()
        try:
            for item in items:
                done += 1
                yield item
                waited_s = time.monotonic() - since
                if waited_s > REFRESH_S:
                    self._advance(done, waited_s)
                    done, since = 0, time.monotonic()
        finally:  # where the rest is not asked for, too
            if done:
                self._advance(done, time.monotonic() - since)

    def _advance(self, done: int, seconds: float) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=done, rate=f"{done / max(seconds, 1e-9):,.0f} steps/s")


def watch_for(quiet: bool) -> Watch:
    """The fitting one for where this process writes; what the rooms log (a download, say) is told there too."""
    if quiet:
        return Silence()
    watch = Bars() if sys.stderr.isatty() else Lines()
    log = logging.getLogger("tellapart")
    log.setLevel(logging.INFO)
    log.handlers = [_Told(watch)]
    return watch


class _Told(logging.Handler):
    """Passes log records on to a watch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self._watch.say(self.format(record))


class Stopwatch:
    """Seconds of each stage of the work, one after the other."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a stage, or another part of it; the next one begins."""
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0.0) + now - self._since, 3)
        self._since = now
