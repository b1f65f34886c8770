"""timm's architectures by name: any size, any channels, no torch before it is due, no network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import ModelConfig
from tellapart.errors import SettingError, TellapartError
from tellapart.models import build_model, check_model, timm_model
from tellapart.models.framed import Framed
from tellapart.models.timm_model import architectures, check_architecture, seen_size
from tellapart.types import DataSpec

pytest.importorskip("timm")

SMALL = ["resnet10t", "convnextv2_atto", "vit_tiny_patch16_224", "mobilenetv3_small_050", "efficientnet_b0"]
SMALL += ["swin_tiny_patch4_window7_224", "test_vit"]
SHAPES = {1: (1, 28, 28), 3: (3, 40, 32), 5: (5, 32, 32)}
K = 4
pytestmark = pytest.mark.slow


def spec_of(*shape: int) -> DataSpec:
    C = shape[0]
    return DataSpec(kind="image", shape=shape, classes=tuple("abcd"), mean=(100.0,) * C, std=(50.0,) * C)


def inputs_of(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def model(name: str, *shape: int, seed: int = 0, **settings: float) -> Framed:
    module = build_model(ModelConfig(model=f"timm:{name}", **settings), spec_of(*shape), seed)  # type: ignore[arg-type]
    assert isinstance(module, Framed)
    return module


# ---- raw in, logits out


@pytest.mark.parametrize(
    ("name", "C"), [(name, C) for name in SMALL for C in SHAPES if C == 1 or not name.startswith("swin")]
)
def test_raw_in_gives_logits_and_every_weight_a_gradient(name: str, C: int) -> None:
    module = model(name, *SHAPES[C])
    logits = module.train()(inputs_of(2, *SHAPES[C]))
    assert logits.shape == (2, K)
    assert logits.dtype == torch.float32
    nn.functional.cross_entropy(logits, torch.arange(2)).backward()
    for weight_name, weight in module.named_parameters():
        assert weight.grad is not None, weight_name
        assert torch.isfinite(weight.grad).all(), weight_name


@pytest.mark.parametrize("name", ["test_vit", "test_resnet"])
def test_the_seed_alone_makes_the_weights(name: str) -> None:
    one, same, other = (model(name, 1, 28, 28, seed=seed).eval() for seed in (3, 3, 4))
    x = inputs_of(2, 1, 28, 28)
    assert torch.equal(one(x), same(x))
    assert not torch.equal(one(x), other(x))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(x), other(x))


@pytest.mark.parametrize("name", ["test_vit", "mobilenetv3_small_050"])
def test_a_model_can_be_exported_for_any_number_of_samples(name: str) -> None:
    module = model(name, 3, 32, 32).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(module, (inputs_of(3, 3, 32, 32),), dynamic_shapes=({0: batch},), strict=False)
    for B in (1, 5):
        torch.testing.assert_close(exported.module()(inputs_of(B, 3, 32, 32)), module(inputs_of(B, 3, 32, 32)))


def test_normalisation_is_inside() -> None:
    module, raw = model("test_resnet", 3, 160, 160).eval(), inputs_of(2, 3, 160, 160)
    torch.testing.assert_close(module(raw), module.network((raw.float() - 100) / 50))


# ---- sizes


@pytest.mark.parametrize(
    ("sides", "cell", "whole", "seen"),
    [
        ((28, 28), 16, True, (64, 64)),
        ((28, 28), 32, False, (128, 128)),
        ((100, 70), 32, False, (183, 128)),
        ((100, 70), 16, True, (112, 80)),
        ((100, 70), 32, True, (192, 128)),
        ((128, 128), 32, True, (128, 128)),
        ((300, 201), 32, False, (300, 201)),
        ((1, 9), 32, False, (128, 1152)),
    ],
)
def test_a_picture_is_seen_at_its_own_size_or_with_four_cells_on_its_shorter_side(
    sides: tuple[int, int], cell: int, whole: bool, seen: tuple[int, int]
) -> None:
    assert seen_size(sides, cell=cell, whole=whole) == seen


def test_a_vit_is_built_for_the_size_of_the_pictures() -> None:
    module = model("test_vit", 3, 128, 96)
    assert module.size == (128, 96)
    assert module.network.patch_embed.grid_size == (8, 6)


def test_a_convnet_sees_large_pictures_as_they_are_and_other_sizes_of_them_too() -> None:
    module = model("test_resnet", 3, 160, 160).eval()
    assert module.size is None
    assert module(inputs_of(1, 3, 128, 96)).shape == (1, K)


def test_an_architecture_for_one_size_alone_is_shown_that_size() -> None:
    module = model("crossvit_tiny_240", 3, 28, 28)
    assert module.size == (240, 240)
    assert module.eval()(inputs_of(1, 3, 28, 28)).shape == (1, K)


def test_an_architecture_without_an_answer_to_any_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.models.framed.answers", lambda *_: False)
    with pytest.raises(SettingError, match="The model timm:test_resnet gives no logits for pictures of any size"):
        model("test_resnet", 3, 32, 32)


# ---- settings


def test_dropout_and_drop_path_reach_the_network() -> None:
    module = model("test_vit", 3, 64, 64, dropout=0.3, drop_path=0.2)
    assert module.network.head_drop.p == 0.3
    rates = [layer.drop_prob for layer in module.modules() if type(layer).__name__ == "DropPath"]
    assert max(rates) == pytest.approx(0.2)


def test_a_setting_that_the_architecture_has_no_use_for_is_told() -> None:
    with pytest.raises(SettingError, match=r"timm can't build 'vgg11' with drop_path = 0.1: .*drop_path_rate"):
        model("vgg11", 3, 32, 32, drop_path=0.1)


def test_a_tag_of_weights_that_there_are_not_is_told() -> None:
    with pytest.raises(SettingError, match=r"timm can't build 'test_vit.nothing': .*nothing"):
        model("test_vit.nothing", 3, 32, 32)


def test_a_setting_of_other_models_is_refused_by_name() -> None:
    with pytest.raises(
        SettingError, match=r"The model timm:test_vit has no setting 'widths'; it has dropout, drop_path"
    ):
        check_model(ModelConfig(model="timm:test_vit", widths=(4,)))


# ---- names


def test_the_names_are_those_that_timm_lists() -> None:
    import timm

    assert set(architectures()) == set(timm.list_models())


def test_a_name_with_a_tag_of_weights_is_known() -> None:
    check_architecture("vit_tiny_patch16_224.augreg_in21k")


def test_an_unknown_name_is_told_what_is_near() -> None:
    with pytest.raises(
        SettingError,
        match=r"Unknown model 'timm:convnextv2_ato'\. Did you mean 'convnextv2_atto'\? There are: .* more\.",
    ):
        check_model(ModelConfig(model="timm:convnextv2_ato"))


@pytest.mark.parametrize("name", ["hf-hub:someone/something", "local-dir:/tmp", ""])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=re.escape(f"Unknown model 'timm:{name}'")):
        check_model(ModelConfig(model=f"timm:{name}"))


def test_a_family_that_there_is_not_is_told_those_there_are() -> None:
    with pytest.raises(SettingError, match=r"Unknown model 'tim:resnet18'\. Did you mean "):
        check_model(ModelConfig(model="tim:resnet18"))


def test_checking_a_name_loads_neither_timm_nor_torch() -> None:
    code = "import sys; from tellapart.models import check_model; from tellapart.config import ModelConfig\n"
    code += "check_model(ModelConfig(model='timm:convnextv2_atto')); assert not {'torch', 'timm'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_timm_it_is_told_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    architectures.cache_clear()
    monkeypatch.setattr(timm_model, "find_spec", lambda _: None)
    with pytest.raises(TellapartError, match=r"pip install 'tellapart\[zoo\]'"):
        check_model(ModelConfig(model="timm:test_vit"))


# ---- nothing from elsewhere


def test_building_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    model("test_vit", 3, 32, 32)


def test_a_saved_model_is_read_again(tmp_path: Path) -> None:
    from tellapart.files import write_manifest
    from tellapart.runs.model_folder import Card, read_model, write_model

    module = model("test_vit", 3, 32, 32).eval()
    card = Card(
        model="timm:test_vit",
        settings={},
        spec=spec_of(3, 32, 32),
        trained_on="x",
        fingerprint="0",
        counts=(1, 1, 1, 1),
    )
    write_model(tmp_path, module, card)
    write_manifest(tmp_path)
    again, read = read_model(tmp_path)
    assert read.model == "timm:test_vit"
    assert torch.equal(again(inputs_of(2, 3, 32, 32)), module(inputs_of(2, 3, 32, 32)))
