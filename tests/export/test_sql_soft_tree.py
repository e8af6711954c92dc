"""A soft tree with few columns as a SELECT."""

import numpy as np
import pytest
from written_sql import ENGINES, STUMP, checked, mixed, numbers, targets

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor

CLASSIFIERS = {
    "mixture": SoftDecisionTreeClassifier(**STUMP),
    "path": SoftDecisionTreeClassifier(inference="path", **STUMP),
    "leaf": SoftDecisionTreeClassifier(inference="leaf", **STUMP),
    "linear": SoftDecisionTreeClassifier(leaf="linear", **{**STUMP, "max_depth": 1}),
}
REGRESSORS = {
    "mixture": SoftDecisionTreeRegressor(**STUMP),
    "path": SoftDecisionTreeRegressor(inference="path", **STUMP),
    "linear": SoftDecisionTreeRegressor(leaf="linear", **{**STUMP, "max_depth": 1}),
}


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "kind", ["2 classes", "5 classes", "several targets", "labels"]
)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_on_numbers(name, kind, engine):
    X, y = numbers()
    checked(CLASSIFIERS[name].fit(X, targets(y, kind)), X, engine)


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_on_frames(name, engine):
    X, y = mixed()
    y = np.array(["no", "'); DROP TABLE t; --", "\\"])[y]
    checked(CLASSIFIERS[name].fit(X, y), X, engine)


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["one", "several", "quantiles"])
@pytest.mark.parametrize("name", REGRESSORS)
def test_soft_regressors(name, kind, engine):
    X, y = numbers()
    y = np.column_stack([y, -y]) if kind == "several" else y
    quantiles = [0.1, 0.5, 0.9] if kind == "quantiles" else None
    student = REGRESSORS[name].set_params(quantiles=quantiles)
    sql = checked(student.fit(X, y), X, engine)
    assert ('"prediction_quantile_0_1"' in sql) == (kind == "quantiles")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["mixture", "path"])
def test_an_adjusted_prior_is_kept(name, engine):
    X, y = numbers()
    student = CLASSIFIERS[name].fit(X, np.array(["a", "b", "c"])[y])
    student.adjust_class_prior({"a": 0.8, "b": 0.15, "c": 0.05})
    checked(student, X, engine)
