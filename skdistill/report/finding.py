"""From models and rows to a result: who is asked, about what, and what is computed."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples
from tqdm.auto import tqdm

from ..tables.containers import n_columns, rows_of
from ..teacher.memory import TeacherMemory
from ..teacher.models import kind_of
from . import cautions
from .answers import Asked, ask_all
from .calibration import calibration_of
from .costs import measure_costs
from .fidelity import fidelity_of
from .importance import compare_importances
from .models import (
    TEACHER,
    inner,
    named_students,
    the_control,
    the_teacher,
)
from .quality import quality_of
from .result import Result
from .rows import largest_differences
from .seen import Seen, seen_rows
from .segments import check_columns, find_segments
from .targets import encoded, names_of, read_targets

_MOST_TRAIN_ROWS = (
    2000  # that the teacher is asked about, to see what it knows by heart
)


@dataclass(frozen=True)
class Given:
    """The arguments of a report, as ``DistillationReport`` documents them."""

    student: Any
    X_test: Any
    y_test: Any = None
    teacher: Any = None
    control: Any = None
    X_train: Any = None
    y_train: Any = None
    columns: Any = ()
    scoring: Any = None
    confidence: float = 0.95
    allow_seen: bool = False
    max_rows: int = 20_000
    random_state: Any = 0
    n_jobs: Any = None
    verbose: Any = 0


@dataclass(frozen=True)
class Heard:
    """What there is to compute with.

    Attributes
    ----------
    asked : Asked
        What all models say.
    n_rows : int
        Number of rows of X_test.
    seen : Seen or None
        Rows that were trained on; None where nobody looked.
    by_heart : tuple
        What the teacher says of some training rows, and their targets; None for both
        without X_train.
    seed : int
        Of redraws.
    positions : ndarray of int or None
        In X_test, of the rows that are looked at; None for all.
    """

    asked: Asked
    n_rows: int
    seen: Seen | None
    by_heart: tuple
    seed: int
    positions: Any = None


def hear(given):
    """Check what was given, and ask all models.

    Parameters
    ----------
    given : Given
        All arguments.

    Returns
    -------
    Heard
        For ``found``.

    Raises
    ------
    ValueError, NotFittedError
        As ``DistillationReport`` says.
    """
    students = named_students(given.student)
    the_teacher(students, given.teacher)  # before anything that takes long
    n = _n_rows(given.X_test)
    check_columns(given.X_test, given.columns)
    random = check_random_state(given.random_state)
    y, some = read_targets(given.y_test, n), _some(n, given.max_rows, random)
    X = given.X_test if some is None else rows_of(given.X_test, some)
    y = y if some is None or y is None else y[some]
    seen = _checked_seen(given, X, some)
    control = the_control(students, given.control, given.X_train, given.y_train)
    memory = TeacherMemory(None, given.n_jobs, given.verbose)
    names = names_of(given.y_test)
    asked = ask_all(students, X, y, given.teacher, control, names, memory)
    fits = isinstance(given.control, str)  # then it is a clone of the first
    asked = replace(asked, controlled=asked.students[: 1 if fits else None])
    by_heart = _by_heart(given, asked.askers[TEACHER], random)
    return Heard(asked, n, seen, by_heart, random.randint(2**31 - 1), some)


def _n_rows(X):
    n = _num_samples(X)
    if not n:
        raise ValueError("X_test has no rows: give some that no model was trained on.")
    return n


def _some(n, max_rows, random):
    """Positions of the rows to look at, ascending; None for all."""
    if n <= max_rows:
        return None
    return np.sort(random.choice(n, max_rows, replace=False))


def _checked_seen(given, X, positions):
    if given.X_train is None:
        return None
    seen = seen_rows(X, given.X_train)
    if seen.by_chance or given.allow_seen:
        return seen
    first = seen.rows[0] if positions is None else positions[seen.rows[0]]
    raise ValueError(
        f"Of {seen.n_test:,} rows of X_test {len(seen.rows):,} also stand in X_train; the "
        f"first is row {first}. On rows that a model was trained on all figures are too "
        "good: leave them out of X_test (`skdistill.report.seen.seen_rows` lists them), or "
        "insist by allow_seen=True, where others just happen to be alike."
    )


def _by_heart(given, asker, random):
    if given.X_train is None:
        return None, None
    n = _n_rows(given.X_train)
    some = _some(n, _MOST_TRAIN_ROWS, random)
    some = np.arange(n) if some is None else some
    says = asker(rows_of(given.X_train, some))
    if given.y_train is None or asker.layout.classes is not None:
        return says, None
    y = read_targets(given.y_train, n, "y_train", "X_train")
    return says, encoded(y[some], asker.layout)


def found(given, heard):
    """Compute everything.

    Parameters
    ----------
    given : Given
        All arguments.
    heard : Heard
        What the models say.

    Returns
    -------
    Result
        All sections.
    """
    asked, confidence, seed = heard.asked, given.confidence, heard.seed
    sections = {
        "quality": lambda: quality_of(asked, confidence, seed, given.scoring),
        "fidelity": lambda: _fidelity(asked, confidence, seed),
        "calibration": lambda: _calibration(asked, confidence, seed),
        "segments": lambda: find_segments(asked, given.columns, confidence, seed),
        "cost": lambda: measure_costs(asked),
        "importances": lambda: compare_importances(asked, seed, confidence),
        "rows": lambda: _rows(asked, heard.positions),
    }
    bar = tqdm(sections.items(), desc="report", disable=not given.verbose)
    facts = {name: compute() for name, compute in bar}
    result = Result(
        task=asked.task,
        n_rows=heard.n_rows,
        n_columns=n_columns(given.X_test) or 1,
        n_sampled=len(asked),
        confidence=confidence,
        students=asked.students,
        classes=asked.classes,
        kinds={name: kind_of(asked.models[name]) for name in asked.names},
        cautions=(),
        histories=_histories(asked),
        **facts,
    )
    return replace(result, cautions=tuple(_cautions(given, heard, result)))


def _fidelity(asked, confidence, seed):
    return tuple(fidelity_of(asked, name, confidence, seed) for name in asked.students)


def _calibration(asked, confidence, seed):
    if asked.y is None:
        return ()
    all_ = [calibration_of(asked, name, confidence, seed) for name in asked.names]
    return tuple(each for each in all_ if each is not None)


def _rows(asked, positions):
    """The rows that differ most, by their positions in X_test."""
    rows = largest_differences(asked)
    if positions is None:
        return rows
    return tuple(replace(row, position=int(positions[row.position])) for row in rows)


def _cautions(given, heard, result):
    asked = heard.asked
    yield from cautions.about_rows(asked, heard.n_rows, heard.seen)
    yield from cautions.about_labels(asked, result.quality)
    yield from cautions.about_classes(asked)
    yield from cautions.about_memory(asked, *heard.by_heart)


def _histories(asked):
    """What each student's training wrote down, by epoch: numbers alone."""
    found = {}
    for name in asked.students:
        epochs = getattr(inner(asked.models[name])[0], "history_", None) or []
        rows = [
            {key: float(v) for key, v in epoch.items() if isinstance(v, int | float)}
            for epoch in epochs
        ]
        if rows:
            found[name] = rows
    return found
