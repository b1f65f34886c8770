"""Wrong labels: 3 % of the labels of a training part are given to another class at random; how well are they found?

Average precision is that of the list of all samples, the most suspicious first: 1 where all wrong ones come before all
right ones. The sets have wrong labels of their own, which count as false alarms here.

    python bench/label_errors.py [--data-dir FOLDER] [--sets mnist digits cifar10]
"""

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from machine import write_result
from tellapart.audit.labels import doubts, margins
from tellapart.audit.survey import Survey, surveyed
from tellapart.commands.out_of_fold import out_of_fold
from tellapart.commands.watch import Lines
from tellapart.config import DataConfig
from tellapart.data import open_source
from tellapart.world import wait_passively

SHARE = 0.03


def flipped(survey: Survey, seed: int) -> tuple[Survey, set[int]]:
    """The training part with some labels of another class, and the rows of those."""
    draws = np.random.default_rng(seed)
    kept = [row for row, entry in enumerate(survey.entries) if entry.part in (None, "train")]
    wrong = {int(row) for row in draws.permutation(len(kept))[: round(SHARE * len(kept))]}
    entries = []
    for place, row in enumerate(kept):
        entry = survey.entries[row]
        if place in wrong:
            others = [name for name in survey.classes if name != entry.label]
            entry = replace(entry, label=others[draws.integers(len(others))])
        entries.append(entry)
    assert survey.thumbnails is not None
    return replace(survey, entries=tuple(entries), thumbnails=survey.thumbnails[kept]), wrong


def measured(name: str, data_dir: Path, seed: int) -> dict[str, Any]:
    """How well the wrong labels of a set are found."""
    survey, wrong = flipped(surveyed(open_source(name, DataConfig(data_dir=data_dir))), seed)
    began = time.perf_counter()
    found = out_of_fold(survey, Lines())
    assert found is not None
    seconds = time.perf_counter() - began
    truth = np.array([row in wrong for row in found.rows.tolist()])
    flagged = {doubt.row for doubt in doubts(found)}
    return {
        "samples": len(truth),
        "flipped": len(wrong),
        "average_precision": float(average_precision_score(truth, -margins(found.probabilities, found.given))),
        "flagged": len(flagged),
        "of_flagged_flipped": len(flagged & wrong) / len(flagged),
        "of_flipped_flagged": len(flagged & wrong) / len(wrong),
        "seconds": seconds,
    }


def main() -> None:
    """Measure, print a line a set, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--sets", nargs="+", default=["digits", "mnist", "cifar10"])
    args = parser.parse_args()
    wait_passively()
    result: dict[str, Any] = {"share_flipped": SHARE, "sets": {}}
    for name in args.sets:
        result["sets"][name] = measured(name, args.data_dir, 0)
        print(f"{name}: {result['sets'][name]}", flush=True)
    write_result("label_errors", result)


if __name__ == "__main__":
    main()
