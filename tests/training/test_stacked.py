"""Modules side by side compute what each does."""

import copy

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from small_students import SMALL, forest

from skdistill import DistillationSearchCV, NeuralStudentClassifier
from skdistill.modules import MLP, MLPMembers, SoftTree
from skdistill.modules.embeddings import NumericEmbedding
from skdistill.training.stacked import stacked, stacked_kind


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


def generator(seed):
    return torch.Generator().manual_seed(seed)


MAKES = {
    "net": lambda seed, **options: MLP(
        4, 3, (5,), generator=generator(seed), **options
    ),
    "members": lambda seed, **options: MLPMembers(
        MLP(4, 3, (5,), generator=generator(seed), **options), 2, generator(seed)
    ),
    "tree": lambda seed, **options: SoftTree(
        4, 3, max_depth=2, generator=generator(seed), **options
    ),
}


@pytest.mark.parametrize("name", MAKES)
@pytest.mark.parametrize("shape", [(6, 4), (3, 6, 4)], ids=["shared", "own"])
def test_outputs_are_those_of_each(name, shape):
    modules = [MAKES[name](seed).double().eval() for seed in range(3)]
    assert len({stacked_kind(module) for module in modules}) == 1
    stack, x = stacked(modules), torch.randn(shape, dtype=torch.float64)
    stack.training = False
    found, _ = stack.outputs(x)
    for i, module in enumerate(modules):
        own = x if x.dim() == 2 else x[i]
        torch.testing.assert_close(found[i], module(own))


@pytest.mark.parametrize("name", MAKES)
def test_a_module_gets_its_own_weights_back(name):
    modules = [MAKES[name](seed) for seed in range(3)]
    stack, before = stacked(modules), copy.deepcopy(modules)
    early = stack.state_of(0)
    with torch.no_grad():
        for weight in stack.weights.values():
            weight += torch.tensor([1.0, 2.0, 3.0]).view(-1, *[1] * (weight.dim() - 1))
    stack.give_back(1)
    stack.give_back(0, early)
    for shift, module, old in zip((0.0, 2.0, 0.0), modules, before, strict=True):
        for now, then in zip(module.parameters(), old.parameters(), strict=True):
            torch.testing.assert_close(now, then + shift)


def test_modules_that_differ_in_more_than_numbers_are_not_of_one_kind():
    kinds = [
        *(stacked_kind(make(0)) for make in MAKES.values()),
        *(stacked_kind(MAKES["net"](0, clip=limit)) for limit in (1.0, 2.0)),
        stacked_kind(MAKES["net"](0, activation="tanh")),
        stacked_kind(MLP(4, 3, (6,))),
        stacked_kind(SoftTree(4, 3, max_depth=3)),
        stacked_kind(MAKES["tree"](0, is_classifier=False)),
    ]
    assert None not in kinds and len(set(kinds)) == len(kinds)
    for alone in (
        MAKES["net"](0, dropout=0.5),
        MAKES["tree"](0, has_linear_leaves=True),
        torch.nn.Linear(4, 3),
    ):
        assert stacked_kind(alone) is None
