"""Hard trees in C without floating point: rows and outputs are integers."""

import math
from dataclasses import dataclass

import numpy as np

from ..proof import DOUBLE
from .engine import CEngine
from .head import PREDICT_DOC, labels_of_leaves
from .leaves import answers_of, questions
from .text import fill, remark, table

_BITS = {"int16": 16, "int32": 32}
_MOST = 65535

_LEAF = """\
enum { @_MISSING = $missing, @_INFINITY = $infinity };

/* The leaf that answers, or a number below 0 for a row that is refused. */
static inline int @_leaf(const $x *x)
{
    $tables    int node = $root, j;
    for (j = 0; j < $n_numbers; j++) {
        const $x v = x[number[j]];
        if (v == @_INFINITY) return @_INFINITE;
        if (v == @_MISSING && !takes_gaps[j]) return @_GAP;
    }
    for (j = 0; j < $n_categories; j++) {
        const $x v = x[category[j]];
        if (v != @_MISSING && (v < 0 || v >= n_codes[j])) return @_CODE;
    }
    while (node >= 0) {
        const $x v = x[column[node]];
        int right;
        if (set[node] >= 0)
            right = goes_right[set[node] + (v == @_MISSING ? gap_code[node] : (int)v)];
        else
            right = v == @_MISSING ? gap_right[node] : v > threshold[node];
        node = next[2 * node + right];
    }
    return -1 - node;
}

$doc
static inline int @_predict(const $x *x, uint16_t *out)
{
    static const uint16_t said[] = {$said};
    const int leaf = @_leaf(x);
    int k;
    if (leaf < 0) return leaf;
    for (k = 0; k < $n; k++) out[k] = said[(long)leaf * $n + k];
    return @_OK;
}
"""

_DOUBLES = """\
#ifdef @_WITH_DOUBLES
/* A number of column `column` in its quanta; NAN is @_MISSING. */
static inline $x @_fixed(int column, double v)
{
    $tables    if (isnan(v)) return @_MISSING;
    if (isinf(v)) return @_INFINITY;
    v = floor((v - offset[column]) * factor[column]);
    return v < $low ? $low : v > $high ? $high : ($x)v;
}

/* What an output stands for. */
static inline double @_value(int k, uint16_t out)
{
    $values    return from[k] + step[k] * out;
}
#endif
"""


@dataclass(frozen=True)
class Quanta:
    """How a column of numbers becomes integers: floor((x - offset) * factor).

    Attributes
    ----------
    offset, factor : float
        A factor is a power of two.
    low, high : int
        Beyond which integers level off.
    """

    offset: float
    factor: float
    low: int
    high: int

    def places(self, x):
        """Numbers as integers.

        Parameters
        ----------
        x : array-like
            Without gaps.

        Returns
        -------
        ndarray
            Of float64.
        """
        with np.errstate(over="ignore"):
            place = np.floor((np.asarray(x, dtype=float) - self.offset) * self.factor)
        return np.clip(place, self.low, self.high)


def quanta_of(thresholds, spread, bits, name):
    """The finest quanta in which all thresholds of a column stay apart.

    Parameters
    ----------
    thresholds : list of float
        Different ones, finite.
    spread : float
        Of the column; 0 where it is unknown.
    bits : {16, 32}
        Of the integers.
    name : str
        Of the column, for the message.

    Returns
    -------
    Quanta
        Its factor.

    Raises
    ------
    ValueError
        If two thresholds become one.
    """
    low, high = 2 - 2 ** (bits - 1), 2 ** (bits - 1) - 1
    t = np.array(sorted(thresholds))
    size = np.abs(t).max(initial=0.0)
    middle = t[0] / 2 + t[-1] / 2 if len(t) else 0.0
    around = np.abs(t - middle).max(initial=0.0)
    for offset, reach in ((0.0, max(size, spread)), (0.0, size), (middle, around)):
        exponent = math.floor(math.log2((high - 1) / (reach or 1.0)))
        quanta = Quanta(
            float(offset), 2.0 ** min(max(exponent, -1000), 1000), low, high
        )
        places = quanta.places(t)
        if len(np.unique(places)) == len(t) and (places < high).all():
            return quanta
    gaps = np.diff(t)
    one, other = t[gaps.argmin()], t[gaps.argmin() + 1]
    raise ValueError(
        f'dtype="int{bits}": the thresholds {one!r} and {other!r} of column {name!r} are '
        f"the same in {bits} bits, so far away are others: take dtype="
        f"{'int32' if bits == 16 else 'double'!r}."
    )


