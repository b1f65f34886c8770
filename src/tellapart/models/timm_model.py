"""Every architecture of timm, by its name there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.errors import SettingError, TellapartError
from tellapart.names import did_you_mean
from tellapart.types import DataSpec

if TYPE_CHECKING:
    from torch import nn

LEAST_CELLS = 4
"""Cells a side that the last map of a picture has at least: a smaller picture is enlarged until it has."""
USUAL_CELL = 32
"""Pixels a side of a cell of the last map, where an architecture does not say."""
REGISTERED = re.compile(r"^@register_model\s+def (\w+)\(", re.MULTILINE)
"""An architecture in timm's source."""


def check_architecture(name: str) -> None:
    """Raise TellapartError without timm, SettingError where it has no such architecture; neither timm nor torch loads.

    name  as timm has it; behind a point may stand the tag of published weights, as in vit_tiny_patch16_224.augreg_in21k
    """
    known = architectures()
    plain = name.partition(".")[0]
    if plain not in known:
        raise SettingError(f"Unknown model 'timm:{name}'. {did_you_mean(plain, known)}")


@cache
def architectures() -> tuple[str, ...]:
    """Names in the source of the timm that is installed, sorted: to be asked for its own list, it would load torch."""
    found = find_spec("timm")
    if found is None:
        raise TellapartError("Models called timm:NAME need timm: pip install 'tellapart[zoo]'")
    files = [path for folder in found.submodule_search_locations or () for path in Path(folder, "models").glob("*.py")]
    return tuple(sorted({name for path in files for name in REGISTERED.findall(path.read_text(encoding="utf-8"))}))


def timm_model(spec: DataSpec, name: str, *, dropout: float | None = None, drop_path: float | None = None) -> nn.Module:
    """The architecture with first weights of its own, for as many channels and classes as the data have.

    raw (B, C, H, W)  ->  logits (B, K). Nothing is downloaded. What sees a picture as patches or windows is built for
    the size of the pictures; one too small for the architecture is enlarged on the way in (`seen_size`). An
    architecture that has no answer then is built as its authors have it, and pictures are brought to its own size.
    """
    from tellapart.models.framed import Framed, answers

    settings = {word: value for word, value in (("dropout", dropout), ("drop_path", drop_path)) if value is not None}
    network = _created(name, spec, settings)
    published: dict[str, Any] = network.pretrained_cfg  # type: ignore[assignment]
    own = tuple(published["input_size"][1:])
    fixed = bool(published.get("fixed_input_size"))
    size = seen_size(spec.shape[1:], cell=_cell(network), whole=fixed)
    if fixed and size != own:
        network = _created(name, spec, settings, size)
    framed = Framed(spec, network, size if fixed or size != spec.shape[1:] else None)
    if not answers(framed, spec):
        framed = Framed(spec, _created(name, spec, settings), own)
    if not answers(framed, spec):
        raise SettingError(f"The model timm:{name} gives no logits for pictures of any size; take another one.")
    return framed


def seen_size(sides: Sequence[int], *, cell: int, whole: bool) -> tuple[int, ...]:
    """Height and width at which an architecture sees pictures: their own, unless its last map had too few cells.

    cell   pixels a side of a cell of the last map
    whole  whether the picture is cut into whole cells, so that each side has to be a multiple of one
    Most architectures were made for 224 pixels a side and halve it five times: of 32 pixels a single cell would be
    left. Both sides grow alike until the shorter one has `LEAST_CELLS`: 128 pixels are a third of the work of 224.
    """
    least, shorter = LEAST_CELLS * cell, min(sides)
    if shorter < least:
        sides = [-(-side * least // shorter) for side in sides]
    step = cell if whole else 1
    return tuple(-(-side // step) * step for side in sides)


def _created(name: str, spec: DataSpec, settings: dict[str, float], size: tuple[int, ...] | None = None) -> nn.Module:
    """timm's module; SettingError tells a setting that the architecture has no use for, or a tag that it has not."""
    import timm

    words: dict[str, Any] = {{"dropout": "drop_rate", "drop_path": "drop_path_rate"}[n]: v for n, v in settings.items()}
    if size is not None:
        words["img_size"] = size
    try:
        built: nn.Module = timm.create_model(
            name, pretrained=False, in_chans=spec.channels, num_classes=spec.outputs, **words
        )
    except (TypeError, RuntimeError) as error:
        said = "".join(f" with {setting} = {value:g}" for setting, value in settings.items())
        raise SettingError(f"timm can't build {name!r}{said}: {error}. Leave out what it names.") from None
    return built


def _cell(network: nn.Module) -> int:
    """Pixels a side of a cell of the last map."""
    stages: Any = getattr(network, "feature_info", None) or [{}]
    return int(stages[-1].get("reduction", USUAL_CELL))
