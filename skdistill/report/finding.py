"""From models and rows to a result: who is asked, about what, and what is computed."""

from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples
from tqdm.auto import tqdm

from ..tables.containers import n_columns, rows_of
from ..teacher.memory import TeacherMemory
from . import cautions
from .answers import Asked, encoded, read_targets, target_names
from .askers import CLASSES, askers_of, layout_of
from .calibration import calibration_of
from .fidelity import fidelity_of
from .models import (
    CONTROL,
    TEACHER,
    inner,
    kind_of,
    named_students,
    the_control,
    the_teacher,
)
from .quality import quality_of
from .result import Result
from .seen import Seen, seen_rows

_MOST_TRAIN_ROWS = (
    2000  # that the teacher is asked about, to see what it knows by heart
)


@dataclass(frozen=True)
class Given:
    """The arguments of a report, as ``DistillationReport`` documents them."""

    student: Any
    X_test: Any
    y_test: Any
    teacher: Any
    control: Any
    X_train: Any
    y_train: Any
    columns: Any
    scoring: Any
    confidence: float
    allow_seen: bool
    max_rows: int
    random_state: Any
    n_jobs: Any
    verbose: Any


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
    knows : dict of str to list
        Of each model the classes that it knows.
    by_heart : tuple
        What the teacher says of some training rows, and their targets; None for both
        without X_train.
    seed : int
        Of redraws.
    """

    asked: Asked
    n_rows: int
    seen: Seen | None
    knows: dict[str, list]
    by_heart: tuple
    seed: int


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
    teacher, weights, before = the_teacher(students, given.teacher)
    n = _n_rows(given.X_test)
    y = read_targets(given.y_test, n)
    random = check_random_state(given.random_state)
    some = _some(n, given.max_rows, random)
    X = given.X_test if some is None else rows_of(given.X_test, some)
    y = y if some is None or y is None else y[some]
    seen = _checked_seen(given, X)
    layout = layout_of(students, y).with_labels(_labels(y))
    models = {**students, TEACHER: teacher}  # other columns are the students' to refuse
    control = the_control(students, given.control, given.X_train, given.y_train)
    if control is not None:
        models[CONTROL] = control
    memory = TeacherMemory(None, given.n_jobs, given.verbose)
    askers = askers_of(models, layout, weights, before, memory)
    layout = next(iter(askers.values())).layout
    says = {name: asker(X) for name, asker in askers.items()}
    asked = Asked(
        layout.task,
        X,
        encoded(y, layout),
        target_names(given.y_test, layout, says[TEACHER].shape[1]),
        tuple(students),
        models,
        says,
        layout.quantiles,
        layout.classes[0] if layout.task == CLASSES else None,
        askers,
    )
    _check_widths(asked)
    knows = {name: asker.labels() for name, asker in askers.items()}
    by_heart = _by_heart(given, askers[TEACHER], random)
    return Heard(asked, n, seen, knows, by_heart, random.randint(2**31 - 1))


def _labels(y):
    """The classes that y holds; None where it holds none."""
    return None if y is None or y.ndim > 1 else np.unique(np.array(y.tolist()))


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


def _checked_seen(given, X):
    if given.X_train is None:
        return None
    seen = seen_rows(X, given.X_train)
    if seen.by_chance or given.allow_seen:
        return seen
    raise ValueError(
        f"X_test holds {len(seen.rows):,} rows that also stand in X_train, of "
        f"{seen.n_test:,}; the first is row {seen.rows[0]}. On rows that a model was "
        "trained on all figures are too good: leave them out of X_test, or insist by "
        "allow_seen=True, where others just happen to be alike."
    )


def _check_widths(asked):
    """Models of values must answer with as many as there are."""
    teacher = asked.says[TEACHER]
    for name, says in asked.says.items():
        if says.shape != teacher.shape:
            raise ValueError(
                f"{name} answers with {says.shape[1]} values for a row, and the teacher "
                f"with {teacher.shape[1]}: compare models of the same targets."
            )
    if (
        asked.y is not None
        and asked.y.ndim == 2
        and asked.y.shape[1] != teacher.shape[1]
    ):
        raise ValueError(
            f"y_test has {asked.y.shape[1]} targets, and the models answer with "
            f"{teacher.shape[1]}: give a column for each."
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
    return says, encoded(read_targets(given.y_train, n)[some], asker.layout)


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
        **_where(asked, given, seed),
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


def _where(asked, given, seed):
    """Sections of other modules."""

    def of(module, function, *arguments):
        def compute():
            if find_spec(f"{__package__}.{module}") is None:
                return ()
            there = import_module(f".{module}", __package__)
            return getattr(there, function)(asked, *arguments)

        return compute

    return {
        "segments": of(
            "segments", "find_segments", given.columns, given.confidence, seed
        ),
        "cost": of("costs", "measure_costs"),
        "importances": of("importance", "compare_importances", seed),
        "rows": of("rows", "largest_differences"),
    }


def _cautions(given, heard, result):
    asked = heard.asked
    yield from cautions.about_rows(asked, heard.n_rows, heard.seen)
    yield from cautions.about_labels(asked, result.quality)
    yield from cautions.about_classes(asked, heard.knows)
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
