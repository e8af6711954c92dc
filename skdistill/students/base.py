"""What all students share: parameters, and the skeleton of fit."""

import contextlib
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from os import PathLike
from typing import Self, TypeVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)

from ..disk.rows import ParquetRows
from ..lesson.asking import Asking
from ..lesson.drawing import drawn_rows
from ..lesson.given import Given, Read
from ..lesson.lesson import Lesson
from ..lesson.refusals import check
from ..tables.view import apply_view, reads_tables
from ..training.fits import carry_out
from ..training.led import led_fit
from ..training.runs import kept_in
from ..transfer.drawn import NAMES, automatic
from .from_disk import asking_of, taken_from_disk, taught_by_all
from .holding import HoldsTeacher
from .keeping import run_of
from .reading import (
    fit_students_view,
    n_readable_columns,
    read_more,
    read_rows,
    read_weight,
)
from .rehearsal import rehearsal


@contextlib.contextmanager
def unchanged_on_error(estimator):
    """Put an estimator's attributes back if the block raises, Ctrl-C included.

    Parameters
    ----------
    estimator : object
        Attributes may be replaced in the block, but not changed in place.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


_Fit = TypeVar("_Fit", bound=Callable)


def _checks_parameters(fit: _Fit) -> _Fit:
    """scikit-learn's decorator, which hides from type checkers what ``fit`` returns."""
    return _fit_context(prefer_skip_nested_validation=False)(fit)


