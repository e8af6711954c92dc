"""What students of classes, and students of values, have in common."""

from numbers import Real
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..tables.gaps import check_no_gaps
from ..tasks.classes import Classes
from ..tasks.priors import (
    balancing_shift,
    check_has_targets,
    checked_prior,
    estimated_prior,
    log_ratio,
    shifted,
)
from ..tasks.values import Values
from .base import BaseStudent
from .holding import teacher_has
from .reading import read_labels, read_values


class ClassifierStudent(ClassifierMixin, BaseStudent):
    """A student of classes."""

    _estimator_type = "classifier"
    _parameter_constraints: dict = {
        **BaseStudent._parameter_constraints,
        "classes": ["array-like", None],
        "temperature": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "teacher_calibration": [StrOptions({"temperature"}), None],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def _check_targets(self, y, name="y", learns=True):
        y = y.toarray() if sparse.issparse(y) else y
        check_no_gaps(name, y)
        y = read_labels(self, y)
        is_one_class = y.ndim == 1 and len(np.unique(y)) < 2
        if learns and self.classes is None and is_one_class:
            advice = "Without y, and with alpha=1, it learns from a fitted teacher."
            if self._what_continues() == "partial_fit":
                advice = "Tell partial_fit of all of them by `classes`."
            raise ValueError(
                f"y holds one class only ({y.tolist()[0]!r}); a student needs at least two "
                f"classes. {advice}"
            )
        return y

    def _make_task(self, teacher, given):
        try:
            return Classes(teacher, given.y, self.classes, given.has_outputs)
        except ValueError as error:
            if not self._continues():
                raise
            raise ValueError(f"{_known_before(self)}. {error}") from error

    def _set_task(self, task, knowledge):
        if self._continues() and not self._task.is_same(task):
            raise ValueError(
                f"{_known_before(self)}, and now there are {task.listed()}: fit a new "
                "student, or name all of them by `classes` from the start."
            )
        self._take_task(task)
        self.teacher_entropy_ = knowledge.entropy
        self.teacher_temperature_ = knowledge.teacher_temperature
        if self.temperature != "auto":
            self.temperature_ = float(self.temperature)
        elif not self._continues():
            self.temperature_ = None  # chosen when the rows to learn from are there
        vars(self).pop("class_prior_", None)
        self._class_shift = None

    def _set_prior(self, knowledge):
        if len(self._task.classes) == 1:
            self._learnt_prior = self._learns_prior(knowledge)
            self.class_prior_ = self._learnt_prior.copy()

    def _take_task(self, task):
        """Store the classes."""
        self._task, classes = task, task.classes
        self.classes_ = classes if len(classes) > 1 else classes[0]
        if task.is_multilabel:
            self.classes_ = np.arange(len(classes))

    def _learns_prior(self, knowledge):
        """Shares of the classes in what the student learns (n_classes,)."""
        return knowledge.class_shares(self.alpha_, self._task.n_outputs)

    def adjust_class_prior(self, prior=None, *, X=None) -> Self:
        """Expect other shares of the classes than those of the training rows.

        From now on the probabilities are ``p_k r_k``, normalised, with p the fitted
        student's and r one number for each class.

        Parameters
        ----------
        prior : array-like of shape (n_classes,), dict or Series, default=None
            The new shares, in the order of ``classes_``, or by label; their sum is 1.
            Alone, r is their ratio to the mean of the targets that were learnt: right
            where the classes come in other numbers, but each looks as before.
        X : array-like of shape (n, n_features), default=None
            Unlabelled rows. Alone, the new shares are those under which they are
            likeliest, by expectation maximisation [1]_. With `prior`, these are their
            shares, and r is such that the mean probability over them is `prior`: right
            also where a class was missing from the training rows, but not from the
            teacher's answers.

        Returns
        -------
        object
            The student itself. Calls do not add up: each starts from what ``fit`` has
            learnt, and ``fit`` drops the adjustment. ``class_prior_`` has the shares.

        Raises
        ------
        ValueError
            If neither is given, if `prior` is no distribution over the classes, if it
            gives, alone, a share to a class that no target held, or if the student has
            several targets. The student is then as it was before.

        References
        ----------
        .. [1] Saerens, Latinne, Decaestecker: Adjusting the Outputs of a Classifier to
           New a Priori Probabilities: A Simple Procedure, 2002.

        Examples
        --------
        >>> from skdistill import NeuralStudentClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 20, ["a", "a", "b", "b"] * 20
        >>> student = NeuralStudentClassifier(random_state=0).fit(X, y)
        >>> student.adjust_class_prior({"a": 0.9, "b": 0.1}).class_prior_
        array([0.9, 0.1])
        """
        check_is_fitted(self)
        if len(self._task.classes) > 1:
            raise ValueError(
                "adjust_class_prior is for one target, and this student has "
                f"{len(self._task.classes)}: fit one for each."
            )
        if prior is None and X is None:
            raise ValueError(
                "adjust_class_prior takes `prior`, the new shares of the classes, or X, "
                "unlabelled rows to estimate them from, or both."
            )
        log_p = None if X is None else self._log_probabilities(X)
        if prior is None:
            new = estimated_prior(log_p, self._learnt_prior)
        else:
            new = checked_prior(prior, self._task.classes[0])
            if X is None:
                check_has_targets(new, self._learnt_prior, self._task.classes[0])
        if prior is None or X is None:
            self._class_shift = log_ratio(new, self._learnt_prior)
        else:
            self._class_shift = balancing_shift(log_p, new)
        self.class_prior_ = new
        return self

    def is_multilabel(self):
        """Return whether the fitted student predicts several labels, each 0 or 1.

        Returns
        -------
        bool
            True if ``predict_proba`` is (n, n_labels).
        """
        check_is_fitted(self)
        return self._task.is_multilabel

    def _log_probabilities(self, X):
        """Log-probabilities (n, sum of n_classes), a float64 array."""
        x = self._view(X)
        return self._model().outputs(x)

    def predict(self, X) -> np.ndarray:
        """Predict the likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
            Labels.
        """
        log_p = self._log_probabilities(X)
        return self._task.labels(shifted(log_p, self._class_shift))

    def predict_proba(self, X):
        """Return the probabilities of the classes, at temperature 1.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            Rows that sum to 1; of several labels the probability of each; of several
            targets a list with an array for each.
        """
        log_p = self._log_probabilities(X)
        return self._task.arranged(np.exp(shifted(log_p, self._class_shift)))

    def predict_log_proba(self, X):
        """Return the logarithms of the probabilities, without underflow.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            Nats.
        """
        log_p = self._log_probabilities(X)
        return self._task.arranged(shifted(log_p, self._class_shift))

    def decision_function(self, X):
        """Return logits at temperature 1.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes), (n,) or (n, n_labels), or list of ndarray
            For two classes, the log odds of the second; so for each of several labels.
        """
        x = self._view(X)
        return self._task.margins(shifted(self._model().logits(x), self._class_shift))

    def __sklearn_tags__(self):
        """scikit-learn's tags: several labels, or targets, at once are allowed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = teacher_has(
            self.teacher, "target_tags", "multi_output"
        )
        tags.classifier_tags.multi_label = teacher_has(
            self.teacher, "classifier_tags", "multi_label"
        )
        return tags


def _known_before(student):
    return (
        f"{student._what_continues()} goes on with the classes {student._task.listed()}"
    )


class RegressorStudent(RegressorMixin, BaseStudent):
    """A student of values, or of their quantiles."""

    _estimator_type = "regressor"

    def _check_targets(self, y, name="y", learns=True):
        check_no_gaps(name, y, "value")
        return read_values(self, y)

    def _make_task(self, teacher, given):
        return Values(given.y)

    def _set_task(self, task, knowledge):
        task.measure(knowledge)
        if self._continues():
            before, now = (len(each.unit.center) for each in (self._task, task))
            if before != now:
                raise ValueError(
                    f"{self._what_continues()} goes on with {before} targets, and now "
                    f"there are {now}: fit a new student."
                )
            task.unit = self._task.unit
        self._task = task

    def predict(self, X) -> np.ndarray:
        """Predict values.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,), (n, n_outputs) or (n, n_quantiles)
            As y was, in its unit; quantiles in ascending order.
        """
        x = self._view(X)
        return self._task.restored(self._model().outputs(x))

    def __sklearn_tags__(self):
        """scikit-learn's tags: several targets at once are allowed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = teacher_has(
            self.teacher, "target_tags", "multi_output"
        )
        return tags
