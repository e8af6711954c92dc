"""The package as a user meets it before fitting anything."""

import ast
import configparser
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skdistill

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_import_is_cheap():
    code = "import skdistill, sys; assert not {'torch', 'skorch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_readme_is_short_and_its_code_runs(tmp_path, monkeypatch, capsys):
    assert len(README.splitlines()) <= 80
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S):
        exec(code, {})
    assert " % of rows, n = " in capsys.readouterr().out
    written = {path.name for path in tmp_path.iterdir()}
    assert written >= {"tree.html", "tree.joblib", "net.npz"}


def test_what_the_readme_points_at_is_there():
    for name in re.findall(r"\]\((\S+)\)", README):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r"python\s+-m benchmarks\.(\w+)", README):
        assert (ROOT / "benchmarks" / f"{name}.py").is_file(), name


def test_public_names():
    assert skdistill.__all__ == [
        "Bootstrap",
        "Checkpoint",
        "ConditionalSampler",
        "ConformalStudent",
        "DisagreementDisplay",
        "DistillationReport",
        "DistillationSearchCV",
        "FidelityDisplay",
        "FidelityMonitor",
        "FixedRows",
        "GaussianNoise",
        "HalvingDistillationSearchCV",
        "HardDecisionTreeClassifier",
        "HardDecisionTreeRegressor",
        "HistoryDisplay",
        "InContext",
        "Mixup",
        "Munge",
        "NeuralStudentClassifier",
        "NeuralStudentRegressor",
        "ParquetRows",
        "Periodic",
        "PiecewiseLinear",
        "ScoreDrift",
        "SizeDisplay",
        "SoftDecisionTreeClassifier",
        "SoftDecisionTreeRegressor",
        "StudentClassifier",
        "StudentRegressor",
        "TextClassifier",
        "TextReplacement",
        "TextStudentClassifier",
        "TextStudentRegressor",
        "all_counterfactuals",
        "counterfactual",
        "explain",
        "export_graphviz",
        "export_html",
        "export_rules",
        "export_text",
        "importances",
        "plot_gate_filters",
        "plot_tree",
        "prune",
        "quantize",
        "show_versions",
        "smallest_student",
        "soft_targets",
    ]
    assert set(skdistill.__all__) <= set(dir(skdistill))
    with pytest.raises(AttributeError, match="no attribute 'Student'"):
        skdistill.Student  # noqa: B018


def test_every_file_that_tells_the_version_tells_the_same():
    release = re.escape(skdistill.__version__)
    cite = (ROOT / "docs" / "cite.rst").read_text()
    assert re.search(f"version = {{{release}}}$", cite, re.M)
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(f"^version: {release}$", citation, re.M)
    changes = (ROOT / "CHANGES.md").read_text()
    assert re.search(f"^## {release}$", changes, re.M)


@pytest.mark.parametrize("name", skdistill.__all__)
def test_documented_parameters_and_defaults_are_the_real_ones(name):
    thing = getattr(skdistill, name)
    text = inspect.getdoc(thing)
    for parameter in inspect.signature(thing).parameters.values():
        found = re.search(rf"^\**{parameter.name} : (.*(?:\\\n.*)?)$", text, re.M)
        assert found, f"{name} does not document {parameter.name}"
        if parameter.default is not parameter.empty and "default=" in found[1]:
            shown = found[1].split("default=")[1].strip()
            if parameter.default != parameter.default:
                assert shown == "nan", parameter.name
                continue
            assert ast.literal_eval(shown) == parameter.default, parameter.name


def test_the_tested_floors_are_those_that_are_claimed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    installed = floors(config["options"]["install_requires"]) + floors(extras["test"])
    lines = (ROOT / "constraints-min.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line)
    assert not {package for package, _ in installed} - set(tested)
    others = [each for packages in extras.values() for each in floors(packages)]
    for package, floor in installed + others:
        if package in tested:
            assert f"{tested[package]}.".startswith(f"{floor}."), package


def floors(requirements):
    """The packages and their oldest versions, of a list in setup.cfg."""
    return re.findall(r"^([\w-]+)(?:\[\w+\])?>=([\w.]+)", requirements, re.M)


def test_constraints_pin_what_is_required():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    assert pinned["torch"] == "2.13.0"
    assert {"scikit-learn", "skorch", "numpy", "ruff", "pytest"} <= set(pinned)
