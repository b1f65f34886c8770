"""Weights of one model in another: what fits is taken, what does not is named, and what was seen is seen still."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import ModelConfig
from tellapart.models import MODELS, build_model
from tellapart.models.adopted import Adopted, adopt, with_channels, with_grid
from tellapart.models.head import head_of
from tellapart.types import DataSpec

SPEC = DataSpec(kind="image", shape=(3, 16, 16), classes=("a", "b", "c"), mean=(120.0,) * 3, std=(60.0,) * 3)


def spec_of(**changed: Any) -> DataSpec:
    """The spec of pictures with alike channels."""
    spec = replace(SPEC, **changed)
    return replace(spec, mean=(120.0,) * spec.channels, std=(60.0,) * spec.channels)


def built(name: str, spec: DataSpec = SPEC, seed: int = 0, **settings: Any) -> nn.Module:
    return build_model(ModelConfig(model=name, **settings), spec, seed).eval()


def moved(name: str, before: DataSpec, now: DataSpec, **settings: Any) -> tuple[nn.Module, nn.Module, Adopted]:
    """A model of the data before, one of the data of now with its weights, and what was taken."""
    old, new = built(name, before, 0, **settings), built(name, now, 1, **settings)
    return old, new, adopt(new, old.state_dict(), now, before)


def pictures(shape: tuple[int, ...] = (3, 16, 16), B: int = 4) -> Tensor:
    return torch.randint(0, 256, (B, *shape), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


on_every_row = pytest.mark.parametrize("name", [name for name, row in MODELS.items() if "image" in row.kinds])


# ---- the same data


@on_every_row
def test_a_model_of_the_same_data_answers_the_same(name: str) -> None:
    old, new, adopted = moved(name, SPEC, SPEC)
    assert torch.equal(new(pictures()), old(pictures()))
    assert (adopted.fresh, adopted.adapted, adopted.head) == ((), (), True)


@on_every_row
def test_every_tensor_is_either_taken_or_fresh(name: str) -> None:
    _, new, adopted = moved(name, SPEC, spec_of(shape=(1, 16, 16), classes=("x", "y")))
    scales = [n for n in new.state_dict() if n.endswith(("0.mean", "0.scale", "normalise.mean", "normalise.scale"))]
    named = [*adopted.taken, *(line.split(" ")[0] for line in adopted.fresh)]
    assert sorted([*named, *scales]) == sorted(new.state_dict())


# ---- other classes


@on_every_row
def test_the_body_comes_over_whole_where_the_classes_are_others(name: str) -> None:
    old, new, adopted = moved(name, SPEC, spec_of(classes=("x", "y")))
    then, now, head = old.state_dict(), new.state_dict(), head_of(new)
    assert all(torch.equal(then[n], now[n]) for n in now if not n.startswith(f"{head}."))
    assert adopted.fresh[0] == f"{head}.weight (3 classes there, 2 here)"
    assert not adopted.head


@on_every_row
def test_classes_in_another_order_keep_their_logits(name: str) -> None:
    old, new, adopted = moved(name, SPEC, spec_of(classes=("c", "a", "b")))
    torch.testing.assert_close(new(pictures()), old(pictures())[:, [2, 0, 1]], rtol=1e-5, atol=1e-6)
    assert adopted.head


@on_every_row
def test_a_class_that_is_known_by_name_keeps_its_logit(name: str) -> None:
    old, new, adopted = moved(name, SPEC, spec_of(classes=("new", "b")))
    torch.testing.assert_close(new(pictures())[:, 1], old(pictures())[:, 1], rtol=1e-5, atol=1e-6)
    assert "(1 of 2 classes by name)" in adopted.adapted[0]
    assert not adopted.head


def test_as_many_classes_of_other_names_are_no_reason_to_take_the_head() -> None:
    _, _, adopted = moved("mlp", SPEC, spec_of(classes=("x", "y", "z")))
    assert "3 classes there, 3 here, none of the same name" in adopted.fresh[0]


def test_the_head_of_weights_whose_classes_are_not_known_stays_fresh() -> None:
    old, new = built("cnn"), built("cnn", seed=1)
    before = new.state_dict()[f"{head_of(new)}.weight"].clone()
    adopted = adopt(new, old.state_dict(), SPEC, None)
    assert torch.equal(new.state_dict()[f"{head_of(new)}.weight"], before)
    assert not adopted.head


# ---- other channels


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet18"])
@pytest.mark.parametrize(("then", "now"), [(1, 3), (1, 5), (3, 6)])
def test_a_picture_of_alike_channels_looks_as_it_did(name: str, then: int, now: int) -> None:
    old, new, adopted = moved(name, spec_of(shape=(then, 16, 16)), spec_of(shape=(now, 16, 16)))
    grey = pictures((1, 16, 16))
    torch.testing.assert_close(
        new(grey.expand(-1, now, -1, -1)), old(grey.expand(-1, then, -1, -1)), rtol=1e-4, atol=1e-5
    )
    assert adopted.fresh == ()


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet18"])
def test_a_model_of_colour_sees_a_grey_picture_as_it_did_in_three_channels(name: str) -> None:
    old, new, _ = moved(name, SPEC, spec_of(shape=(1, 16, 16)))
    grey = pictures((1, 16, 16))
    torch.testing.assert_close(new(grey), old(grey.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


def test_filters_are_summed_for_one_channel_and_repeated_and_scaled_for_more() -> None:
    filters = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
    assert with_channels(filters, 1).flatten().tolist() == [6.0]
    assert with_channels(filters, 4).flatten().tolist() == [0.75, 1.5, 2.25, 0.75]
    assert with_channels(filters, 2).flatten().tolist() == [1.5, 3.0]


def test_the_first_layer_is_told_where_its_channels_are_others() -> None:
    _, _, adopted = moved("cnn", spec_of(shape=(1, 16, 16)), SPEC)
    assert adopted.adapted == ("1.weight (16x1x3x3 there, 16x3x3x3 here)",)


def test_the_scale_of_the_pixels_is_of_the_data_of_now() -> None:
    new = built("cnn", seed=1)
    scale = new.state_dict()["0.mean"].clone()
    adopt(new, built("cnn", replace(SPEC, mean=(1.0, 2.0, 3.0))).state_dict(), SPEC, SPEC)
    assert torch.equal(new.state_dict()["0.mean"], scale)


# ---- other sizes


@pytest.mark.parametrize("name", ["whitened-cnn", "resnet18"])
def test_a_convnet_with_a_pool_over_all_pixels_fits_pictures_of_any_size(name: str) -> None:
    _, _, adopted = moved(name, SPEC, spec_of(shape=(3, 24, 24)), widths=(4, 8))
    assert adopted.fresh == ()


def test_a_layer_that_is_bound_to_a_size_is_fresh_for_another_and_told() -> None:
    _, _, adopted = moved("cnn", SPEC, spec_of(shape=(3, 32, 32)))
    assert adopted.fresh == ("8.weight (128x512 there, 128x2048 here)",)


def test_a_grid_of_positions_is_resized_between_its_tokens() -> None:
    table = torch.cat([torch.full((1, 1, 2), 9.0), torch.full((1, 16, 2), 3.0)], 1)
    found = with_grid(table, 1 + 36)
    assert found is not None
    assert found[0, 0].tolist() == [9.0, 9.0]
    torch.testing.assert_close(found[:, 1:], torch.full((1, 36, 2), 3.0))


def test_a_grid_of_positions_is_torchs_bicubic() -> None:
    grid = torch.randn(1, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    wanted = nn.functional.interpolate(grid, (7, 7), mode="bicubic", align_corners=False)
    found = with_grid(grid.flatten(2).transpose(1, 2), 49)
    assert found is not None
    torch.testing.assert_close(found, wanted.flatten(2).transpose(1, 2))


def test_what_is_no_square_grid_is_not_resized() -> None:
    assert with_grid(torch.zeros(1, 8, 2), 16) is None


class Positioned(nn.Module):
    """A table of positions, as a vision transformer has one, and a head."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 4, 2)
        self.pos_embed = nn.Parameter(torch.randn(1, side * side + 1, 4))
        self.head = nn.Linear(4, 3)


