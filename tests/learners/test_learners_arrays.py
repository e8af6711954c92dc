"""Trained modules as arrays: outputs computed from these alone, by hand."""

from types import SimpleNamespace

import numpy as np
import torch

from skdistill.learners.arrays import (
    copied,
    is_ours,
    net_arrays,
    shared,
    soft_tree_arrays,
)
from skdistill.modules import MLP, MLPMembers, SoftTree

TASK = SimpleNamespace(widths=[2], quantiles=None)
X = np.random.default_rng(0).normal(size=(7, 4))


def perceptron():
    generator = torch.Generator().manual_seed(0)
    return MLP(4, 2, (5,), activation="tanh", generator=generator)


def said(module):
    with torch.no_grad():
        output = module.eval()(torch.from_numpy(X))
    return output.numpy()


def test_a_perceptron_by_hand():
    module = perceptron()
    meta, arrays = net_arrays(module, TASK, np.array([3.0]), copied)
    hidden = np.tanh(X @ arrays["weight_0"] + arrays["bias_0"])
    output = hidden @ arrays["weight_1"] + arrays["bias_1"]
    np.testing.assert_allclose(output, said(module), atol=1e-12)
    assert (meta["activation"], meta["n_members"]) == ("tanh", 0)
    np.testing.assert_array_equal(arrays["output_scale"], [3.0, 3.0])  # of each class


def test_members_by_hand():
    module = MLPMembers(perceptron(), 3, torch.Generator().manual_seed(1))
    meta, arrays = net_arrays(module, TASK, None, copied)
    assert meta["n_members"] == 3
    for member, output in enumerate(said(module).transpose(1, 0, 2)):
        z = X
        for i in range(2):
            before, after, bias = (
                arrays[f"{name}_{i}"][member] for name in ("before", "after", "bias")
            )
            z = (np.tanh(z) if i else z) * before @ arrays[f"weight_{i}"] * after + bias
        np.testing.assert_allclose(z, output, atol=1e-12)


def test_the_leaves_of_a_tree_are_those_that_its_inference_asks_for():
    tree = SoftTree(4, 2, max_depth=1, is_classifier=False)
    with torch.no_grad():
        tree.leaf.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tree.path_leaf.copy_(torch.tensor([[5.0, 6.0], [7.0, 8.0]]))
    _, arrays = soft_tree_arrays(tree, "mixture", copied)
    right = 1 / (1 + np.exp(-(X @ arrays["gate_weight"] + arrays["gate_bias"])))
    output = (1 - right) * arrays["leaf"][0] + right * arrays["leaf"][1]
    np.testing.assert_allclose(output, said(tree), atol=1e-7)
    for inference in ("path", "leaf"):
        _, arrays = soft_tree_arrays(tree, inference, copied)
        np.testing.assert_array_equal(arrays["leaf"], [[5.0, 6.0], [7.0, 8.0]])


def test_copies_stay_and_shared_memory_follows():
    module = perceptron()
    kept, seen = (net_arrays(module, TASK, None, of)[1] for of in (copied, shared))
    with torch.no_grad():
        module.layers[0].weight.zero_()
    assert kept["weight_0"].any() and not seen["weight_0"].any()


def test_a_users_subclass_is_not_ours():
    class Own(MLP):
        pass

    assert is_ours(perceptron()) and not is_ours(Own(4, 2))
