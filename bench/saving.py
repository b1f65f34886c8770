"""What a checkpoint costs the training: `cifar-fast` and `cnn-16-32`, with and without saving, in turns.

The share is of training that saves every 30 s, the default: seconds that a save adds, over 30. A save is made every few
steps here, far more often than that, so that what it adds stands out of the noise: copying what moves while the steps
wait, then hashing, writing and flushing by a thread beside them.

    python bench/saving.py [--rounds 5] [--saves 4] [--data-dir FOLDER]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tellapart.world import wait_passively

wait_passively()

from machine import spread, write_result  # noqa: E402
from tellapart.commands.learner import Learner, batches, circumstances, new_learner  # noqa: E402
from tellapart.commands.recipes import below  # noqa: E402
from tellapart.commands.watch import Silence  # noqa: E402
from tellapart.config import RunConfig  # noqa: E402
from tellapart.data import open_source  # noqa: E402
from tellapart.data.resident import load  # noqa: E402
from tellapart.runs.checkpoint import Saver, moment  # noqa: E402
from tellapart.training.fit import fit  # noqa: E402
from tellapart.types import Batch, Order  # noqa: E402
from tellapart.world import join_world  # noqa: E402

CASES = {"cifar-fast": ("cifar10", 8), "cnn-16-32": ("mnist", 100)}
"""Recipe -> data, and steps between two saves: about a second and a half."""
USUAL_S = 30.0


def learner_of(recipe: str, data: str, folder: Path) -> Learner:
    """The recipe before its first step."""
    config = RunConfig.of(data, below(recipe, data, {}) | {"data_dir": folder, "sizes": (1.0,), "hardest": (1.0,)})
    loaded = load(open_source(data, config.load), config.load)
    return new_learner(config, loaded, join_world(config.train))


def took(
    learner: Learner, made: Callable[[Order], Iterable[Batch]], saves: int, every: int, saver: Saver | None
) -> float:
    """Seconds of `saves` times `every` steps, saving after each lot where there is a saver."""
    began, last = time.perf_counter(), learner.state.step + saves * every
    for _ in fit(learner.state, made, learner.plan, lambda state: state.step % every == 0):
        if saver is not None and learner.state.step % every == 0:
            saver.save(moment(learner.state, learner.progress, circumstances(learner)))
        if learner.state.step >= last:
            break
    if saver is not None:
        saver.wait()
    return time.perf_counter() - began


def main() -> None:
    """Measure, print a line each, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--saves", type=int, default=4)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    args = parser.parse_args()
    results = {}
    for recipe, (data, every) in CASES.items():
        learner, extra = learner_of(recipe, data, args.data_dir), []
        made = batches(learner, Silence())
        took(learner, made, 1, every, None)
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(args.rounds):
                without = took(learner, made, args.saves, every, None)
                extra.append((took(learner, made, args.saves, every, Saver(Path(folder))) - without) / args.saves)
        found = spread(extra)
        results[recipe] = {"extra_s_a_save": found, "share_at_30s": found["median"] / USUAL_S}
        print(f"{recipe:<12}{1000 * found['median']:>8.0f} ms a save{found['median'] / USUAL_S:>8.2%} of the training")
    write_result("saving", {"results": results})


if __name__ == "__main__":
    main()
