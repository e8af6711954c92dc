"""Perceptrons: their precision, their members, and columns that level off."""

import pytest
import torch

from skdistill.modules import MLP, MLPMembers
from skdistill.modules.mlp import smooth_clip


def test_the_mlp_computes_in_the_precision_of_its_input():
    net = MLP(3, 2, generator=torch.Generator().manual_seed(0))
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    assert net(x.double()).dtype == torch.float64
    torch.testing.assert_close(net(x.double()).float(), net(x), rtol=1e-4, atol=1e-5)


def test_a_member_with_factors_of_one_is_the_perceptron():
    mlp = MLP(4, 2, (8,), generator=torch.Generator().manual_seed(0))
    x = torch.randn(5, 4, dtype=torch.double)
    want = mlp(x)
    members = MLPMembers(mlp, 3)
    for factor in members.before:
        factor.data.fill_(1.0)
    for one in members(x).unbind(1):
        torch.testing.assert_close(one, want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_clip_holds_for_any_number(dtype):
    x = torch.tensor([-torch.inf, -1e30, 1e19, 1e20, torch.inf], dtype=dtype)
    want = torch.tensor([-3.0, -3, 3, 3, 3], dtype=dtype)
    torch.testing.assert_close(smooth_clip(x, 3.0), want)
