"""Which rows on disk are trained on, and which are watched."""

import numpy as np
import pandas as pd
import pytest
from rows_on_disk import written
from sklearn.base import BaseEstimator, ClassifierMixin

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor, ParquetRows
from skdistill.lesson.stream import picked_fragments

N_FILES, N = 20, 1_000


def _picked(of, strata, fraction=0.1, seed=0, weight=None):
    weight = np.ones(len(of)) if weight is None else weight
    random = np.random.RandomState(seed)
    return picked_fragments(of, strata, fraction, random, weight)


OF = np.repeat(np.arange(N_FILES), 50)
MIXED = np.tile([0, 1, 1, 2, 1], 200)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_a_share_of_the_fragments_by_the_seed(fraction):
    picks = [tuple(_picked(OF, MIXED, fraction, seed)) for seed in range(20)]
    assert {len(set(pick)) for pick in picks} == {round(fraction * N_FILES)}
    assert len(set(picks)) > 5
    assert picks == [tuple(_picked(OF, MIXED, fraction, seed)) for seed in range(20)]


def test_files_that_are_sorted_by_class():
    """Of each class so many files; where one class alone would be watched, none."""
    by_class = np.repeat([0, 1], N // 2)
    for seed in range(20):
        assert (_picked(OF, by_class, 0.2, seed) < 10).sum() == 2
        assert _picked(OF, by_class, 0.05, seed) is None


def test_each_class_is_on_both_sides():
    """Where that cannot be, single rows are held out."""
    strata = MIXED.copy()
    strata[700] = 3  # a single row, which has to be trained on
    picks = [_picked(OF, strata, 0.2, seed) for seed in range(20)]
    assert {pick is None for pick in picks} == {True, False}
    assert all(pick is None or 700 // 50 not in pick for pick in picks)
    strata[:40] = 4  # of the first file alone
    assert all(_picked(OF, strata, 0.2, seed) is None for seed in range(20))


def test_too_few_fragments_or_too_unlike():
    assert _picked(OF % 9, MIXED) is None
    large = np.where(np.arange(N) < 700, 0, OF)  # one has 70 %
    picks = [_picked(large, MIXED, 0.2, seed) for seed in range(20)]
    assert all(pick is None or 0 not in pick for pick in picks)
    assert _picked(OF, MIXED, weight=(OF < 5).astype(float)) is None


class Asked(ClassifierMixin, BaseEstimator):
    """A teacher that keeps the files of the rows that it was asked about."""

    classes_ = np.array(["no", "yes"])

    def __init__(self):
        self.files = []

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        self.files += X["file"].tolist()
        p = 1 / (1 + np.exp(-X["x"]))
        return np.column_stack([1 - p, p])


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=N), "file": OF})
    frame["y"] = pd.Series(np.where(frame["x"] > 0, "yes", "no"), dtype=object)
    return frame


def _trained_on(folder, alpha, **options):
    """Rows of each file about which the teacher was asked beside those of the sample."""
    rows = ParquetRows(folder, "y", max_rows=400, buffer_rows=100)
    teacher = Asked()
    student = NeuralStudentClassifier(
        teacher, alpha=alpha, max_epochs=2, transfer=None, random_state=0, **options
    )
    student.fit(rows)
    first = teacher.files[:400], teacher.files[400:]
    sample = OF[rows.opened().sample()]
    # The sample has a row of each class, too, which may be one or two more.
    assert abs(np.bincount(first[0], minlength=N_FILES) - np.bincount(sample)).max() < 3
    return np.bincount(first[1], minlength=N_FILES)


HOLDS = {"early_stopping": True, "validation_fraction": 0.2}


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_whole_files_are_held_out(alpha, frame, tmp_path):
    folder = written(frame, tmp_path / "rows", N_FILES)
    times = _trained_on(folder, alpha, **HOLDS)
    assert (times < 3).sum() == 4 and (times >= 50).sum() == 16
    assert (times == _trained_on(folder, alpha, **HOLDS)).all()
    assert (_trained_on(folder, alpha) >= 50).all()


def test_rows_without_a_label_are_held_out_with_their_file(frame, tmp_path):
    some = frame.assign(y=frame["y"].where(np.arange(N) % 3 > 0, None))
    times = _trained_on(written(some, tmp_path / "rows", N_FILES), 0.5, **HOLDS)
    assert (times < 3).sum() == 4 and (times >= 50).sum() == 16


def test_of_few_files_single_rows_are_held_out(frame, tmp_path):
    times = _trained_on(written(frame, tmp_path / "rows", 5), 1.0, **HOLDS)
    assert 0 <= times.sum() - (N - 0.2 * 400) < 3 and (times > 25).all()


def test_values_are_watched_on_whole_files_too(frame, tmp_path):
    folder = written(frame.assign(y=frame["x"]), tmp_path / "rows", N_FILES)
    rows = ParquetRows(folder, "y", columns=["x"], max_rows=400, buffer_rows=100)
    student = NeuralStudentRegressor(
        max_epochs=30, early_stopping=True, batch_size=50, lr=0.01, random_state=0
    )
    student.fit(rows)
    assert student.history_[-1]["valid_loss"] < student.history_[0]["valid_loss"]
    assert student.score(frame[["x"]], frame["x"]) > 0.8
