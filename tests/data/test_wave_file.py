"""Sound files: every way that WAV stores samples, headers that lie, and what needs soundfile or is refused."""

import random
import struct
import sys
import wave
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from tellapart.data import wave_file
from tellapart.data.wave_file import WaveHead, head_of_wave, mono, read_wave
from tellapart.errors import UnreadableError

DRAWS = np.random.default_rng(0)
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
RAMP = [-32768, -1, 0, 1, 16384, 32767]


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def form(kind: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, block: int | None = None) -> bytes:
    block = channels * -(-bits // 8) & 0xFFFF if block is None else block
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * block & 0xFFFFFFFF, block, bits))


def riff(*chunks: bytes, mark: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return mark + struct.pack("<I", len(body)) + body


def ramp(size: int | None = None) -> bytes:
    return chunk(b"data", np.array(RAMP, "<i2").tobytes(), size)


def values(content: bytes) -> list[float]:
    samples, _ = read_wave(content)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1
    return samples[:, 0].tolist()


def cause_of(content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_wave(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


READ = [value / 32768 for value in RAMP]


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("wide", [1, 2, 3, 4])
def test_whole_numbers_of_each_width_are_read_as_the_standard_library_writes_them(channels: int, wide: int) -> None:
    low, high = (0, 256) if wide == 1 else (-(2 ** (8 * wide - 1)), 2 ** (8 * wide - 1))
    numbers = DRAWS.integers(low, high, (50, channels))
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, wide, 11025, 0, "NONE", ""))
        out.writeframes(b"".join(int(n).to_bytes(wide, "little", signed=wide > 1) for n in numbers.ravel()))
    samples, rate = read_wave(file.getvalue())
    expected = (numbers - 128) / 128 if wide == 1 else numbers / high
    assert (samples.shape, rate) == ((50, channels), 11025)
    assert samples == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("wide", [4, 8])
def test_floats_are_read_and_cut_to_the_scale(wide: int) -> None:
    floats = np.array([-1.5, -0.25, 0, 0.5, 1.0, 1.25], f"<f{wide}")
    assert values(riff(form(3, bits=8 * wide), chunk(b"data", floats.tobytes()))) == [-1, -0.25, 0, 0.5, 1, 1]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_finite_are_refused(odd: float) -> None:
    floats = np.array([0.5, odd, 0.25], "<f4").tobytes()
    assert "not finite" in cause_of(riff(form(3, bits=32), chunk(b"data", floats)))


def test_floats_of_another_scale_are_refused() -> None:
    floats = np.array([20000.0, -32000], "<f4").tobytes()
    assert cause_of(riff(form(3, bits=32), chunk(b"data", floats))).startswith("floats up to 32,000")


def test_mu_law_is_decoded_by_its_table() -> None:
    packed = bytes([0x00, 0x7F, 0x80, 0xFF, 0xF0])  # ITU-T G.711 in 16 bits: -32124, 0, 32124, 0, 120
    assert values(riff(form(7, bits=8), chunk(b"data", packed))) == [n / 32768 for n in (-32124, 0, 32124, 0, 120)]


def test_a_law_is_decoded_by_its_table() -> None:
    packed = bytes([0xD5, 0x55, 0xAA, 0x2A, 0x80])  # likewise: 8, -8, 32256, -32256, 5504
    assert values(riff(form(6, bits=8), chunk(b"data", packed))) == [n / 32768 for n in (8, -8, 32256, -32256, 5504)]


@pytest.mark.parametrize("valid", [16, 12, 0])
def test_the_extensible_header_says_its_format_further_back(valid: int) -> None:
    start = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16000, 2, 16)
    body = start + struct.pack("<HHIH", 22, valid, 4, 1) + GUID_TAIL
    assert values(riff(chunk(b"fmt ", body), ramp())) == READ


def test_24_bits_in_4_bytes_are_read_from_the_top() -> None:
    numbers = (np.array(RAMP, "<i4") << 16).tobytes()
    assert values(riff(form(bits=24, block=4), chunk(b"data", numbers))) == READ


