"""What of a fitted student predicts, as arrays."""

from numbers import Integral
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from ..tables.view import reads_tables
from .predictor import FORMAT, MODELS, NumpyPredictor

#: What torch's activations are called in the students' parameters.
_ACTIVATION_NAMES = {
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Tanh": "tanh",
    "Sigmoid": "logistic",
    "Identity": "identity",
}
_EMBEDDINGS = {
    "PiecewiseLinearEncoding": ("piecewise_linear", ("low", "width")),
    "PeriodicEncoding": ("periodic", ("frequency", "weight", "bias")),
}
_OWN_MODULES = {"skdistill.modules.mlp", "skdistill.modules.soft_tree"}
_LIVE = WeakKeyDictionary()


def to_numpy(student):
    """A predictor of numpy alone, the student's view of a table included.

    It knows nothing of torch and scikit-learn, answers for one row in microseconds, and
    :meth:`~skdistill.export.NumpyPredictor.save` writes it as an npz, with a small file
    beside it that reads this and needs numpy only.

    Parameters
    ----------
    student : estimator
        A fitted net, soft tree or hard tree of this library; not changed. The predictor
        answers as the student does now: after ``adjust_class_prior``, and as a soft
        tree's ``inference`` says.

    Returns
    -------
    NumpyPredictor
        With ``predict``, ``predict_proba`` and ``save``.

    Raises
    ------
    TypeError
        If a part of the student has no form in numpy: another estimator as the student,
        a torch module of the user's own, a ``preprocessor`` of the user's own.
    NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import NeuralStudentClassifier
    >>> from skdistill.export import to_numpy
    >>> X, y = load_iris(return_X_y=True)
    >>> student = NeuralStudentClassifier(random_state=0).fit(X, y)
    >>> predictor = to_numpy(student)
    >>> bool(np.abs(predictor.predict_proba(X) - student.predict_proba(X)).max() < 1e-6)
    True
    """
    check_is_fitted(student)
    model, of_model = _model(student)
    view, of_view = _view(student)
    names = getattr(student, "feature_names_in_", None)
    classifies = is_classifier(student)
    targets = student._task.classes if classifies else []
    meta = {
        "format": FORMAT,
        "student": type(student).__name__,
        "n_features": int(student.n_features_in_),
        "names": None if names is None else list(map(str, names)),
        "view": view,
        "model": model,
        "is_classifier": classifies,
        "is_multilabel": classifies and student.is_multilabel(),
        "widths": [len(classes) for classes in targets],
        "is_sorted": getattr(student, "quantiles", None) is not None,
        "is_flat": not classifies and _is_flat(student),
    }
    arrays = {**of_model, **of_view}
    for i, classes in enumerate(targets):
        arrays[f"classes_{i}"] = _without_objects(classes)
    if classifies and student._class_shift is not None:
        arrays["shift"] = student._class_shift
    if not classifies:
        unit = student._task.unit
        arrays |= {"target_center": unit.center, "target_scale": unit.scale}
    return NumpyPredictor(meta, arrays)


def live_model(student):
    """What a torch student has learnt, as a function of rows of its view.

    It reads the module's own memory: whatever becomes of the weights, it answers as the
    module does.

    Parameters
    ----------
    student : estimator
        A fitted net or soft tree.

    Returns
    -------
    callable or None
        ``model(x)`` -> logits, log-probabilities or values (n, n_outputs). None for what
        has no form in numpy: modules and embeddings of the user's own, other devices.
    """
    module = student.module_
    if type(module).__module__ not in _OWN_MODULES:
        return None
    if module._forward_hooks or module._forward_pre_hooks:
        return None
    tensors = [*module.parameters(), *module.buffers()]
    now = [getattr(student, "inference", None), *(t.data_ptr() for t in tensors)]
    now.append(id(vars(student).get("output_scale_")))
    known = _LIVE.get(module)
    if known is not None and known[0] == now:
        return known[1]
    embedding = type(getattr(module, "embedding", None)).__name__
    model = None
    if tensors[0].device.type == "cpu" and embedding in {"NoneType", *_EMBEDDINGS}:
        meta, arrays = _model(student, _shared)
        model = MODELS[meta["kind"]](meta | {"is_live": True}, arrays)
    _LIVE[module] = now, model
    return model


def _is_flat(student):
    task = student._task
    return bool(task.is_flat and len(task.unit.center) == 1 and task.quantiles is None)


def _without_objects(classes):
    """Labels in an array that needs no pickle."""
    if classes.dtype.kind != "O":
        return classes
    plain = np.array(classes.tolist())
    if plain.dtype.kind not in "biufU":
        raise TypeError(
            f"The classes {classes.tolist()} are neither numbers nor strings, and have no "
            "form in an npz: fit with y as strings."
        )
    return plain


def _view(student):
    view = student.preprocessor_
    if view is None:
        return {"kind": "plain"}, {}
    if not reads_tables(view):
        raise TypeError(
            f"preprocessor={view!r} has no form in numpy: fit the student with "
            'preprocessor="auto" or None, or transform rows before they come to it.'
        )
    numbers, *categories = view.parts_
    meta = {
        "kind": "table",
        "columns": numbers.columns.tolist(),
        "gaps": numbers.gaps.tolist(),
        "tails": [
            [int(t.index), float(t.middle), float(t.size)] for t in numbers.tails
        ],
        "empty": numbers.empty.tolist(),
        "labels": [_labels(each, view._names) for each in categories],
        "shown": None if hasattr(student, "feature_names_in_") else view._names,
        "is_scaled": bool(view.scale),
        "takes_gaps": bool(student._takes_gaps),
    }
    arrays = {
        "view_center": view.center_,
        "view_inverse_scale": view.inverse_scale_,
        "view_filling": numbers.center,
    }
    if view._order is not None:
        arrays["view_order"] = view._order
    return meta, arrays


