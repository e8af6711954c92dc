"""How scikit-learn estimators are trained as students."""

import inspect

import numpy as np
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags

from ..lesson.knowledge import hold_out
from ..tables.containers import rows_of
from ..tasks.units import fitted_in, unit_for
from ..teacher.models import check_not_pairwise
from ..teacher.nets import innermost
from .base import Learner
from .estimator_model import EstimatorModel
from .label_rows import (
    drawn_label_rows,
    grown_tree,
    learns_variance,
    truncated_label_rows,
)
from .soft_boosters import booster_of, numbers_classes
from .soft_boosters.booster import Exam
from .soft_boosters.cross_entropy import ClassTargets

# Share of the rows of X that a booster watches, as nets do.
_WATCHED = 0.1


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
        self.temperature = params.get("temperature", 1.0)

    def learn(self, lesson):
        """Fit the estimator in the way that keeps most of the soft targets."""
        yield from ()  # no training of torch's
        used, (model, random) = lesson.knowledge.used(self.params.alpha), self._fresh()
        X = lesson.whole_view(self.see, used)
        if self.task.kind == "regressor":
            return EstimatorModel(self._fit_values(model, X, used), self.task)
        booster = self._booster(model, used)
        if booster is None and self.temperature != 1:
            raise ValueError(
                f"temperature={self.temperature} has no effect on "
                f"student={model!r}: only LightGBM's and XGBoost's classifiers, with their "
                "own objectives, soften answers while they are trained. Set temperature=1."
            )
        if booster is not None and (used.soft is not None or booster.stops_early()):
            return self._fit_booster(booster, model, X, lesson, used, random)
        return self._fit_classes(model, X, lesson.y, used, random)

    def _fit_classes(self, model, X, y, used, random):
        """Fit what has no loss of ours: exact forms first, label rows after them."""
        if is_regressor(model):
            of_logits = self.params.targets == "logits"
            model = self._fit_probabilities(model, X, used)
            return EstimatorModel(model, self.task, of_logits)
        if used.soft is None:
            model, known = self._fit_labels(model, X, y, used)
            return EstimatorModel(model, self.task, known=known)
        if learns_variance(model):
            joint = self.task.joint(used, self.params.alpha)
            model = grown_tree(model, X, *joint, self.task.classes)
            return EstimatorModel(model, self.task)
        return self._fit_label_rows(model, X, used, random)

    def _booster(self, model, used):
        """The estimator as one that learns soft targets by a loss, if it can."""
        booster = booster_of(*_destination(model))
        if booster is None:
            return None
        # A library is told of classes by labels, one for each row.
        too_few = len(used.soft_weight) < len(self.task.classes[0])
        draws, several = self.params.label_rows == "draw", len(self.task.classes) > 1
        if booster.learns_softly() and not (draws or several or too_few):
            return booster
        if booster.stops_early():
            raise ValueError(
                f"student={booster.model!r} stops early, and watches the cross entropy: "
                'this needs a single target, label_rows="truncate", an objective of the '
                "library's own for it, and more rows than classes."
            )
        return None

    def _fit_booster(self, booster, model, X, lesson, used, random):
        """Grow a booster on soft targets, or on labels where it is to stop early."""
        exam = None
        if booster.stops_early():
            X, used, exam = self._examined(booster, X, lesson, used, random)
        alpha, temperature = self.params.alpha, self.temperature
        targets = ClassTargets.of(self.task, used, alpha, temperature)
        classes = self.task.classes[0]
        model = booster.fit(model, X, targets, classes, exam)
        return EstimatorModel(model, self.task, known=classes)

    def _examined(self, booster, X, lesson, used, random):
        """Rows to learn from, what they teach, and rows to watch."""
        if booster.path:
            raise ValueError(
                f"student={booster.model!r} stops early, and its pipeline would hand it "
                "no rows to watch: give the booster alone, the other steps as preprocessor."
            )
        if lesson.exam is not None:
            return X, used, Exam(self.see(lesson.read.X_val), lesson.exam, self.task)
        weight = used.hard_weight
        if used.hard is None and used.soft_weight[: len(weight)].any():
            weight = used.soft_weight[: len(weight)]
        strata = self.task.strata(lesson.knowledge)
        why = f"student={booster.model!r} stops early:"
        kept, held = hold_out(strata, _WATCHED, random, weight, why)
        transfer = np.arange(len(weight), len(used.soft_weight))
        exam = Exam(rows_of(X, held), used.exam(held), self.task)
        return rows_of(X, np.concatenate([kept, transfer])), used.take(kept), exam

    def _fit_labels(self, model, X, y, used):
        """Fit on y itself; or on its numbers, and what they stand for."""
        if len(self.task.classes) > 1 or not numbers_classes(model):
            return _fit(model, X, y, used.hard_weight), None
        return self._fit_codes(model, X, used.hard[:, 0], used.hard_weight)

    def _fit_codes(self, model, X, codes, weight):
        """Fit on labels; or on numbers from 0 on, and what they stand for."""
        classes = self.task.classes[0]
        if not numbers_classes(model):
            return _fit(model, X, classes[codes], weight), None
        present = np.unique(codes[weight > 0])
        numbers = np.searchsorted(present, codes)
        return _fit(model, X, numbers, weight), classes[present]

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
        rows, codes = rows_of(X, label_rows.row), label_rows.code
        model, known = self._fit_codes(model, rows, codes, label_rows.weight)
        # Only a fitted model shows what its scores are of.
        if not hasattr(model, "predict_proba"):
            head = rows_of(X, np.arange(min(len(p), 100)))
            scores = model.decision_function(head)
            check_not_pairwise(model, scores, head, model.classes_, "student")
        error = label_rows.error
        return EstimatorModel(model, self.task, label_error=error, known=known)


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


def _anchored(logits):
    """Logits without the constant of each row, which changes no probability."""
    # Of two classes, the log odds of the second: what people read as a score.
    two = logits.shape[1] == 2
    return logits - (logits[:, :1] if two else logits.mean(axis=1, keepdims=True))
