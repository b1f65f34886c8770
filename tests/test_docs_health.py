"""What docs/health.md says to type works, and gives what the page says."""

import inspect
import re
import shlex
from pathlib import Path

import pytest
from tests.commands.test_train import Said

from tellapart.cli import main
from tellapart.commands import watch
from tellapart.evaluation import diagnosis
from tellapart.evaluation.profile import PANELS

PAGE = (Path(__file__).parent.parent / "docs/health.md").read_text()


def test_the_example_is_told_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = Said()
    monkeypatch.setattr(watch, "watch_for", lambda _: said)
    (command,) = re.findall(r"```sh\ntellapart (.*)\n```", PAGE)
    main(shlex.split(command))
    expected = " ".join(re.findall(r"^    (health: .*)\n    (.*)$", PAGE, re.M)[0])
    assert expected in said.lines
    assert {"metrics/health.csv", "plots/health.svg", "metrics/train.json"} <= {
        path.relative_to("runs/digits").as_posix() for path in Path("runs/digits").rglob("*")
    }


@pytest.mark.parametrize("kind", [*diagnosis.RULES, "loss-spike"])
def test_every_rule_is_in_the_table(kind: str) -> None:
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_is_explained(title: str) -> None:
    assert f"**{title.removesuffix(', %')}:**" in PAGE


def test_the_sources_are_those_of_the_rules() -> None:
    code = inspect.getsource(diagnosis)
    for source in ("Glorot & Bengio 2010", "He et al. 2015", "Lu et al. 2019", "You et al. 2017"):
        assert source in PAGE
        assert source in code
