"""The fit that is chosen by the shapes of the training pictures."""

import pytest

from tellapart.data.fitting import fitting_fit

Shapes = list[tuple[int, ...]]


@pytest.mark.parametrize(
    ("sizes", "fit"),
    [
        ([(100, 100), (90, 110), (64, 64)], "stretch"),
        ([(300, 400), (480, 640), (600, 800)], "stretch"),
        ([(40, 400), (50, 500), (44, 440)], "stretch"),
        ([(300, 400), (400, 300)], "stretch"),
        ([(200, 300), (300, 200)], "stretch"),
        ([(90, 160), (160, 90)], "crop"),
        ([(100, 200), (100, 100)], "crop"),
        ([(100, 210), (100, 100)], "pad"),
        ([(32, 160), (32, 480), (32, 320)], "pad"),
        ([(300, 400), (300, 1800)], "pad"),
    ],
    ids=[
        "square",
        "4 to 3",
        "all long alike",
        "across and upright",
        "3 to 2",
        "phones",
        "2 to 1",
        "more",
        "text",
        "panoramas",
    ],
)
def test_the_fit_by_shapes(sizes: Shapes, fit: str) -> None:
    shapes: Shapes = [(height, width, 3) for height, width in sizes] * 10
    assert fitting_fit(shapes, 128, 128)[0] == fit


def test_one_odd_picture_in_a_hundred_has_no_say() -> None:
    photos: Shapes = [(300, 400, 3), (400, 300, 3)] * 50
    assert fitting_fit([*photos, (100, 3000, 3)], 128, 128)[0] == fitting_fit(photos, 128, 128)[0] == "stretch"


def test_the_reason_is_in_words() -> None:
    assert fitting_fit([(10, 10, 1), (10, 60, 1)] * 10, 32, 32)[1] == "1 in 20 is 6.0 times as long and more"
    assert fitting_fit([(10, 10, 1), (10, 11, 1)], 32, 32)[1] == "they are of nearly the same shape"
    assert fitting_fit([(10, 14, 1), (14, 10, 1)], 32, 32)[1] == "few are far from that shape"
