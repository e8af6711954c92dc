"""Students that train fast, and whether their predictors say the same."""

import numpy as np

from skdistill.export import to_numpy

FEW = {"max_epochs": 3, "random_state": 0}
TREE = {**FEW, "max_depth": 3}
SMALL = {"hidden_layer_sizes": (8,), **FEW}


def agree(student, X, predictor=None, rows=None):
    """That both say the same of all rows, and of the first alone."""
    predictor = to_numpy(student) if predictor is None else predictor
    rows = X if rows is None else rows
    first = X.iloc[:1] if hasattr(X, "iloc") else X[:1]
    for some, same in ((rows, X), (first, first)):
        ours, theirs = predictor.predict(some), student.predict(same)
        if not hasattr(student, "classes_"):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
        else:
            np.testing.assert_array_equal(ours, theirs)
            ours, theirs = predictor.predict_proba(some), student.predict_proba(same)
            if not isinstance(theirs, list):
                ours, theirs = [ours], [theirs]
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    return predictor
