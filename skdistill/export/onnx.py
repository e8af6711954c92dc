"""Converters for skl2onnx: importing this module registers them.

From then on ``skl2onnx.to_onnx`` knows the students of tables, as the last step of a
pipeline or alone. Nothing is compared by itself: rows to compare are yours.
"""

import copy
from importlib import import_module

import numpy as np

from .graphs.graph import Graph, needed
from .graphs.outputs import output_names
from .graphs.table import answers, onnx_predictor
from .graphs.view import Part

needed("skl2onnx")
from skl2onnx import update_registered_converter  # noqa: E402
from skl2onnx._parse import _apply_zipmap  # noqa: E402
from skl2onnx.common import data_types  # noqa: E402

_STUDENTS = [
    f"{kind}{task}"
    for kind in ("NeuralStudent", "SoftDecisionTree", "HardDecisionTree", "Student")
    for task in ("Classifier", "Regressor")
]
# Of graphs: in older sets operators take axes otherwise.
_OLDEST_OPSET = 13
# Of a set that skl2onnx knows; the newest, with TreeEnsemble, it refuses.
_ML_VERSIONS = {"LabelEncoder": 2, "TreeEnsembleRegressor": 3}
_OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False]}


def register():
    """Tell skl2onnx of all students of tables; importing this module does it.

    With skl2onnx a classifier's outputs are ``label`` and ``probabilities``, or with its
    option ``zipmap`` (its default) ``output_label`` and ``output_probability``, a dict for
    each row, in float, for such dicts have no doubles. With ``nocl`` labels are
    positions among the classes. Of several labels or targets there are no dicts:
    probabilities are tables, of several targets one for each. A regressor's output is
    ``variable`` (n, n_values). Inputs are one table, or one for each column; those of
    single columns are found by name, where the student was fitted on names. Numbers
    are computed with in double, and given back in float if only floats came in. A gap in
    a column of strings is written ``"<gap>"``, as in :func:`~skdistill.export.to_onnx`.

    Examples
    --------
    >>> import onnxruntime
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skl2onnx import to_onnx
    >>> import skdistill.export.onnx
    >>> from skdistill import HardDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=4)
    >>> pipeline = make_pipeline(StandardScaler(), tree).fit(X, y)
    >>> model = to_onnx(pipeline, X[:1], options={"zipmap": False})
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> label, p = session.run(None, {"X": X})
    >>> bool((label == pipeline.predict(X)).all())
    True
    """
    # What is above this folder is asked for by name: no arrow of imports goes up.
    public = import_module(__name__.partition(".")[0])
    for name in _STUDENTS:
        is_classifier = name.endswith("Classifier")
        update_registered_converter(
            getattr(public, name),
            f"Skdistill{name}",
            _set_types,
            _convert,
            parser=_parse,
            options=_OPTIONS if is_classifier else None,
        )


def _parse(scope, model, inputs, custom_parsers=None):
    """Declare a student and its outputs."""
    predictor = _predictor(model, scope)
    operator = scope.declare_local_operator(f"Skdistill{type(model).__name__}", model)
    operator.inputs = list(inputs)
    zipmap = _zipmap(model, predictor, scope)
    kind = _kind_of_outputs(inputs, zipmap)
    for name in output_names(predictor):
        shown = "variable" if name == "values" else name
        declared = data_types.Int64TensorType if name == "label" else kind
        operator.outputs.append(scope.declare_local_variable(shown, declared()))
    if not zipmap:
        return operator.outputs
    return _apply_zipmap(zipmap, scope, model, kind(), operator.outputs)


def _kind_of_outputs(inputs, zipmap):
    """Floats where inputs are, and in dicts, of which ONNX has none of doubles."""
    floats, doubles = (
        any(isinstance(each.type, kind) for each in inputs)
        for kind in (data_types.FloatTensorType, data_types.DoubleTensorType)
    )
    if zipmap is True or (floats and not doubles):
        return data_types.FloatTensorType
    return data_types.DoubleTensorType


