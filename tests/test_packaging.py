"""What is installed is what is pinned."""

import re
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent


def canonical(name: str) -> str:
    """The name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_installed_package_is_pinned_at_its_version() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    pinned = {canonical(name): version for name, version in pinned.items()}
    installed = {canonical(d.name): d.version for d in distributions()}
    own = {"pip", "tellapart"}
    assert {n: v for n, v in installed.items() if n not in own and pinned.get(n) != v} == {}


def test_constraints_hold_names_and_versions_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", line) for line in lines)
