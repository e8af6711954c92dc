"""From what a model computes to probabilities, labels and values, in C."""

import numpy as np

from .text import fill, quoted, table

_SOFTMAX = """\
static inline void @_softmax($kind *v, int n)
{
    $kind most = v[0], sum = 0;
    int k;
    for (k = 1; k < n; k++) if (v[k] > most) most = v[k];
    for (k = 0; k < n; k++) { v[k] = exp$f(v[k] - most); sum += v[k]; }
    for (k = 0; k < n; k++) v[k] /= sum;
}
"""
_SORT = """\
static inline void @_sort($kind *v, int n)
{
    int i, k;
    for (i = 1; i < n; i++) {
        const $kind one = v[i];
        for (k = i; k > 0 && v[k - 1] > one; k--) v[k] = v[k - 1];
        v[k] = one;
    }
}
"""
_LOG = """\
static inline $kind @_log($kind p)
{
    return p > ($kind)$tiny ? log$f(p) : ($kind)$log_tiny;
}
"""
_LARGEST = """\
static inline int @_largest(const $kind *v, int n)
{
    int k, best = 0;
    for (k = 1; k < n; k++) if (v[k] > v[best]) best = k;
    return best;
}
"""
_HELPERS = {"softmax": _SOFTMAX, "sort": _SORT, "log": _LOG, "largest": _LARGEST}

_SCORES = """\
static inline int @_scores(const double *x, $kind *o)
{
    const int status = @_raw(x, o);
    if (status != @_OK) return status;
$steps    return @_OK;
}
"""
_OF_SHARES = """\
    {
        int k;
        for (k = 0; k < $n; k++) o[k] = @_log(o[k]);
    }
"""
_SHIFT = """\
    {
        $table        $kind most = o[0], sum = 0;
        int k;
        for (k = 1; k < $n; k++) if (o[k] > most) most = o[k];
        for (k = 0; k < $n; k++) sum += exp$f(o[k] - most);
        sum = most + log$f(sum);
        for (k = 0; k < $n; k++) {
            const $kind v = o[k] - sum;
            o[k] = (v > ($kind)$log_tiny ? v : ($kind)$log_tiny) + shift[k];
        }
    }
"""

_OPEN = """\
$doc
static inline int @_predict(const double *x, $kind *out)
{
    $kind o[$n];
    int k;
    const int status = $source(x, o);
    if (status != @_OK) return status;
$body    return @_OK;
}
"""
_NORMED = """\
    {
        $kind sum = 0;
        for (k = $start; k < $end; k++) sum += o[k];
        for (k = $start; k < $end; k++) o[k] /= sum;
    }
"""
_ALL = "    for (k = 0; k < $n; k++) out[k] = o[k];\n"
_SECONDS = "    for (k = 0; k < $n_targets; k++) out[k] = o[2 * k + 1];\n"
_VALUES = """\
    {
        $tables        for (k = 0; k < $n; k++) out[k] = o[k] * scale[k] + center[k];
    }
"""

_LABEL = """\
$doc
static inline int @_label(const double *x)
{
    $kind o[$n];
    const int status = @_scores(x, o);
    return status != @_OK ? status : @_largest(o, $n);
}
"""
_LABELS = """\
$doc
static inline int @_labels(const double *x, int *labels)
{
    $kind o[$n];
    const int status = @_scores(x, o);
    if (status != @_OK) return status;
$each    return @_OK;
}
"""
_LABEL_OF_LEAF = """\
$doc
static inline int @_label(const $x *x)
{
    $table    const int leaf = @_leaf(x);
    return leaf < 0 ? leaf : label[leaf];
}
"""
_LABELS_OF_LEAF = """\
$doc
static inline int @_labels(const $x *x, int *labels)
{
    $table    const int leaf = @_leaf(x);
    int k;
    if (leaf < 0) return leaf;
    for (k = 0; k < $n; k++) labels[k] = label[leaf * $n + k];
    return @_OK;
}
"""
PREDICT_DOC = (
    "/* Fills out[@_N_OUTPUTS] and returns @_OK, or tells why it refuses the row. */"
)
LABEL_DOC = "/* Place of the class in @_classes, or below 0: why it refuses the row. */"
LABELS_DOC = (
    "/* Fills labels[@_N_TARGETS] with places in @_classes_0 and so on, and returns @_OK,\n"
    "   or tells why it refuses the row. */"
)
_TINY = float(np.finfo(np.float64).tiny)


