"""What every row of the models table keeps, whatever the shape of the data."""

import inspect
import subprocess
import sys
import typing
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tellapart.config import Activation, ModelConfig
from tellapart.errors import SettingError
from tellapart.models import DEFAULTS, FAMILIES, MODELS, ModelRow, build_model, check_model, chosen
from tellapart.models.normalise import Normalise
from tellapart.types import SEQUENCES, DataSpec, Kind

Shape = tuple[Any, ...]
"""Sizes of a sample; of a sequence with its kind before them."""
PICTURES: list[Shape] = [(5, 12, 10)]
PICTURES += [(c, *sides) for c in (1, 3) for sides in ((1, 1), (5, 7), (28, 28), (32, 32), (64, 48), (1, 9), (2, 3))]
SHAPES: dict[Kind, list[Shape]] = {
    "image": PICTURES,
    "vector": [(4,), (1,)],
    "series": [("series", 2, 30), ("series", 1, 9), ("series", 11, 1)],
    "audio": [("audio", 1, 1500), ("audio", 1, 1)],
    "text": [("text", 20), ("text", 1)],
}
RATE = 8000
K = 5
RECURRENT = ("rnn", "lstm", "gru", "bilstm", "bigru")
NARROW: dict[str, dict[str, object]] = {
    "deepcnn5x5": {"widths": (16, 16, 32, 32, 32), "dense": 64, "dropout": 0.0},
    **{f"vgg{layers}": {"widths": (4, 4, 6, 6, 8), "dense": 16, "dropout": 0.0} for layers in (11, 13, 16, 19)},
    **{f"resnet{layers}": {"widths": (4, 4, 6, 6)} for layers in (18, 34, 50, 101, 152)},
    **{name: {"hidden": 12} for name in RECURRENT},
    "conv1d": {"widths": (6, 8)},
    "inceptiontime": {"hidden": 4},
    "random-kernels": {"features": 168},
    "spectrogram-cnn": {"widths": (4, 6), "dropout": 0.0},
    "textcnn": {"widths": (6, 6), "hidden": 8, "dropout": 0.0},
    "transformer": {"hidden": 16, "dropout": 0.0},
}
"""Settings under which a row has all its layers at a hundredth of their work, and no draw of dropout hides a weight."""
DEEP = ("convnet5", "vgg13", "vgg16", "vgg19", "resnet34", "resnet50", "resnet101", "resnet152", *RECURRENT)
"""More of the layers of another row, or blind to the size of a picture: a few shapes do."""

CASES = [
    (name, shape)
    for name, row in MODELS.items()
    for kind in row.kinds
    for shape in (PICTURES[:3] if kind == "image" and name in DEEP else SHAPES[kind])
]
on_every_row = pytest.mark.parametrize("name", list(MODELS))
on_pictures = pytest.mark.parametrize("name", [name for name, row in MODELS.items() if "image" in row.kinds])
on_every_case = pytest.mark.parametrize(("name", "shape"), CASES)


def kind_of(shape: Shape) -> Kind:
    return shape[0] if isinstance(shape[0], str) else "image" if len(shape) == 3 else "vector"  # type: ignore[return-value]


def spec_of(shape: Shape, mean: float = 100.0, std: float = 50.0) -> DataSpec:
    kind = kind_of(shape)
    shape = shape[1:] if kind in SEQUENCES else shape
    size = 0 if kind == "text" else shape[0]
    return DataSpec(
        kind=kind,
        shape=shape,
        classes=tuple("abcdefghij"[:K]),
        mean=tuple(mean + i for i in range(size)),
        std=tuple(std + i for i in range(size)),
        rate=RATE if kind == "audio" else 0,
    )


