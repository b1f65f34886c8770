"""Lists in settings that stretch over a training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellapart.phases import epochs_of_phases, phase


def test_each_value_has_an_equal_share_of_the_epochs() -> None:
    assert [phase((0.5, 0.75, 1.0), epoch, 6) for epoch in range(6)] == [0.5, 0.5, 0.75, 0.75, 1.0, 1.0]


def test_fewer_epochs_than_values_skip_some() -> None:
    assert [phase((0.5, 0.75, 0.875, 1.0), epoch, 2) for epoch in range(2)] == [0.5, 0.875]


def test_an_epoch_past_the_plan_has_the_last_value() -> None:
    assert phase((0.5, 1.0), 9, 4) == 1.0


@given(st.integers(1, 12), st.integers(1, 50))
def test_the_epochs_of_each_value_are_counted_as_they_come(count: int, epochs: int) -> None:
    met = [phase(range(count), epoch, epochs) for epoch in range(epochs)]
    assert epochs_of_phases(count, epochs) == [met.count(number) for number in range(count)]


@pytest.mark.parametrize("epochs", [1, 2, 7])
def test_one_value_has_all_epochs(epochs: int) -> None:
    assert epochs_of_phases(1, epochs) == [epochs]