def _zipmap(model, predictor, scope):
    """The user's option, where probabilities are of one target."""
    if not predictor.meta["is_classifier"] or len(predictor.meta["widths"]) > 1:
        return False
    return scope.get_options(model, {"zipmap": True})["zipmap"]


def _predictor(model, scope):
    """The student, with what skl2onnx calls its outputs."""
    predictor = copy.copy(onnx_predictor(model))
    predictor.meta = {**predictor.meta, "is_flat": False}
    if predictor.meta["is_classifier"]:
        if scope.get_options(model, {"nocl": False}).get("nocl"):
            widths = predictor.meta["widths"]
            places = {f"classes_{i}": np.arange(n) for i, n in enumerate(widths)}
            predictor.arrays = {**predictor.arrays, **places}
    return predictor


def _written(operator, opset):
    """The student's operators, and its outputs in the types of skl2onnx."""
    predictor = _predictor(operator.raw_operator, operator.scope_inst)
    graph = Graph(f"{operator.onnx_name}/", np.float64)
    return graph, answers(graph, predictor, _parts(operator, predictor), opset)


def _parts(operator, predictor):
    """The inputs, in the order of the columns in training."""
    inputs, n = list(operator.inputs), predictor.n_features_in_
    widths = [_width(each, inputs, n) for each in inputs]
    if set(widths) == {1} and predictor.meta["names"] is not None:
        by_name = {each.raw_name: each for each in inputs}
        if set(predictor.meta["names"]) <= set(by_name):
            inputs = [by_name[name] for name in predictor.meta["names"]]
            widths = [1] * n
    if sum(widths) != n:
        raise ValueError(
            f"{type(operator.raw_operator).__name__} was fitted on {n} columns, and its "
            f"inputs have {sum(widths)}: {[each.raw_name for each in inputs]}. Give "
            "skl2onnx the rows, or types, of all columns, each once."
        )
    pairs = zip(inputs, widths, strict=True)
    return [Part(each.full_name, width, _kind(each)) for each, width in pairs]


def _width(variable, inputs, n):
    shape = variable.type.shape
    width = shape[1] if len(shape) > 1 else None
    if isinstance(width, int):
        return width
    return n if len(inputs) == 1 else 1


def _kind(variable):
    if isinstance(variable.type, data_types.StringTensorType):
        return "string"
    is_double = isinstance(variable.type, data_types.DoubleTensorType)
    return "double" if is_double else "number"


def _set_types(operator):
    """Shapes of the outputs, and types of labels; those of numbers are declared."""
    outputs = _written(operator, _OLDEST_OPSET)[1]
    for output, variable in zip(outputs, operator.outputs, strict=True):
        shape = [None if axis == "n" else axis for axis in output.shape]
        kind = type(variable.type)
        if variable is operator.outputs[0] and len(outputs) > 1:
            kind = _label_types()[np.dtype(output.kind).kind]
        variable.set_type(kind(shape))


def _label_types():
    return {
        "f": data_types.DoubleTensorType,
        "i": data_types.Int64TensorType,
        "b": data_types.Int64TensorType,  # as skl2onnx has them
        "O": data_types.StringTensorType,
    }


def _convert(scope, operator, container):
    """Hand the student's operators over."""
    opset = container.target_opset_onnx
    if opset < _OLDEST_OPSET:
        raise ValueError(
            f"target_opset={opset} must be at least {_OLDEST_OPSET} for a student."
        )
    graph, outputs = _written(operator, _OLDEST_OPSET)
    for output, variable in zip(outputs, operator.outputs, strict=True):
        name = output.name
        if isinstance(variable.type, data_types.FloatTensorType):
            name = graph.cast(name, np.float32)
        elif np.dtype(output.kind).kind == "b":
            name = graph.cast(name, np.int64)
        graph.rename(name, variable.full_name)
    container.initializers.extend(graph.constants)
    helper = needed("onnx").helper
    for node in graph.nodes:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        container.add_node(
            node.op_type,
            list(node.input),
            list(node.output),
            op_domain=node.domain,
            op_version=_ML_VERSIONS.get(node.op_type),
            name=node.name,
            **attributes,
        )


register()
