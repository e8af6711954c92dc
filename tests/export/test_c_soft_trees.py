"""Soft trees of which all leaves answer, as headers of C."""

import numpy as np
import pytest
from c_cells import CELLS, DTYPES, cell, needs_compiler, proven_in_c, table
from exported import FEW, TREE
from sklearn.datasets import load_iris

from skdistill import SoftDecisionTreeClassifier

pytestmark = needs_compiler


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("kind", ["mixture", "linear"])
@pytest.mark.parametrize(("task", "table_kind"), CELLS)
def test_a_cell_of_the_matrix(kind, task, table_kind, tmp_path):
    proven_in_c(*cell(kind, task, table_kind), tmp_path, DTYPES[table_kind])


@pytest.mark.parametrize(
    "options",
    [{"split": "axis", **TREE}, {"max_leaf_nodes": 5, **FEW}, {"max_depth": 8, **FEW}],
    ids=["axis", "grown", "deep"],
)
def test_every_shape(options, tmp_path):
    X, y = load_iris(return_X_y=True)
    proven_in_c(SoftDecisionTreeClassifier(**options).fit(X, y), X, tmp_path)


@pytest.mark.parametrize("inference", ["mixture", "path"])
def test_an_adjusted_prior(inference, tmp_path):
    X, y = load_iris(return_X_y=True)
    student = SoftDecisionTreeClassifier(inference=inference, **TREE).fit(X, y)
    student.adjust_class_prior([0.9, 0.05, 0.05])
    proven_in_c(student, X, tmp_path)


def test_gates_that_are_sure(tmp_path):
    """Shares near 0 and 1, where sigmoids are rounded."""
    X = table("array")
    X[:, 0] *= 1e6
    student = SoftDecisionTreeClassifier(max_depth=4, max_epochs=30, lr=0.5)
    student.fit(X, np.digitize(X[:, 0], [-1e5, 1e5]))
    proven_in_c(student, X, tmp_path)
