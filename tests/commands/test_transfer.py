"""From one run to the next: what is taken, what is told, and what is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.commands.test_train import Said
from tests.outcome import differing, outcome

import tellapart
from tellapart.cli import main
from tellapart.commands.recipes import below
from tellapart.commands.resume import resume
from tellapart.commands.train import train
from tellapart.commands.transfer import FEW, check_weights, fitting_freeze
from tellapart.config import RunConfig, read_toml
from tellapart.errors import DataError, Interrupted, SettingError
from tellapart.models.adopted import Adopted
from tellapart.runs.model_folder import WEIGHTS, read_card, read_model

SIDE = 8
SETTINGS: dict[str, Any] = {"epochs": 3, "batch": 8, "threads": 1, "augment": "none"}
CLASSES = ("a", "b", "c", "d")


def data(path: Path, classes: tuple[str, ...] = CLASSES, each: int = 20, side: int = SIDE, channels: int = 1) -> Path:
    """Pictures that tell apart by the place of a bright square; a quarter of them is the test part."""
    draws, x, y, parts = np.random.default_rng(len(classes)), [], [], []
    for name in classes:
        k = "abcd".index(name)
        for number in range(each):
            picture = draws.integers(0, 120, (side, side, channels))
            half = side // 2
            picture[half * (k // 2) : half * (k // 2 + 1), half * (k % 2) : half * (k % 2 + 1)] += 100
            x.append(picture.astype(np.uint8))
            y.append(name)
            parts.append(number % 4 == 0)
    test, pictures, labels = np.array(parts), np.array(x), np.array(y)
    if channels == 1:
        pictures = pictures[..., 0]
    np.savez(path, x_train=pictures[~test], y_train=labels[~test], x_test=pictures[test], y_test=labels[test])
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a run of each kind on them."""
    folder = tmp_path_factory.mktemp("home")
    data(folder / "four.npz")
    data(folder / "two.npz", ("b", "d"))
    data(folder / "colour.npz", channels=3, side=12)
    for model in ("cnn", "whitened-cnn"):
        config = RunConfig.of(str(folder / "four.npz"), SETTINGS | {"model": model, "widths": (4, 6)})
        train(config, runs_dir=folder / "runs", name=model)
    return folder


def moved(
    home: Path, tmp_path: Path, source: str = "two.npz", run: str = "cnn", **settings: Any
) -> tuple[Path, list[str]]:
    """A run on a source that begins with the weights of another, and what it told."""
    said = Said()
    config = RunConfig.of(str(home / source), SETTINGS | {"weights": home / "runs" / run} | settings)
    return train(config, runs_dir=tmp_path, name="moved", watch=said), said.lines


def refused(settings: dict[str, Any]) -> str:
    with pytest.raises(SettingError) as caught:
        check_weights(RunConfig.of("digits", settings))
    return str(caught.value)


# ---- what is taken


def test_what_was_taken_is_told(home: Path, tmp_path: Path) -> None:
    run, lines = moved(home, tmp_path)
    digest = json.loads((run / "run.json").read_text())["weights"]["sha256"]
    assert f"taken from {home}/runs/cnn: 8 of 8 tensors" in lines
    assert f"weights of SHA-256 {digest[:12]}, licence: your own" in lines


def test_a_fresh_head_is_told_with_the_classes_on_both_sides(home: Path, tmp_path: Path) -> None:
    data(tmp_path / "c.npz", ("a", "b", "c"))
    with np.load(tmp_path / "c.npz") as arrays:
        renamed = {name: np.char.add("new-", a) if name.startswith("y") else a for name, a in arrays.items()}
    np.savez(tmp_path / "new.npz", **renamed)
    _, lines = moved(home, tmp_path, str(tmp_path / "new.npz"))
    wanted = (
        "taken from {}: 6 of 8 tensors; fresh: 10.weight (4 classes there, 3 here), 10.bias (4 classes there, 3 here)"
    )
    assert wanted.format(home / "runs/cnn") in lines


def test_the_model_and_its_settings_are_those_of_the_weights(home: Path, tmp_path: Path) -> None:
    run, _ = moved(home, tmp_path)
    settings = read_toml(run / "config.toml")
    assert (settings["model"], settings["widths"], settings["size"]) == ("cnn", [4, 6], SIDE)


