"""What the students share that are torch modules: options, targets, training."""

import copy
from abc import abstractmethod
from functools import partial
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.metrics import d2_pinball_score
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from ..export.arrays import live_model
from ..export.predictor import log_softmax
from ..lesson.knowledge import hold_out
from ..lesson.lesson import Lesson
from ..lesson.temperature import CANDIDATES, best_temperature, exam_losses, split_rows
from ..losses import cross_entropy, quantile
from ..search.joint import Request
from ..tables.view import apply_view
from ..tasks.readers import given_classes
from ..teacher.members import any_ready
from ..training.batches import Rows
from ..training.cohort import current
from ..training.histories import by_columns, by_epochs
from ..training.inference import in_chunks
from ..training.loop import (
    OPTIMIZERS,
    epochs_of,
    make_generator,
    put_history,
    resolve_device,
    seeded,
    train,
    without_history,
)
from ..training.objective import Loss, Objective, get_loss, over_targets, sorted_first
from .base import BaseStudent
from .tasks import ClassifierStudent, RegressorStudent, listed

_FEW_ROWS = 16
#: Parameters that go to ``train`` as they are.
_OPTIONS = (
    *("max_epochs", "lr", "lr_schedule", "optimizer", "weight_decay", "callbacks"),
    *("compile", "tol", "ema_decay"),
)


def _can_go_on(student):
    if student.teacher is not None and not any_ready(student.teacher):
        raise AttributeError(
            "partial_fit needs a fitted teacher, or none: an unfitted one would be fitted "
            "anew on each part of the rows."
        )
    if getattr(student, "temperature", None) == "auto":
        raise AttributeError(
            'partial_fit has no rows on which temperature="auto" could choose: set a '
            "number, such as the temperature_ that fit has chosen."
        )
    return True


