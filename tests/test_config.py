"""Every setting, declared once: its help, its limits, its way through TOML."""

import ast
import dataclasses
import inspect
import itertools
import os
import re
import tomllib
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tellapart import config as config_module
from tellapart.checks import epochs_in_all, seconds_or_steps
from tellapart.config import (
    GROUPS,
    DataConfig,
    ModelConfig,
    OptimConfig,
    RunConfig,
    TrainConfig,
    TransferConfig,
    read_toml,
)
from tellapart.errors import SettingError
from tellapart.evaluation.measures import METRICS
from tellapart.files import write_text
from tellapart.models.activations import ACTIVATIONS
from tellapart.models.pooling import POOLINGS
from tellapart.models.sequences import STEP_POOLINGS
from tellapart.training.losses import LOSSES
from tellapart.training.optimisers import OPTIMISERS
from tellapart.training.schedules import SCHEDULES

FIELDS = [field for kind in GROUPS.values() for field in dataclasses.fields(kind)]
NAMES = [field.name for field in FIELDS]

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
share = st.floats(0, 0.49)
count = st.integers(1, 10**6)
word = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "data_dir": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).map(Path),
    "also": st.lists(word, max_size=3).map(tuple),
    "path_column": word,
    "text_column": word,
    "label_columns": st.sampled_from([(), ("was",), ("Art", "die Farbe")]),
    "number_columns": st.sampled_from([(), ("Alter",)]),
    "label_separator": st.sampled_from([";", "|", ", "]),
    "allow_outside": st.booleans(),
    "size": count,
    "fit": st.sampled_from(typing.get_args(config_module.FitChoice)),
    "rate": count,
    "tokens": st.sampled_from(["auto", "bytes", "words"]),
    "cache": st.sampled_from(typing.get_args(config_module.Cache)),
    "sizes": st.lists(st.floats(0, 1, exclude_min=True), min_size=1, max_size=4),
    "val_share": share,
    "test_share": share,
    "split_seed": st.integers(),
    "group_by": st.sampled_from(["patient", "(p[0-9]+)_", "^[^/]+", 'a "quoted" \\\\ one']),
    "near_copies": st.booleans(),
    "split": words.map(Path),
    "folds": st.integers(2, 9),
    "fold": st.integers(0, 1),
    "augment": st.sampled_from(typing.get_args(config_module.Augment)),
    "crop_padding": count,
    "resized_crop": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "flip": st.booleans(),
    "alternating": st.booleans(),
    "rotate": st.floats(0, 180, exclude_min=True),
    "scale": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "brightness": st.floats(0, 1, exclude_min=True),
    "contrast": st.floats(0, 1, exclude_min=True),
    "saturation": st.floats(0, 1, exclude_min=True),
    "cutout": count,
    "trivial": st.booleans(),
    "erasing": st.floats(0, 1),
    "mixup": st.floats(0, 1e9),
    "cutmix": st.floats(0, 1e9),
    "jitter": st.floats(0, 1e9, exclude_min=True),
    "time_warp": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "window": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "channel_drop": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "token_drop": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "model": st.text(st.characters(exclude_categories=["Cs"])),
    "widths": st.lists(count, max_size=4),
    "layers": count,
    "hidden": count,
    "dense": count,
    "activation": st.sampled_from(typing.get_args(config_module.Activation)),
    "dropout": share,
    "pooling": st.sampled_from(typing.get_args(config_module.Pooling)),
    "spec_augment": share,
    "drop_path": share,
    "stride": count,
    "depth": count,
    "views": st.sampled_from(typing.get_args(config_module.Views)),
    "features": count,
    "weights": words.filter(lambda text: text != "none").map(Path),
    "freeze": st.sampled_from(["auto", "head", "none"]) | count,
    "preset": st.just("instant"),
    "loss": st.sampled_from(typing.get_args(config_module.Loss)),
    "number_loss": st.sampled_from(typing.get_args(config_module.NumberLoss)),
    "task_weights": st.lists(st.floats(0.01, 9), max_size=3).map(tuple),
    "balance": st.sampled_from([way for way in typing.get_args(config_module.Balance) if way != "sampler"]),
    "teacher": words.map(Path),
    "temperature": st.floats(0.1, 99),
    "teacher_share": share,
    "agree_with": words.map(Path),
    "agree_weight": st.floats(0, 9),
    "label_smoothing": share,
    "optimiser": st.sampled_from([*typing.get_args(config_module.Optimiser), "timm:lion"]),
    "lr": st.floats(0, 1e9, exclude_min=True) | count,
    "momentum": share,
    "nesterov": st.booleans(),
    "muon_momentum": share,
    "head_lr": st.floats(0, 1e9),
    "bias_lr": st.floats(0, 1e9),
    "weight_decay": st.floats(0, 1e9),
    "l1": st.floats(0, 1e9, exclude_min=True),
    "clip": st.floats(0, 1e9, exclude_min=True),
    "layer_decay": st.floats(0, 1, exclude_min=True),
    "ema": share,
    "schedule": st.sampled_from(typing.get_args(config_module.Schedule)),
    "warmup": share,
    "milestones": st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True)).map(sorted),
    "gamma": st.floats(0, 1, exclude_min=True),
    "plateau_patience": count,
    "epochs": count,
    "steps": count,
    "time": st.sampled_from(["90s", "10m", "1.5 h"]),
    "hardest": st.lists(st.floats(0, 1, exclude_min=True), min_size=1, max_size=4),
    "batch": count | st.just("auto"),
    "seed": st.integers(0),
    "metric": st.sampled_from(typing.get_args(config_module.Metric)),
    "patience": count,
    "save_every": st.sampled_from(["30s", "0.05 s", "5m", "1h", "1 step", "200 steps"]),
    "device": st.sampled_from(["auto", "cpu", "cuda"]),
    "threads": st.integers(1, 1024),
    "precision": st.sampled_from(["auto", "fp32", "bf16"]),
    "compile": st.sampled_from(["auto", "on", "off"]),
    "health": st.booleans(),
}


