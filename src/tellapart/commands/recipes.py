"""Shipped recipes: settings that were measured, each a TOML file whose head says what came out and where."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from tellapart.config import PRETRAINED, Reading, beneath, read_toml
from tellapart.data import SOURCES
from tellapart.errors import SettingError, TellapartError
from tellapart.names import did_you_mean, natural_key
from tellapart.types import Kind

AUTO: dict[Kind, str] = {
    "image": "auto",
    "vector": "auto-vector",
    "series": "auto-series",
    "audio": "auto-audio",
    "text": "auto-text",
}
"""Kind of data -> the recipe whose settings hold where nobody names a model."""
TRANSFER, OF_WEIGHTS = "transfer", {"whitened-cnn": "transfer-whitened"}
"""Likewise where weights are given besides, of pictures; and where they are of a run of that model."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A shipped TOML file."""

    name: str
    path: Path
    head: str
    """The comment lines at its top, without the `#`."""


def recipes() -> list[Recipe]:
    """Every shipped recipe, naturally sorted."""
    folder = Path(str(files("tellapart") / "recipes"))
    paths = sorted(folder.glob("*.toml"), key=lambda path: natural_key(path.stem))
    return [Recipe(name=path.stem, path=path, head=_head(path)) for path in paths]


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; SettingError says what is near."""
    known = {recipe.name: recipe for recipe in recipes()}
    if name not in known:
        raise SettingError(f"Unknown recipe {name!r}. {did_you_mean(name, known)}")
    return known[name]


def below(recipe: str | None, data: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that hold where `settings` are silent: of the recipe, or of the usual one without a model."""
    found = read_toml(find_recipe(recipe).path, data, SOURCES) if recipe else {}
    if "model" not in found and "model" not in settings:
        name = usual(data, {**found, **settings})
        found = (beneath(read_toml(find_recipe(name).path, data, SOURCES), found) if name else {}) | found
    return beneath(found, settings)


def usual(data: str, settings: Mapping[str, Any]) -> str | None:
    """Name of the recipe that holds where nobody names a model, by the kind of data and the weights given, if any.

    settings  those that are given, of which some say how the data are read
    """
    from tellapart.data.kinds import kind_of

    names = {field.name for field in fields(Reading)}
    reading = Reading(**{name: value for name, value in settings.items() if name in names})
    return usual_for("image" if data in SOURCES else kind_of(data, reading), settings.get("weights"))


def usual_for(kind: Kind, weights: object) -> str | None:
    """The same for data of a kind; None where given weights say the model, and nothing more is known."""
    if weights is None or str(weights) == "none":
        return AUTO[kind]
    return OF_WEIGHTS.get(_model_of(Path(str(weights))) or "", TRANSFER) if kind == "image" else None


def _model_of(weights: Path) -> str | None:
    """The model that weights are of; None where they do not say, or can't be read, which is told later."""
    from tellapart.runs.weights import own_card

    if weights == PRETRAINED:
        return None
    try:
        card = own_card(weights)
    except TellapartError:
        return None
    return None if card is None else card.model


def _head(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[:end])
