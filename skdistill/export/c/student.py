"""A fitted student as one header of C, with the proof that it says the same."""

import json
from typing import Any

from ..arrays import predictor_of
from ..files import checked_path, write_whole
from ..labels import check_labels
from ..proof import proven
from .columns import Columns
from .engine import TOLERANCES, CEngine, found_compiler
from .fixed import FixedEngine, FixedTree
from .head import PREDICT_DOC, Head, classes, helpers, labels_of_leaves
from .leaves import _PREDICT, answers_of, hard_leaf
from .net import Net
from .soft_tree import Mixture, one_leaf
from .text import checked_name, fill, number, remark, table

_CALLS = 200  # bytes of stack for calls and single numbers
_MUCH = 1 << 16
_DTYPES = ("double", "float", "int32", "int16")

_TOP = """\
/* A distilled $student, made by skdistill. C99, and C++11.
 *
 * Example:
$example
 *
$columns
 *
 * Functions return a number below 0 for a row that the student refuses: @_GAP (a gap in a
 * column that had none in training), @_INFINITE, or @_CODE (no code of that category).
$outputs
 * No heap, no recursion, no state; at most about $stack bytes of stack.
$notes
 *
 * skdistill $about
 */
#ifndef @_H
#define @_H

$include

enum {
    @_OK = 0, @_GAP = -1, @_INFINITE = -2, @_CODE = -3,
    @_N_COLUMNS = $n_columns, @_N_OUTPUTS = $n_outputs$sizes
};

/* Positions of the columns in x. */
enum {
    $places
};

$body
#endif
"""

_MATH = """\
#include <math.h>

#ifdef __FAST_MATH__
#error "-ffast-math forgets gaps (NaN): compile without it."
#endif"""
# Integers ask for no floating point unless their user does.
_STDINT = """\
#include <stdint.h>
#ifdef @_WITH_DOUBLES
#include <math.h>
#endif"""

_NOTES = {
    "double": [
        "Compile with -O2. Outputs are those of the student to 1e-12 where the compiler",
        "rounds each step to double and fuses none (-std=c99 or -ffp-contract=off in gcc).",
    ],
    "float": [
        "Tables and sums are of float; what decides where a row goes (x, the view's scale,",
        "thresholds, and the gates of a tree of which one leaf answers) is of double.",
        "Compile with -O2 -ffp-contract=off.",
    ],
}


