"""The order of a pass: every sample once, drawn by seed and epoch alone, few blocks at a time."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tellapart.data.passage import WINDOW, occurrences, passage
from tellapart.types import Order

ORDERS = st.builds(Order, seed=st.integers(0, 99), epoch=st.integers(0, 99))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=200), ORDERS)
def test_every_row_comes_once(blocks: list[int], order: Order) -> None:
    for given_blocks in (None, torch.tensor(blocks)):
        assert sorted(passage(len(blocks), given_blocks, order).tolist()) == list(range(len(blocks)))


@given(st.lists(st.integers(0, 400), min_size=1, max_size=300), ORDERS)
def test_no_more_blocks_are_open_at_once_than_a_window_has(blocks: list[int], order: Order) -> None:
    numbers = torch.tensor(blocks)
    seen = numbers[passage(len(blocks), numbers, order)].tolist()
    first = {block: seen.index(block) for block in seen}
    last = {block: place for place, block in enumerate(seen)}
    for place in range(len(seen)):
        assert sum(first[block] <= place <= last[block] for block in first) <= WINDOW


def test_within_a_window_rows_of_all_its_blocks_are_mixed() -> None:
    blocks = torch.arange(1600) // 100
    first = blocks[passage(1600, blocks, Order(seed=0, epoch=0))][:100]
    assert len(first.unique()) == 16


def test_blocks_and_rows_come_in_another_order_in_each_epoch() -> None:
    blocks = torch.arange(6400) // 100
    rows = [passage(6400, blocks, Order(seed=0, epoch=epoch)) for epoch in (0, 1)]
    windows = [set(blocks[order[:1600]].tolist()) for order in rows]
    assert windows[0] != windows[1]
    assert not torch.equal(*rows)


def test_rows_that_are_left_out_do_not_move_the_others() -> None:
    blocks, among = torch.arange(500) // 10, torch.arange(0, 500, 3)
    whole = passage(500, blocks, Order(seed=2, epoch=5))
    some = passage(500, blocks, Order(seed=2, epoch=5, among=among))
    assert some.tolist() == [row for row in whole.tolist() if row % 3 == 0]


def test_one_block_is_shuffled_like_none() -> None:
    order = Order(seed=3, epoch=1)
    assert torch.equal(passage(50, torch.zeros(50, dtype=torch.int64), order), passage(50, None, order))


@pytest.mark.parametrize("blocked", [False, True])
def test_rows_may_repeat_and_stand_apart(blocked: bool) -> None:
    among = torch.tensor([0] * 40 + list(range(1, 41)))
    blocks = torch.arange(41) // 2 if blocked else None
    rows = passage(41, blocks, Order(seed=0, epoch=1, among=among))
    assert rows.sort().values.tolist() == among.sort().values.tolist()
    if not blocked:
        assert (rows[:40] == 0).sum() > 10
        assert (rows[40:] == 0).sum() > 10
    assert torch.equal(rows, passage(41, blocks, Order(seed=0, epoch=1, among=among)))


def test_each_time_that_a_row_stands_there_is_counted() -> None:
    assert occurrences(torch.tensor([3, 1, 3, 3, 0, 1])).tolist() == [0, 0, 1, 2, 0, 1]
