"""Data that fit in memory: decoded once, scaled by the training part, with what could not be read named."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
import torch

from tellapart.config import DataConfig
from tellapart.data import keeping
from tellapart.data.resident import LARGEST_SIDE, Loaded, key_of, load, load_labelled
from tellapart.data.resize import Form
from tellapart.data.source import Entry
from tellapart.data.sources.arrays import ArraySource
from tellapart.errors import DataError, UnreadableError
from tellapart.types import PARTS, DataSpec, Issue, Part

NO_CARVING = DataConfig(val_share=0, test_share=0)
GENERATOR = np.random.default_rng(0)


@dataclass
class FakeSource:
    """Values by id; one that is an UnreadableError is raised."""

    values: dict[str, Any]
    labels: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    name: str = "fake"
    kind: Literal["image", "vector"] = "image"
    in_memory: bool = True
    place: str = "fake"

    def entries(self) -> tuple[Sequence[Entry], Sequence[Issue]]:
        return [
            Entry(
                id=name,
                label=self.labels.get(name, "ab"[i % 2]),
                part=self.parts.get(name),
                digest=hashlib.blake2b(name.encode(), digest_size=16).digest(),
                shape=getattr(value, "shape", (4, 5, 3)),
            )
            for i, (name, value) in enumerate(self.values.items())
        ], self.issues

    def content(self, entry: Entry) -> None:
        """None: there are no files."""

    def value(self, entry: Entry, form: Form | None = None) -> np.ndarray[Any, Any]:  # noqa: ARG002
        value = self.values[entry.id]
        if isinstance(value, UnreadableError):
            raise value
        return np.asarray(value)


def picture(H: int = 4, W: int = 5, C: int = 3, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (H, W, C), dtype=np.uint8)


def pictures(N: int = 8, **shape: int) -> dict[str, Any]:
    return {f"p{i}.png": picture(seed=i, **shape) for i in range(N)}


def loaded_pictures(N: int, sizes: Sequence[tuple[int, int, int]], **settings: Any) -> Loaded:
    values = {f"p{i}.png": picture(*sizes[i % len(sizes)], seed=i) for i in range(N)}
    return load(FakeSource(values), DataConfig(val_share=0, test_share=0, **settings))


# ---- what comes out


def test_pictures_are_kept_as_they_were_decoded() -> None:
    values = pictures()
    part = load(FakeSource(values), NO_CARVING).parts["train"]
    assert part.inputs.dtype == torch.uint8
    assert np.array_equal(part.inputs.numpy(), np.stack(list(values.values())))
    assert part.ids == tuple(values)
    assert len(part) == 8


def test_vectors_are_kept_as_they_are() -> None:
    values = {f"v{i}": GENERATOR.normal(size=3).astype(np.float32) for i in range(6)}
    loaded = load(FakeSource(values, kind="vector"), NO_CARVING)
    assert np.array_equal(loaded.parts["train"].inputs.numpy(), np.stack(list(values.values())))
    assert (loaded.spec.kind, loaded.spec.shape) == ("vector", (3,))


def test_targets_are_the_places_of_the_classes() -> None:
    labels = {f"p{i}.png": name for i, name in enumerate(["c10", "c2", "c10", "c1"])}
    loaded = load(FakeSource(pictures(4), labels), NO_CARVING)
    assert loaded.spec.classes == ("c1", "c2", "c10")
    assert loaded.parts["train"].targets.tolist() == [2, 1, 2, 0]


def test_a_key_is_a_signed_hash_of_the_id() -> None:
    part = load(FakeSource(pictures()), NO_CARVING).parts["train"]
    assert part.keys.tolist() == [key_of(name) for name in part.ids]
    assert len(set(part.keys.tolist())) == 8
    assert key_of("") == int.from_bytes(hashlib.blake2b(b"", digest_size=8).digest(), "big", signed=True)
    assert key_of(os.fsdecode(b"\xff")) != key_of(os.fsdecode(b"\xfe"))


def test_each_sample_is_in_the_part_that_the_split_says() -> None:
    loaded = load(FakeSource(pictures(200)), DataConfig())
    for part in PARTS:
        assert loaded.parts[part].ids == tuple(e.id for e in loaded.split.parts[part])
    assert sum(len(part) for part in loaded.parts.values()) == 200


def test_a_part_that_is_empty_is_not_there() -> None:
    assert list(load(FakeSource(pictures()), NO_CARVING).parts) == ["train"]


def test_a_source_of_files_and_one_in_memory_give_the_same() -> None:
    one, other = (load(FakeSource(pictures(50), in_memory=flag), NO_CARVING) for flag in (True, False))
    assert torch.equal(one.parts["train"].inputs, other.parts["train"].inputs)
    assert one.parts["train"].ids == other.parts["train"].ids
    assert (one.spec, one.fingerprint) == (other.spec, other.fingerprint)


def test_a_part_on_another_device_is_the_same_part() -> None:
    part = load(FakeSource(pictures()), NO_CARVING).parts["train"]
    moved = part.to(torch.device("meta"))
    assert moved.inputs.device.type == moved.targets.device.type == moved.keys.device.type == "meta"
    assert moved.ids == part.ids


# ---- scale


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_deviation_of_pictures_are_numpy_s(channels: int) -> None:
    values = pictures(20, C=channels)
    spec = load(FakeSource(values), NO_CARVING).spec
    whole = np.stack(list(values.values())).astype(np.float64)
    assert spec.mean == pytest.approx(whole.mean(axis=(0, 1, 2)))
    assert spec.std == pytest.approx(whole.std(axis=(0, 1, 2)))
    assert len(spec.mean) == len(spec.std) == channels


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e9])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_mean_and_deviation_of_vectors_are_numpy_s(scale: float, offset: float) -> None:
    X = (scale * (offset + GENERATOR.normal(size=(30, 4)))).astype(np.float32)
    spec = load(ArraySource("x", X, list("ab") * 15), NO_CARVING).spec
    mean, std = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    assert list(spec.mean) == pytest.approx(mean.tolist(), rel=1e-9, abs=0)
    assert list(spec.std) == pytest.approx(std.tolist(), rel=1e-9, abs=0)


def test_scale_is_of_the_training_part_alone() -> None:
    X = np.concatenate([np.zeros((20, 1)), np.ones((20, 1)), np.full((20, 1), 1000)]).astype(np.float32)
    parts = ["train"] * 40 + ["test"] * 20
    spec = load(ArraySource("x", X, list("ab") * 30, parts=parts), NO_CARVING).spec
    assert (spec.mean, spec.std) == ((0.5,), (0.5,))


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_constant_channel_gets_a_deviation_of_one(value: int) -> None:
    values = {f"p{i}": np.full((3, 3, 1), value, np.uint8) for i in range(4)}
    spec = load(FakeSource(values), NO_CARVING).spec
    assert (spec.mean, spec.std) == ((value,), (1.0,))


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7, 1e30])
def test_a_constant_feature_gets_a_deviation_of_one(value: float) -> None:
    X = np.stack([np.full(31, value), np.arange(31)], axis=1).astype(np.float32)
    spec = load(ArraySource("x", X, [*("ab" * 15), "a"]), NO_CARVING).spec
    assert spec.std[0] == 1.0
    assert spec.std[1] == pytest.approx(X[:, 1].std(dtype=np.float64))


# ---- shape


def test_pictures_of_one_size_keep_it() -> None:
    assert loaded_pictures(4, [(40, 30, 3)]).spec.shape == (3, 40, 30)


def test_pictures_of_several_sizes_become_squares_of_their_median_shorter_side() -> None:
    assert loaded_pictures(3, [(20, 30, 3), (50, 40, 3), (33, 31, 3)]).spec.shape == (3, 31, 31)


def test_squares_are_not_larger_than_the_largest_side() -> None:
    assert loaded_pictures(4, [(300, 400, 1), (500, 300, 1)]).spec.shape == (1, LARGEST_SIDE, LARGEST_SIDE)


def test_size_is_the_side_whatever_the_pictures_are() -> None:
    assert loaded_pictures(4, [(300, 400, 1), (5, 3, 1)], size=16).spec.shape == (1, 16, 16)


def test_one_colour_picture_makes_all_colour() -> None:
    loaded = loaded_pictures(4, [(4, 4, 1), (4, 4, 3)])
    assert loaded.spec.shape == (3, 4, 4)
    grey = loaded.parts["train"].inputs[0].numpy()
    assert np.array_equal(grey, np.repeat(picture(4, 4, 1, seed=0), 3, axis=2))


def test_the_test_part_does_not_decide_the_shape() -> None:
    values = {"a": picture(4, 6), "b": picture(4, 6, seed=1), "t": picture(60, 60, seed=2)}
    assert load(FakeSource(values, parts={"t": "test"}), DataConfig(val_share=0)).spec.shape == (3, 4, 6)


def test_a_fit_that_is_left_open_goes_by_the_shapes_and_is_told() -> None:
    loaded = loaded_pictures(20, [(10, 40, 1), (10, 12, 1)])
    assert loaded.spec.fit == "pad"
    assert loaded.fitted == "pictures are brought to 10x10 pixels by padding: 1 in 20 is 4.0 times as long and more"


def test_a_fit_by_hand_is_not_told() -> None:
    loaded = loaded_pictures(20, [(10, 40, 1), (10, 12, 1)], fit="crop")
    assert (loaded.spec.fit, loaded.fitted) == ("crop", "")


def test_nothing_is_told_where_nothing_is_to_be_fitted() -> None:
    loaded = loaded_pictures(20, [(10, 40, 1)])
    assert (loaded.spec.fit, loaded.fitted) == ("stretch", "")


def test_the_fit_goes_with_the_spec() -> None:
    assert loaded_pictures(4, [(4, 4, 1)], fit="pad").spec.fit == "pad"


# ---- what can't be read


def with_broken(in_memory: bool = True) -> FakeSource:
    issues = (Issue(path="notes.txt", kind="not-a-picture", detail="text", suggestion=""),)
    values = pictures(10) | {"p3.png": UnreadableError("cut short"), "p7.png": UnreadableError("an HTML page")}
    return FakeSource(values, issues=issues, in_memory=in_memory)


@pytest.mark.parametrize("in_memory", [True, False])
def test_what_cannot_be_read_is_left_out_and_named_with_its_cause(in_memory: bool) -> None:
    loaded = load(with_broken(in_memory), NO_CARVING)
    assert len(loaded.parts["train"]) == 8
    assert not {"p3.png", "p7.png"} & set(loaded.parts["train"].ids)
    found = [(issue.path, issue.kind, issue.detail) for issue in loaded.issues]
    assert found == [
        ("notes.txt", "not-a-picture", "text"),
        ("p3.png", "unreadable", "cut short"),
        ("p7.png", "unreadable", "an HTML page"),
    ]
    assert all(issue.suggestion for issue in loaded.issues[1:])


def test_what_cannot_be_read_does_not_shift_the_others() -> None:
    values = pictures(10)
    loaded = load(with_broken(), NO_CARVING)
    for row, name in enumerate(loaded.parts["train"].ids):
        assert np.array_equal(loaded.parts["train"].inputs[row].numpy(), values[name])


def test_the_fingerprint_is_of_what_could_be_read() -> None:
    values = pictures(10)
    labels = {name: "ab"[i % 2] for i, name in enumerate(values)}
    readable = {name: value for name, value in values.items() if name not in ("p3.png", "p7.png")}
    assert load(with_broken(), NO_CARVING).fingerprint == load(FakeSource(readable, labels), NO_CARVING).fingerprint


def test_where_nothing_can_be_read_there_is_nothing_to_train_on() -> None:
    broken = {f"p{i}.png": UnreadableError("cut short") for i in range(4)}
    with pytest.raises(DataError, match="There is nothing to train on: no readable sample"):
        load(FakeSource(broken), NO_CARVING)


@pytest.mark.parametrize("parts", [{}, {"p0.png": "test", "p1.png": "val"}])
def test_without_a_training_sample_there_is_nothing_to_train_on(parts: dict[str, Part]) -> None:
    with pytest.raises(DataError, match="There is nothing to train on: no readable sample"):
        load(FakeSource(pictures(len(parts)), parts=parts), NO_CARVING)


def test_another_error_of_a_source_is_not_swallowed() -> None:
    class Broken(FakeSource):
        def value(self, entry: Entry, form: Form | None = None) -> np.ndarray[Any, Any]:  # noqa: ARG002
            raise ZeroDivisionError(entry.id)

    for in_memory in (True, False):
        with pytest.raises(ZeroDivisionError):
            load(Broken(pictures(), in_memory=in_memory), NO_CARVING)


# ---- memory


def free_memory(monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    """Make the system say that so much memory is free."""
    monkeypatch.setattr(keeping, "free_memory_bytes", lambda: size_bytes)


def test_data_that_do_not_fit_in_memory_are_refused_before_any_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unread(FakeSource):
        def value(self, entry: Entry, form: Form | None = None) -> np.ndarray[Any, Any]:  # noqa: ARG002
            pytest.fail(f"{entry.id} was decoded")

    free_memory(monkeypatch, 1_000_000)
    message = (
        r"1,000 samples of 20x20x3 need 0\.0 GB of memory; 0\.0 GB are free\. Take a smaller --size or fewer of them"
    )
    values = dict.fromkeys((f"p{i}" for i in range(1000)), picture(20, 20, 3))
    with pytest.raises(DataError, match=message):
        load(Unread(values), NO_CARVING)


def test_data_that_just_fit_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    need = 2 * 8 * 4 * 5 * 3
    free_memory(monkeypatch, int(need / 0.6) + 1)
    assert len(load(FakeSource(pictures(8)), NO_CARVING).parts["train"]) == 8
    free_memory(monkeypatch, int(need / 0.6) - 1)
    with pytest.raises(DataError, match="of memory"):
        load(FakeSource(pictures(8)), NO_CARVING)


def test_a_vector_takes_four_bytes_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.zeros((10, 50), np.float32)
    free_memory(monkeypatch, int(2 * X.nbytes / 0.6) - 1)
    with pytest.raises(DataError, match="10 samples of 50 need"):
        load(ArraySource("x", X, list("ab") * 5), NO_CARVING)


# ---- for a model that is there


SPEC = DataSpec(kind="image", shape=(1, 6, 7), classes=("b", "a", "c"), mean=(0.0,), std=(1.0,), fit="pad")


def test_labelled_data_take_the_form_of_the_model() -> None:
    part, issues = load_labelled(FakeSource(pictures(6)), SPEC)
    assert part.inputs.shape == (6, 6, 7, 1)
    assert part.targets.tolist() == [1, 0] * 3
    assert [(issue.path, issue.kind) for issue in issues] == [("c", "missing-class")]


def test_of_labelled_data_with_parts_the_test_part_is_taken() -> None:
    parts: dict[str, Part] = {"p0.png": "train", "p1.png": "train", "p2.png": "val", "p4.png": "test", "p5.png": "test"}
    assert load_labelled(FakeSource(pictures(6), parts=parts), SPEC)[0].ids == ("p4.png", "p5.png")


def test_a_class_that_the_model_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"fake: the model does not know the class 'bird'\. It knows b, a, c\."):
        load_labelled(FakeSource(pictures(4), {"p1.png": "bird"}), SPEC)


def test_data_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match="x: holds vector data, but the model was trained on image data"):
        load_labelled(ArraySource("x", np.zeros((2, 3)), ["a", "b"]), SPEC)


def test_vectors_of_another_length_are_refused() -> None:
    spec = DataSpec(kind="vector", shape=(4,), classes=("a", "b"), mean=(0.0,) * 4, std=(1.0,) * 4)
    with pytest.raises(DataError):
        load_labelled(ArraySource("x", np.zeros((2, 3)), ["a", "b"]), spec)


def test_labelled_data_of_which_nothing_can_be_read_are_refused() -> None:
    broken = {f"p{i}.png": UnreadableError("cut short") for i in range(4)}
    with pytest.raises(DataError, match="fake: no readable sample in it"):
        load_labelled(FakeSource(broken), SPEC)


def test_labelled_data_name_what_cannot_be_read() -> None:
    part, issues = load_labelled(with_broken(), SPEC)
    assert len(part) == 8
    assert [issue.path for issue in issues] == ["notes.txt", "c", "p3.png", "p7.png"]
