"""A distilled model that needs numpy and nothing else.

This file reads what skdistill's ``export.to_numpy(student).save(...)`` wrote, and lies
beside it: ``load("student.npz").predict_proba(rows)``. There is no pickle in it, so that
loading a file runs no code.

It is one long file on purpose: ``save`` copies it whole, to run with numpy alone.
"""

import json
import math
import os
import zipfile
import zlib
from decimal import Decimal
from itertools import pairwise
from numbers import Number

import numpy as np

FORMAT, _KNOWN = 3, (2, 3)
# The view's own bounds (tables.view): this file stands alone, and imports nothing of
# them.
_BOUND, _FLOAT32_BOUND = 1e6, 1e30
_ROWS_AT_ONCE = 4096
# Below these sizes, loops in Python or one larger product take less time than numpy's
# calls.
_FEW_ROWS, _FEW_GATES, _FEW_CLASSES = 16, 127, 32
_FEW_NUMBERS, _MOST_CELLS = 128, 1 << 20
_TINY = np.finfo(np.float64).tiny
_LOG_TINY = math.log(_TINY)
# What numpy and json raise about what is cut off, or something else.
_NO_NPZ = (EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)
_ZERO = np.zeros(())  # an array is handed to a ufunc faster than a number


def load(path):
    """Read a saved predictor.

    Parameters
    ----------
    path : str or path
        Path of the npz.

    Returns
    -------
    NumpyPredictor
        Ready to predict.

    Raises
    ------
    ValueError
        If it is no such file, or not all of one, or was written in a format that this one
        does not know.
    """
    meta, arrays = _contents(path)
    for name, array in arrays.items():
        if array.dtype in (np.float16, np.float32):  # see `_shortest`
            arrays[name] = array.astype(np.float64)
    for name in [name for name in arrays if f"{name}_scale" in arrays]:
        arrays[name] = arrays[name] * arrays[f"{name}_scale"]
    if "embedding_high" in arrays:
        arrays["embedding_width"] = (
            arrays.pop("embedding_high") - arrays["embedding_low"]
        )
    try:
        return NumpyPredictor(meta, arrays)
    except KeyError as error:
        raise ValueError(f"path={str(path)!r} lacks {error}: save it again.") from error


