"""Torch modules of the users."""

import torch


class Net(torch.nn.Module):
    """With what differs between its modes."""

    def __init__(self, n_inputs=4, n_outputs=3, dtype=None):
        super().__init__()
        self.stack = torch.nn.Sequential(
            torch.nn.Linear(n_inputs, 8, dtype=dtype),
            torch.nn.BatchNorm1d(8, dtype=dtype),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(8, n_outputs, dtype=dtype),
        )

    def forward(self, x):
        return self.stack(x)


class Wide(torch.nn.Module):
    """With one hidden layer."""

    def __init__(self, n_inputs, n_outputs, width=16, dtype=None):
        super().__init__()
        self.first = torch.nn.Linear(n_inputs, width, dtype=dtype)
        self.second = torch.nn.Linear(width, n_outputs, dtype=dtype)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))
