"""The teacher's answers about all rows, and the weight of each: what the rows teach.

Rows pass here once, before training. The teacher is asked about X as the user gave it;
every row gets its target and its weights.
"""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from sklearn.utils.validation import _num_samples

from ..tables.containers import rows_of
from ..tasks.class_weights import class_weighted
from ..teacher.calibration import fitted_temperature, tempered
from ..warn import warn
from .knowledge import Knowledge

_ROWS_FOR_AGREEMENT = 50
_ROWS_TO_ASK = 1000


def gather(
    given,
    task,
    teacher=None,
    *,
    asks=True,
    out_of_fold=None,
    answers=None,
    transfer_weight=None,
    class_weight=None,
    fitted_before=False,
    unseen=False,
    calibrates=False,
    teacher_temperature=None,
):
    """Ask the teacher about all rows and weigh them.

    Parameters
    ----------
    given : Given
        The arguments of fit.
    task : Task
        What y and answers mean.
    teacher : Teacher, default=None
        Fitted; None where outputs computed beforehand, or nobody, teaches.
    asks : bool, default=True
        False: soft targets have no weight in the loss, and there are none.
    out_of_fold : ndarray of shape (n, n_outputs), default=None
        Answers for the rows of X that take the place of the teacher's: out-of-fold ones.
        Rows of NaN have none, and no soft weight.
    answers : ndarray of shape (n + m, n_outputs), default=None
        Answers about all rows, before calibration, if they are known; then no teacher is
        asked about them, or judged.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets. A soft target p weighs the sum
        of p_k w_k, and its classes count p_k w_k.
    fitted_before : bool, default=False
        Whether the teacher may have been fitted on other columns than these; then it is
        warned of one that agrees with the labels no better than chance.
    unseen : bool, default=False
        Whether no answer about a row of X is of a teacher that has seen it.
    calibrates : bool, default=False
        Whether soft targets are taken at the temperature that suits labels best: those
        of the rows of X, if `out_of_fold` or given outputs answer for them, else of X_val.
    teacher_temperature : float, default=None
        The temperature, if it is known; then none is fitted.

    Returns
    -------
    Knowledge
        What the rows of X and the transfer rows teach.
    """
    n = _num_samples(given.X)
    is_known = answers is not None
    if asks and not is_known:
        answers = _soft(given, task, teacher, out_of_fold)
    soft = answers
    if soft is not None:
        given = given.first(len(soft))
    hard = None if given.y is None else task.encode(given.y)
    base = np.ones(n) if given.sample_weight is None else given.sample_weight
    parents = _parents(given)
    extra = _inherited(parents, base)
    has_answers = given.teacher_output is not None or teacher is not None
    soft_weight = np.concatenate([base if has_answers else np.zeros(n), extra])
    if out_of_fold is not None and asks:
        never = np.isnan(soft).any(axis=1)  # in no fold's held-out part
        # 0 in its place: NaN times a weight of 0 is NaN.
        soft, soft_weight = np.where(never[:, None], 0.0, soft), soft_weight * ~never
    # Once: fresh rows of a renewal say nothing new about X.
    if has_answers and fitted_before and asks and hard is not None and not is_known:
        _check_agreement(given, task, teacher, soft, hard, out_of_fold)
    known = {"answers": answers, "unseen": unseen}
    knowledge = Knowledge(
        soft, hard, soft_weight, base, parents, transfer_weight, **known
    )
    if calibrates and soft is not None:
        knowledge = _calibrated(knowledge, given, task, teacher, teacher_temperature)
    if soft is not None and task.classes is not None:
        entropy = _mean_entropy(knowledge.soft, n, soft_weight > 0)
        knowledge = replace(knowledge, entropy=entropy)
    if class_weight is not None:
        knowledge = class_weighted(knowledge, class_weight, given.y, task.classes)
    return knowledge.balanced()


