"""A report from a terminal, and what it says of wrong files."""

import json
import os
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from skdistill import DistillationReport, StudentClassifier
from skdistill.report import command
from skdistill.report.command import main


def table(seed, n=120):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "usage": random.normal(size=n).round(3),
            "years": random.integers(9, size=n),
            "region": random.choice(["north", "south"], n),
        }
    )
    churns = (frame.usage + random.normal(size=n) > 0) ^ (frame.years > 6)
    return frame.assign(churn=np.where(churns, "yes", "no"))


def strange(test):
    """Tables with something wrong in each."""
    gaps = test.churn.where(test.index > 9)
    return {
        "norows": test[:0],
        "coded": test.assign(churn=(test.churn == "yes").astype(int)),
        "gaps": test.assign(churn=gaps),
        "lacks": test.drop(columns="years"),
        "twice": test.rename(columns={"years": "usage"}),
        "words": test.assign(years=test.years.astype(str) + " y"),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A student, its teacher, and tables, as files."""
    folder = tmp_path_factory.mktemp("files")
    train, test = table(0), table(1)
    columns = ["usage", "years"]
    forest = RandomForestClassifier(5, random_state=0)
    forest.fit(train[columns], train.churn)
    tree = DecisionTreeClassifier(max_leaf_nodes=4, random_state=0)
    student = StudentClassifier(forest, student=tree, transfer=None, keep_teacher=False)
    student.fit(train[columns], train.churn)
    joblib.dump(student, folder / "student.joblib")
    joblib.dump(forest, folder / "stack.joblib")
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    test.to_parquet(folder / "test.parquet")
    test[:3].to_json(folder / "test.json")
    joblib.dump(np.eye(2), folder / "array.joblib")
    joblib.dump(RandomForestClassifier(), folder / "raw.joblib")
    values = RandomForestRegressor(2, random_state=0).fit(train[columns], train.usage)
    joblib.dump(values, folder / "values.joblib")
    for name, frame in strange(test).items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    test.to_csv(folder / "marks.csv", index=False, sep=";")
    test.to_csv(folder / "utf16.csv", index=False, encoding="utf-16")
    (folder / "empty.csv").write_text("")
    (folder / "broken.joblib").write_bytes(b"no pickle")
    return folder


@pytest.fixture
def here(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    return tmp_path


GIVEN = ["report", "student.joblib", "test.csv", "--teacher", "stack.joblib"]
TRUSTED = [*GIVEN, "--ignore", "id,region", "--target", "churn", "--trust"]


def other(name):
    """With another table."""
    return [f"{name}.csv" if each == "test.csv" else each for each in TRUSTED]


def test_a_report_is_that_of_the_class(here, capsys):
    out = here / "figures.json"
    assert main([*TRUSTED, "-o", str(out)]) == 0
    test = pd.read_csv("test.csv")
    student, forest = joblib.load("student.joblib"), joblib.load("stack.joblib")
    rows = test[["usage", "years"]]
    report = DistillationReport(student, rows, test.churn, teacher=forest)
    shown = capsys.readouterr().out  # times differ from run to run
    assert str(report).splitlines()[0] in shown and "student" in shown
    kept, expected = json.loads(out.read_text()), report.to_dict()
    assert kept["fidelity"] == expected["fidelity"]
    assert kept["quality"] == expected["quality"]


@pytest.mark.slow
def test_tables_of_either_kind_with_control_and_without_labels(here, capsys):
    parquet = [each.replace("test.csv", "test.parquet") for each in TRUSTED]
    out = here / "page.html"
    more = ["--control", "fit", "--train", "train.csv", "--columns", "years"]
    assert main([*parquet, *more, "-o", str(out), "--title", "Churn"]) == 0
    shown = capsys.readouterr().out
    assert "control" in shown and f"Written to {out}" in shown
    assert "<title>Churn" in out.read_text()
    assert main([*GIVEN, "--ignore", "id,region,churn", "--trust"]) == 0
    assert "control" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (GIVEN, 2, "runs the code that is in it.*give --trust"),
        (
            ["report", "none.joblib", "test.csv", "--trust"],
            2,
            "none.joblib: there is no",
        ),
        ([*TRUSTED, "--target", "chrun"], 2, "no column 'chrun', but id, usage"),
        ([*TRUSTED, "--columns", "plan"], 2, "--columns: test.csv has no plan"),
        ([*TRUSTED, "--control", "fit"], 2, "needs --train and --target"),
        ([*TRUSTED, "-o", "page.pdf"], 2, "ends in .html or .json"),
        ([*TRUSTED, "-o", "none/page.html"], 2, "no such folder"),
        (["report", "broken.joblib", "test.csv", "--trust"], 2, "cannot be loaded"),
        (["report", "student.joblib", "test.json", "--trust"], 2, "tables are .csv"),
        ([*GIVEN, "--trust"], 1, "report: "),
        ([*TRUSTED, "--train", "test.csv"], 1, "stand in --train.*by --allow-seen"),
        (TRUSTED[:3] + TRUSTED[5:], 2, "holds no teacher.*by --teacher"),
        ([*GIVEN, "--target", "churn", "--trust"], 1, "--ignore 'id,region'"),
        (other("empty"), 2, "empty.csv is empty"),
        (other("norows"), 1, "norows.csv has no rows"),
        (other("coded"), 1, r"--target holds \[0, 1\], and the student knows"),
        (other("gaps"), 1, "--target has no label in 10 rows.*out of gaps.csv"),
        (other("lacks"), 1, "fitted on. It lacks years"),
        (other("twice"), 2, "several columns of one name, usage"),
        (other("words"), 1, "the student.*cannot answer for words.csv.*'years'"),
        (other("marks"), 2, "semicolons are between its columns"),
        (other("utf16"), 2, "not in UTF-8"),
        ([*TRUSTED, "--train", "lacks.csv"], 1, "--train has other columns than test"),
        ([*TRUSTED, "--control", "values.joblib"], 1, "control .* is a regressor"),
        (
            [*TRUSTED, "--teacher", "values.joblib"],
            1,
            "^skdistill report: teacher Rand",
        ),
        ([*TRUSTED, "--teacher", "array.joblib"], 2, "array.joblib holds .* ndarray"),
        (["report", "array.joblib", *TRUSTED[2:]], 2, "array.joblib holds .* ndarray"),
        (["report", "raw.joblib", *TRUSTED[2:]], 1, "not fitted.*those of test.csv"),
        (["report", "test.csv", "student.joblib", "--trust"], 2, "student comes first"),
        (["report", "student.joblib", ".", "--trust"], 2, "that is a folder"),
        ([*TRUSTED, "--columns", "region"], 2, "without what --ignore"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(here, capsys, arguments, code, words):
    assert main(arguments) == code
    out, error = capsys.readouterr()
    assert out == "" and error.startswith("skdistill report: ")
    assert "Traceback" not in error
    assert re.search(words, error, re.S), error
    python = r"[Xy]_t(est|rain)|teacher=|control=|allow_seen|max_rows|__init__|keep_"
    assert not re.search(python, error), error


@pytest.mark.parametrize(
    "option, value", [("--confidence", "95"), ("--max-rows", "0"), ("--seed", "-1")]
)
def test_numbers_out_of_range_are_told_by_their_option(here, capsys, option, value):
    with pytest.raises(SystemExit, match="2"):
        main([*TRUSTED, f"{option}={value}"])
    assert f"argument {option}: {value} is no" in capsys.readouterr().err


def test_cautions_name_options(here, capsys):
    assert main([*GIVEN, "--ignore", "id,region,churn", "--trust"]) == 0
    shown = capsys.readouterr().out
    assert "rows of test.csv were trained on: give --train" in shown
    assert "Without --target" in shown and "X_t" not in shown


def test_a_table_of_lost_types_says_how_to_keep_them(here, capsys):
    lightgbm = pytest.importorskip("lightgbm")
    train = table(0).astype({"region": "category"})
    X = train[["usage", "region"]]
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, train.churn)
    joblib.dump(model, here / "model.joblib")
    for name, remedy in [
        ("test.csv", "give the table as Parquet"),
        ("test.parquet", "the type category"),
    ]:
        files = [
            str(here / "model.joblib"),
            name,
            "--teacher",
            str(here / "model.joblib"),
        ]
        assert main(["report", *files, "--ignore", "id,years,churn", "--trust"]) == 1
        assert remedy in capsys.readouterr().err


def test_nothing_is_loaded_without_trust(here, monkeypatch):
    monkeypatch.setattr(command, "joblib", None)
    assert main(GIVEN) == 2


def test_a_page_needs_its_packages(here, monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert main([*TRUSTED, "-o", "page.html"]) == 2
    assert "skdistill[report]" in capsys.readouterr().err


@pytest.mark.slow
def test_a_terminal_of_few_letters_gets_a_report_too(here):
    run = [sys.executable, "-m", "skdistill", *TRUSTED]
    few = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run(run, capture_output=True, text=True, env=few)
    assert found.returncode == 0 and "student" in found.stdout, found.stderr


def test_it_is_a_command():
    run = [sys.executable, "-m", "skdistill", "report", "--help"]
    found = subprocess.run(run, capture_output=True, text=True)
    assert found.returncode == 0 and "--trust" in found.stdout
    with pytest.raises(SystemExit, match="2"):
        main(["reprot"])