def given_of(shape: Shape, B: int = 3, seed: int = 0) -> tuple[Tensor, ...]:
    """What a model is called with: raw values, and lengths of sequences, the first of which is whole."""
    generator = torch.Generator().manual_seed(seed)
    kind = kind_of(shape)
    if kind not in SEQUENCES:
        raw = torch.randint(0, 256, (B, *shape), generator=generator)
        return (raw.to(torch.uint8) if kind == "image" else raw.float(),)
    _, *sizes = shape
    lengths = torch.randint(1, sizes[-1] + 1, (B,), generator=generator)
    lengths[0] = sizes[-1]
    if kind == "text":
        return torch.randint(1, 257, (B, *sizes), generator=generator), lengths
    return torch.randn(B, *sizes, generator=generator) * 50 + 100, lengths


def inputs_of(shape: Shape, B: int = 3, seed: int = 0) -> Tensor:
    return given_of(shape, B, seed)[0]


def usual_shape(name: str) -> Shape:
    """One shape that the row takes."""
    return (3, 12, 10) if "image" in MODELS[name].kinds else SHAPES[MODELS[name].kinds[0]][0]


def steps_of(shape: Shape) -> int:
    """Steps that a recurrent network makes; of a sound there are never many."""
    return shape[1] if kind_of(shape) == "image" else shape[-1]


def narrow(name: str, **settings: object) -> ModelConfig:
    return ModelConfig(model=name, **(NARROW.get(name, {}) | settings))  # type: ignore[arg-type]


def model(name: str, shape: Shape, seed: int = 0, **settings: object) -> nn.Module:
    return build_model(narrow(name, **settings), spec_of(shape), seed)


def weights_bytes(module: nn.Module) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in module.state_dict().items()}


# ---- forward and backward


@on_every_case
def test_raw_in_gives_finite_logits_out(name: str, shape: Shape) -> None:
    module = model(name, shape)
    for training, B in ((False, 1), (False, 3), (True, 3), (True, 1)):
        logits = module.train(training)(*given_of(shape, B))
        assert logits.shape == (B, K), (training, B)
        assert logits.dtype == torch.float32
        assert torch.isfinite(logits).all(), (training, B)


@on_every_case
def test_every_weight_gets_a_gradient(name: str, shape: Shape) -> None:
    module = model(name, shape)
    targets = torch.arange(6) % K
    nn.functional.cross_entropy(module(*given_of(shape, 6)), targets).backward()
    for weight_name, weight in module.named_parameters():
        if not weight.requires_grad or ("weight_hh" in weight_name and steps_of(shape) == 1):
            continue
        assert weight.grad is not None, weight_name
        assert torch.isfinite(weight.grad).all(), weight_name
        assert weight.grad.abs().sum() > 0, weight_name


@on_every_case
def test_one_sample_has_the_same_logits_alone_and_in_company(name: str, shape: Shape) -> None:
    module, given = model(name, shape).eval(), given_of(shape)
    together = module(*given)[1:2]
    size = max(1.0, together.abs().max().item())  # the logits of 152 layers that never saw data are large, and cancel
    torch.testing.assert_close(module(*(values[1:2] for values in given)) / size, together / size, rtol=1e-4, atol=1e-5)


@on_every_case
def test_a_state_dict_carries_all_that_the_logits_depend_on(name: str, shape: Shape) -> None:
    one, other = model(name, shape, seed=0).eval(), model(name, shape, seed=1).eval()
    assert not torch.equal(one(*given_of(shape)), other(*given_of(shape)))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(*given_of(shape)), other(*given_of(shape)))


# ---- first weights


@on_every_row
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    shape = usual_shape(name)
    assert weights_bytes(model(name, shape, seed=3)) == weights_bytes(model(name, shape, seed=3))


def identity_like(weight: torch.Tensor) -> bool:
    """Whether the filters are the identity, which no seed changes."""
    return weight.ndim == 4 and torch.equal(weight, nn.init.dirac_(torch.empty_like(weight)))


@on_every_row
def test_another_seed_gives_other_weights(name: str) -> None:
    one, other = (dict(model(name, usual_shape(name), seed=seed).named_parameters()) for seed in (3, 4))
    drawn = [weight for weight in one if one[weight].ndim > 1]
    assert drawn
    assert all(not torch.equal(one[weight], other[weight]) for weight in drawn if not identity_like(one[weight]))


