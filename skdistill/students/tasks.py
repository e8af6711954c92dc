"""What students of classes, and students of values, have in common."""

from abc import abstractmethod
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y, check_is_fitted

from ..tables.containers import columns_of, is_arrow, is_frame
from ..tables.gaps import check_no_gaps
from ..tasks.priors import (
    balancing_shift,
    check_was_taught,
    checked_prior,
    estimated_prior,
    log_ratio,
    shifted,
)
from ..tasks.readers import ClassReader, ValueReader
from ..tasks.units import Unit
from ..teacher.members import members_of
from .base import BaseStudent


class ClassifierStudent(ClassifierMixin, BaseStudent):
    """A student of classes; its answers come from ``_log_probabilities``."""

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
        shape = np.asarray(y).shape
        if len(shape) == 2 and shape[1] > 1:
            has_columns = is_frame(y) or is_arrow(y)
            return self._check_several_targets(
                columns_of(y if has_columns else np.asarray(y))
            )
        y = self._check_column(y)
        if learns and self.classes is None and len(np.unique(y)) < 2:
            advice = "Without y, and with alpha=1, it learns from a fitted teacher."
            if "_this_part" in vars(self):
                advice = "Tell partial_fit of all of them by `classes`."
            raise ValueError(
                f"y holds one class only ({y.tolist()[0]!r}); a student needs at least two "
                f"classes. {advice}"
            )
        return y

    @np.errstate(over="ignore", invalid="ignore")  # in checks of the largest floats
    def _check_column(self, y):
        y = _check_y(y, multi_output=False, y_numeric=False, estimator=self)
        check_classification_targets(y)
        return y

    def _check_several_targets(self, columns):
        columns = [self._check_column(column) for column in columns]
        kinds = {column.dtype.kind in "OUST" for column in columns}
        if len(kinds) > 1:  # numbers stay numbers beside strings
            columns = [column.astype(object) for column in columns]
        y = np.column_stack(columns)
        return y.astype(np.int64) if y.dtype == bool else y

    def _reader(self, teacher, rows):
        y = rows.y
        flags = y is not None and y.ndim == 2 and np.isin(y, [0, 1]).all()
        given = teacher, y, self.classes, rows.has_outputs
        try:
            return ClassReader(*given, is_multilabel=flags)
        except ValueError as error:
            if not self._continues():
                raise
            raise ValueError(f"{self._known_before()}. {error}") from error

    def _known_before(self):
        return (
            f"{self._what_continues()} goes on with the classes {listed(self._targets)}"
        )

    def _answer_width(self, y):
        known = [getattr(m, "classes_", ()) for m in members_of(self.teacher)]
        known += [() if self.classes is None else self.classes]
        if y is not None:
            known += [[set(column) for column in y.reshape(len(y), -1).T.tolist()]]
        return max(map(_count, known))

    def _check_can_learn(self, rows):
        super()._check_can_learn(rows)
        if self.teacher_calibration is None or not self._learns_softly(rows):
            return
        outputs = rows.teacher_output is not None and rows.y is not None
        is_asked = self.teacher is not None
        crossed = is_asked and self._fits_clones() and rows.teacher_output is None
        if not (outputs or crossed or (is_asked and rows.y_val is not None)):
            raise ValueError(
                f"teacher_calibration={self.teacher_calibration!r} needs labelled rows "
                "that the teacher has not seen: give X_val and y_val, or cv, such as cv=5, "
                "or y and the teacher's out-of-fold outputs as teacher_output."
            )

    def _gather(self, rows, reader, **options):
        options["calibrates"] = self.teacher_calibration is not None
        return super()._gather(rows, reader, class_weight=self.class_weight, **options)

    def _set_targets(self, reader, knowledge):
        before, now = vars(self).get("_targets"), reader.classes
        if self._continues() and not _same_classes(before, now):
            raise ValueError(
                f"{self._known_before()}, and now there are {listed(now)}: fit a new "
                "student, or name all of them by `classes` from the start."
            )
        self._targets = now  # the classes of each target
        self.classes_ = now if len(now) > 1 else now[0]
        if self.is_multilabel():
            self.classes_ = np.arange(len(now))
        self.teacher_entropy_ = knowledge.entropy
        self.teacher_temperature_ = knowledge.teacher_temperature
        if self.temperature != "auto":
            self.temperature_ = float(self.temperature)
        elif not self._continues():
            self.temperature_ = None  # chosen when the rows to learn from are there
        vars(self).pop("class_prior_", None)
        self._class_shift = None
        if len(now) == 1:
            self._learnt_prior = self._learns_prior(knowledge)
            self.class_prior_ = self._learnt_prior.copy()

    def _learns_prior(self, knowledge):
        """Shares of the classes in what the student learns (n_classes,)."""
        return knowledge.class_shares(self.alpha, len(self._targets[0]))

    def adjust_class_prior(self, prior=None, *, X=None):
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
        if len(self._targets) > 1:
            raise ValueError(
                "adjust_class_prior is for one target, and this student has "
                f"{len(self._targets)}: fit one for each."
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
            new = checked_prior(prior, self._targets[0])
            if X is None:
                check_was_taught(new, self._learnt_prior, self._targets[0])
        if prior is None or X is None:
            self._class_shift = log_ratio(new, self._learnt_prior)
        else:
            self._class_shift = balancing_shift(log_p, new)
        self.class_prior_ = new
        return self

    def _adjusted(self, log_p):
        """Log-probabilities under the prior that was asked for."""
        return log_p if self._class_shift is None else shifted(log_p, self._class_shift)

    def is_multilabel(self):
        """Whether the fitted student predicts several labels, each 0 or 1.

        Returns
        -------
        bool
            True if ``predict_proba`` is (n, n_labels).
        """
        pair = np.array([0, 1])
        check_is_fitted(self)
        several = len(self._targets) > 1
        return several and all(np.array_equal(c, pair) for c in self._targets)

    def _by_target(self, outputs):
        """Outputs (n, sum of n_classes), target by target."""
        ends = np.cumsum([len(classes) for classes in self._targets])[:-1]
        return np.split(outputs, ends, axis=1)

    def _one_hot(self, codes):
        """Codes (n, n_targets) as zeros and ones (n, sum of n_classes)."""
        pairs = zip(codes.T, self._targets, strict=True)
        return np.concatenate([np.eye(len(k))[column] for column, k in pairs], axis=1)

    def _arranged(self, outputs):
        """Outputs as scikit-learn has them: (n, n_classes), (n, n_labels) or a list."""
        parts = self._by_target(outputs)
        if len(parts) == 1:
            return parts[0]
        if self.is_multilabel():
            return np.column_stack([part[:, 1] for part in parts])
        return parts

    @abstractmethod
    def _log_probabilities(self, X):
        """Log-probabilities (n, sum of n_classes), a float64 array."""

    def predict(self, X):
        """The likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
            Labels.
        """
        parts = self._by_target(self._adjusted(self._log_probabilities(X)))
        pairs = zip(self._targets, parts, strict=True)
        labels = [classes[part.argmax(axis=1)] for classes, part in pairs]
        return np.column_stack(labels) if len(labels) > 1 else labels[0]

    def predict_proba(self, X):
        """Probabilities of the classes, at temperature 1.

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
        return self._arranged(np.exp(self._adjusted(self._log_probabilities(X))))

    def predict_log_proba(self, X):
        """Logarithms of the probabilities, without underflow.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            Nats.
        """
        return self._arranged(self._adjusted(self._log_probabilities(X)))

    def decision_function(self, X):
        """Logits at temperature 1.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes), (n,) or (n, n_labels), or list of ndarray
            For two classes, the log odds of the second; so for each of several labels.
        """
        logits = self._adjusted(self._logits(X))
        parts = [
            part[:, 1] - part[:, 0] if part.shape[1] == 2 else part
            for part in self._by_target(logits)
        ]
        if len(parts) == 1:
            return parts[0]
        return np.column_stack(parts) if self.is_multilabel() else parts

    def _logits(self, X):
        """Logits (n, sum of n_classes), up to a constant for each target and row."""
        return self._log_probabilities(X)

    def __sklearn_tags__(self):
        """scikit-learn's tags: several labels, or targets, at once are allowed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self._teacher_has("target_tags", "multi_output")
        tags.classifier_tags.multi_label = self._teacher_has(
            "classifier_tags", "multi_label"
        )
        return tags


