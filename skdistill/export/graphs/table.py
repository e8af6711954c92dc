"""A net, soft tree or hard tree as a whole ONNX model, its view of a table included."""

import numpy as np

from ..arrays import check_is_student, predictor_of
from .graph import OPSET, Graph, needed
from .net import net_answer
from .outputs import add_outputs, output_names
from .trees import hard_tree_answer, soft_tree_answer
from .view import GAP, Inputs, Part, is_string, labels_by_column, table_view


def onnx_predictor(student):
    """A predictor of numpy, from which a graph is written.

    Parameters
    ----------
    student : estimator
        Fitted.

    Returns
    -------
    NumpyPredictor
        Of the student.

    Raises
    ------
    TypeError
        If a part of it has no form in ONNX either.
    """
    if getattr(student, "module", None) is not None:
        raise TypeError(
            f"{type(student).__name__} has a torch module of your own, which only torch "
            "can write: torch.onnx.export(student.module_, ...). It takes the view, "
            "student.preprocessor_.transform(X), and returns logits, of which a softmax "
            "makes the probabilities (of a regressor, values in the unit of training). "
            "The documentation of export.to_onnx shows the call."
        )
    check_is_student(student)
    try:
        return predictor_of(student)
    except TypeError as error:
        raise TypeError(
            f"{type(student).__name__} has no form in ONNX either: {error}"
        ) from error


def table_model(predictor, opset=OPSET):
    """Write the graph of a student of tables.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    opset : int, default=OPSET
        Of ONNX's own operators.

    Returns
    -------
    model : onnx.ModelProto
        Checked by onnx, and not yet compared with the student.
    metadata : dict of {str: object}
        What a file says of it: ``inputs``, the name of each column's input in the order
        of training; ``gap``; ``classes``.

    Raises
    ------
    TypeError
        If a part of the student has no form in ONNX.
    ValueError
        If onnx knows no such opset.
    """
    check_opset(opset)
    parts = input_parts(predictor)
    graph = Graph(_prefix(parts), np.float64)
    outputs = answers(graph, predictor, parts, opset)
    named = {}
    for name, output in zip(output_names(predictor), outputs, strict=True):
        graph.rename(output.name, name)
        named[name] = output.kind, output.shape
    kinds = {"double": np.float64, "string": object}
    inputs = {part.name: (kinds[part.kind], ("n", part.width)) for part in parts}
    metadata = {
        "student": predictor.meta["student"],
        "inputs": [part.name for part in parts for _ in range(part.width)],
        "gap": GAP,
        "classes": _classes(predictor),
    }
    return graph.model(inputs, named, opset), metadata


def check_opset(opset):
    """Refuse an opset that cannot be written.

    Parameters
    ----------
    opset : int
        Of ONNX's own operators.

    Raises
    ------
    ValueError
        If it is too old, or newer than the installed onnx.
    """
    newest = needed("onnx").defs.onnx_opset_version()
    if opset not in range(OPSET, newest + 1):
        raise ValueError(
            f"opset={opset!r} must be a whole number between {OPSET} and {newest}, the "
            "newest of the installed onnx."
        )


def answers(graph, predictor, parts, opset):
    """Add a student to a graph.

    Parameters
    ----------
    graph : Graph
        Added to, of doubles.
    predictor : NumpyPredictor
        Of the student.
    parts : list of Part
        The inputs, which hold all columns in the order of training.
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    list of Output
        In the order of :func:`output_names`.
    """
    inputs = Inputs(graph, parts, column_names(predictor))
    kind = predictor.meta["model"]["kind"]
    if kind == "hard_tree":
        answer = hard_tree_answer(graph, predictor, inputs, opset)
    else:
        z = table_view(graph, predictor, inputs)
        answer = _MODELS[kind](graph, predictor, z, opset)
    return add_outputs(graph, predictor, answer)


_MODELS = {
    "net": lambda graph, predictor, z, opset: net_answer(graph, predictor, z),
    "soft_tree": soft_tree_answer,
}


def column_names(predictor):
    """What the columns of X are called.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    list of str
        Their names in training, or feature_0 and so on.
    """
    shown = predictor.meta["names"] or predictor.meta["view"].get("shown")
    return shown or [f"feature_{j}" for j in range(predictor.n_features_in_)]


def input_parts(predictor):
    """The inputs of a file.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    list of Part
        One for each column; of an array of numbers one for all of them.
    """
    n, labels = predictor.n_features_in_, labels_by_column(predictor)
    strings = {j for j, rules in labels.items() if is_string(rules)}
    if predictor.meta["names"] is None and not strings:
        return [Part("X", n, "double")]
    taken, parts = set(output_names(predictor)), []
    for j, name in enumerate(column_names(predictor)):
        while name in taken or not name:  # ONNX has one space for all names
            name += "_"
        taken.add(name)
        parts.append(Part(name, 1, "string" if j in strings else "double"))
    return parts


def _prefix(parts):
    """What no input's name begins with."""
    prefix = "/"
    while any(part.name.startswith(prefix) for part in parts):
        prefix += "/"
    return prefix


def _classes(predictor):
    """Labels by target; of one target its own."""
    if not predictor.meta["is_classifier"]:
        return None
    targets = [
        predictor.arrays[f"classes_{i}"].tolist()
        for i in range(len(predictor.meta["widths"]))
    ]
    return targets if len(targets) > 1 else targets[0]