def _contents(path):
    """What a file holds: the meta, and arrays by name."""
    with open(path, "rb") as source:  # which numpy leaves open where it is no npz
        try:
            with np.load(source, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            meta = json.loads(str(arrays.pop("meta")))
        except _NO_NPZ as error:
            raise ValueError(
                f"path={str(path)!r} holds no predictor, or not all of one: give the file "
                "that export.to_numpy(student).save has written."
            ) from error
    return meta, arrays


class NumpyPredictor:
    """A fitted student as arrays.

    Parameters
    ----------
    meta : dict
        What there is and how it is arranged; lists, numbers and strings.
    arrays : dict of {str: ndarray}
        The student's numbers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        Of a classifier; a list for several targets.
    n_features_in_ : int
        Number of columns of the rows.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where training rows had some.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier
    >>> from skdistill.export import to_numpy
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> predictor = to_numpy(tree)
    >>> predictor.predict(X[::60])
    array([0, 1, 2])
    """

    def __init__(self, meta, arrays):
        if meta["format"] not in _KNOWN:
            raise ValueError(
                f"The file has format {meta['format']}, and this reader knows {FORMAT}: "
                "take the reader that was written beside it."
            )
        self.meta, self.arrays = meta, arrays
        self.n_features_in_ = meta["n_features"]
        self._names = meta["names"]
        if self._names is not None:
            self.feature_names_in_ = np.array(self._names, dtype=object)
        self._view = _VIEWS[meta["view"]["kind"]](meta["view"], arrays)
        self._model = MODELS[meta["model"]["kind"]](meta["model"], arrays)
        self._widths = meta["widths"]
        self._is_classifier = meta["is_classifier"]
        self._shift = arrays.get("shift")
        if self._is_classifier:
            self._targets = [arrays[f"classes_{i}"] for i in range(len(self._widths))]
            several = len(self._targets) > 1
            self.classes_ = self._targets if several else self._targets[0]
            if meta["is_multilabel"]:
                self.classes_ = np.arange(len(self._targets))

    def __repr__(self):
        return f"NumpyPredictor({self.meta['model']['kind']}, {self.meta['student']})"

    def predict(self, X) -> np.ndarray:
        """Predict the likeliest class of each row, or values.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the student takes them; a frame, or a dict of columns, by name. A dict
            of values is a single row.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
            Labels, or values in the unit of the targets.
        """
        if not self._is_classifier:
            return self._values(self._outputs(X))
        if len(self._targets) == 1 and self._shift is None:
            return self._likeliest(self._outputs(X))
        parts = self._by_target(self._log_probabilities(self._outputs(X)))
        pairs = zip(self._targets, parts, strict=True)
        labels = [classes[part.argmax(axis=1)] for classes, part in pairs]
        return np.column_stack(labels) if len(labels) > 1 else labels[0]

    def predict_proba(self, X):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the student takes them; a frame, or a dict of columns, by name.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            Rows that sum to 1; of several labels the probability of each; of several
            targets a list.
        """
        if not self._is_classifier:
            raise AttributeError(
                "predict_proba is for classifiers, and this predicts values."
            )
        # Without the way to logarithms and back.
        if self._shift is None and len(self._widths) == 1:
            return self._outputs(X, self._model.probabilities)
        p = np.exp(self._log_probabilities(self._outputs(X)))
        if len(self._widths) == 1:
            return p
        parts = self._by_target(p)
        if self.meta["is_multilabel"]:
            return np.column_stack([part[:, 1] for part in parts])
        return parts

    def save(self, path):
        """Write an npz, and beside it ``skdistill_predictor.py``, which reads it.

        Parameters
        ----------
        path : str or path
            Of the npz.

        Returns
        -------
        NumpyPredictor
            Itself.

        Raises
        ------
        ValueError
            If the path does not end in .npz.
        FileNotFoundError
            If its folder is not there.
        OSError
            If the disk is full. What was at the path before is still there.
        """
        target = str(path)
        if not target.endswith(".npz"):
            raise ValueError(f"path={target!r} must end in .npz.")
        folder = os.path.dirname(target)
        if not os.path.isdir(folder or "."):
            raise FileNotFoundError(
                f"path={target!r}: there is no folder {folder!r}; make it first."
            )
        # As text in an array: an object would need a pickle.
        arrays = {"meta": np.array(json.dumps(self.meta)), **self._stored()}
        _write_whole(target, lambda file: np.savez_compressed(file, **arrays))
        # The reader is this file itself: it cannot differ from what predicts here.
        with open(__file__, "rb") as source:
            text = source.read()
        reader = os.path.join(folder, "skdistill_predictor.py")
        _write_whole(reader, lambda file: file.write(text))
        return self

    @property
    def nbytes(self):
        """Bytes of its numbers in a file, uncompressed."""  # numpydoc ignore=RT01
        return sum(array.nbytes for array in self._stored().values())

    def _stored(self):
        """The arrays in as few bytes as lose nothing."""
        stored = {name: _shortest(array) for name, array in self.arrays.items()}
        for name in self.arrays:
            if (scale := self.arrays.get(f"{name}_scale")) is not None:
                codes = np.rint(self.arrays[name] / scale)
                stored[name] = codes.astype(np.int8)
        if "embedding_width" in stored:  # a difference of two ends, which are shorter
            ends = self.arrays["embedding_low"] + self.arrays["embedding_width"]
            del stored["embedding_width"]
            stored["embedding_high"] = _shortest(ends)
        return stored

    def _outputs(self, X, model=None):
        model = self._model if model is None else model
        x = self._view.rows(X, self.n_features_in_, self._names)
        if len(x) <= _ROWS_AT_ONCE:  # else intermediate tables would fill the memory
            return model(self._view(x))
        starts = range(0, len(x), _ROWS_AT_ONCE)
        parts = (self._view(x[start : start + _ROWS_AT_ONCE]) for start in starts)
        return np.concatenate([model(part) for part in parts])

    def _likeliest(self, logits):
        classes = self._targets[0]
        if len(logits) > 1:
            return classes[logits.argmax(axis=1)]
        row = logits[0].tolist()  # as everywhere, numpy's calls cost more
        i = row.index(max(row))
        return classes[i : i + 1].copy()

    def _log_probabilities(self, logits):
        if self._shift is not None:
            # A class of probability 0 stays finite, whatever is added to it.
            logits = np.maximum(log_softmax(logits), _LOG_TINY) + self._shift
        if len(self._widths) == 1:
            return log_softmax(logits)
        return np.concatenate(list(map(log_softmax, self._by_target(logits))), axis=1)

    def _by_target(self, outputs):
        if len(self._widths) == 1:
            return [outputs]
        return np.split(outputs, np.cumsum(self._widths)[:-1], axis=1)

    def _values(self, values):
        if self.meta["is_sorted"]:
            values = np.sort(values, axis=1)
        values = values * self.arrays["target_scale"] + self.arrays["target_center"]
        return values[:, 0] if self.meta["is_flat"] else values


def _write_whole(path, write):
    """Write a file in one step: nobody ever finds half of it."""
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "wb") as file:
            write(file)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.remove(beside)
        raise


def log_softmax(logits):
    """Return the logarithms of the probabilities that logits stand for.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Left as they are.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Their exponentials sum to 1 in each row.
    """
    if len(logits) == 1:  # a single row: half the time
        row = logits[0]
        row = row - row.max()
        row -= math.log(np.exp(row).sum())
        return row[None]
    logits = logits - logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits


def _shortest(array):
    """An array in float16 or float32, where this loses nothing."""
    if array.dtype != np.float64:
        return array
    for dtype in (np.float16, np.float32):
        with np.errstate(over="ignore", under="ignore"):
            short = array.astype(dtype)
        if np.array_equal(short.astype(np.float64), array, equal_nan=True):
            return short
    return array


def _softmax_of_row(row):
    """Probabilities of one row (n_classes,), as a table; few classes without numpy."""
    if len(row) > _FEW_CLASSES:
        return _softmax(row[None])
    logits = row.tolist()
    most = max(logits)
    p = [math.exp(logit - most) for logit in logits]
    total = sum(p)
    return np.array([[each / total for each in p]])


def _softmax(logits):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


def _is_frame(X):
    return hasattr(X, "columns") or isinstance(X, dict)


def _as_array(X):
    """An array of rows, or of a column; lists of strings and numbers keep both."""
    if hasattr(X, "combine_chunks"):  # pyarrow's ChunkedArray forgets nulls
        X = X.combine_chunks()
    if isinstance(X, np.ma.MaskedArray):
        values = np.asarray(X).astype(float if X.dtype.kind in "biuf" else object)
        values[np.ma.getmaskarray(X)] = np.nan if values.dtype == float else None
        return values
    if isinstance(X, np.ndarray):
        return X
    if isinstance(X, list | tuple) and any(map(_has_masks, X)):
        is_row = [isinstance(row, list | tuple) or np.ndim(row) for row in X]
        rows = [list(row) if is_ else row for row, is_ in zip(X, is_row, strict=True)]
        return np.array(rows, dtype=object)
    rows = np.asarray(X)
    return np.asarray(X, dtype=object) if rows.dtype.kind in "USmM" else rows


def _has_masks(row):
    if isinstance(row, list | tuple):
        return any(value is np.ma.masked for value in row)
    return isinstance(row, np.ma.MaskedArray)


def _check_shape(rows, n_features):
    if rows.ndim == 1 and len(rows) and isinstance(rows[0], dict):
        raise ValueError(
            "X holds a dict for each row, and one dict of columns is wanted: "
            "{name: [row[name] for row in X] for name in X[0]}."
        )
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise ValueError(
            f"X has shape {rows.shape}, and rows of {n_features} columns are wanted: "
            "(n, n_features), also for a single row."
        )
    if not len(rows):
        raise ValueError("X has 0 rows, and at least one is wanted.")
    return rows


def _by_names(X, names, n_features):
    """The columns of a frame or dict, in the order of training."""
    given = list(getattr(X, "columns", X))
    # pyarrow's `columns` are the data.
    if hasattr(X, "schema") and hasattr(X, "num_rows"):  # of pyarrow
        given = X.schema.names
    if names is None and len(given) != n_features:
        raise ValueError(f"X has {len(given)} columns, and {n_features} are wanted.")
    names = given if names is None else names
    known = set(given)
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"X lacks the columns {missing}.")
    if len(known) < len(given):
        raise ValueError("X has several columns of one name: give it as an array.")
    columns = [_values(X[name]) for name in names]
    if len(lengths := {len(column) for column in columns}) > 1:
        raise ValueError(
            f"The columns of X are {sorted(lengths)} long, and must be alike."
        )
    return columns


def _values(column):
    """A column's values; categories of pandas as they are: numpy would change them."""
    codes = getattr(getattr(column, "cat", None), "codes", None)
    if codes is None:
        values = _as_array(column)
        return values if values.ndim else values[None]  # a dict that is a row
    categories = [*column.cat.categories, None]  # the code -1 of a gap finds the None
    return np.fromiter((categories[code] for code in codes), object, len(codes))


def _is_gap(value):
    """None, NaN of any type, NaT, pandas.NA or numpy.ma.masked."""
    if isinstance(value, str):
        return False
    if value is None or value is np.ma.masked:
        return True
    if type(value).__name__ in {"NAType", "NaTType"}:  # cannot be compared
        return True
    if isinstance(value, Decimal):  # a signalling one cannot be compared
        return value.is_nan()
    return isinstance(value, Number | np.generic) and bool(value != value)


def _numbers_of(column, name):
    """A column as floats, NaN for gaps."""
    if column.dtype.kind in "biuf":
        return column.astype(np.float64)
    values = [np.nan if _is_gap(value) else value for value in column]
    others = [value for value in values if not hasattr(value, "__float__")]
    if others or column.dtype.kind in "mM":
        raise ValueError(
            f"Column {name!r} of X held numbers in training and holds "
            f"{[*others, column.dtype][0]!r}: give numbers, and None for a gap."
        )
    return np.array(values, dtype=np.float64)


def _as_text(value, known, name):
    """A category that is no string as the text that stands for it."""
    text = str(value)
    if isinstance(value, str) or text in known:
        return text
    raise ValueError(
        f"Column {name!r} of X holds {value!r}, which is written like none of the "
        f"categories of training, such as {next(iter(known))!r}: give it as a string, "
        "written like these, or any other string for a new category."
    )


class _Plain:
    """Numbers as they are."""

    def __init__(self, meta, arrays):
        """Take no arrays: nothing was learnt."""

    def rows(self, X, n_features, names):
        if _is_frame(X):
            X = np.column_stack(_by_names(X, names, n_features))
        rows = _as_array(X)
        if rows.dtype == object:
            rows = np.column_stack([_numbers_of(c, j) for j, c in enumerate(rows.T)])
        rows = _check_shape(rows.astype(np.float64, copy=False), n_features)
        # The sum is quick, and finite for most; it may overflow where no number does.
        if not math.isfinite(rows.sum()) and not np.isfinite(rows).all():
            raise ValueError(
                "X holds NaN or infinity, and preprocessor=None takes neither."
            )
        return rows

    def __call__(self, rows):
        return rows


def _length(z):
    """The root of the sum of all squares; NaN or infinite where a number is."""
    flat = z.ravel()
    if len(flat) <= _FEW_NUMBERS:  # half the time
        return math.hypot(*flat.tolist())
    with np.errstate(over="ignore"):
        return math.sqrt(flat.dot(flat))


class _Table:
    """Numbers and categories, as skdistill's ``TableView`` sees them."""

    def __init__(self, meta, arrays):
        self._takes_gaps, self._shown = meta["takes_gaps"], meta.get("shown")
        self._columns, self._gaps = meta["columns"], np.array(meta["gaps"], dtype=int)
        self._tails = meta["tails"]
        self._empty = np.array(meta["empty"], dtype=bool)
        # Copies: `save` writes the meta as it was read.
        self._labels = [dict(each) for each in meta["labels"]]
        for each in self._labels:
            each["codes"] = dict(each["bins"])
            each["of_text"] = all(isinstance(k, str) for k, _ in each["bins"])
        self._order = arrays.get("view_order")
        self._center = arrays["view_center"]
        self._inverse = arrays["view_inverse_scale"]
        self._filling = arrays["view_filling"]
        self._bound = _BOUND if meta["is_scaled"] else _FLOAT32_BOUND
        self._is_scaled = meta["is_scaled"]
        self._is_simple = not (
            self._labels or self._tails or len(self._gaps) or self._empty.any()
        )

    def rows(self, X, n_features, names):
        # What a service sends most often needs no other look.
        if not self._labels and type(X) is np.ndarray and X.dtype == np.float64:
            return _check_shape(X, n_features)
        if not self._labels and not _is_frame(X):
            rows = _as_array(X)
            if rows.dtype.kind in "biuf":
                return _check_shape(rows.astype(np.float64), n_features)
        if _is_frame(X):
            columns = _by_names(X, names, n_features)
        else:
            columns = list(_check_shape(_as_array(X), n_features).T)
        labelled = {each["column"]: each for each in self._labels}
        names = names or self._shown or [f"feature_{j}" for j in range(n_features)]
        read = [
            self._codes(labelled[j], column, names[j])
            if j in labelled
            else _numbers_of(column, names[j])
            for j, column in enumerate(columns)
        ]
        return _check_shape(np.column_stack(read), n_features)

    def _codes(self, labels, column, name):
        """Codes of categories, as floats beside the numbers."""
        codes = []
        for value in column.tolist():  # numbers as Python's, which bins hold
            if _is_gap(value):
                codes.append(labels["gap"])
                continue
            if labels.get("as_text"):
                value = _as_text(value, labels["codes"], name)
            if isinstance(value, str) != labels["of_text"]:
                kinds = ("no strings", "strings")
                raise ValueError(
                    f"Column {name!r} of X held categories that are "
                    f"{kinds[labels['of_text']]} in training and holds {value!r}."
                )
            codes.append(labels["codes"].get(value, labels["other"]))
        return np.array(codes, dtype=np.float64)

    def __call__(self, rows):
        if self._is_simple:
            z = rows
            if self._is_scaled:
                z = z - self._center
                z *= self._inverse
            if _length(z) < self._bound:  # no gap, and nothing beyond the bound
                return z
        z = self._with_gaps(rows)
        if self._is_scaled:
            z -= self._center
            z *= self._inverse
        return np.minimum(np.maximum(z, -self._bound), self._bound)

    def _with_gaps(self, rows):
        if np.isinf(rows).any():
            raise ValueError("X holds infinity.")
        raw = rows[:, self._columns].copy()
        raw[:, self._empty] = np.nan
        missing = np.isnan(raw)
        if missing.any() and not self._takes_gaps:
            raise ValueError("X holds NaN, and training had no gaps: impute them.")
        for i, middle, size in self._tails:
            d = (raw[:, i] - middle) / size
            raw[:, i] = np.copysign(np.log1p(np.abs(d)), d)
        np.copyto(raw, self._filling[: raw.shape[1]], where=missing)
        parts = [raw, missing[:, self._gaps]]
        for each in self._labels:
            codes = rows[:, each["column"]]
            indicators = (codes[:, None] == np.array(each["shown"])).astype(np.float64)
            indicators[codes == each["neutral"]] = each["unseen"]
            parts.append(indicators)
        z = np.concatenate(parts, axis=1)
        return z if self._order is None else z[:, self._order]


def _smooth_clip(x, limit):
    # The same bound as in modules.mlp.smooth_clip, so that both answer alike.
    scaled = np.clip(x / limit, -1e18, 1e18)
    return limit * scaled / np.sqrt(1 + scaled**2)


def _relu(x):
    return np.maximum(x, _ZERO, out=x)


def _sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))  # exp(710) overflows


