"""The weights that the authors of a timm model published: from the hub, where that is asked for and reachable."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tellapart.errors import SettingError, TellapartError
from tellapart.runs.licence import NOT_STATED

FAMILY = "timm:"
"""What the names of models begin with that have published weights."""
FILE = "model.safetensors"
PATIENCE_S = 10.0
"""Seconds that the hub may take to answer."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file of published weights on this machine."""

    path: Path
    name: str
    """Of the repository on the hub."""
    licence: str


def check_pretrained(model: str | None) -> None:
    """Raise SettingError where a model has no published weights that we know of; loads nothing."""
    if model is None or not model.startswith(FAMILY):
        raise SettingError(
            f"weights is 'pretrained', and model is {model!r}: published weights are known of timm models alone, as in "
            "--model timm:resnet50. Those of a run of your own: --weights runs/NAME"
        )


def published(model: str) -> Published:
    """The weights of a timm model, downloaded unless they are in the hub's cache folder.

    TellapartError says which file to put where, if the hub does not answer or has no such file.
    """
    try:
        from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
        from timm.models import get_pretrained_cfg
    except ImportError:
        raise TellapartError("Published weights need timm: pip install 'tellapart[zoo]'") from None
    try:
        config: Any = get_pretrained_cfg(model.removeprefix(FAMILY))
    except RuntimeError as error:  # a tag that it has not
        raise SettingError(f"weights is 'pretrained', and model is {model!r}: {error}") from None
    name = "" if config is None else str(config.hf_hub_id or "")
    if not name:
        raise SettingError(f"weights is 'pretrained', but none are published for {model}. Give a file, or none.")
    licence = str(config.license or NOT_STATED)
    kept = try_to_load_from_cache(name, FILE)
    if isinstance(kept, str):
        return Published(path=Path(kept), name=name, licence=licence)
    quiet = logging.getLogger("huggingface_hub")
    before = quiet.level
    quiet.setLevel(logging.ERROR)  # what it says of each of its tries is said once below
    try:
        _knock(constants.ENDPOINT)
        path = Path(hf_hub_download(name, FILE, etag_timeout=PATIENCE_S))
    except OSError as error:
        raise TellapartError(
            f"weights is 'pretrained', but {FILE} of {name} (licence: {licence}) can't be had from the hub: "
            f"{str(error).splitlines()[0].rstrip('.')}. Download that file where there is a network, put it anywhere "
            f"here, and give it: --weights FOLDER/{FILE}"
        ) from None
    finally:
        quiet.setLevel(before)
    return Published(path=path, name=name, licence=licence)


def _knock(address: str) -> None:
    """Raise OSError where nobody answers in time: the hub's own client would try for much longer."""
    with urlopen(Request(address, method="HEAD"), timeout=PATIENCE_S):
        pass
