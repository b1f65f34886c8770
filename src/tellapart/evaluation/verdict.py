"""What the numbers say, in plain sentences: how good, better than guessing or not, where it fails."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tellapart.evaluation.measures import METRICS, ClassRow
from tellapart.names import counted, listed
from tellapart.types import Measure

UNEQUAL = 3.0
"""Past this ratio of the largest class to the smallest, plain accuracy hides the small ones."""


PERFECT = 0.995
"""Share of its training samples past which a model has learned them all."""


def imbalanced(rows: Sequence[ClassRow]) -> bool:
    """Whether the largest class has more than three times the samples of the smallest."""
    supports = [row.support for row in rows]
    return bool(supports) and max(supports) > UNEQUAL * min(supports)


def right_sentence(measures: Mapping[str, Measure], samples: int, thing: str, *, seen: bool) -> str:
    """How often it was right, on how many, with the interval."""
    accuracy = measures["accuracy"]
    whose = "that helped to choose the best epoch" if seen else "that it never saw"
    return (
        f"On {counted(samples, thing)} {whose}, it was right {percent(accuracy)} of the time "
        f"(95\u00a0% interval: {interval(accuracy)})."
    )


def baseline_sentence(measures: Mapping[str, Measure], majority: str) -> str:
    """What answering the most frequent class would reach, and whether the model is shown to be better."""
    baseline, accuracy = measures["majority_baseline"], measures["accuracy"]
    sentence = f"Always answering “{majority}”, the most frequent class in training, would reach {percent(baseline)}."
    if accuracy.low <= baseline.high:
        sentence += " The two intervals overlap: these numbers do not show that the model beats that."
    return sentence


def weakest_sentence(rows: Sequence[ClassRow], thing: str) -> str | None:
    """The class most surely found seldom (lowest upper bound of recall); None where every class was always found."""
    missed = [row for row in rows if row.recall is not None and row.recall < 1]
    worst = min(missed, key=lambda row: row.recall_high or 0.0, default=None)
    if worst is None or worst.recall is None:
        return None
    found = round(worst.recall * worst.support)
    return (
        f"It is weakest on “{worst.name}”: of {counted(worst.support, thing)} it recognised {found:,} "
        f"({100 * worst.recall:.1f}\u00a0%)."
    )


def confusion_sentence(matrix: NDArray[np.int64], classes: Sequence[str]) -> str | None:
    """The most frequent mistake; None where there is none."""
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    true, called = divmod(int(mistakes.argmax()), len(classes))
    times = int(mistakes[true, called])
    if not times:
        return None
    return f"Its most frequent mistake: “{classes[true]}” taken for “{classes[called]}”, {counted(times, 'time')}."


def imbalance_sentence(rows: Sequence[ClassRow], thing: str) -> str:
    """Why balanced accuracy stands first."""
    supports = [row.support for row in rows]
    return (
        f"The classes differ in size, from {min(supports):,} to {counted(max(supports), thing)}: balanced accuracy and "
        "macro-F1, where each class counts the same, stand first."
    )


def gap_sentence(
    metric: str, seen: Mapping[str, Measure], val: Mapping[str, Measure], remedies: Sequence[str], sound: bool
) -> str:
    """How much better it is on what it learned from than on val, and what follows; a gap counts where intervals part.

    metric    a word of METRICS; log-loss is told as accuracy
    seen      measures of training samples, taken as those of val are
    remedies  flags that would narrow a gap, of those that are not taken yet
    sound     whether nothing was found wrong inside the network
    """
    key = "accuracy" if metric == "log-loss" else METRICS[metric][0]
    one, other = seen[key], val[key]
    both = f"{key.replace('_', ' ').capitalize()}: train {percent(one)}, val {percent(other)}"
    if one.low > other.high:
        narrower = listed([*remedies, "more data"]).replace(", more data", " or more data")
        points = f"a gap of {100 * (one.value - other.value):.1f} points"
        return f"{both}: {points}. The model remembers what it was trained on; {narrower} would narrow it."
    if not sound:
        return f"{both}: no gap that so many samples show. What is wrong inside the network comes first."
    if one.value > PERFECT:
        return f"{both}: no gap that so many samples show, and nothing left to learn from these."
    return f"{both}: no gap that so many samples show. The model could be larger, or train longer (--epochs)."


def left_out_sentence(row: Mapping[str, Any], thing: str) -> str | None:
    """How a head fitted at once does on each training sample when that is left out; None where it is not known."""
    if "left_out_accuracy" not in row:
        return None
    return (
        f"Each training {thing} was answered, too, by a last layer fitted to all the others: right "
        f"{100 * row['left_out_accuracy']:.1f}\u00a0% of the time, with a log-loss of "
        f"{nats(row['left_out_log_loss'])} nats. How strongly its weights are held down was chosen by that."
    )


def percent(measure: Measure) -> str:
    """`98.7 %`: as many decimals as the interval can carry."""
    return f"{100 * measure.value:.{_decimals(measure)}f}\u00a0%"


def interval(measure: Measure) -> str:
    """`98.1 to 99.2 %`, or `0.034 to 0.051` in nats."""
    if measure.unit != "share":
        write = nats if measure.unit == "nats" else number
        return f"{write(measure.low)} to {write(measure.high)}"
    digits = _decimals(measure)
    return f"{100 * measure.low:.{digits}f} to {100 * measure.high:.{digits}f}\u00a0%"


def amount(measure: Measure) -> str:
    """The value in its unit: `98.7 %`, `0.042` nats, or a number."""
    if measure.unit == "number":
        return number(measure.value)
    return nats(measure.value) if measure.unit == "nats" else percent(measure)


def nats(value: float) -> str:
    """Three decimals, four below 0.1."""
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}"


def number(value: float) -> str:
    """Three significant digits, and every digit before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _decimals(measure: Measure) -> int:
    return 2 if measure.high - measure.low < 0.01 else 1
