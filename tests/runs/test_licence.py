"""The licence of weights is what is stated beside them, and nothing else."""

import json
from pathlib import Path

import pytest

from tellapart.runs.licence import LONGEST, NOT_STATED, licence_of

CARD = "---\nlibrary_name: timm\nlicense: {}\ntags:\n- x\n---\n# A model\nlicense: not-this-one\n"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def test_what_states_nothing_is_not_stated(weights: Path) -> None:
    assert licence_of(weights, {}) == NOT_STATED


@pytest.mark.parametrize(("word", "found"), [("apache-2.0", "apache-2.0"), ("'mit'", "mit"), ('"bsd" ', "bsd")])
def test_the_front_matter_of_a_card_states_it(weights: Path, word: str, found: str) -> None:
    (weights.parent / "README.md").write_text(CARD.format(word))
    assert licence_of(weights, {}) == found


def test_a_line_below_the_front_matter_states_nothing(weights: Path) -> None:
    (weights.parent / "README.md").write_text("# A model\n\nlicense: mit\n")
    assert licence_of(weights, {}) == NOT_STATED


@pytest.mark.parametrize("fields", [{"license": "mit"}, {"pretrained_cfg": {"license": "mit"}}])
def test_the_configuration_beside_the_weights_states_it(weights: Path, fields: dict[str, object]) -> None:
    (weights.parent / "config.json").write_text(json.dumps(fields))
    assert licence_of(weights, {}) == "mit"


def test_the_files_own_word_goes_before_the_card(weights: Path) -> None:
    (weights.parent / "README.md").write_text(CARD.format("mit"))
    assert licence_of(weights, {"license": "cc-by-nc-4.0"}) == "cc-by-nc-4.0"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"license": 3}', b'{"pretrained_cfg": 1}', b"\xff\xfe", b"[" * 50_000]
)
def test_a_configuration_that_is_none_states_nothing(weights: Path, content: bytes) -> None:
    (weights.parent / "config.json").write_bytes(content)
    assert licence_of(weights, {}) == NOT_STATED


def test_a_licence_is_one_short_line(weights: Path) -> None:
    assert licence_of(weights, {"license": "a\n\nb " + "c" * 1000}) == ("a b " + "c" * 1000)[:LONGEST]


def test_a_folder_in_the_place_of_a_card_states_nothing(weights: Path) -> None:
    (weights.parent / "README.md").mkdir()
    assert licence_of(weights, {}) == NOT_STATED
