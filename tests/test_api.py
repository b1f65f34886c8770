"""The Python face: train, load, predict, evaluate."""

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.photos import make_photos

import tellapart
from tellapart.cli import main
from tellapart.commands.recipes import below
from tellapart.config import RunConfig
from tellapart.errors import DamagedError, DataError, SettingError


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos and a run on them."""
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos", each=15)
    tellapart.train(folder / "photos", runs_dir=folder / "runs", quiet=True, epochs=12)
    return folder


@pytest.fixture
def model(home: Path) -> tellapart.Model:
    return tellapart.load(home / "runs/photos")


def test_the_model_tells_colours_apart(home: Path, model: tellapart.Model) -> None:
    fresh = make_photos(home / "fresh", each=5, seed=7)
    assert model.evaluate(fresh)["accuracy"].value == 1
    assert [answer.label for answer in model.predict(sorted((fresh / "red").glob("*.png")))] == ["red"] * 5


def test_a_path_its_bytes_its_picture_and_its_array_get_the_same_answer(home: Path, model: tellapart.Model) -> None:
    path = home / "photos/green/0-3.png"
    picture = Image.open(path)
    forms = [path, str(path), path.read_bytes(), picture, np.asarray(picture)]
    answers = model.predict(forms)
    assert [answer.confidence for answer in answers] == pytest.approx([answers[0].confidence] * 5, rel=1e-6)
    assert {answer.label for answer in answers} == {"green"}


def test_one_item_gives_a_list_of_one(home: Path, model: tellapart.Model) -> None:
    assert len(model.predict(home / "photos/green/0-3.png")) == 1
    assert len(model.predict(np.zeros((20, 20, 3), np.uint8))) == 1
    assert len(model.predict(np.zeros((4, 20, 20, 3), np.uint8))) == 4
    assert model.predict([]) == []


def test_probabilities_sum_to_one_in_the_order_of_the_classes(model: tellapart.Model) -> None:
    shares = model.predict_proba(np.zeros((3, 20, 20, 3), np.uint8))
    assert shares.shape == (3, 3)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert model.classes == ("blue", "green", "red")
    assert list(model.predict(np.zeros((20, 20, 3), np.uint8))[0].probabilities) == list(model.classes)


def test_a_picture_turned_by_exif_gets_the_answer_of_the_upright_one(home: Path, model: tellapart.Model) -> None:
    picture = Image.open(home / "photos/blue/0-2.png")
    turned, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # stored turned a quarter to the left
    picture.transpose(Image.Transpose.ROTATE_90).save(turned, "PNG", exif=exif)
    upright, from_turned = model.predict([picture, turned.getvalue()])
    assert from_turned.probabilities == pytest.approx(upright.probabilities, rel=1e-6)


def test_an_item_that_cannot_be_read_is_answered_with_its_cause(model: tellapart.Model) -> None:
    bad, good = model.predict([b"no picture", np.zeros((20, 20, 3), np.uint8)])
    assert bad.label is None
    assert "not a picture" in str(bad.error)
    assert good.error is None
    with pytest.raises(DataError, match="item 0: not a picture"):
        model.predict_proba([b"no picture"])


def test_a_model_folder_alone_is_enough(home: Path, model: tellapart.Model) -> None:
    alone = tellapart.load(home / "runs/photos/model")
    black = np.zeros((20, 20, 3), np.uint8)
    assert alone.predict(black) == model.predict(black)


def test_a_flipped_bit_is_found_before_a_weight_is_used(home: Path, tmp_path: Path) -> None:
    for path in (home / "runs/photos/model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = bytearray((tmp_path / "weights.safetensors").read_bytes())
    weights[-3] ^= 4
    (tmp_path / "weights.safetensors").write_bytes(weights)
    with pytest.raises(DamagedError, match="not the bytes that were written"):
        tellapart.load(tmp_path)


def test_a_misspelt_setting_is_answered_before_torch_loads() -> None:
    with pytest.raises(SettingError, match="Did you mean 'epochs'"):
        tellapart.train("digits", epoch=3)
    code = (
        "import sys, tellapart\n"
        "try: tellapart.train('digits', epoch=3)\n"
        "except ValueError: assert 'torch' not in sys.modules\n"
        "else: raise AssertionError"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_run_gives_its_measures_facts_and_model(home: Path) -> None:
    run = tellapart.Run(path=home / "runs/photos")
    assert 0 <= run.measures()["accuracy"].low <= run.measures("val")["accuracy"].high <= 1
    assert run.facts["status"] == "finished"
    assert run.report.exists()
    assert run.model.classes == ("blue", "green", "red")


def test_a_run_goes_further_from_python(home: Path) -> None:
    run = tellapart.train(home / "photos", runs_dir=home / "runs", name="further", quiet=True, epochs=2)
    assert tellapart.resume(run.path, epochs="+1", quiet=True).facts["epochs"] == 3
    assert tellapart.resume(str(run.path), epochs=4, quiet=True) == run
    assert run.facts["epochs"] == 4
    with pytest.raises(SettingError, match="the run is finished"):
        tellapart.resume(run.path)


def test_a_learning_rate_is_found_from_python_as_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_photos(tmp_path / "photos", each=15)
    found = tellapart.tune("photos", model="cnn", widths=(4,), threads=1, quiet=True)
    assert isinstance(found, tellapart.Tuned)
    assert found.suggested == found.curve.suggested
    assert found.plot == Path("tune/photos/lr.svg")
    assert len(found.curve.lrs) == len(found.curve.losses) == len(found.curve.smoothed) > 20
    assert capsys.readouterr() == ("", "")
    words = ["tune", "photos", "--lr-only", "--model", "cnn", "--widths", "4", "--threads", "1", "--json", "--quiet"]
    main(words)
    said = json.loads(capsys.readouterr().out)
    assert said["suggested_lr"] == found.suggested
    assert tuple(said["smoothed"]) == found.curve.smoothed
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.lr = 1.0  # type: ignore[misc]


def test_the_settings_of_a_recipe_hold_while_a_rate_is_looked_for(tmp_path: Path) -> None:
    found = tellapart.tune(stripes(40), recipe="mlp-64-64", threads=1, out=tmp_path, quiet=True)
    by_hand = tellapart.tune(stripes(40), recipe="mlp-64-64", lr=found.lr * 10, threads=1, out=tmp_path, quiet=True)
    assert by_hand.lr == pytest.approx(found.lr * 10)
    assert by_hand.curve.lrs[0] == pytest.approx(found.curve.lrs[0] * 10)
    assert found.optimiser == RunConfig.of("", below("mlp-64-64", "digits", {})).optim.optimiser


def test_tuning_refuses_what_training_does_before_a_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Did you mean 'model'"):
        tellapart.tune("digits", modle="cnn", out=tmp_path / "tune")
    with pytest.raises(DataError, match="nowhere"):
        tellapart.tune(tmp_path / "nowhere", out=tmp_path / "tune")
    assert not (tmp_path / "tune").exists()


def test_vectors_are_not_mistaken_for_pictures(model: tellapart.Model) -> None:
    assert "give uint8" in str(model.predict([np.zeros(5, np.float32)])[0].error)


def test_what_is_public_is_listed_and_there() -> None:
    assert all(hasattr(tellapart, name) for name in tellapart.__all__)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = tellapart.trian


def test_one_picture_given_many_times_is_read_by_one_thread_alone(home: Path, model: tellapart.Model) -> None:
    for _ in range(10):
        picture = Image.open(home / "photos/green/0-3.png")
        answers = model.predict([picture] * 8)
        assert [answer.error for answer in answers] == [None] * 8


def test_an_open_file_and_a_buffer_are_one_item(home: Path, model: tellapart.Model) -> None:
    content = (home / "photos/green/0-3.png").read_bytes()
    for item in (io.BytesIO(content), bytearray(content), memoryview(content)):
        assert [answer.label for answer in model.predict(item)] == ["green"]
    with pytest.raises(DataError, match="give a list of its values"):
        model.predict({"a": content})


def test_a_part_that_was_not_measured_is_answered(home: Path) -> None:
    with pytest.raises(DataError, match="nothing was measured on a part 'tset'"):
        tellapart.Run(path=str(home / "runs/photos")).measures("tset")  # type: ignore[arg-type]


# ---- arrays and tensors in memory


def stripes(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures uint8 (N, 3, 12, 12) and their classes: what is red, and what is blue."""
    pictures = torch.randint(0, 40, (count, 3, 12, 12), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)
    labels = torch.arange(count) % 2
    pictures[labels == 0, 0] += 200
    pictures[labels == 1, 2] += 200
    return pictures, labels


