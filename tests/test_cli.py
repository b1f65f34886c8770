"""The command line as a person meets it."""

import io
import json
import subprocess
import sys
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.outcome import differing, outcome
from tests.photos import make_photos

from tellapart.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(*words: str, cwd: Path, env: dict[str, str] | None = None) -> Done:
    """`tellapart WORDS` as a person would type it, in this process, which has torch loaded already."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        try:
            main(list(words))
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with photos in it and a run on them."""
    folder = tmp_path_factory.mktemp("home")
    make_photos(folder / "photos")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tellapart", "train", "photos", "--epochs", "3"],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "epoch 3/3" in done.stderr
    assert "report" in done.stdout
    return folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trian", "digits"], 2, 'Did you mean "train"?'),
        (["train", "digits", "--epoch", "3"], 2, "Did you mean --epochs?"),
        (["train", "digits", "--epochs", "0"], 2, "epochs is 0; must be 1 or more"),
        (["train", "digits", "--epochs", "many"], 2, 'unable to convert "many" into int'),
        (["train", "digits", "--lr", "nan"], 2, "lr is nan; must be a finite number"),
        (["train", "digits", "--optimiser", "adm"], 2, "Did you mean 'adam'?"),
        (["train", "digits", "--model", "cn"], 2, "Did you mean 'cnn'?"),
        (["train", "digits", "--model", "mlp", "--dense", "8"], 2, "The model mlp has no setting 'dense'"),
        (["train", "digits", "--val-share", "0.6", "--test-share", "0.6"], 2, "nothing is left to train on"),
        (["train", "digits", "--recipe", "cnn"], 2, "Did you mean 'cnn-16-32'?"),
        (["train", "digits", "--config", "nowhere.toml"], 2, "nowhere.toml: no such file"),
        (["train", "digits", "--name", "../up"], 2, "give the name of a folder alone"),
        (["train", "digits", "--runs-dir", "file"], 2, "file is a file; give a folder"),
        (["train", "digits", "--device", "cuda"], 2, "torch finds no GPU here"),
        (["train"], 2, "--data requires an argument"),
        (["train", "digit"], 3, "Did you mean 'digits'?"),
        (["train", "empty"], 3, "empty"),
        (["evaluate", "nowhere"], 3, "nowhere: no such folder"),
        (["predict", "empty", "x.png"], 3, "empty: no run and no model folder"),
        (["resume", "nowhere"], 3, "nowhere: no run folder. Give one that `tellapart train` made"),
        (["resume", "empty", "--epochs", "+10"], 3, "empty: no run folder"),
        (["resume"], 2, "--run requires an argument"),
        (["train", "digits", "--save-every", "often"], 2, "give a time or a number of steps, as in 30s"),
    ],
)
def test_a_mistake_is_answered_in_one_line_with_its_exit_code(
    words: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    done = run(*words, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


LONG = ["train", "photos", "--model", "cnn", "--widths", "4", "--epochs", "12", "--batch", "8", "--threads", "1"]
LONG += ["--name", "long"]
SIGNALLED = (
    "import os, signal, tellapart.commands.learn as learn\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs are started without it
    "inner = learn.note\n"
    "def note(end, *words):\n"
    "    inner(end, *words)\n"
    "    if end.epoch == 5:\n"
    "        os.kill(os.getpid(), signal.{number})\n"
    "learn.note = note\n"
    "{more}"
    "from tellapart.cli import main\n"
    "main({words})"
)


def signalled(folder: Path, number: str, more: str = "") -> Done:
    """The long run in a process of its own, which gets the signal after its fifth epoch."""
    make_photos(folder / "photos", each=10)
    code = SIGNALLED.format(number=number, more=more, words=LONG)
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=folder, capture_output=True, text=True)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_with_130_and_what_to_type_next_which_comes_to_the_same_bytes(
    tmp_path: Path, number: str
) -> None:
    done = signalled(tmp_path, number)
    assert done.returncode == 130
    assert done.stdout == ""
    assert "Finishing this step, then saving; once more to stop at once." in done.stderr
    assert done.stderr.endswith("all of it is saved. Go on: tellapart resume runs/long\n")
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "runs/long/run.json").read_text())["status"] == "interrupted"
    resumed = run("resume", "runs/long", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "runs/long: goes on after step" in resumed.stderr
    assert run(*LONG[:-1], "unbroken", "--quiet", cwd=tmp_path).returncode == 0
    assert differing(outcome(tmp_path / "runs/long"), outcome(tmp_path / "runs/unbroken")) == []


def test_a_second_signal_while_it_is_saving_stops_at_once(tmp_path: Path) -> None:
    again = (
        "def save(*_):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    signal.pause()\n"  # it would save for ever
        "learn.moment = save\n"
    )
    done = signalled(tmp_path, "SIGINT", again)
    assert done.returncode == 130
    assert done.stderr.endswith("tellapart: Interrupted.\n")
    assert "Traceback" not in done.stderr
    facts = json.loads((tmp_path / "runs/long/run.json").read_text())
    assert (facts["status"], facts["exit_reason"]) == ("interrupted", "interrupted at once, without saving")


def test_a_finished_run_goes_further_when_epochs_are_asked_for(home: Path, tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", each=6)
    run("train", "photos", "--epochs", "2", "--quiet", cwd=tmp_path)
    refused = run("resume", "runs/photos", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == (
        "tellapart: runs/photos: the run is finished. To train it further: tellapart resume runs/photos --epochs +10\n"
    )
    done = run("resume", "runs/photos", "--epochs", "+1", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["epochs"] == 3
    assert "epoch 3/3" in done.stderr


def test_settings_are_checked_before_torch_loads(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from tellapart.cli import main\n"
        "try: main(['train', 'digits', '--model', 'cn'])\n"
        "except SystemExit as end: assert end.code == 2\n"
        "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, stderr=subprocess.DEVNULL)


def test_a_name_that_is_taken_gets_a_number(home: Path) -> None:
    before = (home / "runs/photos/run.json").read_bytes()
    done = run("train", "photos", "--epochs", "1", "--quiet", "--json", cwd=home)
    assert Path(json.loads(done.stdout)["run"]).name == "photos-2"
    assert (home / "runs/photos/run.json").read_bytes() == before


def test_json_is_one_object_on_stdout_and_the_log_goes_to_stderr(home: Path) -> None:
    done = run("train", "photos", "--epochs", "1", "--json", "--name", "j", cwd=home)
    result = json.loads(done.stdout)
    assert result["status"] == "finished"
    assert 0 <= result["measures"]["test"]["accuracy"]["value"] <= 1
    assert "epoch 1/1" in done.stderr


def test_quiet_says_nothing_on_the_way(home: Path) -> None:
    done = run("train", "photos", "--epochs", "1", "--quiet", "--name", "q", cwd=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_flags_go_before_variables_before_the_file_before_the_recipe(home: Path) -> None:
    (home / "own.toml").write_text('data = "photos"\nseed = 2\nbatch = 5\nepochs = 1\n')
    words = ["train", "--config", "own.toml", "--recipe", "mlp-64-64", "--seed", "4", "--name", "layers", "--quiet"]
    done = run(*words, cwd=home, env={"TELLAPART_SEED": "3", "TELLAPART_BATCH": "7"})
    assert done.returncode == 0, done.stderr
    kept = tomllib.loads((home / "runs/layers/config.toml").read_text())
    assert {name: kept[name] for name in ("seed", "batch", "epochs", "widths")} == {
        "seed": 4,  # the flag
        "batch": 7,  # the variable
        "epochs": 1,  # the file
        "widths": [64, 64],  # the recipe
    }


def test_a_wrong_key_in_a_file_is_named_with_the_file(home: Path) -> None:
    (home / "wrong.toml").write_text("epoch = 3\n")
    done = run("train", "photos", "--config", "wrong.toml", cwd=home)
    assert done.returncode == 2
    assert "epoch" in done.stderr
    assert "wrong.toml" in done.stderr


def test_predict_writes_a_line_for_each_picture(home: Path) -> None:
    done = run("predict", "runs/photos", "photos/red/0-0.png", "photos/blue", cwd=home)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(lines) == 13
    assert lines[0][0] == "photos/red/0-0.png"
    assert lines[0][1] in {"red", "green", "blue"}
    assert 0 < float(lines[0][2]) <= 1


def test_predict_names_what_it_cannot_read_answers_the_rest_and_ends_with_3(home: Path) -> None:
    (home / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    done = run("predict", "runs/photos", "broken.jpg", "photos/red/0-0.png", "nowhere.png", cwd=home)
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 1
    assert "broken.jpg:" in done.stderr
    assert "nowhere.png: no such file" in done.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--also", "more"], "also is ('more',), but no data are given"),
        (["--path-column", "file"], "path_column is 'file', but no data are given"),
        (["--allow-outside"], "allow_outside is True, but no data are given"),
    ],
)
def test_evaluate_without_data_refuses_settings_that_say_how_data_are_read(
    argv: list[str], said: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "runs/photos", *argv])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_evaluate_without_data_gives_the_numbers_of_the_run(home: Path) -> None:
    done = run("evaluate", "runs/photos", "--json", cwd=home)
    assert json.loads(done.stdout)["measures"] == json.loads((home / "runs/photos/metrics/test.json").read_text())


def test_a_gate_that_is_not_reached_ends_with_4(home: Path) -> None:
    assert run("evaluate", "runs/photos", "--require", "log-loss=1000", cwd=home).returncode == 0
    done = run("evaluate", "runs/photos", "--require", "accuracy=1.01", cwd=home)
    assert done.returncode == 4
    assert "at least 1.01 was required" in done.stderr


def test_a_changed_data_folder_is_noticed(home: Path, tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", each=6)
    run("train", "photos", "--epochs", "1", "--quiet", cwd=tmp_path)
    make_photos(tmp_path / "photos", each=1, seed=9)
    done = run("evaluate", "runs/photos", cwd=tmp_path)
    assert done.returncode == 3
    assert "not the data that this run was made of" in done.stderr


def test_pictures_that_the_model_was_trained_on_are_left_out_and_counted(home: Path, tmp_path: Path) -> None:
    done = run("evaluate", "runs/photos", "photos", "--json", cwd=home)
    result = json.loads(done.stdout)
    split = (home / "runs/photos/data/split.csv").read_text().splitlines()[1:]
    tests = sum(",test," in line for line in split)
    assert result["samples"] == tests < len(split)
    assert [issue["kind"] for issue in result["issues"]] == ["seen-in-training"]
    for line in split:
        name, part = line.split(",")[:2]
        if part == "train":
            (tmp_path / "only" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "only" / name).write_bytes((home / "photos" / name).read_bytes())
    refused = run("evaluate", "runs/photos", str(tmp_path / "only"), cwd=home)
    assert refused.returncode == 3
    assert "nothing in it that the model was not trained or chosen on" in refused.stderr


def test_the_carved_test_part_of_a_folder_with_train_and_val_is_judged(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos/train", each=12)
    make_photos(tmp_path / "photos/val", each=2, seed=5)
    run("train", "photos", "--epochs", "1", "--quiet", cwd=tmp_path)
    done = run("evaluate", "runs/photos", "photos", "--json", cwd=tmp_path)
    reported = json.loads((tmp_path / "runs/photos/metrics/test.json").read_text())
    assert json.loads(done.stdout)["measures"] == reported


def test_a_part_is_of_the_runs_own_data_alone(home: Path) -> None:
    done = run("evaluate", "runs/photos", "photos", "--part", "val", cwd=home)
    assert done.returncode == 2
    assert "give either DATA or --part" in done.stderr


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        ("acuracy=0.9", "Did you mean 'accuracy'?"),
        ("accuracy=nan", "write it as MEASURE=NUMBER"),
        ("accuracy", "write it as MEASURE=NUMBER"),
    ],
)
def test_a_demand_that_means_nothing_is_refused_before_anything_loads(demand: str, said: str, tmp_path: Path) -> None:
    done = run("evaluate", "nowhere", "--require", demand, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_misspelt_variable_is_answered_with_the_near_one(tmp_path: Path) -> None:
    done = run("models", cwd=tmp_path, env={"TELLAPART_EPOCH": "1"})
    assert done.returncode == 2
    assert "Unknown variable TELLAPART_EPOCH. Did you mean 'TELLAPART_EPOCHS'?" in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [("epochs = 2.5", "whole number"), ("flip = 'yes'", "true or false"), ("name = 'x'", "Unknown setting")],
)
def test_a_value_of_the_wrong_type_in_a_file_is_refused(line: str, said: str, home: Path) -> None:
    (home / "types.toml").write_text(line + "\n")
    done = run("train", "photos", "--config", "types.toml", cwd=home)
    assert done.returncode == 2
    assert "types.toml" in done.stderr
    assert said in done.stderr


def test_patience_without_a_val_part_is_refused(home: Path) -> None:
    done = run("train", "photos", "--val-share", "0", "--patience", "2", cwd=home)
    assert done.returncode == 2
    assert "there is no val part" in done.stderr


def test_a_plateau_schedule_without_a_val_part_is_refused(home: Path) -> None:
    done = run("train", "photos", "--val-share", "0", "--schedule", "plateau", cwd=home)
    assert done.returncode == 2
    assert "schedule is plateau, but there is no val part to be better on: set val_share." in done.stderr


def test_tune_prints_a_table_and_a_rate(home: Path) -> None:
    done = run("tune", "photos", "--lr-only", "--model", "mlp", "--widths", "4", cwd=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:3] == ["learning", "rate", "loss"]
    assert "tune/photos/lr.svg" in done.stdout


def test_tune_as_json_is_one_object(home: Path) -> None:
    words = ["tune", "photos", "--lr-only", "--model", "mlp", "--widths", "4", "--out", "other", "--json", "--quiet"]
    done = run(*words, cwd=home)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["plot"] == "other/photos/lr.svg"
    assert len(found["lrs"]) == len(found["losses"]) == len(found["smoothed"])
    assert {"suggested_lr", "optimiser", "lr", "ended"} <= found.keys()


def test_tune_without_lr_only_says_what_there_is(home: Path) -> None:
    done = run("tune", "photos", cwd=home)
    assert done.returncode == 2
    said = "tune looks for the learning rate, and for nothing else yet: tellapart tune photos --lr-only"
    assert said in done.stderr


def test_a_name_that_the_terminal_cannot_show_is_shown_by_its_numbers(home: Path) -> None:
    (home / "\u732b.png").write_bytes((home / "photos/red/0-0.png").read_bytes())
    code = "from tellapart.cli import main; main(['predict', 'runs/photos', '\u732b.png'])"
    import os

    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=home, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("\\u732b.png\t")


def test_a_run_inside_the_data_folder_is_no_class(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", each=4)
    for _ in range(2):
        done = run("train", ".", "--epochs", "1", "--json", "--quiet", cwd=tmp_path / "photos")
        assert json.loads(done.stdout)["data"]["classes"] == ["blue", "green", "red"]
    assert run("evaluate", "runs/photos", cwd=tmp_path / "photos").returncode == 0


def test_a_class_whose_pictures_are_all_broken_is_told(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", each=4)
    for path in (tmp_path / "photos/red").iterdir():
        path.write_bytes(path.read_bytes()[:200])
    done = run("train", "photos", "--epochs", "1", cwd=tmp_path)
    assert "red: a class without a readable sample" in done.stderr
    assert "lost-class" in (tmp_path / "runs/photos/data/issues.csv").read_text()


def test_an_unknown_class_in_the_data_to_judge_is_named(home: Path, tmp_path: Path) -> None:
    make_photos(tmp_path / "other", each=1)
    (tmp_path / "other/red").rename(tmp_path / "other/purple")
    done = run("evaluate", str(home / "runs/photos"), "other", cwd=tmp_path)
    assert done.returncode == 3
    assert "does not know the class 'purple'" in done.stderr


@pytest.mark.parametrize("words", [["models"], ["recipes"], ["doctor"]])
def test_lists_come_as_text_and_as_json(words: list[str], tmp_path: Path) -> None:
    assert len(run(*words, cwd=tmp_path).stdout.splitlines()) > 2
    assert json.loads(run(*words, "--json", cwd=tmp_path).stdout)


def test_a_recipe_can_be_printed_and_is_toml(tmp_path: Path) -> None:
    printed = run("recipes", "cnn-16-32", cwd=tmp_path).stdout
    assert tomllib.loads(printed)["model"] == "cnn"


def test_no_socket_is_opened_for_data_on_the_disk(home: Path) -> None:
    code = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('a socket')\n"
        "socket.socket.connect = refuse\n"
        "from tellapart.cli import main\n"
        "main(['train', 'photos', '--epochs', '1', '--quiet', '--name', 'offline'])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=home)