def _check_agreement(given, task, teacher, soft, hard, out_of_fold):
    n, weight = len(hard), given.sample_weight
    weighted = np.arange(n) if weight is None else np.flatnonzero(weight)
    if out_of_fold is None:
        _warn_if_strange(task, soft[weighted], hard[weighted])
    elif len(soft) > n:  # clones answered; the teacher labels the transfer rows
        # About 1000 rows: a slow teacher is not asked about all of X for a warning.
        some = weighted[:: -(-len(weighted) // _ROWS_TO_ASK)]
        with about("X"):
            answers = task.ask(teacher, rows_of(given.X, some))
        _warn_if_strange(task, answers, hard[some])


def _calibrated(knowledge, given, task, teacher, temperature=None):
    """All soft targets at a temperature, fitted on rows unseen by the teacher if None."""
    if temperature is None:
        temperature = _fitted_temperature(knowledge, given, task, teacher)
    soft = tempered(knowledge.soft, temperature, task.widths)
    return replace(knowledge, soft=soft, teacher_temperature=temperature)


def _fitted_temperature(knowledge, given, task, teacher):
    can_ask = given.y_val is not None and teacher is not None
    # Without X_val it is teacher_output, which by `teacher_calibration` the user calls
    # out-of-fold.
    if knowledge.unseen or not can_ask:
        n = knowledge.n_labelled
        unseen = knowledge.soft[:n], knowledge.hard, knowledge.soft_weight[:n]
    else:
        codes = task.encode(given.y_val, "y_val")
        with about("X_val"):
            unseen = task.ask(teacher, given.X_val), codes, np.ones(len(codes))
    return fitted_temperature(*unseen, task.widths)


def _mean_entropy(log_p, n, has_weight):
    """Entropy, in nats: where it is much less on the rows of X, they were memorised."""
    entropy = -(np.exp(log_p) * log_p).sum(axis=1)
    parts = {
        "train": entropy[:n][has_weight[:n]],
        "transfer": entropy[n:][has_weight[n:]],
    }
    return {name: float(np.mean(part)) for name, part in parts.items() if len(part)}


def _soft(given, task, teacher, out_of_fold=None):
    """Soft targets (n + m, n_outputs); zeros where only transfer rows have some."""
    on_X = out_of_fold
    if out_of_fold is None:
        names = "X", "teacher_output"
        on_X = _answer(given.X, given.teacher_output, names, task, teacher)
    more = []
    if given.X_transfer is not None:
        rows, output = given.X_transfer, given.transfer_output
        names = "X_transfer", "transfer_output"
        more.append(_answer(rows, output, names, task, teacher))
    if given.drawn is not None:
        more.append(given.drawn.answers(task, teacher))
    if not more:
        return on_X
    if on_X is None:
        on_X = np.zeros((_num_samples(given.X), more[0].shape[1]))
    return np.concatenate([on_X, *more])


def _parents(given):
    """The rows of X that each transfer row was made from (m, n_parents), -1 for none."""
    if given.drawn is None:
        return np.full((given.n_transfer, 1), -1)
    of_drawn = given.drawn.parents
    width = max(1, of_drawn.shape[1])
    every = np.full((given.n_transfer + len(of_drawn), width), -1)
    every[len(every) - len(of_drawn) :, : of_drawn.shape[1]] = of_drawn
    # X_transfer comes first, and has no parents.
    return every


def _inherited(parents, base):
    """Weights of transfer rows: the mean of their parents', or of all without any."""
    # The mark -1 finds the last entry, the mean.
    return np.append(base, base.mean())[parents].mean(axis=1)


def _answer(X, output, names, task, teacher):
    of_rows, of_output = names
    if output is not None:
        return task.accept(output, of_output, _num_samples(X))
    if teacher is None:
        return None
    with about(of_rows):
        return task.ask(teacher, X)


def _warn_if_strange(task, soft, hard):
    """Warn where a fitted teacher agrees with the labels no better than chance."""
    if len(hard) < _ROWS_FOR_AGREEMENT:
        return
    doubts = task.doubts(soft, hard)
    for i, doubt in enumerate(doubts):
        if doubt is None:
            continue
        target = f" of target {i}" if len(doubts) > 1 else ""
        warn(
            f"teacher does not agree with y beyond chance ({doubt.measure}{target} = "
            f"{doubt.figures}). {doubt.cause}"
        )
        return


@contextmanager
def about(name):
    """Say in an error of a teacher's which rows it was asked about.

    Parameters
    ----------
    name : str
        The argument that holds them.

    Yields
    ------
    None
        Nothing.
    """
    try:
        yield
    except Exception as error:  # whatever a teacher raises
        error.add_note(f"This was the teacher's answer about {name}.")
        raise
