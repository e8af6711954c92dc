"""A fitted student as an ONNX file, with the proof that it says the same."""

import json

from sklearn.utils.validation import check_is_fitted

from .onnx_encoder import encoder_graph, hostile_batches
from .onnx_file import agreement, refuse_disagreement, write_onnx
from .onnx_int8 import quantized_int8

# Largest difference of an output, of their size: what float32 leaves of other orders of
# sums.
_FLOAT_TOLERANCE = 1e-4


def to_onnx(student, path, *, quantize=None, X=None):
    """Write a fitted student of texts as an ONNX file.

    Its inputs are ``input_ids``, ``attention_mask`` and, where the encoder has them,
    ``token_type_ids`` (n, length), of any number of texts and any length; its output is
    ``logits`` (n, n_outputs), of a regressor the values. The file also holds, as
    metadata, the ``tokenizer`` (what ``tokenizers.Tokenizer.from_str`` reads), the
    ``classes``, and what the comparison with the student said: onnxruntime runs the
    graph before it is written, on random tokens of all lengths, and on those of `X`.

    Parameters
    ----------
    student : TextStudentClassifier, TextStudentRegressor or TextClassifier
        Fitted; not changed.
    path : str or path
        Of the file, which ends in .onnx; one that is there is replaced.
    quantize : {"int8"} or None, default=None
        "int8": tables of weights and embeddings of 8 bits, a quarter of the bytes. The
        difference that this makes is measured and stored, and is no error.
    X : array-like of str, default=None
        Texts on which the comparison is made, beside random ones.

    Returns
    -------
    dict
        ``engine``, ``engine_version``, ``rows``, ``largest_difference`` and, of classes,
        ``labels_that_differ``.

    Raises
    ------
    TypeError
        If the student reads no texts, or its encoder has no such form.
    ImportError
        If onnx or onnxruntime is not installed: the extra "onnx".
    ValueError
        If the file would not say what the student says. Nothing is written.

    Examples
    --------
    >>> from skdistill import TextClassifier
    >>> from skdistill.export import to_onnx
    >>> texts, y = ["fine film", "dull film"] * 20, ["good", "bad"] * 20
    >>> model = TextClassifier(n_layers=1, max_epochs=1, random_state=0).fit(texts, y)
    >>> folder = getfixture("tmp_path")
    >>> to_onnx(model, folder / "model.onnx", X=texts)["labels_that_differ"]
    0
    """
    check_is_fitted(student)
    if quantize not in (None, "int8"):
        raise ValueError(f'quantize={quantize!r} must be "int8" or None.')
    if not hasattr(student, "_exported"):
        raise TypeError(
            f"to_onnx takes students of texts, and {type(student).__name__} is none: "
            "export.to_numpy takes nets and trees."
        )
    encoder = student._exported()
    batches = hostile_batches(encoder.meta, encoder.arrays)
    if X is not None:
        batches = [*batches, *encoder.batches(X)]
    expected = [encoder.answer(batch) for batch in batches]
    labels = encoder.labels if encoder.classes else None
    graph = encoder_graph(encoder.meta, encoder.arrays)
    graph = graph if quantize is None else quantized_int8(graph)

    def check(graph):
        record = agreement(graph, batches, expected, labels)
        size = max(1.0, *(float(abs(each).max()) for each in expected))
        if quantize is None:
            refuse_disagreement(record, _FLOAT_TOLERANCE * size)
        else:  # all that is refused is an answer that is none
            refuse_disagreement(record, float("inf"), record["rows"])
        return record

    metadata = {
        "student": type(student).__name__,
        "tokenizer": encoder.tokenizer,
        "classes": json.dumps(encoder.classes),
    }
    return write_onnx(graph, path, metadata, check)