def _count(classes):
    """Number of classes of one target, or of several together."""
    several = (list, tuple, set, np.ndarray)
    return sum(len(c) if isinstance(c, several) else 1 for c in classes)


def _same_classes(before, now):
    return len(before) == len(now) and all(map(np.array_equal, before, now))


def listed(groups):
    """The classes of each target, as an error names them.

    Parameters
    ----------
    groups : list of ndarray
        Of each target.

    Returns
    -------
    str
        A list; a list of lists for several targets.
    """
    lists = [classes.tolist() for classes in groups]
    return repr(lists if len(lists) > 1 else lists[0])


def _varies(values):
    """Whether any column does; one number, such as 0 for y unknown, has no unit."""
    return bool((values != values[:1]).any())


class RegressorStudent(RegressorMixin, BaseStudent):
    """A student of values; they come from ``_values``."""

    _estimator_type = "regressor"

    @np.errstate(over="ignore", invalid="ignore")  # in checks of the largest floats
    def _check_targets(self, y, name="y", learns=True):
        check_no_gaps(name, y, "value")
        return _check_y(y, multi_output=True, y_numeric=True, estimator=self)

    def _levels(self):
        """The quantiles that are to be predicted, if any."""
        return getattr(self, "quantiles", None)

    def _reader(self, teacher, rows):
        n_targets = None if rows.y is None else rows.y.reshape(len(rows.y), -1).shape[1]
        self._is_flat = rows.y is None or rows.y.ndim == 1
        return ValueReader(teacher, n_targets, self._levels())

    def _set_targets(self, reader, knowledge):
        values, weight = knowledge.hard, knowledge.hard_weight
        taught = knowledge.soft is not None and knowledge.soft_weight.any()
        if values is None or (taught and not _varies(values[weight > 0])):
            values, weight = knowledge.soft, knowledge.soft_weight
        if self._continues():
            if values.shape[1] != len(self._center):
                raise ValueError(
                    f"{self._what_continues()} goes on with {len(self._center)} "
                    f"targets, and now there are {values.shape[1]}: fit a new student."
                )
            return
        if self._levels() is not None:  # all quantiles in one unit, so that none cross
            values = values.mean(axis=1, keepdims=True)
        unit = Unit.of(values, weight)
        self._center, self._scale = unit.center, unit.scale

    @abstractmethod
    def _values(self, X):
        """Predictions (n, n_outputs) in units of the targets' standard deviation."""

    def predict(self, X):
        """Predicted values.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,), (n, n_outputs) or (n, n_quantiles)
            As y was, in its unit; quantiles in ascending order.
        """
        values = self._values(X)
        values = values * self._scale + self._center
        flat = self._is_flat and values.shape[1] == 1 and self._levels() is None
        return values[:, 0] if flat else values

    def __sklearn_tags__(self):
        """scikit-learn's tags: several targets at once are allowed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self._teacher_has("target_tags", "multi_output")
        return tags
