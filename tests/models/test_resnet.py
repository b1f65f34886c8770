"""Residual networks: the layers of the paper, whatever the size of the picture."""

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import ModelConfig
from tellapart.models import build_model
from tellapart.models.norm import Norm
from tellapart.models.resnet import BasicBlock, Bottleneck
from tellapart.types import DataSpec

WIDTHS = (4, 6, 8, 10)


def spec_of(*shape: int, classes: int = 10) -> DataSpec:
    names = tuple(f"class {k}" for k in range(classes))
    mean, std = (120.0,) * shape[0], (60.0,) * shape[0]
    return DataSpec(kind="image", shape=shape, classes=names, mean=mean, std=std)


def model(*shape: int, widths: tuple[int, ...] | None = WIDTHS, classes: int = 10) -> nn.Module:
    return build_model(ModelConfig(model="resnet18", widths=widths), spec_of(*shape, classes=classes), 0)


def inputs_of(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def on_paper(name: str, side: int, classes: int) -> nn.Module:
    """The module at its full size, without memory for its weights."""
    with torch.device("meta"):
        return build_model(ModelConfig(model=name), spec_of(3, side, side, classes=classes), 0)


def sides(module: nn.Module, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Height and width after each block."""
    found: list[tuple[int, int]] = []
    for layer in module.modules():
        if isinstance(layer, BasicBlock):
            layer.register_forward_hook(lambda *args: found.append((args[2].shape[2], args[2].shape[3])))
    module.eval()(inputs_of(1, *shape))
    return found


def test_it_has_the_number_of_weights_of_the_published_one_for_small_pictures() -> None:
    # counted by hand: 3x3 stem, four widths of two blocks, three 1x1 shortcuts, two per channel and norm, 512 to 10
    module = model(3, 32, 32, widths=None)
    assert sum(p.numel() for p in module.parameters()) == 11_173_962


def test_it_has_the_number_of_weights_of_the_published_one_for_large_pictures() -> None:
    module = model(3, 224, 224, widths=None, classes=1000)
    assert sum(p.numel() for p in module.parameters()) == 11_689_512


@pytest.mark.parametrize(
    ("name", "weights"),
    [("resnet34", 21_797_672), ("resnet50", 25_557_032), ("resnet101", 44_549_160), ("resnet152", 60_192_808)],
)
def test_a_deeper_one_has_the_number_of_weights_of_the_published_one(name: str, weights: int) -> None:
    assert sum(p.numel() for p in on_paper(name, 224, 1000).parameters()) == weights


@pytest.mark.parametrize("layers", [18, 34, 50, 101, 152])
def test_its_name_is_the_number_of_layers_on_the_longest_way(layers: int) -> None:
    module = on_paper(f"resnet{layers}", 32, 10)
    shortcuts = {inner for name, inner in module.named_modules() if ".shortcut." in name}
    counted = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear) and m not in shortcuts]
    assert len(counted) == layers


def test_the_3x3_convolution_of_a_bottleneck_makes_the_stride() -> None:
    block = Bottleneck(8, 4, 2, "relu", 0.0)
    assert [block.conv1.stride, block.conv2.stride, block.conv3.stride] == [(1, 1), (2, 2), (1, 1)]


def test_a_small_picture_keeps_every_pixel_until_the_second_width() -> None:
    assert sides(model(3, 32, 32), (3, 32, 32)) == [(32, 32)] * 2 + [(16, 16)] * 2 + [(8, 8)] * 2 + [(4, 4)] * 2


def test_a_large_picture_is_a_quarter_a_side_before_the_first_block() -> None:
    assert sides(model(3, 224, 224), (3, 224, 224)) == [(56, 56)] * 2 + [(28, 28)] * 2 + [(14, 14)] * 2 + [(7, 7)] * 2


@pytest.mark.parametrize(("height", "width", "first"), [(64, 64, (64, 64)), (65, 64, (17, 16)), (20, 65, (5, 17))])
def test_the_first_layers_are_those_for_large_pictures_from_65_pixels_a_side(
    height: int, width: int, first: tuple[int, int]
) -> None:
    assert sides(model(1, height, width), (1, height, width))[0] == first


@pytest.mark.slow
@pytest.mark.parametrize(("name", "side"), [("resnet18", 32), ("resnet18", 96), ("resnet50", 32)])
def test_it_says_what_torchvision_s_network_says_with_the_same_weights(name: str, side: int) -> None:
    torchvision = pytest.importorskip("torchvision")
    reference = getattr(torchvision.models, name)(num_classes=10)
    if side <= 64:
        reference.conv1, reference.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    own = build_model(ModelConfig(model=name), spec_of(3, side, side), 0)
    with torch.no_grad():
        for one in own.modules():
            if isinstance(one, Norm):  # so that a norm at the wrong place shows
                one.running_mean.uniform_(-0.1, 0.1)
                one.running_var.uniform_(0.5, 2.0)
    kept = [tensor for name, tensor in own.state_dict().items() if name not in ("0.mean", "0.scale")]
    slots = [name for name in reference.state_dict() if not name.endswith("num_batches_tracked")]
    reference.load_state_dict(dict(zip(slots, kept, strict=True)), strict=False)
    raw = inputs_of(2, 3, side, side)
    expected = reference.eval()((raw.float() - 120) / 60)
    torch.testing.assert_close(own.eval()(raw), expected, rtol=1e-4, atol=1e-4)


def test_another_number_of_widths_makes_another_depth() -> None:
    module = model(3, 32, 32, widths=(4, 8))
    assert len([m for m in module.modules() if isinstance(m, BasicBlock)]) == 4
    assert module(inputs_of(2, 3, 32, 32)).shape == (2, 10)


def test_a_norm_in_training_is_that_of_torch() -> None:
    x = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    own, reference = Norm(3), nn.BatchNorm2d(3)
    torch.testing.assert_close(own(x), reference(x))
    torch.testing.assert_close(own.running_var, reference.running_var)


def test_a_single_value_a_channel_is_normalised_by_the_running_statistics() -> None:
    norm = Norm(2)
    norm(torch.randn(8, 2, 3, 3, generator=torch.Generator().manual_seed(0)))
    x, before = torch.tensor([3.0, -1.0]).reshape(1, 2, 1, 1), norm.running_mean.clone()
    trained = norm(x)
    assert torch.equal(trained, norm.eval()(x))
    assert torch.equal(norm.running_mean, before)


def test_filters_start_at_the_deviation_of_he() -> None:
    filters = model(3, 32, 32, widths=None).state_dict()["4.conv1.weight"]
    assert filters.shape == (64, 64, 3, 3)
    assert filters.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


@pytest.mark.slow
def test_it_learns_what_it_is_shown() -> None:
    module, inputs, targets = model(3, 32, 32), inputs_of(16, 3, 32, 32), torch.arange(16) % 10
    optimiser = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(40):
        loss = nn.functional.cross_entropy(module(inputs), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
