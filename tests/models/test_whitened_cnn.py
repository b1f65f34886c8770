"""The whitened convnet: its first filters, its identity-like start, its views."""

import pytest
import torch
from torch import nn

from tellapart.config import ModelConfig
from tellapart.models import build_model
from tellapart.models.views import SURE, Sighted
from tellapart.models.whitened_cnn import Residual, Whiten, usual_widths
from tellapart.types import DataSpec


def spec_of(C: int = 3, side: int = 32) -> DataSpec:
    return DataSpec(kind="image", shape=(C, side, side), classes=("a", "b", "c"), mean=(120.0,) * C, std=(60.0,) * C)


def smooth_pictures(N: int = 200, C: int = 3, side: int = 16) -> torch.Tensor:
    """Random pictures whose neighbouring pixels are alike, as those of the world are."""
    coarse = torch.randn(N, C, side // 4, side // 4, generator=torch.Generator().manual_seed(0))
    return nn.functional.interpolate(coarse, (side, side), mode="bilinear")


def test_patches_come_out_uncorrelated_and_of_equal_variance() -> None:
    pictures = smooth_pictures() + 0.1 * torch.randn(200, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    whiten = Whiten(3, 2, 1)
    whiten.look(pictures, eps=0.0)
    out = whiten(pictures)[:, : whiten.directions].double()
    flat = out.permute(0, 2, 3, 1).reshape(-1, whiten.directions)
    second_moments = flat.T @ flat / len(flat)
    torch.testing.assert_close(second_moments, torch.eye(whiten.directions).double(), atol=1e-3, rtol=0)


def test_the_second_half_of_the_filters_is_the_negative_of_the_first() -> None:
    whiten = Whiten(3, 2, 1)
    for _ in range(2):  # before and after the look
        half = whiten.directions
        assert torch.equal(whiten.weight[half:], -whiten.weight[:half])
        whiten.look(smooth_pictures())


def test_the_first_filters_are_frozen() -> None:
    module = build_model(ModelConfig(model="whitened-cnn"), spec_of(), 0)
    names = [name for name, weight in module.named_parameters() if not weight.requires_grad]
    assert "whiten.weight" in names


def test_the_look_is_a_function_of_the_pictures_alone() -> None:
    pictures = (smooth_pictures() * 40 + 128).clamp(0, 255).to(torch.uint8)
    looks = [
        build_model(ModelConfig(model="whitened-cnn"), spec_of(side=16), seed, pictures).state_dict()["whiten.weight"]
        for seed in (0, 1)
    ]
    assert torch.equal(*looks)


def test_a_second_convolution_starts_as_the_identity() -> None:
    module = build_model(ModelConfig(model="whitened-cnn", widths=(8,)), spec_of(), 0)
    conv = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)][1]
    x = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(conv(x), x)


@pytest.mark.parametrize(
    ("C", "side", "widths"),
    [(3, 32, (64, 256, 256)), (1, 28, (32, 64, 64)), (1, 8, (32,)), (3, 16, (64, 256)), (3, 224, (64, 256, 256))],
)
def test_the_number_of_blocks_follows_the_size_of_the_picture(C: int, side: int, widths: tuple[int, ...]) -> None:
    assert usual_widths(spec_of(C, side), max(1, round(side / 32))) == widths


@pytest.mark.parametrize("side", [8, 20, 33, 64, 100, 224])
def test_large_pictures_are_read_in_strides(side: int) -> None:
    module = build_model(ModelConfig(model="whitened-cnn", widths=(4, 4, 4)), spec_of(side=side), 0)
    first: list[tuple[int, ...]] = []
    module.whiten.register_forward_hook(lambda _, __, out: first.append(tuple(out.shape[2:])))
    assert module.eval()(torch.zeros(1, 3, side, side, dtype=torch.uint8)).shape == (1, 3)
    assert max(first[0]) <= 48


class Told(nn.Module):
    """Logits that are the sum of a picture's left half, its right half, and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(x))
        left, right = x.float()[..., :2].sum((1, 2, 3)), x.float()[..., 2:].sum((1, 2, 3))
        return torch.stack([left, right], 1)


def test_a_sure_answer_takes_one_view() -> None:
    sighted = Sighted(Told(), mirrored=True).eval()
    x = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    x[..., :2] = 9
    assert torch.equal(sighted(x), Told()(x))
    assert sighted.network.seen == [2]


def test_an_answer_is_sure_by_its_distance_to_the_second_whatever_the_label_smoothing() -> None:
    sighted = Sighted(Told(), mirrored=False).eval()
    x = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    x[0, 0, 1, 0] = 3  # e^3 = 20 times as probable
    x[1, 0, 1, 0] = 2  # e^2 = 7.4 times
    sighted(x)
    assert sighted.network.seen == [2, 1, 1]


def test_an_unsure_answer_is_the_mean_of_its_views_and_its_neighbours_do_not_matter() -> None:
    sighted = Sighted(Told(), mirrored=True).eval()
    x = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    x[0, ..., :2] = 9
    x[1, 0, 0, 1] = 1  # unsure: 1 against 0
    logits = sighted(x)
    first, second = Told()(x)[1].softmax(0)
    assert first < SURE * second
    # as it is: 1, 0; mirrored: 0, 1. Moved down, its first row is there twice: 0, 2 and 2, 0. Moved up it is gone.
    torch.testing.assert_close(logits[1], torch.tensor([0.5, 0.5]))
    torch.testing.assert_close(logits[1], sighted(x[1:])[0])


def test_a_third_convolution_makes_a_residual_of_what_follows_the_first() -> None:
    plain, deep = (
        build_model(ModelConfig(model="whitened-cnn", widths=(8,), depth=depth), spec_of(), 0) for depth in (1, 3)
    )
    residual = [layer for layer in deep.modules() if isinstance(layer, Residual)]
    assert [sum(isinstance(layer, nn.Conv2d) for layer in found.modules()) for found in residual] == [2]
    assert not any(isinstance(layer, Residual) for layer in plain.modules())


def test_a_residual_adds_its_input_before_the_non_linearity() -> None:
    residual = Residual(4, 2, "relu").eval()
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(residual(x), torch.relu(residual.layers(x) + x))
