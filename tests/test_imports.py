"""The rooms: nothing imports forward, nothing heavy loads early, nothing is ever unpickled."""

import ast
import json
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
FOUNDATION = ("errors", "types", "names", "phases", "checks", "config", "seeds", "world", "files")
ROOMS = ("data", "models", "training", "runs", "evaluation", "audit", "commands")
FACES = ("api", "estimator", "layers", "cli", "__main__")
HEAVY = ("torch", "sklearn", "matplotlib", "scipy")
PICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def module_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted((SRC / "tellapart").rglob("*.py"))}


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports_of(module: str) -> set[str]:
    """Modules of tellapart that this one imports anywhere: in functions and under TYPE_CHECKING too."""
    found: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                found.add(inside if inside in MODULES else node.module)
    return found - {module}


def room(module: str) -> str:
    """`data` for `tellapart.data.split`, `` for the package itself."""
    return [*module.split("."), ""][1]


def rank(module: str) -> int:
    """The place in the line; equal for data and models, whose own rule follows, and for all faces."""
    name = room(module)
    if name in FACES:
        return 100
    if name in ROOMS:
        return 50 + max(1, ROOMS.index(name))
    return 1 + FOUNDATION.index(name) if name else 0


EDGES = [(module, other) for module in MODULES for other in sorted(imports_of(module))]


def test_every_module_has_a_place_in_the_line() -> None:
    assert {room(module) for module in MODULES} <= {"", *FOUNDATION, *ROOMS, *FACES}


def test_the_imports_are_found() -> None:
    assert ("tellapart.models", "tellapart.seeds") in EDGES
    assert ("tellapart.runs.checkpoint", "tellapart.training.fit") in EDGES  # under TYPE_CHECKING
    assert ("tellapart.cli.learning", "tellapart.commands.train") in EDGES  # inside a function


@pytest.mark.parametrize("module", [module for module in MODULES if module != "tellapart"])
def test_nothing_imports_forward(module: str) -> None:
    assert [other for other in sorted(imports_of(module)) if rank(other) > rank(module)] == []


def test_the_package_hands_out_the_python_face_and_knows_nothing_else() -> None:
    assert imports_of("tellapart") == {"tellapart.api", "tellapart.estimator"}


def test_from_the_package_itself_only_the_version_is_imported() -> None:
    names = {
        alias.name
        for module in MODULES
        if room(module) not in ("api", "estimator")
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom) and node.module == "tellapart"
        for alias in node.names
        if f"tellapart.{alias.name}" not in MODULES
    }
    assert names <= {"__version__"}


def test_data_and_models_do_not_know_each_other() -> None:
    between = {("data", "models"), ("models", "data")}
    assert [edge for edge in EDGES if (room(edge[0]), room(edge[1])) in between] == []


def test_no_two_modules_import_each_other_in_a_ring() -> None:
    left = {module: imports_of(module) for module in MODULES if module != "tellapart"}
    while left:
        free = {module for module, others in left.items() if not others & left.keys()}
        assert free, f"a ring among {sorted(left)}"
        left = {module: others for module, others in left.items() if module not in free}


def test_no_import_is_relative() -> None:
    relative = [m for m in MODULES for n in ast.walk(tree_of(m)) if isinstance(n, ast.ImportFrom) and n.level]
    assert relative == []


@pytest.mark.parametrize("module", list(MODULES))
def test_every_module_says_what_it_is(module: str) -> None:
    assert (ast.get_docstring(tree_of(module)) or "").strip()


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}
    assert [module for module in MODULES if set(module.split(".")) & empty] == []


@pytest.mark.parametrize("module", list(MODULES))
def test_nothing_is_ever_unpickled(module: str) -> None:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & PICKLERS
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in PICKLERS
            assert (node.module, "load") not in {("torch", a.name) for a in node.names if node.module == "torch"}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {
                ("torch", "load"),
                ("pd", "read_pickle"),
                ("pandas", "read_pickle"),
            }
        elif isinstance(node, ast.keyword):
            assert node.arg != "allow_pickle" or (isinstance(node.value, ast.Constant) and node.value.value is False)


def loaded_by(code: str) -> list[str]:
    """Heavy packages that are loaded once `code` has run in a fresh process."""
    watched = f"import json, sys\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "module", ["tellapart", "tellapart.cli", "tellapart.config", "tellapart.models", "tellapart.data"]
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") == []


@pytest.mark.parametrize(
    "argv", [["--help"], ["train", "--help"], ["check", "--help"], ["tune", "--help"], ["--version"], ["models"]]
)
def test_help_loads_nothing_heavy(argv: list[str]) -> None:
    assert loaded_by(f"from tellapart.cli import main\ntry:\n    main({argv!r})\nexcept SystemExit:\n    pass") == []


@pytest.mark.parametrize(
    "argv",
    [
        ["train", "digits", "--lr", "-1"],
        ["train", "digitz"],
        ["check", "digitz"],
        ["train", "digits", "--model", "cnm"],
        ["resume", "nowhere"],
        ["tune", "digits"],
    ],
)
def test_a_wrong_setting_is_refused_before_anything_heavy_loads(argv: list[str]) -> None:
    tried = f"from tellapart.cli import main\ntry:\n    main({argv!r})\n"
    assert loaded_by(tried + "except SystemExit as end:\n    assert end.code in (2, 3)") == []


def test_a_heavy_package_would_be_noticed() -> None:
    assert loaded_by("import scipy") == ["scipy"]


def test_help_takes_less_than_four_tenths_of_a_second() -> None:
    times: list[float] = []
    while len(times) < 12 and min(times, default=1) >= 0.4:  # other tests share the cores: the quickest one counts
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "tellapart", "--help"], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - started)
    assert "train" in done.stdout
    assert min(times) < 0.4, f"{sorted(times)}"
