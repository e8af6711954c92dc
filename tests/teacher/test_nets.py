"""Skorch nets as teachers, also deep inside of others."""

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch import NeuralNetClassifier
from small_nets import Net

from skdistill import NeuralStudentClassifier, soft_targets
from skdistill.teacher.members import is_ready


def test_a_skorch_net_takes_float64_and_keeps_its_mode(iris):
    X, y = iris
    codes = np.unique(y, return_inverse=True)[1]
    net = NeuralNetClassifier(
        Net,
        criterion=torch.nn.CrossEntropyLoss,
        lr=0.1,
        max_epochs=20,
        train_split=None,
        verbose=0,
        iterator_train__shuffle=True,
    ).fit(X.astype(np.float32), codes)
    assert net.module_.training
    expected = net.predict_proba(X.astype(np.float32))
    net.module_.train()
    np.testing.assert_allclose(soft_targets(net, X), expected, atol=1e-6)
    assert net.module_.training
    student = NeuralStudentClassifier(net, max_epochs=2).fit(X, codes)
    assert student.teacher_ is net
    unfitted = NeuralNetClassifier(
        Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=1, verbose=0
    )
    assert not is_ready(unfitted)
    NeuralStudentClassifier(unfitted, max_epochs=2).fit(X, codes)
    assert not is_ready(unfitted)


def test_nets_deep_inside_are_put_back(iris):
    X, y = iris
    codes = np.unique(y, return_inverse=True)[1]
    net = NeuralNetClassifier(
        Net,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )
    cast = FunctionTransformer(np.float32)
    pipe = make_pipeline(cast, net).fit(X, codes)
    state = torch.random.get_rng_state()
    for form in (pipe, FrozenEstimator(pipe), [pipe]):
        pipe[-1].module_.train()
        soft_targets(form, X)
        assert pipe[-1].module_.training
    assert torch.equal(torch.random.get_rng_state(), state)
