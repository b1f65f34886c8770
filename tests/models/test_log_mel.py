"""Sound as a picture of it, by hand and by laws."""

import pytest
import torch
from tests.models.test_contract import spec_of

from tellapart.models.log_mel import Hidden, LogMel, mel_filters, standardised
from tellapart.types import DataSpec


def spec(rate: int, steps: int) -> DataSpec:
    return DataSpec(kind="audio", shape=(1, steps), classes=("a", "b"), mean=(0.0,), std=(0.1,), rate=rate)


def tone(hertz: float, rate: int, seconds: float = 0.3) -> torch.Tensor:
    return 0.1 * (2 * torch.pi * hertz * torch.arange(int(rate * seconds)) / rate).sin()[None, None]


@pytest.mark.parametrize("hertz", [150.0, 440.0, 1000.0, 3000.0])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_pure_tone_is_loudest_in_its_band(hertz: float, rate: int) -> None:
    x = tone(hertz, rate)
    front = LogMel(spec(rate, x.shape[2]))
    frames, _ = front(x, torch.tensor([x.shape[2]]))
    mel = 2595 * torch.log10(torch.tensor([hertz, rate / 2]) / 700 + 1)
    band = mel[0] / mel[1] * (front.bands + 1) - 1
    assert abs(frames[0, :, 5].argmax().item() - band.item()) <= 1


@pytest.mark.parametrize(("rate", "bands"), [(1000, 5), (4000, 20), (8000, 40), (16000, 64), (22050, 64), (48000, 64)])
def test_every_band_holds_a_line_of_the_spectrum(rate: int, bands: int) -> None:
    front = LogMel(spec(rate, rate))
    assert front.bands == bands
    torch.testing.assert_close(mel_filters(rate, front.points, bands).sum(1), torch.ones(bands))


@pytest.mark.parametrize(("length", "frames"), [(1, 1), (80, 1), (81, 2), (160, 2), (161, 3), (800, 10)])
def test_there_is_a_frame_every_10_ms(length: int, frames: int) -> None:
    found, lengths = LogMel(spec(8000, 800))(torch.randn(1, 1, 800), torch.tensor([length]))
    assert lengths.tolist() == [frames]
    assert not found[0, :, frames:].any()


def test_loudness_is_taken_out() -> None:
    x = torch.randn(1, 1, 4000, generator=torch.Generator().manual_seed(0))
    front, lengths = LogMel(spec(8000, 4000)), torch.tensor([4000])
    torch.testing.assert_close(front(0.1 * x, lengths)[0], front(0.05 * x, lengths)[0], rtol=1e-3, atol=1e-3)


def test_silence_is_zero_everywhere() -> None:
    frames, _ = LogMel(spec(8000, 4000))(torch.zeros(1, 1, 4000), torch.tensor([4000]))
    assert frames.abs().max() < 1e-4


def test_white_noise_is_as_loud_in_each_band() -> None:
    x = torch.randn(1, 1, 80_000, generator=torch.Generator().manual_seed(0))
    front = LogMel(spec(8000, 80_000))
    power = torch.stft(x[:, 0], front.points, 80, front.length, front.window, return_complex=True).abs().square()
    torch.testing.assert_close((front.filters @ power).mean((0, 2)), torch.ones(40), rtol=0.15, atol=0)


def test_the_mean_and_the_deviation_of_the_own_frames_are_taken_out() -> None:
    x = torch.randn(2, 4, 9) * 3 + 2
    found = standardised(x, torch.tensor([9, 5]))
    own = found[1, :, :5]
    assert own.mean().item() == pytest.approx(0, abs=1e-5)
    assert own.std(correction=0).item() == pytest.approx(1, abs=0.1)
    assert not found[1, :, 5:].any()


@pytest.mark.parametrize("rate", [1, 10, 100])
def test_the_lowest_rates_have_a_picture_too(rate: int) -> None:
    frames, lengths = LogMel(spec(rate, 30))(torch.randn(2, 1, 30), torch.tensor([30, 1]))
    assert torch.isfinite(frames).all()
    assert lengths.tolist() == [30, 1]


def test_the_scale_of_the_samples_comes_from_the_data() -> None:
    assert LogMel(spec_of(("audio", 1, 1500))).normalise.mean.item() == 100


def test_a_stretch_of_bands_and_one_of_frames_are_hidden_in_training_alone():
    torch.manual_seed(0)
    x, lengths = torch.ones(200, 20, 50), torch.tensor([50, 25] * 100)
    layer = Hidden(0.3)
    seen = layer.train()(x, lengths)
    bands, frames = (seen == 0).all(2).sum(1), (seen == 0).all(1).sum(1)
    assert bands.max() <= 6
    assert bands.float().mean() > 1.5
    assert frames[::2].max() <= 15
    assert frames[1::2].max() <= 7
    assert not (seen[1::2, :, 25:] == 0).all(1).any()
    assert torch.equal(layer.eval()(x, lengths), x)
    assert torch.equal(Hidden(0.0).train()(x, lengths), x)
