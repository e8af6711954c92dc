"""Rows on which an export is compared with its student: likely ones, and hostile ones."""

import warnings

import numpy as np

from .view_columns import Number, view_columns

_MOST_THRESHOLDS = 1000  # three rows each
_LIKELY, _BASES = 256, 4
_MOST_CELLS = 1 << 23  # of wide tables a draw of the hostile rows
_HUGE = 1e30
#: A category that breaks what forgets to quote.
UNSEEN = "'); DROP TABLE x; --\"\\%{}\n"


def likely_rows(student, predictor, random):
    """Rows such as those of training, of which the student keeps the spread only.

    Parameters
    ----------
    student : estimator
        Fitted.
    predictor : NumpyPredictor
        Of the student.
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    list of ndarray
        The columns of X: float64 with NaN for gaps, or object with the categories that
        training saw, as it saw them, and None for gaps.
    """
    return _drawn(_Columns(student, predictor), _LIKELY, random)


def hostile_rows(student, predictor, random, dtype=np.float64):
    """Rows on which exports go wrong.

    Each threshold of the student and its two neighbours among the floating-point numbers;
    a gap in each column, and in all; categories that training never saw; numbers of
    ±1e30; zeros.

    Parameters
    ----------
    student : estimator
        Fitted.
    predictor : NumpyPredictor
        Of the student.
    random : numpy.random.Generator
        Source of randomness.
    dtype : numpy dtype, default=float64
        Whose numbers are the neighbours of a threshold, which itself is rounded to it.

    Returns
    -------
    list of ndarray
        The columns of X, as :func:`likely_rows` has them.
    """
    columns = _Columns(student, predictor, np.dtype(dtype).type)
    changes = []
    for j, threshold in columns.thresholds(random):
        changes += [{j: value} for value in columns.beside(j, threshold)]
    for j in range(columns.n):
        odd = columns.odd_values(j)
        changes += [{j: value} for value in odd for _ in range(_BASES)]
    most = max(_LIKELY, _MOST_CELLS // columns.n)
    if len(changes) > most:
        kept = random.choice(len(changes), most, replace=False)
        changes = [changes[i] for i in sorted(kept)]
    gaps = {j: np.nan for j in range(columns.n) if columns.takes_gaps(j)}
    changes += [gaps] if gaps else []
    numbers = set(range(columns.n)) - set(columns.categories)
    changes += [dict.fromkeys(numbers, value) for value in (0.0, -_HUGE, _HUGE)]
    rows = _drawn(columns, len(changes), random)
    for i, change in enumerate(changes):
        for j, value in change.items():
            is_gap = j in columns.categories and isinstance(value, float)
            rows[j][i] = None if is_gap and np.isnan(value) else value
    return rows


def container(student, columns):
    """The rows in a container that the student takes.

    Parameters
    ----------
    student : estimator
        Fitted.
    columns : list of ndarray
        Of numbers, or of objects.

    Returns
    -------
    ndarray or DataFrame
        Numbers without names as an array; else a frame of pandas where it is installed.
    """
    names = getattr(student, "feature_names_in_", None)
    is_plain = all(column.dtype.kind == "f" for column in columns)
    if names is None and is_plain:
        return np.column_stack(columns)
    try:
        import pandas as pd
    except ImportError:  # objects, of which the student warns that they have no names
        return np.column_stack([column.astype(object) for column in columns])
    named = range(len(columns)) if names is None else names
    series = [
        column if column.dtype.kind == "f" else pd.Categorical(column)
        for column in columns
    ]
    return pd.DataFrame(dict(zip(named, series, strict=True)))


def quiet(ask, rows):
    """Ask a student without what it warns of, such as names that rows do not have.

    Parameters
    ----------
    ask : callable
        Such as ``student.predict``.
    rows : object
        Its argument.

    Returns
    -------
    object
        The answer.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ask(rows)


class _Columns:
    """What the student knows of the columns of X."""

    def __init__(self, student, predictor, dtype=np.float64):
        self._dtype = dtype
        self.n = predictor.n_features_in_
        self._view, self._predictor = view_columns(predictor), predictor
        # A soft tree of which one leaf answers jumps where a sum of products is 0, and the
        # student itself rounds that sum otherwise for one row than for many.
        inference = predictor.meta["model"].get("inference", "mixture")
        self._is_sum_and_jump = inference != "mixture"
        view = (student._readable() or student).preprocessor_
        parts = [] if view is None else view.parts_[1:]
        #: By column the categories of training, as they were.
        self.categories = {int(p.column): list(p.bins) for p in parts}
        self._spread = {}
        for k, each in enumerate(self._view):
            if isinstance(each, Number):
                middle, spread = 0.0, 1.0
                if view is not None:
                    middle, spread = view.filling_[k], view.spread_[k]
                self._spread[each.column] = float(middle), float(spread), each
        self._near = {}
        for j, threshold in self.thresholds(np.random.default_rng(0)):
            self._near.setdefault(j, []).append(threshold)

    def takes_gaps(self, j):
        if j in self.categories:
            return True
        return self._spread[j][2].takes_gaps

    def odd_values(self, j):
        """Gaps, huge numbers and strange categories of a column."""
        gap = [np.nan] if self.takes_gaps(j) else []
        if j not in self.categories:
            return [*gap, -_HUGE, _HUGE, 0.0, -0.0]
        return [*gap, *_strangers(self.categories[j])]

    def thresholds(self, random):
        """Pairs of a column of X and a number at which the student's answer bends."""
        found = sorted(set(self._found()))
        if len(found) > _MOST_THRESHOLDS:
            taken = random.choice(len(found), _MOST_THRESHOLDS, replace=False)
            found = [found[i] for i in sorted(taken)]
        return found

    def beside(self, j, threshold):
        """A threshold and its neighbours, or numbers that are surely on its two sides."""
        if not self._is_sum_and_jump:
            at, ends = self._dtype(threshold), self._dtype([-np.inf, np.inf])
            return float(at), *map(float, np.nextafter(at, ends))
        step = 1e-9 * max(abs(threshold), self._spread[j][1])
        return threshold - step, threshold + step

    def _found(self):
        for k, z in thresholds_of_view(self._predictor):
            each = self._view[k]
            if isinstance(each, Number) and not each.is_empty:
                x = _unscaled(each, z)
                if abs(x) < _HUGE:  # also where the column is constant
                    yield each.column, x

    def drawn(self, j, n, random):
        if j in self.categories:
            known = [*self.categories[j], None] or [None]
            column = np.empty(n, dtype=object)
            column[:] = [known[i] for i in random.integers(len(known), size=n)]
            return column
        middle, spread, each = self._spread[j]
        with np.errstate(over="ignore"):  # what is infinite is cut off below
            x = middle + spread * random.normal(size=n)
        if each.tail is not None:
            x = _unbent(each.tail, np.clip(x, -500, 500))
        if near := self._near.get(j):  # where nothing is known of the spread, and else
            chosen = random.random(n) < 0.5
            jump = random.normal(scale=spread, size=n)
            x = np.where(chosen, random.choice(near, n) + jump, x)
        x = np.where(random.random(n) < 0.3, np.round(x), x)
        if each.takes_gaps:
            x[random.random(n) < 0.1] = np.nan
        return np.clip(x, -_HUGE, _HUGE)


def _drawn(columns, n, random):
    return [columns.drawn(j, n, random) for j in range(columns.n)]


def _strangers(known):
    if not known or all(isinstance(each, str) for each in known):
        return [UNSEEN, "", " "]
    if any(isinstance(each, bool) for each in known):
        return []
    if all(isinstance(each, int | float) for each in known):
        return [max(known) + 1, min(known) - 1]
    return []  # of dates and the like, whose texts are compared


def thresholds_of_view(predictor):
    """Where the student's answer bends, in columns of its view.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    list of (int, float)
        Column of the view, and the threshold.
    """
    meta, arrays = predictor.meta["model"], predictor.arrays
    if meta["kind"] == "hard_tree":
        asks = arrays["children_left"] >= 0
        pairs = arrays["feature"][asks], arrays["threshold"][asks]
    elif meta["kind"] == "soft_tree":
        weight = arrays["gate_weight"]
        gates = np.flatnonzero((weight != 0).sum(axis=0) == 1)
        columns = (weight[:, gates] != 0).argmax(axis=0)
        pairs = columns, -arrays["gate_bias"][gates] / weight[columns, gates]
    elif meta["embedding"] == "piecewise_linear":
        column, low = arrays["embedded_columns"], arrays["embedding_low"]
        ends = np.concatenate([low, low + arrays["embedding_width"]])
        pairs = np.concatenate([column, column]), ends
    else:
        return []
    return [(int(k), float(z)) for k, z in zip(*pairs, strict=True)]


def _unscaled(each, z):
    """The number that gives z, but for rounding."""
    with np.errstate(all="ignore"):
        x = float(np.float64(z) / each.inverse + each.center)
        if not np.isfinite(x):
            return np.inf
        return float(_unbent(each.tail, x)) if each.tail is not None else x


def _unbent(tail, t):
    middle, size = tail
    with np.errstate(over="ignore"):
        return middle + size * np.copysign(np.expm1(np.abs(t)), t)
