import pytest
import torch
from sklearn.datasets import load_iris

from skdistill.search import joint as joint_training


@pytest.fixture(scope="module")
def data():
    return load_iris(return_X_y=True)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def joined(monkeypatch):
    """How many nets were trained together each time."""
    sizes, trained = [], joint_training._Joint.trained

    def counted(self):
        found = trained(self)
        sizes.append(len(self.requests))
        return found

    monkeypatch.setattr(joint_training._Joint, "trained", counted)
    return sizes
