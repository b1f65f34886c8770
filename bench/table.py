"""The section `Measured` of the README, made from `bench/results`: no number in it is typed by hand.

python bench/table.py [--check]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tellapart.names import counted

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- made by bench/table.py -->\n", "<!-- to here -->\n"

Found = dict[str, Any]


def seconds(spread: Found) -> str:
    """The median of some times: 12.3 s, 123 s."""
    value = spread["median"]
    return f"{value:.1f} s" if value < 20 else f"{value:.0f} s"


def accuracy(spread: Found) -> str:
    """Mean of some accuracies, and their range where they differ."""
    runs = spread["runs"]
    mean = f"{sum(runs) / len(runs):.2%}".replace("%", " %")
    return mean if min(runs) == max(runs) else f"{mean} ({100 * min(runs):.2f} to {100 * max(runs):.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown, and an empty line."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def times(ratio: float) -> str:
    """How many times."""
    return f"{ratio:.0f}x" if ratio >= 20 else f"{ratio:.1f}x"


def of_recipes(found: Found) -> list[str]:
    """What is shipped."""
    rows = []
    for name, result in found["results"].items():
        recipe, _, data = name.rpartition(" on ")
        words = f"`{data} --recipe {recipe}`" if recipe else f"`{data}`"
        seeds = str(len(result["test"]["runs"]))
        rows.append([words, accuracy(result["test"]), seeds, seconds(result["training_s"]), seconds(result["whole_s"])])
    return table(["`tellapart train`", "test accuracy", "seeds", "training", "whole command"], rows)


def of_quality(found: Found) -> list[str]:
    """Out of the box."""
    rows = []
    for name, result in found["rows"].items():
        if "command" in result:
            took = [seconds(result["training_s"]), seconds(result["whole_s"])]
            rows.append(
                [name, f"`{result['command']}`", accuracy(result["test"]), str(len(result["test"]["runs"])), *took]
            )
        else:
            rows.append([name, "", f"{result['test']:.2%}".replace("%", " %"), "", "", ""])
    return table(["out of the box", "", "test accuracy", "seeds", "training", "whole command"], rows)


def of_transfer(found: Found) -> list[str]:
    """What another model is worth."""
    rows = [
        [name, accuracy(result["test"]), str(len(result["test"]["runs"])), seconds(result["whole_s"])]
        for name, result in found["arms"].items()
    ]
    first = ", ".join(str(number) for number in found["classes"])
    head = f"CIFAR-10: five classes after the others ({first}), {found['pictures']} pictures of each"
    return table([head, "test accuracy", "seeds", "whole command"], rows)


def of_cifar94(found: Found) -> list[str]:
    """CIFAR-10 to 94 %."""
    record, plain = found["record"]["training_s"]["median"], found["plain"]["training_s"]["median"]
    took = found["ours"]["training_s"]["median"]
    runs = len(found["ours"]["accuracy"]["runs"])
    rows = [
        [f"`cifar-fast` ({runs} seeds)", accuracy(found["ours"]["accuracy"]), seconds(found["ours"]["training_s"]), ""],
        ["`cifar-quick`, likewise", accuracy(found["quick"]["accuracy"]), seconds(found["quick"]["training_s"]), ""],
        [
            "the published record recipe, in bf16, channels last, with our malloc tuning",
            accuracy(found["record"]["accuracy"]),
            seconds(found["record"]["training_s"]),
            f"{took / record:.2f}x",
        ],
        [
            "the same in fp32, as a script has it (reckoned from a few steps)",
            "",
            f"{plain:.0f} s",
            f"{took / plain:.2f}x",
        ],
    ]
    if "ours_flops" in found:
        for row, arm in ((0, "ours"), (2, "record")):
            rows[row].append(f"{found[f'{arm}_flops'] / 1e12:.0f} TFLOP, {found[f'{arm}_share_of_peak']:.0%}")
    head = ["CIFAR-10", "test accuracy", "training", "ours takes", "convolutions, share of the bf16 product peak"]
    return table(head, [[*row, *[""] * (len(head) - len(row))] for row in rows])


def of_mnist_time(found: Found) -> list[str]:
    """MNIST to two accuracies."""
    rows = []
    for goal, result in found["goals"].items():
        classic = result["classic_s"]
        beside = f"{classic:.0f} s" if classic else f"never, in {found['classic'][-1]['training_s']:.0f} s"
        ratio = times(result["times_faster_than_classic"]) if classic else ""
        rows.append([goal, accuracy(result["accuracy"]), seconds(result["training_s"]), beside, ratio])
    head = ["MNIST to", f"`mnist-fast` ({found['seeds']} seeds)", "training", "classic 14-epoch script", "faster"]
    return table(head, rows)


def of_peers(found: Found) -> list[str]:
    """The same network everywhere."""
    lines = []
    for race in found["networks"].values():
        head = f"{race['title']}, {race['samples']:,} pictures, {counted(race['epochs'], 'epoch')}, {race['settings']}"
        rows = [
            [
                arm,
                seconds(result["seconds"]),
                f"{result['ratio_seconds']:.1f}x",
                seconds(result["seconds_whole"]),
                accuracy(result["accuracy"]),
            ]
            for arm, result in sorted(race["arms"].items(), key=lambda item: item[1]["seconds"]["median"])
        ]
        lines += table([head, "training", "of ours", "whole process", "test accuracy"], rows)
    return lines


def of_plain_script(found: Found) -> list[str]:
    """Beside the script of a tutorial."""
    rows = []
    for name, result in found["networks"].items():
        plain, ours = result["plain"], result["tellapart"]
        right = f"{accuracy(plain['accuracy'])} / {accuracy(ours['accuracy'])}"
        ratio = times(result["ratio_training"])
        rows.append([f"`{name}`", seconds(plain["training_s"]), seconds(ours["training_s"]), ratio, right])
    what = f"MNIST, {found['epochs']} epochs, batch {found['batch']}, beside a torchvision + DataLoader script"
    return table([what, "script", "tellapart", "faster", "accuracy"], rows)


def of_sequences(found: Found) -> list[str]:
    """Series, recordings and texts; each peer's time over that of the arm of ours that it stands beside."""
    rows = []
    threads = Counter(result["threads"] for row in found["rows"].values() for result in row["arms"].values())
    usual = threads.most_common(1)[0][0]
    for data, row in found["rows"].items():
        score = row["measure"].replace("_f1", " F1")
        for name, result in row["arms"].items():
            ratio = f"{result['times_training_s']:.2g}x" if "times_training_s" in result else ""
            own = f"`tellapart train`{'' if name == 'default' else f' by `{name}`'}" if not result["beside"] else name
            own += "" if result["threads"] == usual else f", {counted(result['threads'], 'thread')}"
            took = [seconds(result[key]) for key in ("training_s", "whole_s")]
            rows.append([data, own, ratio, *took, f"{accuracy(result[row['measure']])} {score}"])
    notes = {row["note"]: None for row in found["rows"].values() if row["note"]}
    head = [
        f"sequences, {counted(usual, 'thread')} where nothing else is said",
        "",
        "training, of ours",
        "training",
        "whole process",
        "test",
    ]
    said = "What numba compiles for aeon is compiled before its training. " + " ".join(notes)
    return [*table(head, rows), said.strip(), ""]


