"""What a setting may be: its annotated type, and its range."""

import math
import re
import types
import typing
from pathlib import Path
from typing import Any, Literal

from tellapart.errors import SettingError
from tellapart.names import did_you_mean


def _fits(value: Any, kind: Any) -> bool:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, option) for option in inside)
    if origin is Literal:
        return value in inside
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inside[0]) for item in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _described(kind: Any) -> str:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_described(option) for option in inside if option is not type(None))
    if origin is tuple:
        return f"a list, each {_described(inside[0])}"
    return {float: "a finite number", int: "a whole number", bool: "true or false", str: "a word", Path: "a path"}[kind]


def check_types(group: Any) -> None:
    """Refuse what the annotations don't allow; TOML and Python callers come past no other check.

    What means the same is made the same: a list becomes a tuple, numpy's numbers become Python's, text becomes a path.
    """
    for name, kind in typing.get_type_hints(type(group)).items():
        value = _plain(getattr(group, name), kind)
        if not _fits(value, kind):
            raise SettingError(f"{name} is {value!r}{_allowed(value, kind)}")
        object.__setattr__(group, name, value)


def _plain(value: Any, kind: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_plain(item, None) for item in value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    return Path(value) if kind == Path | None and isinstance(value, str) else value


def _allowed(value: Any, kind: Any) -> str:
    kinds = (kind, *typing.get_args(kind))
    options = [option for k in kinds if typing.get_origin(k) is Literal for option in typing.get_args(k)]
    return f". {did_you_mean(str(value), options)}" if options else f"; must be {_described(kind)}."


def at_least(group: Any, name: str, least: float) -> None:
    """Refuse a number below `least`; None is off."""
    value = getattr(group, name)
    if value is not None and value < least:
        raise SettingError(f"{name} is {value:g}; must be {least:g} or more.")


def share(group: Any, name: str) -> None:
    """Refuse a number outside [0, 1)."""
    value = getattr(group, name)
    if not 0 <= value < 1:
        raise SettingError(f"{name} is {value:g}; must be a share: 0 or more, and below 1.")


SECONDS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(name: str, text: str) -> float:
    """A duration as `90s`, `10m` or `1.5h` says it; SettingError else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*", text)
    if match is None or float(match[1]) <= 0:
        raise SettingError(f"{name} is {text!r}; give a time above 0 with its unit, as in 90s, 10m or 1h.")
    return float(match[1]) * SECONDS[match[2]]


def seconds_or_steps(text: str) -> tuple[float | None, int | None]:
    """How often to save, in seconds or in steps, whichever is said: `30s`, `5m`, `200 steps`. SettingError else."""
    steps = re.fullmatch(r"\s*([1-9]\d*)\s*steps?\s*", text)
    if steps is not None:
        return None, int(steps[1])
    try:
        return seconds_of("save_every", text), None
    except SettingError:
        raise SettingError(
            f"save_every is {text!r}; give a time or a number of steps, as in 30s, 5m or '200 steps'."
        ) from None


def epochs_in_all(asked: str, planned: int) -> int:
    """`+10` as ten more than were planned, `30` as thirty. SettingError else."""
    match = re.fullmatch(r"(\+?)([1-9]\d{0,6})", asked.strip(), re.ASCII)
    if match is None:
        raise SettingError(f"epochs is {asked!r}; give +10 for ten more, or 30 for thirty in all.")
    return int(match[2]) + (planned if match[1] else 0)