class Head:
    """What is made of a model's outputs.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    says : {"logits", "shares", "values"}
        What the model computes; a net of values says "logits" too.
    kind : {"double", "float"}
        Type of the outputs.
    """

    def __init__(self, predictor, says, kind):
        self._meta, self._arrays = predictor.meta, predictor.arrays
        self._says, self._shift = says, predictor._shift
        self._widths = predictor.meta["widths"]
        self._parts = {"kind": kind, "f": "f" if kind == "float" else ""}
        self._parts["log_tiny"] = repr(float(np.log(_TINY)))

    def code(self, n):
        """The functions that a user calls.

        Parameters
        ----------
        n : int
            Number of the model's outputs.

        Returns
        -------
        str
            ``@_predict``, and of a classifier ``@_label`` or ``@_labels``.
        """
        if not self._meta["is_classifier"]:
            return self._values(n)
        return "\n".join([self._scores(n), self._probabilities(n), self._labels(n)])

    def _fill(self, text, **values):
        return fill(text, **self._parts, **values)

    def _scores(self, n):
        steps = self._fill(_OF_SHARES, n=n) if self._says == "shares" else ""
        if self._shift is not None:
            shift = table("shift", self._shift, self._parts["kind"])
            steps += self._fill(_SHIFT, n=n, table=shift)
        return self._fill(_SCORES, steps=steps)

    def _probabilities(self, n):
        starts = np.cumsum([0, *self._widths])
        is_direct = self._says == "shares" and self._shift is None
        body = ""
        for start, width in zip(starts, self._widths, strict=False):
            if is_direct:
                body += self._fill(_NORMED, start=start, end=start + width)
            else:
                body += f"    @_softmax(o + {start}, {width});\n"
        body += (
            self._fill(_SECONDS, n_targets=len(self._widths))
            if self._meta["is_multilabel"]
            else self._fill(_ALL, n=n)
        )
        source = "@_raw" if is_direct else "@_scores"
        return self._fill(_OPEN, n=n, source=source, body=body, doc=PREDICT_DOC)

    def _labels(self, n):
        if len(self._widths) == 1:
            return self._fill(_LABEL, n=n, doc=LABEL_DOC)
        starts = np.cumsum([0, *self._widths])
        each = "".join(
            f"    labels[{i}] = @_largest(o + {starts[i]}, {width});\n"
            for i, width in enumerate(self._widths)
        )
        return self._fill(_LABELS, n=n, each=each, doc=LABELS_DOC)

    def _values(self, n):
        sort = f"    @_sort(o, {n});\n" if self._meta["is_sorted"] else ""
        tables = [
            table(
                name,
                np.broadcast_to(self._arrays[f"target_{name}"], n),
                self._parts["kind"],
            )
            for name in ("scale", "center")
        ]
        body = sort + self._fill(_VALUES, n=n, tables="        ".join(tables))
        return self._fill(_OPEN, n=n, source="@_raw", body=body, doc=PREDICT_DOC)


def helpers(code, kind):
    """The small functions that some code calls.

    Parameters
    ----------
    code : str
        All other code.
    kind : {"double", "float"}
        Type of their numbers.

    Returns
    -------
    str
        Those that it needs.
    """
    f = "f" if kind == "float" else ""
    tiny = {"tiny": repr(_TINY), "log_tiny": repr(float(np.log(_TINY)))}
    needed = [text for name, text in _HELPERS.items() if f"@_{name}(" in code]
    return "\n".join(fill(text, kind=kind, f=f, **tiny) for text in needed)


def labels_of_leaves(labels, x):
    """The functions that tell the label of a leaf.

    Parameters
    ----------
    labels : ndarray of shape (n_leaves, n_targets)
        Places of classes.
    x : str
        Type of a column.

    Returns
    -------
    str
        ``@_label`` or ``@_labels``.
    """
    n, all_labels = labels.shape[1], table("label", labels)
    if n == 1:
        return fill(_LABEL_OF_LEAF, table=all_labels, x=x, doc=LABEL_DOC)
    return fill(_LABELS_OF_LEAF, table=all_labels, n=n, x=x, doc=LABELS_DOC)


def classes(predictor):
    """The labels of all targets.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    str
        ``@_classes``, or ``@_classes_0`` and so on.
    """
    if not predictor.meta["is_classifier"]:
        return ""
    several = len(predictor._targets) > 1
    return "".join(
        _classes(f"@_classes_{i}" if several else "@_classes", labels)
        for i, labels in enumerate(predictor._targets)
    )


def _classes(name, labels):
    kind = labels.dtype.kind
    if kind == "U":
        cells = ",\n    ".join(quoted(label, "The class") for label in labels.tolist())
        return f"static const char *const {name}[{len(labels)}] = {{\n    {cells}}};\n"
    if kind == "f":
        return table(name, labels, "double")
    written = [
        "-9223372036854775807LL - 1" if v == -(2**63) else f"{v}"
        for v in map(int, labels)
    ]
    if all(abs(int(v)) < 2**31 for v in labels.tolist()):
        return f"static const int {name}[{len(labels)}] = {{{', '.join(written)}}};\n"
    suffix, kind = ("ULL", "unsigned long long") if kind == "u" else ("LL", "long long")
    cells = (each if "LL" in each else each + suffix for each in written)
    return f"static const {kind} {name}[{len(labels)}] = {{{', '.join(cells)}}};\n"
