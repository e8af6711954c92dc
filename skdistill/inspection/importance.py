"""How much each column of a table matters to a student."""

import numpy as np

from .contributions import answers_of, by_column, outputs_to_explain
from .integrated import integrated_gradients
from .readable import readable

_MOST_ROWS = 1000
# By which the parts of an answer may fall short, in log odds. The importances then move
# by half a percent, which is less than other rows make of them.
_GAP = 0.5


def importances(student, X=None) -> np.ndarray:
    """Return how much each column matters to a student.

    Of a tree it is the ``feature_importances_`` that ``fit`` has kept. Of a net it is the
    mean size of what the column contributes to the answers for the rows of X, as
    :func:`explain` tells it of one row.

    Parameters
    ----------
    student : tree or NeuralStudentClassifier or NeuralStudentRegressor
        Fitted. A tree, a pipeline or a search as :func:`export_text` takes them.
    X : array-like of shape (n, n_features), default=None
        Rows for a net: such as it will be asked about. Of more than 1000 rows so many
        are used, evenly spaced. Trees need none.

    Returns
    -------
    ndarray of shape (n_features,)
        Their sum is 1, or 0 where no column matters. Of a pipeline, and of a student with
        a transformer as ``preprocessor``, one for each column that these return.

    Raises
    ------
    ValueError
        If a net is given without X.

    Notes
    -----
    Nets keep no rows, and do not compute this in ``fit``: it takes as long as some epochs,
    which would be felt in ``partial_fit`` and in searches.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import NeuralStudentRegressor, importances
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> net = NeuralStudentRegressor(random_state=0).fit(X, 3 * X[:, 0] - X[:, 2])
    >>> importances(net, X).argsort()[::-1].tolist()
    [0, 2, 1]
    """
    read = readable(student, nets=True)
    student = read.student
    if hasattr(student, "node_mass_"):
        return student.feature_importances_.copy()
    if X is None:
        raise ValueError(
            "The importances of a net are means over rows, of which it keeps none: give "
            "some as X."
        )
    z = np.asarray(student._view(read.rows(X)), dtype=np.float64)
    step = max(len(z) / _MOST_ROWS, 1.0)
    z = z[np.arange(0, len(z), step).astype(int)]
    sizes = _sizes(student, z)
    return sizes / max(sizes.sum(), np.finfo(float).tiny)


def _sizes(net, z):
    """The mean size of each column's contribution, all targets together."""
    asked = [outputs_to_explain(net._task, answer) for answer in answers_of(net, z)]
    asked, total = np.array(asked), 0.0
    for output in np.unique(asked).tolist():
        rows = z[(asked == output).any(axis=1)]
        parts, _, _ = integrated_gradients(
            lambda some, output=output: net._slopes(some, output),
            net._average_row,
            rows,
            _GAP,
        )
        total = total + np.abs(by_column(net, parts)).sum(axis=0)
    return total
