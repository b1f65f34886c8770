"""What this process runs on: device, threads, and whether bf16 is in the hardware."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tellapart.errors import SettingError

if TYPE_CHECKING:
    import torch

    from tellapart.config import TrainConfig


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
MALLOC = {M_MMAP_THRESHOLD: 1 << 30, M_TRIM_THRESHOLD: (1 << 31) - 1, M_TOP_PAD: 256 << 20}
"""glibc's mallopt: below 1 GiB nothing is mapped by itself, the heap grows by 256 MiB and is not cut."""


SPINS = 1000
"""Times that an idle thread looks for work before it sleeps.

Measured on two Zen 5 cores, a step of the small convnet, alone / beside a hog: 0 spins 4.5 / 10.8 ms, 600 3.2 / 10.0,
1,000 2.7 / 10.2, 5,000 2.4 / 15, 100,000 2.3 / 79.
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """Where training and prediction happen."""

    device: torch.device
    threads: int
    bf16: bool
    """Whether the device multiplies bf16 in hardware."""
    tiles: bool = False
    """Whether it is a processor that does so in tiles (AMX)."""
    passive: bool = False
    """Whether idle threads sleep instead of spinning."""
    keeps_memory: bool = False
    """Whether what large tensors give back stays with the process."""


def join_world(config: TrainConfig) -> World:
    """The world that the settings ask for; sets this process's thread count."""
    import torch

    if config.device == "cuda" and not torch.cuda.is_available():
        raise SettingError(
            "device is 'cuda', but torch finds no GPU here; `tellapart doctor` says what it finds. Take --device cpu."
        )
    cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    threads = config.threads or min(torch.get_num_threads(), allowed_cpus())  # torch's heeds OMP_NUM_THREADS
    kept = keep_freed_memory()
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return World(
        device=torch.device("cuda" if cuda else "cpu"),
        threads=threads,
        bf16=torch.cuda.is_bf16_supported(False) if cuda else cpu_has("avx512_bf16", "amx_tile"),
        tiles=not cuda and cpu_has("amx_tile"),
        passive=os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE",
        keeps_memory=kept,
    )


def available_cpus() -> set[int]:
    """The processors that this process may run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def allowed_cpus(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Processors whose time this process may use: those it may run on, or the quota of its container, 1 at least."""
    quotas = []
    for quota, period in (("cpu.max", None), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            words = (groups / quota).read_text().split() + ([(groups / period).read_text()] if period else [])
            if words[0] not in ("max", "-1"):
                quotas.append(max(1, int(words[0]) // int(words[1])))
        except (OSError, ValueError, IndexError):
            continue  # no control group of that kind, or none that is limited
    return min([len(available_cpus()), *quotas])


def wait_passively() -> None:
    """Have idle threads of torch sleep after a moment instead of spin on, from when it loads.

    Beside other work spinning costs most; sleeping at once makes small steps 1.7x slower where there is none. Once
    torch is loaded it is too late, and what the caller's environment says is kept.
    """
    if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def keep_freed_memory() -> bool:
    """Have glibc keep what large tensors give back, so that each step does not fault its pages in anew.

    Only training asks for it: memory stays with the process. Where the C library is another one, nothing happens.
    Whether it does so comes out.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    taken = [libc.mallopt(option, value) for option, value in MALLOC.items()]
    return all(taken)


def free_memory_bytes() -> int | None:
    """Memory that can be had without swapping, what the system caches counted in; None where it can't be told."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    lines = dict(line.split(":") for line in path.read_text().splitlines())
    return int(lines["MemAvailable"].removesuffix("kB")) * 1024


def cpu_has(*features: str) -> bool:
    """Whether torch finds one of these in the processor: `avx512_bf16` or `amx_tile`; without, bf16 is slower."""
    import torch

    probes = (getattr(torch.cpu, f"_is_{feature}_supported", None) for feature in features)
    return any(probe() for probe in probes if probe)