def test_a_block_size_that_makes_no_sense_is_passed_over() -> None:
    assert values(riff(form(block=0), ramp())) == READ
    assert values(riff(form(block=1), ramp())) == READ


def test_other_chunks_are_passed_over_with_the_byte_that_makes_them_even() -> None:
    between = chunk(b"LIST", b"INFOISFT\x05\0\0\0odd!!"), chunk(b"bext", b"123"), chunk(b"id3 ", b"")
    assert values(riff(chunk(b"JUNK", b"x" * 7), form(), *between, ramp(), chunk(b"LIST", b"more"))) == READ


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFF0, 13, 12])
def test_where_the_size_lies_what_is_there_is_read(size: int) -> None:
    assert values(riff(form(), ramp(size))) == READ


def test_what_is_cut_off_is_left_out_and_so_is_half_a_frame() -> None:
    assert values(riff(form(), ramp())[:-5]) == READ[:3]
    stereo = riff(form(channels=2), ramp())
    assert read_wave(stereo[:-2])[0].shape == (2, 2)


def test_chunks_behind_samples_that_are_said_to_be_none_are_not_read_as_samples() -> None:
    assert "length 0" in cause_of(riff(form(), chunk(b"data", b""), chunk(b"LIST", b"INFO" * 10)))


def test_the_sizes_of_long_files_stand_in_a_chunk_of_their_own() -> None:
    long = chunk(b"ds64", struct.pack("<QQQI", 100, 8, 4, 0))
    assert values(riff(long, form(), ramp(0xFFFFFFFF), chunk(b"LIST", b"x"), mark=b"RF64")) == READ[:4]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty"),
        (b"RIFF\0\0\0\0WAVE", "truncated"),
        (riff(), "truncated"),
        (riff(form()), "truncated"),
        (riff(form())[:30], "truncated"),
        (riff(form(), chunk(b"data", b"")), "length 0"),
        (riff(form(), chunk(b"data", b"x")), "length 0"),
        (riff(ramp()), "no format"),
        (riff(chunk(b"fmt ", b"\1\0\1\0"), ramp()), "a format of 4 bytes"),
        (riff(form(channels=0), ramp()), "0 channels"),
        (riff(form(channels=60000), ramp()), "60,000 channels"),
        (riff(form(rate=0), ramp()), "a rate of 0"),
        (riff(form(rate=2**32 - 1), ramp()), "a rate of 4,294,967,295"),
        (riff(form(bits=0), ramp()), "0 bits"),
        (riff(form(bits=64), ramp()), "64 bits"),
        (riff(form(3, bits=16), ramp()), "floats of 16 bits"),
        (riff(form(2), ramp()), "ADPCM; convert it"),
        (riff(form(0x11), ramp()), "IMA ADPCM; convert it"),
        (riff(form(0x55), ramp()), "MP3; convert it"),
        (riff(form(0x4321), ramp()), "format 0x4321; convert it"),
        (riff(form(), b"\x80\1\2\3" + bytes(20)), "damaged"),
        (riff(*[chunk(b"JUNK", b"")] * 20_000), "more than 10,000 chunks"),
        (b"RIFX" + riff(form(), ramp())[4:], "big-endian"),
        (b"\0\0\0\x20ftypM4A " + bytes(50), "MP4"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"hello there", "not a sound file"),
        (bytes(100), "not a sound file"),
    ],
)
def test_what_can_not_be_read_is_refused_in_a_line(content: bytes, cause: str) -> None:
    assert cause in cause_of(content)


