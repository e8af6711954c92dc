"""Students of plain questions as trees of scikit-learn's that answer alike.

Nothing here imports torch: the file runs with any scikit-learn alone.
"""

import pickle

import numpy as np
import pytest
from question_tables import (
    TABLES,
    TARGETS,
    student_of,
)
from sklearn.pipeline import Pipeline
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeRegressor,
)
from sklearn.utils.validation import check_is_fitted

from skdistill import (
    StudentClassifier,
    StudentRegressor,
)
from skdistill.export import to_sklearn_tree, verify


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("table", TABLES)
def test_a_tree_answers_as_its_student(table, target):
    X, score = TABLES[table]()
    y = TARGETS[target](score)
    student = student_of(y).fit(X, y)
    tree = to_sklearn_tree(student, X)
    record = tree.skdistill_proof_
    assert record["labels_that_differ"] in (0, None)
    assert record["largest_difference"] <= 1e-12
    assert record["rows"] > 256 + len(X)
    assert record["engine"] == "scikit-learn"
    assert isinstance(tree, Pipeline) == (table == "customers")
    check_is_fitted(tree)
    assert tree.n_features_in_ == X.shape[1]
    if hasattr(X, "columns"):
        assert tree.feature_names_in_.tolist() == list(X.columns)
    # To users' eyes: without a warning, and in the student's own form.
    said, ours = tree.predict(X), student.predict(X)
    assert said.shape == ours.shape
    if y.dtype.kind == "f":
        np.testing.assert_allclose(said, ours, rtol=1e-12)
    else:
        np.testing.assert_array_equal(said, ours)
    assert (
        verify(pickle.loads(pickle.dumps(tree)), student, X)["rows"] == record["rows"]
    )


CART = {
    "classes": (
        StudentClassifier,
        DecisionTreeClassifier(max_leaf_nodes=9),
        "5 classes",
    ),
    "labels": (StudentClassifier, DecisionTreeClassifier(max_depth=3), "labels"),
    "targets": (StudentClassifier, DecisionTreeClassifier(max_depth=3), "targets"),
    "of values": (StudentClassifier, DecisionTreeRegressor(max_depth=3), "5 classes"),
    "value": (StudentRegressor, DecisionTreeRegressor(max_depth=3), "value"),
    "extra": (
        StudentRegressor,
        ExtraTreeRegressor(max_depth=4, random_state=0),
        "value",
    ),
    "values": (StudentRegressor, DecisionTreeRegressor(max_depth=3), "values"),
}


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", CART)
def test_students_that_are_a_tree_of_scikit_learn(name, table):
    make, inner, target = CART[name]
    X, score = TABLES[table]()
    y = TARGETS[target](score)
    student = make(student=inner).fit(X, y)
    tree = to_sklearn_tree(student, X)
    assert tree.skdistill_proof_["largest_difference"] <= 1e-12
    assert tree.skdistill_proof_["labels_that_differ"] in (0, None)
