"""Torch modules as teachers."""

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from small_nets import Net

from skdistill import soft_targets


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_module_answers_with_logits_in_eval_mode(iris, dtype):
    X = iris[0]
    net = Net(dtype=dtype)
    net.stack[2].eval()  # a mixture of modes has to come back as it was
    modes = [part.training for part in net.modules()]
    state = torch.random.get_rng_state()
    first = soft_targets(net, X, temperature=2.0)
    np.testing.assert_array_equal(soft_targets(net, X, temperature=2.0), first)
    assert [part.training for part in net.modules()] == modes
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    with torch.no_grad():
        logits = net.eval()(torch.tensor(X, dtype=dtype)).double().numpy()
    np.testing.assert_allclose(first, softmax(logits / 2, axis=1))


def test_a_modules_state_comes_back_after_an_error():
    net = Net(n_inputs=3)
    state = torch.random.get_rng_state()
    with pytest.raises(ValueError, match="teacher=Net could not answer"):
        soft_targets(net, np.zeros((5, 4)))
    assert net.training and net.stack[1].training
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_module_that_ends_in_softmax_is_refused(iris):
    net = torch.nn.Sequential(Net(), torch.nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="must return logits"):
        soft_targets(net, iris[0])


def test_a_sigmoid_inside_a_module_is_refused(iris):
    net = torch.nn.Sequential(Net(n_outputs=1), torch.nn.Sigmoid())
    with pytest.raises(ValueError, match="must return logits"):
        soft_targets(net, iris[0], classes=["no", "yes"])


def test_a_module_with_one_output_is_a_binary_logit(iris):
    net = Net(n_outputs=1)
    with torch.no_grad():  # by chance, small ones could be taken for probabilities
        net.stack[-1].weight.mul_(30)
    P = soft_targets(net, iris[0], classes=["no", "yes"])
    with torch.no_grad():
        logit = net.eval()(torch.tensor(iris[0], dtype=torch.float32)).double().numpy()
    np.testing.assert_allclose(P[:, 1], expit(logit[:, 0]))


def test_a_tensor_with_a_gradient_is_taken(iris):
    net = Net().eval()

    def teacher(rows):
        return net(torch.tensor(rows, dtype=torch.float32)).softmax(dim=1)

    np.testing.assert_allclose(soft_targets(teacher, iris[0]).sum(axis=1), 1)


def test_a_module_that_returns_a_pair_is_refused(iris):
    class Pair(Net):
        def forward(self, x):
            return x, x

    with pytest.raises(ValueError, match="must return one tensor, not tuple"):
        soft_targets(Pair(), iris[0])
