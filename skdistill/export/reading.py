"""What exports have written, read again."""

import os
import reprlib
from pathlib import Path

from . import predictor
from .rule_predictor import read_rules


def load(path):
    """Read a saved predictor, or rules.

    Parameters
    ----------
    path : str or path
        Path of an npz, or of a file that ends in .json and holds rules; or these rules as
        text, from ``export_rules(tree, format="json")``.

    Returns
    -------
    NumpyPredictor or RulePredictor
        Ready to predict. It needs numpy only.

    Raises
    ------
    TypeError
        If it is neither a path nor a text.
    ValueError
        If it is no file of that kind, not all of one, or was written in a format that this
        one does not know.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export_rules
    >>> from skdistill.export import load
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> rules = load(export_rules(tree, format="json"))
    >>> rules.predict(X[:2])
    array([0, 0])
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"path={reprlib.repr(path)} must be a path, or rules of "
            'export_rules(tree, format="json").'
        )
    if isinstance(path, str) and path.lstrip().startswith("{"):
        return read_rules(path)
    suffix = path[-5:] if isinstance(path, str) else Path(path).suffix
    if suffix.endswith(".json"):
        return read_rules(Path(path).read_text(encoding="utf-8"))
    if not suffix.endswith(".npz"):
        raise ValueError(
            f"path={reprlib.repr(str(path))} must end in .npz or .json, or be rules of "
            'export_rules(tree, format="json"). ONNX files are read by onnxruntime, '
            "estimators by joblib."
        )
    return predictor.load(path)
