"""What a measurement ran on, and where its result goes."""

import json
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tellapart.runs.facts import versions
from tellapart.world import available_cpus

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Processor, cores and versions."""
    return {
        "processor": processor(),
        "cores": len(available_cpus()),
        "versions": versions(),
    }


def write_result(name: str, content: dict[str, Any]) -> None:
    """Put a result with its machine and day into `bench/results`."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"measured": datetime.now(UTC).date().isoformat(), "machine": machine(), **content}
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n")


def before(name: str, part: str) -> Any:
    """A part of the result of the last time; ends the script where it is of another machine or not there."""
    path = RESULTS / f"{name}.json"
    whole = json.loads(path.read_text()) if path.exists() else {}
    if part not in whole or whole["machine"] != machine():
        sys.exit(f"{path} has no {part!r} of this machine: measure it too.")
    return whole[part]


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, lowest and highest of some runs, and the runs themselves."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "runs": list(values)}


def processor() -> str:
    """Its name, with the generation where that alone says nothing: cloud machines call each of them AMD EPYC."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().split("\n\n")[0].splitlines() if path.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name") or platform.processor()
    bf16 = "avx512_bf16" in facts.get("flags", "").split()
    zen = {"25": "Zen 4" if bf16 else "Zen 3", "26": "Zen 5"}.get(facts.get("cpu family", ""))
    return f"{name} ({zen})" if zen and name.startswith("AMD") else name