def test_tensors_are_trained_on_checked_judged_and_answered(tmp_path: Path) -> None:
    x, y = stripes(40)
    run = tellapart.train((x, y), runs_dir=tmp_path / "runs", quiet=True, epochs=8)
    fresh, truth = stripes(10, seed=5)
    assert run.model.evaluate((fresh, truth))["accuracy"].value == 1
    assert [answer.label for answer in run.model.predict(fresh)] == [str(label) for label in truth.tolist()]
    assert run.model.predict(fresh[0]) == run.model.predict([fresh[0]]) == run.model.predict(fresh[:1])
    assert tellapart.check((x, y), out=tmp_path / "check", quick=True, quiet=True).samples == 40
    assert tellapart.resume(run.path, epochs="+1", quiet=True).facts["status"] == "finished"


def test_tensors_are_mixed_with_files(home: Path, tmp_path: Path) -> None:
    x, y = stripes(20)
    found = tellapart.check(
        [home / "photos", (x, ["red" if k == 0 else "blue" for k in y.tolist()])], out=tmp_path, quick=True
    )
    assert found.classes.keys() == {"red", "green", "blue"}
    assert found.samples == 65


def test_samples_without_labels_are_answered() -> None:
    with pytest.raises(
        SettingError, match=r"data is samples without labels; give a pair of both, as in train\(\(x, y\)\)"
    ):
        tellapart.train(stripes(4)[0])
