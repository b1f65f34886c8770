"""The kills of `make stress` in small: what they demand holds, and they find what is planted."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def stressed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], check=False, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_four_kills_cost_no_bit() -> None:
    done = stressed("tests.stress.kills", "--kills", "4", "--only", "mlp")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n4 kills (" in done.stdout
    assert "0 wrong" in done.stdout


@pytest.mark.slow
def test_augmentation_that_draws_from_the_global_generator_is_found_by_kills() -> None:
    done = stressed("tests.stress.kills", "--kills", "2", "--planted-bug")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG  crop and flip: not the bytes of the unbroken run: " in done.stdout
