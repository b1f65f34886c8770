"""Settings in TOML files: read from one, laid over another, and a value as it stands in one."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tellapart.config.train import ENDS
from tellapart.errors import SettingError
from tellapart.names import did_you_mean


def read_toml(path: Path, word: str | None = None, tables: Iterable[str] = ()) -> dict[str, Any]:
    """The settings in a TOML file, flat; a table named like `word`, the data set's, replaces what stands above it.

    tables  the words that tables may be named by, beside `word`; SettingError names another
    """
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        raise SettingError(
            f"{path}: no such file. --config takes a TOML file; `tellapart recipes` lists those that are shipped."
        ) from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"{path}: not a readable TOML file: {error}") from None
    word = word or str(content.get("data"))
    own = {name: table for name, table in content.items() if isinstance(table, dict)}
    for name in own:
        if name not in (word, *tables):
            raise SettingError(f"{path}: [{name}] is no data set; settings stand alone. {did_you_mean(name, tables)}")
    plain = {name: value for name, value in content.items() if name not in own}
    return {name.replace("-", "_"): value for name, value in (plain | own.get(word, {})).items()}


def beneath(settings: dict[str, Any], above: Iterable[str]) -> dict[str, Any]:
    """The settings of a layer that hold below others: without another word on when training ends."""
    ended = any(name in ENDS for name in above)
    return {name: value for name, value in settings.items() if not (ended and name in ENDS)}


def as_toml(value: Any) -> str:
    """A value as it stands behind the name of a setting."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    import json

    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