def of_contention(found: Found) -> list[str]:
    """Beside a foreign process."""
    rows = [
        [arm, seconds(found[arm]["alone"]), seconds(found[arm]["beside"]), f"{found[arm]['slowdown']:.1f}x"]
        for arm in ("tellapart", "plain")
    ]
    return table(["an epoch of `cnn-16-32` on MNIST", "alone", "beside a process that hogs a core", "slower"], rows)


def of_time_budget(found: Found) -> list[str]:
    """Asked and taken."""
    rows = []
    for case, result in found["results"].items():
        data, asked = case.split(":")
        off, right = (
            f"{value:{form}}".replace("%", " %")
            for value, form in ((result["off"], "+.1%"), (result["accuracy"], ".2%"))
        )
        rows.append([f"`tellapart train {data} --time {asked}`", f"{result['training_s']:.1f} s", off, right])
    return table(["a time asked for", "training", "off by", "test accuracy"], rows)


def of_saving(found: Found) -> list[str]:
    """What checkpoints cost."""
    rows = [
        [f"`{name}`", f"{1000 * result['extra_s_a_save']['median']:.0f} ms", f"{100 * result['share_at_30s']:.2f} %"]
        for name, result in found["results"].items()
    ]
    return table(["a checkpoint beside the training of", "adds", "of the training, every 30 s"], rows)


