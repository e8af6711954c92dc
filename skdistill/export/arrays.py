"""The arrays of a fitted student, from which numpy alone predicts."""

from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from ..tables.view import reads_tables
from .numpy_engine import NumpyEngine
from .predictor import FORMAT, NumpyPredictor
from .proof import proven


def to_numpy(student, X=None) -> NumpyPredictor:
    """Return a predictor of numpy alone, the student's view of a table included.

    It knows nothing of torch and scikit-learn, answers for one row in microseconds, and
    :meth:`~skdistill.export.NumpyPredictor.save` writes it as an npz, with a small file
    beside it that reads this and needs numpy only.

    Parameters
    ----------
    student : estimator
        A fitted net, soft tree or hard tree of this library, or a StudentClassifier or
        StudentRegressor of a single decision tree; not changed. The predictor
        answers as the student does now: after ``adjust_class_prior``, and as a soft
        tree's ``inference`` says.
    X : array-like or frame of shape (n, n_features), default=None
        Rows on which both are compared, beside those that :func:`verify` draws.

    Returns
    -------
    NumpyPredictor
        With ``predict``, ``predict_proba`` and ``save``; ``meta["proof"]`` is what
        :func:`verify` found.

    Raises
    ------
    TypeError
        If a part of the student has no form in numpy: another estimator as the student,
        a torch module or a ``preprocessor`` that the user wrote.
    NotFittedError
        If it is not fitted.
    ValueError
        If the predictor does not say what the student says.

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
    predictor = predictor_of(student)
    predictor.meta["proof"] = proven(
        NumpyEngine(predictor, predictor), student, predictor, X
    )
    return predictor


def predictor_of(student):
    """A predictor of numpy that nobody has compared with its student yet.

    Parameters
    ----------
    student : estimator
        As in :func:`to_numpy`.

    Returns
    -------
    NumpyPredictor
        What all other exports start from.

    Raises
    ------
    TypeError, NotFittedError
        As in :func:`to_numpy`.
    """
    check_is_student(student)
    student = student._readable() or student  # a single tree of another library's
    model, of_model = student._model().arrays()
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
    for i, scale in enumerate(getattr(student, "weight_scales_", ())):
        arrays[f"weight_{i}_scale"] = scale  # the table is whole numbers times these
    if not classifies:
        unit = student._task.unit
        arrays |= {"target_center": unit.center, "target_scale": unit.scale}
    return NumpyPredictor(meta, arrays)


def check_is_student(student):
    """That something is a fitted student of tables.

    Parameters
    ----------
    student : object
        What a user wants to export.

    Raises
    ------
    TypeError
        If it is something else; the message says how to come from it to a student.
    NotFittedError
        If it is not fitted.
    """
    check_is_fitted(student)
    name = type(student).__name__
    if hasattr(student, "_exported"):
        raise TypeError(f"{name} reads texts: take export.to_onnx, or save_pretrained.")
    if hasattr(student, "_readable"):
        return
    if hasattr(student, "best_estimator_"):
        remedy = "give its best_estimator_."
    elif hasattr(student, "steps"):
        remedy = (
            "give its last step, pipeline[-1], which takes rows as the steps before it "
            "make them. All steps go to ONNX by skl2onnx's to_onnx, once "
            "skdistill.export.onnx is imported."
        )
    else:
        remedy = (
            "distil it before, such as HardDecisionTreeClassifier(model).fit(X, y), and "
            "give what that returns."
        )
    raise TypeError(f"{name} is no student of skdistill: {remedy}")


def _is_flat(student):
    task = student._task
    return bool(task.is_flat and len(task.unit.center) == 1 and task.quantiles is None)


def _without_objects(classes):
    """Labels in an array that needs no pickle."""
    if classes.dtype.kind != "O":
        return classes
    plain = np.array(classes.tolist())  # the type that the labels themselves have
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
    # JSON knows Python's numbers, and not numpy's.
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
    # Two categories of one text could not be told apart in a file without pickles.
    first = {}
    for texts, category in zip(written, categories, strict=True):
        other = first.setdefault(texts[0], category)
        if other is not category:
            raise TypeError(
                f"Column {name!r} of X holds categories that are neither numbers nor "
                f"strings, and {other!r} and {category!r} are the same as text, which is "
                "all that an npz can hold of them: give them names of their own before "
                "fit, for example by rename_categories."
            )
