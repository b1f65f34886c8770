"""Weights to start from: what a path means, where they came from, and that no hostile file gets beyond its header."""

import json
import pickle
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.runs.test_model_folder import card_of, saved

from tellapart.errors import DamagedError, DataError, SettingError
from tellapart.files import replaced_folder, sha256
from tellapart.runs.model_folder import WEIGHTS, read_model, write_model
from tellapart.runs.weights import OWN, own_card, read_weights, weights_at

TENSORS = {"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(2)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file from elsewhere."""
    path = tmp_path / "hub" / "model.safetensors"
    path.parent.mkdir()
    save_file(TENSORS, path)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a model."""
    saved(tmp_path / "runs/photos/model", card_of())
    return tmp_path / "runs/photos"


def setting(path: Path) -> str:
    """The message that this path gets."""
    with pytest.raises(SettingError) as caught:
        read_weights(path)
    return str(caught.value)


def damage(path: Path) -> str:
    """Likewise, of a file that is not what it should be; in a blink and with little memory."""
    began = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(DamagedError) as caught:
        read_weights(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000
    assert time.perf_counter() - began < 10
    assert str(path) in str(caught.value)
    return str(caught.value)


# ---- what a path means


def test_a_run_its_model_folder_and_its_weights_are_the_same(run: Path) -> None:
    found = [read_weights(path) for path in (run, run / "model", run / "model" / WEIGHTS)]
    assert {weights.origin for weights in found} == {found[0].origin}
    assert all(weights.card == card_of() for weights in found)
    assert found[0].origin.name == "photos"


def test_a_file_and_the_folder_that_holds_it_alone_are_the_same(file: Path) -> None:
    one, other = read_weights(file), read_weights(file.parent)
    assert one.tensors.keys() == other.tensors.keys() == TENSORS.keys()
    assert one.card is other.card is None
    assert (one.origin.name, other.origin.name) == ("model.safetensors", "hub")


def test_the_hash_is_of_the_file(file: Path) -> None:
    assert read_weights(file).origin.sha256 == sha256(file)


def test_a_link_is_followed_as_a_hub_keeps_its_files(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link.safetensors").symlink_to(file)
    assert read_weights(tmp_path / "link.safetensors").tensors.keys() == TENSORS.keys()


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    said = setting(tmp_path / "nowhere")
    assert said == (
        f"weights is '{tmp_path / 'nowhere'}': no such file or folder. "
        "Give a run, a model folder, a .safetensors file, pretrained or none."
    )


def test_a_run_without_a_model_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"status": "interrupted"}')
    with pytest.raises(DataError, match=r"its status is 'interrupted'. To go on with it: tellapart resume"):
        read_weights(tmp_path)


def test_a_folder_of_many_files_asks_for_one(file: Path) -> None:
    save_file(TENSORS, file.with_name("other.safetensors"))
    assert setting(file.parent).endswith("which holds model.safetensors, other.safetensors; give one of these files.")


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no run, no model folder, and no .safetensors file in it"):
        read_weights(tmp_path)


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert "give a .safetensors file, a run or a model folder" in setting(tmp_path / "notes.txt")


def test_a_path_is_told_apart_without_torch(run: Path, file: Path) -> None:
    assert weights_at(run) == run / "model"
    assert own_card(run) == card_of()
    assert own_card(file) is None


# ---- where they came from


def test_weights_of_our_own_have_our_own_licence(run: Path) -> None:
    assert read_weights(run).origin.licence == OWN


def test_the_licence_of_the_first_weights_goes_on_to_what_began_with_them(tmp_path: Path) -> None:
    card = card_of(weights={"name": "hub", "sha256": "00", "licence": "cc-by-nc-4.0"})
    saved(tmp_path / "model", card)
    assert read_weights(tmp_path / "model").origin.licence == "cc-by-nc-4.0"


def test_the_licence_of_a_file_is_read_from_its_own_metadata(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "a.safetensors", metadata={"license": "mit"})
    assert read_weights(tmp_path / "a.safetensors").origin.licence == "mit"


def test_the_card_keeps_where_the_weights_came_from_and_the_readme_shows_it(tmp_path: Path) -> None:
    origin = {"name": "hub", "sha256": "ab" * 32, "licence": "mit"}
    saved(tmp_path / "model", card_of(weights=origin))
    assert read_model(tmp_path / "model")[1].weights == origin
    text = (tmp_path / "model/README.md").read_text()
    assert f"It began with the weights `hub` (SHA-256 `{'ab' * 32}`),\nwhose licence is: mit." in text


def test_a_card_from_before_there_were_weights_to_start_from_is_read(tmp_path: Path) -> None:
    fields = card_of().to_json()
    del fields["weights"]
    assert type(card_of()).from_json(fields) == card_of()


# ---- types and numbers


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_weights_of_any_precision_come_out_as_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    save_file({"a": torch.ones(3).to(dtype)}, tmp_path / "a.safetensors")
    tensors = read_weights(tmp_path / "a.safetensors").tensors
    assert tensors["a"].dtype == torch.float32
    assert tensors["a"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(tmp_path: Path, value: float) -> None:
    save_file({"a": torch.ones(1), "b.weight": torch.tensor([1.0, value])}, tmp_path / "a.safetensors")
    assert damage(tmp_path / "a.safetensors").endswith("'b.weight' holds NaN or infinity.")


# ---- pickles


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".pkl"])
def test_a_pickle_is_refused_by_its_ending(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    torch.save(TENSORS, path)
    said = setting(path)
    assert "a pickle: it is never unpickled, since that can run any code." in said
    assert "safetensors.torch.save_file" in said


class Trap:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_protocol_under_another_name_is_never_unpickled(tmp_path: Path, protocol: int) -> None:
    (tmp_path / "a.safetensors").write_bytes(pickle.dumps(Trap(tmp_path / "mark"), protocol))
    damage(tmp_path / "a.safetensors")
    assert not (tmp_path / "mark").exists()


def test_what_torch_saves_under_another_name_is_called_a_pickle(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "a.safetensors")
    assert "a pickle by its first bytes, whatever its name" in damage(tmp_path / "a.safetensors")


def test_a_folder_with_a_pickle_alone_says_so(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "pytorch_model.bin")
    assert "which holds but a pickle, pytorch_model.bin" in setting(tmp_path)


# ---- hostile files


def one(begin: int = 0, end: int = 4, *, shape: list[int] | None = None, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [1] if shape is None else shape, "data_offsets": [begin, end]}


def file_of(path: Path, header: bytes, data: bytes = b"", length: int | None = None) -> Path:
    path.write_bytes((len(header) if length is None else length).to_bytes(8, "little") + header + data)
    return path


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 7], ids=["empty", "a byte", "seven bytes"])
def test_a_file_too_short_for_its_length_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    assert "not a safetensors file" in damage(tmp_path / "a.safetensors")


@pytest.mark.parametrize("length", [0, 1, 3, 1000, 99_999_999, 10**9, 2**31, 2**63, 2**64 - 1])
def test_a_header_of_a_lying_length_is_refused(tmp_path: Path, length: int) -> None:
    assert "not a safetensors file" in damage(file_of(tmp_path / "a.safetensors", b"{}", length=length))


HEADERS: dict[str, tuple[Any, int]] = {
    "no object": ([], 0),
    "a number": (3, 0),
    "overlap": ({"v": one(0, 4), "w": one(0, 4)}, 4),
    "gap": ({"v": one(0, 4), "w": one(8, 12)}, 12),
    "inverted": ({"v": one(4, 0)}, 4),
    "beyond": ({"v": one(0, 400, shape=[100])}, 4),
    "too few bytes": ({"v": one(0, 4, shape=[2])}, 4),
    "negative": ({"v": one(-4, 0)}, 4),
    "overflow": ({"v": one(0, 4, shape=[2**40, 2**40])}, 4),
    "wraps to nothing": ({"v": one(0, 0, shape=[2**32, 2**32])}, 0),
    "unknown type": ({"v": one(dtype="F33")}, 4),
    "trailing": ({"v": one(0, 4)}, 8),
    "no offsets": ({"v": {"dtype": "F32", "shape": [1]}}, 4),
    "metadata of numbers": ({"__metadata__": {"a": 1}, "v": one(0, 4)}, 4),
    "metadata of a list": ({"__metadata__": [1], "v": one(0, 4)}, 4),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_lying_header_is_refused(tmp_path: Path, name: str) -> None:
    header, size = HEADERS[name]
    assert "not a safetensors file" in damage(
        file_of(tmp_path / "a.safetensors", json.dumps(header).encode(), b"\0" * size)
    )


@pytest.mark.parametrize("header", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"{", b'{"a": 1e999}', b"\0" * 20])
def test_a_header_that_is_no_json_is_refused(tmp_path: Path, header: bytes) -> None:
    assert "not a safetensors file" in damage(file_of(tmp_path / "a.safetensors", header))


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    entry = json.dumps(one())
    header = f'{{"v": {entry}, "v": {entry}}}'.encode()
    assert "'v' comes twice in its header" in damage(file_of(tmp_path / "a.safetensors", header, b"\0" * 4))


def test_a_truncated_file_is_refused(file: Path) -> None:
    content = file.read_bytes()
    for size in (8, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:size])
        damage(file)


def test_a_flipped_bit_in_a_model_of_our_own_is_found(run: Path) -> None:
    content = bytearray((run / "model" / WEIGHTS).read_bytes())
    content[-3] ^= 1
    (run / "model" / WEIGHTS).write_bytes(content)
    with pytest.raises(DamagedError, match="not the bytes that were written"):
        read_weights(run)


def test_weights_whose_card_lies_about_their_licence_are_still_words(tmp_path: Path) -> None:
    with replaced_folder(tmp_path / "model") as folder:
        write_model(folder, read_module(), card_of(weights={"licence": ["mit"]}))
    assert read_weights(tmp_path / "model").origin.licence == "['mit']"


def read_module() -> torch.nn.Module:
    from tests.runs.test_model_folder import module_of

    return module_of(card_of())
