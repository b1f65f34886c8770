"""Ctrl-C and SIGTERM while training: the step is finished and saved; a second one stops at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(kw_only=True)
class Stop:
    """Whether somebody asked training to stop."""

    requested: bool = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """While inside, the first signal is a request, the second a KeyboardInterrupt; then all is as it was before.

    In another thread than the main one Python hands out no signals: there nothing is ever requested.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(*_: int | FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True
        with suppress(OSError):  # nobody listens any more
            os.write(
                2, b"\nFinishing this step, then saving; once more to stop at once.\n"
            )  # safe inside a signal handler

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
