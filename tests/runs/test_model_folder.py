"""A model on disk: what was saved comes back to the byte, and what was not is refused before a weight is used."""

import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import tellapart.runs.model_folder as room
from tellapart.config import ModelConfig
from tellapart.errors import DamagedError, TellapartError
from tellapart.files import MANIFEST, replaced_folder, write_manifest
from tellapart.models import build_model
from tellapart.runs.model_folder import CARD, README, WEIGHTS, Card, read_card, read_model, write_model
from tellapart.types import DataSpec

SPEC = DataSpec(
    kind="image",
    shape=(1, 6, 6),
    classes=("class2", "class10", 'a "b"\n☃'),
    mean=(33.3,),
    std=(78.9,),
    fit="pad",
)
SETTINGS = {"widths": (3,), "dense": 4, "activation": "tanh", "dropout": 0.25}
MEASURES = {"accuracy": {"value": 0.5, "low": 0.25, "high": 0.75, "unit": "share"}}


def card_of(**changed: Any) -> Card:
    fields: dict[str, Any] = {
        "model": "cnn",
        "settings": SETTINGS,
        "spec": SPEC,
        "trained_on": "photos",
        "fingerprint": "ab" * 32,
        "counts": (5, 6, 7),
        "measures": MEASURES,
    }
    return Card(**fields | changed)


def module_of(card: Card, seed: int = 7) -> nn.Module:
    return build_model(card.config(), card.spec, seed)


def saved(path: Path, card: Card, module: nn.Module | None = None) -> nn.Module:
    module = module or module_of(card)
    with replaced_folder(path) as folder:
        write_model(folder, module, card)
    return module


