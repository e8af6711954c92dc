"""The rows on which a student differs most from its teacher, and why."""

import time

import numpy as np
from scipy import sparse

from ..inspection.explanation import explain
from ..inspection.numbers import number, percent
from ..tables.containers import (
    as_array,
    columns_of,
    is_arrow,
    is_frame,
    is_texts,
    rows_of,
)
from ..tables.terms import in_one_line
from .alone import without_teacher
from .askers import CLASSES, LABELS
from .columns import TEXT, cell_in_words, names_of_columns, read_columns
from .judged import unit_of
from .models import TEACHER
from .result import RowDifference

# Columns, and letters of a cell, that are shown of a row.
_MOST_COLUMNS, _MOST_LETTERS = 100, 500
# Rows are explained for so long.
_SECONDS = 10.0


def largest_differences(asked, n=10):
    """Show the rows on which each student differs most from the teacher.

    Parameters
    ----------
    asked : Asked
        Rows, models and answers.
    n : int, default=10
        Rows for each student.

    Returns
    -------
    tuple of RowDifference
        For each student the largest first: by the largest difference in a probability, or
        in a value (of several values in standard deviations of the teacher's). Rows on
        which both say the same are left out.
    """
    apart = {name: _apart(asked, name) for name in asked.students}
    found = []
    for name, (gaps, most) in apart.items():
        order = np.argsort(-gaps, kind="stable")[:n]
        order = order[gaps[order] > 0]
        if not len(order):
            continue
        rows = rows_of(asked.X, order)
        whys = _whys(asked.models[name], rows, len(order))
        for k, (i, shown) in enumerate(
            zip(order.tolist(), _shown(rows, len(order)), strict=True)
        ):
            found.append(
                RowDifference(
                    model=name,
                    position=i,
                    label=_label(asked, i),
                    student_says=_said(asked, name, i, most[i]),
                    teacher_says=_said(asked, TEACHER, i, most[i]),
                    difference=float(gaps[i]),
                    values=shown,
                    why=whys[k],
                )
            )
    return tuple(found)


def _apart(asked, student):
    """The largest difference in each row, and in which of the answers it is."""
    said, taught = asked.says[student], asked.says[TEACHER]
    apart = np.abs(said - taught)
    if asked.task not in (CLASSES, LABELS):
        apart = apart / unit_of(taught)
    apart = apart.reshape(len(apart), -1)
    return apart.max(axis=1), apart.argmax(axis=1)


def _said(asked, name, i, most):
    """An answer in words: the class decided for, the label that differs most, or values."""
    answer = asked.says[name][i]
    if asked.task in (CLASSES, LABELS):
        k = int(answer.argmax()) if asked.task == CLASSES else int(most)
        return f"{in_one_line(asked.classes[k])} ({percent(answer[k])})"
    spread = asked.says[TEACHER].std(axis=0).reshape(answer.shape)
    return _values(asked, answer, spread)


def _values(asked, answer, spread):
    """Numbers, with the targets' names and levels where there are several."""
    shown = []
    for t, name in enumerate(asked.classes):
        of = f"{in_one_line(name)} " if len(asked.classes) > 1 else ""
        if answer.ndim == 1:
            shown.append(f"{of}{number(answer[t], spread=spread[t])}")
            continue
        shown += [
            f"{of}{percent(level)}: {number(answer[t, q], spread=spread[t, q])}"
            for q, level in enumerate(asked.quantiles)
        ]
    return ", ".join(shown)


def _label(asked, i):
    if asked.y is None:
        return ""
    label = asked.y[i]
    if asked.task == CLASSES:
        return in_one_line(asked.classes[label])
    if asked.task == LABELS:
        has = [in_one_line(c) for c, y in zip(asked.classes, label, strict=True) if y]
        return ", ".join(has) or "none"
    return _values(asked, label, asked.y.std(axis=0))


def _shown(rows, n):
    """What some rows hold, as text, by column."""
    if is_texts(rows):
        return [{TEXT: _cut(in_one_line(text))} for text in rows]
    names = [in_one_line(name) for name in names_of_columns(rows)]
    if sparse.issparse(rows):
        return [_not_zero(rows[[i]].tocsr(), names) for i in range(n)]
    table = rows if is_frame(rows) or is_arrow(rows) else as_array(rows)
    columns = columns_of(table)[:_MOST_COLUMNS]
    read = dict(read_columns(table))
    shown = [{} for _ in range(n)]
    for j, column in enumerate(columns):
        plain = None if j in read else list(column)
        for i in range(n):
            cell = cell_in_words(read[j], i) if plain is None else in_one_line(plain[i])
            shown[i][names[j]] = _cut(cell)
    return shown


def _not_zero(row, names):
    pairs = list(zip(row.indices.tolist(), row.data, strict=True))[:_MOST_COLUMNS]
    return {names[j]: number(value) for j, value in pairs}


def _cut(text):
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …"


def _whys(model, rows, n):
    """How the student came to its answers; "" where it cannot be read, or takes long."""
    alone, start, whys = without_teacher(model), time.perf_counter(), []
    for i in range(n):
        try:
            why = explain(alone, rows_of(rows, np.array([i])))
        except (TypeError, ValueError):  # no tree, no net, or other rows than these
            why = ""
        whys.append(why)
        if not why or time.perf_counter() - start > _SECONDS:
            break
    return [*whys, *[""] * (n - len(whys))]
