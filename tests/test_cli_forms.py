"""Every form of data goes through the commands: train, evaluate, resume."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.data.formats import FORMS, as_csv, lay, picture, pictures, table

from tellapart.cli import main

QUICK = ["--epochs", "1", "--model", "mlp", "--quiet"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_trained_on_judged_and_gone_on_with(form: str, tmp_path: Path) -> None:
    data = str(FORMS[form](tmp_path, pictures()))
    main(["train", data, *QUICK])
    main(["evaluate", "runs/pets", "--quiet"])
    main(["evaluate", "runs/pets", "--data", data, "--quiet"])
    main(["resume", "runs/pets", "--epochs", "+1", "--quiet"])


def test_columns_of_another_name_go_through_all_commands(tmp_path: Path) -> None:
    files = pictures()
    lay(tmp_path, files | {"t.csv": table(((path, path[:3]) for path in files), "wo,was")})
    columns = ["--path-column", "wo", "--label-columns", "was"]
    main(["train", "t.csv", *columns, *QUICK])
    main(["evaluate", "runs/t", "--quiet"])
    main(["evaluate", "runs/t", "t.csv", *columns, "--quiet"])


def test_a_bad_row_is_a_line_of_the_issues(tmp_path: Path) -> None:
    path = as_csv(tmp_path, pictures())
    path.write_bytes(path.read_bytes() + b"cat/none.png,cat\n")
    main(["train", "pets.csv", *QUICK])
    with Path("runs/pets/data/issues.csv").open(newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if row["kind"] != "tiny-class")
    assert (row["path"], row["kind"], row["detail"]) == ("pets.csv:26", "missing", "'cat/none.png': no such file")


def test_more_data_are_mixed_in(tmp_path: Path) -> None:
    as_csv(tmp_path, pictures())
    lay(tmp_path / "more", {"cat/new.png": picture(7, (10, 8))})
    main(["train", "pets.csv", "--also", "more", *QUICK])
    assert "more/cat/new.png" in Path("runs/pets+more/data/split.csv").read_text()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["train", "none.csv"], "none.csv: neither a file"),
        (["train", "empty.csv"], "empty.csv: empty"),
        (["train", "page.zip"], "page.zip: damaged, cut short, or no zip"),
        (["train", "page.parquet"], "no Parquet file"),
        (["train", "digits", "--also", "none"], "none: neither a file"),
    ],
)
def test_data_that_can_not_be_used_end_with_code_3(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path, {"empty.csv": b"", "page.zip": b"<html>", "page.parquet": b"<html>"})
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 3
    assert said in capsys.readouterr().err


def saved(array: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def test_files_of_five_channels_go_through_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    draws = np.random.default_rng(0)
    for number in range(40):
        name = ("corn", "rice")[number % 2]
        low = 30_000 * (number % 2)
        saved(draws.integers(low, low + 35_000, (12, 14, 5)).astype(np.uint16), Path(f"fields/{name}/{number}.npy"))
    main(["train", "fields", "--epochs", "1", "--quiet"])  # with the recipe of who names no model
    main(["train", "fields", "--epochs", "1", "--augment", "auto", "--quiet", "--name", "changed"])
    main(["evaluate", "runs/fields", "fields", "--quiet"])
    main(["resume", "runs/fields", "--epochs", "+1", "--quiet"])
    capsys.readouterr()
    main(["predict", "runs/fields", "fields/corn/0.npy", "fields/rice"])
    assert len(capsys.readouterr().out.splitlines()) == 21
    assert "14 of 5 channels" in Path("runs/fields/report.html").read_text()
