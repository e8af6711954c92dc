"""ONNX models: proven, and written whole or not at all."""

import json

import numpy as np

from ..files import checked_path, write_whole
from .graph import needed


def likeliest(outputs):
    """The label of each row: the column of its highest output.

    Parameters
    ----------
    outputs : ndarray of shape (n, n_classes)
        Logits or probabilities.

    Returns
    -------
    ndarray of shape (n,)
        Columns.
    """
    return outputs.argmax(axis=1)


def agreement(model, batches, expected, labels=likeliest):
    """Run a model by onnxruntime, and compare its first output with what it should be.

    Parameters
    ----------
    model : onnx.ModelProto
        Run as it is, on one thread.
    batches : list of dict of {str: ndarray}
        Its inputs by name, several times.
    expected : list of ndarray
        The outputs wanted, one table for each batch.
    labels : callable or None, default=likeliest
        ``labels(outputs)`` -> the labels of the rows, one or several each; None where
        outputs are values, and there are no labels to compare.

    Returns
    -------
    dict
        ``engine``, ``engine_version``, ``rows``, ``largest_difference`` (NaN where an
        output is none) and, with labels, ``labels_that_differ``: in how many rows.

    Raises
    ------
    ImportError
        If onnxruntime is not installed.
    """
    runtime = needed("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    ours = np.concatenate([session.run(None, batch)[0] for batch in batches])
    wanted = np.concatenate(expected)
    if ours.shape != wanted.shape:
        raise ValueError(
            f"expected has the shape {wanted.shape}, and the model answers {ours.shape}."
        )
    record = {
        "engine": "onnxruntime",
        "engine_version": runtime.__version__,
        "rows": len(wanted),
        "largest_difference": float(np.abs(ours - wanted).max()),
    }
    if labels is not None:
        differ = np.asarray(labels(ours) != labels(wanted)).reshape(len(wanted), -1)
        record["labels_that_differ"] = int(differ.any(axis=1).sum())
    return record


def refuse_disagreement(record, tolerance, labels=0):
    """Raise where a model does not say what it should.

    Parameters
    ----------
    record : dict
        As from :func:`agreement`.
    tolerance : float
        How far an output may be off.
    labels : int, default=0
        In how many rows labels may differ.

    Raises
    ------
    ValueError
        With what differs.
    """
    off, differ = record["largest_difference"], record.get("labels_that_differ", 0)
    if off <= tolerance and differ <= labels:  # NaN is not
        return
    raise ValueError(
        f"The exported model does not agree with the student: on {record['rows']} rows "
        f"its outputs are off by up to {off:.3g} where {tolerance:.3g} is allowed, and "
        f"the labels of {differ} differ. Nothing was written. "
        f"({record['engine']} {record['engine_version']})"
    )


def write_onnx(model, path, metadata=None, check=None):
    """Write a model to a file, whole or not at all.

    Parameters
    ----------
    model : onnx.ModelProto
        Left as it is.
    path : str or path
        Of the file; it must end in .onnx. One that is there is replaced.
    metadata : dict of {str: object}, default=None
        Stored in the file: strings as they are, other values as JSON.
    check : callable, default=None
        ``check(model)`` -> dict, such as :func:`agreement`, which is stored too. If it
        raises, nothing is written.

    Returns
    -------
    dict
        What ``check`` returned.

    Raises
    ------
    ImportError
        If onnx is not installed.
    ValueError
        If the path does not end in .onnx.
    FileNotFoundError
        If its folder is not there.
    """
    onnx, path = needed("onnx"), checked_path(path, ".onnx")
    record = {} if check is None else check(model)
    named = onnx.ModelProto()
    named.CopyFrom(model)
    properties = {each.key: each.value for each in model.metadata_props}
    for key, value in ((metadata or {}) | record).items():
        properties[key] = value if isinstance(value, str) else json.dumps(value)
    onnx.helper.set_model_props(named, properties)
    write_whole(path, named.SerializeToString(), ".onnx")
    return record
