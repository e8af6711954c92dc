"""What all students share: parameters, the skeleton of fit, clone, tags and routing."""

import contextlib
import copy
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.utils import InputTags, check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from ..lesson.asking import Asking, named_members
from ..lesson.given import Given, Read
from ..lesson.lesson import Lesson
from ..tables.column_names import check_names
from ..tables.containers import unmasked
from ..tables.gaps import check_no_gaps, plain_values
from ..tables.reading import is_readable, validated_table
from ..tables.table import plain_table
from ..tables.view import apply_view, fit_view, make_view, reads_tables
from ..teacher.members import DroppedTeacher, any_ready, is_ready, members_of
from ..training.fits import carry_out
from ..transfer.drawn import NAMES


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


class BaseStudent(MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta):
    """A model that learns from a teacher; without one it learns from the labels alone.

    Subclasses name the task (``_check_targets``, ``_make_task``) and who learns it
    (``_learner``), and keep what was learnt (``_settle``, ``_model``).
    """

    _parameter_constraints: dict = {
        "teacher": "no_validation",
        "teacher_weights": ["array-like", None],
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "cv": [StrOptions({"prefit"}), "cv_object"],
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
    _has_epochs = False  # after which X_val is watched, drawn rows can be renewed
    _draws_for_leaves = False  # once a tree is there, more rows where it has few

    @_fit_context(prefer_skip_nested_validation=False)
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
    ):
        """Learn from the teacher, from the labels, or from both.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Training rows. The teacher gets them as they are, the student through its
            ``preprocessor``.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Labels or target values; several labels at once as a matrix of zeros and
            ones, several targets as columns. None is allowed where a fitted teacher (or its
            outputs) is there and ``alpha=1``.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows; an unfitted teacher gets them too if it takes them.
        teacher_output : array-like of shape (n, n_classes) or (n, n_outputs), \
default=None
            The teacher's outputs for the rows of X, computed beforehand: probabilities
            (for two classes also (n,), of the second) or predictions. For several labels
            the probability of each; for several targets a list with an array for each,
            or all their columns side by side. A frame whose columns are named by the
            classes of a single target may have them in any order.
        X_transfer : array-like of shape (m, n_features), default=None
            Unlabelled rows, which the teacher labels.
        transfer_output : array-like of shape (m, n_classes) or (m, n_outputs), \
default=None
            The teacher's outputs for these, computed beforehand.
        X_val : array-like of shape (v, n_features), default=None
            Rows that the teacher has not seen; ``early_stopping`` watches them.
        y_val : array-like of shape (v,) or (v, n_outputs), default=None
            Their labels.
        groups : array-like of shape (n,), default=None
            For a ``cv`` splitter that keeps groups of rows together.

        Returns
        -------
        object
            The fitted student itself.

        Raises
        ------
        ValueError
            For rows, targets or a teacher that do not fit together, and if the loss
            becomes NaN. The student is then as it was before.
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
        carry_out(self._fitting(given))
        return self

    def _fitting(self, given, **options):
        """Fit, as a generator of the trainings that it needs: prepare, learn, settle."""
        with unchanged_on_error(self):
            lesson = self._prepare(given)
            model = yield from self._learner(**options).learn(lesson)
            self._settle(model, lesson)

    def _prepare(self, given):
        """Validate, ask the teacher, and fit the view of X: what there is to learn."""
        asking = self._asking()
        given, read = self._read(given, asking)
        folds = asking.folds(given)
        drawn = asking.drawn(given, folds, self._n_readable(given.X))
        if drawn is not None:  # validated before the teacher is asked about them
            table = self._validate_more(drawn.X, "transfer")
            given, read = (
                replace(given, drawn=drawn),
                replace(read, drawn=replace(drawn, X=table)),
            )
        answers = asking.answers(given, folds, self._make_task, self._validate_drawn)
        self._keep_teacher(answers)
        knowledge = answers.knowledge
        watched = asking.watched(given, answers)
        n_drawn = len(knowledge.soft_weight) - len(knowledge.hard_weight)
        read = read.first(n_drawn - given.n_transfer)
        self._set_task(answers.task, knowledge)
        self._fit_view(read.X, given)
        return Lesson(read, given.y, answers.task, knowledge, watched, answers.renewal)

    @abstractmethod
    def _check_targets(self, y, name="y", learns=True):
        """Validated targets, an array."""

    @abstractmethod
    def _make_task(self, teacher, given):
        """What y and answers mean to this kind of student."""

    @abstractmethod
    def _set_task(self, task, knowledge):
        """Store what the fitted student has to know of its targets."""

    @abstractmethod
    def _learner(self):
        """Who trains, as the parameters say."""

    @abstractmethod
    def _settle(self, model, lesson):
        """Keep what was learnt."""

    @abstractmethod
    def _model(self):
        """The fitted model, as the parameters now ask it."""

    def _see(self, rows):
        """The view of validated rows."""
        return apply_view(self.preprocessor_, rows)

    def _asking(self):
        return Asking.of(
            self,
            has_epochs=self._has_epochs,
            draws_for_leaves=self._draws_for_leaves,
        )

    def _keep_teacher(self, answers):
        vars(self).pop("teacher_", None)
        if self.keep_teacher and answers.fitted is not None:
            self.teacher_ = answers.fitted

    def _read(self, given, asking):
        """The arguments of fit, checked, and the student's own copies of the rows."""
        calibrates = asking.teacher_calibration is not None
        if given.X_val is not None and not (self._has_epochs or calibrates):
            raise ValueError(
                f"X_val is watched while training, and {type(self).__name__} cannot "
                "watch its student: leave X_val out, or score on it afterwards."
            )
        self._check_can_learn(given, asking)
        if not self._continues():
            vars(self).pop("preprocessor_", None)
            vars(self).pop("_takes_gaps", None)
        X = self._validate_X(given.X, reset=not self._continues())
        y = None if given.y is None else self._check_targets(given.y)
        read = Read(
            X,
            self._validate_more(given.X_transfer, "X_transfer"),
            self._validate_more(given.X_val, "X_val"),
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
        weight = _checked_weight(given.sample_weight, _num_samples(X))
        return replace(given, y=y, y_val=y_val, sample_weight=weight), read

    def _n_readable(self, X):
        """Columns of X that samplers can read; None where they may not."""
        if reads_tables(self._fitted_view()) or is_readable(X):
            return self.n_features_in_
        return None

    def _validate_drawn(self, X):
        return self._validate_more(X, "transfer")

    def _random(self):
        return check_random_state(getattr(self, "random_state", None))

    def _check_can_learn(self, given, asking):
        asking.check(given)

    def _continues(self):
        """Whether fit goes on from what was learnt before."""
        return getattr(self, "warm_start", False) and hasattr(self, "preprocessor_")

    def _what_continues(self):
        """What asks for that, in the words of an error."""
        return "partial_fit" if "_this_part" in vars(self) else "warm_start=True"

    @np.errstate(over="ignore", invalid="ignore")  # in checks of the largest floats
    def _validate_X(self, X, reset):
        check_names(self, X, reset)
        view = self.preprocessor if reset else self._fitted_view()
        if reads_tables(view):
            is_plain = not reset and self._is_plain(X)
            table = plain_table(X) if is_plain else validated_table(self, X, reset)
            if not reset:
                self._check_gaps(table)
            return table
        if view is not None:
            validate_data(self, X, reset=reset, skip_check_array=True)
            return unmasked(X)
        X, dtype = unmasked(X), np.float64
        try:
            return validate_data(self, X, reset=reset, dtype=dtype, order="C")
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error}\n{_ADVICE}") from error

    def _is_plain(self, X):
        """Whether rows need none of scikit-learn's checks, which take longer than a net."""
        return (
            type(X) is np.ndarray
            and X.dtype == np.float64
            and X.ndim == 2
            and len(X) > 0
            and X.shape[1] == vars(self).get("n_features_in_")
            and "feature_names_in_" not in vars(self)
            and not np.isinf(X).any()
        )

    def _check_gaps(self, table):
        """Refuse gaps where training had none, for its teacher takes none."""
        if vars(self).get("_takes_gaps", True) or not np.isnan(table.numbers).any():
            return
        raise ValueError(
            f"Input X contains NaN. {type(self).__name__} was fitted without gaps, and "
            "its teacher does not accept any: impute X, or fit with a teacher that does."
        )

    def _fitted_view(self):
        """The view as it was fitted; while fit runs for the first time, as it will be."""
        return getattr(self, "preprocessor_", self.preprocessor)

    def _validate_more(self, X, name):
        if X is None:
            return None
        try:
            return self._validate_X(X, reset=False)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    def _fit_view(self, X, given):
        if not self._continues():
            view = self._make_view()
            fit_view(view, X, given.y, given.sample_weight)
            self.preprocessor_ = view
            if reads_tables(view):
                if hasattr(self, "feature_names_in_"):
                    view.feature_names_in_ = self.feature_names_in_
                had_gaps = bool(np.isnan(X.numbers).any())
                self._takes_gaps = had_gaps or get_tags(self).input_tags.allow_nan

    def _make_view(self):
        return make_view(self.preprocessor)

    def _check_is_fitted(self):
        """scikit-learn's check, whose tags ask the teacher, only where it will fail."""
        if "preprocessor_" not in vars(self):
            check_is_fitted(self)

    def _view(self, X):
        """What the fitted student sees of rows that the user gives."""
        self._check_is_fitted()
        return self._see(self._validate_X(X, reset=False))

    def __sklearn_clone__(self):
        """Clone all but a fitted teacher, which the clone shares.

        scikit-learn's clone would rebuild a fitted teacher unfitted. A shallow copy of
        the student holds it frozen while it is cloned; then the bare teacher goes back.
        """
        if not any_ready(self.teacher):
            return super().__sklearn_clone__()
        holder = copy.copy(self)
        holder.teacher = FrozenEstimator(self.teacher)
        twin = BaseEstimator.__sklearn_clone__(holder)
        twin.teacher = self.teacher
        return twin

    def __copy__(self):
        """Share all attributes, the teacher too: only a pickle leaves it out."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def get_params(self, deep=True):
        """Parameters by name; a fitted teacher shows none of its own.

        Whoever sets all nested parameters of a name, as ensembles set ``random_state``,
        then leaves it alone.

        Parameters
        ----------
        deep : bool, default=True
            Whether those of an unfitted teacher, and of other estimators that are
            parameters, are there too, as ``teacher__*``.

        Returns
        -------
        dict
            Values by name.
        """
        params = super().get_params(deep=deep)
        if not deep or not any_ready(self.teacher):
            return params
        return {k: v for k, v in params.items() if not k.startswith("teacher__")}

    def set_params(self, **params):
        """Set parameters; those of a fitted teacher (``teacher__*``) are refused.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        object
            The student itself.

        Raises
        ------
        ValueError
            If a parameter is unknown, or would change a fitted teacher.
        """
        self._check_params(params)
        return super().set_params(**params)

    def _check_params(self, params):
        inner = sorted(name for name in params if name.startswith("teacher__"))
        teacher = params.get("teacher", self.teacher)
        if inner and (any_ready(teacher) or isinstance(teacher, list | tuple)):
            raise ValueError(
                f"{inner} cannot be set: the teacher is fitted (or a list) and is used "
                "as it is. Fit another one and set it as `teacher`; in a param grid, "
                '{"teacher": [FrozenEstimator(a), FrozenEstimator(b)]}.'
            )

    def __getstate__(self):
        """State for a pickle: without the teacher if ``keep_teacher=False``."""
        state = super().__getstate__()
        fitted = "preprocessor_" in state
        if fitted and not self.keep_teacher and self.teacher is not None:
            state = {**state, "teacher": DroppedTeacher()}
        return state

    def __sklearn_tags__(self):
        """scikit-learn's tags: what the view of X accepts."""
        tags, view = super().__sklearn_tags__(), self.preprocessor
        if isinstance(view, str):
            view = make_view(view)
        seen = InputTags() if view is None else get_tags(view).input_tags
        tags.input_tags.sparse = seen.sparse
        for name in ("allow_nan", "categorical", "string"):
            able = getattr(seen, name) and self._teacher_has("input_tags", name)
            setattr(tags.input_tags, name, able)
        return tags

    def _teacher_has(self, group, name):
        """Whether a tag holds for each member that is to be fitted inside.

        A pipeline does not know its own, and a fitted member has seen what it takes.
        """
        members = [] if self.teacher is None else members_of(self.teacher)
        return all(
            getattr(getattr(get_tags(member), group), name, True)
            for member in members
            if hasattr(member, "__sklearn_tags__")
            and not hasattr(member, "steps")
            and not is_ready(member)
        )

    def get_metadata_routing(self):
        """How metadata is routed to an unfitted teacher.

        Returns
        -------
        MetadataRouter
            The student consumes ``sample_weight`` and its other arguments itself; the
            ``fit`` of an unfitted teacher gets what it requests.
        """
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        fits = not any_ready(self.teacher) if self.teacher is not None else False
        if self.teacher is None or not (fits or self._asking().fits_clones):
            return router
        for name, member in named_members(self.teacher):
            if hasattr(member, "get_metadata_routing"):
                mapping = MethodMapping().add(caller="fit", callee="fit")
                router.add(**{name: member}, method_mapping=mapping)
        return router


def _checked_weight(weight, n):
    """Weights of the rows as float64, or None."""
    if weight is None:
        return None
    check_no_gaps(
        "sample_weight", weight, "weight", "give 0 to rows that are not to count"
    )
    weight, like = plain_values(weight), np.broadcast_to(0.0, n)
    weight = _check_sample_weight(weight, like, ensure_non_negative=True)
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not 0 < total < np.inf:
        raise ValueError(
            f"sample_weight sums to {total}: give some row a weight above 0, "
            "and none that overflows."
        )
    return weight.astype(np.float64)


_ADVICE = (
    "preprocessor=None hands X to the student as it is, and that must be finite numbers: "
    'take "auto" for a table with categories and gaps.'
)
