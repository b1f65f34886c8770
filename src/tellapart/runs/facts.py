"""run.json: what was asked, with what, when, and how it ended."""

from __future__ import annotations

import platform
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tellapart import __version__
from tellapart.runs.run_folder import RunFolder

PACKAGES = ("torch", "numpy", "pillow", "scikit-learn", "safetensors", "timm")


@contextmanager
def recorded(run: RunFolder, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """run.json while the work inside goes on; at its end with the status finished, interrupted or failed, and why.

    What the caller puts into the dictionary is written at the end.
    """
    started = time.time()
    facts = {"status": "running", **facts, "versions": versions(), "started": _clock(started), "exit_reason": None}
    run.write_facts(facts)
    try:
        yield facts
    except KeyboardInterrupt as stopped:
        facts |= {"status": "interrupted", "exit_reason": str(stopped) or "interrupted at once, without saving"}
        raise
    except BaseException as error:
        facts |= {"status": "failed", "exit_reason": f"{type(error).__name__}: {error}"}
        raise
    else:
        facts["status"] = "finished"
    finally:
        finished = time.time()
        with suppress(OSError) if facts["status"] == "failed" else nullcontext():  # what failed first is what is told
            run.write_facts(facts | {"finished": _clock(finished), "seconds": round(finished - started, 3)})


def versions() -> dict[str, str]:
    """Of tellapart, Python, the system and the packages that can change a result; those not installed are left out."""
    found = {"tellapart": __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def command_line() -> str:
    """What was typed to start this process."""
    program = "tellapart" if sys.argv[0].endswith(("tellapart", "__main__.py")) else sys.argv[0]
    return shlex.join([program, *sys.argv[1:]])


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