def consistent(chosen: dict[str, Any]) -> dict[str, Any]:
    """Without what contradicts the rest."""
    chosen = dict(chosen)
    if not chosen.get("flip"):
        chosen.pop("alternating", None)
    if chosen.get("schedule") == "one-cycle":
        chosen.pop("warmup", None)
    if chosen.get("schedule") == "plateau":
        chosen.pop("patience", None)
    if chosen.get("loss") == "focal":
        chosen.pop("label_smoothing", None)
    if chosen.get("optimiser") != "sgd" or not chosen.get("momentum", 1):
        chosen.pop("nesterov", None)
    if chosen.get("hardest", [1.0]) != [1.0]:
        chosen = {name: value for name, value in chosen.items() if name not in ("mixup", "cutmix")}
    if "weights" not in chosen:
        chosen.pop("freeze", None)
        chosen.pop("preset", None)
    if chosen.get("freeze", "auto") not in ("auto", "head"):
        chosen.pop("preset", None)
    if "split" in chosen or not {"folds", "fold"} <= chosen.keys():
        chosen.pop("folds", None)
        chosen.pop("fold", None)
    for name in [name for name in ("epochs", "steps", "time") if name in chosen][1:]:
        del chosen[name]
    return chosen


def setting_help() -> dict[str, str]:
    """Name of each setting -> the line that stands under its field."""
    texts: dict[str, str] = {}
    for kind in [base for group in GROUPS.values() for base in group.__mro__[-2::-1]]:
        body = ast.parse(inspect.getsource(kind)).body[0].body
        for node, after in itertools.pairwise(body):
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                texts[node.target.id] = str(after.value.value)
    return texts


def refused(**wrong: Any) -> str:
    """The message that these settings get."""
    with pytest.raises(SettingError) as caught:
        RunConfig.of("digits", wrong)
    return str(caught.value)


