"""Which columns matter to a student and to its teacher, side by side."""

import time

import numpy as np
from scipy import stats
from sklearn.utils import check_random_state

from .askers import CLASSES, QUANTILES, VALUES
from .columns import names_in_words
from .intervals import holm
from .judged import unit_of
from .models import TEACHER
from .result import Importance, Interval
from .shuffled import one_after_another, with_shuffled
from .significance import mean_interval

# Columns that are looked at closely, on so many rows, so many times.
_COLUMNS, _ROWS, _REPEATS = 30, 1_000, 3
# Where there are more columns: groups that are shuffled together, on so many rows.
_KEPT, _SPLIT, _FEW_ROWS = 20, 3, 100
# Rows and cells that a model is asked about at once; cells of the rows of one shuffle.
_ROWS_AT_ONCE, _CELLS_AT_ONCE, _CELLS = 4_096, 16_000_000, 2_000_000
# A model that is slow is asked about fewer rows, so that it takes about so many seconds.
_SECONDS, _FEWEST_ROWS, _LEAST_ROWS = 6.0, 50, 10


def compare_importances(asked, random_state=0, confidence=0.95):
    """Compare how far answers move when one column is shuffled.

    An answer's move is half the sum of the changes of its probabilities (of several labels
    the mean change); of values the mean change, in standard deviations of the teacher's
    answers.

    Parameters
    ----------
    asked : Asked
        Rows, models and answers.
    random_state : int, RandomState or None, default=0
        Draws the rows and shuffles.
    confidence : float, default=0.95
        Of the intervals; and 1 less the chance that any column is said to part student and
        teacher where none does. It parts them where its means differ by more than a tenth
        of the largest, and by chance seldom would.

    Returns
    -------
    tuple of Importance
        Of the 30 columns that matter most to any of them, the first to the teacher first;
        means over at most 1,000 rows.
    """
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31))
    models = [TEACHER, *asked.students]
    names = names_in_words(asked.X)
    asked = _sample(asked, _ROWS, len(names), rng)
    if len(asked) < 2:
        return ()
    moving = [_Moving(asked, name) for name in models]
    columns = _that_matter(moving, len(names), rng)
    n = min(each.affordable(len(columns) * _REPEATS) for each in moving)
    moving = [each.of(n) for each in moving]
    moves = _moves(moving, [[j] for j in columns], rng, _REPEATS)
    found = _compared(
        [names[j] for j in columns], dict(zip(models, moves, strict=True)), confidence
    )
    return tuple(found)