def _labels(part, names):
    categories = [c.item() if isinstance(c, np.generic) else c for c in part.bins]
    as_text = not all(isinstance(c, str | bool | int | float) for c in categories)
    written = [_spellings(c) if as_text else [c] for c in categories]
    if as_text:
        _check_distinct(written, categories, names[part.column])
    pairs = zip(written, part.bins.values(), strict=True)
    return {
        "column": int(part.column),
        "bins": [[each, int(code)] for many, code in pairs for each in many],
        "as_text": as_text,
        "neutral": int(part.neutral),
        "gap": int(part.gap),
        "other": int(part.other),
        "shown": part.shown.tolist(),
        "unseen": part.unseen.tolist(),
    }


def _spellings(category):
    """How a category is written, such as a date; an interval of whole numbers twice.

    Beside a gap pandas makes floats of its ends, and equal intervals differ as text.
    """
    ends = [getattr(category, name, None) for name in ("left", "right")]
    if not all(isinstance(end, Integral) for end in ends):
        return [str(category)]
    return [str(category), str(type(category)(*map(float, ends), category.closed))]


def _check_distinct(written, categories, name):
    seen = {}
    for texts, category in zip(written, categories, strict=True):
        other = seen.setdefault(texts[0], category)
        if other is not category:
            raise TypeError(
                f"Column {name!r} of X holds categories that are neither numbers nor "
                f"strings, and {other!r} and {category!r} are the same as text, which is "
                "all that an npz can hold of them: give them names of their own before "
                "fit, for example by rename_categories."
            )


def _model(student, array=None):
    """The part that learnt: what kind it is, and its arrays."""
    if hasattr(student, "tree_"):
        return _hard_tree(student)
    if hasattr(student, "net_"):
        module = student.module_
        make = {"MLP": _net, "MLPMembers": _net, "SoftTree": _soft_tree}
        kind = type(module).__name__
        if kind in make and type(module).__module__ in _OWN_MODULES:
            return make[kind](student, module, array or _array)
        raise TypeError(
            f"module={kind} is a torch module of your own, and has no form in numpy: "
            "export it by torch.onnx, or leave module=None."
        )
    raise TypeError(
        f"{type(student).__name__} has no form in numpy: take a net, a soft tree or a "
        "HardDecisionTreeClassifier as the student."
    )


def _hard_tree(student):
    tree = student.tree_
    names = ("children_left", "children_right", "feature", "threshold")
    arrays = {name: getattr(tree, name) for name in names}
    values = student._node_logs() if is_classifier(student) else tree.means()
    return {"kind": "hard_tree"}, arrays | {"values": values}


def _array(tensor):
    return tensor.detach().cpu().double().numpy()


def _shared(tensor):
    """The tensor's own memory."""
    return tensor.detach().numpy()


def _net(student, module, array):
    mlp = getattr(module, "mlp", module)
    members = None if mlp is module else module
    arrays = {f"weight_{i}": array(m.weight).T for i, m in enumerate(mlp.layers)}
    biases = [m.bias for m in mlp.layers] if members is None else members.bias
    arrays |= {f"bias_{i}": array(bias) for i, bias in enumerate(biases)}
    if members is not None:
        for name in ("before", "after"):
            factors = enumerate(getattr(members, name))
            arrays |= {f"{name}_{i}": array(factor) for i, factor in factors}
    if hasattr(student, "output_scale_"):
        arrays["output_scale"] = np.repeat(student.output_scale_, student._task.widths)
    embedding, of_embedding = _embedding(mlp.embedding, array)
    meta = {
        "kind": "net",
        "activation": _ACTIVATION_NAMES[type(mlp.activation).__name__],
        "clip": mlp.clip,
        "embedding": embedding,
        "n_layers": len(mlp.layers),
        "n_members": 0 if members is None else len(members.bias[0]),
        "widths": student._task.widths if is_classifier(student) else None,
        "is_sorted": getattr(student, "quantiles", None) is not None,
    }
    return meta, arrays | of_embedding


def _embedding(embedding, array):
    if embedding is None:
        return None, {}
    columns = {"embedded_columns": embedding.column.cpu().numpy()}
    kind = type(embedding).__name__
    if kind not in _EMBEDDINGS:
        raise TypeError(
            f"numeric_embedding={kind} is of your own, and has no form in numpy."
        )
    name, parts = _EMBEDDINGS[kind]
    arrays = {f"embedding_{p}": array(getattr(embedding, p)) for p in parts}
    return name, columns | arrays


def _soft_tree(student, module, array):
    mixes = student.inference == "mixture"
    arrays = {
        "gate_weight": array(module.gate_weight).T,
        "gate_bias": array(module.gate_bias),
        "gates": module.shape.gates,
        "leaf": array(module.leaf if mixes else module.path_leaf),
    }
    if mixes and module.has_linear_leaves:
        arrays["leaf_weight"] = array(module.leaf_weight).T
    meta = {
        "kind": "soft_tree",
        "inference": student.inference,
        "gate": module.gate,
        "is_classifier": module.is_classifier,
        "is_sorted": module.is_sorted,
        "is_live": False,
        "widths": module.widths,
    }
    return meta, arrays
