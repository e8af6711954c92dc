"""Rows that break exports, of tables of any width."""

import numpy as np
from exported import SMALL

from skdistill import NeuralStudentClassifier
from skdistill.export.arrays import predictor_of
from skdistill.export.hostile import hostile_rows


def test_a_wide_table_has_fewer_hostile_rows():
    """All of them would be as many cells as the square of the columns, times 20."""
    X = np.random.default_rng(0).normal(size=(40, 3000))
    net = NeuralStudentClassifier(numeric_embedding=None, **SMALL).fit(X, X[:, 0] > 0)
    columns = hostile_rows(net, predictor_of(net), np.random.default_rng(0))
    assert len(columns) == 3000
    assert 256 <= len(columns[0]) < 3000
    assert np.isnan(columns[0]).any()
    assert 1e30 in columns[7]
