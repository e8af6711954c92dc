"""What a page needs to follow rows: the tree in arrays, and a field for each column."""

import base64
import copy

import numpy as np

from ..export.arrays import predictor_of
from ..tables.terms import category_in_words
from ..tables.view import reads_tables, view_terms
from .wording import names_of

_SAFE = 1 << 53  # beyond, JavaScript's numbers leave integers out
_STEPS = 200  # of a slider, or more
_LEVELS = 0.01, 0.5, 0.99  # a slider's ends, which are no single row's, and its start


class Rows:
    """A fitted tree as the page computes it.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    names : list of str
        What the columns are called on the page.
    """

    def __init__(self, tree, names):
        self.names = names
        self.keys = list(map(str, names_of(tree) or names))
        self.observed = tree._observed
        view = tree.preprocessor_
        if not sees_columns(tree):
            # The page takes rows as the transformer returns them.
            tree = copy.copy(tree)
            tree.preprocessor_, tree.n_features_in_ = None, len(names)
            vars(tree).pop("feature_names_in_", None)
            self.keys, self.observed = names, None
        self.tree, self.reason = tree, None
        self.terms, self.scale, self.center, self.spread = view_terms(view, len(names))
        self.sources = [int(term.column) for term in self.terms]  # columns of X
        try:
            self.predictor = predictor_of(tree)
        except TypeError as error:
            self.predictor, self.reason = None, f"No row can be followed here. {error}"

    def as_json(self):
        """Return what the page's script is given.

        Returns
        -------
        dict
            Without a model, and with the reason, where the tree has no form in numpy.
        """
        shared = {"names": self.names, "keys": self.keys, "reason": self.reason}
        if self.predictor is None:
            return {**shared, "inference": None, "columns": [], "model": None}
        inference = self.predictor.meta["model"].get("inference")
        return {
            **shared,
            "inference": inference,
            "columns": self._columns(),
            "model": self._packed(),
        }

    def asked(self, max_terms):
        """Return which columns each question is about.

        Parameters
        ----------
        max_terms : int or None
            Of a soft gate, so many terms count, those that move it most.

        Returns
        -------
        dict of {int: list of int}
            Columns of X by node number.
        """
        if self.predictor is None:
            return {}
        arrays = self.predictor.arrays
        if "feature" in arrays:
            return {gate: [self.sources[k]] for gate, k in self._questions()}
        matters = np.abs(arrays["gate_weight"]).T * (self.scale * self.spread)
        order = np.argsort(-matters, axis=1, kind="stable")[:, :max_terms]
        kept = [k[of[k] > 0] for k, of in zip(order, matters, strict=True)]
        columns = [sorted({self.sources[k] for k in each}) for each in kept]
        return dict(zip(arrays["gates"].tolist(), columns, strict=True))

    def _questions(self):
        """A hard tree's nodes that ask, with the columns of the view."""
        arrays = self.predictor.arrays
        gates = np.flatnonzero(arrays["children_left"] >= 0)
        return list(zip(gates.tolist(), arrays["feature"][gates].tolist(), strict=True))

    def _used(self):
        """Columns of X that can change an answer."""
        arrays = self.predictor.arrays
        if "feature" in arrays:
            return {self.sources[k] for _, k in self._questions()}
        weights = [arrays["gate_weight"], arrays.get("leaf_weight")]
        moves = [each.any(axis=1) for each in weights if each is not None]
        # What was constant in training has the scale 0, and always counts as that.
        used = np.flatnonzero(np.any(moves, axis=0) & (self.scale > 0))
        return {self.sources[k] for k in used}

    def _packed(self):
        """The predictor, its numbers exact, without what the page has no use for."""
        meta, arrays = self.predictor.meta, self.predictor.arrays
        view, used = dict(meta["view"]), self._used()
        if "labels" in view:
            view["labels"] = [_labels(each, used) for each in view["labels"]]
        kept = ("widths", "is_classifier", "is_multilabel", "is_sorted", "is_flat")
        return {
            "meta": {name: meta[name] for name in kept}
            | {"view": view, "model": meta["model"]},
            "arrays": {
                name: _in_base64(array)
                for name, array in arrays.items()
                if not name.startswith("classes_")
            },
            "names": self.keys,
        }

    def _columns(self):
        """A field for each column that is asked about, the most important one first."""
        importance = self.tree.feature_importances_
        order = sorted(self._used(), key=lambda column: (-importance[column], column))
        labels = self.predictor.meta["view"].get("labels", [])
        labels = {each["column"]: each for each in labels}
        return [
            {
                "column": column,
                "name": self.names[column],
                **(
                    self._category(labels[column])
                    if column in labels
                    else self._number(column)
                ),
            }
            for column in order
        ]

    def _category(self, labels):
        options = {}  # an interval may be written in two ways: the first one is shown
        for category, code in labels["bins"]:
            options.setdefault(code, category_in_words(category))
        options = [[text, code] for code, text in options.items()]
        options += [["another category", labels["other"]], ["missing", labels["gap"]]]
        return {
            "kind": "category",
            "options": options,
            "start": self._likeliest(labels),
        }

    def _likeliest(self, labels):
        """The code of the most frequent category."""
        parts = self.tree.preprocessor_.parts_[1:]
        center = next(p.center for p in parts if p.column == labels["column"])
        shares = dict(zip(labels["shown"], center.tolist(), strict=True))
        # Of two bins only the second is shown, of one none.
        shares.setdefault(0, 1 - sum(shares.values()))
        return max(shares, key=shares.get)

    def _number(self, column):
        cuts = self._cuts(column)
        low, start, high, is_whole = self._range(column, cuts)
        if not np.isfinite(high - low):  # the page then has no slider
            low = high = start
        step = 1.0
        if not is_whole and high > low:
            step = 10.0 ** np.floor(np.log10((high - low) / _STEPS))
        ends = np.floor(low / step), np.round(start / step), np.ceil(high / step)
        low, start, high = (_rounded(end * step, step) for end in ends)
        return {
            "kind": "number",
            "low": low,
            "high": high,
            "start": start,
            "step": _rounded(step, step),
            "cuts": cuts,
            "gap": column in self._columns_of_gaps(),
        }

    def _columns_of_gaps(self):
        """Columns of numbers that had gaps in training; in others a gap is a mean."""
        view = self.predictor.meta["view"]
        return {view["columns"][i] for i in view.get("gaps", [])}

    def _cuts(self, column):
        """The thresholds of a hard tree's questions about a column, in its unit."""
        if "feature" not in self.predictor.arrays:
            return []
        threshold = self.predictor.arrays["threshold"]
        cuts = {
            float(threshold[gate] / self.scale[k] + self.center[k])
            for gate, k in self._questions()
            if self.sources[k] == column and self.terms[k].form == "{}"
            if not self.terms[k].is_question
        }
        return sorted(cut for cut in cuts if np.isfinite(cut))

    def _range(self, column, cuts):
        """A slider's ends, its start, and whether it takes whole numbers alone."""
        low, start, high = -3.0, 0.0, 3.0  # of a transformer's columns nothing is known
        is_whole = False
        if self.observed is not None and len(self.observed[column][0]):
            values, share = self.observed[column]
            low, start, high = np.interp(_LEVELS, share, values)
            is_whole = bool((values == np.floor(values)).all())
        elif cuts:
            low, start, high = np.quantile(cuts, [0, 0.5, 1])
        if cuts:  # both answers to each question are within reach
            margin = (high - low) / 20 or 1.0
            below, above = cuts[0] - margin, cuts[-1] + margin
            if is_whole:
                below, above = np.floor(cuts[0]), np.floor(cuts[-1]) + 1
            low, high = min(low, below), max(high, above)
        return low, start, high, is_whole


def _rounded(value, step):
    """Without the digits that the product with the step has added."""
    return round(float(value), max(0, -int(np.floor(np.log10(step)))))


def _labels(each, used):
    """A column's categories; of one that nobody asks about, none."""
    bins = each["bins"] if each["column"] in used else []
    return {**each, "bins": [[_as_json(category), code] for category, code in bins]}


def _as_json(category):
    """A category as JSON and JavaScript keep it: as text, where a number would change."""
    if isinstance(category, str) or abs(category) < _SAFE:
        return category
    return str(category)


def _in_base64(array):
    """Numbers of little-endian bytes, in the least of three types that is exact."""
    kind = "f8"
    if array.dtype.kind in "biu":
        kind = "i4"
    elif np.array_equal(array.astype(np.float32).astype(np.float64), array):
        kind = "f4"
    data = np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()
    return {"type": kind, "data": base64.b64encode(data).decode("ascii")}


def sees_columns(tree):
    """Whether questions are about columns of X, and not about a transformer's.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.

    Returns
    -------
    bool
        False with a transformer of the user's.
    """
    return tree.preprocessor_ is None or reads_tables(tree.preprocessor_)