class TorchStudent(BaseStudent):
    """A student that is a torch module, trained by skorch.

    Subclasses build the module (``_make_module``), and may finish it after training.
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
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _has_epochs = True

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
        """
        twin = self._twin_for_one_epoch(**options)
        twin.fit(
            X,
            y,
            sample_weight=sample_weight,
            teacher_output=teacher_output,
            X_transfer=X_transfer,
            transfer_output=transfer_output,
        )
        twin.history_ = [*getattr(self, "history_", []), *twin.history_]
        twin.n_iter_ = len(twin.history_)
        twin._between_parts = vars(twin).pop("_this_part")
        parameters = self.get_params(deep=False)
        learnt = {k: v for k, v in vars(twin).items() if k not in parameters}
        vars(self).clear()
        vars(self).update(parameters, **learnt)
        return self

    def _twin_for_one_epoch(self):
        """A copy whose ``fit`` is one epoch more."""
        if self._fits_clones():
            raise ValueError(
                f"partial_fit fits no teacher, and cv={self.cv!r} asks for clones: set "
                "cv=None, and give out-of-fold outputs as teacher_output."
            )
        if self.ema_decay is not None:
            raise ValueError(
                "partial_fit goes on from the last weights, and ema_decay="
                f"{self.ema_decay} puts their average in their place: set it None."
            )
        twin = copy.copy(self)
        before = vars(self).get("_between_parts", {})
        moments = dict(before.get("optimizer", {}))
        if before.get("kind", self.optimizer) is not self.optimizer:
            moments = {}  # they are those of another optimizer
        twin._this_part = {**before, "optimizer": moments, "kind": self.optimizer}
        twin.warm_start, twin.max_epochs = True, 1
        if isinstance(self.transfer, str) and self.transfer == "auto":
            twin.transfer = None  # more rows come by themselves
        twin.lr_schedule, twin.early_stopping = None, False
        if isinstance(self.random_state, Integral):  # another order in each part
            n_before = len(vars(self).get("history_", []))
            twin.random_state = (self.random_state + 1_000_003 * n_before) % 2**32
        return twin

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

    @abstractmethod
    def _make_module(self, x, knowledge, generator):
        """A new torch module for such rows."""

    @abstractmethod
    def _objective(self):
        """The loss of a batch."""

    @abstractmethod
    def _strata(self, knowledge):
        """What a held out part is balanced by (n,)."""

    @abstractmethod
    def _target_tensors(self, knowledge, objective):
        """Soft and hard targets as tensors, None where absent."""

    @abstractmethod
    def _to_learn(self, knowledge):
        """The targets as numbers (n, n_outputs), for what looks at them beforehand."""

    def _draws_globally(self):
        """Whether the module may draw from torch's global generators."""
        return False

    def _finish(self, x, knowledge):
        """What is left to do with the trained module."""

    def _train(self, rows, knowledge, watched):
        vars(self).pop("_between_parts", None)
        random = check_random_state(self.random_state)
        seeds = random.randint(np.iinfo(np.int32).max, size=3).tolist()
        x, used, exam = self._lesson_and_exam(rows, knowledge, watched, random)
        lesson = Lesson(self, rows.renewal, x, used)
        unseen = None if watched is None else exam
        self._settle_temperature(lesson, unseen, seeds, random)
        self._learn(lesson, exam, seeds)

    def _settle_temperature(self, lesson, unseen, seeds, random):
        """Choose the temperature, where that is asked."""

    def _learn(self, lesson, exam, seeds, interruptible=True):
        """Train a module, and finish it."""
        device = resolve_device(self.device)
        with seeded(seeds[0], device, self._draws_globally()):
            first, shuffler = (make_generator(seed) for seed in seeds[1:])
            module = self._starting_module(lesson.x, lesson.knowledge, first)
            self.net_ = self._run(module, lesson, exam, device, shuffler, interruptible)
        self.history_ = epochs_of(self.net_)
        self.n_iter_ = len(self.history_)
        self._finish(lesson.x, lesson.knowledge)

    def _lesson_and_exam(self, rows, knowledge, watched, random):
        """The view of the training rows, what they teach, and what is watched."""
        x = apply_view(self.preprocessor_, rows.X, np.float32)
        lesson, exam = knowledge.used(self.alpha), None
        if watched is not None:
            exam = apply_view(self.preprocessor_, rows.X_val, np.float32), watched
        elif self.early_stopping:
            strata, weight = self._strata(knowledge), knowledge.hard_weight
            soft_weight = knowledge.soft_weight[: len(weight)]
            if lesson.hard is None and soft_weight.any():
                weight = soft_weight  # of rows that have a target to be watched
            kept, held = hold_out(strata, self.validation_fraction, random, weight)
            exam = x[held], lesson.exam(held)
            x, lesson = x[kept], lesson.take(kept)
            if rows.renewal is not None:
                rows.renewal.kept = kept
        if lesson.soft is not None:
            extra = self._transfer_view(
                rows, lambda X: apply_view(self.preprocessor_, X, np.float32)
            )
            x = x if extra is None else np.concatenate([x, extra])
        return x, lesson, exam

    def _starting_module(self, x, knowledge, generator):
        module = self._make_module(x, knowledge, generator)
        if self.warm_start and hasattr(self, "net_"):
            self._take_weights(module)
        return module

    def _take_weights(self, module):
        """Go on from trained weights, in a module made with today's parameters."""
        try:
            module.load_state_dict(self.module_.state_dict())
        except RuntimeError as error:
            raise ValueError(
                f"{self._what_continues()} goes on with the weights of the last fit, and "
                f"the parameters now ask for a module of another shape: {error}"
            ) from error

    def _run(self, module, lesson, exam, device, generator, interruptible):
        objective = self._objective()
        rows = self._rows(lesson.x, lesson.knowledge, objective, module)
        valid = None if exam is None else self._rows(*exam, objective, module)
        options = {
            **{name: getattr(self, name) for name in _OPTIONS},
            "batch_size": self._batch_size(lesson.knowledge.n_labelled),
            "device": device,
            "patience": self.n_iter_no_change if self.early_stopping else None,
            "generator": generator,
            "verbose": int(self.verbose),
            "is_own": not self._draws_globally(),
            "interruptible": interruptible,
            "optimizer_state": vars(self).get("_this_part", {}).get("optimizer"),
            "refresh": lesson.refresh,
            "renew": partial(lesson.renewed, objective),
        }
        cohort = current()
        if cohort is not None and not self._draws_globally():
            request = Request.of(module, rows, valid, objective, options)
            if request is not None:
                return cohort.ask(request)
        return train(module, rows, valid, objective, **options)

    def _quiet_twin(self, max_epochs):
        """A copy for a few epochs, of which the user's callbacks hear nothing."""
        twin = copy.copy(self)
        twin.max_epochs = max_epochs
        twin.callbacks, twin.verbose, twin.compile = None, 0, False
        twin.early_stopping = False
        return twin

    def _batch_size(self, n):
        if self.batch_size == "auto":
            return min(256, max(16, n // 16))
        return self.batch_size

    def _rows(self, x, knowledge, objective, module):
        """Rows as tensors in the module's dtype, weights relative to their mean."""
        parameters = (p for p in module.parameters() if p.is_floating_point())
        dtype = next(parameters, torch.zeros(0)).dtype
        soft, hard = self._target_tensors(knowledge, objective)
        return Rows(
            x=torch.from_numpy(np.require(x, requirements="W")).to(dtype),
            soft=None if soft is None else soft.to(dtype),
            soft_weight=None
            if soft is None
            else _relative(knowledge.soft_weight, dtype),
            hard=hard.to(dtype) if hard is not None and _is_float(hard) else hard,
            hard_weight=None
            if hard is None
            else _relative(knowledge.hard_weight, dtype),
            n_labelled=knowledge.n_labelled,
            labels=self._labels_asked(knowledge, objective),
        )

    def _labels_asked(self, knowledge, objective):
        """Codes of the rows' classes, for a soft loss that asks for them."""

    def _infer(self, module, batch):
        """Outputs of the fitted module for a batch, at temperature 1."""
        return module(batch)

    def _outputs(self, X, then=lambda output: output):
        """A function of the module's outputs for the rows of X, a float64 array."""
        return self._outputs_of_view(self._view(X), then)

    def _few_outputs(self, x):
        """For some rows of the view, without torch, whose calls take longer than these.

        None where the module has no form in numpy, or where rows are many.
        """
        model = live_model(self) if len(x) <= _FEW_ROWS else None
        return None if model is None else model(x)

    def _outputs_of_view(self, x, then):
        module = self.module_
        return in_chunks(lambda batch: then(self._infer(module, batch)), module, x)


class TorchClassifier(ClassifierStudent, TorchStudent):
    """A student of classes that is a torch module."""

    _parameter_constraints: dict = {
        **ClassifierStudent._parameter_constraints,
        **TorchStudent._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def _settle_temperature(self, lesson, unseen, seeds, random):
        if self.temperature_ is None:
            chosen = self._chosen_temperature(lesson, unseen, seeds, random)
            self.temperature_ = chosen

    def _chosen_temperature(self, lesson, unseen, seeds, random):
        """The best of short runs, which cost no more epochs than one fit, all together.

        They learn from the first drawn rows alone: what they ask the teacher about fresh
        ones would be lost.
        """
        x, knowledge = lesson.x, lesson.knowledge
        some = CANDIDATES[: self.max_epochs]
        if knowledge.soft is None or len(some) == 1:  # a control has no temperature
            return 1.0
        if unseen is None:
            parts = split_rows(knowledge, self._strata(knowledge), random)
            unseen = x[parts.held], parts.exam
            x, knowledge = x[parts.train], parts.lesson
        epochs = self.max_epochs // len(some)
        losses = {}
        for temperature in some:
            run = self._short_run(temperature, epochs, x, knowledge, seeds)
            log_q = run._outputs_of_view(unseen[0], run._log_softmax)
            losses[temperature] = exam_losses(log_q, unseen[1], self._widths())
        return best_temperature(losses, unseen[1].soft_weight)

    def _short_run(self, temperature, max_epochs, x, knowledge, seeds):
        """A copy that was trained for a few epochs."""
        twin = self._quiet_twin(max_epochs)
        twin.temperature_ = temperature
        lesson = Lesson(twin, None, x, knowledge)
        twin._learn(lesson, None, seeds, interruptible=False)
        return twin

    def _twin_for_one_epoch(self, classes=None):
        twin = super()._twin_for_one_epoch()
        before = twin._this_part.get("classes", self.classes)
        if before is None and self._is_taught():
            before = self._targets if len(self._targets) > 1 else self._targets[0]
        if classes is None:
            classes = before
        elif before is not None and not _same(classes, before):
            raise ValueError(
                f"classes={classes!r} are not those of the first call, "
                f"{listed(given_classes(before))}: fit a new student, or name all of "
                "them by `classes` from the start."
            )
        twin.classes = twin._this_part["classes"] = classes
        return twin

    def _is_taught(self):
        return hasattr(self, "preprocessor_")

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

    def _log_probabilities(self, X):
        x = self._view(X)
        few = self._few_outputs(x)
        if few is None:
            return self._outputs_of_view(x, self._log_softmax)
        if len(self._targets) == 1:
            return log_softmax(few)
        return np.concatenate(list(map(log_softmax, self._by_target(few))), axis=1)

    def _log_softmax(self, logits):
        parts = logits.split(self._widths(), dim=1)
        return torch.cat([torch.log_softmax(part, dim=1) for part in parts], dim=1)

    def _logits(self, X):
        return self._outputs(X)

    def _widths(self):
        """Number of classes of each target."""
        return [len(classes) for classes in self._targets]

    def _n_outputs(self):
        return sum(self._widths())

    def _objective(self):
        loss = get_loss(self.loss, "classifier")
        if not loss.tempered and self.temperature != 1:
            raise ValueError(
                f"temperature={self.temperature!r} has no effect with loss={self.loss!r}: "
                "leave it 1, or take another loss."
            )
        if min(self._widths()) < loss.min_classes:
            raise ValueError(
                f"loss={self.loss!r} learns of two classes only which is likelier, and "
                'some target has no more: take another loss, such as "kl".'
            )
        smoothed = partial(cross_entropy, label_smoothing=self.label_smoothing)
        hard = Loss("classifier", smoothed)
        soft, hard = over_targets(loss, hard, self._widths())
        return Objective(soft, hard, self.alpha, self.temperature_)

    def _to_learn(self, knowledge):
        if knowledge.soft is not None:
            return np.exp(knowledge.soft)
        return self._one_hot(knowledge.hard)

    def _check_can_learn(self, rows):
        super()._check_can_learn(rows)
        if self.label_smoothing and self.alpha == 1 and self._learns_softly(rows):
            raise ValueError(
                f"label_smoothing={self.label_smoothing} has no effect with alpha=1, "
                "where labels do not count: leave it 0, or lower alpha."
            )

    def _lesson_and_exam(self, rows, knowledge, watched, random):
        x, lesson, exam = super()._lesson_and_exam(rows, knowledge, watched, random)
        by_label = exam is not None and exam[1].hard is not None
        if self.early_stopping and by_label and self._scale_is_open(lesson):
            raise ValueError(
                f"y_val is watched by its log loss, and loss={self.loss!r} with alpha=1 "
                "leaves the scale of the logits open: leave y_val out, so that the "
                "teacher's answers for X_val are watched, or lower alpha."
            )
        return x, lesson, exam

    def _scale_is_open(self, knowledge):
        """Whether nothing in the loss has set the scale of the logits."""
        is_soft = knowledge.soft is not None and knowledge.hard is None
        return is_soft and get_loss(self.loss, "classifier").scale_free

    def _strata(self, knowledge):
        """The class of the first target."""
        if knowledge.hard is not None:
            return knowledge.hard[:, 0]
        first = len(self._targets[0])
        return knowledge.soft[: knowledge.n_labelled, :first].argmax(axis=1)

    def _target_tensors(self, knowledge, objective):
        soft, hard = knowledge.soft, knowledge.hard
        if soft is not None:
            log_p = torch.from_numpy(soft)
            soft = objective.soft.prepared(log_p, objective.temperature)
        return soft, None if hard is None else torch.from_numpy(hard)

    def _labels_asked(self, knowledge, objective):
        """The labels of the rows of X, the teacher's likeliest classes of the others."""
        if knowledge.soft is None or "labels" not in objective.soft.asks:
            return None
        parts = self._by_target(knowledge.soft)
        codes = np.stack([part.argmax(axis=1) for part in parts], axis=1)
        if knowledge.labels is not None:
            codes[: knowledge.n_labelled] = knowledge.labels
        return torch.from_numpy(codes if len(parts) > 1 else codes[:, 0])


def _same(classes, others):
    groups = given_classes(classes), given_classes(others)
    return len(groups[0]) == len(groups[1]) and all(map(np.array_equal, *groups))


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

    def _levels(self):
        if self.quantiles is None:
            return None
        try:
            levels = np.asarray(self.quantiles, dtype=np.float64)
        except (TypeError, ValueError):
            levels = np.empty(0)
        inside = levels.ndim == 1 and levels.size and 0 < levels[0] and levels[-1] < 1
        if not (inside and (np.diff(levels) > 0).all()):
            raise ValueError(
                f"quantiles={self.quantiles!r} must ascend between 0 and 1, such as "
                "[0.1, 0.5, 0.9]."
            )
        return levels

    def _values(self, X):
        x = self._view(X)
        values = self._few_outputs(x)
        if values is None:
            values = self._outputs_of_view(x, lambda output: output)
        return values if self.quantiles is None else np.sort(values, axis=1)

    def _n_outputs(self):
        return len(self._center if self.quantiles is None else self.quantiles)

    def _objective(self):
        soft = hard = get_loss(self.loss, "regressor")
        if self.quantiles is not None:
            both = soft, Loss("regressor", quantile)
            levels = torch.tensor(self._levels())
            soft, hard = sorted_first(*(each.given(quantiles=levels) for each in both))
        elif "quantiles" in soft.asks:
            raise ValueError(
                f"loss={self.loss!r} compares quantiles, and there are none: set "
                "quantiles, such as [0.1, 0.5, 0.9], or take another loss."
            )
        return Objective(soft, hard, self.alpha)

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
        columns = zip(self.predict(X).T, self._levels(), strict=True)
        scores = [
            d2_pinball_score(y, column, sample_weight=sample_weight, alpha=level)
            for column, level in columns
        ]
        return float(np.mean(scores))

    def _to_learn(self, knowledge):
        values = knowledge.hard if knowledge.soft is None else knowledge.soft
        return (values - self._center) / self._scale

    def _strata(self, knowledge):
        return np.zeros(knowledge.n_labelled, dtype=int)

    def _target_tensors(self, knowledge, objective):
        def scaled(values):
            if values is None:
                return None
            return torch.from_numpy((values - self._center) / self._scale)

        soft = scaled(knowledge.soft)
        if soft is not None:
            soft = objective.soft.prepared(soft, 1.0)
        return soft, scaled(knowledge.hard)


def _relative(weight, dtype):
    """Weights over their mean; None where all are alike."""
    relative = weight / weight.mean()
    if np.allclose(relative, 1.0, rtol=0, atol=1e-12):
        return None
    return torch.from_numpy(relative).to(dtype)


def _is_float(tensor):
    return tensor.is_floating_point()
