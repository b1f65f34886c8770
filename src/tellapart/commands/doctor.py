"""tellapart doctor: what this machine offers, and what is missing."""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any

from tellapart.data.download import data_homes
from tellapart.runs.facts import versions
from tellapart.world import available_cpus, cpu_has, free_memory_bytes


def doctor() -> dict[str, Any]:
    """Facts about the machine, each a word or a number."""
    import torch

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {
        "versions": versions(),
        "python": sys.executable,
        "cpus": len(available_cpus()),
        "bf16 in the processor": cpu_has("avx512_bf16", "amx_tile"),
        "gpu": gpu,
        "free memory": _size(free_memory_bytes()),
        "free disk": _size(shutil.disk_usage(Path.cwd()).free),
        "data folders": [str(folder) for folder in data_homes(None)],
        "missing extras": missing_extras(),
    }


def missing_extras() -> dict[str, list[str]]:
    """Extra -> its packages that are not installed."""
    missing: dict[str, list[str]] = {}
    for requirement in metadata("tellapart").get_all("Requires-Dist") or []:
        name, _, condition = requirement.partition(";")
        if "extra ==" not in condition:
            continue
        extra = condition.split("==")[1].strip(" '\"")
        package = "".join(c if c.isalnum() or c in "-_." else " " for c in name).split()[0]
        try:
            version(package)
        except PackageNotFoundError:
            missing.setdefault(extra, []).append(package)
    return missing


def _size(size_bytes: int | None) -> str | None:
    return None if size_bytes is None else f"{size_bytes / 2**30:.1f} GiB"
