"""Who is asked how: each model by what its library answers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from skdistill import soft_targets
from skdistill.teacher.dialects import as_model
from skdistill.teacher.models import Model
from skdistill.teacher.onnx import OnnxModel


class Both(torch.nn.Linear):
    """A module that also calls itself a classifier."""

    classes_ = np.array([0, 1, 2])

    def predict_proba(self, X):
        raise AssertionError("a module's logits are asked for")


def test_a_module_is_asked_for_logits_whatever_else_it_has():
    module, X = Both(2, 3).double(), np.random.default_rng(0).normal(size=(5, 2))
    logits = X @ module.weight.detach().numpy().T + module.bias.detach().numpy()
    np.testing.assert_allclose(soft_targets(module, X), softmax(logits, axis=1))


@pytest.mark.parametrize("library", ["lightgbm", "xgboost", "catboost"])
def test_classifiers_of_boosters_are_asked_as_any_estimator_is(library):
    boosters = pytest.importorskip(library)
    names = {"lightgbm": "LGBM", "xgboost": "XGB", "catboost": "CatBoost"}
    wrapper = getattr(boosters, f"{names[library]}Classifier")()
    assert type(as_model(wrapper)) is type(as_model(LogisticRegression())) is Model


def test_names_of_files_are_told_from_other_strings():
    for path in ("net.onnx", Path("folder") / "net.onnx"):
        assert type(as_model(path)) is OnnxModel
        with pytest.raises(ValueError, match="there is no such file"):
            soft_targets(path, [[0.0]])
    assert type(as_model("net.pkl")) is Model
