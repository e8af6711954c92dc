"""From what a model computes to labels, probabilities and values, in ONNX."""

from dataclasses import dataclass

import numpy as np

from ..predictor import _LOG_TINY, _TINY, log_softmax


@dataclass(frozen=True)
class Answer:
    """What a model computes, in one of these forms.

    Attributes
    ----------
    logits, p, values : str or None
        Name of logits, of probabilities, or of values in the unit of training; target
        after target (n, n_outputs).
    leaf, table : str and ndarray of shape (n_leaves, n_outputs), or None
        Name of the numbers of leaves (n, 1), and what each leaf says: log-probabilities
        or values.
    asked : tuple of (str, int) or None
        With a leaf, where the student takes no gaps: name and number of the columns of
        which a gap makes the outputs NaN. All other forms pass NaN on by themselves.
    """

    logits: str | None = None
    p: str | None = None
    values: str | None = None
    leaf: str | None = None
    table: np.ndarray | None = None
    asked: tuple | None = None


@dataclass(frozen=True)
class Output:
    """An output of a graph.

    Attributes
    ----------
    name : str
        In the graph, so far.
    kind : numpy.dtype
        Of its values; object for strings.
    shape : tuple
        Its axes; "n" for the rows.
    """

    name: str
    kind: np.dtype
    shape: tuple


def output_names(predictor):
    """What the outputs are called.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    list of str
        "values"; or "label" and "probabilities", of several targets "probabilities_0"
        and so on.
    """
    if not predictor.meta["is_classifier"]:
        return ["values"]
    n = len(predictor.meta["widths"])
    if n == 1 or predictor.meta["is_multilabel"]:
        return ["label", "probabilities"]
    return ["label", *(f"probabilities_{i}" for i in range(n))]


def add_outputs(graph, predictor, answer):
    """Add what comes after the model.

    Parameters
    ----------
    graph : Graph
        Added to.
    predictor : NumpyPredictor
        Of the student.
    answer : Answer
        Of the model.

    Returns
    -------
    list of Output
        In the order of :func:`output_names`.
    """
    if not predictor.meta["is_classifier"]:
        return [_values(graph, predictor, answer)]
    if answer.leaf is not None:
        return _from_table(graph, predictor, answer)
    answer = _shifted(graph, predictor, answer)
    if predictor.meta["is_multilabel"]:
        return _of_labels(graph, predictor, answer)
    return _of_targets(graph, predictor, answer)


def _values(graph, predictor, answer):
    meta, arrays = predictor.meta, predictor.arrays
    scale, center = arrays["target_scale"], arrays["target_center"]
    n = n_outputs(predictor)
    if answer.leaf is not None:
        table = np.sort(answer.table, axis=1) if meta["is_sorted"] else answer.table
        table = table * scale + center
        values = _looked_up(graph, table, answer)
    else:
        values = answer.values
        values = graph.sorted(values, n) if meta["is_sorted"] else values
        values = graph.add("Mul", values, scale) if (scale != 1).any() else values
        values = graph.add("Add", values, center)
    if meta["is_flat"]:
        values = graph.add("Squeeze", values, np.array([1]))
    shape = ("n",) if meta["is_flat"] else ("n", n)
    return Output(values, np.dtype(np.float64), shape)


def _looked_up(graph, table, answer):
    """Rows of a table of numbers; NaN where a gap may not be."""
    found = graph.add("GatherND", table, answer.leaf)
    if answer.asked is None:
        return found
    name, width = answer.asked
    return graph.add("Gemm", name, np.zeros((width, table.shape[1])), found)


def n_outputs(predictor):
    """How many numbers a model computes for a row.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    int
        Of all targets, or quantiles.
    """
    meta, arrays = predictor.meta["model"], predictor.arrays
    if meta["kind"] == "net":
        return arrays[f"bias_{meta['n_layers'] - 1}"].shape[-1]
    return arrays["leaf" if meta["kind"] == "soft_tree" else "values"].shape[-1]


def _shifted(graph, predictor, answer):
    """After ``adjust_class_prior``: logits."""
    if "shift" not in predictor.arrays:
        return answer
    if answer.logits is None:
        log = graph.add("Log", graph.add("Max", answer.p, _TINY))
    else:
        log = graph.add("LogSoftmax", answer.logits, axis=1)
    # A class of probability 0 stays finite, whatever is added to it.
    floored = graph.add("Max", log, _LOG_TINY)
    return Answer(logits=graph.add("Add", floored, predictor.arrays["shift"]))


