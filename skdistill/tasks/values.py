"""Values of one or several targets, or quantiles of one."""

import numpy as np
from sklearn.utils.validation import _num_samples

from ..teacher.probabilities import check_finite
from .base import Task, of_length
from .doubts import doubt_of_values
from .units import Unit


class Values(Task):
    """Values to be predicted; a student learns them in another unit.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_targets), or None
        Target values.
    quantiles : ndarray of shape (n_quantiles,), default=None
        What answers are quantiles of, for the only target.

    Attributes
    ----------
    n_targets : int or None
        Number of targets, where y tells it.
    is_flat : bool
        Whether predictions of one target are (n,).
    unit : Unit or None
        In which a student learns; None: that of y.
    """

    kind = "regressor"

    def __init__(self, y, quantiles=None):
        self.n_targets = None if y is None else y.reshape(len(y), -1).shape[1]
        self.is_flat = y is None or y.ndim == 1
        self.quantiles = quantiles
        self.unit = None

    @property
    def n_outputs(self):
        """Number of targets, or of quantiles."""
        return len(self.unit.center if self.quantiles is None else self.quantiles)

    def measure(self, knowledge):
        """Choose the unit: mean and standard deviation of each target.

        Parameters
        ----------
        knowledge : Knowledge
            What is to be learnt.
        """
        values, weight = _to_measure(knowledge)
        if self.quantiles is not None:  # all in one unit, so that none cross
            values = values.mean(axis=1, keepdims=True)
        self.unit = Unit.of(values, weight)

    def ask(self, teacher, X):
        """Predictions."""
        return self._checked(teacher.values(X), "teacher's output", _num_samples(X))

    def accept(self, output, name, n):
        """Predictions."""
        output = check_finite(_side_by_side(output, name, self.n_targets, n), name)
        return self._checked(output if output.ndim == 2 else output[:, None], name, n)

    def _checked(self, values, name, n):
        values = of_length(values, n, name)
        n_columns = values.shape[1]
        if self.quantiles is not None:
            if n_columns != len(self.quantiles):
                what = (
                    "predicts points" if n_columns == 1 else f"has {n_columns} columns"
                )
                raise ValueError(
                    f"{name} {what}, and quantiles={self.quantiles.tolist()} are wanted: a "
                    "teacher of quantiles answers with (n, n_quantiles), in this order; "
                    "with alpha=0 the student learns them from y alone."
                )
            # A teacher's quantiles may cross; the student's never do.
            return np.sort(values, axis=1)
        if self.n_targets is not None and n_columns != self.n_targets:
            raise ValueError(
                f"{name} has {n_columns} columns and y has {self.n_targets}: "
                "give one for each target."
            )
        return values

    def encode(self, y, name="y"):
        """Values as columns of float64."""
        y = np.asarray(y, dtype=np.float64)
        y = y.reshape(len(y), -1)
        n_targets = y.shape[1] if self.n_targets is None else self.n_targets
        if y.shape[1] != n_targets:
            raise ValueError(
                f"{name} has {y.shape[1]} targets, and there are {n_targets}."
            )
        return y

    def doubts(self, soft, hard):
        """By R2; quantiles by the ranking of the middle one, too."""
        is_quantile = self.quantiles is not None
        if is_quantile:
            soft = soft[:, [soft.shape[1] // 2]]
        pairs = zip(soft.T, hard.T, strict=True)
        return [doubt_of_values(*pair, is_quantile) for pair in pairs]

    def strata(self, knowledge):
        """One group: values have no classes to be represented."""
        return np.zeros(knowledge.n_labelled, dtype=int)

    def measured(self, targets):
        """Values in the unit."""
        return targets if self.unit is None else self.unit.measured(targets)

    def numbers_of_answers(self, soft):
        """Values in the unit."""
        return self.measured(soft)

    def numbers_of_labels(self, hard, smoothing=0.0):
        """Values in the unit."""
        return self.measured(hard)

    @property
    def loss_name(self):
        """What ``losses`` are."""  # numpydoc ignore=RT01
        return "relative squared error" if self.quantiles is None else "pinball loss"

    def losses(self, outputs, hard):
        """Squared errors, or pinball losses, in the unit."""
        error = self.measured(hard) - outputs.reshape(len(outputs), -1)
        if self.unit is None:  # of estimators, which know units of their own
            error = error / Unit.of(hard, np.ones(len(hard))).scale
        if self.quantiles is None:
            return np.square(error).mean(axis=1)
        below = np.maximum(self.quantiles * error, (self.quantiles - 1) * error)
        return below.mean(axis=1)

    def restored(self, outputs):
        """A student's outputs as values, in the form of scikit-learn's ``predict``.

        Parameters
        ----------
        outputs : ndarray of shape (n, n_outputs) or (n,)
            In the unit.

        Returns
        -------
        ndarray of shape (n,), (n, n_targets) or (n, n_quantiles)
            As y was.
        """
        values = outputs.reshape(len(outputs), -1)
        if self.unit is not None:
            values = self.unit.restored(values)
        is_flat = self.is_flat and values.shape[1] == 1 and self.quantiles is None
        return values[:, 0] if is_flat else values


def _side_by_side(output, name, n_targets, n):
    """Columns of several targets, where a list has an array for each."""
    is_list = isinstance(output, list | tuple) and len(output) == n_targets
    if not is_list or n_targets in (1, n):  # a list of rows
        return output
    parts = [of_length(check_finite(part, name), n, name) for part in output]
    return np.column_stack(parts)


def _to_measure(knowledge):
    """Values and weights: those of y, but for a y that stands for none."""
    values, weight = knowledge.hard, knowledge.hard_weight
    has_answers = knowledge.soft is not None and knowledge.soft_weight.any()
    if values is None or (has_answers and not _varies(values[weight > 0])):
        return knowledge.soft, knowledge.soft_weight
    return values, weight


def _varies(values):
    """Whether any column does; one number, such as 0 for y unknown, has no unit."""
    return bool((values != values[:1]).any())
