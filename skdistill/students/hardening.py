"""From a soft tree to a hard one: its gates as plain questions, and a search from there."""

import copy
from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)

from ..learners.hard_tree.question import Question
from ..lesson.drawing import n_answers
from ..lesson.given import Given
from ..lesson.soft_targets import soft_targets
from ..metrics import fidelity
from ..tables.containers import rows_of
from ..tables.reading import is_readable
from ..tables.view import apply_view, reads_tables
from ..tasks.priors import shifted
from ..training.fits import carry_out
from ..transfer.drawn import automatic
from .hard_tree import HardDecisionTreeClassifier, HardDecisionTreeRegressor

_SHARE_OF_EVAL = 0.25  # of X, without X_eval: as scikit-learn's train_test_split


def hardened(tree, X, y, X_eval, random_state, **limits):
    """See :meth:`SoftDecisionTree.harden`, whose body this is.

    Parameters
    ----------
    tree : SoftDecisionTree
        Fitted.
    X, y, X_eval, random_state : object
        Arguments of that method.
    **limits : object
        Parameters of the hard tree.

    Returns
    -------
    HardDecisionTreeClassifier or HardDecisionTreeRegressor
        Fitted.
    """
    check_is_fitted(tree)
    if getattr(tree, "quantiles", None) is not None:
        raise ValueError(
            f"quantiles={tree.quantiles!r}: a hard tree has one mean in each leaf. "
            "Harden a tree without quantiles."
        )
    if y is not None:
        checked_labels(tree, y)
    random = check_random_state(random_state)
    X, y, X_eval, eval_rows = apart(X, y, X_eval, random)
    hard = _as_hard(tree, y, random.randint(np.iinfo(np.int32).max), limits)
    if hard.cv is not None and hard.transfer == "auto":  # which draws none with folds
        can_draw = reads_tables(tree.preprocessor_) or is_readable(X)
        n = _num_samples(X) if can_draw else 0
        n_outputs = n_answers(hard._asking(), y)
        hard.transfer = automatic(n, tree.n_features_in_, n_outputs)
    start = partial(_start, tree, hard)
    hard._validate_params()
    carry_out(hard._fitting(Given(X, y), start=start))
    teacher_answers = joined(_answers(hard.teacher, X_eval, hard))
    hard.fidelity_ = before_and_after(tree, hard, X_eval, teacher_answers, eval_rows)
    return hard


def apart(X, y, X_eval, random):
    """Return rows to work on, and rows for the report.

    Parameters
    ----------
    X, y : array-like
        Rows, and labels or None.
    X_eval : array-like or None
        Rows for the report; None to hold out some of X.
    random : RandomState
        Chooses them.

    Returns
    -------
    X, y, X_eval : array-like
        What is left, and what was held out.
    eval_rows : str
        What the report's rows are.
    """
    if y is not None:
        check_consistent_length(X, y)
    if X_eval is not None:
        return X, y, X_eval, f"{_num_samples(X_eval)} rows of X_eval"
    order = random.permutation(_num_samples(X))
    n_held = max(1, round(_SHARE_OF_EVAL * len(order)))
    held, kept = np.sort(order[:n_held]), np.sort(order[n_held:])
    if not len(kept):
        raise ValueError("X has a single row: give more, or X_eval.")
    y = None if y is None else np.asarray(y)[kept]
    eval_rows = f"{n_held} rows of X, on which the student may have been trained"
    return rows_of(X, kept), y, rows_of(X, held), eval_rows


def checked_labels(tree, y):
    """Return labels of classes that a fitted tree knows, or values.

    Parameters
    ----------
    tree : SoftDecisionTree
        Fitted.
    y : array-like of shape (n,) or (n, n_targets)
        As the user gave them.

    Returns
    -------
    ndarray of shape (n, n_targets)
        The same.

    Raises
    ------
    ValueError
        If there are other classes among them.
    """
    y = tree._check_targets(y, learns=False)
    y = y.reshape(len(y), -1)
    for labels, known in zip(
        y.T, tree._task.classes if is_classifier(tree) else (), strict=False
    ):
        new = np.setdiff1d(labels, known)
        if len(new):
            raise ValueError(
                f"y has the labels {new.tolist()}, and the tree's classes are "
                f"{known.tolist()}."
            )
    return y


def before_and_after(tree, other, X_eval, teacher_answers, eval_rows):
    """Fidelity of two trees.

    Parameters
    ----------
    tree, other : object
        Fitted.
    X_eval : array-like of shape (n, n_features)
        Rows.
    teacher_answers : ndarray of shape (n, n_outputs) or (n,)
        The teacher's answers for them.
    eval_rows : str
        What these rows are, in words.

    Returns
    -------
    dict
        The fidelity of the first, "before", of the second, "after", and "rows".
    """
    return {
        "before": fidelity(joined(answers_of(tree, X_eval)), teacher_answers),
        "after": fidelity(joined(answers_of(other, X_eval)), teacher_answers),
        "rows": eval_rows,
    }


def _start(tree, hard, X, rows, x, binned, columns):
    """The soft tree rounded, on some rows of X, of which x is the hard tree's view.

    The hard tree is searched for on some columns of it, or all.

    None where the two do not see the same columns.
    """
    mine, its = tree.preprocessor_, hard.preprocessor_
    if reads_tables(mine):
        terms = [
            [(term.column, term.category, term.is_gap) for term in view.terms_]
            for view in (mine, its)
        ]
        if terms[0] != terms[1]:
            return None
    elif mine is not None:
        return None  # a transformer that was fitted anew may have turned its columns
    return rounded(tree.module_, apply_view(mine, X)[rows], x, binned, columns)


