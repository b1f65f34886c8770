"""Sound at another rate: tones stay tones, what the new rate can't tell is gone, lengths are known beforehand."""

import math

import numpy as np
import pytest

from tellapart.data import resample
from tellapart.data.resample import resampled, steps_of
from tellapart.errors import UnreadableError

RATES = [(11025, 8000), (44100, 16000), (22050, 16000), (8000, 16000), (48000, 16000), (16000, 44100)]


def tone(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    """float32 (T, 1)."""
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate).astype(np.float32)[:, None]


def middle(samples: np.ndarray) -> np.ndarray:
    """Without the tenth at each end, where a tone begins and ends."""
    edge = len(samples) // 10
    return samples[edge:-edge]


@pytest.mark.parametrize(("rate", "to"), RATES)
def test_a_tone_is_the_same_tone_at_the_new_rate(rate: int, to: int) -> None:
    out = resampled(tone(440, rate), rate, to)
    assert (out.dtype, out.shape) == (np.float32, (to, 1))
    assert middle(out) == pytest.approx(middle(tone(440, to)), abs=0.01)


@pytest.mark.parametrize(("rate", "to"), [(11025, 8000), (44100, 16000), (48000, 8000)])
def test_a_tone_that_the_new_rate_can_not_tell_is_gone(rate: int, to: int) -> None:
    out = middle(resampled(tone(0.62 * to, rate), rate, to))
    assert np.sqrt((out**2).mean()) < 0.01  # 37 dB below the tone


@pytest.mark.parametrize(("rate", "to"), RATES)
def test_a_constant_stays_what_it_is(rate: int, to: int) -> None:
    assert middle(resampled(np.full((rate, 1), 0.5, np.float32), rate, to)) == pytest.approx(0.5, abs=2e-3)


def test_equal_rates_change_nothing() -> None:
    samples = tone(440, 8000)
    assert resampled(samples, 8000, 8000) is samples


def test_each_channel_is_resampled_by_itself() -> None:
    left, right = tone(300, 11025), tone(500, 11025)
    both = resampled(np.concatenate([left, right], 1), 11025, 8000)
    assert np.array_equal(both[:, :1], resampled(left, 11025, 8000))
    assert np.array_equal(both[:, 1:], resampled(right, 11025, 8000))


@pytest.mark.parametrize(("rate", "to"), [*RATES, (44101, 16000), (7919, 7907), (16000, 1_003_003)])
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 100, 1001])
def test_the_length_is_known_beforehand(steps: int, rate: int, to: int) -> None:
    assert len(resampled(np.ones((steps, 2), np.float32), rate, to)) == steps_of(steps, rate, to)
    assert steps_of(steps, rate, to) == pytest.approx(steps * to / rate, rel=1e-3, abs=1)


@pytest.mark.parametrize(("rate", "to"), RATES)
def test_the_length_is_the_share_of_the_rates_rounded_up(rate: int, to: int) -> None:
    assert [steps_of(steps, rate, to) for steps in range(50)] == [math.ceil(steps * to / rate) for steps in range(50)]


def test_rates_without_a_common_divisor_take_the_nearest_small_fraction() -> None:
    assert steps_of(44100, 44101, 44100) == 44100
    out = resampled(tone(440, 44101, 0.2), 44101, 16000)
    assert middle(out)[:500] == pytest.approx(middle(tone(440, 16000, 0.2))[:500], abs=0.05)


@pytest.mark.parametrize(("rate", "to"), [(7, 1_000_003), (1_000_003, 7), (1, 16000), (0, 16000), (16000, 0), (-1, 5)])
def test_rates_that_are_absurd_are_refused(rate: int, to: int) -> None:
    with pytest.raises(UnreadableError, match="100 times apart"):
        resampled(np.ones((10, 1), np.float32), rate, to)


def test_more_steps_than_are_read_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "MOST_FRAMES", 100)
    with pytest.raises(UnreadableError, match="200 steps at 16,000 a second"):
        resampled(np.ones((100, 1), np.float32), 8000, 16000)
