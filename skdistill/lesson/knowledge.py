"""What the student is to learn: teacher outputs, hard labels and weights, row by row.

Rows flow through here once, before training: the teacher is asked about X as the user
gave it, its columns are aligned with the classes, and every row gets its weights.
"""

from dataclasses import dataclass, replace
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import _num_samples

from ..tables.containers import rows_of
from ..tasks.class_weights import class_weighted
from ..tasks.readers import given_classes, union_of_classes
from ..teacher.calibration import fitted_temperature, tempered
from ..teacher.ensemble import Teacher
from ..teacher.members import all_ready, check_width
from ..teacher.memory import TeacherMemory
from ..warn import warn

_LEFT_OUT = -2  # a parent that is not among the rows; -1 for no parent
_ROWS_FOR_AGREEMENT = 50
_ROWS_TO_ASK = 1000


@validate_params(
    {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "classes": ["array-like", None],
        "teacher_weights": ["array-like", None],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def soft_targets(
    teacher,
    X,
    temperature=1.0,
    *,
    classes=None,
    teacher_weights=None,
    memory=None,
    n_jobs=None,
    verbose=0,
):
    """Ask a fitted teacher for its softened answers.

    The distribution over the classes is ``softmax(logits / temperature)`` [1]_. Where
    the teacher answers with probabilities p, this is p to the power 1 / temperature,
    normalised; exact zeros have a floor, and a forest's votes are smoothed as if one
    more tree had answered with equal shares.

    Parameters
    ----------
    teacher : object or list of objects
        Fitted estimator, torch module (logits), callable (probabilities), or a list of
        such; it is not changed.
    X : array-like of shape (n, n_features)
        Rows as the teacher knows them.
    temperature : float, default=1.0
        Above 1 softens, below 1 sharpens. Of no meaning, and refused, for regressors.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Order of the result's columns, and names for the columns of teachers without
        ``classes_``. By default, the teacher's own. A list with one array for each of
        several targets.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the answers, 10,000 rows at a time, under the content of teacher and rows: a
        pass that was cut short goes on where it stopped, and is not made twice.
    n_jobs : int, default=None
        So many parts of 10,000 rows are asked at once, in threads.
    verbose : int, default=0
        1 shows a progress bar for more than 10,000 rows.

    Returns
    -------
    ndarray of shape (n, n_classes) or (n, n_outputs), or list of ndarray
        Probabilities whose rows sum to 1, in a list with one array for each target if
        there are several; a regressor's predictions as they are.

    Raises
    ------
    ValueError
        If the teacher is not fitted or cannot answer for these rows or classes.

    References
    ----------
    .. [1] Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill import soft_targets
    >>> teacher = LogisticRegression().fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> soft_targets(teacher, [[3.0]]).round(2)
    array([[0.19, 0.81]])
    >>> soft_targets(teacher, [[3.0]], temperature=4).round(2)
    array([[0.41, 0.59]])
    """
    if not all_ready(teacher):
        raise NotFittedError(f"teacher={teacher!r} is not fitted; fit it first.")
    check_width(teacher, X)
    memory = TeacherMemory(memory, n_jobs, verbose)
    fitted = Teacher.of(teacher, teacher_weights, memory)
    if any(model.kind() == "regressor" for model in fitted.members):
        if temperature != 1:
            raise ValueError(
                f"temperature={temperature} has no meaning for a regressor: leave it 1."
            )
        return fitted.values(X)
    answers = fitted.log_probabilities(X, *_columns_of(fitted, classes))
    soft = [np.exp(tempered(log_p, temperature, [log_p.shape[1]])) for log_p in answers]
    return soft if len(soft) > 1 else soft[0]


def _columns_of(teacher, classes):
    """For each target, the classes of the answer, and names for unnamed columns."""
    given = given_classes(classes)
    labels = [model.labels() for model in teacher.members]
    if given is None:
        named = [each for each in labels if each is not None]
        if not named:
            return [None], [None]
        lists = [each if isinstance(each, list) else [each] for each in named]
        return [union_of_classes(*group) for group in zip(*lists, strict=True)], None
    columns = [
        union_of_classes(*group)
        for group in zip(given, *teacher.labels(given), strict=True)
    ]
    pairs = zip(columns, given, strict=True)
    return [names if len(names) == len(all_) else all_ for all_, names in pairs], given


@dataclass(frozen=True)
class FitRows:
    """The arguments of a student's ``fit``, validated."""

    X: Any
    y: Any = None
    sample_weight: Any = None
    teacher_output: Any = None
    X_transfer: Any = None
    transfer_output: Any = None
    X_val: Any = None
    y_val: Any = None
    groups: Any = None
    drawn: Any = None
    renewal: Any = None

    @property
    def has_outputs(self):
        """Whether some outputs were computed beforehand."""  # numpydoc ignore=RT01
        return self.teacher_output is not None or self.transfer_output is not None

    def check(self, has_teacher):
        """Refuse combinations that cannot teach.

        Parameters
        ----------
        has_teacher : bool
            Whether there is a teacher beside the given outputs.

        Raises
        ------
        ValueError
            If an argument lacks the one that it needs.
        """
        if self.transfer_output is not None and self.X_transfer is None:
            raise ValueError("transfer_output needs its rows: give X_transfer too.")
        unlabelled = self.X_transfer is not None and self.transfer_output is None
        if unlabelled and not has_teacher:
            raise ValueError(
                "X_transfer has no labels: give a teacher that can label these rows, "
                "or their outputs as transfer_output."
            )
        if self.y_val is not None and self.X_val is None:
            raise ValueError("y_val needs its rows: give X_val too.")
        if self.X_val is not None and self.y_val is None and not has_teacher:
            raise ValueError("X_val has no targets: give y_val, or a teacher.")

    def first(self, total):
        """Without the drawn rows that the teacher had no time to label.

        Parameters
        ----------
        total : int
            Number of all rows that have targets: of X, X_transfer and drawn ones.

        Returns
        -------
        FitRows
            The same if these are all.
        """
        if self.drawn is None:
            return self
        n = total - _num_samples(self.X) - _num_transfer(self)
        if n == len(self.drawn):
            return self
        return replace(self, drawn=self.drawn.take(np.arange(n)))


@dataclass(frozen=True)
class Knowledge:
    """Targets and weights: the rows of X first, the transfer rows after them.

    Attributes
    ----------
    soft : ndarray of shape (n + m, n_outputs) or None
        The teacher's log-probabilities at T=1, target after target, or a regressor's
        predictions.
    hard : ndarray of shape (n, n_targets) or None
        Positions of the labels among the classes, or target values.
    soft_weight : ndarray of shape (n + m,)
        Weights of the rows in the soft loss, not normalised.
    hard_weight : ndarray of shape (n,)
        Weights of the rows in the hard loss, not normalised.
    parents : ndarray of shape (m, n_parents) or None
        The rows of X that each transfer row was made from; -1 for none, -2 for one that
        was left out.
    transfer_weight : float or None
        Total of the transfer rows' soft weights against that of the others, if set.
    entropy : dict or None
        Mean entropy of the teacher's answers on the rows of X and on transfer rows, nats.
    labels : ndarray of shape (n, n_targets) or None
        As `hard`, for a soft loss that asks for them.
    answers : ndarray of shape (n + m, n_outputs) or None
        What the teacher answered about all rows, before calibration and before they were
        weighed by class.
    unseen : bool
        Whether the soft targets of the rows of X are of clones that did not see them.
    teacher_temperature : float
        By what the teacher's log-probabilities were divided: 1 if it was not calibrated.
    """

    soft: Any
    hard: Any
    soft_weight: np.ndarray
    hard_weight: np.ndarray
    parents: Any = None
    transfer_weight: float | None = None
    entropy: Any = None
    labels: Any = None
    answers: Any = None
    unseen: bool = False
    teacher_temperature: float = 1.0

    @property
    def n_labelled(self):
        """Number of rows of X; what follows are transfer rows."""  # numpydoc ignore=RT01
        return len(self.hard_weight)

    def take(self, index):
        """The knowledge about some of the rows of X, and about the transfer rows.

        Transfer rows that were made from a row that is left out have no weight.

        Parameters
        ----------
        index : ndarray of int
            Rows of X, in ascending order.

        Returns
        -------
        Knowledge
            On those rows.
        """
        n, total = self.n_labelled, len(self.soft_weight)
        kept = np.concatenate([index, np.arange(n, total)]).astype(int)
        weight = self.soft_weight[kept]
        parents = self.parents
        if parents is not None:
            position = np.full(n + 2, _LEFT_OUT)  # the last two for those marks
            position[index], position[-1] = np.arange(len(index)), -1
            parents = position[parents]
        if parents is not None and self.soft is not None:
            weight[len(index) :][(parents == _LEFT_OUT).any(axis=1)] = 0.0
        return replace(
            self,
            parents=parents,
            soft=None if self.soft is None else self.soft[kept],
            hard=None if self.hard is None else self.hard[index],
            soft_weight=weight,
            hard_weight=self.hard_weight[index],
            labels=None if self.labels is None else self.labels[index],
        ).balanced()

    def balanced(self):
        """With the transfer rows at the total weight that was set for them.

        Returns
        -------
        Knowledge
            The same if none was set.
        """
        n = self.n_labelled
        own, transfer = self.soft_weight[:n].sum(), self.soft_weight[n:].sum()
        if self.transfer_weight is None or not own or not transfer:
            return self
        weight = self.soft_weight.copy()
        weight[n:] *= self.transfer_weight * own / transfer
        return replace(self, soft_weight=weight)

    def used(self, alpha):
        """Without the part of the targets that has no weight in the loss.

        Parameters
        ----------
        alpha : float
            Weight of the soft targets; where there are none, labels have all of it.

        Returns
        -------
        Knowledge
            ``hard`` is None where only soft targets count, and the other way round;
            ``labels`` are there for what soft targets may want with them.
        """
        if self.soft is None or alpha == 0:
            n = self.n_labelled
            return replace(self, soft=None, soft_weight=self.soft_weight[:n])
        hard = None if alpha == 1 else self.hard
        return replace(self, hard=hard, labels=self.hard)

    def class_shares(self, alpha, n_classes):
        """Mean of the targets of one target's classes, as they count in the loss.

        Parameters
        ----------
        alpha : float
            Weight of the soft targets.
        n_classes : int
            How many classes there are.

        Returns
        -------
        ndarray of shape (n_classes,)
            The prior of a student that fits them; its sum is 1.
        """
        used = self.used(alpha)
        if used.hard is not None:
            counts = np.bincount(used.hard[:, 0], used.hard_weight, n_classes)
            hard = counts / counts.sum()
        if used.soft is None:
            return hard
        soft = np.average(np.exp(used.soft), axis=0, weights=used.soft_weight)
        return soft if used.hard is None else alpha * soft + (1 - alpha) * hard

    def with_probabilities(self):
        """With probabilities as soft targets, for students that take no logarithms.

        Returns
        -------
        Knowledge
            Of the same rows.
        """
        return replace(self, soft=np.exp(self.soft))

    def exam(self, index):
        """What may be watched on rows of X that are held out of training.

        The teacher has seen these rows, or may have; so only fidelity to it counts, and
        labels only where there are no soft targets.

        Parameters
        ----------
        index : ndarray of int
            Rows of X, in ascending order.

        Returns
        -------
        Knowledge
            On those rows alone.
        """
        held = Knowledge(
            soft=None if self.soft is None else self.soft[index],
            hard=None if self.soft is not None else self.hard[index],
            soft_weight=self.soft_weight[index],
            hard_weight=self.hard_weight[index],
        )
        if held.soft is not None and not held.soft_weight.any():
            raise ValueError(
                "early_stopping=True watches fidelity to the teacher on held out rows "
                "of X, and only transfer rows have soft targets: give teacher_output "
                "too, or X_val and y_val."
            )
        return held


def gather(
    rows,
    reader,
    *,
    asks=True,
    own=None,
    answers=None,
    transfer_weight=None,
    class_weight=None,
    fitted_before=False,
    calibrates=False,
    teacher_temperature=None,
):
    """Ask the teacher about all rows and weigh them.

    Parameters
    ----------
    rows : FitRows
        The arguments of fit.
    reader : ClassReader or ValueReader
        Around the fitted teacher, if there is one.
    asks : bool, default=True
        False: soft targets have no weight in the loss, and there are none.
    own : ndarray of shape (n, n_outputs), default=None
        Answers for the rows of X that take the place of the teacher's: out-of-fold ones.
        Rows of NaN have none, and no soft weight.
    answers : ndarray of shape (n + m, n_outputs), default=None
        Those about all rows, before calibration, if they are known; then no teacher is
        asked about them, or judged.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets. A soft target p weighs the sum
        of p_k w_k, and its classes count p_k w_k.
    fitted_before : bool, default=False
        Whether the teacher may have been fitted on other columns than these; then it is
        warned of one that agrees with the labels no better than chance.
    calibrates : bool, default=False
        Whether soft targets are taken at the temperature that suits labels best: those
        of the rows of X, if `own` or given outputs answer for them, else of X_val.
    teacher_temperature : float, default=None
        That one, if it is known; then none is fitted.

    Returns
    -------
    Knowledge
        Of the rows of X and the transfer rows.
    """
    n = _num_samples(rows.X)
    is_known = answers is not None
    if asks and not is_known:
        answers = _soft(rows, reader, n, own)
    soft = answers
    if soft is not None:
        rows = rows.first(len(soft))
    hard = None if rows.y is None else reader.encode(rows.y)
    base = np.ones(n) if rows.sample_weight is None else rows.sample_weight
    parents = _parents(rows)
    extra = _inherited(parents, base)
    taught = rows.teacher_output is not None or reader.teacher is not None
    soft_weight = np.concatenate([base if taught else np.zeros(n), extra])
    if own is not None and asks:
        never = np.isnan(soft).any(axis=1)
        soft, soft_weight = np.where(never[:, None], 0.0, soft), soft_weight * ~never
    if taught and fitted_before and asks and hard is not None and not is_known:
        _check_agreement(rows, reader, base, soft, hard, own)
    known = {"answers": answers, "unseen": own is not None}
    knowledge = Knowledge(
        soft, hard, soft_weight, base, parents, transfer_weight, **known
    )
    if calibrates and soft is not None:
        knowledge = _calibrated(knowledge, rows, reader, teacher_temperature)
    if soft is not None and reader.classes is not None:
        entropy = _mean_entropy(knowledge.soft, n, soft_weight > 0)
        knowledge = replace(knowledge, entropy=entropy)
    if class_weight is not None:
        knowledge = class_weighted(knowledge, class_weight, rows.y, reader.classes)
    return knowledge.balanced()


def _check_agreement(rows, reader, base, soft, hard, own):
    counted = np.flatnonzero(base)
    if own is None:
        _warn_if_strange(reader, soft[counted], hard[counted])
    elif len(soft) > len(hard):  # clones answered; the teacher labels the transfer rows
        some = counted[:: -(-len(counted) // _ROWS_TO_ASK)]
        _warn_if_strange(reader, reader.ask(rows_of(rows.X, some)), hard[some])


def _calibrated(knowledge, rows, reader, temperature=None):
    """All soft targets at a temperature, fitted on rows unseen by the teacher if None."""
    if temperature is None:
        temperature = _fitted_temperature(knowledge, rows, reader)
    soft = tempered(knowledge.soft, temperature, reader.widths)
    return replace(knowledge, soft=soft, teacher_temperature=temperature)


def _fitted_temperature(knowledge, rows, reader):
    can_ask = rows.y_val is not None and reader.teacher is not None
    if knowledge.unseen or not can_ask:
        n = knowledge.n_labelled
        unseen = knowledge.soft[:n], knowledge.hard, knowledge.soft_weight[:n]
    else:
        codes = reader.encode(rows.y_val, "y_val")
        unseen = reader.ask(rows.X_val), codes, np.ones(len(codes))
    return fitted_temperature(*unseen, reader.widths)


def _mean_entropy(log_p, n, counted):
    """Entropy, in nats: where it is much less on the rows of X, they were memorised."""
    entropy = -(np.exp(log_p) * log_p).sum(axis=1)
    parts = {
        "train": entropy[:n][counted[:n]],
        "transfer": entropy[n:][counted[n:]],
    }
    return {name: float(np.mean(part)) for name, part in parts.items() if len(part)}


def _num_transfer(rows):
    return 0 if rows.X_transfer is None else _num_samples(rows.X_transfer)


def _soft(rows, reader, n, own=None):
    """Soft targets (n + m, n_outputs); zeros where only transfer rows have some."""
    on_X = own
    if own is None:
        on_X = _answer(rows.X, rows.teacher_output, "teacher_output", reader)
    more = []
    if rows.X_transfer is not None:
        outputs = rows.transfer_output
        more.append(_answer(rows.X_transfer, outputs, "transfer_output", reader))
    if rows.drawn is not None:
        more.append(rows.drawn.answers(reader))
    if not more:
        return on_X
    if on_X is None:
        on_X = np.zeros((n, more[0].shape[1]))
    return np.concatenate([on_X, *more])


def _parents(rows):
    """The rows of X that each transfer row was made from (m, n_parents), -1 for none."""
    if rows.drawn is None:
        return np.full((_num_transfer(rows), 1), -1)
    of_drawn = rows.drawn.parents
    width = max(1, of_drawn.shape[1])
    every = np.full((_num_transfer(rows) + len(of_drawn), width), -1)
    every[len(every) - len(of_drawn) :, : of_drawn.shape[1]] = of_drawn
    return every


def _inherited(parents, base):
    """Weights of transfer rows: the mean of their parents', or of all without any."""
    return np.append(base, base.mean())[parents].mean(axis=1)


def _answer(X, given, name, reader):
    if given is not None:
        return reader.accept(given, name, _num_samples(X))
    return None if reader.teacher is None else reader.ask(X)


def hold_out(strata, fraction, random, weight=None, why=None):
    """Choose rows to watch while training on the others, the same share of each class.

    Unlike scikit-learn's stratified splitters, it takes classes of one row, which stay
    in training.

    Parameters
    ----------
    strata : ndarray of shape (n,)
        Class of each row.
    fraction : float
        Share of the rows to hold out.
    random : numpy.random.RandomState
        Shuffles.
    weight : ndarray of shape (n,), default=None
        Rows of weight 0 are never held out.
    why : str, default=None
        What asks for it, for the error; None for ``early_stopping``.

    Returns
    -------
    kept, held : ndarray of int
        Row numbers, ascending.

    Raises
    ------
    ValueError
        If no row is left on either side.
    """
    if weight is not None and not weight.all():
        counted = np.flatnonzero(weight)
        _, held = hold_out(strata[counted], fraction, random, why=why)
        return np.setdiff1d(np.arange(len(strata)), counted[held]), counted[held]
    n = len(strata)
    by_class = np.lexsort((random.random_sample(n), strata))
    n_held = max(1, round(fraction * n))
    every = n / n_held
    picks = by_class[(np.arange(n_held) * every + every / 2).astype(int)]
    _, code, count = np.unique(strata, return_inverse=True, return_counts=True)
    held = np.sort(picks[count[code[picks]] > 1])
    kept = np.setdiff1d(np.arange(n), held)
    if not (len(held) and len(kept)):
        why = why or f"early_stopping=True, validation_fraction={fraction},"
        raise ValueError(
            f"{why} holds out {len(held)} rows of n_samples={n}: give more rows, another "
            "share of them, or X_val."
        )
    return kept, held


def _warn_if_strange(reader, soft, hard):
    """Warn where a fitted teacher agrees with the labels no better than chance."""
    if len(hard) < _ROWS_FOR_AGREEMENT:
        return
    measured = reader.agreement(soft, hard)
    for i, (agreement, error, skill) in enumerate(measured):
        if agreement > 2 * error or skill > 2:
            continue
        measure = "R2" if reader.classes is None else "kappa"
        target = f" of target {i}" if len(measured) > 1 else ""
        warn(
            f"teacher does not agree with y beyond chance ({measure}{target} = "
            f"{agreement:.3f} +- {error:.3f}). The usual cause: a student inside a "
            "pipeline hands scaled or encoded X to a teacher that was fitted on raw X. "
            "Give the student raw X and its scaling as `preprocessor`. Other causes: "
            "an estimator around the student that renames classes, as OneVsRestClassifier "
            "does (give an unfitted teacher), rows of teacher_output in another order, "
            "columns named in another order.",
        )
        return


def teaches(rows, teacher):
    """Whether there are soft targets at all.

    Parameters
    ----------
    rows : FitRows
        The arguments of fit.
    teacher : object or None
        The student's parameter.

    Returns
    -------
    bool
        False for a control, which learns from the labels alone.
    """
    given = (rows.teacher_output, rows.transfer_output)
    return teacher is not None or any(output is not None for output in given)


def needs_teacher(rows):
    """Whether some rows are not labelled beforehand.

    Parameters
    ----------
    rows : FitRows
        The arguments of fit.

    Returns
    -------
    bool
        True if the teacher has to be asked.
    """
    return (
        rows.teacher_output is None
        or (rows.drawn is not None and rows.drawn.output is None)
        or (rows.X_transfer is not None and rows.transfer_output is None)
        or (rows.X_val is not None and rows.y_val is None)
    )