def test_a_name_stands_in_one_group_alone() -> None:
    assert sorted(NAMES) == sorted(set(NAMES))


def test_no_setting_is_called_like_something_else_in_a_toml_file() -> None:
    assert "data" not in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_has_a_line_of_help_or_two(name: str) -> None:
    text = setting_help()[name]
    assert text.endswith(".")
    assert text.count("\n") <= 1
    assert all(10 < len(line.strip()) < 120 for line in text.splitlines())


def test_help_stands_at_settings_alone() -> None:
    assert list(setting_help()) == NAMES


def test_this_file_draws_every_setting() -> None:
    assert list(SETTINGS) == NAMES


@pytest.mark.parametrize("kind", [*GROUPS.values(), RunConfig])
def test_groups_are_frozen_and_keyword_only(kind: Any) -> None:
    assert kind.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))


@pytest.mark.parametrize("field", FIELDS, ids=NAMES)
def test_none_means_off_and_can_be_said_only_by_silence(field: Any) -> None:
    kind = next(kind for kind in GROUPS.values() if field in dataclasses.fields(kind))
    optional = type(None) in typing.get_args(typing.get_type_hints(kind)[field.name])
    assert (field.default is None) == optional  # TOML has no null


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (OPTIMISERS, config_module.Optimiser),
        (SCHEDULES, config_module.Schedule),
        (LOSSES, config_module.Loss),
        (ACTIVATIONS, config_module.Activation),
        (POOLINGS | STEP_POOLINGS, config_module.Pooling),
        (METRICS, config_module.Metric),
    ],
    ids=["optimisers", "schedules", "losses", "activations", "poolings", "metrics"],
)
def test_a_table_has_a_row_for_each_word_and_no_other(table: dict[str, Any], words: Any) -> None:
    assert tuple(table) == typing.get_args(words)


# ---- the way through TOML


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=words, chosen=st.fixed_dictionaries({}, optional=SETTINGS).map(consistent))
@example(data='a "quoted" \\ name\n', chosen={"data_dir": Path("/tmp/ümläut \x7f\x1f\u2028")})
@example(data="digits", chosen={"lr": 1e-30, "widths": [], "milestones": []})
@example(data="\r\n\r", chosen={})
def test_a_configuration_comes_back_from_its_toml(tmp_path: Path, data: str, chosen: dict[str, Any]) -> None:
    config = RunConfig.of(data, chosen)
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml(), encoding="utf-8")
    settings = read_toml(path)
    assert RunConfig.of(settings.pop("data"), settings) == config


@pytest.mark.parametrize("data", ["data", "model", "batch", "None", "widths", "load"])
def test_a_folder_called_like_a_setting_comes_back_from_its_toml(tmp_path: Path, data: str) -> None:
    config = RunConfig.of(data, {"model": "mlp", "widths": [3]})
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml(), encoding="utf-8")
    settings = read_toml(path)
    assert RunConfig.of(settings.pop("data"), settings) == config


def test_a_folder_named_in_odd_bytes_comes_back_from_its_toml(tmp_path: Path) -> None:
    config = RunConfig.of(os.fsdecode(b"caf\xe9/photos"), {})
    write_text(tmp_path / "config.toml", config.to_toml())
    settings = read_toml(tmp_path / "config.toml")
    assert RunConfig.of(settings.pop("data"), settings) == config


@pytest.mark.parametrize(("name", "value"), [("lr", np.float64(0.25)), ("val_share", np.float64(0.25))])
def test_numbers_of_numpy_stand_in_toml_as_numbers(name: str, value: Any) -> None:
    content = tomllib.loads(RunConfig.of("digits", {name: value}).to_toml())
    assert content[name] == 0.25


