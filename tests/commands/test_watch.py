"""What a person sees: a bar in a terminal, lines elsewhere, nothing when told so."""

import io
import logging
import sys
import time
from itertools import islice

import pytest

from tellapart.commands.learn import told
from tellapart.commands.watch import Bars, Lines, Silence, Stopwatch, Watch, watch_for


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def work(watch: Watch) -> list[int]:
    """Three steps of work, long enough to be shown."""
    with watch.work("training", 3):
        watch.say("epoch 1/1  [not markup]")
        return [step for step in watch.each([1, 2, 3]) if time.sleep(0.12) is None]


def test_a_terminal_gets_a_bar_with_count_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    watch = watch_for(quiet=False)
    assert isinstance(watch, Bars)
    assert work(watch) == [1, 2, 3]
    shown = terminal.getvalue()
    assert "training" in shown
    assert "/3" in shown
    assert "steps/s" in shown
    assert "0:00:0" in shown
    assert "[not markup]" in shown


def test_steps_are_counted_where_the_rest_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    watch, counted = Bars(), []
    monkeypatch.setattr(watch, "_advance", lambda done, _: counted.append(done))
    assert list(islice(watch.each(range(10)), 3)) == [0, 1, 2]
    assert sum(counted) == 3


def test_a_pipe_gets_lines_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    watch = watch_for(quiet=False)
    assert isinstance(watch, Lines)
    assert work(watch) == [1, 2, 3]
    assert capsys.readouterr() == ("", "epoch 1/1  [not markup]\n")


def test_quiet_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    watch = watch_for(quiet=True)
    assert isinstance(watch, Silence)
    assert work(watch) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_what_a_room_logs_is_told_on_stderr_once(capsys: pytest.CaptureFixture[str]) -> None:
    watch_for(quiet=False)
    watch_for(quiet=False)
    logging.getLogger("tellapart").info("mnist: downloading")
    assert capsys.readouterr().err == "mnist: downloading\n"


def test_a_long_run_gets_about_twenty_lines_and_a_short_one_a_line_an_epoch() -> None:
    assert [epoch for epoch in range(1, 11) if told(epoch, 10)] == list(range(1, 11))
    lines = [epoch for epoch in range(1, 201) if told(epoch, 200)]
    assert 20 <= len(lines) <= 22
    assert {1, 200} <= set(lines)


def test_the_laps_of_a_stopwatch_follow_each_other() -> None:
    clock = Stopwatch()
    time.sleep(0.02)
    clock.lap("first")
    clock.lap("second")
    assert clock.laps["first"] >= 0.02 > clock.laps["second"]