def test_what_would_follow_from_the_data_is_as_the_weights_have_it(home: Path, tmp_path: Path) -> None:
    config = RunConfig.of(str(home / "four.npz"), SETTINGS | {"model": "whitened-cnn", "epochs": 1})
    train(config, runs_dir=tmp_path, name="usual")
    run, _ = moved(home, tmp_path, "colour.npz", str(tmp_path / "usual"), epochs=1)
    assert read_toml(run / "config.toml")["widths"] == [32]  # of grey pictures; for colour it would be 64


def test_continuing_on_the_same_classes_begins_where_the_other_run_ended(home: Path, tmp_path: Path) -> None:
    run, lines = moved(home, tmp_path, "four.npz", lr=1e-12)
    old, new = (load_file(path / "model" / WEIGHTS) for path in (home / "runs/cnn", run))
    assert all(torch.allclose(old[name], new[name], atol=1e-6) for name in old)
    assert "freeze auto: none (the head was taken with the body)" in lines


def test_a_grey_model_goes_on_with_colour_pictures_of_another_size(home: Path, tmp_path: Path) -> None:
    run, lines = moved(home, tmp_path, "colour.npz")
    assert read_card(run / "model").spec.shape == (3, SIDE, SIDE)
    assert "8 of 8 tensors; adapted: 1.weight (4x1x3x3 there, 4x3x3x3 here)" in "\n".join(lines)


def test_a_size_that_is_set_is_kept_and_what_does_not_fit_is_fresh(home: Path, tmp_path: Path) -> None:
    run, lines = moved(home, tmp_path, "colour.npz", size=12)
    assert read_card(run / "model").spec.shape == (3, 12, 12)
    assert "fresh: 8.weight (128x24 there, 128x54 here)" in "\n".join(lines)


def test_a_file_from_elsewhere_is_taken_by_a_named_model(home: Path, tmp_path: Path) -> None:
    tensors = load_file(home / "runs/cnn/model" / WEIGHTS)
    save_file(tensors, tmp_path / "theirs.safetensors", metadata={"license": "mit"})
    run, lines = moved(home, tmp_path, run=str(tmp_path / "theirs.safetensors"), model="cnn", widths=(4, 6))
    assert "6 of 8 tensors" in "\n".join(lines)
    assert read_card(run / "model").weights["licence"] == "mit"


def test_the_card_and_the_readme_of_the_new_model_say_where_its_weights_came_from(home: Path, tmp_path: Path) -> None:
    run, _ = moved(home, tmp_path)
    weights = read_card(run / "model").weights
    assert (weights["name"], weights["licence"]) == ("cnn", "your own")
    assert "It began with the weights `cnn`" in (run / "model/README.md").read_text()


def test_a_model_from_scratch_has_no_such_line(home: Path) -> None:
    assert read_card(home / "runs/cnn/model").weights == {}
    assert "It began" not in (home / "runs/cnn/model/README.md").read_text()


def test_the_other_run_is_not_touched(home: Path, tmp_path: Path) -> None:
    before = outcome(home / "runs/cnn")
    moved(home, tmp_path)
    assert differing(before, outcome(home / "runs/cnn")) == []


# ---- the same again


@pytest.mark.parametrize("freeze", ["head", 1, "none", "auto"])
def test_a_run_from_its_own_settings_is_the_same_to_the_byte(home: Path, tmp_path: Path, freeze: Any) -> None:
    run, _ = moved(home, tmp_path, freeze=freeze)
    settings = read_toml(run / "config.toml")
    again = train(RunConfig.of(settings.pop("data"), settings), runs_dir=tmp_path, name="again")
    assert differing(outcome(run), outcome(again)) == []