class FixedTree:
    """The code of a hard tree in integers.

    Parameters
    ----------
    student : estimator
        Fitted.
    predictor : NumpyPredictor
        Of the student.
    columns : Columns
        Of X.
    dtype : {"int16", "int32"}
        Of the rows.
    """

    def __init__(self, student, predictor, columns, dtype):
        if predictor.meta["model"]["kind"] != "hard_tree":
            raise TypeError(
                f"dtype={dtype!r} is for hard trees, and this is a "
                f'{predictor.meta["student"]}: take dtype="float".'
            )
        self._columns, self._x, self._bits = columns, f"{dtype}_t", _BITS[dtype]
        self._nodes, self._ways, leaves = questions(predictor, columns)
        answers = answers_of(predictor, predictor.arrays["values"][leaves])
        is_multilabel = predictor.meta["is_multilabel"]
        self._labels = answers.labels
        outputs = answers.outputs[:, 1::2] if is_multilabel else answers.outputs
        self.n_outputs = outputs.shape[1]
        self._from, self._step = (
            np.zeros(self.n_outputs),
            np.full(self.n_outputs, 1 / _MOST),
        )
        if self._labels is None:
            self._from = outputs.min(axis=0)
            self._step = (outputs.max(axis=0) - self._from) / _MOST
        step = np.where(self._step > 0, self._step, 1.0)
        self._said = np.rint((outputs - self._from) / step).clip(0, _MOST).astype(int)
        self.quanta = _all_quanta(student, predictor, columns, self._nodes, self._bits)
        size = _size(predictor)
        tolerance = 0.5000001 * float(self._step.max()) / size + DOUBLE
        self.about = {"x": self._x, "out": "uint16_t", "tolerance": tolerance}
        self.about["quanta"] = [
            [j, each.offset, each.factor] for j, each in self.quanta.items()
        ]

    def notes(self):
        """What the comment at the top says of the integers.

        Returns
        -------
        list of str
            Lines.
        """
        names = self._columns.names
        return [
            "Numbers of x are integers, floor((value - offset) * factor): the function",
            "@_fixed(column, value), if @_WITH_DOUBLES is defined before this is included.",
            "A row goes to the student's leaf unless one of its numbers lies above a",
            "threshold by less than one quantum, 1 / factor: such a number goes the way of",
            "the threshold.",
            *(
                f"  {remark(names[j])}: offset {each.offset!r}, factor {each.factor!r}"
                for j, each in self.quanta.items()
            ),
        ]

    def code(self):
        """Tables and functions.

        Returns
        -------
        str
            ``@_leaf``, ``@_predict``, ``@_label`` and, if doubles are wanted, what turns
            them into integers and back.
        """
        lowest = -(2 ** (self._bits - 1))
        missing = str(lowest + 1) + " - 1" if self._bits == 32 else str(lowest)
        numbers, categories = self._columns.numbers, self._columns.categories
        tables = [
            table("number", [each.column for each in numbers]),
            table("takes_gaps", [int(each.rule.takes_gaps) for each in numbers]),
            table("category", [each.column for each in categories]),
            table("n_codes", [len(each.values) for each in categories]),
            *self._tables(),
        ]
        leaf = fill(
            _LEAF,
            x=self._x,
            n=self.n_outputs,
            missing=missing,
            infinity=lowest + 1,
            root=0 if self._nodes else -1,
            tables="    ".join(tables),
            n_numbers=len(numbers),
            n_categories=len(categories),
            said=", ".join(map(str, self._said.ravel())),
            doc=PREDICT_DOC,
        )
        parts = [leaf, self._doubles()]
        if self._labels is not None:
            parts.append(labels_of_leaves(self._labels, self._x))
        return "\n".join(parts)

    def _tables(self):
        nodes = self._nodes
        yield table("column", [node.column for node in nodes])
        yield table("next", self._ways)
        yield table("threshold", [self._place(node) for node in nodes], self._x)
        yield table("gap_right", [int(node.gap_right) for node in nodes])
        sets = [() if node.codes_right is None else node.codes_right for node in nodes]
        starts = np.cumsum([0, *map(len, sets)])[:-1]
        pairs = zip(starts, sets, strict=True)
        yield table("set", [int(start) if len(each) else -1 for start, each in pairs])
        yield table("goes_right", [int(right) for each in sets for right in each])
        yield table("gap_code", [node.gap_code for node in nodes])

    def _place(self, node):
        """The threshold of a question, in quanta; beyond all where all go one way."""
        if node.threshold is None:
            return 0
        if np.isinf(node.threshold):
            most = 2 ** (self._bits - 1) - 1
            return most if node.threshold > 0 else -most
        return int(self.quanta[node.column].places(node.threshold))

    def _doubles(self):
        n = len(self._columns.names)
        offset, factor = np.zeros(n), np.ones(n)
        for j, each in self.quanta.items():
            offset[j], factor[j] = each.offset, each.factor
        tables = [table("offset", offset, "double"), table("factor", factor, "double")]
        values = [
            table("from", self._from, "double"),
            table("step", self._step, "double"),
        ]
        return fill(
            _DOUBLES,
            x=self._x,
            tables="    ".join(tables),
            values="    ".join(values),
            low=2 - 2 ** (self._bits - 1),
            high=2 ** (self._bits - 1) - 1,
        )


def _size(predictor):
    """What the proof measures differences by."""
    if predictor.meta["is_classifier"]:
        return 1.0
    center, scale = (predictor.arrays[f"target_{name}"] for name in ("center", "scale"))
    return float(max(np.abs(scale).max(), np.abs(center).max(), np.finfo(float).tiny))


def _all_quanta(student, predictor, columns, nodes, bits):
    """Quanta of each column of numbers, by its position."""
    view = (student._readable() or student).preprocessor_
    found = {}
    for each in columns.numbers:
        spread = 0.0 if view is None else float(view.spread_[each.place])
        asked = {
            node.threshold
            for node in nodes
            if node.column == each.column
            and node.threshold is not None
            and np.isfinite(node.threshold)
        }
        name = columns.names[each.column]
        found[each.column] = quanta_of(sorted(asked), spread, bits, name)
    return found


class FixedEngine(CEngine):
    """A header of integers, made a program."""

    def meant(self, columns):
        """Numbers just above a threshold are it."""  # numpydoc ignore=PR01,RT01
        nodes, _, _ = questions(self._predictor, self._columns)
        bits = _BITS[self.about["x"].removesuffix("_t")]
        low, high = 2 - 2 ** (bits - 1), 2 ** (bits - 1) - 1
        quanta = {j: Quanta(o, f, low, high) for j, o, f in self.about["quanta"]}
        columns = list(columns)
        for node in nodes:
            t, j = node.threshold, node.column
            if t is None or not np.isfinite(t):
                continue
            x, each = columns[j], quanta[j]
            is_near = (x > t) & (each.places(x) == each.places(t))
            if is_near.any():
                columns[j] = np.where(is_near, t, x)
        return columns
