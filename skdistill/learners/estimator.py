"""How scikit-learn estimators are trained as students."""

import inspect

import numpy as np
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags

from ..tables.containers import rows_of
from ..tasks.units import fitted_in, unit_for
from ..teacher.models import check_not_pairwise, returns_raw_scores
from ..teacher.nets import innermost
from ..teacher.probabilities import normalised
from .base import Learner, Model
from .label_rows import (
    drawn_label_rows,
    grown_tree,
    learns_variance,
    truncated_label_rows,
)

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
    """

    def __init__(self, estimator, task, of_logits=False, label_error=0.0):
        self.estimator, self.task = estimator, task
        self.of_logits, self.label_error = of_logits, label_error

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
        classes, known = self.task.classes, self.estimator.classes_
        if len(classes) == 1:
            answer, known = [_of_sum_1(np.asarray(answer, np.float64))], [known]
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


class EstimatorLearner(Learner):
    """Fits a clone of an estimator, on soft targets as well as it can learn them.

    Parameters
    ----------
    params : dict
        The student's parameters.
    task : Task
        What y and outputs mean.
    see : callable
        ``see(rows)`` -> what a pipeline would hand the student.
    estimator : estimator
        Unfitted; it is cloned.
    """

    def __init__(self, params, task, see, estimator):
        super().__init__(params, task, see)
        self.estimator = estimator

    def learn(self, lesson):
        """Fit the estimator in the way that keeps most of the soft targets."""
        yield from ()  # no training of torch's
        # In order: exact forms first; label rows where nothing else takes soft targets.
        used = lesson.knowledge.used(self.params.alpha)
        X, (model, random) = lesson.whole_view(self.see, used), self._fresh()
        if self.task.kind == "regressor":
            return EstimatorModel(self._fit_values(model, X, used), self.task)
        if is_regressor(model):
            of_logits = self.params.targets == "logits"
            model = self._fit_probabilities(model, X, used)
            return EstimatorModel(model, self.task, of_logits)
        if used.soft is None:
            model = _fit(model, X, lesson.y, used.hard_weight)
        elif learns_variance(model):
            joint = self.task.joint(used, self.params.alpha)
            model = grown_tree(model, X, *joint, self.task.classes)
        else:
            return self._fit_label_rows(model, X, used, random)
        return EstimatorModel(model, self.task)

    def _fresh(self):
        """An unfitted estimator, with a seed where it has none."""
        model = clone(self.estimator)
        random = check_random_state(self.params.random_state)
        if self.params.random_state is not None:
            params = model.get_params(deep=True)
            # Sorted: a seed for each name, in whatever order an estimator lists them.
            names = [n for n in sorted(params) if n.split("__")[-1] == "random_state"]
            seeds = {
                n: random.randint(np.iinfo(np.int32).max)
                for n in names
                if params[n] is None
            }
            model.set_params(**seeds)
        return model, random

    def _fit_values(self, model, X, used):
        if is_classifier(model):
            raise ValueError(f"student={model!r} is a classifier: give a regressor.")
        target, weight = self.task.joint(used, self.params.alpha)
        unit = unit_for(model, target, weight)
        if target.shape[1] == 1:
            target = target[:, 0]
        elif not get_tags(model).target_tags.multi_output:
            model = MultiOutputRegressor(model)

        def fit(model, target):
            return _fit(model, X, target, weight)

        return fitted_in(unit, model, fit, target)

    def _fit_probabilities(self, model, X, used):
        """Fit a regressor on probabilities, or on logits."""
        of_logits = self.params.targets == "logits"
        if of_logits and used.hard is not None:
            raise ValueError(
                'targets="logits" are the teacher\'s, and labels have none: set alpha=1, '
                'with a teacher, or targets="probabilities".'
            )
        p, weight = self.task.joint(used, self.params.alpha)
        parts = self.task.by_target(p)
        if of_logits:
            parts = [_anchored(np.log(np.maximum(part, 1e-300))) for part in parts]
        # Of two classes the second suffices.
        columns = [part[:, 1:] if part.shape[1] == 2 else part for part in parts]
        target = np.concatenate(columns, axis=1)
        if target.shape[1] == 1:
            return _fit(model, X, target[:, 0], weight)
        if not get_tags(model).target_tags.multi_output:
            model = MultiOutputRegressor(model)
        return _fit(model, X, target, weight)

    def _fit_label_rows(self, model, X, used, random):
        """Fit a classifier on labels with weights, which stand for soft targets."""
        params = self.params
        p, weight = self.task.joint(used, params.alpha)
        if len(self.task.classes) > 1:
            raise ValueError(
                f"student={model!r} is a classifier that learns from label rows, and these "
                "have one target: give a regressor, or a single decision tree with the "
                "Gini criterion, which learn several."
            )
        model = _without_folds(model)
        limit = 4 * len(p) if params.max_label_rows is None else params.max_label_rows
        if limit < len(p):
            raise ValueError(
                f"max_label_rows={limit} is less than the number of rows, {len(p)}, "
                "transfer rows among them."
            )
        if params.label_rows == "draw":
            label_rows = drawn_label_rows(p, weight, limit, random)
        else:
            label_rows = truncated_label_rows(p, weight, limit)
        rows, labels = rows_of(X, label_rows.row), self.task.classes[0][label_rows.code]
        model = _fit(model, rows, labels, label_rows.weight)
        # Only a fitted model shows what its scores are of.
        if not hasattr(model, "predict_proba"):
            head = rows_of(X, np.arange(min(len(p), 100)))
            scores = model.decision_function(head)
            check_not_pairwise(model, scores, head, model.classes_, "student")
        return EstimatorModel(model, self.task, label_error=label_rows.error)


def _fit(model, X, y, weight):
    """Fit with weights, or without where they are all alike; rows of none are left out."""
    # Estimators count rows whatever their weight, as min_samples_leaf does.
    if weight is not None and not weight.all():
        rows = np.flatnonzero(weight)
        X, y, weight = rows_of(X, rows), y[rows], weight[rows]
    # Alike weights are left out, so that estimators that take none can learn too.
    if weight is None or np.allclose(weight, weight[0], rtol=1e-12, atol=0):
        return model.fit(X, y)
    last, path = _destination(model)
    if not _takes_weights(last):
        advice = ""
        if is_classifier(model):
            advice = (
                ' It learns from labels of equal weight with label_rows="draw", if '
                "sample_weight is None."
            )
        raise ValueError(
            f"student={last!r} takes no sample_weight, and the rows that it is to learn "
            f"from have weights: give a student that takes them.{advice}"
        )
    # Relative to their mean: a penalty is set against the sum of losses.
    weights = {f"{path}sample_weight": weight / weight.mean()}
    with config_context(enable_metadata_routing=False):  # who gets them is known here
        return model.fit(X, y, **weights)


def _destination(model):
    """The estimator inside of others that weights are for, and its path for them."""
    path = ""
    while True:
        if isinstance(model, Pipeline):
            step, model = model.steps[-1]
            path += f"{step}__"
        elif isinstance(model, MultiOutputRegressor):
            model = model.estimator
        elif isinstance(model, TransformedTargetRegressor):
            model = LinearRegression() if model.regressor is None else model.regressor
        else:
            return model, path


def _takes_weights(model):
    objective = getattr(model, "objective", None)
    if callable(objective) and len(inspect.signature(objective).parameters) < 3:
        raise ValueError(
            f"student={model!r}: its objective takes no weights, and the rows that it is "
            "to learn from have some. Write it as objective(y_true, y_pred, weight)."
        )
    parameters = inspect.signature(model.fit).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    return "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _without_folds(model):
    """Refuse students that hold out label rows, whose siblings they would train on."""
    last = innermost(model)
    params = last.get_params(deep=False)
    holds_out = (
        "cv" in params
        or params.get("probability") is True  # SVC's own calibration
        or params.get("early_stopping") is True
    )
    if holds_out:
        raise ValueError(
            f"student={model!r} holds out rows of its own, and the label rows of one row "
            "would be on both sides. Search or calibrate around the student instead; set "
            "early_stopping=False or probability=False."
        )
    if params.get("early_stopping") == "auto":  # it would come with enough label rows
        last.set_params(early_stopping=False)
    return model


def _of_sum_1(p):
    """Probabilities as they are, unless each class is scored against all others."""
    off = np.abs(p.sum(axis=1, keepdims=True) - 1) > _ROUNDING
    return np.where(off, normalised(p), p)


def _anchored(logits):
    """Logits without the constant of each row, which changes no probability."""
    # Of two classes, the log odds of the second: what people read as a score.
    two = logits.shape[1] == 2
    return logits - (logits[:, :1] if two else logits.mean(axis=1, keepdims=True))


def _in_order(p, known, classes):
    """Columns for all classes; those that the student never saw are 0."""
    ordered = np.zeros((len(p), len(classes)))
    # classes are sorted, and hold all that the student knows.
    ordered[:, np.searchsorted(classes, known)] = p
    return ordered
