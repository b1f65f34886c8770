"""Ctrl-C and SIGTERM while training."""

import os
import signal
import threading

import pytest

from tellapart.commands.stop import SIGNALS, Stop, stoppable

every_signal = pytest.mark.parametrize("number", SIGNALS, ids=[number.name for number in SIGNALS])


def test_ctrl_c_and_a_job_queue_s_request_are_heard() -> None:
    assert {number.name for number in SIGNALS} == {"SIGINT", "SIGTERM"}


@every_signal
def test_the_first_signal_is_a_request_that_is_answered(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    with stoppable() as stop:
        assert not stop.requested
        signal.raise_signal(number)
        assert stop.requested
    assert capfd.readouterr().err == "\nFinishing this step, then saving; once more to stop at once.\n"


@every_signal
@pytest.mark.parametrize("first", SIGNALS)
def test_the_second_signal_stops_at_once(first: signal.Signals, number: signal.Signals) -> None:
    with stoppable():
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


@every_signal
def test_afterwards_all_is_as_it_was_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stoppable():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before


@every_signal
def test_after_an_error_all_is_as_it_was_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(ValueError, match="x"), stoppable():
        raise ValueError("x")
    assert signal.getsignal(number) == before


def test_in_another_thread_nothing_is_ever_requested() -> None:
    found: list[Stop] = []
    before = [signal.getsignal(number) for number in SIGNALS]

    def work() -> None:
        with stoppable() as stop:
            found.append(stop)
            assert [signal.getsignal(number) for number in SIGNALS] == before

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [stop.requested for stop in found] == [False]


def test_a_request_is_heard_where_nobody_reads_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", gone)
    with stoppable() as stop:
        signal.raise_signal(signal.SIGTERM)
    assert stop.requested
