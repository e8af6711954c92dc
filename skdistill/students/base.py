"""What all students share: parameters, the skeleton of fit, clone, tags and routing."""

import contextlib
import copy
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    _fit_context,
    is_classifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.utils import InputTags, check_random_state, get_tags
from sklearn.utils import metadata_routing as routing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from ..lesson.knowledge import FitRows, Knowledge, gather, needs_teacher, teaches
from ..tables.column_names import check_names
from ..tables.containers import rows_of, unmasked
from ..tables.gaps import check_no_gaps, plain_values
from ..tables.reading import is_readable, validated_table
from ..tables.stacking import stacked
from ..tables.table import plain_table
from ..tables.view import apply_view, fit_view, make_view, reads_tables
from ..tasks.class_weights import class_weighted
from ..teacher.calibration import tempered
from ..teacher.ensemble import Teacher
from ..teacher.folds import CrossFit, check_can_be_cloned
from ..teacher.members import (
    DroppedTeacher,
    accepts_sample_weight,
    all_ready,
    any_ready,
    check_kind,
    check_weights,
    check_width,
    fitted_clones,
    is_ready,
    members_of,
)
from ..teacher.memory import memory_for
from ..transfer.drawn import NAMES, automatic, draw
from ..transfer.renewal import Renewal
from ..warn import warn


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

    Subclasses say how targets are read (``_check_targets``, ``_reader``) and how the
    student is trained on its view of the rows (``_train``).
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
        given = FitRows(
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
        with unchanged_on_error(self):
            seen = self._validate(given)
            cross = self._split(seen, X)
            drawn = self._draw(seen, X, cross)
            asked = replace(seen, X=X, X_transfer=X_transfer, X_val=X_val, drawn=drawn)
            seen = self._with_drawn(seen, drawn)
            reader, knowledge, renewal = self._ask(asked, cross)
            seen = replace(seen.first(len(knowledge.soft_weight)), renewal=renewal)
            watched = self._watched(asked, reader, knowledge)
            self._set_targets(reader, knowledge)
            self._fit_view(seen)
            self._train(seen, knowledge, watched)
        return self

    @abstractmethod
    def _check_targets(self, y, name="y", learns=True):
        """Validated targets, an array."""

    @abstractmethod
    def _reader(self, teacher, rows):
        """Reads the teacher's answers for this kind of student."""

    @abstractmethod
    def _set_targets(self, reader, knowledge):
        """Store what the fitted student has to know of its targets."""

    @abstractmethod
    def _train(self, rows, knowledge, watched):
        """Train on the view of the rows."""

    def _validate(self, rows):
        """The student's own copy of fit's arguments, checked, X as numbers."""
        calibrates = getattr(self, "teacher_calibration", None)
        if rows.X_val is not None and not (self._has_epochs or calibrates):
            raise ValueError(
                f"X_val is watched while training, and {type(self).__name__} cannot "
                "watch its student: leave X_val out, or score on it afterwards."
            )
        self._check_can_learn(rows)
        if not self._continues():
            vars(self).pop("preprocessor_", None)
            vars(self).pop("_takes_gaps", None)
        weight = rows.sample_weight
        checked = replace(
            rows,
            X=self._validate_X(rows.X, reset=not self._continues()),
            y=None if rows.y is None else self._check_targets(rows.y),
            X_transfer=self._validate_more(rows.X_transfer, "X_transfer"),
            X_val=self._validate_more(rows.X_val, "X_val"),
            y_val=None
            if rows.y_val is None
            else self._check_targets(rows.y_val, "y_val", learns=False),
        )
        if rows.y is not None:
            check_consistent_length(checked.X, checked.y)
        if checked.y_val is not None and len(checked.y_val) != _num_samples(rows.X_val):
            raise ValueError(
                f"y_val has {len(checked.y_val)} rows and X_val has "
                f"{_num_samples(rows.X_val)}."
            )
        if weight is None:
            return checked
        check_no_gaps(
            "sample_weight", weight, "weight", "give 0 to rows that are not to count"
        )
        weight = plain_values(weight)
        like = np.broadcast_to(0.0, _num_samples(checked.X))
        weight = _check_sample_weight(weight, like, ensure_non_negative=True)
        with np.errstate(over="ignore"):
            total = weight.sum()
        if not 0 < total < np.inf:
            raise ValueError(
                f"sample_weight sums to {total}: give some row a weight above 0, "
                "and none that overflows."
            )
        return replace(checked, sample_weight=weight.astype(np.float64))

    def _draw(self, rows, X, cross):
        """The transfer rows that ``transfer`` draws for the teacher to label, if any."""
        if getattr(self.transfer, "refresh", None) is not None and not self._has_epochs:
            raise ValueError(
                f"transfer={self.transfer!r} draws fresh rows after some epochs, and "
                f"{type(self).__name__} has none: leave refresh=None, and raise size."
            )
        fixed = getattr(self.transfer, "output", None) is not None
        transfer = self.transfer
        if isinstance(transfer, str) and transfer == "auto":
            transfer = self._automatic(rows, X)
        if transfer is None or not self._learns_softly(rows):
            return None
        if self.teacher is None and not fixed:
            raise ValueError(
                f"transfer={self.transfer!r} draws rows for a teacher to label: give one "
                "beside teacher_output, or FixedRows with outputs."
            )
        weight, random, usable = rows.sample_weight, self._random(), None
        lends = np.ones(_num_samples(X), bool) if weight is None else weight > 0
        counted = np.flatnonzero(lends)  # rows of no weight lend nothing
        if self.transfer_teacher == "unseen" and cross is not None:

            def usable(parents):
                return cross.unseen(parents).any(axis=0)

        rows = X if lends.all() else rows_of(X, counted)
        arguments = transfer, rows, random, usable, counted
        renews = getattr(transfer, "refresh", None) is not None
        if usable is not None or renews or self._draws_for_leaves:
            return draw(*arguments)
        seed = getattr(self, "random_state", None)
        if not isinstance(seed, Integral):  # the state of another would have to go on
            return draw(*arguments)
        content = transfer, rows, seed, counted
        return self._teacher_memory().drawn(draw, content, *arguments)

    def _automatic(self, rows, X):
        """The sampler of "auto": where the teacher itself is asked about X, and X alone.

        Rows near those that it has memorised would undo what `cv` is for.
        """
        given = rows.teacher_output is not None or rows.X_transfer is not None
        if self.teacher is None or given or self._fits_clones():
            return None
        if not (reads_tables(self._fitted_view()) or is_readable(X)):
            return None
        weight = rows.sample_weight
        n = _num_samples(rows.X) if weight is None else np.count_nonzero(weight)
        # Hard trees, which search many outputs on few rows anyway.
        n_outputs = self._answer_width(rows.y) if self._draws_for_leaves else 1
        return automatic(n, self.n_features_in_, n_outputs)

    def _answer_width(self, y):
        """Numbers in the teacher's answer about a row, as far as known before it."""
        if y is not None:
            return 1 if y.ndim == 1 else y.shape[1]
        return max(getattr(m, "n_outputs_", 1) for m in members_of(self.teacher))

    def _learns_softly(self, rows):
        """Whether there are soft targets that count; a control has none."""
        fixed = getattr(self.transfer, "output", None) is not None
        return self.alpha > 0 and (teaches(rows, self.teacher) or fixed)

    def _with_drawn(self, rows, drawn):
        """With the drawn rows, validated before the teacher is asked about them."""
        if drawn is None:
            return rows
        X = self._validate_more(drawn.X, "transfer")
        return replace(rows, drawn=replace(drawn, X=X))

    def _random(self):
        return check_random_state(getattr(self, "random_state", None))

    def _check_can_learn(self, rows):
        rows.check(self.teacher is not None)
        if isinstance(self.teacher, DroppedTeacher):
            self.teacher.fit(rows.X, rows.y)
        taught = teaches(rows, self.teacher)
        if taught and self.teacher is not None and needs_teacher(rows):
            taught = all_ready(self.teacher)
        if rows.y is None and not (taught and self.alpha == 1):
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None. Only a fitted teacher, or its outputs, together with alpha=1 "
                "teaches without labels."
            )

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

    def _fits_clones(self):
        """Whether ``cv`` asks for clones of the teacher, rather than "prefit" or none."""
        return self.cv is not None and not isinstance(self.cv, str)

    def _split(self, rows, X):
        """The folds that ``cv`` asks for, if clones of the teacher are wanted."""
        if not self._fits_clones():
            if self.transfer_teacher != "refit":
                raise ValueError(
                    f"transfer_teacher={self.transfer_teacher!r} asks clones that cv= "
                    "fits, and there are none: give cv, such as cv=5."
                )
            return None
        asks_others = self.transfer_teacher != "refit" and (
            needs_teacher(rows) or self.transfer is not None
        )
        is_asked = rows.teacher_output is None or asks_others
        if self.teacher is None or self.alpha == 0 or not is_asked:
            return None
        check_can_be_cloned(self.teacher)
        if rows.y is None:
            raise ValueError(
                f"cv={self.cv!r} fits clones of the teacher, and y is None: give y."
            )
        return CrossFit.split(self.cv, X, rows.y, rows.groups, is_classifier(self))

    def _ask(self, rows, cross):
        """A reader of the teacher's answers, what they teach, and what renews that."""
        if self.teacher is not None:
            check_kind(self.teacher, self._estimator_type)
            check_weights(self.teacher_weights, len(members_of(self.teacher)))
        if cross is None:
            return self._taught(rows, self._reader(self._ready_teacher(rows), rows))
        cross = cross.fitted(
            self.teacher,
            self.teacher_weights,
            rows.X,
            rows.y,
            lambda train: self._teacher_fit_params(rows.sample_weight, train),
            self._teacher_memory(),
        )
        reader = self._reader(self._ready_teacher(rows, cross), rows)
        own, drawn = None, rows.drawn
        if rows.teacher_output is None:
            own = cross.ask_held_out(reader, rows.X, len(rows.y))
        if self.transfer_teacher == "unseen" and drawn is not None:
            rows = replace(rows, drawn=replace(drawn, asks=cross.ask_unseen))
        return self._taught(rows, reader, own)

    def _taught(self, rows, reader, own=None):
        """As ``_ask``; others than the teacher have answered for X where `own` is given."""
        knowledge = self._gather(rows, reader, own=own)
        rows = rows.first(len(knowledge.soft_weight))
        drawn = rows.drawn
        if drawn is None or drawn.source is None:
            return reader, knowledge, None
        if drawn.source.refresh is None and not self._draws_for_leaves:
            return reader, knowledge, None

        settled = {"own": own, "teacher_temperature": knowledge.teacher_temperature}

        def weighed(drawn, answers):
            now = replace(rows, drawn=drawn)
            return self._gather(now, reader, answers=answers, **settled)

        def validated(X):
            return self._validate_more(X, "transfer")

        return reader, knowledge, Renewal(drawn, reader, knowledge, weighed, validated)

    def _ready_teacher(self, rows, cross=None):
        """The teacher behind the adapter, fitted if it was not; or all of its clones."""
        vars(self).pop("teacher_", None)
        if self.teacher is None:
            return None
        fitted, weights = self.teacher, self.teacher_weights
        asks_clones = cross is not None and self.transfer_teacher != "refit"
        if all_ready(fitted):
            check_width(fitted, rows.X)
        elif asks_clones:
            fitted = cross.everyone()[0]
        elif needs_teacher(rows):
            fitted = self._fit_teacher(rows)
        else:
            return None
        if self.keep_teacher:
            self.teacher_ = fitted
        members = cross.everyone() if asks_clones else (fitted, weights)
        return Teacher.of(*members, self._teacher_memory())

    def _teacher_memory(self):
        return memory_for(self.memory, self.n_jobs, getattr(self, "verbose", 0))

    def _fit_teacher(self, rows):
        if self.cv == "prefit":
            raise ValueError(
                'teacher is not fitted and cv="prefit" forbids to fit it: fit it '
                "first. In a param grid over fitted teachers, wrap each in "
                "FrozenEstimator: scikit-learn clones grid values, unfitted."
            )
        params = self._teacher_fit_params(rows.sample_weight)
        memory = self._teacher_memory()
        return fitted_clones(self.teacher, rows.X, rows.y, params, memory)

    def _teacher_fit_params(self, sample_weight, rows=None):
        """What each member's ``fit`` on some rows gets besides X and y."""
        members = members_of(self.teacher)
        if rows is not None and sample_weight is not None:
            sample_weight = sample_weight[rows]
        if routing._routing_enabled():
            routed = routing.process_routing(self, "fit", sample_weight=sample_weight)
            names = [name for name, _ in self._named_members()]
            return [routed[name].fit if name in routed else {} for name in names]
        if sample_weight is None:
            return [{} for _ in members]
        for member in members:
            if not accepts_sample_weight(member):
                warn(
                    f"teacher={member!r} does not take sample_weight and is fitted "
                    "without; the student uses it.",
                )
        weights = {"sample_weight": sample_weight}
        return [weights if accepts_sample_weight(m) else {} for m in members]

    def _named_members(self):
        members = members_of(self.teacher)
        if not isinstance(self.teacher, list | tuple):
            return [("teacher", members[0])]
        return [(f"teacher_{i}", member) for i, member in enumerate(members)]

    def _gather(self, rows, reader, **options):
        is_asked = self.transfer_teacher == "refit"
        ready = is_asked and any_ready(self.teacher)
        return gather(
            rows,
            reader,
            asks=self.alpha > 0,
            transfer_weight=self.transfer_weight,
            fitted_before=ready or rows.teacher_output is not None,
            **options,
        )

    def _watched(self, rows, reader, knowledge):
        """Targets of X_val: its labels, else the teacher's answers."""
        if rows.X_val is None:
            return None
        by_label = rows.y_val is not None
        hard = reader.encode(rows.y_val, "y_val") if by_label else None
        soft = None if by_label else reader.ask(rows.X_val)
        if knowledge.teacher_temperature != 1 and not by_label:
            soft = tempered(soft, knowledge.teacher_temperature, reader.widths)
        ones = np.ones(len(hard if by_label else soft))
        watched = Knowledge(soft, hard, ones, ones)
        weights = getattr(self, "class_weight", None)
        if weights is None:
            return watched
        return class_weighted(watched, weights, rows.y, reader.classes)

    def _fit_view(self, rows):
        if not self._continues():
            view = self._make_view()
            fit_view(view, rows.X, rows.y, rows.sample_weight)
            self.preprocessor_ = view
            if reads_tables(view):
                if hasattr(self, "feature_names_in_"):
                    view.feature_names_in_ = self.feature_names_in_
                had_gaps = bool(np.isnan(rows.X.numbers).any())
                self._takes_gaps = had_gaps or get_tags(self).input_tags.allow_nan

    def _transfer_view(self, rows, see):
        """What the student sees of all transfer rows; None where there are none."""
        parts = [] if rows.X_transfer is None else [see(rows.X_transfer)]
        if rows.drawn is not None:
            parts.append(see(rows.drawn.X))
        if len(parts) < 2:
            return parts[0] if parts else None
        return stacked(*parts, "transfer")

    def _make_view(self):
        return make_view(self.preprocessor)

    def _check_is_fitted(self):
        """scikit-learn's check, whose tags ask the teacher, only where it will fail."""
        if "preprocessor_" not in vars(self):
            check_is_fitted(self)

    def _view(self, X):
        """What the fitted student sees of rows that the user gives."""
        self._check_is_fitted()
        return apply_view(self.preprocessor_, self._validate_X(X, reset=False))

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
        if self.teacher is None or not (fits or self._fits_clones()):
            return router
        for name, member in self._named_members():
            if hasattr(member, "get_metadata_routing"):
                mapping = MethodMapping().add(caller="fit", callee="fit")
                router.add(**{name: member}, method_mapping=mapping)
        return router


_ADVICE = (
    "preprocessor=None hands X to the student as it is, and that must be finite numbers: "
    'take "auto" for a table with categories and gaps.'
)
