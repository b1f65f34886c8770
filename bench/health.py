"""What the health watch costs: seconds of all looks into the network, as a share of those of the training around them.

python bench/health.py [--data-dir FOLDER]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from tellapart.world import wait_passively

wait_passively()

from machine import write_result  # noqa: E402
from tellapart.commands.learn import note  # noqa: E402
from tellapart.commands.learner import Learner, batches, new_learner  # noqa: E402
from tellapart.commands.probing import Looks  # noqa: E402
from tellapart.commands.recipes import below  # noqa: E402
from tellapart.commands.watch import Silence  # noqa: E402
from tellapart.config import RunConfig  # noqa: E402
from tellapart.data import open_source  # noqa: E402
from tellapart.data.resident import load  # noqa: E402
from tellapart.runs.run_folder import RunFolder  # noqa: E402
from tellapart.training.fit import fit  # noqa: E402
from tellapart.types import EpochEnd  # noqa: E402
from tellapart.world import join_world  # noqa: E402

CASES = {"digits": ("digits", "auto"), "mlp-64-64": ("mnist", "mlp-64-64"), "cnn-16-32": ("mnist", "cnn-16-32")}
"""Name -> data and recipe."""


def learner_of(data: str, recipe: str, folder: Path) -> Learner:
    """The recipe before its first step."""
    config = RunConfig.of(data, below(recipe, data, ()) | {"data_dir": folder})
    loaded = load(open_source(data, config.load), config.load)
    return new_learner(config, loaded, join_world(config.train))


def measured(learner: Learner, folder: Path) -> dict[str, float]:
    """Seconds of a whole training and of the looks in it, and how many there were."""
    looks, looking, training = Looks(learner, RunFolder.new(folder, "run"), Silence()), 0.0, 0.0
    began = time.perf_counter()
    looks.first()
    looking += time.perf_counter() - began
    for end in fit(learner.state, batches(learner, Silence()), learner.plan):
        if isinstance(end, EpochEnd):
            training += end.seconds
            note(end, learner)
            began = time.perf_counter()
            looks.after(end)
            looking += time.perf_counter() - began
    began = time.perf_counter()
    looks.last()
    looking += time.perf_counter() - began
    count = len(learner.progress.probes)
    return {"training_s": training, "looking_s": looking, "looks": count, "share": looking / training}


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    args = parser.parse_args()
    results = {}
    for name, (data, recipe) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = results[name] = measured(learner_of(data, recipe, args.data_dir), Path(folder))
        print(
            f"{name:<12}{found['training_s']:>8.1f} s{found['looks']:>5.0f} looks{found['share']:>8.2%} of the training"
        )
    write_result("health", {"results": results})


if __name__ == "__main__":
    main()
