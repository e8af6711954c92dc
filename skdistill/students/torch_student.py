"""What the students share that are torch modules: options, targets, training."""

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.metrics import d2_pinball_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from ..learners.torch_learner import Past
from ..tables.view import apply_view
from ..tasks.classes import given_classes, listed
from ..tasks.values import Values
from ..teacher.members import any_ready
from ..training.histories import (
    by_columns,
    by_epochs,
    epochs_of,
    put_history,
    without_history,
)
from ..training.optimizers import OPTIMIZERS
from .base import BaseStudent, unchanged_on_error
from .tasks import ClassifierStudent, RegressorStudent


def _can_go_on(student):
    if student.teacher is not None and not any_ready(student.teacher):
        raise AttributeError(
            "partial_fit needs a fitted teacher, or none: an unfitted one would be fitted "
            "anew on each part of the rows."
        )
    for name in ("temperature", "alpha"):
        if getattr(student, name, None) == "auto":
            raise AttributeError(
                f'partial_fit has no rows on which {name}="auto" could choose: set a '
                f"number, such as the {name}_ that fit has chosen."
            )
    return True


@dataclass(frozen=True)
class Parts:
    """What ``partial_fit`` keeps from one part of the rows to the next.

    Attributes
    ----------
    optimizer : str or callable
        The parameter, whose state this is.
    moments : dict
        The optimizer's state; the training of a part puts its own there.
    classes : array-like, default=None
        All labels.
    running : bool, default=True
        Whether a part is being learnt; False between the calls.
    """

    optimizer: Any
    moments: dict
    classes: Any = None
    running: bool = True


class TorchStudent(BaseStudent):
    """A student that is a torch module, trained by skorch.

    Subclasses name the learner (``_learner_class``).
    """

    _parameter_constraints: dict = {
        "loss": [str, callable],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions({"cosine", "one_cycle"}), None],
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="neither"), None],
        "device": [str, torch.device],
        "callbacks": [list, None],
        "compile": ["boolean"],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _has_epochs = _streams = True
    _learner_class: type | None = None  # of TorchLearner
    _parts = None  # Parts, while partial_fit runs and between its calls

    @available_if(_can_go_on)
    def partial_fit(
        self,
        X,
        y=None,
        *,
        sample_weight=None,
        teacher_output=None,
        X_transfer=None,
        transfer_output=None,
        **options,
    ):
        """Go on for one epoch over some rows, at a constant learning rate.

        The view of X is learnt from the rows of the first call, and the optimizer's state
        is kept between the calls.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Labels or target values, as in ``fit``.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.
        teacher_output : array-like, default=None
            The teacher's outputs for the rows of X, as in ``fit``.
        X_transfer : array-like of shape (m, n_features), default=None
            Unlabelled rows.
        transfer_output : array-like, default=None
            The teacher's outputs for these.
        **options : dict
            Classifiers take ``classes``: all labels, needed in the first call where y
            lacks some.

        Returns
        -------
        object
            The student itself.

        Raises
        ------
        ValueError
            As ``fit`` does. The student is then as it was before.
        TypeError
            For a ``checkpoint``: what has learnt a part is kept as a whole.
        """
        if "checkpoint" in options:
            raise TypeError(
                "partial_fit takes no checkpoint: between two parts, the student itself "
                "can be kept, by joblib.dump(student, path)."
            )
        parts, epoch = self._next_part(**options)
        users = {name: getattr(self, name) for name in epoch}
        before = vars(self).get("history_", [])
        with unchanged_on_error(self):  # the user's parameters too
            vars(self).update(epoch, _parts=parts)
            self.fit(
                X,
                y,
                sample_weight=sample_weight,
                teacher_output=teacher_output,
                X_transfer=X_transfer,
                transfer_output=transfer_output,
            )
            vars(self).update(users, _parts=replace(parts, running=False))
            self.history_ = [*before, *self.history_]
            self.n_iter_ = len(self.history_)
        return self

    def _next_part(self):
        """What the next part goes on from, and the parameters of its one epoch."""
        if self._asking().fits_clones:
            raise ValueError(
                f"partial_fit fits no teacher, and cv={self.cv!r} asks for clones: set "
                "cv=None, and give out-of-fold outputs as teacher_output."
            )
        if self.ema_decay is not None:
            raise ValueError(
                "partial_fit goes on from the last weights, and ema_decay="
                f"{self.ema_decay} puts their average in their place: set it None."
            )
        moments = {}
        if self._parts is not None and self._parts.optimizer is self.optimizer:
            moments = dict(self._parts.moments)
        epoch = {"warm_start": True, "max_epochs": 1}
        epoch |= {"lr_schedule": None, "early_stopping": False}
        if isinstance(self.transfer, str) and self.transfer == "auto":
            epoch["transfer"] = None  # more rows come by themselves
        if isinstance(self.cv, str) and self.cv == "auto":
            epoch["cv"] = None
        if isinstance(self.random_state, Integral):  # another order in each part
            n_before = len(vars(self).get("history_", []))
            epoch["random_state"] = (self.random_state + 1_000_003 * n_before) % 2**32
        return Parts(self.optimizer, moments), epoch

    def __getstate__(self):
        """State for a pickle: the history once, by columns."""
        state = super().__getstate__()
        if "net_" in state and "history_" in state:
            net, history = without_history(state["net_"]), by_columns(state["history_"])
            state = {**state, "net_": net, "history_": history}
        return state

    def __setstate__(self, state):
        """Put the history back, the net's too."""
        super().__setstate__(state)
        if isinstance(vars(self).get("history_"), dict):
            self.history_ = by_epochs(self.history_)
        if "n_epochs_" in vars(vars(self).get("net_", self)):
            put_history(self.net_, self.history_)

    @property
    def module_(self):
        """The fitted torch module."""  # numpydoc ignore=RT01
        return self.net_.module_

    def _continues(self):
        return self.warm_start and hasattr(self, "net_")

    def _what_continues(self):
        is_part = self._parts is not None and self._parts.running
        return "partial_fit" if is_part else super()._what_continues()

    def _see_to_train(self, rows):
        """The view in single precision; predictions are in double."""
        return apply_view(self.preprocessor_, rows, np.float32)

    def _learner_params(self):
        """The parameters by name, as the learner asks for them."""
        return self.get_params(deep=False)

    def _learner(self, **more):
        params, caller = self._learner_params(), self._what_continues()
        if self._continues() and self.alpha == "auto":
            params["alpha"] = self.alpha_  # it goes on as it was
        past = Past(self.module_, caller) if self._continues() else None
        moments = self._parts.moments if caller == "partial_fit" else None
        temperature = getattr(self, "temperature_", 1.0)
        parts = params, self._task, self._see_to_train, temperature, past, moments
        return self._learner_class(*parts, **more)

    def _settle(self, model, lesson):
        self.net_ = model.net
        self.history_ = epochs_of(self.net_)
        self.n_iter_ = len(self.history_)
        if is_classifier(self):
            self.temperature_ = model.temperature
        self._parts = None


