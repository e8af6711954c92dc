"""Models of scikit-learn's interface are asked by what they have."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from skdistill import soft_targets


def test_columns_are_found_by_name_whatever_their_order():
    X, y = load_wine(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=5000).fit(X[["hue", "alcohol"]], y)
    expected = model.predict_proba(X[["hue", "alcohol"]])
    for frame in (X, X[["alcohol", "hue"]]):
        np.testing.assert_allclose(soft_targets(model, frame), expected, atol=1e-6)
    with pytest.raises(ValueError, match="was fitted on 2 columns and X has 1"):
        soft_targets(model, X[["hue"]])


def test_scores_of_pairs_are_refused(iris):
    X, y = iris
    pairs = SVC(decision_function_shape="ovo").fit(X[:, :2], y)
    with pytest.raises(ValueError, match='decision_function_shape="ovr"'):
        soft_targets(pairs, X[:, :2])
