"""Recordings: the bytes of a file to samples, of one channel and one rate."""

from tellapart.data.resample import resampled
from tellapart.data.resize import Form
from tellapart.data.source import Value
from tellapart.data.wave_file import mono, read_wave
from tellapart.errors import UnreadableError

USUAL_RATE = 16_000
"""Samples a second that recordings are brought to at most, unless `rate` says otherwise: speech needs no more."""


def peek(content: bytes) -> tuple[int, int, int]:
    """Frames, channels and rate of a recording; UnreadableError where it is none, or empty."""
    samples, rate = read_wave(content)
    _check(samples)
    return len(samples), samples.shape[1], rate


def samples_in(content: bytes, form: Form | None = None) -> Value:  # noqa: ARG001
    """float32 (T, channels) in [-1, 1], at the rate that the file has."""
    samples, _ = read_wave(content)
    return samples


def at_rate(samples: Value, rate: int, wanted: int) -> Value:
    """The mean of the channels, float32 (T', 1), resampled from `rate` to `wanted` samples a second."""
    _check(samples)
    return resampled(mono(samples), rate, wanted)


def _check(samples: Value) -> None:
    if not len(samples):
        raise UnreadableError("a recording of no length")
