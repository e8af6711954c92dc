"""Single rows, which are answered without torch."""

from functools import partial

import numpy as np
import pytest
import torch
from small_nets import Wide

from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier
from skdistill.modules import MLP

FEW = {"max_epochs": 3, "random_state": 0}


class Doubled(MLP):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize("module", [Doubled(4, 3), partial(Wide, dtype=torch.float64)])
def test_modules_of_the_users_answer_single_rows_themselves(iris, module):
    X, y = iris
    student = NeuralStudentClassifier(module=module, **FEW).fit(X, y)
    for row in (0, 70, 149):
        few, many = student.predict_proba(X[row : row + 1]), student.predict_proba(X)
        np.testing.assert_allclose(few[0], many[row], atol=1e-6)


def test_single_rows_follow_the_inference_and_a_new_fit(iris):
    X, y = iris
    tree = SoftDecisionTreeClassifier(max_depth=2, **FEW).fit(X, y)
    seen = []
    for inference in ("mixture", "path", "mixture", "leaf"):
        few = tree.set_params(inference=inference).predict_proba(X[70:71])
        np.testing.assert_allclose(few[0], tree.predict_proba(X)[70], atol=1e-12)
        seen.append(few[0])
    np.testing.assert_array_equal(seen[0], seen[2])
    assert (seen[0] != seen[1]).any()
    tree.fit(X, y[::-1])
    few = tree.predict_proba(X[70:71])
    np.testing.assert_allclose(few[0], tree.predict_proba(X)[70], atol=1e-12)