def _gelu(x):
    """The exact form, with the error function of the standard library."""
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _erf(x):
    return np.frompyfunc(math.erf, 1, 1)(x).astype(np.float64)


_ACTIVATIONS = {
    "relu": _relu,
    "gelu": _gelu,
    "silu": lambda x: x * _sigmoid(x),
    "tanh": np.tanh,
    "logistic": _sigmoid,
    "identity": lambda x: x,
}


class _Net:
    """A multi-layer perceptron, or several that share their weights."""

    def __init__(self, meta, arrays):
        self._clip, self._embedding = meta["clip"], meta["embedding"]
        self._activation = _ACTIVATIONS[meta["activation"]]
        self._arrays, self._n_members = arrays, meta["n_members"]
        layers = range(meta["n_layers"])
        self._layers = [(arrays[f"weight_{i}"], arrays[f"bias_{i}"]) for i in layers]
        if self._n_members:
            factors = ("before", "after")
            self._factors = [[arrays[f"{f}_{i}"] for f in factors] for i in layers]
        self._scale = arrays.get("output_scale")
        self._widths, self._is_sorted = meta["widths"], meta["is_sorted"]
        self._by_bin = None  # of weights that no longer change
        if self._embedding == "piecewise_linear" and not meta.get("is_live"):
            self._by_bin = self._first_by_bin()

    def _first_by_bin(self):
        """The first layer for a single row, where that is faster and memory bears it."""
        weight, bias = self._layers[0]
        n_cells = 2 * weight.size
        if self._n_members or n_cells > _MOST_CELLS:
            return None
        a = self._arrays
        bins = a["embedded_columns"], a["embedding_low"], a["embedding_width"]
        return _LayerByBin(*bins, weight, bias)

    def __call__(self, x):
        if self._clip is not None:
            x = _smooth_clip(x, self._clip)
        if len(x) == 1 and self._by_bin is not None:
            return self._through(self._by_bin(x), 0)
        if self._embedding is not None:
            x = self._embedded(x)
        if self._n_members:
            return self._mean(self._members(x))
        weight, bias = self._layers[0]
        x = x.dot(weight)  # for a single row faster than @
        x += bias
        return self._through(x, 0)

    def _through(self, x, i):
        """From what layer i computes to the last one's outputs."""
        for weight, bias in self._layers[i + 1 :]:
            x = self._activation(x).dot(weight)
            x += bias
        return x if self._scale is None else x * self._scale

    def probabilities(self, x):
        """Return the probabilities of the classes of a single target."""
        logits = self(x)
        return _softmax(logits) if len(logits) > 1 else _softmax_of_row(logits[0])

    def _embedded(self, x):
        a = self._arrays
        column = x.take(a["embedded_columns"], axis=1)
        if self._embedding == "piecewise_linear":
            column -= a["embedding_low"]
            column /= a["embedding_width"]
            np.maximum(column, 0.0, out=column)
            np.minimum(column, 1.0, out=column)
            return np.concatenate([x, column], axis=1)
        angle = 2 * math.pi * column[:, :, None] * a["embedding_frequency"]
        waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=2)
        out = np.einsum("ndk,dko->ndo", waves, a["embedding_weight"])
        out = np.maximum(out + a["embedding_bias"], 0.0)
        return np.concatenate([x, out.reshape(len(x), -1)], axis=1)

    def _members(self, x):
        x = x[:, None, :]
        last = len(self._layers) - 1
        for i, (weight, bias) in enumerate(self._layers):
            before, after = self._factors[i]
            x = ((x * before) @ weight) * after + bias
            if i < last:
                x = self._activation(x)
        return x if self._scale is None else x * self._scale

    def _mean(self, outputs):
        """The members' mean: of probabilities, as logarithms; or of values."""
        if self._widths is None:
            outputs = np.sort(outputs, axis=2) if self._is_sorted else outputs
            return outputs.mean(axis=1)
        ends = np.cumsum(self._widths)[:-1]
        parts = [
            _softmax(part).mean(axis=1) for part in np.split(outputs, ends, axis=2)
        ]
        return np.log(np.maximum(np.concatenate(parts, axis=1), _TINY))


