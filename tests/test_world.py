"""What this process runs on: threads that its container allows, waiting that leaves others the processor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tellapart.world import allowed_cpus, available_cpus

HERE = len(available_cpus())
QUOTAS = {
    "none": ({}, HERE),
    "unlimited": ({"cpu.max": "max 100000\n"}, HERE),
    "one processor": ({"cpu.max": "100000 100000\n"}, 1),
    "half of one": ({"cpu.max": "50000 100000\n"}, 1),
    "one and a half": ({"cpu.max": "150000 100000\n"}, 1),
    "more than there are": ({"cpu.max": "99900000 100000\n"}, HERE),
    "of the old kind": ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    "of the old kind, unlimited": ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, HERE),
    "not readable": ({"cpu.max": "\n"}, HERE),
}


@pytest.mark.parametrize(("files", "threads"), QUOTAS.values(), ids=QUOTAS.keys())
def test_threads_are_no_more_than_the_container_has_time_for(
    files: dict[str, str], threads: int, tmp_path: Path
) -> None:
    (tmp_path / "cpu").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert allowed_cpus(tmp_path) == threads


SAY = "print(os.environ.get('OMP_WAIT_POLICY'), 'torch' in sys.modules)"
WAYS = {
    "the command line": "import tellapart.cli as cli; cli.main(['recipes', '--quiet', '--json'])",
    "python": "import tellapart; tellapart.train('digits', epochs=1, quiet=True, runs_dir=sys.argv[1], model='mlp')",
}


def said(code: str, *words: str, **environment: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    command = [sys.executable, "-c", f"import os, sys\n{code}\n{SAY}", *words]
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=kept | environment).stdout
    return out.splitlines()[-1].split()


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS.keys())
def test_threads_wait_passively(code: str, tmp_path: Path) -> None:
    assert said(code, str(tmp_path))[0] == "PASSIVE"


def test_what_the_environment_says_is_kept() -> None:
    assert said(WAYS["the command line"], OMP_WAIT_POLICY="ACTIVE")[0] == "ACTIVE"


def test_with_torch_loaded_it_is_too_late_and_nothing_is_said() -> None:
    assert said(f"import torch; {WAYS['the command line']}") == ["None", "True"]
