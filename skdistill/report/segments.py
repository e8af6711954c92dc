"""Where a student differs from its teacher: parts of the table in its own words."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import check_random_state

from ..inspection.conditions import merged
from ..tables.containers import is_texts, rows_of
from ..tables.table import Labels
from .columns import column_at, names_in_words, names_of_columns
from .intervals import holm
from .judged import Judged
from .plain_questions import Question, bounds_of
from .result import Segment
from .significance import fewer_hits, larger_means
from .splits import grown

#: Rows below which no segment is looked for.
_FEWEST = 50
# Of a column that the user names, so many categories have a line; of a number so many
# values do, or so many bounds part it.
_CATEGORIES, _VALUES, _BOUNDS = 50, 5, 3


@dataclass(frozen=True)
class Part:
    """Rows of a table.

    Attributes
    ----------
    words : str
        Which they are.
    source : str
        "found", or the name of a column.
    inside : ndarray of bool of shape (n,)
        Whether a row is one.
    """

    words: str
    source: str
    inside: np.ndarray


def find_segments(asked, columns=(), confidence=0.95, random_state=0):
    """Find where students differ from the teacher, and bound by how much.

    A tree of at most three questions is grown for each student on one half of the rows;
    its leaves are judged on the other half, which has not chosen them. The columns that
    the user names are judged on all rows.

    Parameters
    ----------
    asked : Asked
        Rows, answers and labels.
    columns : str or sequence of str or int, default=()
        Names or positions of columns, of which each category has a line, or each
        quarter of a number.
    confidence : float, default=0.95
        Of each interval; and 1 less the chance that any segment is flagged where the
        student differs everywhere alike.
    random_state : int, RandomState or None, default=0
        Halves the rows.

    Returns
    -------
    tuple of Segment
        The found ones first, for each student the worst first. None is found on fewer than
        50 rows.

    Raises
    ------
    ValueError
        If there is no such column, or it holds neither numbers nor categories.
    """
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31))
    named, n, segments = _named(asked.X, columns), len(asked), []
    halves = _halves(n, rng)
    for student in asked.students:
        judged = Judged.of(asked, student)
        found = _found(asked.X, judged, *halves)
        later = np.isin(np.arange(n), halves[1])
        segments += _judged(student, judged, found, later, confidence, rng)
        segments += _judged(
            student, judged, named, np.ones(n, dtype=bool), confidence, rng
        )
    flags = holm([each.p_value for each in segments]) <= 1 - confidence
    pairs = zip(segments, flags.tolist(), strict=True)
    return tuple(replace(segment, flagged=flag) for segment, flag in pairs)


def _halves(n, rng):
    order = rng.permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def _found(X, judged, first, second):
    """The leaves of a tree that is grown on the first rows."""
    n = len(first) + len(second)
    if n < _FEWEST:
        return []
    leaves = grown(rows_of(X, first), judged.differs[first])
    if not leaves:
        return []
    rest, parts = rows_of(X, second), []
    for leaf in leaves:
        inside = np.zeros(n, dtype=bool)
        inside[second] = leaf.holds(rest, len(second))
        parts.append(Part(leaf.words(), "found", inside))
    return [part for part in parts if part.inside.any()]


def check_columns(X, columns):
    """Refuse names of columns that are not there, before anything is computed.

    Parameters
    ----------
    X : object
        Rows as the user gave them.
    columns : str or sequence of str or int
        Names or positions.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    for column in _listed(columns):
        _position(X, column)


def _listed(columns):
    return [columns] if isinstance(columns, str) else columns


def _named(X, columns):
    return [part for column in _listed(columns) for part in _parts_of(X, column)]


def _parts_of(X, column):
    """Each category of a column that the user names, or each quarter of a number."""
    j = _position(X, column)
    values, name = column_at(X, j), names_in_words(X)[j]
    if values is None or is_texts(X):
        raise ValueError(
            f"columns: {column!r} of X_test holds neither numbers nor categories: name "
            "another column, or give X_test one that groups its values."
        )
    is_labels = isinstance(values, Labels)
    groups = _categories if is_labels else _quarters
    gaps = values.codes < 0 if is_labels else np.isnan(values)
    parts = list(groups(j, name, values))
    if gaps.any():
        parts.append((_is(j, name, None), gaps))
    source = str(names_of_columns(X)[j])
    return [Part(words, source, inside) for words, inside in parts]


def _position(X, column):
    names = names_of_columns(X)
    if column in names:
        return names.index(column)
    if isinstance(column, int | np.integer) and 0 <= column < len(names):
        return int(column)
    raise ValueError(
        f"columns: X_test has no column {column!r}. It has {names[:10]!r}"
        f"{' and others' if len(names) > 10 else ''}: name one of these, or its position."
    )


def _is(j, name, value):
    return merged([Question(j, name, categories=(value,)).said(True)])[0]


def _categories(j, name, labels):
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=1)
    order = np.argsort(-counts, kind="stable")
    for code in sorted(order[:_CATEGORIES].tolist()):
        if counts[code]:
            yield _is(j, name, labels.categories[code]), labels.codes == code
    rare = order[_CATEGORIES:]
    rare = rare[counts[rare] > 0]
    if len(rare):
        yield f"{name} is one of {len(rare)} rarer values", np.isin(labels.codes, rare)


def _quarters(j, name, values):
    distinct = np.unique(values[~np.isnan(values)])
    if len(distinct) <= _VALUES:
        for value in distinct.tolist():
            yield _is(j, name, value), values == value
        return
    bounds = [Question(j, name, bound) for bound in bounds_of(values, _BOUNDS)]
    for below, above in zip([None, *bounds], [*bounds, None], strict=True):
        said, inside = [], ~np.isnan(values)
        if below is not None:
            said, inside = [below.said(False)], inside & (values > below.bound)
        if above is not None:
            said, inside = [*said, above.said(True)], inside & (values <= above.bound)
        yield " and ".join(merged(said)), inside


def _judged(student, judged, parts, counted, confidence, rng):
    """Segments from parts, each beside the rest of the rows that count."""
    if not parts:
        return []
    inside = np.stack([part.inside for part in parts])
    p_values = _p_values(judged, inside[:, counted], counted, confidence, rng)
    segments = []
    for part, p_value in zip(parts, p_values.tolist(), strict=True):
        rows, rest = part.inside, counted & ~part.inside
        segments.append(
            Segment(
                model=student,
                words=part.words,
                source=part.source,
                n_rows=int(rows.sum()),
                agreement=judged.agreement(rows, confidence),
                rest=judged.agreement(rest, confidence).value,
                score=judged.score(rows, confidence),
                calibration=judged.calibration(rows, confidence),
                p_value=p_value,
                flagged=False,
            )
        )
    if parts[0].source != "found":
        return segments
    sign = 1 if judged.is_share else -1
    return sorted(segments, key=lambda each: sign * each.agreement.value)


def _p_values(judged, inside, counted, confidence, rng):
    """That each part is no worse than the rest."""
    differs = judged.differs[counted]
    if np.isin(differs, [0, 1]).all() and judged.is_share:
        return fewer_hits(differs == 0, inside)
    return larger_means(differs, inside, rng, 1 - confidence)
