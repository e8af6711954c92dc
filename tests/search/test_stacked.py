"""Modules side by side compute what each does."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from small_students import SMALL, forest

from skdistill import DistillationSearchCV, NeuralStudentClassifier
from skdistill.modules.embeddings import NumericEmbedding


class Waves(NumericEmbedding):
    """Of a user: what its module computes is in no parameter and no buffer."""

    def __init__(self, pace=1.0):
        self.pace = pace

    def _validate_params(self):
        pass

    def _module(self, x, numeric, target, weight, generator):
        module = torch.nn.Module()
        module.n_outputs, pace = x.shape[1], self.pace
        module.forward = lambda x: (pace * x).sin()
        return module


@pytest.mark.usefixtures("double")
def test_embeddings_of_the_users_own_are_not_mixed_up(data):
    student = NeuralStudentClassifier(forest(), transfer=None, **SMALL)
    grid = {"numeric_embedding": [Waves(0.1), Waves(1.0), Waves(5.0)]}
    options = {"cv": 2, "scoring": "neg_log_loss", "refit": False}
    found = DistillationSearchCV(student, grid, **options).fit(*data).cv_results_
    wanted = GridSearchCV(student, grid, **options).fit(*data).cv_results_
    key = "mean_test_score"
    np.testing.assert_allclose(found[key], wanted[key], atol=1e-6)
