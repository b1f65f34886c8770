"""What the data decide is settled before the first step, and said."""

import numpy as np
import pytest

from tellapart.commands import settling
from tellapart.commands.settling import takes_minutes
from tellapart.config import RunConfig
from tellapart.data.resident import load
from tellapart.data.sources.sequences import SequenceSource


@pytest.mark.parametrize(("model", "longest", "said"), [(None, 300, True), (None, 299, False), ("conv1d", 300, False)])
def test_a_series_that_takes_minutes_is_told_where_its_features_are_of_all_steps(
    model: str | None, longest: int, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "LENGTHY", 300)
    rows = [np.ones((length, 1), dtype=np.float32) for length in (20, 30, 40, longest)]
    config = RunConfig.of("s", {"val_share": 0.0, "test_share": 0.0} | ({"model": model} if model else {}))
    line = takes_minutes(config, load(SequenceSource("s", "series", rows, list("abab")), config.load))
    assert (line is not None) is said
    if line is not None:
        assert line.startswith("the longest series has 300 steps: for each million random-kernels takes minutes")
