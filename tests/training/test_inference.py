"""A trained module on many rows."""

from functools import partial

import numpy as np
import torch
from small_nets import Wide

from skdistill import NeuralStudentClassifier


def test_a_module_predicts_in_its_own_dtype(iris):
    X, y = iris
    student = NeuralStudentClassifier(
        module=partial(Wide, dtype=torch.float64), max_epochs=2
    ).fit(X, y)
    assert student.module_.first.weight.dtype == torch.float64
    assert student.predict_proba(X).dtype == np.float64
