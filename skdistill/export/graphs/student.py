"""A fitted student as an ONNX file, with the proof that it says the same."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from ..files import checked_path
from ..labels import check_labels
from ..proof import proven
from .engine import OnnxEngine
from .file import write_onnx
from .graph import OPSET
from .table import onnx_predictor, table_model
from .texts import reads_texts, texts_to_onnx


def to_onnx(student, path, *, quantize=None, X=None, opset=OPSET) -> dict[str, Any]:
    """Write a fitted student as an ONNX file, its view of a table included.

    The file takes rows as the student takes them: nothing is left to be scaled, encoded or
    imputed before. onnxruntime runs it before it is written, on the rows of :func:`verify`
    and those of `X`; what the comparison said is in its metadata.

    **Nets and trees** compute in double precision. One fitted on a frame has an input
    (n, 1) for each column, named like it: of strings for categories that are strings, or
    that were compared as text; of doubles for all else, booleans as 0 and 1. A column that
    is called like an output, such as "label", or like another column, gets an underscore
    behind its name. One fitted on an array of numbers has a single input ``X``
    (n, n_features); an array with columns of strings counts as a frame with the columns
    ``feature_0`` and so on. Gaps are NaN. Strings of ONNX know none: write ``"<gap>"``. As
    onnxruntime makes strings of None, NaN and pandas.NA without a word, ``"None"``,
    ``"nan"``, ``"<NA>"`` and ``"NaT"`` are gaps as well, each unless training had such a
    category. Where a student refuses gaps, ONNX cannot: they make probabilities, or values,
    NaN. Infinite numbers count as the largest.

    Outputs of a classifier are ``label`` (n,) and ``probabilities`` (n, n_classes), of
    several labels (n, n_labels) each, of several targets ``label`` (n, n_targets),
    ``probabilities_0``, ``probabilities_1`` and so on; of a regressor ``values``, of the
    shape that ``predict`` returns. Metadata are ``student``, ``inputs`` (their names in
    the order of the columns), ``gap``, ``classes`` and the comparison: strings as they
    are, all else as JSON.

    **Students of texts** have the inputs ``input_ids``, ``attention_mask`` and, where the
    encoder has them, ``token_type_ids`` (n, length), of any number of texts and any
    length; the output is ``logits`` (n, n_outputs), of a regressor the values. Further
    metadata are the ``tokenizer``, which ``tokenizers.Tokenizer.from_str`` reads, and the
    ``classes``. Comparison is on random tokens of all lengths, and on those of `X`.

    **A torch module of your own** (``module=``) is written by torch. It takes the view of
    rows and returns logits, or values in the unit of training. What is left to do is the
    view before it, and behind it a softmax, the largest of which is the label's place in
    ``classes_``::

        view = student.preprocessor_.transform(X).astype("float32")  # as the module is
        torch.onnx.export(
            student.module_.eval(), (torch.from_numpy(view[:2]),), "module.onnx",
            input_names=["view"], output_names=["logits"],
            dynamic_axes={"view": {0: "n"}, "logits": {0: "n"}}, dynamo=False,
        )

    Parameters
    ----------
    student : estimator
        Fitted; not changed. A net, soft tree or hard tree, a StudentClassifier or
        StudentRegressor of a single tree, or a student of texts. It is written as it
        answers now: after ``adjust_class_prior``, and as a soft tree's ``inference`` says.
    path : str or path
        Of the file, which ends in .onnx; one that is there is replaced.
    quantize : {"int8"} or None, default=None
        Of students of texts. "int8": tables of weights and embeddings of 8 bits, a quarter
        of the bytes. The difference that this makes is measured and stored, and is no
        error.
    X : array-like or frame, default=None
        Rows, or texts, on which the comparison is made, beside drawn ones.
    opset : int, default=17
        Of the operators, up to what the installed onnx knows. Of students of texts it is
        17. From 21 on, hard trees are written as ``TreeEnsemble``, which onnxruntime reads
        from 1.21 on; else by an older operator. Both are exact.

    Returns
    -------
    dict
        ``engine``, ``engine_version``, ``rows``, ``largest_difference`` and, of classes,
        ``labels_that_differ``; of nets and trees all that :func:`verify` returns.

    Raises
    ------
    TypeError
        If a part of the student has no form in ONNX.
    ImportError
        If onnx or onnxruntime is not installed: the extra "onnx".
    ValueError
        If the file would not say what the student says, or the path does not end in .onnx.
        Nothing is written.
    FileNotFoundError
        If the folder is not there.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import NeuralStudentClassifier
    >>> from skdistill.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> student = NeuralStudentClassifier(max_epochs=3, random_state=0).fit(X, y)
    >>> path = getfixture("tmp_path") / "student.onnx"
    >>> to_onnx(student, path, X=X)["labels_that_differ"]
    0

    A service needs onnxruntime alone:

    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(str(path))
    >>> label, p = session.run(["label", "probabilities"], {"X": X})
    >>> bool(np.abs(p - student.predict_proba(X)).max() < 1e-12)
    True
    """
    check_is_fitted(student)
    path = checked_path(path, ".onnx")
    if quantize not in (None, "int8"):
        raise ValueError(f'quantize={quantize!r} must be "int8" or None.')
    if reads_texts(student):
        if opset != OPSET:
            raise ValueError(f"opset={opset!r} must be {OPSET} for students of texts.")
        return texts_to_onnx(student, path, quantize, X)
    if quantize is not None:
        raise ValueError(
            f"quantize={quantize!r} is for students of texts, whose tables of weights are "
            f"large; {type(student).__name__} is none: leave it out."
        )
    return _table_to_onnx(student, path, X, opset)


def _table_to_onnx(student, path, X, opset):
    predictor = onnx_predictor(student)
    check_labels(predictor, "ONNX")
    model, metadata = table_model(predictor, opset)

    def check(model):
        return proven(OnnxEngine(model, predictor), student, predictor, X)

    return write_onnx(model, path, metadata, check)
