"""Activations of nets in double precision, of operators that onnxruntime has in it."""

import math

import numpy as np
from scipy.special import ndtr

from .graph import activated

# The remainder of gelu is below 1e-17 beyond this, and is tabulated in steps up to it.
_END, _STEPS = 9, 512


def activated_in_double(graph, x, name):
    """Add an activation.

    Parameters
    ----------
    graph : Graph
        Added to, of doubles.
    x : str
        Its input.
    name : str
        As in ``onnx_graph.activated``.

    Returns
    -------
    str
        The result.
    """
    add = _IN_DOUBLE.get(name)
    return activated(graph, x, name) if add is None else add(graph, x)


def _silu(graph, x):
    # As x * Sigmoid(x) older engines replace it by an operator that has no double form.
    return graph.add(
        "Div", x, graph.add("Add", graph.add("Exp", graph.add("Neg", x)), 1.0)
    )


def _gelu(graph, x):
    """The exact form, without Erf, which no engine has in double.

    x Phi(x) is relu(x) less a remainder of abs(x): in steps of 1/512 a polynomial of
    degree 4, whose coefficients are looked up.
    """
    size = graph.add("Min", graph.add("Abs", x), float(_END))
    steps = graph.add("Mul", size, float(_STEPS))
    nearest = graph.add("Round", steps)
    place = graph.cast(nearest, np.int64)
    offset = graph.add("Sub", steps, nearest)
    *lower, rest = (graph.add("Gather", each, place) for each in _remainder_table())
    for coefficient in reversed(lower):
        rest = graph.add("Add", graph.add("Mul", rest, offset), coefficient)
    return graph.add("Sub", graph.add("Relu", x), rest)


def _remainder_table():
    """Taylor coefficients of a Phi(-a) around each step, in the unit of a step."""
    a = np.arange(_END * _STEPS + 1) / _STEPS
    tail, density = ndtr(-a), np.exp(-a * a / 2) / math.sqrt(2 * math.pi)
    # Derivatives: that of the tail is -density, that of the density -a density.
    derivatives = [
        a * tail,
        tail - a * density,
        (a**2 - 2) * density,
        (4 * a - a**3) * density,
        (4 - 7 * a**2 + a**4) * density,
    ]
    return [
        each / (math.factorial(k) * float(_STEPS) ** k)
        for k, each in enumerate(derivatives)
    ]


_IN_DOUBLE = {"gelu": _gelu, "silu": _silu}
