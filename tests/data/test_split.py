"""Who learns, who chooses, who judges."""

import csv
import hashlib
import io
import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tellapart.config import DataConfig
from tellapart.data.source import Entry
from tellapart.data.split import (
    Split,
    described,
    fingerprint,
    split_csv,
    split_entries,
    training_counts,
    usual_val_share,
)
from tellapart.errors import DataError
from tellapart.types import PARTS, Part


def entry(content: int | str, label: str = "a", part: Part | None = None, name: str | None = None) -> Entry:
    digest = hashlib.blake2b(str(content).encode(), digest_size=16).digest()
    return Entry(id=name or f"{label}/{content}", label=label, part=part, digest=digest, shape=(1, 1, 1))


def many(N: int, K: int = 3, start: int = 0) -> list[Entry]:
    return [entry(start + i, "abcdefghij"[i % K]) for i in range(N)]


def place(split: Split) -> dict[str, Part]:
    return {e.id: part for part, entries in split.parts.items() for e in entries}


def sizes(split: Split) -> tuple[int, ...]:
    return tuple(len(split.parts[part]) for part in PARTS)


PINNED_VAL = ["c/11", "a/12", "a/27", "b/34"]
PINNED_TEST = ["a/0", "c/5", "b/22", "a/24", "a/33"]
BOTH = DataConfig()
"""The defaults: 10 % val, 15 % test."""
contents = st.lists(
    st.builds(entry, st.integers(0, 60), st.sampled_from("abc")), min_size=2, max_size=60, unique_by=lambda e: e.id
)
own_contents = contents.map(lambda entries: [entry(f"{e.label} alone {e.id}", e.label) for e in entries])
"""No content under two labels."""


# ---- laws


@given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_adding_samples_moves_no_other_where_each_class_is_in_each_part(start: int, more: int, seed: int) -> None:
    config = DataConfig(split_seed=seed)
    before = many(600)
    after = place(split_entries([*many(more, K=4, start=1000 + start), *before], config))
    assert {name: after[name] for name in place(split_entries(before, config))} == place(split_entries(before, config))


@given(own_contents, own_contents, st.integers(0, 5))
@settings(deadline=None)
def test_adding_samples_of_one_class_moves_none_of_another_and_few_of_its_own(
    before: list[Entry], more: list[Entry], seed: int
) -> None:
    config, known = DataConfig(split_seed=seed), {e.id for e in before}
    more = [e for e in more if e.label == "a" and e.id not in known]
    if len({e.label for e in before}) < 2:
        return
    old, new = (place(split_entries(entries, config)) for entries in (before, [*before, *more]))
    moved = [e for e in before if old[e.id] != new[e.id]]
    assert {e.label for e in moved} <= {"a"}
    assert len(moved) <= len(PARTS)  # one that had come over into each part, and is not needed there any more


@given(contents, st.integers(0, 5))
@settings(deadline=None)
def test_the_same_content_is_never_on_two_sides(entries: list[Entry], seed: int) -> None:
    try:
        split = split_entries(entries, DataConfig(split_seed=seed, val_share=0.3, test_share=0.3))
    except DataError:
        return
    digests = [{e.digest for e in split.parts[part]} for part in PARTS]
    assert not digests[0] & digests[1]
    assert not digests[0] & digests[2]
    assert not digests[1] & digests[2]


@given(contents, st.integers(0, 5))
@settings(deadline=None)
def test_every_sample_is_in_one_part_and_in_the_order_of_the_source(entries: list[Entry], seed: int) -> None:
    try:
        split = split_entries(entries, DataConfig(split_seed=seed))
    except DataError:
        return
    assert sorted(e.id for part in PARTS for e in split.parts[part]) == sorted(e.id for e in entries)
    number = {e.id: i for i, e in enumerate(entries)}
    for part in PARTS:
        numbers = [number[e.id] for e in split.parts[part]]
        assert numbers == sorted(numbers)


