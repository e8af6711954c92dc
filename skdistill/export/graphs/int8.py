"""An ONNX model with weights and embeddings of 8 bits."""

import numpy as np

from .graph import Graph, needed

#: Smaller tables weigh nothing, and a last layer of 8 bits is felt.
_FEWEST = 4096
#: Weights of 7 bits and a sign-free row of 8: two products fit into 16 bits, in which
#: processors without VNNI add them. With 127 sums would be cut off there, silently.
_WEIGHT_LEVELS, _LEVELS = 64, 127
_MIDDLE = np.uint8(128)
_FLOAT = 1  # of onnx.TensorProto
_SMALLEST = np.float32(1e-30)


def quantized_int8(model, fewest=_FEWEST):
    """A model in which tables of weights and embeddings have 8 bits.

    Each column of weights, each embedding and, while it runs, each row of a product's
    input has a scale of its own: what is said of a row does not depend on the rows
    beside it. (``onnxruntime.quantization.quantize_dynamic`` has one scale for a whole
    batch and one for all embeddings.) The operators are of ONNX's own.

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
        If onnx is not installed.
    """
    onnx, graph = needed("onnx"), Graph("int8_")
    tables = {
        each.name: onnx.numpy_helper.to_array(each)
        for each in model.graph.initializer
        if len(each.dims) == 2 and np.prod(each.dims) >= fewest
    }
    tables = {
        name: table for name, table in tables.items() if table.dtype == np.float32
    }
    rounded = {}  # the same input of several products, once
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in tables:
            x, name = node.input
            if x not in rounded:
                rounded[x] = _rounded(graph, x)
            _product(graph, *rounded[x], tables[name])
        elif _looks_up(node) and node.input[0] in tables:
            _embedding(graph, tables[node.input[0]], node.input[1])
        else:
            graph.nodes.append(node)
            continue
        graph.named(node.output[0])
    return _with_nodes(model, graph)


def _looks_up(node):
    along = [attribute.i for attribute in node.attribute]
    return node.op_type == "Gather" and not any(along)  # rows of the table


def _rounded(graph, x):
    """Whole numbers around 128, and of each row by what they are to be multiplied."""
    largest = graph.add("ReduceMax", graph.add("Abs", x), axes=[-1], keepdims=1)
    scale = graph.add("Div", graph.add("Max", largest, _SMALLEST), np.float32(_LEVELS))
    x = graph.add("Div", x, scale)
    return graph.add("QuantizeLinear", x, np.float32(1), _MIDDLE), scale


def _product(graph, x, scale, weight):
    weight, weight_scale = _whole(weight, _WEIGHT_LEVELS, axis=0)
    sums = graph.add("MatMulInteger", x, weight, _MIDDLE, np.int8(0))
    sums = graph.add("Mul", graph.add("Cast", sums, to=_FLOAT), scale)
    return graph.add("Mul", sums, weight_scale)


def _embedding(graph, table, index):
    whole, scale = _whole(table, _LEVELS, axis=1)
    rows = graph.add("Cast", graph.add("Gather", whole, index), to=_FLOAT)
    return graph.add("Mul", rows, graph.add("Gather", scale, index))


def _whole(table, levels, axis):
    largest = np.abs(table).max(axis=axis, keepdims=True)
    scale = np.maximum(largest, _SMALLEST) / np.float32(levels)
    return np.round(table / scale).astype(np.int8), scale


def _with_nodes(model, graph):
    changed = type(model)()
    changed.CopyFrom(model)
    used = {name for node in graph.nodes for name in node.input}
    kept = [each for each in model.graph.initializer if each.name in used]
    for field, values in (
        (changed.graph.node, graph.nodes),
        (changed.graph.initializer, kept + graph.constants),
    ):
        del field[:]
        field.extend(values)
    needed("onnx").checker.check_model(changed)
    return changed
