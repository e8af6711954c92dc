"""ONNX models: proven, quantised, and written whole or not at all."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .onnx_graph import needed

#: Smaller tables stay as they are: they weigh nothing, and a last layer of 8 bits is felt.
_FEWEST = 4096


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


def quantized_int8(model, fewest=_FEWEST):
    """A model whose weights and embeddings have 8 bits, made by onnxruntime.

    Inputs of products are rounded to 8 bits as well, on a scale of their own in each
    call: what is said of a row depends a little on the rows beside it.

    Parameters
    ----------
    model : onnx.ModelProto
        Left as it is.
    fewest : int, default=4096
        Tables with fewer numbers stay float32.

    Returns
    -------
    onnx.ModelProto
        With the same inputs and outputs.

    Raises
    ------
    ImportError
        If onnx or onnxruntime is not installed.
    """
    onnx, tools = needed("onnx"), needed("onnxruntime.quantization")
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    # Else onnxruntime asks for a preparation that does nothing for a graph of constants
    # and known shapes, through the logging of the whole program.
    onnx.helper.set_model_props(
        prepared, {"onnx.quant.pre_process": "onnxruntime.quant"}
    )
    sizes = {each.name: np.prod(each.dims) for each in model.graph.initializer}
    small = [
        node.name
        for node in model.graph.node
        if any(sizes.get(name, fewest) < fewest for name in node.input)
    ]
    with TemporaryDirectory() as folder:
        before, after = (str(Path(folder, f"{name}.onnx")) for name in ("from", "to"))
        onnx.save(prepared, before)
        tools.quantize_dynamic(
            before,
            after,
            # One scale for each column halves the error.
            per_channel=True,
            # With all 8 bits sums overflow, silently, on processors without VNNI.
            reduce_range=True,
            weight_type=tools.QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
            nodes_to_exclude=small,
        )
        quantized = onnx.load(after)
    del quantized.metadata_props[:]
    quantized.metadata_props.extend(model.metadata_props)
    return quantized


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
    onnx, path = needed("onnx"), Path(path)
    if path.suffix != ".onnx":
        raise ValueError(f"path={str(path)!r} must end in .onnx.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r}: there is no folder {str(path.parent)!r}; make it first."
        )
    record = {} if check is None else check(model)
    named = onnx.ModelProto()
    named.CopyFrom(model)
    properties = {each.key: each.value for each in model.metadata_props}
    for key, value in ((metadata or {}) | record).items():
        properties[key] = value if isinstance(value, str) else json.dumps(value)
    onnx.helper.set_model_props(named, properties)
    _write(path, named.SerializeToString())
    return record


def _write(path, content):
    # Beside the file, since only within a folder a file is renamed in one step.
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
