"""Embeddings of numeric columns, which let a net follow the steps of trees."""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

# Edges are computed from so many rows at most.
_ROWS_FOR_EDGES = 20_000
# "auto" embeds so many numeric columns at most.
_MOST_COLUMNS = 100


class NumericEmbedding(BaseEstimator, metaclass=ABCMeta):
    """How a net sees the numeric columns of its view.

    A column is numeric if it has three values or more; indicators stay as they are.
    """

    def module(self, x, target, weight, generator):
        """A torch module that embeds such rows.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The student's view of the training rows.
        target : ndarray of shape (n, n_outputs)
            What is to be learnt about the rows.
        weight : ndarray of shape (n,)
            Weights of the rows.
        generator : torch.Generator
            Draws initial weights.

        Returns
        -------
        torch.nn.Module
            With ``n_outputs``, the number of columns that it returns.
        """
        self._validate_params()
        rows = np.flatnonzero(weight)
        if len(rows) > _ROWS_FOR_EDGES:  # evenly spaced, so without a random draw
            step = len(rows) / _ROWS_FOR_EDGES
            rows = rows[(np.arange(_ROWS_FOR_EDGES) * step).astype(int)]
        x, target, weight = x[rows], target[rows], weight[rows]
        numeric = [j for j in range(x.shape[1]) if len(np.unique(x[:, j])) > 2]
        return self._module(x, numeric, target, weight, generator)

    @abstractmethod
    def _module(self, x, numeric, target, weight, generator):
        """The module, from some of the rows."""