def test_a_position_embedding_is_taken_at_another_size() -> None:
    old, new = Positioned(4), Positioned(6)
    adopted = adopt(new, old.state_dict(), SPEC, SPEC)
    assert adopted.fresh == ()
    assert adopted.adapted == ("pos_embed (1x17x4 there, 1x37x4 here)",)
    assert torch.equal(new.pos_embed[:, 0], old.pos_embed[:, 0])


# ---- names and types


@pytest.mark.parametrize("prefix", ["module.", "network.", "model.backbone."])
def test_a_prefix_that_all_names_have_counts_for_nothing(prefix: str) -> None:
    old, new = built("resnet18", widths=(2, 3)), built("resnet18", seed=1, widths=(2, 3))
    adopted = adopt(new, {prefix + name: tensor for name, tensor in old.state_dict().items()}, SPEC, SPEC)
    assert adopted.fresh == ()
    assert torch.equal(new(pictures()), old(pictures()))


@pytest.mark.parametrize(("then", "now"), [("one", "mirrored"), ("mirrored", "one")])
def test_other_views_are_no_other_weights(then: Any, now: Any) -> None:
    old, new = built("whitened-cnn", views=then), built("whitened-cnn", seed=1, views=now)
    assert adopt(new, old.state_dict(), SPEC, SPEC).fresh == ()


def test_what_is_not_there_is_named() -> None:
    old, new = built("cnn"), built("cnn", seed=1)
    tensors = old.state_dict()
    del tensors["4.bias"]
    assert adopt(new, tensors, SPEC, SPEC).fresh == ("4.bias (not there)",)


def test_whole_numbers_are_no_weights() -> None:
    old, new = built("cnn"), built("cnn", seed=1)
    tensors = old.state_dict() | {"1.bias": torch.zeros(16, dtype=torch.int64)}
    assert adopt(new, tensors, SPEC, SPEC).fresh == ("1.bias (int64 there)",)


def test_nothing_of_another_architecture_is_taken() -> None:
    adopted = adopt(built("resnet18"), {"stem.conv.weight": torch.zeros(7, 3, 5, 5)}, SPEC, None)
    assert (adopted.taken, adopted.body) == ((), 0)


def test_what_is_taken_is_copied() -> None:
    old, new = built("mlp"), built("mlp", seed=1)
    adopt(new, old.state_dict(), SPEC, SPEC)
    with torch.no_grad():
        old.state_dict()["2.weight"].fill_(math.pi)
    assert not (new.state_dict()["2.weight"] == math.pi).any()
