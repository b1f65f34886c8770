"""Every shipped recipe is whole and trains."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from tellapart.commands.learner import extents
from tellapart.commands.recipes import Recipe, find_recipe, recipes
from tellapart.config import RunConfig, read_toml
from tellapart.data import SOURCES
from tellapart.data.augment import Augmentation
from tellapart.data.batches import shuffled
from tellapart.data.resident import load
from tellapart.data.sources.arrays import ArraySource
from tellapart.errors import SettingError
from tellapart.models import build_model
from tellapart.training.fit import fit, new_state
from tellapart.training.plan import plan
from tellapart.world import join_world

SHAPES = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
CASES = [
    (recipe, word)
    for recipe in recipes()
    for word in re.findall(r"tellapart train (\S+)", recipe.head)
    if word in SHAPES
]

UNMEASURED = (
    "cifar-best",
    "resnet50-finetune",
)
"""Those that want a GPU, the weights of another run, or an hour and more on two cores."""


def test_the_page_of_recipes_is_made_from_their_heads() -> None:
    script = Path(__file__).parent.parent / "bench/recipes_page.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def trained(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The weights that training moves."""
    return [(name, weight) for name, weight in module.named_parameters() if weight.requires_grad]


def test_there_are_recipes() -> None:
    assert {recipe.name for recipe in recipes()} >= {
        "auto",
        "mlp-64-64",
        "cnn-16-32",
        "cifar-fast",
        "cifar-best",
        "cifar-quick",
        "mnist-fast",
        "convnet5",
        "deepcnn5x5",
        "vgg",
        "resnet18",
    }


@pytest.mark.parametrize(("recipe", "word"), CASES, ids=lambda value: getattr(value, "name", value))
def test_a_recipe_trains_for_a_step(recipe: Recipe, word: str) -> None:
    config = RunConfig.of(word, read_toml(recipe.path, word, SOURCES) | {"epochs": 1, "batch": 64})
    batch = config.train.samples_a_step
    pictures = np.random.default_rng(0).integers(0, 256, (batch, *SHAPES[word]), dtype=np.uint8)
    parts = ["train"] * batch
    loaded = load(
        ArraySource(word, pictures, np.arange(batch) % 10, parts), config.load.__class__(val_share=0.0, test_share=0.0)
    )
    part, world = loaded.parts["train"], join_world(config.train)
    state = new_state(build_model(config.model, loaded.spec, 0), config.optim, world, batch)
    before = {name: weight.detach().clone() for name, weight in trained(state.module)}
    sample = (part.inputs[:1].permute(0, 3, 1, 2),)
    planned = plan(state.module, sample, config.optim, config.train, extents(config.train, batch), world)
    augmentation = Augmentation.of(config.load, loaded.spec)
    ends = list(fit(state, lambda order: shuffled(part, order, batch, augmentation), planned))
    assert [end.step for end in ends] == [1]
    moved = {name for name, weight in trained(state.module) if (weight != before[name]).any()}
    pulled = {name for name, weight in trained(state.module) if weight.grad is not None and weight.grad.any()}
    assert moved >= pulled  # timm's residual blocks begin as the identity: what is inside gets no pull yet
    assert len(pulled) == len(before) or str(config.model.model).startswith("timm:")


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_the_head_of_a_recipe_says_source_command_accuracy_time_and_machine(recipe: Recipe) -> None:
    words = ["Source:", "Command: tellapart train", "Expected"]
    words += ["not measured yet"] if recipe.name in UNMEASURED else [" % test accuracy", " s on two cores"]
    assert [word for word in words if word not in recipe.head] == []
    assert "TODO" not in recipe.head


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_the_tables_of_a_recipe_are_named_like_data_sets(recipe: Recipe) -> None:
    import tomllib

    tables = [name for name, value in tomllib.loads(recipe.path.read_text()).items() if isinstance(value, dict)]
    assert set(tables) <= set(SOURCES)


def test_the_cifar_table_counts_for_cifar_alone() -> None:
    path = find_recipe("cnn-16-32").path
    assert RunConfig.of("cifar10", read_toml(path, "cifar10", SOURCES)).load.flip is True
    assert RunConfig.of("mnist", read_toml(path, "mnist", SOURCES)).load.flip is None


def test_an_unknown_recipe_is_answered_with_the_near_one() -> None:
    with pytest.raises(SettingError, match="Did you mean 'mlp-64-64'"):
        find_recipe("mlp-64")