@on_every_row
def test_the_caller_s_draws_do_not_change_the_weights(name: str) -> None:
    torch.manual_seed(1)
    one = weights_bytes(model(name, usual_shape(name)))
    torch.manual_seed(2)
    torch.rand(7)
    assert weights_bytes(model(name, usual_shape(name))) == one


@on_every_row
def test_building_uses_up_no_global_draw(name: str) -> None:
    before = torch.random.get_rng_state()
    model(name, usual_shape(name))
    assert torch.equal(torch.random.get_rng_state(), before)


@on_every_row
def test_building_leaves_the_draws_of_a_gpu_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # torch.manual_seed seeds every GPU too, and `fork_rng(devices=[])` does not bring that back
    seeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    monkeypatch.setattr(torch.cuda, "manual_seed", seeded.append)
    model(name, usual_shape(name))
    assert seeded == []


@on_every_row
def test_weights_are_fp32_on_the_cpu(name: str) -> None:
    tensors = model(name, usual_shape(name)).state_dict().values()
    assert {(tensor.dtype, tensor.device.type) for tensor in tensors} == {(torch.float32, "cpu")}


# ---- normalisation


@pytest.mark.parametrize(("name", "shape"), [case for case in CASES if kind_of(case[1]) != "text"])
def test_normalisation_is_inside(name: str, shape: Shape) -> None:
    # a module of mean 0 and deviation 1 with the same weights, fed by hand, says the same
    spec = spec_of(shape)
    inside, bare = model(name, shape).eval(), build_model(narrow(name), spec_of(shape, 0, 1), 0).eval()
    bare.load_state_dict(
        {key: t for key, t in inside.state_dict().items() if key in dict(bare.named_parameters())}, strict=False
    )
    for layer in bare.modules():
        if isinstance(layer, Normalise):
            layer.mean.zero_()
            layer.scale.fill_(1)
    form = (1, -1, *(1 for _ in spec.shape[1:]))
    raw, *lengths = given_of(shape)
    by_hand = (raw.double() - torch.tensor(spec.mean).double().reshape(form)) / torch.tensor(spec.std).reshape(form)
    torch.testing.assert_close(inside(raw, *lengths), bare(by_hand.float(), *lengths), rtol=1e-4, atol=1e-4)


@on_pictures
def test_raw_bytes_and_the_same_numbers_as_floats_are_one(name: str) -> None:
    module, raw = model(name, usual_shape(name)).eval(), inputs_of(usual_shape(name))
    assert torch.equal(module(raw), module(raw.float()))


def test_normalise_is_mean_and_deviation_of_each_channel() -> None:
    spec = DataSpec(kind="image", shape=(2, 1, 1), classes=("a", "b"), mean=(10.0, 20.0), std=(2.0, 5.0))
    raw = torch.tensor([[[[14]], [[10]]]], dtype=torch.uint8)
    torch.testing.assert_close(Normalise(spec)(raw).flatten(), torch.tensor([2.0, -2.0]))


def test_normalise_is_mean_and_deviation_of_each_feature() -> None:
    spec = DataSpec(kind="vector", shape=(3,), classes=("a", "b"), mean=(1.0, 2.0, 3.0), std=(1.0, 2.0, 4.0))
    torch.testing.assert_close(Normalise(spec)(torch.tensor([[2.0, 0.0, 3.0]])), torch.tensor([[1.0, -1.0, 0.0]]))


@on_every_row
def test_normalisation_is_not_trained_but_saved(name: str) -> None:
    module = model(name, usual_shape(name))
    trained = dict(module.named_parameters())
    for buffer in ("mean", "scale"):
        saved = [key for key in module.state_dict() if key.rsplit(".", 1)[-1] == buffer]
        assert len(saved) == (kind_of(usual_shape(name)) != "text")
        assert not set(saved) & set(trained)


# ---- the table