class BaseStudent(HoldsTeacher, metaclass=ABCMeta):
    """A model that learns from a teacher; without one it learns from the labels alone.

    Subclasses name the task (``_check_targets``, ``_make_task``) and who learns it
    (``_learner``), and keep what was learnt (``_settle``, ``_model``).
    """

    _parameter_constraints: dict = {
        "teacher": "no_validation",
        "teacher_weights": ["array-like", None],
        "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "cv": [StrOptions({"auto", "prefit"}), "cv_object"],
        "transfer_teacher": [StrOptions({"refit", "folds", "unseen"})],
        "n_jobs": [Integral, None],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
        "transfer": [
            HasMethods(["fit", "sample"]),
            callable,
            StrOptions({"auto", *NAMES}),
            None,
        ],
        "transfer_weight": [Interval(Real, 0, None, closed="left"), None],
        "preprocessor": [
            StrOptions({"auto"}),
            HasMethods(["fit", "transform"]),
            None,
        ],
        "keep_teacher": ["boolean"],
    }
    _scales_view = True  # whether the columns of the view are centred and scaled
    _checks_rows = True  # whether rows without a view must be finite numbers
    _has_epochs = False  # after which X_val is watched, drawn rows can be renewed
    _chooses_model = False  # by X_val, between several
    _streams = False  # from disk, epoch after epoch
    _draws_for_leaves = False  # once a tree is there, more rows where it has few

    @_checks_parameters
    def fit(
        self,
        X,
        y=None,
        *,
        sample_weight=None,
        teacher_output=None,
        X_transfer=None,
        transfer_output=None,
        X_val=None,
        y_val=None,
        groups=None,
        checkpoint=None,
    ) -> Self:
        """Learn from the teacher, from the labels, or from both.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or ParquetRows
            Training rows. The teacher gets them as they are, the student through its
            ``preprocessor``. Rows on disk bring their labels and weights.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Labels or target values; several labels at once as a matrix of zeros and
            ones, several targets as columns. None is allowed where a fitted teacher (or its
            outputs) is there and ``alpha=1``.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows; an unfitted teacher gets them too if it takes them.
        teacher_output : array-like of shape (n, n_classes) or (n, n_outputs), or path, \
default=None
            The teacher's outputs for the rows of X, computed beforehand: probabilities
            (for two classes also (n,), of the second) or predictions. For several labels
            the probability of each; for several targets a list with an array for each,
            or all their columns side by side. A frame whose columns are named by the
            classes of a single target may have them in any order.
            Or the path of a folder that ``soft_targets(..., out=)`` wrote.
        X_transfer : array-like of shape (m, n_features), default=None
            Unlabelled rows, which the teacher labels.
        transfer_output : array-like of shape (m, n_classes) or (m, n_outputs), or path, \
default=None
            The teacher's outputs for these, computed beforehand.
        X_val : array-like of shape (v, n_features), default=None
            Rows that the teacher has not seen; ``early_stopping`` watches them, and
            ``alpha="auto"`` chooses by their labels.
        y_val : array-like of shape (v,) or (v, n_outputs), default=None
            Their labels.
        groups : array-like of shape (n,), default=None
            For a ``cv`` splitter that keeps groups of rows together.
        checkpoint : str, path or Checkpoint, default=None
            A folder in which the training is kept at times, for students that are trained
            by epochs. A fit that was cut short, and is called again with the same
            arguments, goes on from there, to the same bits; one that had ended gives its
            result again.

        Returns
        -------
        object
            The fitted student itself.

        Raises
        ------
        ValueError
            For rows, targets or a teacher that do not fit together, if the loss becomes
            NaN, and if what `checkpoint` holds is damaged or of another fit. The student
            is then as it was before.
        """
        given = Given(
            X,
            y,
            sample_weight,
            teacher_output,
            X_transfer,
            transfer_output,
            X_val,
            y_val,
            groups,
        )
        led_fit(self, partial(self._fit, given, checkpoint))
        return self

    def _fit(self, given, checkpoint):
        run = run_of(self, given, checkpoint)
        with kept_in(None):  # a teacher that is fitted meanwhile is not kept there
            carry_out(self._fitting(given, run))

    def _fitting(self, given, run=None, **options):
        """Fit, as a generator of the trainings that it needs: prepare, learn, settle."""
        kept = contextlib.nullcontext() if run is None else run.of(self)
        with unchanged_on_error(self), kept:
            given, survey = taken_from_disk(self, given)
            lesson = self._prepare(given, survey)
            learner = self._learner(**options)
            learner.run_kept = run
            yield from self._choose(learner, lesson, given)
            model = yield from learner.learn(lesson)
            self._settle(model, lesson)

    def _choose(self, learner, lesson, given):
        """Choose alpha and temperature where that is asked, and keep them."""
        chooser, rehearsed = learner, lesson
        if self._asking().rehearses(given):
            chooser, rehearsed = rehearsal(self, given, lesson)
            chooser.run_kept = learner.run_kept
        choice = yield from chooser.choose(rehearsed)
        learner.settle(choice.setting)
        self.alpha_ = choice.setting.alpha
        if choice.gain is not None:
            self.teacher_gain_ = choice.gain
        elif not self._continues():
            vars(self).pop("teacher_gain_", None)
        self._set_prior(lesson.knowledge)

    def _prepare(self, given, survey=None):
        """Validate, ask the teacher, and fit the view of X: what there is to learn."""
        asking = asking_of(self, survey)
        given, read = self._read(given, asking)
        folds = asking.folds(given)
        drawn = drawn_rows(asking, given, folds, self._automatic_sampler(given.X))
        if drawn is not None:  # read before the teacher is asked about them
            table = read_more(self, drawn.X, "transfer")
            given = replace(given, drawn=drawn)
            read = replace(read, drawn=replace(drawn, X=table))
        read_drawn = partial(read_more, self, name="transfer")
        answers = asking.answers(given, folds, self._make_task, read_drawn)
        vars(self).pop("teacher_", None)
        if self.keep_teacher and answers.fitted is not None:
            self.teacher_ = answers.fitted
        knowledge = answers.knowledge
        exam = asking.exam(given, answers)
        n_drawn = len(knowledge.soft_weight) - len(knowledge.hard_weight)
        read = read.first(n_drawn - given.n_transfer)
        self._set_task(answers.task, knowledge)
        if not self._continues():
            self._fit_view(read, given, answers.fitted)
        taught = answers.task, knowledge, exam, answers.renewal, answers.fitted
        lesson = Lesson(read, given.y, *taught)
        return taught_by_all(self, survey, asking, answers, lesson)

    def _read_rows(self, X, reset):
        """Rows as the student's view takes them; the first ones set what they are."""
        return read_rows(self, X, reset)

    def _automatic_sampler(self, X):
        """What ``transfer="auto"`` stands for, as ``Asking.drawn`` takes it."""
        n_columns = n_readable_columns(self, X)
        return n_columns and partial(automatic, n_columns=n_columns)

    def _fit_view(self, read, given, teacher):
        """Fit the view of X, and store it."""
        fit_students_view(self, read.X, given.y, given.sample_weight)

    @abstractmethod
    def _check_targets(self, y, name="y", learns=True):
        """Validated targets, an array."""

    @abstractmethod
    def _make_task(self, teacher, given):
        """What y and answers mean to this kind of student."""

    @abstractmethod
    def _set_task(self, task, knowledge):
        """Store what the fitted student has to know of its targets."""

    def _set_prior(self, knowledge):
        """Store what the fitted student has to know of shares of classes."""

    @abstractmethod
    def _learner(self):
        """Who trains, as the parameters say."""

    @abstractmethod
    def _settle(self, model, lesson):
        """Keep what was learnt."""

    @abstractmethod
    def _model(self):
        """The fitted model, as the parameters now ask it."""

    def _readable(self):
        """What the tools of ``inspection`` can read: a tree, a net, or None."""
        return None

    def _see(self, rows):
        """The view of validated rows."""
        return apply_view(self.preprocessor_, rows)

    def _asking(self):
        return Asking.of(
            self,
            has_epochs=self._has_epochs,
            draws_for_leaves=self._draws_for_leaves,
        )

    def _read(self, given, asking):
        """The arguments of fit, checked, and the rows as the student sees them."""
        calibrates = asking.teacher_calibration is not None
        watches = self._has_epochs or self._chooses_model or calibrates
        watches = watches or asking.chooses_alpha
        if given.X_val is not None and not watches:
            raise ValueError(
                f"X_val is watched while training, and {type(self).__name__} cannot "
                "watch its student: leave X_val out, or score on it afterwards."
            )
        check(asking, given)
        given = given.with_outputs()
        if not self._continues():
            vars(self).pop("preprocessor_", None)
            vars(self).pop("_takes_gaps", None)
        X = self._read_rows(given.X, reset=not self._continues())
        y = None if given.y is None else self._check_targets(given.y)
        read = Read(
            X,
            read_more(self, given.X_transfer, "X_transfer"),
            read_more(self, given.X_val, "X_val"),
        )
        y_val = given.y_val
        if y_val is not None:
            y_val = self._check_targets(y_val, "y_val", learns=False)
        if y is not None:
            check_consistent_length(X, y)
        if y_val is not None and len(y_val) != _num_samples(given.X_val):
            raise ValueError(
                f"y_val has {len(y_val)} rows and X_val has "
                f"{_num_samples(given.X_val)}."
            )
        weight = read_weight(given.sample_weight, _num_samples(X))
        return replace(given, y=y, y_val=y_val, sample_weight=weight), read

    def _continues(self):
        """Whether fit goes on from what was learnt before; some subclasses can."""
        return False

    def _what_continues(self):
        """The argument or method that goes on, as errors name it."""
        return "warm_start=True"

    def _table(self, X):
        """Rows that the user gives to a fitted student, read."""
        if "preprocessor_" not in vars(self):  # a check that asks for tags is slow
            check_is_fitted(self)
        if isinstance(X, ParquetRows):
            raise TypeError(
                "ParquetRows are for fit; predict a few rows at a time: "
                "[student.predict(batch.X) for batch in rows.batches()]."
            )
        return self._read_rows(X, reset=False)

    def _view(self, X):
        """What the fitted student sees of rows that the user gives."""
        return self._see(self._table(X))


def importances(used, student):
    """Return importances of the columns of X, by a tree's use of its view's columns.

    Parameters
    ----------
    used : ndarray of shape (n_inputs,)
        Use of each column of the view.
    student : BaseStudent
        Whose view it is.

    Returns
    -------
    ndarray of shape (n_features,)
        Their sum is 1, or 0 for a tree of one leaf. With a transformer as the view, one
        for each of its columns.
    """
    if reads_tables(student.preprocessor_):  # the sum over the terms of each column
        columns = [term.column for term in student.preprocessor_.terms_]
        used = np.bincount(columns, used, minlength=student.n_features_in_)
    return used / max(used.sum(), np.finfo(float).tiny)
