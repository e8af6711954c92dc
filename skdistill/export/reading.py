"""What exports have written, read again."""

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
    ValueError
        If the file was written in a format that this one does not know.

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
    if isinstance(path, str) and path.lstrip().startswith("{"):
        return read_rules(path)
    if Path(path).suffix == ".json":
        return read_rules(Path(path).read_text(encoding="utf-8"))
    return predictor.load(path)
