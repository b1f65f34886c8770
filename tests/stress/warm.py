"""Processes that begin at once: children of one that has torch loaded and has computed nothing."""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a fork keeps no threads

import importlib
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from tellapart.cli import main

LOADED = (
    "jinja2", "matplotlib.backends.backend_svg", "matplotlib.figure", "rich.table", "safetensors.torch",
    "sklearn.datasets", "sklearn.metrics", "tellapart.commands.resume", "tellapart.commands.show",
    "tellapart.data.sources.digits", "tellapart.models.cnn", "tellapart.models.mlp",
)  # fmt: skip
CRASHED = 70
"""Exit code of a child that ended with a traceback."""


def nothing() -> None:
    """What is done in a child before its work, where there is nothing to do."""


def load() -> None:
    """Load what children need, so that none of them has to."""
    for name in LOADED:
        importlib.import_module(name)


def started(words: list[str], said: int, cwd: Path, before: Callable[[], None] = nothing) -> int:
    """Process id of a child that does what `tellapart WORDS` does, after `before`; `said` takes what it says."""
    pid = os.fork()
    if pid:
        return pid
    code = CRASHED
    try:
        for stream in (1, 2):
            os.dup2(said, stream)
        sys.stdout, sys.stderr = (os.fdopen(stream, "w", closefd=False) for stream in (1, 2))
        os.chdir(cwd)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        before()
        main(words)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - it is told, and the code says so
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int) -> int:
    """The exit code of a child, once it has ended; the negative of the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
