"""What runs each kind of artefact."""

import reprlib
from pathlib import Path

from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .arrays import predictor_of
from .c.reading import read_engine
from .graphs.engine import OnnxEngine
from .graphs.texts import reads_texts, verify_texts
from .numpy_engine import NumpyEngine
from .predictor import NumpyPredictor
from .proof import proof
from .reading import load
from .rule_predictor import RulePredictor
from .sklearn_engine import SklearnEngine
from .sql.engine import sql_engine
from .sql.plan import START


def compared(artefact, student, X, random_state):
    """See :func:`verify`, whose body this is.

    Parameters
    ----------
    artefact, student, X, random_state : object
        Arguments of that function.

    Returns
    -------
    dict
        The proof.
    """
    if reads_texts(student):
        _check_is_onnx(artefact)
        return verify_texts(artefact, student, X)
    predictor = predictor_of(student)
    return proof(_engine(artefact, predictor), student, predictor, X, random_state)


def _engine(artefact, predictor):
    """What runs an artefact."""
    if isinstance(artefact, str) and artefact.startswith(START):
        return sql_engine(artefact, predictor)
    if isinstance(artefact, str) and artefact.startswith("{"):
        artefact = load(artefact)
    for kind, engine in _ENGINES.items():
        if isinstance(artefact, kind):
            return engine(artefact, predictor)
    if _is_onnx_model(artefact):
        return OnnxEngine(artefact, predictor)
    if (suffix := _suffix(artefact)) in _FILES:
        _check_is_there(artefact)
        return _FILES[suffix](artefact, predictor)
    known = ", ".join(sorted(_FILES))
    if isinstance(artefact, dict):
        raise TypeError(
            "artefact is a dict, such as exporters return that write a file: give the path "
            f"of that file ({known})."
        )
    raise TypeError(
        f"artefact={reprlib.repr(artefact)} is none that an exporter of skdistill returns, "
        f"and no path of a file that one writes ({known})."
    )


def _check_is_there(path):
    if not Path(path).is_file():
        raise FileNotFoundError(f"artefact={str(path)!r}: there is no such file.")


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


def _sql_in(path, predictor):
    return sql_engine(Path(path).read_text(encoding="utf-8"), predictor)


def _saved(path, predictor):
    return NumpyEngine(load(path), predictor)


# By the type of what an exporter returns, and by the end of the name of what it writes.
_ENGINES = {
    NumpyPredictor: NumpyEngine,
    RulePredictor: NumpyEngine,
    DecisionTreeClassifier: SklearnEngine,
    DecisionTreeRegressor: SklearnEngine,
    Pipeline: SklearnEngine,
}
_FILES = {
    ".h": read_engine,
    ".json": _saved,
    ".npz": _saved,
    ".onnx": OnnxEngine,
    ".sql": _sql_in,
}
