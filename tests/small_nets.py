"""A torch module with what differs between its modes."""

import torch


class Net(torch.nn.Module):
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
