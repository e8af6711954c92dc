"""What a reader should know before believing a figure, in plain words."""

import numpy as np

from .askers import CLASSES, LABELS, VALUES
from .figures import figure
from .intervals import exact_lower
from .models import CONTROL, TEACHER
from .result import Caution

#: Below this many rows even complete agreement shows less than 99 %.
_FEW_ROWS = 300
#: A teacher whose answers are surer by this much, beyond noise, has learnt rows by heart.
_SURER, _STANDARD_ERRORS = 0.8, 3.0


def about_rows(asked, n_rows, seen):
    """Cautions about which rows the figures rest on.

    Parameters
    ----------
    asked : Asked
        What the models say.
    n_rows : int
        Number of rows of X_test.
    seen : Seen or None
        Training rows among them; None where X_train was not given.

    Yields
    ------
    Caution
        In order of weight.
    """
    if seen is None:
        yield Caution(
            "unchecked",
            "Nobody has looked whether rows of X_test were trained on: give X_train. On "
            "rows that student or teacher has seen, all figures are too good.",
        )
    elif len(seen.rows):
        yield _about_seen(seen)
    n = len(asked)
    if n < n_rows:
        yield Caution(
            "sampled",
            f"All figures are of {n:,} rows, drawn at random from the {n_rows:,} of "
            "X_test: max_rows= sets how many.",
        )
    if n < _FEW_ROWS:
        words = f"All figures rest on {n} rows only."
        if asked.task == CLASSES:
            bound = exact_lower(n, n)
            words += (
                f" Agreement on all of them would show no more than {figure(bound)}."
            )
        yield Caution("few rows", words)


def _about_seen(seen):
    k, n = len(seen.rows), seen.n_test
    where = f"{k:,} of {n:,} rows of X_test also stand in X_train"
    if seen.by_chance:
        return Caution(
            "equal rows",
            f"{where}. They may be others that are alike: {seen.repeated:.1%} of the rows "
            f"of X_train have a twin among themselves. They move a share by {k / n:.1%} at "
            "most.",
        )
    return Caution(
        "seen rows",
        f"{where}: the models were trained on them, and all figures are too good. They "
        "were let in by allow_seen=True.",
    )


def about_labels(asked, quality):
    """Cautions about labels, and what is to be learnt from them.

    Parameters
    ----------
    asked : Asked
        What the models say.
    quality : Quality or None
        None without labels.

    Yields
    ------
    Caution
        In order of weight.
    """
    if quality is None:
        yield Caution(
            "no labels",
            "Without y_test there is only fidelity: a student can follow a teacher that "
            "is wrong.",
        )
        return
    if (asked.y == asked.y[:1]).all():
        what = "holds one class only" if asked.task == CLASSES else "never differs"
        yield Caution(
            "one class",
            f"y_test {what}: quality and calibration say nothing of other rows.",
        )
    unknown = [m.model for m in quality.models if not np.isfinite(m.score.value)]
    if unknown:
        yield Caution(
            "undefined score",
            f"{quality.score_name} cannot be computed on these rows for "
            f"{', '.join(unknown)}.",
        )
    if CONTROL not in asked.names:
        yield Caution(
            "no control",
            "Without a control nobody knows whether the teacher helps: give a student of "
            'labels alone as control, or control="fit" with X_train and y_train.',
        )
        return
    if others := [name for name in asked.students if name not in asked.controlled]:
        yield Caution(
            "one control",
            f"The control is {asked.controlled[0]} without its teacher. What the teacher "
            f"adds to {', '.join(others)} is told by a report of that student alone.",
        )
    of_own = [gain for gain in quality.gains if gain.model in asked.controlled]
    if undefined := next((gain.undefined for gain in of_own if gain.undefined), ""):
        yield Caution("no better", undefined)


def about_classes(asked):
    """Cautions about classes that some model does not know.

    Parameters
    ----------
    asked : Asked
        What the models say.

    Yields
    ------
    Caution
        One for each model that lacks some.
    """
    if asked.task != CLASSES:
        return
    for name, asker in asked.askers.items():
        groups = [group for group in asker.labels() if group is not None]
        known = {label for group in groups for label in group.tolist()}
        lacks = [
            text
            for text, label in zip(asked.classes, asked.labels.tolist(), strict=True)
            if label not in known
        ]
        if lacks:
            yield Caution(
                "other classes",
                f"{name} does not know {', '.join(map(repr, lacks))}, which another model "
                "or y_test does: it never decides for it.",
            )


def about_memory(asked, train_says, y_train):
    """A caution about a teacher that knows its training rows by heart.

    Parameters
    ----------
    asked : Asked
        What the models say of X_test.
    train_says : ndarray or None
        What the teacher says of some rows of X_train.
    y_train : ndarray or None
        The values of these rows; of classes nobody asks.

    Yields
    ------
    Caution
        At most one.
    """
    if train_says is None:
        return
    says = asked.says[TEACHER]
    if asked.task in (CLASSES, LABELS):
        seen, fresh = (_entropy(p, asked.task) for p in (train_says, says))
        what = "mean entropy"
    elif asked.task == VALUES and y_train is not None and asked.y is not None:
        seen = np.square(y_train - train_says).mean(axis=1)
        fresh, what = np.square(asked.y - says).mean(axis=1), "mean squared error"
    else:
        return
    error = np.hypot(*(each.std() / np.sqrt(len(each)) for each in (seen, fresh)))
    gap = fresh.mean() - seen.mean()
    if seen.mean() < _SURER * fresh.mean() and gap > _STANDARD_ERRORS * error:
        yield Caution(
            "memorised",
            f"The teacher knows its training rows better than others ({what} "
            f"{figure(seen.mean())} against {figure(fresh.mean())}): it has learnt some by "
            "heart, and a student of its answers there learns little more than the "
            "labels. cv= asks clones that have not seen the row.",
        )


def _entropy(p, task):
    """Of each row, nats; of several labels the mean over them."""
    if task == LABELS:
        p = np.stack([p, 1 - p], axis=2)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    return -(p * logs).sum(axis=-1).reshape(len(p), -1).mean(axis=1)
