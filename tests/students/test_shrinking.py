"""Nets made smaller: fewer neurons, weights of fewer bits."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    prune,
    quantize,
    smallest_student,
)
from skdistill.export import load, to_numpy
from skdistill.learners.thinning import thinned
from skdistill.metrics import fidelity

FEW = {"max_epochs": 10, "transfer": None, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:900], y[:900]


@pytest.fixture(scope="module")
def net(digits):
    return NeuralStudentClassifier(hidden_layer_sizes=(64, 32), **FEW).fit(*digits)


def n_weights(net):
    return sum(layer.weight.numel() + len(layer.bias) for layer in net.module_.layers)


@pytest.mark.parametrize("sparsity", [0.3, 0.8])
def test_neurons_are_gone_for_real(digits, net, sparsity):
    X, _ = digits
    before = net.predict_proba(X)
    small = prune(net, X, sparsity=sparsity, max_epochs=2)
    assert n_weights(small) <= (1 - sparsity) * n_weights(net)
    widths = [layer.out_features for layer in small.module_.layers]
    assert small.hidden_layer_sizes == tuple(widths[:-1])
    np.testing.assert_array_equal(net.predict_proba(X), before)  # not changed
    assert net.hidden_layer_sizes == (64, 32)
    again = clone(small).fit(*digits)
    assert [layer.out_features for layer in again.module_.layers] == widths
    assert small.fidelity_["after"]["agreement"] > 0.9


def test_without_training_it_is_near(digits, net):
    """Second order beats a choice by chance, by far."""
    X, _ = digits
    p = net.predict_proba(X)
    kept = prune(net, X, sparsity=0.9, max_epochs=0)
    assert kept.hidden_layer_sizes[0] < 64
    kl = fidelity(kept.predict_proba(X), p)["kl"]
    chance = []
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randperm(64, generator=generator)[: kept.hidden_layer_sizes[0]]
        cols = torch.randperm(32, generator=generator)[: kept.hidden_layer_sizes[1]]
        first, second, third = net.module_.layers
        x = net.module_.seen(torch.from_numpy(net._view(X)).float())
        h = torch.relu(x @ first.weight[rows].T + first.bias[rows])
        h = torch.relu(h @ second.weight[cols][:, rows].T + second.bias[cols])
        q = (h @ third.weight[:, cols].T + third.bias).softmax(1).detach().numpy()
        chance.append(fidelity(q.astype(float), p)["kl"])
    assert kl < min(chance) / 5


def test_what_is_useless_costs_nothing():
    """Dead neurons, copies of neurons, and edges of bins on a line go first."""
    X, y = load_iris(return_X_y=True)
    net = NeuralStudentClassifier(hidden_layer_sizes=(12,), **FEW).fit(X, y)
    first, last = net.module_.layers
    with torch.no_grad():
        first.weight[3:6] = first.weight[:3]  # copies
        first.bias[3:6] = first.bias[:3]
        first.weight[6:], first.bias[6:] = 0.0, -1.0  # never on
        n_inputs = X.shape[1]
        first.weight[:, n_inputs:] = net.module_.embedding.width  # one slope: no bends
    want = net.predict_proba(X)
    sparsity = 1 - (4 * 13 + 5 * 3) / (first.weight.numel() + last.weight.numel())
    small = prune(net, X, sparsity=sparsity, max_epochs=0)
    np.testing.assert_allclose(small.predict_proba(X), want, atol=0.02)


def test_edges_of_bins_are_merged():
    X, y = load_diabetes(return_X_y=True)
    net = NeuralStudentRegressor(hidden_layer_sizes=(8,), **FEW).fit(X, y)
    small = prune(net, X, sparsity=0.7, max_epochs=5)
    assert len(small.module_.embedding.low) < len(net.module_.embedding.low)
    predictor = to_numpy(small)  # which relies on bins side by side
    np.testing.assert_allclose(predictor.predict(X), small.predict(X), rtol=1e-9)
    np.testing.assert_allclose(
        predictor.predict(X[:1]), small.predict(X[:1]), rtol=1e-9
    )
    assert small.fidelity_["after"]["r2"] > 0.8


@pytest.mark.parametrize(
    "options",
    [
        {"quantiles": [0.1, 0.5, 0.9]},
        {"numeric_embedding": None, "activation": "gelu"},
        {"numeric_embedding": "periodic", "dropout": 0.1},
        {"preprocessor": None, "numeric_embedding": None, "clip": 3.0},
    ],
)
def test_any_net_of_values(options):
    X, y = load_diabetes(return_X_y=True)
    net = NeuralStudentRegressor(hidden_layer_sizes=(16, 16), **options, **FEW).fit(
        X, y
    )
    small = prune(net, X, sparsity=0.5, max_epochs=5)
    assert small.predict(X).shape == net.predict(X).shape
    assert np.corrcoef(small.predict(X).ravel(), net.predict(X).ravel())[0, 1] > 0.9
    to_numpy(quantize(small))


def test_several_targets_and_shifts(digits):
    X, y = digits
    many = NeuralStudentClassifier(hidden_layer_sizes=(16,), **FEW)
    many.fit(X, np.column_stack([y > 4, y % 3]))
    small = prune(many, X, sparsity=0.5, max_epochs=2)
    assert small.predict(X).shape == (len(X), 2)
    two = NeuralStudentClassifier(hidden_layer_sizes=(16,), **FEW).fit(X, y > 4)
    two.adjust_class_prior([0.9, 0.1])
    small = prune(two, X, sparsity=0.5, max_epochs=5)
    np.testing.assert_allclose(small.class_prior_, [0.9, 0.1])
    mean = two.predict_proba(X)[:, 1].mean()
    assert abs(small.predict_proba(X)[:, 1].mean() - mean) < 0.05


def test_an_open_scale_is_kept():
    X, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(random_state=0).fit(X, y)
    net = NeuralStudentClassifier(forest, hidden_layer_sizes=(16,), loss="dist", **FEW)
    net.fit(X, y)
    small = prune(net, X, sparsity=0.3)
    assert fidelity(small.predict_proba(X), net.predict_proba(X))["kl"] < 0.1
    assert small.teacher_ is net.teacher_


def test_whole_numbers_times_one_scale(net):
    small = quantize(net)
    for layer, was, scale in zip(
        small.module_.layers, net.module_.layers, small.weight_scales_, strict=True
    ):
        codes = layer.weight.detach().double().numpy() / scale[:, None]
        np.testing.assert_array_equal(codes, np.rint(codes))
        assert np.abs(codes).max() <= 127
        off = (layer.weight - was.weight).detach().abs().numpy()
        assert (off <= scale[:, None] / 2 * (1 + 1e-6)).all()
    assert small.fidelity_["after"]["agreement"] > 0.9
    assert small.fidelity_["rows"] == "256 drawn rows"


@pytest.mark.parametrize(
    ("dtype", "share"),
    [("int8", 0.3), pytest.param("float16", 0.6, marks=pytest.mark.slow)],
)
def test_a_file_keeps_the_few_bits(tmp_path, digits, net, dtype, share):
    X, _ = digits
    small = quantize(net, dtype, X)
    predictor = to_numpy(small, X)
    assert predictor.nbytes < share * to_numpy(net).nbytes
    predictor.save(tmp_path / "small.npz")
    again = load(tmp_path / "small.npz")
    np.testing.assert_allclose(
        again.predict_proba(X), small.predict_proba(X), rtol=1e-9, atol=1e-12
    )
    assert again.nbytes == predictor.nbytes
    twin = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(twin.predict_proba(X), small.predict_proba(X))


def test_fit_learns_in_full_precision(digits, net):
    small = quantize(net)
    again = clone(small).fit(*digits)
    assert not hasattr(again, "weight_scales_")
    small.fit(*digits)
    assert not hasattr(small, "weight_scales_")
    assert not hasattr(small, "fidelity_")


def test_members_have_few_bits_too():
    X, y = load_iris(return_X_y=True)
    net = NeuralStudentClassifier(n_members=3, **FEW).fit(X, y)
    to_numpy(quantize(net), X)
    with pytest.raises(ValueError, match="n_members=3"):
        prune(net, X)


@pytest.mark.slow
def test_the_smallest_that_is_good_enough(digits):
    X, y = digits
    forest = RandomForestClassifier(random_state=0).fit(X[::2], y[::2])
    student = NeuralStudentClassifier(forest, numeric_embedding=None, **FEW)
    sizes = [{"sparsity": s, "dtype": "int8"} for s in (0.97, 0.5)] + [{}]
    result = smallest_student(
        student,
        X[::2],
        y[::2],
        X_val=X[1::2],
        y_val=y[1::2],
        tolerance=0.2,
        sizes=sizes,
    )
    sizes = [point["n_numbers"] for point in result.curve]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 20
    with pytest.raises(ValueError, match="sparsity"):
        smallest_student(
            SoftDecisionTreeClassifier(forest, max_epochs=50),
            *(X, y),
            X_val=X,
            y_val=y,
            sizes={"sparsity": [0.5]},
        )


def test_what_cannot_be_made_smaller(digits, net):
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(max_depth=2, **FEW).fit(X, y)
    own = NeuralStudentClassifier(module=nn.Linear, **FEW).fit(X, y)
    flat = NeuralStudentClassifier(hidden_layer_sizes=(), **FEW).fit(X, y)
    for function in (prune, lambda net, X: quantize(net)):
        with pytest.raises(TypeError, match="is none"):
            function(tree, X)
        with pytest.raises(TypeError, match="module=Linear"):
            function(own, X)
        with pytest.raises(ValueError, match="not fitted"):
            function(NeuralStudentClassifier(), X)
    with pytest.raises(ValueError, match="no neurons"):
        prune(flat, X)
    with pytest.raises(ValueError, match="sparsity"):
        prune(net, digits[0], sparsity=1.0)
    with pytest.raises(ValueError, match="dtype"):
        quantize(net, "int4")
    with torch.no_grad():
        flat.module_.layers[0].weight[0, 0] = 1e6
    with pytest.raises(ValueError, match=r"layers\.0\.weight has 1e\+06"):
        quantize(flat, "float16")


def test_one_neuron_stays(digits, net):
    x = net._view(digits[0])
    module = thinned(net._model(), x, 0.9999, np.random.RandomState(0))
    assert min(layer.in_features for layer in module.layers[1:]) == 1