@pytest.mark.parametrize(
    ("start", "name"), [(b"fLaC", "FLAC"), (b"OggS", "Ogg"), (b"ID3\3", "MP3"), (b"\xff\xfb\x90\0", "MP3")]
)
def test_packed_sound_without_soundfile_says_what_to_install(
    start: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert cause_of(start + bytes(50)) == (
        f'{name} needs soundfile: pip install "tellapart[audio]", or convert it to WAV'
    )


@pytest.mark.parametrize("form", ["FLAC", "OGG", "AIFF"])
def test_soundfile_unpacks_what_it_packed(form: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000).astype(np.float32)
    file = BytesIO()
    soundfile.write(file, np.stack([tone, -tone], 1), 8000, format=form)
    samples, rate = read_wave(file.getvalue())
    assert (samples.shape, samples.dtype, rate) == ((8000, 2), np.float32, 8000)
    assert np.abs(samples[:, 0] - tone).mean() < 0.02
    assert "damaged" in cause_of(file.getvalue()[:20])


@pytest.mark.parametrize("kind", [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8)])
def test_it_reads_what_soundfile_reads(kind: tuple[int, int]) -> None:
    soundfile = pytest.importorskip("soundfile")
    bits = kind[1]
    raw = (0.9 * DRAWS.uniform(-1, 1, 100)).astype(f"<f{bits // 8}").tobytes() if kind[0] == 3 else DRAWS.bytes(240)
    content = riff(form(kind[0], channels=2, bits=bits), chunk(b"data", raw))
    other, _ = soundfile.read(BytesIO(content), dtype="float32", always_2d=True)
    assert np.array_equal(read_wave(content)[0], other)


def test_the_head_tells_what_the_file_will_give() -> None:
    content = riff(chunk(b"LIST", b"x" * 100), form(channels=2, rate=44100), chunk(b"data", bytes(4000)))
    assert head_of_wave(content[:200], len(content)) == WaveHead(frames=1000, channels=2, rate=44100)
    assert read_wave(content)[0].shape == (1000, 2)


def test_without_the_start_of_the_samples_the_head_is_not_known() -> None:
    content = riff(chunk(b"LIST", b"x" * 10_000), form(), ramp())
    assert head_of_wave(content[:4096], len(content)) is None
    assert head_of_wave(b"fLaC" + bytes(100), 104) is None
    with pytest.raises(UnreadableError, match="truncated"):
        head_of_wave(riff(form()), len(riff(form())))


def test_a_header_that_promises_too_much_is_refused_before_it_is_decoded() -> None:
    content = riff(form(bits=8), chunk(b"data", b"", 0xFFFFFFFF))
    with pytest.raises(UnreadableError, match="at most 100,000,000 steps"):
        head_of_wave(content, 10**12)


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wave_file, "MOST_VALUES", 10)
    assert "6 steps of 2 channels" in cause_of(riff(form(channels=2), chunk(b"data", bytes(24))))


def test_a_flipped_or_cut_file_gives_samples_or_a_cause_never_a_crash() -> None:
    content = riff(chunk(b"LIST", b"abc"), form(), ramp())
    draws = random.Random(0)
    for _ in range(2000):
        damaged = bytearray(content[: draws.randrange(1, len(content) + 1)])
        damaged[draws.randrange(len(damaged))] ^= 1 << draws.randrange(8)
        with suppress(UnreadableError):
            samples, rate = read_wave(bytes(damaged))
            assert np.isfinite(samples).all()
            assert head_of_wave(bytes(damaged), len(damaged)) == WaveHead(
                frames=samples.shape[0], channels=samples.shape[1], rate=rate
            )


def test_mono_is_the_mean_of_the_channels() -> None:
    assert mono(np.array([[1, 0], [0.5, -0.5]], np.float32)).tolist() == [[0.5], [0.0]]
    assert mono(np.ones((3, 1), np.float32)).shape == (3, 1)


def test_recorded_digits_are_read_as_the_standard_library_reads_them(shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "spoken-digits" / "recordings.zip") as archive:
        for name in sorted(archive.namelist())[::300]:
            content = archive.read(name)
            samples, rate = read_wave(content)
            with wave.open(BytesIO(content)) as file:
                numbers = np.frombuffer(file.readframes(file.getnframes()), "<i2")
                assert rate == file.getframerate()
            assert np.array_equal(samples[:, 0], numbers.astype(np.float32) / 32768)
