"""Hard trees as headers of C."""

import numpy as np
import pytest
from c_cells import CELLS, cell, needs_compiler, proven_in_c, table
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from skdistill import HardDecisionTreeClassifier, StudentClassifier, StudentRegressor
from skdistill.export import to_c
from skdistill.export.arrays import predictor_of
from skdistill.export.c import leaves as c_leaves
from skdistill.export.c.leaves import seen, threshold_of_x
from skdistill.export.view_columns import Number, view_columns
from skdistill.tables.view import TableView

pytestmark = needs_compiler


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize(
    ("task", "kind"),
    [each for each in CELLS if each[0] != "quantiles"],  # which hard trees do not learn
)
def test_a_cell_of_the_matrix(task, kind, tmp_path):
    proven_in_c(*cell("hard", task, kind), tmp_path, ["double"])


def test_leaves_of_floats_are_reached_by_doubles(tmp_path):
    student, X = cell("hard", "five", "frame")
    assert (
        to_c(student, tmp_path / "a.h", dtype="float", X=X)["labels_that_differ"] == 0
    )
    student, X = cell("hard", "values", "array")
    proof = to_c(student, tmp_path / "a.h", dtype="float", X=X)
    assert 0 < proof["largest_difference"] < 1e-6


def test_trees_of_many_questions_are_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(c_leaves, "_MOST_BRANCHES", 2)
    for kind in ("frame", "array"):
        student, X = cell("hard", "five", kind)
        path = proven_in_c(student, X, tmp_path, ["double"])
        assert "threshold[node]" in path.read_text()
    monkeypatch.undo()
    path = proven_in_c(student, X, tmp_path, ["double"])
    assert "if (x[student_double_at_feature_0] > " in path.read_text()


def test_trees_of_another_library(tmp_path):
    X, y = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier(max_depth=3)
    proven_in_c(StudentClassifier(student=tree).fit(X, y), X, tmp_path)
    proven_in_c(StudentRegressor().fit(X, y), X, tmp_path)
    frame = table("frame")
    student = StudentClassifier(student=tree).fit(frame, frame["income"] > 1)
    proven_in_c(student, frame, tmp_path)


def test_a_single_leaf_and_an_adjusted_prior(tmp_path):
    X, y = load_iris(return_X_y=True)
    proven_in_c(HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, y), X, tmp_path)
    noise = np.tile([0, 1], 75)
    alone = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(np.ones((150, 2)), noise)
    proven_in_c(alone, np.ones((3, 2)), tmp_path)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    tree.adjust_class_prior([0.9, 0.05, 0.05])
    proven_in_c(tree, X, tmp_path)


def test_thresholds_of_a_scaled_view_with_tails(tmp_path):
    """Logarithms of C may be others: the thresholds are turned into columns of X."""
    X = table("frame")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8, preprocessor=TableView())
    tree.fit(X, X["income"] + X["age */"].fillna(0) > 2)
    proven_in_c(tree, X, tmp_path)
    predictor = predictor_of(tree)
    rules = [each for each in view_columns(predictor) if isinstance(each, Number)]
    assert any(rule.tail for rule in rules)
    for rule in rules:
        for threshold in (-0.7, 0.0, 1.3):
            x = threshold_of_x(rule, threshold)
            assert seen(rule, x) <= threshold < seen(rule, np.nextafter(x, np.inf))
        assert threshold_of_x(rule, 2e6) == np.inf
        assert threshold_of_x(rule, -2e6) == -np.inf
