"""Any artefact, run by its engine on rows that break exports."""

from pathlib import Path

from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .arrays import predictor_of
from .numpy_engine import NumpyEngine
from .onnx_engine import OnnxEngine
from .onnx_texts import reads_texts, verify_texts
from .predictor import NumpyPredictor, load
from .proof import proof
from .sklearn_engine import SklearnEngine


def verify(artefact, student, X=None, *, random_state=0):
    """Run an artefact by its engine, and compare it with the student that it came from.

    Each exporter does this by itself before it writes. Beside the rows of `X` there are
    drawn ones: likely ones, and hostile ones that are made from the student itself. These
    hold each of its thresholds with the two floating-point numbers beside it, gaps in each
    column, categories that training never saw, numbers of ±1e30, and zeros.

    Parameters
    ----------
    artefact : object
        What an exporter returned, or the path of what it wrote.
    student : estimator
        The fitted student; not changed.
    X : array-like or frame of shape (n, n_features), default=None
        Rows on which they are compared too.
    random_state : int, default=0
        Of the drawn rows.

    Returns
    -------
    dict
        ``engine`` and ``engine_version``; ``rows``; ``largest_difference`` of an output,
        relative to the largest number that the student computes with for that row, if
        that is above 1; ``labels_that_differ``, of a classifier; ``seconds_for_one_row``
        and ``seconds_for_1000_rows``. Of a student of texts there are no seconds, and the
        difference is as it is.

    Raises
    ------
    TypeError
        If no engine runs such an artefact.
    ImportError
        If its engine is not installed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    >>> proof = export.verify(export.to_numpy(tree), tree, X)
    >>> proof["labels_that_differ"], proof["largest_difference"]
    (0, 0.0)
    """
    if reads_texts(student):
        _check_is_onnx(artefact)
        return verify_texts(artefact, student, X)
    predictor = predictor_of(student)
    return proof(_engine(artefact, predictor), student, predictor, X, random_state)


def _engine(artefact, predictor):
    """What runs an artefact."""
    for kind, engine in _ENGINES.items():
        if isinstance(artefact, kind):
            return engine(artefact, predictor)
    if _is_onnx_model(artefact):
        return OnnxEngine(artefact, predictor)
    if (suffix := _suffix(artefact)) in _FILES:
        return _FILES[suffix](artefact, predictor)
    known = ", ".join(sorted(_FILES))
    raise TypeError(
        f"artefact={artefact!r} is none that an exporter of skdistill returns, and no "
        f"path of a file that one writes ({known})."
    )


def _saved(path, predictor):
    return NumpyEngine(load(path), predictor)


def _suffix(artefact):
    return Path(artefact).suffix if isinstance(artefact, str | Path) else None


def _check_is_onnx(artefact):
    if not (_is_onnx_model(artefact) or _suffix(artefact) == ".onnx"):
        raise TypeError(
            f"artefact={artefact!r} must be a model of ONNX, or the path of a file that "
            "ends in .onnx: students of texts are exported as such only."
        )


def _is_onnx_model(artefact):  # of a package that is not imported for this
    return type(artefact).__name__ == "ModelProto" and hasattr(artefact, "opset_import")


def _header(path, predictor):
    from .c_engine import read_engine

    return read_engine(path, predictor)


# By the type of what an exporter returns, and by the end of the name of what it writes.
_ENGINES = {
    NumpyPredictor: NumpyEngine,
    DecisionTreeClassifier: SklearnEngine,
    DecisionTreeRegressor: SklearnEngine,
    Pipeline: SklearnEngine,
}
_FILES = {".h": _header, ".npz": _saved, ".onnx": OnnxEngine}