@given(contents, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_samples_does_not_change_their_part(entries: list[Entry], random: object) -> None:
    mixed = list(entries)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    try:
        assert place(split_entries(mixed, BOTH)) == place(split_entries(entries, BOTH))
    except DataError:
        return


@given(own_contents, st.integers(0, 3), st.sampled_from([0.01, 0.1, 0.45]))
@settings(deadline=None)
def test_training_keeps_every_class(entries: list[Entry], seed: int, share: float) -> None:
    if len({e.label for e in entries}) < 2:
        return
    split = split_entries(entries, DataConfig(split_seed=seed, val_share=share, test_share=share))
    assert set(split.classes) == {e.label for e in entries}
    assert min(training_counts(split)) >= 1


@given(contents, st.integers(0, 3))
@settings(deadline=None)
def test_a_picture_under_two_labels_costs_no_class_its_place_in_training(entries: list[Entry], seed: int) -> None:
    if len({e.label for e in entries}) < 2:
        return
    split = split_entries(entries, DataConfig(split_seed=seed))
    assert set(split.classes) == {e.label for e in entries}


def test_a_picture_under_two_labels_is_on_one_side() -> None:
    split = split_entries([*many(300), *(entry(i, "b", name=f"again/{i}") for i in range(300))], BOTH)
    digests = [{e.digest for e in split.parts[part]} for part in PARTS]
    assert sum(map(len, digests)) == len(set().union(*digests)) == 300


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(20))
def test_a_small_class_has_one_in_training_then_in_val_then_in_test(size: int, seed: int) -> None:
    split = split_entries([*many(400, K=2), *(entry(9000 + i, "z") for i in range(size))], DataConfig(split_seed=seed))
    counts = [sum(e.label == "z" for e in split.parts[part]) for part in PARTS]
    assert sum(counts) == size
    assert counts[0] >= 1
    assert counts[1] >= 1 or size < 2 or counts[2] == size - 1
    assert min(counts) >= 1 or size < 3 or counts[0] == 1