@pytest.mark.parametrize(("name", "value"), [("batch", np.int64(32)), ("widths", [np.int64(32)]), ("flip", np.True_)])
def test_numbers_of_numpy_are_taken_as_a_search_gives_them(name: str, value: Any) -> None:
    content = tomllib.loads(RunConfig.of("digits", {name: value}).to_toml())
    assert content[name] == (value if name != "widths" else [32])


def test_what_is_not_set_stands_as_a_comment() -> None:
    text = RunConfig(data="digits").to_toml()
    assert "# epochs is not set" in text.splitlines()
    assert "epochs" not in tomllib.loads(text)


def test_the_toml_names_every_setting() -> None:
    text = RunConfig(data="digits").to_toml()
    assert [name for name in NAMES if not re.search(rf"^(# )?{name} ", text, re.MULTILINE)] == []


def test_flat_gives_every_setting_by_its_name() -> None:
    flat = RunConfig.of("digits", {"lr": 0.5, "flip": True}).flat()
    assert list(flat) == NAMES
    assert (flat["lr"], flat["flip"], flat["batch"]) == (0.5, True, 64)


def test_a_change_leaves_the_rest_as_it_was() -> None:
    before = RunConfig.of("digits", {"lr": 0.5, "batch": 7})
    after = before.changed({"batch": 8})
    assert (after.optim, after.train.batch, after.data) == (before.optim, 8, "digits")
    assert before.train.batch == 7


def test_a_path_may_be_given_as_a_word() -> None:
    assert RunConfig.of("digits", {"data_dir": "/some/where"}).load.data_dir == Path("/some/where")


def test_weights_of_the_word_none_are_off() -> None:
    assert RunConfig.of("digits", {"weights": "none"}) == RunConfig.of("digits", {})


def test_the_model_is_told_only_what_was_set() -> None:
    assert ModelConfig(model="cnn").given() == {}
    assert ModelConfig(model="cnn", widths=(), dropout=0.0).given() == {"widths": (), "dropout": 0.0}


# ---- tables in a recipe


RECIPE = """
data = "mnist"
lr = 0.1
weight-decay = 0.5
[cifar10]
lr = 0.2
crop-padding = 4
[mnist]
batch = 3
"""


def read(tmp_path: Path, text: str, word: str | None = None) -> dict[str, Any]:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return read_toml(path, word, ("cifar10", "mnist"))


def test_the_table_of_the_data_set_replaces_what_stands_above_it(tmp_path: Path) -> None:
    content = {"data": "mnist", "lr": 0.2, "weight_decay": 0.5, "crop_padding": 4}
    assert read(tmp_path, RECIPE, "cifar10") == content


def test_without_a_word_the_file_s_own_data_set_picks_the_table(tmp_path: Path) -> None:
    assert read(tmp_path, RECIPE) == {"data": "mnist", "lr": 0.1, "weight_decay": 0.5, "batch": 3}


def test_tables_of_other_data_sets_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, RECIPE, "digits") == {"data": "mnist", "lr": 0.1, "weight_decay": 0.5}


def test_a_misspelt_table_is_answered_with_the_near_data_set(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match=r"\[cifar1O\] is no data set; settings stand alone\. Did you mean 'cifar10'"
    ):
        read(tmp_path, "[cifar1O]\nflip = true\n")


def test_a_table_for_a_folder_of_that_name_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "[photos]\nflip = true\n", "photos") == {"flip": True}


def test_a_setting_is_no_table_even_where_the_data_set_has_its_name(tmp_path: Path) -> None:
    assert read(tmp_path, 'model = "cnn"', "model") == {"model": "cnn"}


def test_a_dash_in_a_file_is_an_underscore(tmp_path: Path) -> None:
    assert RunConfig.of("digits", read(tmp_path, "weight-decay = 1\n")).optim.weight_decay == 1


@pytest.mark.parametrize(
    "content", [b"lr = ", b"lr = 1\nlr = 2\n", b"\xff\xfe", b"[a", b"lr = 1e", "lr = 1".encode("utf-16")]
)
def test_what_is_no_toml_is_refused_by_file_and_cause(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"broken\.toml: not a readable TOML file: ."):
        read_toml(path)