class _LayerByBin:
    """An affine layer on piecewise-linear columns: in each bin, affine in the column.

    Of a row only the bins that it lies in count: for each column one look-up, rather
    than a product with all bins.

    Parameters
    ----------
    column, low, width : ndarray of shape (n_bins,)
        Places of the bins, by columns, and ascending.
    weight : ndarray of shape (n_inputs + n_bins, n_outputs)
        Of the columns, then of the bins.
    bias : ndarray of shape (n_outputs,)
        Of the layer.
    """

    def __init__(self, column, low, width, weight, bias):
        n_inputs = len(weight) - len(column)
        counts = np.bincount(column, minlength=n_inputs)
        most = counts.max(initial=0)
        # Beyond its last edge a column is in a bin too, and stays there.
        self._edges = np.full((n_inputs, most + 2), np.inf)
        tables, starts, start = [], [], 0
        for j, count in enumerate(counts):
            bins = slice(start, start + count)
            slope = weight[n_inputs + start : n_inputs + start + count]
            # Within a bin (x - low) / width, below 0, above 1: with all bins before it,
            # the layer is affine in x, constant + slope * x.
            constant = -low[bins, None] / width[bins, None] * slope
            before = np.cumsum(slope, axis=0) - slope
            none = np.zeros((1, len(bias)))
            constants = [none, constant + before, slope.sum(axis=0, keepdims=True)]
            slopes = [none, slope / width[bins, None], none]
            if not count:
                constants, slopes = [none], [none]
            pair = np.concatenate(constants), np.concatenate(slopes) + weight[j]
            starts.append(sum(map(len, tables)))
            tables.append(np.stack(pair, axis=1))
            if count:
                self._edges[j, :count] = low[bins]
                self._edges[j, count] = low[bins][-1] + width[bins][-1]
            start += count
        tables[0][:, 0] += bias
        self._table = np.ascontiguousarray(np.concatenate(tables))
        self._starts = np.array(starts)
        self._ones = np.ones((n_inputs, 2))
        self._shape = 2 * n_inputs, len(bias)

    def __call__(self, x):
        """The layer's outputs for a single row (1, n_inputs)."""
        bins = (self._edges <= x.T).argmin(axis=1)
        bins += self._starts
        factors = self._ones.copy()
        factors[:, 1] = x
        return factors.reshape(1, -1).dot(
            self._table.take(bins, 0).reshape(self._shape)
        )


