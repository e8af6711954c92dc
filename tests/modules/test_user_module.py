"""Nets that users bring."""

from functools import partial

import numpy as np
import pytest
import torch
from small_nets import Net, Wide

from skdistill import NeuralStudentClassifier
from skdistill.modules.user_module import check_module


def test_a_class_is_called_with_the_views_width(iris):
    X, y = iris
    student = NeuralStudentClassifier(
        module=partial(Wide, width=8), max_epochs=40, random_state=0
    ).fit(X, y)
    assert student.module_.first.weight.shape == (8, 4)
    assert student.score(X, y) > 0.9
    again = NeuralStudentClassifier(
        module=partial(Wide, width=8), max_epochs=40, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), student.predict_proba(X))


@pytest.mark.parametrize(
    ("module", "error", "message"),
    [
        (Wide(4, 2), ValueError, r"must return shape \(n, 3\)"),
        (Wide(5, 3), ValueError, "cannot take rows of 4 columns"),
        (lambda n, k: "net", TypeError, "must return a torch.nn.Module"),
        (torch.nn.Identity(), ValueError, "no parameters"),
    ],
)
def test_bad_modules(iris, module, error, message):
    with pytest.raises(error, match=message):
        NeuralStudentClassifier(module=module, max_epochs=50).fit(*iris)


def test_a_module_that_takes_other_arguments_is_named(iris):
    for module in (torch.nn.Conv1d, lambda n_inputs: Wide(n_inputs, 3)):
        with pytest.raises(
            TypeError, match=r"module\(n_inputs, n_outputs\): .*partial"
        ):
            NeuralStudentClassifier(module=module, max_epochs=50).fit(*iris)


def test_what_is_checked_is_left_as_it_was():
    module = Net()
    module.stack[1].eval()  # a user's norm that stays as it is
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    check_module(module, 4, 3)
    assert [part.training for part in module.stack] == [True, False, True, True]
    after = module.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
