"""Temperatures that are fitted: a teacher's to labels, a student's to its teacher."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

#: Where a teacher's temperature is sought: beyond, most answers are certainties or equal
#: shares, and further steps change next to nothing.
TEMPERATURES = (1 / 20, 20.0)
# The logarithm of the output scale is sought so far around that of unit logits: a factor
# of a thousand to either side.
_LOG_SCALE_RANGE = 7.0


def tempered(log_p, temperature, widths):
    """Log-probabilities over a temperature, normalised, target by target.

    Parameters
    ----------
    log_p : ndarray of shape (n, sum of n_classes)
        Log-probabilities, target after target.
    temperature : float
        A temperature above 1 softens, one below 1 sharpens.
    widths : list of int
        Number of classes of each target.

    Returns
    -------
    ndarray of shape (n, sum of n_classes)
        Log-probabilities; the same at temperature 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.teacher.calibration import tempered
    >>> np.exp(tempered(np.log([[0.1, 0.9]]), 0.5, [2])).round(3)
    array([[0.012, 0.988]])
    """
    if temperature == 1:
        return log_p
    parts = [log_softmax(part / temperature, axis=1) for part in _split(log_p, widths)]
    return np.concatenate(parts, axis=1)


def label_losses(log_p, codes, widths):
    """Log loss of each row's labels, the sum over the targets.

    Parameters
    ----------
    log_p : ndarray of shape (n, sum of n_classes)
        Log-probabilities, target after target.
    codes : ndarray of shape (n, n_targets)
        Positions of the labels among the classes.
    widths : list of int
        Number of classes of each target.

    Returns
    -------
    ndarray of shape (n,)
        The losses in nats.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.teacher.calibration import label_losses
    >>> label_losses(np.log([[0.1, 0.9]]), np.array([[1]]), [2]).round(3)
    array([0.105])
    """
    starts = np.cumsum([0, *widths[:-1]])
    return -np.take_along_axis(log_p, codes + starts, axis=1).sum(axis=1)


def fitted_temperature(log_p, codes, weight, widths):
    """The temperature at which a teacher's answers are likeliest to have these labels.

    It minimises the weighted log loss of the labels under ``log_p`` over the
    temperature, normalised [1]_, which is convex in one over it. It is sought between
    1/20 and 20. The order of the classes stays as it is.

    Parameters
    ----------
    log_p : ndarray of shape (n, sum of n_classes)
        The teacher's log-probabilities for rows that it has not seen, target after
        target.
    codes : ndarray of shape (n, n_targets)
        Positions of the labels among the classes.
    weight : ndarray of shape (n,)
        Weights of the rows.
    widths : list of int
        Number of classes of each target; one temperature is for all.

    Returns
    -------
    float
        Below 1 for a teacher that is less sure than it could be, as averaged ensembles
        are; 1 where all answers are constant.

    Raises
    ------
    ValueError
        If no row counts.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.teacher.calibration import fitted_temperature
    >>> log_p, codes = np.log([[0.4, 0.6]] * 5), np.array([[0], [1], [1], [1], [1]])
    >>> tau = fitted_temperature(log_p, codes, np.ones(5), [2])
    >>> round(1.5 ** (1 / tau), 2)  # the odds are now 4, as those of the labels
    4.0
    """
    rows = np.flatnonzero(weight)
    if not len(rows):
        raise ValueError(
            'teacher_calibration="temperature" is fitted on labelled rows that the '
            "teacher has not seen, and none of them has a weight: give other weights, "
            "or folds that hold out rows which count."
        )
    log_p, codes, weight = log_p[rows], codes[rows], weight[rows]
    if np.ptp(log_p, axis=1).max() == 0:
        return 1.0

    # Over the logarithm of 1 / T: the loss is convex in 1 / T, so it has one minimum in
    # any monotonous function of it, and steps are relative.
    def loss(log_scale):
        sharpened = tempered(log_p, np.exp(-log_scale), widths)
        return weight @ label_losses(sharpened, codes, widths)

    return float(np.exp(-_minimum(loss, *np.log(TEMPERATURES))))


def fitted_scale(logits, log_p, weight):
    """The factor on the student's logits that brings it closest to the teacher.

    It minimises the weighted divergence of ``softmax(scale * logits)`` from the teacher
    at temperature 1, which is convex in the scale. One over it is an output temperature,
    as calibration fits one [1]_.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        The student's logits.
    log_p : ndarray of shape (n, n_classes)
        The teacher's log-probabilities.
    weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    float
        Above 0; 1 for logits that are constant in each row.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.teacher.calibration import fitted_scale
    >>> logits = np.array([[0.0, 1.0, 3.0], [2.0, 0.0, 0.0]])
    >>> log_p = np.log([[0.1, 0.2, 0.7], [0.6, 0.2, 0.2]])
    >>> round(fitted_scale(logits, log_p, np.ones(2)), 2)
    0.6
    """
    target = np.exp(log_p) * (weight / weight.sum())[:, None]
    # A softmax sees differences within a row alone: sized by these, one range of scales
    # suits the logits of any student.
    centred = logits - logits.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(centred).mean())
    if size == 0:
        return 1.0

    def divergence(log_scale):
        return -(target * log_softmax(np.exp(log_scale) / size * centred, axis=1)).sum()

    return float(
        np.exp(_minimum(divergence, -_LOG_SCALE_RANGE, _LOG_SCALE_RANGE)) / size
    )


def _minimum(loss, low, high):
    return minimize_scalar(loss, bounds=(low, high), method="bounded").x


def _split(outputs, widths):
    return np.split(outputs, np.cumsum(widths)[:-1], axis=1)