def of_photos(found: Found) -> list[str]:
    """Photos from the disk to batches, in pictures a second; ours against each."""
    lines = []
    for name, race in found["results"].items():
        ours, rows = race["arms"]["tellapart, in memory"], []
        for arm, result in race["arms"].items():
            speeds, ratios = [], []
            for key in ("first_s", "later_s"):
                speeds.append(f"{race['pictures'] / result[key]['median']:,.0f}")
                ratios.append(times(result[key]["median"] / ours[key]["median"]))
            rows.append([arm, speeds[0], ratios[0], speeds[1], ratios[1]])
        head = f"{race['pictures']:,} photos of {name} to crops of {found['side']} px, pictures/s"
        lines += table([head, "first epoch", "ours is", "later epochs", "ours is"], rows)
    return lines


def of_million(found: Found) -> list[str]:
    """A million paths."""
    rows = [
        [
            f"a {name}",
            f"{found[name]['first']['seconds']:.0f} s",
            f"{found[name]['again']['seconds']:.1f} s",
            f"{found[name]['again']['peak_mb']:.0f} MB",
        ]
        for name in ("folder", "table")
    ]
    return table([f"{found['count']:,} pictures opened from", "first, each is read", "later", "memory at most"], rows)


def of_near_copies(found: Found) -> list[str]:
    """Copies found, and copies planted."""
    rows = []
    for data in ("cifar10", "mnist"):
        result = found[data]
        share = f"{100 * result['share_of_test']:.1f} %"
        rows.append(
            [f"`{data}`", f"{result['pictures']:,}", f"{result['pairs']:,}", share, f"{result['seconds']:.0f} s"]
        )
    lines = table(["near copies in", "pictures", "pairs", "of test with a copy in train", "search"], rows)
    looked = found["looked_at"]
    if looked:
        lines[-1:] = [
            "",
            f"Of {looked['pairs']} random pairs of CIFAR-10's training part, looked at one by one, {looked['right']} "
            "were right. The ciFAIR study (arXiv:1902.00423) counts copies in train for 3.3 % of its test part.",
            "",
        ]
    rows = [[name, f"{share:.1%}".replace("%", " %")] for name, share in found["planted_found"].items()]
    return lines + table(["planted among CIFAR-10's 50,000", "found"], rows)


def of_label_errors(found: Found) -> list[str]:
    """Labels flipped, and found."""
    rows = []
    for data, result in found["sets"].items():
        shares = [f"{result[name]:.1%}".replace("%", " %") for name in ("of_flagged_flipped", "of_flipped_flagged")]
        precision, seconds_taken = f"{result['average_precision']:.3f}", f"{result['seconds']:.0f} s"
        rows.append([f"`{data}`", f"{result['samples']:,}", precision, *shares, seconds_taken])
    head = f"{100 * found['share_flipped']:.0f} % of labels flipped in"
    return table([head, "samples", "average precision", "of named were flipped", "of flipped were named", "time"], rows)


PARTS = {
    "quality": of_quality,
    "recipes": of_recipes,
    "cifar94": of_cifar94,
    "mnist_time": of_mnist_time,
    "plain_script": of_plain_script,
    "peers": of_peers,
    "sequences": of_sequences,
    "contention": of_contention,
    "time_budget": of_time_budget,
    "saving": of_saving,
    "transfer_even": of_transfer,
    "transfer_lower": of_transfer,
    "photos": of_photos,
    "million": of_million,
    "label_errors": of_label_errors,
    "near_copies": of_near_copies,
}


def section() -> str:
    """Everything between the two marks."""
    lines, machines = [], {}
    for name, part in PARTS.items():
        path = HERE / "results" / f"{name}.json"
        if path.exists():
            found = json.loads(path.read_text())
            machines[name] = f"{found['machine']['cores']} cores of an {found['machine']['processor']}"
            lines += part(found)
    on = {machine: [name for name in machines if machines[name] == machine] for machine in machines.values()}
    said = "; ".join(f"{', '.join(names)} on {machine}" for machine, names in on.items())
    said = f"On {next(iter(on))}" if len(on) == 1 else f"By script in `bench/`: {said}"
    said += "; median times, mean accuracies and their ranges. `make bench` and `make bench-peers` measure yours."
    return "\n".join([said, "", *lines])


def main() -> None:
    """Write the section into the README, or say whether it is there as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the README says otherwise")
    args = parser.parse_args()
    text = README.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    made = f"{before}{BEGIN}{section()}{END}{after}"
    if args.check and made != text:
        sys.exit("README.md does not say what bench/results holds: python bench/table.py")
    if not args.check:
        README.write_text(made)


if __name__ == "__main__":
    main()
