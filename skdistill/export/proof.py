"""Whether an engine says what the student says, on likely rows and on hostile ones."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .compared import compared_rows
from .hostile import container, quiet

#: Of double precision and of float, relative to what the student computes with.
DOUBLE, SINGLE = 1e-12, 1e-6


@dataclass(frozen=True)
class Answers:
    """What a student, or an engine, says of some rows.

    Attributes
    ----------
    outputs : ndarray of shape (n, n_outputs)
        Of a classifier the probabilities of all classes, target after target (of a label
        of several: of 0 and 1); of a regressor the values.
    labels : ndarray of shape (n, n_targets) or None
        Of a classifier the place of the predicted label among the target's classes.
    """

    outputs: np.ndarray
    labels: np.ndarray | None


class Engine(ABC):
    """What runs an artefact.

    Attributes
    ----------
    name, version : str
        Of the program that runs it.
    tolerance : float
        How far an output may be off, relative to what the student computes with.
    reads : numpy dtype
        What it rounds the numbers of a row to before it looks at them. The student is
        asked about rows that are rounded so: between two floats its questions may see
        what the engine cannot.
    """

    name: str
    version: str
    tolerance = DOUBLE
    reads = np.float64

    @abstractmethod
    def answers(self, columns):
        """Run the artefact.

        Parameters
        ----------
        columns : list of ndarray
            The columns of X, as ``plain_columns`` of :mod:`.compared` has them.

        Returns
        -------
        Answers
            One for each row.
        """

    def ways(self, columns):
        """Run the artefact in each way in which it can be asked.

        Parameters
        ----------
        columns : list of ndarray
            The columns of X.

        Yields
        ------
        Answers
            All of which have to be right.
        """
        yield self.answers(columns)

    def meant(self, columns):
        """The rows for which an engine answers, where it is coarser than the student.

        Parameters
        ----------
        columns : list of ndarray
            The columns of X.

        Returns
        -------
        list of ndarray
            The same, unless a part of the engine's promise is to take some numbers for
            others.
        """
        return columns

    def seconds(self, columns):
        """How long the engine takes for some rows.

        Parameters
        ----------
        columns : list of ndarray
            The columns of X.

        Returns
        -------
        float
            The median of some runs.
        """
        return median_seconds(lambda: self.answers(columns))


def median_seconds(run, budget=0.02):
    """The median time of a function without arguments.

    Parameters
    ----------
    run : callable
        Called at least three times.
    budget : float, default=0.02
        Seconds after which it is not called again.

    Returns
    -------
    float
        In seconds.
    """
    times, end = [], time.perf_counter() + budget
    while len(times) < 3 or (time.perf_counter() < end and len(times) < 1000):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def proof(engine, student, predictor, X=None, random_state=0):
    """Compare what an engine says with what the student says.

    Parameters
    ----------
    engine : Engine
        With the artefact.
    student : estimator
        Fitted; asked by its public methods.
    predictor : NumpyPredictor
        Of the student.
    X : array-like or frame of shape (n, n_features), default=None
        Rows on which they are compared, beside likely and hostile ones.
    random_state : int, default=0
        Of the rows.

    Returns
    -------
    dict
        ``engine``, ``engine_version``, ``rows``, ``largest_difference`` (of an output,
        relative to the largest number that the student computes with for that row, if
        that is above 1), ``labels_that_differ`` (None for values),
        ``seconds_for_one_row``, ``seconds_for_1000_rows``.
    """
    batches = compared_rows(student, predictor, X, random_state, engine.reads)
    worst, differ, n = 0.0, 0, 0
    for batch in batches:
        off, is_other = _differences(engine, student, predictor, *batch)
        worst = max(worst, float(off.max()))
        differ, n = differ + int(is_other.sum()), n + len(off)
    likely = batches[0][1]
    record = {
        "engine": engine.name,
        "engine_version": engine.version,
        "rows": n,
        "largest_difference": worst,
        "labels_that_differ": differ if predictor.meta["is_classifier"] else None,
        "seconds_for_one_row": engine.seconds([column[:1] for column in likely]),
        "seconds_for_1000_rows": engine.seconds(
            [np.resize(column, 1000) for column in likely]
        ),
    }
    if engine.reads is not np.float64:
        likely, _, *given = compared_rows(student, predictor, X, random_state)
        # Only a view knows the spread of a column: others' likely rows are all near.
        given += [likely] if predictor.meta["view"]["kind"] == "table" else []
        record["rows_moved_by_rounding"] = sum(
            _n_moved(engine, student, predictor, *batch) for batch in given
        )
    return record


def _n_moved(engine, student, predictor, rows, columns):
    """How many rows get another answer, since the engine rounds them."""
    off, is_other = _differences(engine, student, predictor, rows, columns)
    return int(((off > engine.tolerance) | is_other).sum())


def _differences(engine, student, predictor, rows, columns):
    """How far outputs are off, and whether a label differs, for each row (n,)."""
    rows = _replaced(student, rows, columns, engine.meant(columns))
    wanted = expected(student, predictor, rows)
    off, is_other = np.zeros(len(wanted.outputs)), np.zeros(len(wanted.outputs), bool)
    for ours in engine.ways(columns):
        _check_shapes(engine, ours, wanted)
        this = np.abs(ours.outputs - wanted.outputs).max(axis=1)
        this = np.where(np.isnan(ours.outputs).any(axis=1), np.inf, this)
        off = np.maximum(off, this)
        if wanted.labels is not None:
            is_other |= (ours.labels != wanted.labels).any(axis=1)
    return off / _sizes(predictor, rows), is_other


def proven(engine, student, predictor, X=None, random_state=0):
    """As :func:`proof`, and raise where the engine says something else.

    Parameters
    ----------
    engine : Engine
        As in :func:`proof`.
    student : estimator
        As in :func:`proof`.
    predictor : NumpyPredictor
        As in :func:`proof`.
    X : array-like or frame of shape (n, n_features), default=None
        As in :func:`proof`.
    random_state : int, default=0
        As in :func:`proof`.

    Returns
    -------
    dict
        The proof.

    Raises
    ------
    ValueError
        If a label differs, or an output by more than the engine's precision allows.
    """
    record = proof(engine, student, predictor, X, random_state)
    off, differ = record["largest_difference"], record["labels_that_differ"]
    if differ or not off <= engine.tolerance:  # NaN is not
        raise ValueError(
            f"What {engine.name} {engine.version} runs does not agree with the student: "
            f"on {record['rows']} rows its outputs are off by up to {off:.3g} where "
            f"{engine.tolerance:.3g} is allowed, and the labels of {differ or 0} differ. "
            "Nothing was written."
        )
    return record


def expected(student, predictor, rows):
    """What the student says of some rows.

    Parameters
    ----------
    student : estimator
        Fitted.
    predictor : NumpyPredictor
        Of the student; what it is a classifier of.
    rows : array-like or frame
        Rows.

    Returns
    -------
    Answers
        In the form in which engines answer.
    """
    said = quiet(student.predict, rows)
    said = np.asarray(said).reshape(len(said), -1)
    if not predictor.meta["is_classifier"]:
        return Answers(said.astype(np.float64), None)
    p = side_by_side(predictor, quiet(student.predict_proba, rows))
    return Answers(p, label_places(predictor, said))


def side_by_side(predictor, p):
    """Probabilities of all classes of all targets in one table.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a classifier.
    p : ndarray or list of ndarray
        As ``predict_proba`` returns them.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Target after target; of several labels, those of 0 and 1 of each.
    """
    if predictor.meta["is_multilabel"]:
        return np.stack([1 - p, p], axis=2).reshape(len(p), -1)
    return np.concatenate(p, axis=1) if isinstance(p, list) else p


def label_places(predictor, labels):
    """Places of labels among the classes of their targets.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a classifier.
    labels : ndarray of shape (n, n_targets)
        Labels, as ``predict`` says them.

    Returns
    -------
    ndarray of shape (n, n_targets)
        Of int.
    """
    targets = [predictor.arrays[f"classes_{i}"] for i in range(labels.shape[1])]
    pairs = zip(targets, labels.T, strict=True)
    return np.column_stack([np.searchsorted(classes, said) for classes, said in pairs])


def _replaced(student, rows, columns, meant):
    """Rows with the numbers that an engine takes for others."""
    changed = [j for j, column in enumerate(meant) if column is not columns[j]]
    if not changed:
        return rows
    if not hasattr(rows, "isetitem"):
        return container(student, meant)
    rows = rows.copy()
    for j in changed:  # of pandas: categories stay as they are
        rows.isetitem(_position(student, rows, j), meant[j])
    return rows


def _position(student, rows, j):
    """Where a frame holds a column of training."""
    names = getattr(student, "feature_names_in_", None)
    return j if names is None else list(map(str, rows.columns)).index(str(names[j]))


def _check_shapes(engine, ours, wanted):
    if ours.outputs.shape != wanted.outputs.shape:
        raise ValueError(
            f"{engine.name} answers with the shape {ours.outputs.shape}, and the student "
            f"with {wanted.outputs.shape}: the artefact is of another student."
        )


def _sizes(predictor, rows):
    """The size of what the student computes with, by row; 1 for plain questions."""
    scale = 1.0
    if not predictor.meta["is_classifier"]:
        center, scale = (predictor.arrays[f"target_{n}"] for n in ("center", "scale"))
        scale = max(np.abs(scale).max(), np.abs(center).max(), np.finfo(float).tiny)
    if predictor.meta["model"]["kind"] == "hard_tree":
        return scale
    view, names = predictor._view, predictor.meta["names"]
    with np.errstate(all="ignore"):
        z = view(quiet(lambda X: view.rows(X, predictor.n_features_in_, names), rows))
        outputs = predictor._model(z)
    sizes = np.maximum(np.abs(z).max(axis=1), np.abs(outputs).max(axis=1))
    return scale * np.maximum(sizes, 1.0)
