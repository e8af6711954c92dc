"""Students of texts as ONNX files, and the comparison of such a file with its student."""

import json
from functools import partial

from .encoder import encoder_graph, hostile_batches
from .file import agreement, refuse_disagreement, write_onnx
from .graph import needed
from .int8 import quantized_int8

# Largest difference of an output, of their size: what float32 leaves of other orders of
# sums.
_FLOAT_TOLERANCE = 1e-4


def reads_texts(student):
    """Whether a student is one of texts.

    Parameters
    ----------
    student : estimator
        Any.

    Returns
    -------
    bool
        Or else one of tables.
    """
    return hasattr(student, "_exported")


def texts_to_onnx(student, path, quantize=None, X=None):
    """Write a student of texts.

    Parameters
    ----------
    student : TextStudentClassifier, TextStudentRegressor or TextClassifier
        Fitted.
    path : path
        Of the file.
    quantize : {"int8"} or None, default=None
        Whether weights are of 8 bits.
    X : array-like of str, default=None
        Texts on which the comparison is made, beside random ones.

    Returns
    -------
    dict
        What the comparison said.
    """
    encoder = student._exported()
    graph = encoder_graph(encoder.meta, encoder.arrays)
    graph = graph if quantize is None else quantized_int8(graph)

    metadata = {
        "student": type(student).__name__,
        "tokenizer": encoder.tokenizer,
        "classes": json.dumps(encoder.classes),
    }
    return write_onnx(
        graph, path, metadata, partial(_checked, encoder, X, quantize is not None)
    )


def _checked(encoder, X, is_rounded, graph):
    record, size = _compared(encoder, graph, X)
    if is_rounded:  # all that is refused is an answer that is none
        refuse_disagreement(record, float("inf"), record["rows"])
    else:
        refuse_disagreement(record, _FLOAT_TOLERANCE * size)
    return record


def verify_texts(artefact, student, X=None):
    """Compare a model of ONNX with the student of texts that it came from.

    Parameters
    ----------
    artefact : onnx.ModelProto, str or path
        What is run.
    student : TextStudentClassifier, TextStudentRegressor or TextClassifier
        Fitted.
    X : array-like of str, default=None
        Texts on which they are compared, beside random ones.

    Returns
    -------
    dict
        As :func:`texts_to_onnx` returns it.
    """
    is_model = hasattr(artefact, "SerializeToString")
    model = artefact if is_model else needed("onnx").load(artefact)
    return _compared(student._exported(), model, X)[0]


def _compared(encoder, model, X):
    """The record, and the size of the outputs if that is above 1."""
    batches = hostile_batches(encoder.meta, encoder.arrays)
    if X is not None:
        batches = [*batches, *encoder.batches(X)]
    expected = [encoder.answer(batch) for batch in batches]
    labels = encoder.labels if encoder.classes else None
    size = max(1.0, *(float(abs(each).max()) for each in expected))
    return agreement(model, batches, expected, labels), size
