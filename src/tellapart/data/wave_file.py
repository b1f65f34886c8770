"""Sound files: WAV read here, FLAC, Ogg, MP3 and AIFF by soundfile where it is installed.

WAV: integers of 8 to 32 bits, floats of 32 and 64, A-law and mu-law, any channels, RF64, and headers that lie about
the size, as those of streams do: what is there is read.
"""

import re
from dataclasses import dataclass

import numpy as np

from tellapart.data.wave_samples import KINDS, Layout, Samples, samples_in
from tellapart.errors import UnreadableError
from tellapart.names import counted

MOST_FRAMES = 100_000_000
"""Steps of a recording."""
MOST_VALUES = 200_000_000
"""Steps times channels."""
MOST_CHANNELS, MOST_RATE, MOST_CHUNKS = 64, 10_000_000, 10_000
EXTENSIBLE, UNKNOWN_SIZE = 0xFFFE, 0xFFFFFFFF
ENCODED = (
    (rb"fLaC", "FLAC"),
    (rb"OggS", "Ogg"),
    (rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", "MP3"),
    (rb"(?s)FORM....AIF[FC]", "AIFF"),
)
"""How a file begins -> what it is, where soundfile reads it."""
OTHERS = (
    (rb"(?s)....ftyp", "an MP4, M4A or other video file"),
    (rb"\xff[\xf0\xf1\xf8\xf9]", "an AAC file"),
    (rb"\x1aE\xdf\xa3", "a WebM or Matroska file"),
    (rb"RIFX", "a WAV file of big-endian numbers"),
    (rb"(?s)RIFF....AVI ", "an AVI file, a film"),
    (rb"0&\xb2u", "a WMA file"),
    (rb"version https://git-lfs", "a Git LFS pointer in the place of a recording"),
)
ACCEPTED = "WAV, FLAC, Ogg, MP3 and AIFF are read"


@dataclass(frozen=True, kw_only=True)
class WaveHead:
    """What a WAV file will give."""

    frames: int
    channels: int
    rate: int
    """Frames a second."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Where the numbers of a WAV file lie, and how they are to be read."""

    layout: Layout
    rate: int
    start: int
    size: int
    """Bytes of whole frames."""

    @property
    def head(self) -> WaveHead:
        return WaveHead(frames=self.size // self.layout.frame_bytes, channels=self.layout.channels, rate=self.rate)


def read_wave(content: bytes) -> tuple[Samples, int]:
    """Samples (T, C), at least one, and how many there are a second; UnreadableError says what is wrong in a line.

    Floats beyond [-1, 1] are cut to it, as a loudspeaker does.
    """
    if not content:
        raise UnreadableError("empty: 0 bytes")
    if not is_wave(content):
        return _encoded(content)
    found = _found(content, len(content))
    if found is None:
        raise UnreadableError("truncated: it ends before its samples begin")
    _check(found.head.frames, found.head.channels, found.rate)
    return samples_in(content, found.start, found.size, found.layout), found.rate


def head_of_wave(start: bytes, size: int) -> WaveHead | None:
    """Frames, channels and rate by the first bytes of a WAV file; None where they end before its samples begin.

    size  bytes of the whole file
    Raises the same UnreadableError as `read_wave`, as far as the header tells; of another format always None.
    """
    if not is_wave(start):
        return None
    found = _found(start, size)
    if found is None:
        if len(start) >= size:
            raise UnreadableError("truncated: it ends before its samples begin")
        return None
    _check(found.head.frames, found.head.channels, found.rate)
    return found.head


def is_wave(start: bytes) -> bool:
    """Whether a file begins as WAV does."""
    return start[:4] in (b"RIFF", b"RF64", b"BW64") and start[8:12] == b"WAVE"


def mono(samples: Samples) -> Samples:
    """The mean of the channels, (T, 1)."""
    return samples if samples.shape[1] == 1 else samples.mean(1, dtype=np.float32, keepdims=True)


def _found(content: bytes, size: int) -> _Found | None:
    """Where the samples are; None where `content`, the start of a file of `size` bytes, ends before they begin."""
    place, layout, rate, long_size = 12, None, 0, None
    for _ in range(MOST_CHUNKS):
        name, length = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        begin = place + 8
        if len(content) < begin or (name != b"data" and len(content) < min(begin + length, begin + 40)):
            return None
        body = content[begin : begin + length] if length < 100 else content[begin : begin + 40]
        if name == b"ds64":
            long_size = int.from_bytes(body[8:16], "little")
        elif name == b"fmt ":
            layout, rate = _layout(body)
        elif name == b"data":
            if layout is None:
                raise UnreadableError("damaged: no format stands before its samples")
            given = long_size if length == UNKNOWN_SIZE and long_size is not None else length
            there = size - begin
            if (given == 0 and not _only_chunks(content, begin, size)) or given > there:
                given = there
            return _Found(layout=layout, rate=rate, start=begin, size=given - given % layout.frame_bytes)
        elif not re.fullmatch(rb"[\x20-\x7e]{4}", name):
            raise UnreadableError(f"damaged: {name!r} stands where a chunk should begin")
        place = begin + length + length % 2
    raise UnreadableError(f"more than {MOST_CHUNKS:,} chunks before its samples")


def _only_chunks(content: bytes, place: int, size: int) -> bool:
    """Whether chunks alone follow up to the end: what says of itself that it has no samples then has none."""
    for _ in range(MOST_CHUNKS):
        if place >= size:
            return True
        if not re.fullmatch(rb"[A-Za-z][\x20-\x7e]{3}", content[place : place + 4]):
            return False
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
    return False


def _layout(body: bytes) -> tuple[Layout, int]:
    """How samples are laid out, and the rate, of the chunk `fmt `."""
    if len(body) < 16:
        raise UnreadableError(f"damaged: a format of {len(body)} bytes; it takes 16")
    kind, channels, block, bits = (int.from_bytes(body[at : at + 2], "little") for at in (0, 2, 12, 14))
    rate = int.from_bytes(body[4:8], "little")
    if kind == EXTENSIBLE and len(body) >= 26:
        kind = int.from_bytes(body[24:26], "little")
    _check(1, channels, rate)
    if kind not in KINDS:
        known = {2: "ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3", 0xFF: "AAC", 0x2000: "AC-3"}
        raise UnreadableError(
            f"a WAV file packed as {known.get(kind, f'format {kind:#06x}')}; convert it to plain samples, "
            "as in: ffmpeg -i old.wav -c:a pcm_s16le new.wav"
        )
    wide = -(-bits // 8)
    told = block // channels
    return Layout.of(kind, channels, told if block % channels == 0 and wide <= told <= 8 else wide, bits), rate


def _check(frames: int, channels: int, rate: int) -> None:
    """Raise UnreadableError where there is nothing, or more than is read."""
    if frames < 1:
        raise UnreadableError("no samples: it is of length 0")
    if not 1 <= channels <= MOST_CHANNELS:
        raise UnreadableError(f"{channels:,} channels; 1 to {MOST_CHANNELS} are read")
    if not 1 <= rate <= MOST_RATE:
        raise UnreadableError(f"a rate of {rate:,} a second; 1 to {MOST_RATE:,} are read")
    if frames > MOST_FRAMES or frames * channels > MOST_VALUES:
        raise UnreadableError(
            f"{frames:,} steps of {counted(channels, 'channel')}; at most {MOST_FRAMES:,} steps and {MOST_VALUES:,} "
            "values are read. Cut it into pieces"
        )


def _encoded(content: bytes) -> tuple[Samples, int]:
    """What soundfile makes of a file that is not WAV."""
    name = next((name for start, name in ENCODED if re.match(start, content)), None)
    if name is None:
        other = next((name for start, name in OTHERS if re.match(start, content)), "not a sound file of a known format")
        raise UnreadableError(f"{other}; {ACCEPTED}. Convert it to WAV")
    from tellapart.data.wave_encoded import read_encoded

    return read_encoded(content, name, _check)