class _SoftTree:
    """A tree of gates: the mixture of its leaves, or one of them."""

    def __init__(self, meta, arrays):
        self._meta, self._inference = meta, meta["inference"]
        self._weight, self._bias = arrays["gate_weight"], arrays["gate_bias"]
        self._gates = arrays["gates"]
        self._n_gates = len(self._gates)
        is_gate = np.zeros(2 * self._n_gates + 1, dtype=bool)
        is_gate[self._gates] = True
        self._leaves = np.flatnonzero(~is_gate)
        # Children of the gate of rank r are the nodes 2 r + 1 and 2 r + 2; leaves have
        # no rank.
        self._rank = np.where(is_gate, np.cumsum(is_gate) - 1, -1)
        self._levels = list(pairwise(self._ends_of_levels()))
        self._leaf = arrays["leaf"]
        self._leaf_weight = arrays.get("leaf_weight")
        self._is_classifier = meta["is_classifier"]
        self._said = None  # what leaves say, where their parameters no longer change
        if self._leaf_weight is None and not meta["is_live"]:
            self._said = self._as_outputs(self._leaf)
        # Of few gates all paths are one product; the table has gates times leaves.
        is_small = self._n_gates <= _FEW_GATES
        self._ways = self._ways_to_leaves() if is_small else None

    def _ends_of_levels(self):
        """The ranks with which levels of gates begin, and end."""
        ends, depth = [0], np.zeros(2 * self._n_gates + 1, dtype=int)
        for rank, gate in enumerate(self._gates):
            depth[[2 * rank + 1, 2 * rank + 2]] = depth[gate] + 1
        depths = depth[self._gates]
        ends += (np.flatnonzero(np.diff(depths)) + 1).tolist()
        return [*ends, self._n_gates] if self._n_gates else [0]

    def _ways_to_leaves(self):
        """Which sides of which gates lead to each leaf (2 n_gates, n_leaves)."""
        ways = np.zeros((2 * self._n_gates, len(self._leaves)))
        for column, leaf in enumerate(self._leaves):
            node = leaf
            while node:
                rank, is_right = divmod(node - 1, 2)
                ways[rank + is_right * self._n_gates, column] = 1
                node = self._gates[rank]
        return ways

    def __call__(self, x):
        output = self._mixed(x)
        if self._is_classifier:
            np.maximum(output, _TINY, out=output)
            np.log(output, out=output)
        return output

    def probabilities(self, x):
        """Return the probabilities of the classes of a single target."""
        p = self._mixed(x)
        p /= p.sum(axis=1, keepdims=True)
        return p

    def _mixed(self, x):
        """The outputs of the leaves, weighted by their paths; or those of one leaf."""
        logits = x.dot(self._weight)
        logits += self._bias
        if self._leaf_weight is not None:
            leaf = (x @ self._leaf_weight).reshape(-1, *self._leaf.shape) + self._leaf
            output = self._as_outputs(leaf)
            output = np.einsum("nl,nlk->nk", self._reach(logits), output)
        else:
            output = self._said
            output = self._as_outputs(self._leaf) if output is None else output
            if self._inference == "path":
                output = output[self._greedy(logits)]
            elif self._inference == "leaf":
                output = output[self._reach(logits).argmax(axis=1)]
            else:
                output = self._reach(logits).dot(output)
        return output

    def _as_outputs(self, leaf):
        """Distributions, or values, from the leaves' parameters (..., n_outputs)."""
        leaf = leaf.astype(np.float64)
        if not self._is_classifier:
            return np.sort(leaf, axis=-1) if self._meta["is_sorted"] else leaf
        widths = self._meta["widths"]
        if len(widths) == 1:
            return _softmax(leaf)
        ends = np.cumsum(widths)[:-1]
        parts = list(map(_softmax, np.split(leaf, ends, axis=-1)))
        return np.concatenate(parts, axis=-1)

    def _reach(self, logits):
        """Probability of each leaf (n, n_leaves)."""
        if self._ways is not None and len(logits) <= _FEW_ROWS:
            # Logarithms of both sides' shares, summed along each path by one product:
            # for few rows quicker than level by level.
            left = -np.logaddexp(0.0, logits)
            shares = np.concatenate([left, left + logits], axis=1)
            return np.exp(shares.dot(self._ways))
        left, right = _logistic(logits.T)
        node = np.empty((2 * self._n_gates + 1, len(logits)))
        node[0] = 1.0
        for first, end in self._levels:
            path = node[self._gates[first:end]]
            below = node[2 * first + 1 : 2 * end + 1]
            np.multiply(path, left[first:end], out=below[0::2])
            np.multiply(path, right[first:end], out=below[1::2])
        return node[self._leaves].T

    def _greedy(self, logits):
        goes_right = logits > 0
        node = np.zeros(len(logits), dtype=int)
        rows = np.arange(len(logits))
        for _ in self._levels:
            rank = self._rank[node]
            below = 2 * rank + 1 + goes_right[rows, rank] if self._n_gates else node
            node = np.where(rank < 0, node, below)
        return np.searchsorted(self._leaves, node)


