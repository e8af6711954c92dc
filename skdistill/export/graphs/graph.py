"""Graphs of ONNX, written operator by operator; onnx is imported to make one."""

import numpy as np

#: What onnxruntime reads from 1.12 on: of operators, and of the file's format.
OPSET, IR_VERSION = 17, 8
#: Domain of the operators of classical machine learning.
ML = "ai.onnx.ml"


def needed(name):
    """Import a package that only exports need.

    Parameters
    ----------
    name : {"onnx", "onnxruntime", "skl2onnx"}
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
        extra = "skl2onnx" if name == "skl2onnx" else "onnx"
        raise ImportError(
            f"ONNX files need the package {name}: pip install skdistill[{extra}]."
        ) from error


class Graph:
    """Operators and constants, in the order in which they are added.

    Parameters
    ----------
    prefix : str, default=""
        Of all names, to tell them from those of another graph.
    number : type, default=numpy.float32
        Of numpy, of constants that are given as plain numbers.

    Attributes
    ----------
    nodes, constants : list
        Of onnx.
    """

    def __init__(self, prefix="", number=np.float32):
        self._prefix, self._number = prefix, number
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
        return self.add_many(operator, 1, *inputs, **attributes)[0]

    def add_many(self, operator, n_outputs, *inputs, **attributes):
        """Add an operator with several outputs.

        Parameters
        ----------
        operator : str
            Of ONNX's own, or with ``domain`` among the attributes of another set.
        n_outputs : int
            How many.
        *inputs : str, ndarray or number
            As in :meth:`add`.
        **attributes : object
            The operator's; an array of numpy becomes a tensor.

        Returns
        -------
        list of str
            Names of the outputs.
        """
        name = f"{self._prefix}{operator}_{len(self.nodes)}"
        names = [name, *(f"{name}_{i}" for i in range(1, n_outputs))]
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        for key, value in attributes.items():
            if isinstance(value, np.ndarray):
                attributes[key] = self._onnx.numpy_helper.from_array(value, key)
        node = self._onnx.helper.make_node(
            operator, inputs, names, name=name, **attributes
        )
        self.nodes.append(node)
        return names

    def split(self, x, widths, axis):
        """Cut a table into parts.

        Parameters
        ----------
        x : str
            The table.
        widths : list of int
            Of the parts.
        axis : int
            Along which.

        Returns
        -------
        list of str
            The parts; where there is one, the table itself.
        """
        if len(widths) == 1:
            return [x]
        return self.add_many("Split", len(widths), x, np.array(widths), axis=axis)

    def softmax_of_parts(self, x, widths, axis):
        """Probabilities of several targets from their logits.

        Parameters
        ----------
        x : str
            The logits, target after target.
        widths : list of int
            How many classes each has.
        axis : int
            Along which.

        Returns
        -------
        str
            As many numbers.
        """
        parts = self.split(x, widths, axis)
        parts = [self.add("Softmax", part, axis=axis) for part in parts]
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=axis)

    def sorted(self, x, width):
        """Sort along the last axis.

        Parameters
        ----------
        x : str
            What is sorted.
        width : int
            Of the last axis.

        Returns
        -------
        str
            Ascending.
        """
        return self.add_many("TopK", 2, x, np.array([width]), largest=0)[0]

    def cast(self, x, kind):
        """Change the type of values.

        Parameters
        ----------
        x : str
            The values.
        kind : type
            Of numpy.

        Returns
        -------
        str
            The same as that type.
        """
        to = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        return self.add("Cast", x, to=to)

    def constant(self, value):
        """Add a constant, once however often it is used.

        Parameters
        ----------
        value : ndarray or number
            An array of numpy with its type, or of strings; plain numbers become of the
            graph's type.

        Returns
        -------
        str
            Name of the constant.
        """
        array = np.asarray(value, None if hasattr(value, "dtype") else self._number)
        array = np.ascontiguousarray(array).reshape(array.shape)
        array = array.astype(object) if array.dtype.kind == "U" else array
        is_text = array.dtype == object
        content = tuple(array.ravel()) if is_text else array.tobytes()
        key = array.dtype.str, array.shape, content
        if key not in self._by_content:
            name = f"{self._prefix}constant_{len(self.constants)}"
            self._by_content[key] = name
            self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return self._by_content[key]

    def model(self, inputs, outputs, opset=OPSET):
        """The graph as a model.

        Parameters
        ----------
        inputs, outputs : dict of {str: tuple}
            By name the type (of strings: object) and the shape; names of axes stand for
            any size. See :meth:`named` for the outputs' names.
        opset : int, default=OPSET
            Of ONNX's own operators.

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
        sets = self._operator_sets(opset)
        model = helper.make_model(
            helper.make_graph(self.nodes, "skdistill", *ends, self.constants),
            producer_name="skdistill",
            opset_imports=sets,
            # Newest by default, which older engines refuse.
            ir_version=max(IR_VERSION, helper.find_min_ir_version_for(sets)),
        )
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def _operator_sets(self, opset):
        sets = {"": opset}
        if any(node.domain == ML for node in self.nodes):
            sets[ML] = ml_version(opset)
        return [self._onnx.helper.make_opsetid(*each) for each in sets.items()]

    def named(self, name):
        """Call the output of the operator that was added last by this name.

        Parameters
        ----------
        name : str
            Such as that of one of the model's outputs.
        """
        self.nodes[-1].output[0] = name

    def rename(self, old, new):
        """Call an output of any operator by another name.

        Parameters
        ----------
        old, new : str
            Its name until now, and from now on.
        """
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == old:
                        names[i] = new


def ml_version(opset):
    """The version of the operators of ``ai.onnx.ml`` beside ONNX's own.

    Parameters
    ----------
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    int
        5, the first with TreeEnsemble, is of the same release as opset 21.
    """
    return 5 if opset >= 21 else 3


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
