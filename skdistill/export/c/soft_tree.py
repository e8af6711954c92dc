"""Soft trees in C: the mixture of all leaves, or the one leaf that answers."""

import numpy as np

from ..predictor import MODELS
from .affine import Affine
from .text import fill, table

_MIXTURE = """\
static inline int @_raw(const double *x, $kind *o)
{
    $tables    $kind h[$width], path[$n_nodes];
    int i, k;
    const int status = @_check(x);
    if (status != @_OK) return status;
    @_first(x, h);
    path[0] = 1;
    for (i = 0; i < $n_gates; i++) {
        const $kind z = h[i] < -40 ? -40 : h[i] > 40 ? 40 : h[i];
        const $kind e = exp$f(z < 0 ? z : -z), here = path[gate[i]];
        const $kind less = here * (e / (1 + e)), more = here * (1 / (1 + e));
        path[2 * i + 1] = z < 0 ? more : less;
        path[2 * i + 2] = z < 0 ? less : more;
    }
    for (k = 0; k < $n; k++) o[k] = 0;
    for (i = 0; i < $n_leaves; i++) {
        const $kind share = path[leaf[i]];
$said        for (k = 0; k < $n; k++) o[k] += share * said[k];
    }
    return @_OK;
}
"""
_CONSTANT = "        const $kind *said = @_said + (long)i * $n;\n"
_LINEAR = """\
        $kind *said = h + $n_gates + i * $n;
$each"""

_PATH = """\
    i = 0;
    while (rank[i] >= 0) i = 2 * rank[i] + (h[rank[i]] > 0 ? 2 : 1);
    return place[i];
"""
_BEST = """\
    {
        double path[$n_nodes];
        int best = 0;
        path[0] = 1;
        for (i = 0; i < $n_gates; i++) {
            const double z = h[i] < -40 ? -40 : h[i] > 40 ? 40 : h[i];
            const double e = exp(z < 0 ? z : -z), here = path[gate[i]];
            const double less = here * (e / (1 + e)), more = here * (1 / (1 + e));
            path[2 * i + 1] = z < 0 ? more : less;
            path[2 * i + 2] = z < 0 ? less : more;
        }
        for (i = 1; i < $n_leaves; i++)
            if (path[leaf[i]] > path[leaf[best]]) best = i;
        return best;
    }
"""
_LEAF = """\
/* The leaf that answers, or a number below 0 for a row that is refused. */
static inline int @_leaf(const double *x)
{
    $tables    double h[$width];
    int i;
    const int status = @_check(x);
    if (status != @_OK) return status;
    @_first(x, h);
$walk}
"""


class _Shape:
    """Which nodes are gates, and which leaves."""

    def __init__(self, gates):
        n_nodes = 2 * len(gates) + 1
        self.gates, self.n_nodes = gates, n_nodes
        self.rank = np.full(n_nodes, -1)
        self.rank[gates] = np.arange(len(gates))
        self.leaves = np.flatnonzero(self.rank < 0)
        self.place = np.full(n_nodes, -1)
        self.place[self.leaves] = np.arange(len(self.leaves))


class Mixture:
    """The code of a soft tree of which all leaves answer.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    columns : Columns
        Of X.
    kind : {"double", "float"}
        Type of the tables and of the sums.
    """

    def __init__(self, predictor, columns, kind):
        self._meta, self._arrays = predictor.meta["model"], predictor.arrays
        self._columns, self._kind = columns, kind
        self._shape = _Shape(self._arrays["gates"])
        self._model = predictor._model
        self.n_outputs = self._arrays["leaf"].shape[1]
        self.says = "shares" if self._meta["is_classifier"] else "values"
        self._linear = self._arrays.get("leaf_weight")
        self._width = len(self._shape.gates)
        if self._linear is not None:
            self._width += self._linear.shape[1]
        self._width = max(self._width, 1)
        self.n_on_stack = self._width + self._shape.n_nodes + self.n_outputs

    def code(self):
        """Tables and functions.

        Returns
        -------
        str
            With ``@_raw(x, o)``, which computes the mixture of a row.
        """
        a = self._arrays
        weight, bias = a["gate_weight"], a["gate_bias"]
        said = ""
        if self._linear is None:
            outputs = self._model._as_outputs(a["leaf"])
            said = table("@_said", outputs, self._kind)
        else:
            weight = np.hstack([weight, self._linear])
            bias = np.concatenate([bias, a["leaf"].ravel()])
        first = _gates(self._columns, weight, bias, self._kind)
        return "\n".join([first.code(), said, self._raw()])

    def _raw(self):
        shape, n = self._shape, self.n_outputs
        kind = {"kind": self._kind, "n": n}
        if self._linear is None:
            said = fill(_CONSTANT, **kind)
        else:
            n_gates = len(shape.gates)
            said = fill(_LINEAR, n_gates=n_gates, each=self._of_leaf(), **kind)
        tables = [table("gate", shape.gates), table("leaf", shape.leaves)]
        return fill(
            _MIXTURE,
            tables="    ".join(tables),
            width=self._width,
            n_nodes=shape.n_nodes,
            n_gates=len(shape.gates),
            n_leaves=len(shape.leaves),
            f="f" if self._kind == "float" else "",
            said=said,
            **kind,
        )

    def _of_leaf(self):
        """From the parameters of a linear leaf to what it says."""
        if not self._meta["is_classifier"]:
            sort = f"        @_sort(said, {self.n_outputs});\n"
            return sort if self._meta["is_sorted"] else ""
        widths = self._meta["widths"]
        pairs = zip(np.cumsum([0, *widths[:-1]]), widths, strict=True)
        return "".join(f"        @_softmax(said + {s}, {w});\n" for s, w in pairs)


def _gates(columns, weight, bias, kind):
    if weight.shape[1] == 0:  # a single leaf
        weight, bias = np.zeros((len(weight), 1)), np.zeros(1)
    return Affine(columns, weight, bias, kind=kind)


def one_leaf(predictor, columns):
    """The function that finds the leaf of a soft tree of which one leaf answers.

    Gates are computed in double in any case: it is they who decide.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    columns : Columns
        Of X.

    Returns
    -------
    code : str
        ``@_leaf(x)``, and its tables.
    raw : ndarray of shape (n_leaves, n_outputs)
        What each leaf says, as the predictor's model does.
    n_on_stack : int
        Numbers that it holds.
    """
    meta, a = predictor.meta["model"], predictor.arrays
    shape = _Shape(a["gates"])
    first = _gates(columns, a["gate_weight"], a["gate_bias"], "double")
    if meta["inference"] == "path":
        tables = [table("rank", shape.rank), table("place", shape.place)]
        walk = _PATH
    else:
        tables = [table("gate", shape.gates), table("leaf", shape.leaves)]
        sizes = {"n_nodes": shape.n_nodes, "n_gates": len(shape.gates)}
        walk = fill(_BEST, n_leaves=len(shape.leaves), **sizes)
    width = max(len(shape.gates), 1)
    leaf = fill(_LEAF, tables="    ".join(tables), width=width, walk=walk)
    return first.code() + "\n" + leaf, _raw_of_leaves(meta, a), width + shape.n_nodes


def _raw_of_leaves(meta, arrays):
    """What the numpy reader says of a row that ends in each leaf."""
    n = len(arrays["leaf"])
    model = MODELS["soft_tree"](meta | {"inference": "leaf"}, arrays)
    model._reach = lambda logits: np.eye(n)
    return model(np.zeros((n, len(arrays["gate_weight"]))))