@pytest.mark.parametrize("row", [*MODELS.values(), *FAMILIES.values()], ids=lambda row: row.builder)
def test_a_row_names_the_settings_of_its_builder(row: ModelRow) -> None:
    from importlib import import_module

    file, function = row.builder.split(":")
    parameters = inspect.signature(getattr(import_module(f"tellapart.models.{file}"), function)).parameters
    keywords = [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert keywords == list(row.settings)
    assert [p.kind for p in parameters.values()].count(inspect.Parameter.VAR_KEYWORD) == 0
    assert all(parameters[keyword].default is not inspect.Parameter.empty for keyword in keywords)


@on_every_row
def test_a_row_s_settings_are_fields_of_the_configuration(name: str) -> None:
    assert set(MODELS[name].settings) <= set(ModelConfig.__dataclass_fields__) - {"model"}


@pytest.mark.parametrize("setting", sorted(set(ModelConfig.__dataclass_fields__) - {"model"}))
def test_every_setting_has_a_model_that_uses_it(setting: str) -> None:
    assert any(setting in row.settings for row in MODELS.values())


@on_every_row
def test_a_row_says_what_it_is_in_a_line(name: str) -> None:
    assert 10 < len(MODELS[name].summary) < 100


@pytest.mark.parametrize("kind", typing.get_args(Kind))
def test_the_default_of_a_kind_is_a_row_that_takes_it(kind: Kind) -> None:
    assert kind in MODELS[DEFAULTS[kind]].kinds


@pytest.mark.parametrize("shape", [(1, 8, 8), (4,), ("text", 20)])
def test_without_a_name_the_default_is_built(shape: Shape) -> None:
    spec = spec_of(shape)
    assert chosen(ModelConfig(), spec) == DEFAULTS[spec.kind]
    named = build_model(ModelConfig(model=DEFAULTS[spec.kind]), spec, 0)
    assert weights_bytes(build_model(ModelConfig(), spec, 0)) == weights_bytes(named)


GIVEN = {"widths": (4,), "dense": 4, "activation": "tanh", "dropout": 0.1, "stride": 2, "depth": 3, "views": "shifted"}
GIVEN |= {"pooling": "max", "drop_path": 0.1, "layers": 1, "hidden": 4, "features": 84, "spec_augment": 0.1}


def refusals() -> Iterator[tuple[str, str]]:
    assert set(GIVEN) == set(ModelConfig.__dataclass_fields__) - {"model"}
    for name, row in MODELS.items():
        yield from ((name, setting) for setting in GIVEN if setting not in row.settings)


@pytest.mark.parametrize(("name", "setting"), list(refusals()))
def test_a_setting_that_a_model_has_no_use_for_is_refused_by_name(name: str, setting: str) -> None:
    first = next(iter(MODELS[name].settings), "none")
    with pytest.raises(SettingError, match=f"The model {name} has no setting '{setting}'; it has {first}[,.]"):
        check_model(ModelConfig(model=name, **{setting: GIVEN[setting]}))  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "pooling"), [("resnet18", "attention"), ("vgg11", "last"), ("lstm", "gem")])
def test_a_pooling_that_is_for_other_data_is_refused(name: str, pooling: Any) -> None:
    with pytest.raises(SettingError, match=f"The model {name} has no pooling '{pooling}'; it has mean, max, "):
        check_model(ModelConfig(model=name, pooling=pooling))


def test_a_setting_that_the_default_model_has_no_use_for_is_refused_once_the_data_are_known() -> None:
    with pytest.raises(SettingError, match="The model mlp has no setting 'dense'"):
        chosen(ModelConfig(dense=4), spec_of((4,)))


def test_an_unknown_model_is_told_what_is_near() -> None:
    with pytest.raises(SettingError, match=r"Unknown model 'cnm'\. Did you mean 'cnn'\? There are: mlp, cnn, "):
        check_model(ModelConfig(model="cnm"))


def test_a_model_that_takes_other_data_is_refused() -> None:
    with pytest.raises(SettingError, match=r"The model cnn takes image data, these are vector data. .*There are: mlp"):
        build_model(ModelConfig(model="cnn"), spec_of((4,)), 0)


