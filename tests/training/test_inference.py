"""A trained module on many rows."""

from functools import partial

import numpy as np
import pytest
import torch
from small_nets import Net, Wide

from skdistill import NeuralStudentClassifier
from skdistill.training import inference
from skdistill.training.batches import Rows
from skdistill.training.inference import by_length, in_chunks, row_losses
from skdistill.training.objective import Objective, get_loss


def test_a_module_predicts_in_its_own_dtype(iris):
    X, y = iris
    student = NeuralStudentClassifier(
        module=partial(Wide, dtype=torch.float64), max_epochs=2
    ).fit(X, y)
    assert student.module_.first.weight.dtype == torch.float64
    assert student.predict_proba(X).dtype == np.float64


@pytest.mark.parametrize("n", [0, 1, 64, 1000])
def test_chunks_are_the_whole(n, monkeypatch):
    module, x = Net().eval(), np.random.default_rng(0).normal(size=(n, 4))
    whole = module(torch.from_numpy(x).float()).detach().numpy()
    monkeypatch.setattr(inference, "_MOST_ROWS", 64)
    found = in_chunks(module, module, x)
    assert found.shape == (n, 3) and found.dtype == np.float64
    np.testing.assert_allclose(found, whole, atol=1e-6)
    places = in_chunks(lambda batch: module(batch).argmax(dim=1), module, x)
    np.testing.assert_array_equal(places, whole.argmax(axis=1))
    assert places.dtype == np.int64


def test_losses_of_rows_are_those_of_the_module_at_rest():
    module, x = Net(), torch.randn(5000, 4)  # more than one batch
    target, weight = torch.randn(5000, 3).softmax(dim=1), torch.rand(5000)
    rows = Rows(x, target, weight, None, None, n_labelled=0)
    soft = get_loss("kl", "classifier")
    found = row_losses(module, rows, Objective(soft, soft))
    log_q = module.eval()(x).log_softmax(dim=1).detach()
    wanted = (target * (target.log() - log_q)).sum(dim=1)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("longest", [3, 5000])
def test_rows_of_like_lengths_come_back_in_their_order(longest):
    lengths = np.random.RandomState(0).randint(1, longest, size=200)
    x = np.full((200, 1, 4), -1, dtype=np.int32)
    x[:, 0, 0] = np.arange(200)
    seen = []

    def answer(batch):
        seen.append(len(batch))
        return batch[:, 0, :1].double()

    found = by_length(answer, torch.nn.Linear(1, 1), x, lengths)
    np.testing.assert_array_equal(found[:, 0], np.arange(200))
    assert sum(seen) == 200 and max(seen) <= 1024
    assert by_length(answer, torch.nn.Linear(1, 1), x[:0], lengths[:0]).shape == (0, 1)
