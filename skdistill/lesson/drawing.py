"""The rows that a fit draws for its teacher to label."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples

from ..tables.containers import rows_of
from ..teacher.members import members_of
from ..transfer.drawn import draw


def drawn_rows(asking, given, folds, automatic):
    """The transfer rows that ``transfer`` draws for the teacher to label, if any.

    Parameters
    ----------
    asking : Asking
        How the student asks.
    given : Given
        Validated.
    folds : CrossFit or None
        From ``folds``.
    automatic : callable or None
        ``automatic(n, n_outputs)`` -> what "auto" stands for, a sampler or None, with
        so many rows and numbers in an answer; None where there is none.

    Returns
    -------
    Drawn or None
        Rows as the teacher knows them.
    """
    transfer = asking.transfer
    if getattr(transfer, "refresh", None) is not None and not asking.has_epochs:
        raise ValueError(
            f"transfer={transfer!r} draws fresh rows after some epochs, and "
            f"{type(asking.owner).__name__} has none: leave refresh=None, and raise size."
        )
    if isinstance(transfer, str) and transfer == "auto":
        transfer = _automatic(asking, given, automatic)
    if transfer is None or not asking.learns_softly(given):
        return None
    if asking.teacher is None and getattr(transfer, "output", None) is None:
        raise ValueError(
            f"transfer={transfer!r} draws rows for a teacher to label: give one "
            "beside teacher_output, or FixedRows with outputs."
        )
    return _draw(asking, transfer, given, folds)


def _draw(asking, transfer, given, folds):
    """Rows of no weight lend nothing to those that are drawn."""
    weight, usable = given.sample_weight, None
    lends = np.ones(_num_samples(given.X), bool) if weight is None else weight > 0
    weighted = np.flatnonzero(lends)
    if asking.transfer_teacher == "unseen" and folds is not None:

        def usable(parents):
            return folds.unseen(parents).any(axis=0)

    rows = given.X if lends.all() else rows_of(given.X, weighted)
    random = check_random_state(asking.random_state)
    arguments = transfer, rows, random, usable, weighted
    renews = getattr(transfer, "refresh", None) is not None
    # A kept draw has no sampler that could draw again, and `usable` is of these
    # folds alone.
    if usable is not None or renews or asking.draws_for_leaves:
        return draw(*arguments)
    seed = asking.random_state
    if not isinstance(seed, Integral):  # the state of another would have to go on
        return draw(*arguments)
    content = transfer, rows, seed, weighted
    return asking.kept().drawn(draw, content, *arguments)


def _automatic(asking, given, automatic):
    """The sampler of "auto": where the teacher itself is asked about X, and X alone.

    Rows near those that it has memorised would undo what `cv` is for. With cv="auto"
    they are drawn: who looks rows up has the more to say between them.
    """
    more = given.teacher_output is not None or given.X_transfer is not None
    crossed = asking.fits_clones and not asking.is_automatic
    if asking.teacher is None or more or crossed or automatic is None:
        return None
    weight = given.sample_weight
    n = _num_samples(given.X) if weight is None else np.count_nonzero(weight)
    # Hard trees, which search many outputs on few rows anyway.
    n_outputs = n_answers(asking, given.y) if asking.draws_for_leaves else 1
    return automatic(n, n_outputs=n_outputs)


def n_answers(asking, y):
    """Numbers in the teacher's answer about a row, as far as known before it.

    Parameters
    ----------
    asking : Asking
        How the student asks.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Labels or values.

    Returns
    -------
    int
        One at least.
    """
    members = members_of(asking.teacher)
    if asking.kind == "classifier":
        known = [getattr(member, "classes_", ()) for member in members]
        known += [() if asking.classes is None else asking.classes]
        if y is not None:
            known += [[set(column) for column in y.reshape(len(y), -1).T.tolist()]]
        return max(map(_count, known))
    if y is not None:
        return 1 if y.ndim == 1 else y.shape[1]
    return max(getattr(member, "n_outputs_", 1) for member in members)


def _count(classes):
    """Number of classes of one target, or of several together."""
    several = (list, tuple, set, np.ndarray)
    return sum(len(c) if isinstance(c, several) else 1 for c in classes)
