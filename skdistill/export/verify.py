"""Any artefact, run by its engine on rows that break exports."""

from typing import Any


def verify(artefact, student, X=None, *, random_state=0) -> dict[str, Any]:
    """Run an artefact by its engine, and compare it with the student that it came from.

    Each exporter does this by itself before it writes. Beside the rows of `X` there are
    drawn ones: likely ones, and hostile ones that are made from the student itself. These
    hold each of its thresholds with the two floating-point numbers beside it, gaps in each
    column, categories that training never saw, numbers of ±1e30, and zeros.

    Parameters
    ----------
    artefact : object
        What an exporter returned, texts of SQL and of rules in JSON included, or the path
        of what it wrote.
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
    # What writes and runs artefacts needs scikit-learn, and who reads one does not.
    from .engines import compared

    return compared(artefact, student, X, random_state)
