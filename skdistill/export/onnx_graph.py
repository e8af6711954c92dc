"""Graphs of ONNX, written operator by operator; onnx is imported to make one."""

import numpy as np

#: What onnxruntime reads from 1.12 on: of operators, and of the file's format.
OPSET, IR_VERSION = 17, 8


def needed(name):
    """Import a package that only exports need.

    Parameters
    ----------
    name : {"onnx", "onnxruntime"}
        The package.

    Returns
    -------
    module
        It.

    Raises
    ------
    ImportError
        If it is not installed; with the extra that installs it.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"ONNX files need the package {name}: pip install skdistill[onnx]."
        ) from error


class Graph:
    """Operators and constants, in the order in which they are added.

    Parameters
    ----------
    prefix : str, default=""
        Of all names, to tell them from those of another graph.

    Attributes
    ----------
    nodes, constants : list
        Of onnx.
    """

    def __init__(self, prefix=""):
        self._prefix = prefix
        self.nodes, self.constants = [], []
        self._onnx = needed("onnx")
        self._by_content = {}

    def add(self, operator, *inputs, **attributes):
        """Add an operator with one output.

        Parameters
        ----------
        operator : str
            Of ONNX's own.
        *inputs : str, ndarray or number
            Names of what there is, or constants.
        **attributes : object
            The operator's.

        Returns
        -------
        str
            Name of the output.
        """
        name = f"{self._prefix}{operator}_{len(self.nodes)}"
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        node = self._onnx.helper.make_node(
            operator, inputs, [name], name=name, **attributes
        )
        self.nodes.append(node)
        return name

    def constant(self, value):
        """Add a constant, once however often it is used.

        Parameters
        ----------
        value : ndarray or number
            An array of numpy with its type; numbers become float32.

        Returns
        -------
        str
            Name of the constant.
        """
        array = np.asarray(value, None if hasattr(value, "dtype") else np.float32)
        array = np.ascontiguousarray(array).reshape(array.shape)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._by_content:
            name = f"{self._prefix}constant_{len(self.constants)}"
            self._by_content[key] = name
            self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return self._by_content[key]

    def model(self, inputs, outputs):
        """The graph as a model.

        Parameters
        ----------
        inputs, outputs : dict of {str: tuple}
            By name the type and the shape; names of axes stand for any size. See
            :meth:`named` for the outputs' names.

        Returns
        -------
        onnx.ModelProto
            Checked.
        """
        helper = self._onnx.helper
        ends = [
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape
                )
                for name, (kind, shape) in side.items()
            ]
            for side in (inputs, outputs)
        ]
        model = helper.make_model(
            helper.make_graph(self.nodes, "skdistill", *ends, self.constants),
            producer_name="skdistill",
            opset_imports=[helper.make_opsetid("", OPSET)],
            # Newest by default, which older engines refuse.
            ir_version=IR_VERSION,
        )
        self._onnx.checker.check_model(model)
        return model

    def named(self, name):
        """Call the output of the operator that was added last by this name.

        Parameters
        ----------
        name : str
            Such as that of one of the model's outputs.
        """
        self.nodes[-1].output[0] = name


def linear(graph, x, weight, bias):
    """Add rows times weights plus bias.

    Parameters
    ----------
    graph : Graph
        Added to.
    x : str
        The rows, of any number of axes.
    weight : ndarray of shape (n_outputs, n_inputs)
        As torch has it.
    bias : ndarray of shape (n_outputs,)
        Likewise.

    Returns
    -------
    str
        The result.
    """
    # Not Gemm: it takes two axes only, and dynamic quantisation leaves it as it is.
    return graph.add("Add", graph.add("MatMul", x, np.asarray(weight).T), bias)


def activated(graph, x, name):
    """Add an activation.

    Parameters
    ----------
    graph : Graph
        Added to.
    x : str
        Its input.
    name : {"gelu", "gelu_tanh", "relu", "silu", "tanh", "logistic", "identity"}
        The activation; ``"gelu_tanh"`` is the one that tanh approximates.

    Returns
    -------
    str
        The result.
    """
    return _ACTIVATIONS[name](graph, x)


def _gelu(graph, x):
    # In the order that onnxruntime knows, and replaces by one operator.
    share = graph.add("Erf", graph.add("Div", x, 2**0.5))
    return graph.add("Mul", graph.add("Mul", x, graph.add("Add", share, 1.0)), 0.5)


def _gelu_tanh(graph, x):
    cube = graph.add("Mul", graph.add("Mul", graph.add("Mul", x, x), x), 0.044715)
    inner = graph.add("Mul", graph.add("Add", x, cube), (2 / np.pi) ** 0.5)
    share = graph.add("Add", graph.add("Tanh", inner), 1.0)
    return graph.add("Mul", graph.add("Mul", x, 0.5), share)


_ACTIVATIONS = {
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "relu": lambda graph, x: graph.add("Relu", x),
    "silu": lambda graph, x: graph.add("Mul", x, graph.add("Sigmoid", x)),
    "tanh": lambda graph, x: graph.add("Tanh", x),
    "logistic": lambda graph, x: graph.add("Sigmoid", x),
    "identity": lambda graph, x: x,
}
