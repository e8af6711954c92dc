"""What a report of a bug is given."""

from importlib.metadata import version

import sklearn

import skdistill


def _said(capsys):
    skdistill.show_versions()
    blocks = capsys.readouterr().out.strip().split("\n\n")
    return {
        title: dict(line.strip().split(": ", 1) for line in lines)
        for title, *lines in (block.splitlines() for block in blocks)
    }


def test_versions_are_those_of_the_packages_in_use(capsys):
    said = _said(capsys)
    assert list(said) == ["System", "skdistill", "Optional packages"]
    assert said["skdistill"]["skdistill"] == version("skdistill")
    assert said["skdistill"]["scikit-learn"] == sklearn.__version__
    assert said["skdistill"]["torch"] == version("torch")
    assert said["Optional packages"]["pytest"] == version("pytest")
    assert "None" not in said["Optional packages"].values()


def test_versions_tell_nothing_of_the_user(capsys):
    skdistill.show_versions()
    said = capsys.readouterr().out
    assert "/" not in said and "\\" not in said


def test_threads_that_the_environment_sets_are_told(capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    system = _said(capsys)["System"]
    assert system["OMP_NUM_THREADS"] == "3" and "OMP_WAIT_POLICY" not in system