def test_a_toml_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.toml: no such file.*tellapart recipes"):
        read_toml(tmp_path / "none.toml")


def test_a_folder_in_place_of_a_toml_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="not a readable TOML file"):
        read_toml(tmp_path)


# ---- what is refused, and how


def test_an_unknown_setting_is_told_what_is_near() -> None:
    message = refused(weight_decya=0.1)
    assert message.startswith("Unknown setting 'weight_decya'. Did you mean 'weight_decay'? There are: data_dir, ")


def test_an_unknown_setting_that_is_like_no_other_is_told_what_exists() -> None:
    assert refused(xyzzy=1).startswith("Unknown setting 'xyzzy'. There are: data_dir, also, ")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        # wrong types
        ({"lr": "fast"}, "lr is 'fast'; must be a finite number."),
        ({"lr": True}, "lr is True; must be a finite number."),
        ({"lr": float("nan")}, "lr is nan; must be a finite number."),
        ({"gamma": float("inf")}, "gamma is inf; must be a finite number."),
        ({"gamma": None}, "gamma is None; must be a finite number."),
        ({"epochs": 1.5}, "epochs is 1.5; must be a whole number."),
        ({"epochs": True}, "epochs is True; must be a whole number."),
        ({"batch": "64"}, "batch is '64'. There are: auto."),
        ({"flip": 1}, "flip is 1; must be true or false."),
        ({"model": 3}, "model is 3; must be a word."),
        ({"data_dir": 3}, "data_dir is 3; must be a path."),
        ({"widths": 3}, "widths is 3; must be a list, each a whole number."),
        ({"widths": [3.5]}, "widths is (3.5,); must be a list, each a whole number."),
        ({"milestones": ["x"]}, "milestones is ('x',); must be a list, each a finite number."),
        ({"size": {"a": 1}}, "size is {'a': 1}; must be a whole number."),
        # words
        (
            {"optimiser": "adma"},
            "optimiser is 'adma'. Did you mean 'adam'? There are: sgd, adam, adamw, nadam, ",
        ),
        (
            {"schedule": "cosin"},
            "schedule is 'cosin'. Did you mean 'cosine'? There are: constant, step, cosine, linear, ",
        ),
        ({"activation": ["relu"]}, "activation is ('relu',). Did you mean 'relu'? There are: relu, leaky-relu, elu, "),
        ({"fit": "zoom"}, "fit is 'zoom'. There are: auto, pad, stretch, crop."),
        ({"loss": None}, "loss is None. There are: cross-entropy, focal, brier, mse, huber."),
        ({"metric": "acuracy"}, "metric is 'acuracy'. Did you mean 'accuracy'? There are: accuracy, balanced-accuracy"),
        ({"device": "gpu"}, "device is 'gpu'. Did you mean 'cpu'? There are: auto, cpu, cuda."),
        ({"precision": "fp16"}, "precision is 'fp16'. Did you mean 'bf16'? There are: auto, fp32, bf16."),
        # out of range
        ({"size": 0}, "size is 0; must be 1 or more."),
        ({"crop_padding": -1}, "crop_padding is -1; must be 0 or more."),
        ({"dense": -1}, "dense is -1; must be 1 or more."),
        ({"epochs": 0}, "epochs is 0; must be 1 or more."),
        ({"batch": 0}, "batch is 0; must be 1 or more."),
        ({"patience": 0}, "patience is 0; must be 1 or more."),
        ({"threads": 0}, "threads is 0; must be 1 or more."),
        ({"seed": -1}, "seed is -1; must be 0 or more."),
        ({"weight_decay": -0.1}, "weight_decay is -0.1; must be 0 or more."),
        ({"widths": [8, 0]}, "widths holds 0; each must be 1 or more."),
        ({"lr": 0}, "lr is 0; must be above 0."),
        ({"lr": -1.0}, "lr is -1; must be above 0."),
        (
            {"loss": "focal", "label_smoothing": 0.1},
            "label_smoothing is 0.1, and focal goes by one right class alone: leave it out, or take loss = "
            "cross-entropy.",
        ),
        ({"plateau_patience": 0}, "plateau_patience is 0; must be 1 or more."),
        (
            {"schedule": "one-cycle", "warmup": 0.1},
            "warmup is 0.1, and one-cycle rises by itself: leave it out, or take schedule = cosine.",
        ),
        (
            {"schedule": "plateau", "patience": 5},
            "patience is 5, so training stops before the plateau schedule lowers the learning rate: set "
            "patience above plateau_patience, which is 5.",
        ),
        ({"l1": 0}, "l1 is 0; must be above 0. Leave it out for none."),
        ({"clip": -1}, "clip is -1; must be above 0. Leave it out for none."),
        ({"layer_decay": 0}, "layer_decay is 0; must be above 0 and at most 1."),
        ({"layer_decay": 1.5}, "layer_decay is 1.5; must be above 0 and at most 1."),
        ({"gamma": 0}, "gamma is 0; must be above 0 and at most 1."),
        ({"gamma": 1.5}, "gamma is 1.5; must be above 0 and at most 1."),
        ({"val_share": 1}, "val_share is 1; must be a share: 0 or more, and below 1."),
        ({"test_share": -0.5}, "test_share is -0.5; must be a share: 0 or more, and below 1."),
        ({"dropout": 1}, "dropout is 1; must be a share: 0 or more, and below 1."),
        ({"drop_path": 1}, "drop_path is 1; must be a share: 0 or more, and below 1."),
        ({"momentum": 1}, "momentum is 1; must be a share: 0 or more, and below 1."),
        ({"warmup": 1}, "warmup is 1; must be a share: 0 or more, and below 1."),
        ({"label_smoothing": 1}, "label_smoothing is 1; must be a share: 0 or more, and below 1."),
        ({"ema": 1}, "ema is 1; must be a share: 0 or more, and below 1."),
        ({"muon_momentum": 1}, "muon_momentum is 1; must be a share: 0 or more, and below 1."),
        ({"head_lr": -1}, "head_lr is -1; must be 0 or more."),
        ({"bias_lr": -1}, "bias_lr is -1; must be 0 or more."),
        ({"sizes": (0.5, 1.5)}, "sizes is [0.5, 1.5]; must be shares of the full size: above 0, at most 1."),
        ({"hardest": (1.0, 0.0)}, "hardest is [1.0, 0.0]; must be shares of the part: above 0, at most 1."),
        # contradictions
        ({"nesterov": True}, "nesterov is a way of sgd to use its momentum: set optimiser = sgd and a momentum."),
        (
            {"nesterov": True, "optimiser": "sgd", "momentum": 0},
            "nesterov is a way of sgd to use its momentum: set optimiser = sgd and a momentum.",
        ),
        ({"epochs": 3, "steps": 30}, "epochs and steps both say when training ends; give one of them."),
        ({"freeze": 0, "weights": "a"}, "freeze is 0; must be 1 or more."),
        ({"freeze": "heed", "weights": "a"}, "freeze is 'heed'. Did you mean 'head'? There are: auto, head, none."),
        ({"preset": "instand", "weights": "a"}, "preset is 'instand'. Did you mean 'instant'?"),
        ({"freeze": "head"}, "freeze is 'head', but weights is not set: nothing is learned yet. Set both."),
        ({"freeze": 3, "weights": "none"}, "freeze is 3, but weights is not set: nothing is learned yet. Set both."),
        ({"preset": "instant"}, "preset is 'instant', but weights is not set: it learns from what given weights see."),
        (
            {"preset": "instant", "weights": "a", "freeze": 2},
            "freeze is 2, but preset = instant fits the last layer alone; leave it out.",
        ),
        ({"val_share": 0.5, "test_share": 0.5}, "val_share + test_share is 1: nothing is left to train on."),
        (
            {"milestones": [0.5, 0.2]},
            "milestones is [0.5, 0.2]; must be rising shares between 0 and 1, as in 0.5 0.75.",
        ),
        ({"folds": 1, "fold": 0}, "folds is 1; must be 2 or more."),
        ({"folds": 5}, "folds is 5, and fold is not set: both say what val is."),
        ({"fold": 0}, "fold is 0, and folds is not set: both say what val is."),
        ({"folds": 5, "fold": 5}, "fold is 5; must be 0 or more, and below folds, which is 5."),
        ({"folds": 5, "fold": -1}, "fold is -1; must be 0 or more, and below folds, which is 5."),
        ({"folds": 5, "fold": 0, "split": "a.csv"}, "split and folds both say what val is; give one of them."),
        ({"group_by": "(p"}, "group_by is '(p'; not a regular expression: missing ), unterminated subpattern"),
        ({"milestones": [0, 0.5]}, "milestones is [0, 0.5]; must be rising shares between 0 and 1, as in 0.5 0.75."),
        ({"milestones": [1.0]}, "milestones is [1.0]; must be rising shares between 0 and 1, as in 0.5 0.75."),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_refused_by_its_name_value_and_limit(wrong: dict[str, Any], message: str) -> None:
    assert refused(**wrong).startswith(message)


