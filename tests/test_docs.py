"""What the pages of docs/ tell a person to type works; each page of data is in the table, and on one screen."""

import re
import shlex
import wave
from pathlib import Path

import numpy as np
import pytest
from tests.data.formats import as_npz, as_parquet, as_shards, as_tar, as_zip, pictures, table
from tests.photos import make_photos

from tellapart.cli import main
from tellapart.data import FILES, SOURCES
from tellapart.models import FAMILIES, MODELS

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {path.stem: path.read_text() for path in sorted((DOCS / "data").glob("*.md"))}
MODELS_PAGE = (DOCS / "models.md").read_text()
TRANSFER = (DOCS / "transfer.md").read_text()
RECURRENT = (DOCS / "recurrent.md").read_text()
OVERVIEW = (DOCS / "data.md").read_text()
SCREEN = 45
"""Lines."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder that the pages have in mind."""
    monkeypatch.chdir(tmp_path)
    make_photos(tmp_path / "photos", each=12)
    make_photos(tmp_path / "more-photos", each=2, seed=3)
    (tmp_path / "some.png").write_bytes((tmp_path / "photos/red/0-0.png").read_bytes())
    make_photos(tmp_path / "scans", each=12)
    paths = [path.relative_to("scans").as_posix() for path in sorted(Path("scans").glob("*/*.png"))]
    parts = [(path, path.split("/")[0], "test" if number % 4 == 0 else "train") for number, path in enumerate(paths)]
    Path("scans/labels.csv").write_bytes(table(parts, "path,label,split"))
    Path("scans/species.tsv").write_bytes(table([row[:2] for row in parts], "scan\tspecies", "\t"))
    make_photos(tmp_path / "zoo-photos", each=12)
    (tmp_path / "zoo").mkdir()
    rows = []
    for number, path in enumerate(sorted((tmp_path / "zoo-photos").glob("*/*.png"))):
        (tmp_path / "zoo" / f"{number}.png").write_bytes(path.read_bytes())
        marks = ("spot;stripe", ";", "spot")[number % 3]
        rows.append((f"{number}.png", path.parent.name if number % 9 else "", marks, number / 10))
    Path("zoo/animals.csv").write_bytes(table(rows, "path,colour,marks,size"))
    for write in (as_zip, as_npz, as_parquet, as_shards):
        write(tmp_path, pictures())
    as_tar(tmp_path, pictures(each=10), ".tar.gz")
    draws = np.random.default_rng(0)
    bands = draws.integers(0, 256, (40, 8, 10, 5), dtype=np.uint8)
    names = np.array(["corn", "rice"] * 20)
    np.savez("bands.npz", x=bands, y=names)
    for number, name in enumerate(names):
        Path("fields", str(name)).mkdir(parents=True, exist_ok=True)
        np.save(f"fields/{name}/{number}.npy", bands[number])
    make_sequences(tmp_path)
    return tmp_path


def make_sequences(folder: Path) -> None:
    """Series, recordings and texts of two classes each."""
    draws = np.random.default_rng(0)
    for part in ("TRAIN", "TEST"):
        rows = [f"{','.join(map(str, draws.normal(size=30).round(3)))}:{'ab'[n % 2]}" for n in range(24)]
        head = "@problemName gestures\n@univariate true\n@classLabel true a b\n@data\n"
        (folder / f"gestures_{part}.ts").write_text(head + "\n".join(rows) + "\n")
    x, y = draws.normal(size=(24, 3, 40)).astype(np.float32), np.array(["wave", "nod"] * 12)
    np.savez(folder / "gestures.npz", x=x, y=y)
    for name in ("yes", "no"):
        (folder / "commands" / name).mkdir(parents=True)
        for number in range(12):
            with wave.open(str(folder / "commands" / name / f"{number}.wav"), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(draws.integers(-9000, 9000, 2000).astype("<i2").tobytes())
    texts = [(f"{'win a prize' if n % 2 else 'see you'} at {n}", "spam" if n % 2 else "ham") for n in range(24)]
    (folder / "messages.csv").write_bytes(table(texts, "text,label"))


def commands(page: str) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_to_type_works(name: str, home: Path) -> None:
    for words in commands(PAGES[name]):
        assert words[0] == "tellapart"
        main([*words[1:], "--epochs", "1", "--quiet"] if words[1] == "train" else words[1:])
    for code in re.findall(r"```python\n(.*?)```", PAGES[name], re.S):
        exec(compile(code, f"{name}.md", "exec"), {})


@pytest.mark.slow
@pytest.mark.parametrize("words", commands(MODELS_PAGE), ids=" ".join)
def test_what_the_page_of_models_says_to_type_works(words: list[str], home: Path) -> None:
    if any(word.startswith("timm:") for word in words):
        pytest.importorskip("timm")
    main([*words[1:], "--epochs", "1", "--quiet"])


def test_the_page_of_models_names_every_model() -> None:
    names = [*MODELS, *(f"{family}:NAME" for family in FAMILIES)]
    assert [name for name in names if f"`{name}`" not in MODELS_PAGE] == []


@pytest.mark.slow
def test_what_the_page_of_learning_says_to_type_works(home: Path) -> None:
    page = (DOCS / "learning.md").read_text()
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(compile(code, "learning.md", "exec"), {})
    for words in commands(page):
        main([*words[1:], "--epochs", "1", "--quiet"] if words[1] == "train" else words[1:])


@pytest.mark.slow
def test_what_the_page_of_recurrent_networks_says_to_type_works(home: Path) -> None:
    for words in commands(RECURRENT):
        main([*words[1:], "--epochs", "1", "--quiet"])


def test_the_page_of_recurrent_networks_names_every_one_and_has_its_figure() -> None:
    names = [name for name, row in MODELS.items() if row.builder.startswith("recurrent")]
    assert len(names) == 5
    assert [name for name in names if f"`{name}`" not in RECURRENT] == []
    assert (DOCS / "recurrent.svg").exists()


@pytest.mark.slow
def test_what_the_page_of_transfer_says_to_type_works(home: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", TRANSFER, re.S):
        exec(compile(code, "transfer.md", "exec"), {})
    for words in commands(TRANSFER):
        main([*words[1:], "--epochs", "1", "--quiet"])
    assert {path.name for path in Path("runs").iterdir()} == {"five", "other", "other-2"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_something_to_type(name: str) -> None:
    assert commands(PAGES[name])


@pytest.mark.parametrize("name", sorted({*PAGES} - {"cache"}))
def test_a_page_says_what_it_takes_does_and_gives(name: str) -> None:
    said = re.findall(r"^\*\*(Takes|Does|Gives)", PAGES[name], re.M)
    assert said == ["Takes", "Does", "Gives"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_one_screen(name: str) -> None:
    assert len(PAGES[name].splitlines()) <= SCREEN


def test_the_overview_links_to_every_page() -> None:
    assert set(re.findall(r"\(data/([a-z-]+)\.md\)", OVERVIEW)) == {*PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_a_link_leads_to_a_page(name: str) -> None:
    assert set(re.findall(r"\]\(([a-z-]+)\.md\)", PAGES[name])) <= {*PAGES}


def test_the_overview_names_every_source() -> None:
    suffixes = [row.suffixes[0] for row in FILES]
    assert [word for word in (*SOURCES, *suffixes) if word not in OVERVIEW] == []
