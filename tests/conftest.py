"""Fixtures for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it are skipped where it is not there."""
    if not SHARED.is_dir():
        pytest.skip(f"no real data at {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test looks into the cache of the person who runs it, or heeds the variables of that person."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    for name in [name for name in os.environ if name.startswith("TELLAPART_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="module")
def _own_threads() -> Iterator[None]:
    """A run sets the thread count of its process; the tests of another file start from the usual one."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
