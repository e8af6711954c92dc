"""Who answers for which rows: a teacher, its clones, or outputs computed beforehand."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..tasks.class_weights import class_weighted
from ..teacher.calibration import tempered
from ..teacher.context import in_context, looks_up
from ..teacher.ensemble import Teacher
from ..teacher.folds import CrossFit, check_can_be_cloned
from ..teacher.members import (
    all_ready,
    any_ready,
    check_kind,
    check_weights,
    check_width,
    fitted_clones,
    members_of,
)
from ..teacher.memory import memory_for
from ..transfer.renewal import Renewal
from ..warn import warn
from .gathering import about, gather
from .given import needs_teacher, teaches
from .knowledge import Knowledge
from .routing import fit_params

_FOLDS = 5  # of cv="auto"
# Why clones are wanted, for the error where there can be none.
_ASKED, _BY_ITSELF = "as cv= asks", 'as cv="auto" does for one that looks its rows up'


@dataclass(frozen=True)
class Answers:
    """What the rows teach, and the teacher that answered for them.

    Attributes
    ----------
    task : Task
        What y and answers mean.
    knowledge : Knowledge
        Of all rows.
    teacher : Teacher or None
        The teacher that answered.
    fitted : object or list of objects or None
        The fitted teacher, as a student keeps it.
    renewal : Renewal or None
        Where fresh transfer rows come from.
    """

    task: Any
    knowledge: Any
    teacher: Any = None
    fitted: Any = None
    renewal: Any = None


@dataclass(frozen=True)
class Asking:
    """How a student asks its teacher; most attributes are the student's parameters.

    Attributes
    ----------
    owner : estimator
        The student, whose metadata is routed.
    kind : {"classifier", "regressor"}
        What the student is.
    has_epochs : bool
        Whether drawn rows can be renewed while it is trained.
    draws_for_leaves : bool
        Whether more rows are drawn once a tree is there, where it has few.
    chooses_alpha : bool
        Whether ``alpha`` is to be chosen; then it is 0.5 here, for soft and hard targets
        are both wanted.
    """

    owner: Any
    kind: str
    chooses_alpha: bool = False
    has_epochs: bool = False
    draws_for_leaves: bool = False
    teacher: Any = None
    teacher_weights: Any = None
    teacher_calibration: Any = None
    alpha: float = 1.0
    cv: Any = None
    transfer: Any = None
    transfer_teacher: str = "refit"
    transfer_weight: Any = None
    class_weight: Any = None
    label_smoothing: float = 0.0
    classes: Any = None
    memory: Any = None
    n_jobs: Any = None
    verbose: Any = 0
    random_state: Any = None

    @classmethod
    def of(cls, student, **more):
        """The asking that a student's parameters describe.

        Parameters
        ----------
        student : BaseStudent
            Whose parameters these are.
        **more : object
            The other attributes.

        Returns
        -------
        Asking
            For one fit.
        """
        names = {field.name for field in fields(cls)}
        params = student.get_params(deep=False)
        params = {name: value for name, value in params.items() if name in names}
        if params.get("alpha") == "auto":
            params |= {"alpha": 0.5, "chooses_alpha": not student._continues()}
        return cls(student, student._estimator_type, **params, **more)

    @property
    def fits_clones(self):
        """Whether ``cv`` asks for clones of the teacher, rather than "prefit" or none.

        "auto" does for a teacher that is known by name to look its training rows up.
        """
        # numpydoc ignore=RT01
        if self.is_automatic:
            return in_context(self.teacher)
        return self.cv is not None and not isinstance(self.cv, str)

    @property
    def is_automatic(self):
        """Whether the teacher decides if clones are wanted."""  # numpydoc ignore=RT01
        return isinstance(self.cv, str) and self.cv == "auto"

    @property
    def asks_clones(self):
        """Whether clones of all folds label transfer rows."""  # numpydoc ignore=RT01
        has_clones = self.fits_clones or not self.is_automatic
        return self.transfer_teacher != "refit" and has_clones

    def is_out_of_fold(self, given):
        """Whether ``cv`` says that no answer about X is of a teacher that saw the row.

        Parameters
        ----------
        given : Given
            The arguments of fit.

        Returns
        -------
        bool
            Of clones, or of outputs computed beforehand.
        """
        asked = self.teacher is not None or given.teacher_output is not None
        return self.fits_clones and asked

    def rehearses(self, given):
        """Whether a part of the rows is to be held out of the teacher's fit, to choose.

        Parameters
        ----------
        given : Given
            The arguments of fit.

        Returns
        -------
        bool
            True for an unfitted teacher, where nothing else tells whom to trust.
        """
        is_unfitted = self.teacher is not None and not any_ready(self.teacher)
        is_told = given.y_val is not None or given.teacher_output is not None
        is_told = is_told or self.fits_clones or self.cv == "prefit"
        return self.chooses_alpha and is_unfitted and not is_told

    def learns_softly(self, given):
        """Whether there are soft targets that count; a control has none.

        Parameters
        ----------
        given : Given
            The arguments of fit.

        Returns
        -------
        bool
            False where ``alpha`` is 0, or nobody teaches.
        """
        # FixedRows may bring its outputs, and so teach without a teacher.
        fixed = getattr(self.transfer, "output", None) is not None
        return self.alpha > 0 and (teaches(given, self.teacher) or fixed)

    def folds(self, given):
        """The folds that ``cv`` asks for, if clones of the teacher are wanted.

        Parameters
        ----------
        given : Given
            Validated.

        Returns
        -------
        CrossFit or None
            Without clones yet.
        """
        if not self.fits_clones:
            if self.asks_clones:
                raise ValueError(
                    f"transfer_teacher={self.transfer_teacher!r} asks clones that cv= "
                    "fits, and there are none: give cv, such as cv=5."
                )
            return None
        asks_others = self.asks_clones and (
            needs_teacher(given) or self.transfer is not None
        )
        is_asked = given.teacher_output is None or asks_others
        if self.teacher is None or self.alpha == 0 or not is_asked:
            return None
        return self._split(given)

    def _split(self, given):
        """Folds of X, without clones."""
        check_can_be_cloned(self.teacher, _BY_ITSELF if self.is_automatic else _ASKED)
        if given.y is None:
            raise ValueError(
                f"cv={self.cv!r} fits clones of the teacher, and y is None: give y."
            )
        cv = _FOLDS if self.is_automatic else self.cv
        is_classifier = self.kind == "classifier"
        return CrossFit.split(cv, given.X, given.y, given.groups, is_classifier)

    def answers(self, given, folds, make_task, validated):
        """Fit the teacher where it is not fitted, and ask it.

        Parameters
        ----------
        given : Given
            Validated, with the drawn rows.
        folds : CrossFit or None
            From ``folds``.
        make_task : callable
            ``make_task(teacher, given)`` -> Task.
        validated : callable
            ``validated(X)`` -> what the student sees of drawn rows.

        Returns
        -------
        Answers
            Of all rows.
        """
        if self.teacher is not None:
            check_kind(self.teacher, self.kind)
            check_weights(self.teacher_weights, len(members_of(self.teacher)))
        held_out = None
        if folds is not None:
            folds = self._with_clones(folds, given)
        teacher, fitted = self._ready(given, folds)
        task = make_task(teacher, given)
        if folds is not None:
            if given.teacher_output is None:
                held_out = self._held_out(folds, task, given)
            if self.transfer_teacher == "unseen" and given.drawn is not None:
                drawn = replace(given.drawn, asks=folds.ask_unseen)
                given = replace(given, drawn=drawn)
        knowledge = self._gathered(given, task, teacher, out_of_fold=held_out)
        if folds is None and self._is_looked_up(given, task, knowledge):
            held_out, knowledge = self._crossed(given, task, teacher, knowledge)
        renewal = self._renewal(given, task, teacher, held_out, knowledge, validated)
        return Answers(task, knowledge, teacher, fitted, renewal)

    def _is_looked_up(self, given, task, knowledge):
        """Whether the teacher itself answered for X, whose labels it looks up.

        Rows without labels are none that it was fitted on.
        """
        others = self.teacher is None or given.teacher_output is not None
        if others or given.y is None or knowledge.soft is None:
            return False
        # Outputs computed beforehand may be another's.
        drawn = getattr(given.drawn, "output", None)
        is_asked = given.transfer_output is None and drawn is None
        entropy = knowledge.entropy if is_asked else None
        return looks_up(in_context(self.teacher), entropy, getattr(task, "widths", []))

    def _crossed(self, given, task, teacher, knowledge):
        """Answers of clones in the place of those that were looked up, or a warning."""
        if not self.is_automatic:
            warn(
                "teacher looks its training rows up: about rows of X that it was fitted "
                'on, it only repeats their labels. Set cv="auto" (or cv=5): clones '
                "that have not seen a row then label it. For a teacher that cannot be "
                "cloned, give its out-of-fold outputs as teacher_output."
            )
            return None, knowledge
        folds = self._with_clones(self._split(given), given)
        held_out = self._held_out(folds, task, given)
        known = np.concatenate([held_out, knowledge.answers[len(given.y) :]])
        options = {"out_of_fold": held_out, "answers": known}
        return held_out, self._gathered(given, task, teacher, **options)

    def _held_out(self, folds, task, given):
        with about("X"):
            return folds.ask_held_out(task, given.X, len(given.y))

    def _with_clones(self, folds, given):
        def params(train):
            return fit_params(self.owner, self.teacher, given.sample_weight, train)

        members = self.teacher, self.teacher_weights
        return folds.fitted(*members, given.X, given.y, params, self.kept())

    def _ready(self, given, folds):
        """The teacher behind the adapter, and as a student keeps it."""
        if self.teacher is None:
            return None, None
        fitted, weights = self.teacher, self.teacher_weights
        asks_clones = folds is not None and self.asks_clones
        if all_ready(fitted):
            check_width(fitted, given.X)
        elif asks_clones:
            fitted = folds.everyone()[0]
        elif needs_teacher(given):
            fitted = self._fitted(given)
        else:
            # Everything was answered beforehand: the teacher is not even fitted.
            return None, None
        members = folds.everyone() if asks_clones else (fitted, weights)
        return Teacher.of(*members, self.kept()), fitted

    def kept(self):
        """Where a teacher's fits and answers are kept."""  # numpydoc ignore=RT01
        return memory_for(self.memory, self.n_jobs, self.verbose)

    def _fitted(self, given):
        if self.cv == "prefit":
            raise ValueError(
                'teacher is not fitted and cv="prefit" forbids to fit it: fit it '
                "first. In a param grid over fitted teachers, wrap each in "
                "FrozenEstimator: scikit-learn clones grid values, unfitted."
            )
        params = fit_params(self.owner, self.teacher, given.sample_weight)
        return fitted_clones(self.teacher, given.X, given.y, params, self.kept())

    def _gathered(self, given, task, teacher, **options):
        ready = not self.asks_clones and any_ready(self.teacher)
        usual = {
            "asks": self.alpha > 0,
            "transfer_weight": self.transfer_weight,
            "class_weight": self.class_weight,
            "calibrates": self.teacher_calibration is not None,
            # A teacher fitted here has learnt these labels: only another's can be
            # strange.
            "fitted_before": ready or given.teacher_output is not None,
            "unseen": self.is_out_of_fold(given),
        }
        return gather(given, task, teacher, **usual | options)

    def weighed(self, given, answers):
        """What more rows teach, of which those that were asked about are a sample.

        Parameters
        ----------
        given : Given
            Validated rows, without transfer rows.
        answers : Answers
            About the sample: the task, the teacher, and its temperature.

        Returns
        -------
        Knowledge
            Of these rows.
        """
        temperature = answers.knowledge.teacher_temperature
        return self._gathered(
            given,
            answers.task,
            answers.teacher,
            teacher_temperature=temperature,
            fitted_before=False,  # the sample has shown it
        )

    def _renewal(self, given, task, teacher, held_out, knowledge, validated):
        """The object that draws rows again, if ``refresh`` or a tree wants it."""
        # A time budget may have left drawn rows without an answer.
        given = given.first(len(knowledge.soft_weight))
        drawn = given.drawn
        if drawn is None or drawn.source is None:
            return None
        if drawn.source.refresh is None and not self.draws_for_leaves:
            return None
        # Neither is made again for fresh rows: a student hears of one teacher, at one
        # temperature.
        settled = {
            "out_of_fold": held_out,
            "teacher_temperature": knowledge.teacher_temperature,
        }

        def weighed(drawn, answers):
            now = replace(given, drawn=drawn)
            return self._gathered(now, task, teacher, answers=answers, **settled)

        return Renewal(drawn, task, teacher, knowledge, weighed, validated)

    def exam(self, given, answers):
        """Targets of X_val: its labels, else the teacher's answers.

        Parameters
        ----------
        given : Given
            Validated.
        answers : Answers
            Of all other rows.

        Returns
        -------
        Knowledge or None
            None without X_val.
        """
        if given.X_val is None:
            return None
        task, knowledge = answers.task, answers.knowledge
        by_label = given.y_val is not None
        hard = task.encode(given.y_val, "y_val") if by_label else None
        soft = None
        if not by_label or (self.chooses_alpha and answers.teacher is not None):
            with about("X_val"):
                soft = task.ask(answers.teacher, given.X_val)
        if knowledge.teacher_temperature != 1 and soft is not None:
            # In the same answers as those that the student learns.
            soft = tempered(soft, knowledge.teacher_temperature, task.widths)
        ones = np.ones(len(hard if by_label else soft))
        exam = Knowledge(soft, hard, ones, ones)
        if self.class_weight is not None:
            exam = class_weighted(exam, self.class_weight, given.y, task.classes)
        if not by_label:
            return exam
        weight = exam.hard_weight
        return replace(exam, soft=None, answers=exam.soft, soft_weight=weight)