def to_c(
    student, path, *, dtype="double", name=None, compiler=None, X=None
) -> dict[str, Any]:
    """Write a fitted student as one header of C99.

    It asks for nothing but ``math.h``: no heap, no recursion, no state. All names begin
    with `name`, and all functions are ``static inline``, so that several headers may be
    included in one file, and one in several. A comment at its top says how to call it,
    with an example.

    A row is so many doubles as there are columns, one after another in memory (integers
    with an integer `dtype`). Who calls it from Python, by ctypes or cffi, passes rows of
    ``np.ascontiguousarray(X, dtype=np.float64)``: the array of ``DataFrame.to_numpy()``
    may be in Fortran's order, of which the same pointer gives wrong labels and no error.

    Before it is written, a compiler makes a program of it, which is compared with the
    student on likely and on hostile rows (:func:`verify`); the header holds what was
    found.

    Parameters
    ----------
    student : estimator
        A fitted net, soft tree or hard tree of this library, or a StudentClassifier or
        StudentRegressor of a single decision tree; not changed.
    path : str or path
        Of the header, which ends in .h; one that is there is replaced.
    dtype : {"double", "float", "int32", "int16"}, default="double"
        "float": tables and sums are of float, half the bytes, and outputs are right to
        1e-6. Rows are still of double, as are thresholds and the scale of the view, so
        that each row goes the way it goes in the student. "int32" and "int16", of hard
        trees alone, ask for no floating point at all: rows are integers, each column in
        quanta of its own, and outputs are integers from 0 to 65535. They promise the leaf
        of the student for each row that has no number above a threshold by less than one
        quantum; a number that is takes the way of the threshold itself.
    name : str, default=None
        With which all names begin; None: the path's stem.
    compiler : str or list of str, default=None
        The command of a compiler that takes the options of gcc, such as "clang". None:
        the environment's ``CC``, else ``cc``, ``gcc`` or ``clang``. On a machine without
        any, ``pip install ziglang`` brings one, and this is then
        ``[sys.executable, "-m", "ziglang", "cc"]``.
    X : array-like or frame of shape (n, n_features), default=None
        Rows on which both are compared too.

    Returns
    -------
    dict
        What :func:`verify` found; also ``bytes``, of the header, and ``stack_bytes``,
        about what a call needs.

    Raises
    ------
    TypeError
        If the student, or one of its categories, has no form in C.
    ValueError
        If the path does not end in .h, the name is none in C, the dtype is unknown or
        merges two thresholds, or the program does not say what the student says. Nothing
        is written.
    RuntimeError
        If there is no compiler, or it fails.
    FileNotFoundError
        If the path's folder is not there.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    >>> folder = getfixture("tmp_path")
    >>> proof = export.to_c(tree, folder / "iris.h")
    >>> proof["labels_that_differ"], proof["largest_difference"]
    (0, 0.0)
    >>> "iris_predict(x, out)" in (folder / "iris.h").read_text()
    True
    """
    if dtype not in _DTYPES:
        raise ValueError(f"dtype={dtype!r} must be one of {', '.join(_DTYPES)}.")
    path = checked_path(path, ".h")
    name = checked_name(name, path)
    found_compiler(compiler)  # before any work
    predictor = predictor_of(student)
    check_labels(predictor, "C")
    source = _Header(student, predictor, dtype, name, path.name)
    kind = CEngine if dtype in TOLERANCES else FixedEngine
    engine = kind(source.text({}), predictor, compiler)
    proof = proven(engine, student, predictor, X)
    text = source.text(proof)
    write_whole(path, text, ".h")
    return {**proof, "bytes": len(text.encode()), "stack_bytes": source.stack}


class _Header:
    """The text of a header, before and after its proof."""

    def __init__(self, student, predictor, dtype, name, file):
        self._predictor, self._dtype = predictor, dtype
        self._name, self._file = name, file
        self._columns = Columns(predictor)
        if dtype in TOLERANCES:
            self._about = {"x": "double", "out": dtype, "tolerance": TOLERANCES[dtype]}
            self._body, self._n_outputs, n = _body(predictor, self._columns, dtype)
            self.stack = _CALLS + n
            self._notes, self._value = _NOTES[dtype], None
        else:
            tree = FixedTree(student, predictor, self._columns, dtype)
            self._about, self._body = tree.about, tree.code()
            self._n_outputs, self.stack = tree.n_outputs, _CALLS
            self._notes = tree.notes()

    def text(self, proof):
        """The whole header."""
        about = {"name": self._name, **self._about}
        about |= {"proof": proof} if proof else {}
        coders = self._columns.coders(self._about["x"])
        parts = [classes(self._predictor), coders, self._body]
        text = fill(
            _TOP,
            student=self._predictor.meta["student"],
            example=_lines(self._example(), "    "),
            columns=_lines(self._described()),
            outputs=_lines(self._outputs()),
            stack=self.stack,
            notes=_lines([*self._notes, *self._large()]),
            about=_json(about),
            include=_MATH if self._about["x"] == "double" else _STDINT,
            n_columns=self._predictor.n_features_in_,
            n_outputs=self._n_outputs,
            sizes=self._sizes(),
            places=",\n    ".join(
                f"@_at_{word} = {j}" for j, word in enumerate(self._columns.words)
            ),
            body="\n".join(parts),
        )
        return text.replace("@_", self._name + "_")

    def _large(self):
        if self.stack > _MUCH:
            yield "That is much: see that your threads have it."

    def _sizes(self):
        widths = self._predictor.meta["widths"]
        if len(widths) > 1:
            return f", @_N_TARGETS = {len(widths)}"
        return f", @_N_CLASSES = {widths[0]}" if widths else ""

    def _example(self):
        columns, x, out = self._columns, self._about["x"], self._about["out"]
        fixed = x != "double"
        shown = [each for each in columns.categories if each.is_text or not fixed]
        places = [each.column for each in [*columns.numbers[:1], *shown[:1]]]
        yield f'#include "{remark(self._file)}"'
        yield f"{x} x[@_N_COLUMNS] = {{0}};"
        yield f"{out} out[@_N_OUTPUTS];"
        for j in places:
            yield f"x[@_at_{columns.words[j]}] = {columns.example(j, fixed)};"
        yield "if (@_predict(x, out) != @_OK) return 1;"

    def _described(self):
        columns = self._columns
        yield "Columns of x:"
        takes = {each.column: each.rule.takes_gaps for each in columns.numbers}
        labels = {each.column: each for each in columns.categories}
        gap = "NAN" if self._about["x"] == "double" else "@_MISSING"
        for j, (name, word) in enumerate(
            zip(columns.names, columns.words, strict=True)
        ):
            if j in labels:
                null = "0" if labels[j].is_text else "NAN"
                what = f"a category: @_code_{word}(...), of {null} for a gap"
                what += self._codes(labels[j])
            elif takes.get(j):
                what = f"a number, {gap} for a gap"
            else:
                what = "a number"
            yield f"  @_at_{word}: {remark(name)}, {what}"

    def _codes(self, each):
        """The codes of numbers, for rows of integers."""
        if each.is_text or self._about["x"] == "double":
            return ""
        pairs = ", ".join(f"{number(value)} is {i}" for value, i in each.codes.items())
        return f"; {pairs}, a gap {each.gap}, any other {each.other}"

    def _outputs(self):
        meta = self._predictor.meta
        unit = "" if self._about["x"] == "double" else ", by @_value(k, out[k])"
        if not meta["is_classifier"]:
            yield f"@_predict gives values{unit}."
        elif meta["is_multilabel"]:
            yield f"@_predict gives the probability of each label{unit}; @_labels 0 or 1."
        elif len(meta["widths"]) == 1:
            yield f"@_predict gives the probabilities of @_classes{unit};"
            yield "@_label the place of the likeliest."
        else:
            yield f"@_predict gives probabilities{unit}, @_labels places of the likeliest:"
            start = 0
            for i, width in enumerate(meta["widths"]):
                yield f"  of @_classes_{i} in out[{start}] to out[{start + width - 1}]"
                start += width


