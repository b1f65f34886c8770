"""A model on disk: weights, a card that says all that is needed to use them, and a manifest of hashes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart import __version__
from tellapart.config import ModelConfig
from tellapart.errors import DamagedError
from tellapart.files import verify_manifest, write_json, write_tensors, write_text
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from torch import nn

WEIGHTS, CARD, README = "weights.safetensors", "card.json", "README.md"
SCHEMA = 1
"""Version of the card's form; a reader refuses a newer one than it knows."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model is: enough to build it, feed it and name its answers."""

    model: str
    """Name in the models table."""
    settings: dict[str, Any]
    """Of the model, those that were set."""
    spec: DataSpec
    trained_on: str
    """Word or folder name of the data."""
    fingerprint: str
    """Of the data, SHA-256."""
    counts: tuple[int, ...]
    """Training samples of each class (K,), in the order of the logits."""
    thresholds: tuple[float, ...] = ()
    """From which probability on each label is said (K,), as was best on val; empty where no labels are asked for."""
    tellapart: str = __version__
    measures: dict[str, Any] = field(default_factory=dict)
    """On the test part, where there was one."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Of the table that it was trained on, those that were named, by setting; empty where they were found."""
    weights: dict[str, str] = field(default_factory=dict)
    """Where the weights that it began with came from: name, sha256, licence; empty for a model from scratch."""

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self), "spec": self.spec.to_json()}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Card:
        settings = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields["settings"].items()
        }
        kept = {name: fields[name] for name in ("model", "trained_on", "fingerprint", "tellapart", "measures")}
        return Card(
            counts=tuple(fields["counts"]),
            spec=DataSpec.from_json(fields["spec"]),
            settings=settings,
            thresholds=tuple(fields.get("thresholds", ())),
            columns=dict(fields.get("columns", {})),
            weights={str(name): str(word) for name, word in fields.get("weights", {}).items()},
            **kept,
        )

    def config(self) -> ModelConfig:
        """The settings that build this model again."""
        return ModelConfig(model=self.model, **self.settings)


def write_model(folder: Path, module: nn.Module, card: Card) -> None:
    """Fill an empty folder with the model; its manifest is the caller's to write last (`files.replaced_folder`)."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    write_tensors(folder / WEIGHTS, weights)
    write_json(folder / CARD, card.to_json())
    write_text(folder / README, described(card))


def read_model(folder: Path) -> tuple[nn.Module, Card]:
    """The module in eval mode on the CPU, and its card; DamagedError before any weight is used if a byte is wrong."""
    verify_manifest(folder)
    from tellapart.models import build_model

    card = read_card(folder)
    module = build_model(card.config(), card.spec, seed=0)
    load_weights(module, folder / WEIGHTS)
    return module.eval(), card


def read_card(folder: Path) -> Card:
    """The card alone; of a newer tellapart's it says so."""
    try:
        fields = json.loads((folder / CARD).read_bytes().decode("utf-8", "surrogateescape"))
        schema = fields["schema"]
        if schema == SCHEMA:
            card = Card.from_json(fields)
            card.config()
            return card
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{folder / CARD}: not a model card: {type(error).__name__}: {error}") from None
    raise DamagedError(
        f"{folder / CARD}: schema {schema}; this tellapart {__version__} reads schema {SCHEMA}. Install a newer one."
    )


def load_weights(module: nn.Module, path: Path) -> None:
    """Put saved weights into a module of the same shape; DamagedError names what differs."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        saved = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DamagedError(f"{path}: not a safetensors file: {error}") from None
    wanted = module.state_dict()
    for name in sorted(set(wanted) | set(saved)):
        there = name in saved and name in wanted
        if not there or (saved[name].shape, saved[name].dtype) != (wanted[name].shape, wanted[name].dtype):
            raise DamagedError(f"{path}: {name!r} does not fit the model that the card describes.")
        if saved[name].is_floating_point() and not saved[name].isfinite().all():
            raise DamagedError(f"{path}: {name!r} holds NaN or infinity.")
    module.load_state_dict(saved)


def _what(spec: DataSpec) -> str:
    """What a model tells: `10 classes apart`, or what it is asked."""
    words = {"class": "one of {}", "labels": "any of {}", "number": "a number"}
    if not spec.tasks:
        return f"{len(spec.classes)} classes apart"
    return ", ".join(f"{task.name} ({words[task.kind].format(len(task.classes))})" for task in spec.tasks)


def described(card: Card) -> str:
    """The card in words, as Markdown."""
    spec = card.spec
    form = "x".join(map(str, spec.shape))
    lines = [
        f"# A {card.model} that tells {_what(spec)}",
        "",
        f"Trained on `{card.trained_on}` by tellapart {card.tellapart}. Raw {spec.kind} data of {form} in, one logit a",
        f"class out; normalisation is inside the model. Pictures of another size: `{spec.fit}`.",
        "",
        ("Logits, in order: " if spec.tasks else "Classes, in the order of the logits: ")
        + ", ".join(f"`{name}`" for name in spec.classes),
        "",
    ]
    if card.weights:
        began = card.weights
        lines += [
            f"It began with the weights `{began.get('name')}` (SHA-256 `{began.get('sha256')}`),",
            f"whose licence is: {began.get('licence')}.",
            "",
        ]
    if card.measures:
        lines += ["| on the test part | value | 95 % interval |", "|---|---|---|"]
        lines += [
            f"| {name} | {m['value']:.4f} | {m['low']:.4f} to {m['high']:.4f} |" for name, m in card.measures.items()
        ]
        lines.append("")
    lines += [
        "```python",
        "import tellapart",
        "",
        'model = tellapart.load("this/folder")',
        'model.predict(["some.jpg"])',
        "```",
        "",
    ]
    return "\n".join(lines)