def _probabilities(graph, answer, source):
    return graph.add("Softmax", source, axis=-1) if answer.p is None else source


def _of_targets(graph, predictor, answer):
    widths = predictor.meta["widths"]
    sources = graph.split(answer.p or answer.logits, widths, axis=1)
    several = len(widths) > 1
    kind, targets = label_kind(predictor)
    pairs = zip(sources, targets, strict=True)
    labels = [_label(graph, each, classes, several) for each, classes in pairs]
    label = graph.add("Concat", *labels, axis=1) if several else labels[0]
    shape = ("n", len(widths)) if several else ("n",)
    pairs = zip(sources, widths, strict=True)
    return [
        Output(label, kind, shape),
        *(
            Output(_probabilities(graph, answer, source), np.dtype(float), ("n", width))
            for source, width in pairs
        ),
    ]


def _label(graph, source, classes, several):
    """The label of each row of one target, as a column if there are several."""
    best = graph.add("ArgMax", source, axis=1, keepdims=int(several))
    return best if _is_count(classes) else graph.add("Gather", classes, best)


def _is_count(classes):
    return classes.dtype.kind == "i" and classes.tolist() == list(range(len(classes)))


def _of_labels(graph, predictor, answer):
    """Several labels, each of two classes: the probability of the second."""
    n = len(predictor.meta["widths"])
    source = graph.add("Reshape", answer.p or answer.logits, np.array([-1, n, 2]))
    kind, targets = label_kind(predictor)
    best = graph.add("ArgMax", source, axis=2, keepdims=0)
    if not all(map(_is_count, targets)):
        columns = [graph.add("Gather", best, np.array([i]), axis=1) for i in range(n)]
        pairs = zip(targets, columns, strict=True)
        columns = [graph.add("Gather", classes, each) for classes, each in pairs]
        best = columns[0] if n == 1 else graph.add("Concat", *columns, axis=1)
    p = _probabilities(graph, answer, source)
    second = graph.add("Gather", p, np.array(1), axis=2)
    return [Output(best, kind, ("n", n)), Output(second, np.dtype(float), ("n", n))]


def label_kind(predictor):
    """The type of the labels, and the classes of each target in it.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a classifier.

    Returns
    -------
    kind : numpy.dtype
        One of int64, float64, bool, and object for strings.
    targets : list of ndarray
        Classes.

    Raises
    ------
    TypeError
        If targets have strings and numbers: labels of all targets are one table.
    """
    widths = predictor.meta["widths"]
    targets = [predictor.arrays[f"classes_{i}"] for i in range(len(widths))]
    kinds = {classes.dtype.kind for classes in targets}
    if "U" in kinds and len(kinds) > 1:
        raise TypeError(
            "Some targets have strings as classes and others numbers, and labels of all "
            "targets are one table of ONNX: fit with all of y as strings."
        )
    plain = {"U": object, "b": bool, "f": np.float64}
    kind = np.result_type(*(plain.get(each, np.int64) for each in kinds))
    return kind, [classes.astype(kind) for classes in targets]


def _from_table(graph, predictor, answer):
    """What is said of each leaf is computed here and now, and looked up there."""
    kind, targets = label_kind(predictor)
    logits, shift = answer.table, predictor.arrays.get("shift")
    if shift is not None:
        logits = np.maximum(log_softmax(logits), _LOG_TINY) + shift
    ends = np.cumsum(predictor.meta["widths"])[:-1]
    parts = [log_softmax(part) for part in np.split(logits, ends, axis=1)]
    pairs = zip(targets, parts, strict=True)
    labels = [classes[part.argmax(axis=1)] for classes, part in pairs]
    label = np.stack(labels, axis=1) if len(labels) > 1 else labels[0]
    tables = [np.exp(part) for part in parts]
    if predictor.meta["is_multilabel"]:
        tables = [np.column_stack([p[:, 1] for p in tables])]
    found = graph.add("GatherND", label, answer.leaf)
    outputs = [Output(found, kind, ("n", *label.shape[1:]))]
    for table in tables:
        found = _looked_up(graph, table, answer)
        outputs.append(Output(found, np.dtype(float), ("n", table.shape[1])))
    return outputs