def _json(about):
    """JSON in a comment: no slash ends it, and nothing in it is a name or a trigraph."""
    text = json.dumps(about).replace("/", "\\/")
    return text.replace("?", "\\u003f").replace("@", "\\u0040")


def _lines(lines, indent=""):
    return "\n".join(f" * {indent}{line}".rstrip() for line in lines)


def _body(predictor, columns, kind):
    """Tables and functions of a model, its number of outputs, and bytes that it holds."""
    model = predictor.meta["model"]
    says_leaf = model["kind"] == "hard_tree" or (
        model.get("inference", "mixture") != "mixture"
        and "leaf_weight" not in predictor.arrays
    )
    if says_leaf:
        find = hard_leaf if model["kind"] == "hard_tree" else one_leaf
        leaf, raw, n = find(predictor, columns)
        said, n_outputs = _said(predictor, raw, kind)
        return "\n".join([columns.check(), leaf, said]), n_outputs, 8 * n
    make = Net if model["kind"] == "net" else Mixture
    made = make(predictor, columns, kind)
    head = Head(predictor, made.says, kind).code(made.n_outputs)
    code = "\n".join([made.code(), head])
    several = predictor.meta["is_multilabel"]
    n_outputs = len(predictor.meta["widths"]) if several else made.n_outputs
    code = "\n".join([columns.check(), helpers(code, kind), code])
    size = 8 if kind == "double" else 4
    return code, n_outputs, size * (made.n_on_stack + 2 * made.n_outputs)


def _said(predictor, raw, kind):
    """What each leaf says, and its label."""
    answers = answers_of(predictor, raw)
    outputs = answers.outputs
    if predictor.meta["is_multilabel"]:
        outputs = outputs[:, 1::2]
    n = outputs.shape[1]
    parts = [
        table("@_said", outputs, kind),
        fill(_PREDICT, n=n, kind=kind, doc=PREDICT_DOC),
    ]
    if answers.labels is not None:
        parts.append(labels_of_leaves(answers.labels, "double"))
    return "\n".join(parts), n
