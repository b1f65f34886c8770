"""Published weights: asked for in so many words, from the cache or the hub; without a network it is said what to do."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import tellapart.runs.pretrained as room
from tellapart.commands.transfer import check_weights
from tellapart.config import RunConfig
from tellapart.errors import SettingError, TellapartError
from tellapart.runs.pretrained import published
from tellapart.runs.weights import read_weights


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No hub answers, and its cache folder is empty."""
    import huggingface_hub

    def silent(*_: Any, **__: Any) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(room, "urlopen", silent)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)


@pytest.mark.parametrize("model", ["cnn", None])
def test_only_timm_models_have_published_weights(model: str | None) -> None:
    settings = {"weights": "pretrained"} | ({} if model is None else {"model": model})
    with pytest.raises(
        SettingError, match=f"weights is 'pretrained', and model is {model!r}: .* --model timm:resnet50"
    ):
        check_weights(RunConfig.of("digits", settings))


@pytest.mark.slow
@pytest.mark.usefixtures("no_network")
def test_without_a_network_it_is_said_which_file_to_put_where() -> None:
    began = time.perf_counter()
    with pytest.raises(TellapartError) as caught:
        published("timm:resnet50.a1_in1k")
    assert str(caught.value) == (
        "weights is 'pretrained', but model.safetensors of timm/resnet50.a1_in1k (licence: apache-2.0) can't be had "
        "from the hub: Name or service not known. Download that file where there is a network, put it anywhere here, "
        "and give it: --weights FOLDER/model.safetensors"
    )
    assert time.perf_counter() - began < 60


@pytest.mark.slow
@pytest.mark.usefixtures("no_network")
def test_what_is_in_the_cache_needs_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    save_file({"a": torch.ones(1)}, tmp_path / "model.safetensors")
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: str(tmp_path / "model.safetensors"))
    found = published("timm:convnextv2_atto")
    origin = read_weights(found.path, name=found.name, licence=found.licence).origin
    assert (origin.name, origin.licence) == ("timm/convnextv2_atto.fcmae_ft_in1k", "cc-by-nc-4.0")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "said"), [("timm:nothing", "none are published for timm:nothing"), ("timm:resnet50.x", "Invalid .* tag")]
)
def test_a_model_without_published_weights_is_told(model: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        published(model)
