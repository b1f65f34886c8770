"""The figure of the inside of a network."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tellapart.evaluation.drawing import DARK, WRONG
from tellapart.evaluation.profile import PANELS, profile_plot
from tellapart.training.health import Layer, Probe

LAYER = Layer(
    name="blocks.1", kind="Conv2d", units=16, activation=1.0, gradient=0.5, weight=2.0, update=0.02,
    nonlinearity="relu", dead=0.1, flat=0.5,
)  # fmt: skip


def looks(count: int = 2, layers: int = 3, **changes: object) -> list[Probe]:
    named = tuple(replace(LAYER, name=f"blocks.{depth}", **changes) for depth in range(layers))
    return [Probe(epoch=n, step=500 * n, loss=1.0, blind=2.3, layers=named) for n in range(count)]


def words(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_every_panel_has_its_title_and_the_layers_are_numbered_from_the_input_on() -> None:
    found = words(profile_plot(looks()))
    assert set(PANELS) <= set(found)
    assert [word for word in found if word.startswith("blocks")] == ["blocks.0  1", "blocks.1  2", "blocks.2  3"]


def test_a_layer_whose_path_is_a_number_goes_by_its_class() -> None:
    (probe,) = looks(1, layers=1)
    probe = replace(probe, layers=(replace(LAYER, name="4"),))
    assert "Conv2d  1" in words(profile_plot([probe]))


def test_the_first_and_the_last_look_are_named() -> None:
    assert {"before the first step", "after step 1,000"} <= set(words(profile_plot(looks(3))))


def title_colours(svg: str) -> dict[str, str]:
    found = {}
    for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if "".join(text.itertext()) in PANELS:
            found["".join(text.itertext())] = text.attrib["style"]
    return found


def test_the_panel_of_what_is_wrong_is_orange_and_no_other() -> None:
    colours = title_colours(profile_plot(looks(), ["dead-units"]))
    assert [title for title, style in colours.items() if WRONG in style] == ["Units off, %"]


@pytest.mark.parametrize(
    "changes", [{"gradient": None, "weight": None, "update": None}, {"gradient": 0.0}, {"dead": None}]
)
def test_what_is_not_known_is_left_out(changes: dict[str, None]) -> None:
    assert "nan" not in profile_plot(looks(**changes))


@pytest.mark.parametrize(("count", "layers"), [(1, 1), (1, 3), (2, 1), (3, 200)])
def test_any_number_of_looks_and_layers_can_be_drawn(count: int, layers: int) -> None:
    svg = profile_plot(looks(count, layers))
    height = float(re.findall(r'<svg[^>]* height="([\d.]+)"', svg)[0])
    assert svg.startswith("<svg")
    assert 150 < height < 700
    assert len([word for word in words(svg) if word.startswith("blocks")]) <= 26


def test_a_figure_is_the_same_each_time_and_turns_with_the_dark_mode() -> None:
    assert profile_plot(looks()) == profile_plot(looks())
    assert all(dark in profile_plot(looks()) for dark in DARK.values())