def _sample(asked, most, n_columns, rng):
    n = len(asked)
    kept = min(n, most, max(_FEWEST_ROWS, _CELLS // max(1, n_columns)))
    return asked.take(np.sort(rng.permutation(n)[:kept]))


class _Moving:
    """One model's answers, and how far they move.

    Parameters
    ----------
    asked : Asked
        Rows, models and answers.
    name : str
        The model's.
    """

    def __init__(self, asked, name):
        self.asked, self.name, self.before = asked, name, asked.says[name]
        self.unit = 1.0
        if asked.task in (VALUES, QUANTILES):
            by = asked.says[TEACHER]
            spread = by.std(axis=(0, *range(2, by.ndim)))
            self.unit = np.where(spread > 0, spread, unit_of(by).ravel())
            self.unit = self.unit[:, None] if by.ndim == 3 else self.unit

    def __len__(self):
        return len(self.before)

    def of(self, n):
        """The same of the first rows alone."""  # numpydoc ignore=PR01,RT01
        return (
            self
            if n >= len(self)
            else _Moving(self.asked.take(np.arange(n)), self.name)
        )

    def affordable(self, shuffles, fewest=_FEWEST_ROWS):
        """Rows that so many shuffles may have."""  # numpydoc ignore=PR01,RT01
        few = self.of(_FEW_ROWS)
        seconds = few.seconds() / len(few)
        if (
            seconds * len(self) < _SECONDS / 3
        ):  # it pays to know better: calls cost, too
            seconds = self.seconds() / len(self)
        n = int(min(len(self), _SECONDS / max(seconds * shuffles, 1e-9)))
        return min(len(self), max(n, fewest))

    def seconds(self):
        """How long the model takes for all rows."""  # numpydoc ignore=RT01
        start = time.perf_counter()
        self.asked.ask(self.name, self.asked.X)
        return time.perf_counter() - start

    def moves(self, tables):
        """How far the answer to each row of each table is from that before."""
        # numpydoc ignore=PR01,RT01
        after = self.asked.ask(self.name, one_after_another(tables))
        after = after.reshape(len(tables), *self.before.shape)
        moved = np.abs(after - self.before) / self.unit
        moved = moved.reshape(*moved.shape[:2], -1)
        is_classes = self.asked.task == CLASSES
        return moved.sum(axis=2) / 2 if is_classes else moved.mean(axis=2)


def _moves(moving, groups, rng, repeats):
    """For each model the mean move of each row by each group of columns."""
    n, X = len(moving[0]), moving[0].asked.X
    width = max(1, len(names_in_words(X)))
    at_once = max(1, min(_ROWS_AT_ONCE // n, _CELLS_AT_ONCE // (n * width)))
    sums = np.zeros((len(moving), len(groups), n))
    todo = [(g, rng.permutation(n)) for g in range(len(groups)) for _ in range(repeats)]
    for start in range(0, len(todo), at_once):
        part = todo[start : start + at_once]
        tables = [with_shuffled(X, groups[g], order) for g, order in part]
        for k, each in enumerate(moving):
            # A group may be there twice, so that plain indexing would count it once.
            np.add.at(sums[k], [g for g, _ in part], each.moves(tables))
    return sums / repeats


def _that_matter(moving, n_columns, rng):
    """The columns that matter most to any model: groups are shuffled, the best parted."""
    if n_columns <= _COLUMNS:
        return list(range(n_columns))
    n = max(_FEWEST_ROWS // 2, min(_FEW_ROWS, _CELLS // (4 * n_columns)))
    few = [each.of(n) for each in moving]
    at_once = min(_KEPT * _SPLIT, n_columns)
    rounds = 1 + np.ceil(np.log(n_columns / at_once) / np.log(_SPLIT))
    n = min(each.affordable(at_once * rounds, _LEAST_ROWS) for each in few)
    few = [each.of(n) for each in few]
    groups = np.array_split(np.arange(n_columns), at_once)
    while True:
        is_last = max(map(len, groups)) == 1
        moved = _moves(few, [group.tolist() for group in groups], rng, 1).mean(axis=2)
        most = moved.max(axis=1, keepdims=True)
        worth = (moved / np.where(most > 0, most, 1)).max(axis=0)
        best = np.argsort(-worth, kind="stable")[: _COLUMNS if is_last else _KEPT]
        groups = [groups[k] for k in np.sort(best)]
        if is_last:
            return [int(group[0]) for group in groups]
        parts = [part for group in groups for part in np.array_split(group, _SPLIT)]
        groups = [part for part in parts if len(part)]


def _compared(names, moves, confidence):
    """Importances, the teacher's largest first."""
    taught, students = moves[TEACHER], [name for name in moves if name != TEACHER]
    margin = 0.1 * max(each.mean(axis=1).max() for each in moves.values())
    p_values = [
        _p_value(moves[name][k] - taught[k], margin)
        for k in range(len(names))
        for name in students
    ]
    parts = (holm(p_values) <= 1 - confidence).reshape(len(names), -1).any(axis=1)
    found = [
        Importance(
            column=name,
            teacher=_interval(taught[k], confidence),
            students={each: _interval(moves[each][k], confidence) for each in students},
            parts=bool(parts[k]),
        )
        for k, name in enumerate(names)
    ]
    return sorted(found, key=lambda each: -each.teacher.value)


def _interval(moves, confidence):
    value, low, high = mean_interval(moves, confidence)
    return Interval(value, max(low, 0.0), high)


def _p_value(apart, margin):
    """That the means over the same rows differ by no more than a margin."""
    n, excess = len(apart), abs(apart.mean()) - margin
    error = apart.std(ddof=1) / np.sqrt(n)
    return (
        float(min(1.0, 2 * stats.t.sf(excess / error, n - 1)))
        if error > 0
        else float(excess <= 0)
    )