class PiecewiseLinear(NumericEmbedding):
    """Numeric columns as piecewise-linear coordinates, beside the columns themselves.

    The range of a column is cut into bins; each bin gives a coordinate that is 0 below
    it, 1 above it, and linear within [1]_. A linear layer on top can bend at each edge,
    as sums of shallow trees can step there.

    Parameters
    ----------
    n_bins : int, default=32
        Bins of each column, at most.
    edges : {"quantiles", "tree"}, default="quantiles"
        Where the bins meet: at quantiles of the column, where a frequent value has an
        edge for itself and the others share the rest; or at the splits of a regression
        tree that predicts what is to be learnt from the column alone.

    References
    ----------
    .. [1] Gorishniy, Rubachev, Babenko: On Embeddings for Numerical Features in Tabular
       Deep Learning, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skdistill import PiecewiseLinear
    >>> x = np.arange(5.0)[:, None]
    >>> module = PiecewiseLinear(n_bins=2).module(x, x, np.ones(5), None)
    >>> module(torch.tensor([[1.0], [3.0]]))
    tensor([[1.0000, 0.5000, 0.0000],
            [3.0000, 1.0000, 0.5000]])
    """

    _parameter_constraints: dict = {
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "edges": [StrOptions({"quantiles", "tree"})],
    }

    def __init__(self, n_bins=32, *, edges="quantiles"):
        self.n_bins = n_bins
        self.edges = edges

    def _module(self, x, numeric, target, weight, generator):
        edges = [self._edges(x[:, j], target, weight) for j in numeric]
        return PiecewiseLinearEncoding(x.shape[1], numeric, edges)

    def _edges(self, column, target, weight):
        low, high = column.min(), column.max()
        if self.edges == "quantiles":
            inner = self._quantiles(column, weight)
        else:
            tree = DecisionTreeRegressor(
                max_leaf_nodes=self.n_bins,
                min_samples_leaf=max(1, len(column) // 1000),
                random_state=0,
            )
            tree.fit(column[:, None], target, sample_weight=weight)
            inner = tree.tree_.threshold[tree.tree_.feature >= 0]
        return np.unique(np.concatenate([[low], inner, [high]]).astype(np.float64))

    def _quantiles(self, column, weight):
        """Edges that part the weight evenly; a frequent value is itself an edge."""
        values, number = np.unique(column, return_inverse=True)
        if len(values) <= self.n_bins:
            return values
        mass = np.bincount(number, weights=weight)
        is_frequent = mass > mass.sum() / self.n_bins
        n_left = max(2, self.n_bins - is_frequent.sum())
        below = mass[~is_frequent].cumsum()
        # A weight of 2 is the row twice: what differs by rounding alone is a tie.
        wanted = np.linspace(0, 1, n_left + 1)[1:-1] * below[-1] * (1 - 1e-9)
        inner = values[~is_frequent][np.searchsorted(below, wanted)]
        return np.concatenate([values[is_frequent], inner])


class Periodic(NumericEmbedding):
    """Sines and cosines of numeric columns at learnt frequencies, beside the columns.

    Each column's waves go through a small layer for this column [1]_.

    Parameters
    ----------
    n_frequencies : int, default=16
        Number of frequencies of each column.
    n_outputs : int, default=8
        Columns that each column's layer returns.
    scale : float, default=0.1
        Standard deviation of the initial frequencies, in cycles for each standard
        deviation of the column.

    References
    ----------
    .. [1] Gorishniy, Rubachev, Babenko: On Embeddings for Numerical Features in Tabular
       Deep Learning, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skdistill import Periodic
    >>> x = np.arange(5.0)[:, None]
    >>> Periodic(n_outputs=3).module(x, x, np.ones(5), None)(torch.ones(2, 1)).shape
    torch.Size([2, 4])
    """

    _parameter_constraints: dict = {
        "n_frequencies": [Interval(Integral, 1, None, closed="left")],
        "n_outputs": [Interval(Integral, 1, None, closed="left")],
        "scale": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, n_frequencies=16, *, n_outputs=8, scale=0.1):
        self.n_frequencies = n_frequencies
        self.n_outputs = n_outputs
        self.scale = scale

    def _module(self, x, numeric, target, weight, generator):
        return PeriodicEncoding(
            x.shape[1],
            numeric,
            self.n_frequencies,
            self.n_outputs,
            self.scale,
            generator,
        )


#: Embeddings that ``numeric_embedding`` knows by name.
NAMES = {"piecewise_linear": PiecewiseLinear, "periodic": Periodic}


def embedding_named(name, x):
    """The embedding that a name stands for.

    Parameters
    ----------
    name : str
        One of ``NAMES``, or "auto".
    x : ndarray of shape (n, n_inputs)
        The student's view of the training rows.

    Returns
    -------
    NumericEmbedding or None
        None for "auto" where many columns would make a huge net.
    """
    if name != "auto":
        return NAMES[name]()
    numeric = ((x > x.min(axis=0)) & (x < x.max(axis=0))).any(axis=0)
    return PiecewiseLinear() if numeric.sum() <= _MOST_COLUMNS else None


class PiecewiseLinearEncoding(nn.Module):
    """The columns, and for each bin of each numeric one how far it is filled.

    Parameters
    ----------
    n_inputs : int
        Number of columns.
    numeric : list of int
        Which are numeric.
    edges : list of ndarray of shape (n_edges,)
        Where the bins of each of these begin and end, ascending.
    """

    def __init__(self, n_inputs, numeric, edges):
        super().__init__()
        # Edges that float32 cannot tell apart would make bins of no width.
        edges = [np.unique(each.astype(np.float32)) for each in edges]
        self._numeric, self._counts = list(numeric), [len(each) for each in edges]
        whole = np.concatenate([np.empty(0, np.float32), *edges])
        self.register_buffer("edges", torch.from_numpy(whole))
        self._make_bins()
        self.n_outputs = n_inputs + len(self.column)

    def _make_bins(self):
        """Compute each bin's column, beginning and width from the edges."""
        counts = torch.tensor(self._counts, dtype=torch.long)
        numeric = torch.tensor(self._numeric, dtype=torch.long)
        column = numeric.repeat_interleave((counts - 1).clamp(min=0))
        begins = torch.ones(len(self.edges), dtype=torch.bool)
        begins[counts.cumsum(0) - 1] = False  # the last edge of each
        begins = begins[:-1].to(self.edges.device)
        self.register_buffer("column", column.to(self.edges.device))
        self.register_buffer("low", self.edges[:-1][begins])
        self.register_buffer("high", self.edges[1:][begins])

    @property
    def width(self):
        """Widths of the bins, in double precision."""  # numpydoc ignore=RT01
        # Rounded, they would not end where the next bin begins.
        return self.high.double() - self.low.double()

    def __getstate__(self):
        """The state without what can be computed from the edges."""
        state = self.__dict__.copy()
        state["_buffers"] = {"edges": self.edges}
        return state

    def __setstate__(self, state):
        """Make the bins again."""
        super().__setstate__(state)
        self._make_bins()

    def forward(self, x):
        """Embed rows.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            The student's view.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            The columns first.
        """
        low, high = self.low.to(x.dtype), self.high.to(x.dtype)
        filled = ((x.index_select(1, self.column) - low) / (high - low)).clamp_(0, 1)
        return torch.cat([x, filled], dim=1)


class PeriodicEncoding(nn.Module):
    """The columns, and for each numeric one a layer on its sines and cosines.

    Parameters
    ----------
    n_inputs : int
        Number of columns.
    numeric : list of int
        Which are numeric.
    n_frequencies : int
        Number of frequencies of each of these columns.
    n_outputs : int
        Columns that are returned for each of these.
    scale : float
        Standard deviation of the initial frequencies.
    generator : torch.Generator
        Draws them, and the initial weights.
    """

    def __init__(self, n_inputs, numeric, n_frequencies, n_outputs, scale, generator):
        super().__init__()
        d, bound = len(numeric), (2 * n_frequencies) ** -0.5

        def drawn(draw, *shape):
            return nn.Parameter(draw(torch.empty(shape), generator=generator))

        def uniform(tensor, generator):
            return tensor.uniform_(-bound, bound, generator=generator)

        def normal(tensor, generator):
            return tensor.normal_(0, scale, generator=generator)

        self.register_buffer("column", torch.tensor(numeric, dtype=torch.long))
        self.frequency = drawn(normal, d, n_frequencies)
        self.weight = drawn(uniform, d, 2 * n_frequencies, n_outputs)
        self.bias = drawn(uniform, d, n_outputs)
        self.n_outputs = n_inputs + d * n_outputs

    def forward(self, x):
        """Embed rows.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            The student's view.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            The columns first.
        """
        frequency, weight, bias = (
            p.to(x.dtype) for p in (self.frequency, self.weight, self.bias)
        )
        angle = 2 * torch.pi * x.index_select(1, self.column)[:, :, None] * frequency
        waves = torch.cat([angle.cos(), angle.sin()], dim=2)
        out = torch.einsum("ndk,dko->ndo", waves, weight) + bias
        return torch.cat([x, out.relu().flatten(1)], dim=1)
