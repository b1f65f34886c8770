"""What a run came to, as bytes: equal for a run that was broken and gone on with, and one that never was."""

import json
from pathlib import Path

from tellapart.runs.checkpoint import POSITION, newest_checkpoint
from tellapart.runs.run_folder import RunFolder


def outcome(path: Path) -> dict[str, bytes]:
    """File -> bytes of all that training and judging brought about; but for what a clock said."""
    run = RunFolder(path=path)
    checkpoint = newest_checkpoint(run.checkpoints)
    found = {"checkpoint": checkpoint.name.encode(), POSITION: position(checkpoint / POSITION)}
    found |= {f"checkpoint/{file.name}": file.read_bytes() for file in checkpoint.glob("*.safetensors")}
    found["history.csv"] = "\n".join(line.rpartition(",")[0] for line in run.history.read_text().splitlines()).encode()
    for folder in ("metrics", "data", "model"):
        found |= {f"{folder}/{file.name}": file.read_bytes() for file in sorted((path / folder).iterdir())}
    return found


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Files that are not the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def position(path: Path) -> bytes:
    """The position of a checkpoint, but for the seconds."""
    found = json.loads(path.read_bytes())
    for timed in (found["state"], *found["progress"]["history"]):
        del timed["seconds"]
    return json.dumps(found).encode()