def _as_hard(tree, y, seed, limits):
    """An unfitted hard tree that learns from what the soft one learnt from."""
    names = ("transfer", "transfer_weight", "preprocessor", "keep_teacher")
    shared = {name: getattr(tree, name) for name in names}
    if getattr(shared["transfer"], "refresh", None) is not None:
        shared["transfer"] = copy.copy(shared["transfer"])
        shared["transfer"].refresh = None  # there are no epochs to draw after
    has_teacher = hasattr(tree, "teacher_")
    teacher, weights = (
        (tree.teacher_, tree.teacher_weights) if has_teacher else (tree, None)
    )
    if has_teacher and weights is not None and isinstance(teacher, list | tuple):
        weights = np.tile(weights, len(teacher) // len(weights))  # of clones, by folds
    alpha = 1.0
    if has_teacher and y is not None:
        alpha = vars(tree).get("alpha_", tree.alpha)  # older trees have none
    options = {**shared, **limits, "alpha": alpha, "random_state": seed}
    if not is_classifier(tree):
        return HardDecisionTreeRegressor(teacher, teacher_weights=weights, **options)
    options["classes"] = (
        tree._task.classes if len(tree._task.classes) > 1 else tree.classes_
    )
    if has_teacher and limits.get("cv") is not None:  # its answers to folds set it anew
        options["teacher_calibration"] = tree.teacher_calibration
    elif has_teacher and tree.teacher_temperature_ != 1:
        form = {
            "temperature": tree.teacher_temperature_,
            "classes": options["classes"],
        }
        teacher = partial(soft_targets, teacher, teacher_weights=weights, **form)
        weights = None
    if has_teacher:  # a tree that is its own teacher has it in its answers already
        options["class_weight"] = tree.class_weight
    return HardDecisionTreeClassifier(teacher, teacher_weights=weights, **options)


def _answers(teacher, X, hard):
    """What the teacher says, in the form of the students' answers."""
    if isinstance(teacher, partial):
        return teacher(X)
    options = {"teacher_weights": hard.teacher_weights}
    if is_classifier(hard):
        options["classes"] = hard.classes
        options["temperature"] = getattr(hard, "teacher_temperature_", 1.0)
    return soft_targets(teacher, X, **options)


def teacher_says(tree, X):
    """Return answers of a tree's teacher; those of the tree, if it has or keeps none.

    Parameters
    ----------
    tree : SoftDecisionTree
        Fitted.
    X : array-like of shape (n, n_features)
        Rows.

    Returns
    -------
    ndarray of shape (n, n_outputs) or (n,), or list of these
        Probabilities at temperature 1, by target; or values.
    """
    hard = _as_hard(tree, None, 0, {})
    return _answers(hard.teacher, X, hard)


def answers_of(tree, X):
    """Return a fitted tree's answers.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    X : array-like of shape (n, n_features)
        Rows.

    Returns
    -------
    ndarray of shape (n, n_outputs) or (n,), or list of these
        Probabilities, by target; or values.
    """
    if not is_classifier(tree):
        return tree.predict(X)
    parts = tree._task.by_target(
        np.exp(shifted(tree._log_probabilities(X), tree._class_shift))
    )
    return parts if len(parts) > 1 else parts[0]


def joined(answers):
    """Several targets one below the other, for one number.

    Parameters
    ----------
    answers : ndarray or list of ndarray
        From ``answers_of``, or a teacher's.

    Returns
    -------
    ndarray
        One table.
    """
    if not isinstance(answers, list):
        return answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers
    width = max(part.shape[1] for part in answers)
    padded = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in answers]
    return np.concatenate(padded)


def rounded(module, z, x, binned, columns=slice(None)):
    """Round a soft tree: each gate becomes a question about the column that moves it most.

    Parameters
    ----------
    module : SoftTree
        Gates on z.
    z : ndarray of shape (n, n_view)
        What the soft tree sees of some rows.
    x : ndarray of shape (n, n_columns)
        These columns as the hard tree sees them, perhaps on another scale that
        ascends with it.
    binned : Binned
        Codes of the hard tree's columns.
    columns : ndarray of int or slice, default=slice(None)
        Which columns of z these are; no question is about another.

    Returns
    -------
    Question or None
        Root of a tree.
    """
    weight = module.gate_weight.detach().double().cpu().numpy()
    bias = module.gate_bias.detach().double().cpu().numpy()
    shape = module.shape

    def _below(gate, rows):
        if not shape.children(gate) or not len(rows):
            return None
        rank, here = shape.rank(gate), z[rows]
        middle = bias[rank] + weight[rank] @ here.mean(axis=0)
        w, here = weight[rank][columns], here[:, columns]
        j = int(np.argmax(np.abs(w) * here.std(axis=0)))
        others = middle - w[j] * here[:, j].mean()
        goes_right = w[j] * here[:, j] + others > 0
        first, second = shape.children(gate)
        if goes_right.all() or not goes_right.any():
            return _below(second if goes_right.all() else first, rows)
        if w[j] < 0:  # a question's left side is that of small values
            goes_right, first, second = ~goes_right, second, first
        at_most = x[rows[~goes_right], j].max()
        cut = int(np.searchsorted(binned.thresholds[j], at_most))
        if cut == len(binned.thresholds[j]):
            return _below(first, rows)
        return Question(
            (j, cut), _below(first, rows[~goes_right]), _below(second, rows[goes_right])
        )

    return _below(0, np.arange(len(x)))