@pytest.mark.parametrize(("val", "test"), [(0.1, 0.15), (0.3, 0.3), (0.02, 0.5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_shares_are_near_the_ones_asked_for(val: float, test: float, seed: int) -> None:
    N = 4000
    split = split_entries(many(N), DataConfig(val_share=val, test_share=test, split_seed=seed))
    for part, share in (("val", val), ("test", test), ("train", 1 - val - test)):
        spread = (share * (1 - share) / N) ** 0.5
        assert abs(len(split.parts[part]) / N - share) < 4 * spread  # type: ignore[index]


def test_a_tenth_chooses_the_best_epoch_and_of_many_samples_no_more_than_it_takes() -> None:
    shares = {N: usual_val_share(many(N, K=2)) for N in (30, 30_000, 30_001, 60_000, 60_001, 200_000)}
    assert shares == {30: 0.1, 30_000: 0.1, 30_001: 0.05, 60_000: 0.05, 60_001: 0.025, 200_000: 0.0125}
    assert usual_val_share([entry(i, str(i % 600)) for i in range(60_000)]) == 0.1


def test_what_was_learned_from_never_becomes_val_as_data_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.data.split.MOST_VAL", 30)
    before, after = (split_entries(many(N, K=2), DataConfig()).parts for N in (300, 900))
    chosen_by = {e.id for e in after["val"]}
    assert {e.id for e in before["val"]} & chosen_by
    assert not {e.id for e in before["train"]} & chosen_by


def test_another_split_seed_gives_another_split() -> None:
    places = [place(split_entries(many(300), DataConfig(split_seed=seed))) for seed in (0, 1, -1)]
    assert len({tuple(sorted(p.items())) for p in places}) == 3


def test_a_split_stays_what_it_was() -> None:
    split = split_entries(many(40), BOTH)
    assert [e.id for e in split.parts["val"]] == PINNED_VAL
    assert [e.id for e in split.parts["test"]] == PINNED_TEST


def test_a_share_of_zero_carves_nothing() -> None:
    split = split_entries(many(100), DataConfig(val_share=0, test_share=0))
    assert (sizes(split), split.carved) == ((100, 0, 0), ())
    split = split_entries(many(100), DataConfig(val_share=0))
    assert split.carved == ("test",)
    assert not split.parts["val"]


# ---- parts that the source gives


def test_parts_that_are_given_are_kept() -> None:
    given_parts: dict[Part, list[Entry]] = {
        part: [entry(f"{part}{i}", "ab"[i % 2], part) for i in range(6)] for part in PARTS
    }
    split = split_entries([e for part in PARTS for e in given_parts[part]], BOTH)
    assert {part: list(split.parts[part]) for part in PARTS} == given_parts
    assert split.carved == ()


def test_only_the_part_that_is_missing_is_carved_out() -> None:
    test = [entry(f"test{i}", "ab"[i % 2], "test") for i in range(10)]
    train = [entry(f"train{i}", "ab"[i % 2], "train") for i in range(200)]
    split = split_entries([*test, *train], BOTH)
    assert split.carved == ("val",)
    assert split.parts["test"] == tuple(test)
    assert {e.id for e in split.parts["val"]} < {e.id for e in train}


def test_samples_without_a_part_are_training_samples() -> None:
    val = [entry(f"val{i}", "ab"[i % 2], "val") for i in range(4)]
    split = split_entries([*val, *many(100, K=2)], DataConfig(test_share=0))
    assert split.parts["val"] == tuple(val)
    assert len(split.parts["train"]) == 100


def test_giving_a_test_part_leaves_val_where_it_was() -> None:
    alone = split_entries(many(200), DataConfig(test_share=0))
    beside = split_entries([*many(200), entry("x", "a", "test")], BOTH)
    assert alone.parts["val"] == beside.parts["val"]


# ---- classes


def test_classes_are_those_of_training_naturally_sorted() -> None:
    entries = [entry(f"{i}/{k}", f"class{k}", "train") for i in range(3) for k in (10, 9, 2)]
    assert split_entries(entries, DataConfig(val_share=0, test_share=0)).classes == ("class2", "class9", "class10")


def test_a_class_that_val_lacks_shifts_no_other() -> None:
    entries = [entry(f"t{i}", "abc"[i % 3], "train") for i in range(9)] + [entry("v", "c", "val")]
    assert split_entries(entries, DataConfig(test_share=0)).classes == ("a", "b", "c")


def test_the_order_of_classes_is_the_same_in_every_process() -> None:
    code = (
        "from tellapart.data.source import Entry\nfrom tellapart.data.split import split_entries\n"
        "from tellapart.config import DataConfig\n"
        "names = ['1', '01', '001', 'x1', 'x01']\n"
        "entries = [Entry(id=n, label=n, part='train', digest=n.encode(), shape=(1,)) for n in names]\n"
        "print(split_entries(entries, DataConfig(val_share=0, test_share=0)).classes)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(4)
    }
    assert len(said) == 1


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_class_that_training_does_not_know_is_refused_by_name(part: Part) -> None:
    entries = [*many(50, K=2), entry("x", "bird", part), entry("y", "ant", part)]
    message = f"The {part} part holds classes that the training part does not: ant, bird. Training knows a, b. Rename"
    with pytest.raises(DataError, match=message.replace(".", r"\.")):
        split_entries(entries, BOTH)


def test_one_class_alone_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"All training samples are of one class, 'a'; a classifier needs two\."):
        split_entries(many(50, K=1), BOTH)


@pytest.mark.parametrize("entries", [[], [entry(1, "a", "test"), entry(2, "b", "val")]])
def test_nothing_to_train_on_is_refused(entries: list[Entry]) -> None:
    with pytest.raises(DataError, match="There is nothing to train on: no readable sample outside val and test"):
        split_entries(entries, BOTH)


# ---- what is told


def test_training_counts_are_in_the_order_of_the_classes() -> None:
    entries = [entry(i, "b" if i < 5 else "a", "train") for i in range(7)]
    assert training_counts(split_entries(entries, DataConfig(val_share=0, test_share=0))) == (2, 5)


def test_the_split_in_words() -> None:
    split = split_entries(many(1000), DataConfig(test_share=0))
    train, val, _ = sizes(split)
    words = f"{train} to train, {val} to choose the best epoch (carved out), 0 to judge; 3 classes"
    assert described(split) == words


def test_the_split_as_csv_has_a_line_for_each_sample() -> None:
    odd = entry("x", 'a, "b"\n', name="dir/new\nline.png")
    split = split_entries([*many(20, K=2), odd], BOTH)
    rows = list(csv.reader(io.StringIO(split_csv(split), newline="")))
    assert rows[0] == ["id", "part", "class", "content", "group"]
    assert {row[0]: row[1] for row in rows[1:]} == place(split)
    assert [odd.id, "train", odd.label, odd.digest.hex(), ""] in rows
    assert Counter(row[1] for row in rows[1:]) == Counter(place(split).values())


def test_a_fingerprint_does_not_depend_on_the_order() -> None:
    assert fingerprint(many(20)) == fingerprint(many(20)[::-1])


@pytest.mark.parametrize(
    "other",
    [
        entry(1, "a"),
        entry(0, "b", name="a/0"),
        entry(0, "a", "train"),
        entry(0, "a", name="other"),
        entry(5, "a", name="a/0"),
    ],
)
def test_a_fingerprint_is_of_ids_labels_parts_and_contents(other: Entry) -> None:
    assert fingerprint([entry(0, "a")]) != fingerprint([other])
    assert fingerprint([entry(0, "a")]) != fingerprint([entry(0, "a"), other])


def test_what_stands_in_a_later_part_too_is_left_out_of_the_earlier_one_and_named() -> None:
    def entry(name: str, part: Part, digest: bytes) -> Entry:
        return Entry(id=f"{part}/{name}", label=name[0], part=part, digest=digest.ljust(16), shape=(1, 1, 1))

    entries = [entry("a1", "train", b"1"), entry("a2", "train", b"2"), entry("b1", "train", b"3")]
    split = split_entries([*entries, entry("a3", "val", b"4"), entry("a4", "test", b"2")], DataConfig())
    assert [e.id for e in split.parts["train"]] == ["train/a1", "train/b1"]
    assert [(issue.path, issue.kind) for issue in split.issues] == [("train/a2", "leak")]
    assert "'test/a4' in test" in split.issues[0].detail


# ---- folds


def in_fold(entries: list[Entry], fold: int, folds: int = 4, **others: object) -> Split:
    return split_entries(entries, DataConfig(folds=folds, fold=fold, **others))  # type: ignore[arg-type]


@given(own_contents, st.integers(2, 5), st.integers(0, 3))
@settings(deadline=None)
def test_the_folds_of_training_are_a_partition_and_the_test_part_is_one_for_all(
    entries: list[Entry], folds: int, seed: int
) -> None:
    try:
        splits = [in_fold(entries, fold, folds, split_seed=seed) for fold in range(folds)]
    except DataError:
        return
    plain = split_entries(entries, DataConfig(split_seed=seed))
    assert {split.parts["test"] for split in splits} == {plain.parts["test"]}
    judged = [e.id for split in splits for e in split.parts["val"]]
    left = {e.id: e.label for e in entries} | {e.id: "" for e in plain.parts["test"]}
    alone = {label for label in left.values() if list(left.values()).count(label) == 1}
    assert len(judged) == len(set(judged))
    assert {name for name, label in left.items() if label and label not in alone} == set(judged)
    for split in splits:
        assert {e.id for part in PARTS for e in split.parts[part]} == {e.id for e in entries}


def test_each_fold_has_each_class_as_evenly_as_it_goes() -> None:
    counts = [Counter(e.label for e in in_fold(many(103), fold, test_share=0).parts["val"]) for fold in range(4)]
    for label, whole in Counter(e.label for e in many(103)).items():
        assert {count[label] for count in counts} <= {whole // 4, whole // 4 + 1}


def test_a_given_test_part_stays_beside_folds() -> None:
    test = [entry(f"test{i}", "ab"[i % 2], "test") for i in range(10)]
    split = in_fold([*test, *many(80, K=2)], 1)
    assert split.parts["test"] == tuple(test)
    assert split.carved == ("val",)
    assert sizes(split) == (60, 20, 10)
    assert described(split).endswith("val is fold 1 of 4, counted from 0")


def test_a_given_val_part_is_refused_beside_folds() -> None:
    with pytest.raises(DataError) as caught:
        in_fold([entry("v", "a", "val"), *many(80, K=2)], 0)
    assert str(caught.value) == (
        "folds is 4, but the data come with a val part of 1 sample. "
        "Move them to the training pictures, or leave folds out."
    )


def test_a_fold_without_a_sample_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        in_fold(many(6, K=2), 8, folds=9, test_share=0)
    assert str(caught.value) == (
        "folds is 9, and fold 8 is empty: the training pictures are 6 units of one content, group or look. "
        "Take fewer folds."
    )