def _logistic(logits):
    # As in modules.gates: each side by itself, so that neither is rounded to 0.
    logits = np.clip(logits, -40, 40)
    down, up = np.exp(-logits), np.exp(logits)
    return 1 / (1 + up), 1 / (1 + down)


class _HardTree:
    """A tree of plain questions."""

    def __init__(self, meta, arrays):
        names = ("children_left", "children_right", "feature", "threshold")
        self._arrays = [arrays[name] for name in names]
        self._lists = [array.tolist() for array in self._arrays]
        self._values = arrays["values"]
        with np.errstate(over="ignore"):  # a regressor's values are no logarithms
            self._p = np.exp(self._values)

    def __call__(self, x):
        return self._values[self._leaves_of(x)]

    def probabilities(self, x):
        """Return the probabilities of the classes of a single target."""
        return self._p[self._leaves_of(x)]

    def _leaves_of(self, x):
        if len(x) == 1:
            return [self._leaf_of(x[0].tolist())]  # lists: numpy's calls cost more
        left, right, feature, threshold = self._arrays
        node, rows = np.zeros(len(x), dtype=int), np.arange(len(x))
        rows = rows[left[node] >= 0]
        while len(rows):
            at = node[rows]
            goes_left = x[rows, feature[at]] <= threshold[at]
            node[rows] = np.where(goes_left, left[at], right[at])
            rows = rows[left[node[rows]] >= 0]
        return node

    def _leaf_of(self, row):
        left, right, feature, threshold = self._lists
        node = 0
        while left[node] >= 0:
            side = left if row[feature[node]] <= threshold[node] else right
            node = side[node]
        return node


_VIEWS = {"plain": _Plain, "table": _Table}
MODELS = {"net": _Net, "soft_tree": _SoftTree, "hard_tree": _HardTree}
