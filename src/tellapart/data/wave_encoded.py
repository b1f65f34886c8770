"""Sound that is packed, as FLAC, Ogg, MP3 or AIFF, unpacked by soundfile."""

import io
import re
from collections.abc import Callable

import numpy as np

from tellapart.data.wave_samples import Samples
from tellapart.errors import UnreadableError

NEEDED = 'needs soundfile: pip install "tellapart[audio]"'
AT_ONCE = 1 << 20
"""Frames that are unpacked at a time."""


def read_encoded(content: bytes, name: str, check: Callable[[int, int, int], None]) -> tuple[Samples, int]:
    """Samples (T, C) in [-1, 1] and the rate; UnreadableError where it is damaged or soundfile is not there.

    name   of the format, for messages
    check  raises UnreadableError where so many frames, channels and frames a second are not read
    """
    try:
        import soundfile
    except ImportError:
        raise UnreadableError(f"{name} {NEEDED}, or convert it to WAV") from None
    except OSError as error:  # its library is missing
        raise UnreadableError(f"{name} needs soundfile, which does not start: {' '.join(str(error).split())}") from None
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            check(1, file.channels, file.samplerate)
            # How many frames the header promises is no matter: streams do not know, and others lie.
            pieces: list[Samples] = []
            frames = 0
            while len(piece := file.read(AT_ONCE, dtype="float32", always_2d=True)):
                pieces.append(piece)
                frames += len(piece)
                check(frames, file.channels, file.samplerate)
            check(frames, file.channels, file.samplerate)
            rate = int(file.samplerate)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        text = re.sub(r"^Error opening <.*?>: ", "", " ".join(str(error).split()))
        raise UnreadableError(f"damaged {name}: {text}") from None
    samples = np.concatenate(pieces)
    if not np.isfinite(samples).all():
        raise UnreadableError("samples that are not finite numbers stand in it")
    return np.clip(samples, -1, 1, out=samples), rate