def resaved(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Other weights under a manifest that fits them."""
    save_file(tensors, folder / WEIGHTS)
    write_manifest(folder)


def rewritten(folder: Path, **changed: Any) -> None:
    """Another card under a manifest that fits it."""
    fields = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps(fields | changed), encoding="utf-8")
    write_manifest(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    saved(tmp_path / "model", card_of())
    return tmp_path / "model"


# ---- the round trip


@pytest.mark.parametrize(
    "card",
    [
        card_of(),
        card_of(settings={}, measures={}),
        card_of(model="mlp", settings={"widths": ()}),
        card_of(
            model="mlp",
            settings={"widths": (5, 4), "activation": "leaky-relu"},
            spec=DataSpec(kind="vector", shape=(2,), classes=("a", "b"), mean=(0.1, 1e9), std=(1e-9, 1 / 3)),
            counts=(1, 2),
        ),
    ],
)
def test_a_model_comes_back_byte_for_byte(tmp_path: Path, card: Card) -> None:
    written = saved(tmp_path / "model", card)
    module, read = read_model(tmp_path / "model")
    assert read == card
    assert list(module.state_dict()) == list(written.state_dict())
    for name, tensor in module.state_dict().items():
        assert tensor.numpy().tobytes() == written.state_dict()[name].numpy().tobytes()


def test_a_model_that_lies_channels_last_comes_back(tmp_path: Path) -> None:
    written = module_of(card_of()).to(memory_format=torch.channels_last)
    saved(tmp_path / "model", card_of(), written)
    read = read_model(tmp_path / "model")[0].state_dict()
    assert all(torch.equal(read[name], tensor) for name, tensor in written.state_dict().items())


def test_a_model_comes_back_in_eval_mode_with_the_same_logits(tmp_path: Path) -> None:
    written = saved(tmp_path / "model", card_of()).eval()
    module, _ = read_model(tmp_path / "model")
    inputs = torch.randint(0, 256, (3, 1, 6, 6), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    assert not module.training
    assert torch.equal(module(inputs), written(inputs))


def test_reading_a_model_uses_up_no_global_draw(folder: Path) -> None:
    before = torch.random.get_rng_state()
    read_model(folder)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_card_builds_the_configuration_of_its_model() -> None:
    assert card_of().config() == ModelConfig(model="cnn", **SETTINGS)  # type: ignore[arg-type]


def test_class_names_of_odd_bytes_come_back(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")  # a folder named in Latin-1
    card = card_of(trained_on=odd, spec=replace(SPEC, classes=("a", "b", odd)))
    saved(tmp_path / "model", card)
    assert read_model(tmp_path / "model")[1] == card


def test_the_folder_holds_weights_card_readme_and_manifest(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted([WEIGHTS, CARD, README, MANIFEST])


def test_the_card_is_json_that_others_can_read(folder: Path) -> None:
    fields = json.loads((folder / CARD).read_text(encoding="utf-8"))
    assert fields["schema"] == 1
    assert fields["spec"]["classes"] == list(SPEC.classes)
    assert fields["counts"] == [5, 6, 7]


def test_the_readme_names_classes_data_and_measures(tmp_path: Path) -> None:
    spec = DataSpec(kind="image", shape=(3, 32, 28), classes=("cat", "dog"), mean=(0,) * 3, std=(1,) * 3, fit="crop")
    saved(tmp_path / "model", card_of(spec=spec, settings={}))
    text = (tmp_path / "model" / README).read_text(encoding="utf-8")
    assert "`cat`, `dog`" in text
    assert "# A cnn that tells 2 classes apart" in text
    assert "Raw image data of 3x32x28 in" in text
    assert "`photos`" in text
    assert "`crop`" in text
    assert "| accuracy | 0.5000 | 0.2500 to 0.7500 |" in text
    assert 'tellapart.load("this/folder")' in text


def test_the_readme_of_a_model_without_a_test_part_has_no_table(tmp_path: Path) -> None:
    saved(tmp_path / "model", card_of(measures={}))
    assert "|" not in (tmp_path / "model" / README).read_text(encoding="utf-8")


# ---- damage


def test_every_flipped_bit_is_found_before_a_weight_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "load_weights", lambda *_: pytest.fail("a weight was used"))
    draw = random.Random(0)
    for path in (folder / WEIGHTS, folder / CARD, folder / README):
        content = path.read_bytes()
        for bit in draw.sample(range(len(content) * 8), 60):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            with pytest.raises(DamagedError, match=path.name):
                read_model(folder)
        path.write_bytes(content)


@pytest.mark.parametrize("name", [WEIGHTS, CARD, README, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DamagedError, match=name):
        read_model(folder)


@pytest.mark.parametrize("name", [WEIGHTS, CARD, README])
def test_a_truncated_file_is_named(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    for size in (0, 1, len(content) // 2, len(content) - 1):
        (folder / name).write_bytes(content[:size])
        with pytest.raises(DamagedError, match=name):
            read_model(folder)


def test_a_file_that_does_not_belong_there_is_named(folder: Path) -> None:
    (folder / "weights.pt").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(DamagedError, match=r"'weights\.pt' is not in the manifest"):
        read_model(folder)


# ---- weights that are whole and wrong


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / WEIGHTS)


@pytest.mark.parametrize("change", ["transposed", "longer", "missing", "more", "renamed", "empty"])
def test_weights_of_another_shape_are_refused_by_name(folder: Path, change: str) -> None:
    tensors = tensors_of(folder)
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 2 and tensor.shape[0] != tensor.shape[1])
    weight = tensors.pop(name)
    named = name
    if change == "transposed":
        tensors[name] = weight.T.contiguous()
    elif change == "longer":
        tensors[name] = torch.cat([weight, weight])
    elif change == "more":
        tensors |= {name: weight, "extra.weight": weight.clone()}
        named = "extra.weight"
    elif change == "renamed":
        tensors["0.other"] = weight
        named = "0.other"
    elif change == "empty":
        tensors[name] = weight[:0]
    resaved(folder, tensors)
    with pytest.raises(DamagedError, match=rf"weights\.safetensors: '{named}' does not fit the model that the card"):
        read_model(folder)


@pytest.mark.parametrize("dtype", [torch.int64, torch.float16])
def test_weights_of_another_type_are_refused_by_name(folder: Path, dtype: torch.dtype) -> None:
    resaved(folder, {name: tensor.to(dtype) for name, tensor in tensors_of(folder).items()})
    with pytest.raises(DamagedError, match="does not fit the model"):
        read_model(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(folder: Path, value: float) -> None:
    tensors = tensors_of(folder)
    name = list(tensors)[-1]
    tensors[name].view(-1)[0] = value
    resaved(folder, tensors)
    with pytest.raises(DamagedError, match=name):
        read_model(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 8,
        b"\x01" + b"\0" * 7 + b"{",
        b"\xff" * 8,
        (2**63).to_bytes(8, "little"),
        (100).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}" + b"trailing",
        b"\x80\x04cos\nsystem\n(S'false'\ntR.",
        b"PK\x03\x04" + b"\0" * 100,
    ],
)
def test_weights_that_are_no_safetensors_are_refused_and_never_unpickled(folder: Path, content: bytes) -> None:
    (folder / WEIGHTS).write_bytes(content)
    write_manifest(folder)
    with pytest.raises(DamagedError, match=r"weights\.safetensors: "):
        read_model(folder)


@pytest.mark.parametrize(
    "header",
    [
        {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
        {"w": {"dtype": "F33", "shape": [1], "data_offsets": [0, 4]}},
        {"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}},
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "v": {"dtype": "F32", "shape": [1]}},
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
    ],
)
def test_lying_headers_of_weights_are_refused(folder: Path, header: dict[str, Any]) -> None:
    text = json.dumps(header).encode()
    (folder / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 8)
    write_manifest(folder)
    with pytest.raises(DamagedError, match=r"weights\.safetensors: "):
        read_model(folder)


# ---- cards that are whole and wrong


def test_a_newer_card_says_so(folder: Path) -> None:
    rewritten(folder, schema=2)
    with pytest.raises(DamagedError, match=r"card\.json: schema 2; this tellapart .* reads schema 1\. Install a newer"):
        read_model(folder)


def test_a_newer_card_may_lack_what_an_older_one_has(folder: Path) -> None:
    (folder / CARD).write_text('{"schema": 7, "everything": "else"}')
    write_manifest(folder)
    with pytest.raises(DamagedError, match="schema 7"):
        read_model(folder)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b'"x"', b"\xff", b'{"schema": 1}', b'{"schema": 1, "settings": 3}']
)
def test_what_is_no_card_is_named(folder: Path, content: bytes) -> None:
    (folder / CARD).write_bytes(content)
    with pytest.raises(DamagedError, match=r"card\.json: not a model card: "):
        read_card(folder)


@pytest.mark.parametrize("spec", [{}, {"kind": "image"}, {"unknown": 1}, [], None])
def test_a_card_without_a_whole_spec_is_named(folder: Path, spec: Any) -> None:
    rewritten(folder, spec=spec)
    with pytest.raises(DamagedError, match=r"card\.json: not a model card: "):
        read_model(folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"settings": {"width": [3]}},
        {"settings": {"widths": ["x"]}},
        {"settings": {"model": "mlp"}},
        {"model": "transformer"},
        {"model": "mlp", "settings": {"dense": 3}},
    ],
)
def test_a_card_whose_model_cannot_be_built_is_refused_in_words(folder: Path, changed: dict[str, Any]) -> None:
    rewritten(folder, **changed)
    with pytest.raises(TellapartError):
        read_model(folder)


@pytest.mark.parametrize("changed", [{"classes": ["a", "b"]}, {"shape": [1, 12, 12]}, {"mean": [1, 2, 3]}])
def test_a_card_that_does_not_fit_its_weights_is_refused(folder: Path, changed: dict[str, Any]) -> None:
    rewritten(folder, spec=SPEC.to_json() | changed)
    with pytest.raises(DamagedError, match="does not fit the model that the card describes"):
        read_model(folder)
