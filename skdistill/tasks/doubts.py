"""Whether a teacher knows y at all, and if not, what is the likely cause.

A fitted teacher that gets other columns than it was fitted on says nonsense. It is judged
by its decisions first, or its values; then by its ranking, for where positives are rare a
teacher that knows much may still always say no.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix

from .ranks import area_under_roc, rank_correlation

# So many rows are ranked, and the classes that most rows have.
_MOST_ROWS, _MOST_CLASSES = 20_000, 64
_ROUNDS = 20
# Of all rows, so many more would be decided rightly by a teacher of the right shares.
_MORE_RIGHT = 0.05

_SCALED = (
    "a student inside a pipeline hands scaled or encoded X to a teacher that was fitted on "
    "raw X. Give the student raw X and its scaling as `preprocessor`."
)
_ORDER = (
    "rows of teacher_output in another order, columns named in another order, an "
    "estimator around the student that renames classes, as OneVsRestClassifier does (give "
    "an unfitted teacher)."
)
_CONSTANT = f"It says the same of all rows. The usual cause: {_SCALED}"
_CHANCE = f"The usual cause: {_SCALED} Other causes: {_ORDER}"


@dataclass(frozen=True)
class Doubt:
    """Why a teacher is doubted.

    Attributes
    ----------
    measure : str
        What was measured first: "kappa" or "R2".
    figures : str
        Its value and standard error, and those of the ranking.
    cause : str
        In sentences.
    """

    measure: str
    figures: str
    cause: str


def doubt_of_classes(log_p, codes):
    """Judge a teacher of classes by kappa, then by its ranking.

    Parameters
    ----------
    log_p : ndarray of shape (n, n_classes)
        Its log-probabilities.
    codes : ndarray of shape (n,)
        Positions of the labels.

    Returns
    -------
    Doubt or None
        None for a teacher whose decisions agree with y beyond chance, by two standard
        errors; or whose probabilities rank rows as y does, by as much, unless that ranking
        shows its decisions to be far from what it knows. None, too, where all labels are
        alike: they tell of no teacher.
    """
    if (codes == codes[0]).all():
        return None
    kappa, error = _kappa(log_p, codes)
    if kappa > 2 * error:
        return None
    step = -(-len(codes) // _MOST_ROWS)
    log_p, codes = log_p[::step], codes[::step]
    area, its_error = _mean_area(log_p, codes)
    figures = f"{_figure(kappa, error)}, AUC = {_figure(area, its_error)}"
    if np.ptp(log_p, axis=0).max() < 1e-9:
        return Doubt("kappa", figures, _CONSTANT)
    if area < 0.5 - 2 * its_error:
        cause = (
            "It ranks rows the other way round. The usual cause: its classes are in "
            "another order than those of y. Name them, in the order of its columns, by "
            "`classes`. "
            f"Other causes: {_ORDER} Or {_SCALED}"
        )
        return Doubt("kappa", figures, cause)
    if area <= 0.5 + 2 * its_error:
        return Doubt("kappa", figures, _CHANCE)
    if not _has_wrong_shares(log_p, codes):
        return None
    cause = (
        "It ranks rows as y does, but its decisions are far from what it knows, for its "
        f"probabilities are far from the shares of the classes. The usual cause: {_SCALED} "
        "Another cause: it was fitted where the classes had other shares."
    )
    return Doubt("kappa", figures, cause)


def _figure(value, error):
    return f"{value:.3f} +- {error:.3f}"


def _kappa(log_p, codes):
    """Kappa of decisions with labels and its standard error; 1, 0 if chance agrees."""
    if log_p.shape[1] == 1:
        return 1.0, 0.0
    decision, labels = log_p.argmax(axis=1), np.arange(log_p.shape[1])
    table = confusion_matrix(codes, decision, labels=labels) / len(codes)
    by_chance = table.sum(axis=0) @ table.sum(axis=1)
    if by_chance >= 1:
        return 1.0, 0.0
    observed = min(np.trace(table), 1.0)  # a sum of shares may round to more
    variance = observed * (1 - observed) / (len(codes) * (1 - by_chance) ** 2)
    return (observed - by_chance) / (1 - by_chance), variance**0.5


def _mean_area(log_p, codes):
    """AUC of each class's probability, and its standard error: means over the classes.

    The error is Hanley's and McNeil's of 1982; that of the mean is no larger than the mean
    of the errors, however the classes go together.
    """
    counts = np.bincount(codes, minlength=log_p.shape[1])
    classes = np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
    classes = [k for k in classes if 0 < counts[k] < len(codes)]
    if not classes:
        return 0.5, 0.5
    areas = np.array([area_under_roc(log_p[:, k], codes == k) for k in classes])
    ones = counts[classes]
    others = len(codes) - ones
    squares = np.square(areas)
    variance = areas * (1 - areas)
    variance = variance + (ones - 1) * (areas / (2 - areas) - squares)
    variance = variance + (others - 1) * (2 * squares / (1 + areas) - squares)
    errors = np.sqrt(np.maximum(variance, 0) / (ones * others))
    return float(areas.mean()), float(errors.mean())


def _has_wrong_shares(log_p, codes):
    """Whether decisions would be much better if classes were as probable as they are many.

    Where positives are rare, even then a no is often the best decision about every row.
    """
    share = np.bincount(codes, minlength=log_p.shape[1]) / len(codes)
    wanted = np.log(np.maximum(share, 1e-12))
    moved = log_p
    for _ in range(_ROUNDS):
        moved = log_softmax(moved, axis=1)
        mean = np.maximum(np.exp(moved).mean(axis=0), 1e-12)
        moved = moved + wanted - np.log(mean)
    wrong = log_p.argmax(axis=1) != codes
    gain = wrong * 1.0 - (moved.argmax(axis=1) != codes)
    error = gain.std() / len(gain) ** 0.5
    return gain.mean() > max(2 * error, _MORE_RIGHT)


def doubt_of_values(says, y, is_quantile=False):
    """Judge a teacher of values by R2; and by its ranking, to find the cause.

    Parameters
    ----------
    says : ndarray of shape (n,)
        Its values.
    y : ndarray of shape (n,)
        What they are of.
    is_quantile : bool, default=False
        Whether they are quantiles, which need not be near the mean: a good ranking is
        enough.

    Returns
    -------
    Doubt or None
        None where R2 is above 0 by two standard errors.
    """
    r2, error = _r2(says, y)
    if r2 > 2 * error:
        return None
    step = -(-len(y) // _MOST_ROWS)
    says, y = says[::step], y[::step]
    if np.ptp(y) == 0 or np.ptp(says) == 0:
        return Doubt("R2", _figure(r2, error), _CONSTANT)
    # Without any connection, a rank correlation has this standard error.
    alike, its_error = rank_correlation(says, y), (len(y) - 1) ** -0.5
    if is_quantile and alike > 2 * its_error:
        return None
    figures = f"{_figure(r2, error)}, rank correlation = {_figure(alike, its_error)}"
    return Doubt("R2", figures, _cause(says, y, alike, 2 * its_error))


def _cause(says, y, alike, least):
    if alike < -least:
        return (
            "It ranks rows the other way round. The usual cause: its sign is turned. Other "
            f"causes: {_ORDER} Or {_SCALED}"
        )
    if alike <= least:
        return _CHANCE
    unit = _unit(says, y)
    if unit is not None:
        return (
            f"It ranks rows as y does, in another unit: {unit}. Give a teacher that "
            "answers in the unit of y, such as a TransformedTargetRegressor or a function."
        )
    return (
        "It ranks rows as y does, in another unit: of y, such as its logarithm (give a "
        "teacher that answers in the unit of y, such as a TransformedTargetRegressor or a "
        f"function), or of X: {_SCALED}"
    )


@np.errstate(all="ignore")
def _unit(says, y):
    """In which unit values are that were meant for y, if it is one of the usual ones."""
    spread = y.std()
    wanted = {
        "its values are of the logarithm of y": (says, np.log(y)),
        "its values are of log1p(y)": (says, np.log1p(y)),
        "its values are of a standardised y": (says, (y - y.mean()) / spread),
        "y is the logarithm of its values": (np.log(says), y),
        "y is log1p of its values": (np.log1p(says), y),
    }
    best, name = 0.0, None
    for unit, pair in wanted.items():
        if np.isfinite(pair).all():
            r2, error = _r2(*pair)
            if r2 > max(best + 0.01, 2 * error):  # log and log1p hardly differ at times
                best, name = r2, unit
    return name


def _r2(says, y):
    """R2 and its standard error."""
    peak = max(np.abs(y).max(), np.abs(says).max()) or 1.0
    y, says = y / peak, says / peak  # squares of large values would overflow
    scale = y.std() or 1.0
    # Row by row, so that R2 as their mean has a standard error.
    won = ((y - y.mean()) / scale) ** 2 - ((y - says) / scale) ** 2
    return float(won.mean()), float(won.std() / len(won) ** 0.5)
