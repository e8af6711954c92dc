"""How much columns matter."""

import numpy as np
import pytest
from pages import LABELS, TARGETS, VALUES, X, Y
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    importances,
)

FEW = {"max_epochs": 8, "random_state": 0}


def test_trees_have_theirs():
    numbers = X[["income", "is new"]].astype(float)
    for tree in (
        HardDecisionTreeClassifier(max_leaf_nodes=4),
        SoftDecisionTreeClassifier(max_depth=1, **FEW),
    ):
        found = importances(tree.fit(X, Y))
        np.testing.assert_array_equal(found, tree.feature_importances_)
        pipe = make_pipeline(StandardScaler(), tree).fit(numbers, Y)
        np.testing.assert_array_equal(importances(pipe), tree.feature_importances_)
    single = StudentClassifier(student=DecisionTreeClassifier(max_depth=3)).fit(X, Y)
    terms = single.preprocessor_.terms_
    of_terms = single.student_["model"].feature_importances_
    for j, share in enumerate(importances(single)):
        same = [of_terms[k] for k, term in enumerate(terms) if term.column == j]
        assert share == pytest.approx(sum(same))


@pytest.mark.parametrize("y", [Y, LABELS, TARGETS, VALUES])
def test_a_net_needs_rows_and_says_what_it_uses(y):
    make = NeuralStudentRegressor if y is VALUES else NeuralStudentClassifier
    rows = X.assign(constant=1.0)
    net = make(**FEW, transfer=None).fit(rows, y)
    found = importances(net, rows)
    assert found.shape == (6,) and found.sum() == pytest.approx(1)
    assert (found[:-1] > 0).all() and found[-1] == 0
    with pytest.raises(ValueError, match="give some as X"):
        importances(net)


@pytest.mark.slow
def test_rows_beyond_a_thousand_are_left_out_evenly():
    net = NeuralStudentClassifier(**FEW, transfer=None).fit(X, Y)
    many = X.iloc[np.repeat(np.arange(len(X)), 5)]
    np.testing.assert_array_equal(
        importances(net, many), importances(net, many.iloc[::2])
    )