class Stops(Said):
    """Interrupts after so many batches."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def each(self, items: Any) -> Any:
        import signal

        for item in items:
            if self.left == 1:
                signal.raise_signal(signal.SIGINT)
            self.left -= 1
            yield item


@pytest.mark.parametrize("steps", [2, 4, 6])
def test_a_run_is_gone_on_with_to_the_same_bits_though_its_weights_are_gone(
    home: Path, tmp_path: Path, steps: int
) -> None:
    data(tmp_path / "small.npz", ("b", "d"))
    settings = SETTINGS | {"weights": tmp_path / "gone", "freeze": 1}
    (home / "runs/cnn").rename(tmp_path / "gone")
    config = RunConfig.of(str(tmp_path / "small.npz"), settings)
    try:
        whole = train(config, runs_dir=tmp_path, name="whole")
        with pytest.raises(Interrupted):
            train(config, runs_dir=tmp_path, name="broken", watch=Stops(steps))
    finally:
        (tmp_path / "gone").rename(home / "runs/cnn")
    assert not (tmp_path / "gone").exists()
    resume(tmp_path / "broken")
    assert differing(outcome(whole), outcome(tmp_path / "broken")) == []
    assert read_card(tmp_path / "broken/model").weights == read_card(whole / "model").weights


# ---- what stays frozen


def adopted(head: bool) -> Adopted:
    return Adopted(taken=("a",), fresh=(), adapted=(), body=1, head=head)


@pytest.mark.parametrize(
    ("head", "each", "freeze"), [(True, 1, "none"), (True, 999, "none"), (False, FEW, "head"), (False, FEW + 1, 6)]
)
def test_auto_goes_by_the_head_and_the_samples_of_a_class(head: bool, each: int, freeze: Any) -> None:
    assert fitting_freeze(adopted(head), each * 5, 5, 30)[0] == freeze


def test_what_auto_came_to_stands_in_the_settings_of_the_run(home: Path, tmp_path: Path) -> None:
    data(tmp_path / "few.npz", ("a", "b"), each=8)
    with np.load(tmp_path / "few.npz") as arrays:
        renamed = {name: np.char.add("new-", a) if name.startswith("y") else a for name, a in arrays.items()}
    np.savez(tmp_path / "new.npz", **renamed)
    run, lines = moved(home, tmp_path, str(tmp_path / "new.npz"))
    assert read_toml(run / "config.toml")["freeze"] == "head"
    assert any(line.startswith("freeze auto: head (") for line in lines)


def test_the_body_of_a_run_that_trains_the_head_alone_is_that_of_the_weights(home: Path, tmp_path: Path) -> None:
    run, _ = moved(home, tmp_path, run="whitened-cnn", freeze="head")
    old, new = (load_file(path / "model" / WEIGHTS) for path in (home / "runs/whitened-cnn", run))
    same = [name for name in new if "normalise" not in name and name != "head.weight"]
    assert all(torch.equal(old[name], new[name]) for name in same)


# ---- what is refused


def test_weights_of_another_model_are_refused(home: Path) -> None:
    assert "of the model cnn, and model is 'resnet18'. Leave model out" in refused(
        {"weights": home / "runs/cnn", "model": "resnet18"}
    )


def test_a_file_that_names_no_model_asks_for_it(home: Path, tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "a.safetensors")
    assert refused({"weights": tmp_path / "a.safetensors"}).endswith("name that with --model.")


def test_weights_of_which_nothing_fits_are_refused_with_what_differs(home: Path, tmp_path: Path) -> None:
    save_file({"stem.weight": torch.ones(3, 4)}, tmp_path / "a.safetensors")
    with pytest.raises(
        SettingError, match=r"of which nothing fits the model: .*not there.* It holds stem.weight"
    ) as caught:
        moved(home, tmp_path, run=str(tmp_path / "a.safetensors"), model="cnn")
    assert "name theirs with --model" in str(caught.value)
    assert not (tmp_path / "moved").exists()


def test_weights_that_are_not_there_end_in_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", str(home / "two.npz"), "--weights", "runs/nowhere"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("tellapart: weights is 'runs/nowhere': no such file or folder.")


# ---- the usual settings


def test_the_usual_settings_for_given_weights_name_no_model() -> None:
    assert "model" not in below(None, "digits", {"weights": "runs/a"})
    assert below(None, "digits", {"weights": "none"})["model"] == below(None, "digits", {})["model"]


def test_the_usual_settings_for_given_weights_go_by_the_model_that_they_are_of(home: Path, tmp_path: Path) -> None:
    settings = {"model": "whitened-cnn", "widths": (4,), "steps": 1, "batch": 8}
    tellapart.train(home / "two.npz", **settings, runs_dir=tmp_path, name="white", quiet=True)
    found = {name: below(None, "digits", {"weights": path}) for name, path in _of_each(home, tmp_path).items()}
    assert {name: (settings["optimiser"], settings["lr"]) for name, settings in found.items()} == {
        "whitened": ("muon", 0.02),
        "its model folder": ("muon", 0.02),
        "cnn": ("adamw", 0.001),
        "published": ("adamw", 0.001),
        "missing": ("adamw", 0.001),
    }
    main(["train", str(home / "two.npz"), "--weights", str(tmp_path / "white"), "--epochs", "1", "--name", "on",
          "--runs-dir", str(tmp_path), "--quiet"])  # fmt: skip
    assert 'optimiser = "muon"' in (tmp_path / "on/config.toml").read_text()


def _of_each(home: Path, tmp_path: Path) -> dict[str, Path]:
    return {
        "whitened": tmp_path / "white",
        "its model folder": tmp_path / "white/model",
        "cnn": home / "runs/cnn",
        "published": Path("pretrained"),
        "missing": tmp_path / "nowhere",
    }


def test_the_command_line_takes_the_same_settings_as_python(home: Path, tmp_path: Path) -> None:
    words = ["--weights", str(home / "runs/cnn"), "--epochs", "1", "--runs-dir", str(tmp_path), "--quiet"]
    main(["train", str(home / "two.npz"), *words, "--name", "line"])
    settings = {"weights": home / "runs/cnn", "epochs": 1, "runs_dir": tmp_path, "quiet": True}
    tellapart.train(home / "two.npz", **settings, name="python")
    assert (tmp_path / "line/config.toml").read_bytes() == (tmp_path / "python/config.toml").read_bytes()


# ---- across data


def test_a_grey_model_judges_colour_pictures_and_one_of_colour_grey_ones(home: Path, tmp_path: Path) -> None:
    coloured, _ = moved(home, tmp_path, "colour.npz", freeze="none")
    for run, source in ((home / "runs/cnn", "colour.npz"), (coloured, "four.npz")):
        measures = tellapart.load(run).evaluate(home / source)
        assert 0 <= measures["accuracy"].value <= 1


def test_a_model_of_other_classes_does_not_judge_them(home: Path, tmp_path: Path) -> None:
    run, _ = moved(home, tmp_path)
    with pytest.raises(DataError, match=r"the model does not know the class 'a'. It knows b, d."):
        tellapart.load(run).evaluate(home / "four.npz")


def test_the_estimator_begins_with_given_weights(home: Path) -> None:
    with np.load(home / "two.npz") as arrays:
        X, y = arrays["x_train"], arrays["y_train"]
    given = tellapart.Classifier(weights=home / "runs/cnn", epochs=1, batch=8, freeze="head").fit(X, y)
    assert given.score(X, y) > 0.8


# ---- instant


def test_instant_fits_the_head_alone_and_leaves_a_whole_run(home: Path, tmp_path: Path) -> None:
    run, _ = moved(home, tmp_path, "two.npz", "whitened-cnn", preset="instant")
    old, new = (load_file(path / "model" / WEIGHTS) for path in (home / "runs/whitened-cnn", run))
    same = [name for name in new if "normalise" not in name and name != "head.weight"]
    assert all(torch.equal(old[name], new[name]) for name in same)
    assert not torch.equal(old["head.weight"][:2], new["head.weight"])
    assert json.loads((run / "run.json").read_text())["exit_reason"] == "fitted at once"
    assert (run / "report.html").exists()
    with (run / "history.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 1


@pytest.mark.parametrize(("run", "source"), [("cnn", "two.npz"), ("whitened-cnn", "four.npz"), ("cnn", "four.npz")])
def test_the_head_that_instant_writes_is_scikit_learns(home: Path, tmp_path: Path, run: str, source: str) -> None:
    from sklearn.linear_model import LogisticRegression

    from tellapart.commands.instant import USUAL
    from tellapart.models.head import body_of

    made, _ = moved(home, tmp_path, source, run, preset="instant", val_share=0.0)
    module, card = read_model(made / "model")
    with np.load(home / source) as arrays:
        x, y = torch.from_numpy(arrays["x_train"])[:, None], arrays["y_train"]
    with torch.inference_mode():
        features, logits = body_of(module)(x).double().numpy(), module(x).double()
    centred = run == "cnn"  # whose head has a bias
    spread = features.std(0)
    spread[spread == 0] = 1
    standard = (features - (features.mean(0) if centred else 0)) / spread
    theirs = LogisticRegression(C=USUAL, fit_intercept=centred, max_iter=10_000, tol=1e-8).fit(standard, y)
    assert list(theirs.classes_) == list(card.spec.classes)
    np.testing.assert_allclose(torch.softmax(logits, 1).numpy(), theirs.predict_proba(standard), atol=2e-3)


def test_instant_cannot_be_gone_on_with(home: Path, tmp_path: Path) -> None:
    run, _ = moved(home, tmp_path, preset="instant")
    with pytest.raises(SettingError, match="its head was fitted at once"):
        resume(run, epochs="+1")
