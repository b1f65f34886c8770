"""What this process runs on: device, threads, and whether bf16 is in the hardware."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tellapart.errors import SettingError

if TYPE_CHECKING:
    import torch

    from tellapart.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class World:
    """Where training and prediction happen."""

    device: torch.device
    threads: int
    bf16: bool
    """Whether the device multiplies bf16 in hardware."""


def join_world(config: TrainConfig) -> World:
    """The world that the settings ask for; sets this process's thread count."""
    import torch

    if config.device == "cuda" and not torch.cuda.is_available():
        raise SettingError(
            "device is 'cuda', but torch finds no GPU here; `tellapart doctor` says what it finds. Take --device cpu."
        )
    cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    threads = config.threads or torch.get_num_threads()  # torch's own heeds OMP_NUM_THREADS and the caller
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return World(
        device=torch.device("cuda" if cuda else "cpu"),
        threads=threads,
        bf16=torch.cuda.is_bf16_supported(False) if cuda else cpu_has_bf16(),
    )


def available_cpus() -> set[int]:
    """The processors that this process may run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def free_memory_bytes() -> int | None:
    """Memory that can be had without swapping, what the system caches counted in; None where it can't be told."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    lines = dict(line.split(":") for line in path.read_text().splitlines())
    return int(lines["MemAvailable"].removesuffix("kB")) * 1024


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bf16 in hardware (AVX512_BF16 or AMX); without, bf16 is slower than fp32."""
    import torch

    probes = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(probe() for probe in probes if probe)