@pytest.mark.parametrize("kind", list(GROUPS.values()))
def test_a_group_that_is_made_by_hand_is_checked_too(kind: Any) -> None:
    wrong = {
        DataConfig: "size", ModelConfig: "dense", TransferConfig: "freeze", OptimConfig: "lr", TrainConfig: "batch"
    }  # fmt: skip
    with pytest.raises(SettingError, match=f"{wrong[kind]} is 0"):
        kind(**{wrong[kind]: 0})


def test_a_list_given_by_hand_is_not_told_to_be_a_list() -> None:
    try:
        widths = ModelConfig(widths=[64]).widths  # type: ignore[arg-type]
    except SettingError as error:
        pytest.fail(str(error))
    assert widths == (64,)


# ---- words that hold a number


@pytest.mark.parametrize(
    ("text", "seconds", "steps"),
    [
        ("30s", 30, None),
        ("0.05s", 0.05, None),
        ("5m", 300, None),
        ("1.5h", 5400, None),
        (" 2 m ", 120, None),
        ("200 steps", None, 200),
        ("1 step", None, 1),
        ("7steps", None, 7),
    ],
)
def test_how_often_to_save_is_a_time_or_a_number_of_steps(text: str, seconds: float | None, steps: int | None) -> None:
    assert seconds_or_steps(text) == (seconds, steps)


@pytest.mark.parametrize(
    "text", ["", "30", "often", "-5s", "0s", "0 steps", "1.5 steps", "steps", "1e3s", "30 S", "5 min", "5m 30s", "nans"]
)
def test_how_often_to_save_is_refused_where_it_is_neither(text: str) -> None:
    assert refused(save_every=text) == (
        f"save_every is {text!r}; give a time or a number of steps, as in 30s, 5m or '200 steps'."
    )


@pytest.mark.parametrize(
    ("asked", "in_all"), [("+10", 13), ("30", 30), ("1", 1), ("+1", 4), (" +2 ", 5), ("9999999", 9999999)]
)
def test_epochs_are_said_as_more_or_in_all(asked: str, in_all: int) -> None:
    assert epochs_in_all(asked, 3) == in_all


@pytest.mark.parametrize("asked", ["", "+", "0", "+0", "-3", "3.5", "1e3", "+ 3", "++3", "ten", "10000000", "\u00b3"])
def test_epochs_that_are_neither_are_refused(asked: str) -> None:
    with pytest.raises(SettingError) as caught:
        epochs_in_all(asked, 3)
    assert str(caught.value) == f"epochs is {asked!r}; give +10 for ten more, or 30 for thirty in all."
