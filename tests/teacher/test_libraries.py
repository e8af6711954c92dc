"""A model's library is told without an import of it."""

import subprocess
import sys

import pytest

from skdistill.teacher.libraries import is_from

PROGRAM = """
import sys
from sklearn.linear_model import LogisticRegression
from skdistill import soft_targets
soft_targets(LogisticRegression().fit([[0], [1]], [0, 1]), [[0.5]])
others = {"lightgbm", "xgboost", "catboost", "onnxruntime", "torch", "skorch"}
assert not others & set(sys.modules), others & set(sys.modules)
"""


def test_a_model_of_scikit_learn_is_asked_without_an_import_of_other_libraries():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_a_subclass_is_from_the_library_too_and_a_namesake_is_not():
    boosters = pytest.importorskip("xgboost")
    inherited, namesake = (
        type("Booster", bases, {}) for bases in ((boosters.Booster,), ())
    )
    assert is_from(inherited(), "xgboost", "Booster")
    assert not is_from(namesake(), "xgboost", "Booster")
    assert not is_from(boosters.Booster(), "lightgbm", "Booster")
    assert not is_from(boosters.XGBClassifier(), "xgboost", "Booster")
