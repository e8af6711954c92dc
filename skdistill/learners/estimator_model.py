"""A fitted scikit-learn estimator as what a student has learnt."""

import numpy as np
from scipy.special import softmax
from sklearn.base import is_regressor

from ..teacher.models import returns_raw_scores
from ..teacher.probabilities import normalised
from .base import Model

# Probabilities in float32 sum to 1 up to this.
_ROUNDING = 1e-6


class EstimatorModel(Model):
    """A fitted estimator that answers for a student.

    Parameters
    ----------
    estimator : estimator
        Fitted on the view.
    task : Task
        What its answers mean.
    of_logits : bool, default=False
        Whether a regressor was fitted on logits, not on probabilities.
    label_error : float, default=0.0
        What was lost where labels with weights stood for soft targets.
    known : ndarray of shape (n_known,), default=None
        What its columns stand for, where it was fitted on numbers of classes.
    """

    def __init__(self, estimator, task, of_logits=False, label_error=0.0, known=None):
        self.estimator, self.task = estimator, task
        self.of_logits, self.label_error = of_logits, label_error
        self.known = known

    def outputs(self, x):
        """Logarithms of the probabilities, which may be 0; or values in y's unit."""
        if self.task.kind == "regressor":
            return np.asarray(self.estimator.predict(x))
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities(x))

    def logits(self, x):
        """Logarithms of the probabilities, finite."""
        return np.log(np.maximum(self.probabilities(x), np.finfo(float).tiny))

    def probabilities(self, x):
        """Probabilities of the classes, as the estimator gives them.

        Parameters
        ----------
        x : array-like of shape (n, n_inputs)
            The view of some rows.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Target after target.
        """
        model = self.estimator
        if is_regressor(model):
            return self._from_values(np.asarray(model.predict(x)))
        if not hasattr(model, "predict_proba"):
            return self._from_scores(model.decision_function(x))
        if returns_raw_scores(model):
            return self._from_scores(model.predict(x, raw_score=True))
        return self._from_shares(model.predict_proba(x))

    def of_nodes(self):
        """What the nodes of a single tree say.

        Returns
        -------
        ndarray of shape (n_nodes, n_outputs)
            Probabilities, target after target; or values in y's unit.
        """
        model, values = self.estimator, self.estimator.tree_.value
        if self.task.kind == "regressor":
            return values[..., 0]
        if is_regressor(model):
            return self._from_values(values[..., 0])
        widths = enumerate(np.atleast_1d(model.n_classes_))
        shares = [values[:, i, :width] for i, width in widths]
        return self._from_shares(shares if len(shares) > 1 else shares[0])

    def _from_shares(self, answer):
        """Probabilities from what a classifier's ``predict_proba`` returns."""
        classes, known = self.task.classes, self.known
        known = self.estimator.classes_ if known is None else known
        if len(classes) == 1:
            answer, known = [_of_sum_1(np.asarray(answer))], [known]
        elif not isinstance(answer, list):  # (n, n_labels)
            answer = [np.column_stack([1 - p, p]) for p in np.asarray(answer).T]
            known = classes
        triples = zip(answer, known, classes, strict=True)
        return np.concatenate([_in_order(*triple) for triple in triples], axis=1)

    def _from_scores(self, scores):
        if scores.ndim == 1:
            # One margin d is the pair (0, d), as it is of teachers.
            scores = np.column_stack([np.zeros_like(scores), scores])
        classes = self.task.classes[0]
        known = getattr(self.estimator, "classes_", classes)
        return _in_order(softmax(scores, axis=1), known, classes)

    def _from_values(self, values):
        """Probabilities from what a regressor predicts."""
        columns, parts = list(values.reshape(len(values), -1).T), []
        for width in self.task.widths:
            n = 1 if width == 2 else width  # as they were fitted
            part, columns = np.column_stack(columns[:n]), columns[n:]
            parts.append(self._distribution(part))
        return np.concatenate(parts, axis=1)

    def _distribution(self, part):
        if self.of_logits:
            # One column d is the pair (0, d), as it is of margins.
            full = np.hstack([0 * part, part]) if part.shape[1] == 1 else part
            return softmax(full, axis=1)
        full = np.hstack([1 - part, part]) if part.shape[1] == 1 else part
        return normalised(np.clip(full, 0, 1))  # a regressor knows no bounds


def _of_sum_1(p):
    """Probabilities as they are, unless each class is scored against all others."""
    # Sums of single precision would be off in double precision.
    rounding = _ROUNDING if p.dtype == np.float64 else 0.0
    p = p.astype(np.float64)
    off = np.abs(p.sum(axis=1, keepdims=True) - 1) > rounding
    return np.where(off, normalised(p), p)


def _in_order(p, known, classes):
    """Columns for all classes; those that the student never saw are 0."""
    ordered = np.zeros((len(p), len(classes)))
    # classes are sorted, and hold all that the student knows.
    ordered[:, np.searchsorted(classes, known)] = p
    return ordered