@on_every_row
def test_what_the_row_takes_is_accepted(name: str) -> None:
    check_model(ModelConfig(model=name))


def test_checking_a_model_loads_no_torch() -> None:
    code = "import sys; from tellapart.models import check_model; from tellapart.config import ModelConfig\n"
    code += "check_model(ModelConfig(model='cnn')); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- settings


@pytest.mark.parametrize("activation", typing.get_args(Activation))
@pytest.mark.parametrize(
    "name", ["mlp", "cnn", "whitened-cnn", "vgg11", "resnet18", "conv1d", "spectrogram-cnn", "textcnn"]
)
def test_every_activation_builds_and_trains(name: str, activation: Activation) -> None:
    shape = usual_shape(name)
    module = model(name, shape, activation=activation, **({"widths": (4, 6)} if name in ("vgg11", "resnet18") else {}))
    given, targets = given_of(shape, 8), torch.arange(8) % 2
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-2)
    losses = []
    for _ in range(100):
        loss = nn.functional.cross_entropy(module(*given), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if "dropout" in row.settings])
def test_dropout_draws_in_training_alone(name: str) -> None:
    shape = usual_shape(name)
    module, given = model(name, shape, dropout=0.5), given_of(shape)
    assert not torch.equal(module.train()(*given), module(*given))
    assert torch.equal(module.eval()(*given), module(*given))


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if "widths" in row.settings])
def test_no_hidden_width_at_all_still_tells_apart(name: str) -> None:
    shape = usual_shape(name)
    assert model(name, shape, widths=())(*given_of(shape)).shape == (3, K)


def test_an_mlp_without_widths_is_softmax_regression() -> None:
    module = model("mlp", (4,), widths=())
    assert [tuple(p.shape) for p in module.parameters()] == [(K, 4), (K,)]


def test_an_mlp_has_a_layer_of_each_width() -> None:
    module = model("mlp", (1, 28, 28), widths=(64, 32))
    assert [tuple(p.shape) for p in module.parameters() if p.ndim == 2] == [(64, 784), (32, 64), (K, 32)]


def test_a_cnn_halves_the_sides_with_each_width() -> None:
    module = model("cnn", (3, 32, 32), widths=(16, 32), dense=128)
    shapes = [tuple(p.shape) for p in module.parameters() if p.ndim > 1]
    assert shapes == [(16, 3, 3, 3), (32, 16, 3, 3), (128, 32 * 8 * 8), (K, 128)]


def test_a_cnn_pools_no_side_below_one_pixel() -> None:
    module = model("cnn", (1, 1, 9), widths=(2, 2, 2, 2, 2), dense=3)
    assert module(inputs_of((1, 1, 9))).shape == (3, K)


def test_a_cnn_pools_before_the_non_linearity_with_the_same_result() -> None:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    pool, rise = nn.MaxPool2d(2), nn.ReLU()
    assert torch.equal(rise(pool(x)), pool(rise(x)))
    layers = [type(layer).__name__ for layer in model("cnn", (3, 8, 8)).children()]
    assert layers[1:4] == ["Conv2d", "MaxPool2d", "ReLU"]


# ---- on the way out


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name not in DEEP or name in ("resnet50", "bigru")])
def test_a_model_can_be_exported_for_any_number_of_samples(name: str) -> None:
    shape = usual_shape(name)
    module, given = model(name, shape).eval(), given_of(shape)
    batch = torch.export.Dim("batch", min=1, max=64)
    with warnings.catch_warnings():  # torch's own, of its recurrent layers
        warnings.filterwarnings("ignore", "The tensor attributes .*_flat_weights.* were assigned during export")
        exported = torch.export.export(module, given, dynamic_shapes=tuple({0: batch} for _ in given), strict=False)
    for B in (1, 5):
        torch.testing.assert_close(exported.module()(*given_of(shape, B)), module(*given_of(shape, B)))