class TorchClassifier(ClassifierStudent, TorchStudent):
    """A student of classes that is a torch module."""

    _parameter_constraints: dict = {
        **ClassifierStudent._parameter_constraints,
        **TorchStudent._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def _next_part(self, classes=None):
        parts, epoch = super()._next_part()
        before = self.classes if self._parts is None else self._parts.classes
        if before is None and hasattr(self, "preprocessor_"):
            before = (
                self._task.classes if len(self._task.classes) > 1 else self.classes_
            )
        if classes is None:
            classes = before
        elif before is not None and not _are_same(classes, before):
            raise ValueError(
                f"classes={classes!r} are not those of the first call, "
                f"{listed(given_classes(before))}: fit a new student, or name all of "
                "them by `classes` from the start."
            )
        return replace(parts, classes=classes), {**epoch, "classes": classes}

    def _learns_prior(self, knowledge):
        """The mean over all epochs, of a student that goes on."""
        now = super()._learns_prior(knowledge)
        if not self._continues():
            self._epochs_of_prior = self.max_epochs
            return now
        done = self._epochs_of_prior
        self._epochs_of_prior += self.max_epochs
        total = done * self._learnt_prior + self.max_epochs * now
        return total / self._epochs_of_prior


class TorchRegressor(RegressorStudent, TorchStudent):
    """A student of values that is a torch module."""

    _parameter_constraints: dict = {
        **RegressorStudent._parameter_constraints,
        **TorchStudent._parameter_constraints,
        "quantiles": ["array-like", None],
    }

    def _check_targets(self, y, name="y", learns=True):
        y = super()._check_targets(y, name, learns)
        if self.quantiles is not None and y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"quantiles={self.quantiles!r} are of one target, and {name} has "
                f"{y.shape[1]}."
            )
        return y

    def _make_task(self, teacher, given):
        return Values(given.y, _checked_quantiles(self.quantiles))

    def score(self, X, y, sample_weight=None):
        """R2 of the predictions; of quantiles, the mean of their D2 pinball scores.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like of shape (n,) or (n, n_outputs)
            True values.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        float
            1 for perfect predictions, 0 for those of a constant.
        """
        if self.quantiles is None:
            return super().score(X, y, sample_weight)
        columns = zip(self.predict(X).T, self._task.quantiles, strict=True)
        scores = [
            d2_pinball_score(y, column, sample_weight=sample_weight, alpha=level)
            for column, level in columns
        ]
        return float(np.mean(scores))


def _are_same(classes, others):
    groups = given_classes(classes), given_classes(others)
    return len(groups[0]) == len(groups[1]) and all(map(np.array_equal, *groups))


def _checked_quantiles(quantiles):
    """Levels as an array, or None."""
    if quantiles is None:
        return None
    try:
        levels = np.asarray(quantiles, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.empty(0)
    inside = levels.ndim == 1 and levels.size and 0 < levels[0] and levels[-1] < 1
    if not (inside and (np.diff(levels) > 0).all()):
        raise ValueError(
            f"quantiles={quantiles!r} must ascend between 0 and 1, such as "
            "[0.1, 0.5, 0.9]."
        )
    return levels
