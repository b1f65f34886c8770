"""What a measurement ran on, and where its result goes."""

import json
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tellapart.runs.facts import versions
from tellapart.world import available_cpus

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Processor, cores and versions."""
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(available_cpus()),
        "versions": versions(),
    }


def write_result(name: str, content: dict[str, Any]) -> None:
    """Put a result with its machine and day into `bench/results`."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"measured": datetime.now(UTC).date().isoformat(), "machine": machine(), **content}
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n")


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, lowest and highest of some runs, and the runs themselves."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "runs": list(values)}


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
