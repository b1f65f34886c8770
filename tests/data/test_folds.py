"""Folds follow the content alone."""

from collections import Counter

from tellapart.data.folds import fold_of


def test_equal_contents_fall_into_one_fold_and_others_spread_evenly():
    digests = [number.to_bytes(16, "big") for number in range(4000)]
    counts = Counter(fold_of(digest, 4) for digest in digests)
    assert fold_of(digests[5], 4) == fold_of(bytes(digests[5]), 4)
    assert set(counts) == {0, 1, 2, 3}
    assert all(900 < count < 1100 for count in counts.values())
