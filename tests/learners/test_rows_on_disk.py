"""Drawn rows beside rows on disk: made from the sample, and made anew in training."""

import numpy as np
import pandas as pd
import pytest
from rows_on_disk import written
from sklearn.base import BaseEstimator
from trained_rows import TrainedOn

from skdistill import (
    Bootstrap,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    ParquetRows,
)

N, N_DRAWN = 600, 150


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.random(N), "z": rng.random(N)})
    return frame.assign(y=frame["x"] + frame["z"])


@pytest.fixture(scope="module")
def rows(frame, tmp_path_factory):
    folder = written(frame, tmp_path_factory.mktemp("drawn") / "rows", 12)
    return ParquetRows(folder, target="y", max_rows=200, buffer_rows=100)


class Sampler(BaseEstimator):
    """Rows far from those of disk: others in each draw, or the same ones."""

    def __init__(self, refresh=None, same=False, time_budget=None):
        self.refresh, self.same, self.time_budget = refresh, same, time_budget

    def fit(self, X, y=None):
        self.X_ = X
        return self

    def sample(self, n=None, random_state=None):
        random = np.random.default_rng(0 if self.same else random_state)
        parents = random.integers(len(self.X_), size=N_DRAWN)
        return self.X_.iloc[parents].reset_index(drop=True) + 10, parents


class Teacher:
    """Keeps what it was asked about, but for the rows on disk."""

    def __init__(self, clock=None):
        self.clock, self.drawn = clock, []

    def __call__(self, X):
        if X["x"].min() >= 10:
            self.drawn.append(X["x"].to_numpy())
            if self.clock is not None:
                self.clock.sleep(1.0)
        return X["x"] + X["z"]


def _fitted(rows, sampler, teacher=None, **options):
    teacher = Teacher() if teacher is None else teacher
    options = {"max_epochs": 5, "random_state": 0} | options
    return NeuralStudentRegressor(teacher, transfer=sampler, **options).fit(rows)


@pytest.mark.parametrize("weight", [None, 2.0])
def test_fresh_rows_that_are_the_same_change_nothing(weight, rows):
    students = [
        _fitted(rows, Sampler(refresh, same=True), transfer_weight=weight, alpha=0.5)
        for refresh in (None, 1)
    ]
    losses = [[e["train_loss"] for e in s.history_] for s in students]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(("refresh", "n_draws"), [(None, 1), (1, 5), (2, 3)])
def test_each_draw_is_another(refresh, n_draws, rows):
    teacher = Teacher()
    student = _fitted(rows, Sampler(refresh), teacher)
    assert [len(drawn) for drawn in teacher.drawn] == [N_DRAWN] * n_draws
    assert len({drawn.tobytes() for drawn in teacher.drawn}) == n_draws
    assert np.isfinite([e["train_loss"] for e in student.history_]).all()


def test_time_to_label_them_is_bounded(rows, clock):
    teacher = Teacher(clock)
    with pytest.warns(UserWarning, match="labelled 100 of 150 fresh rows"):
        _fitted(rows, Sampler(1, time_budget=2.5), teacher)
    # A hundred, the rest of the first draw, a hundred of the second.
    assert [len(drawn) for drawn in teacher.drawn] == [100, 50, 100]


def test_rows_drawn_from_held_out_files_have_no_weight(tmp_path):
    frame = pd.DataFrame({"x": np.arange(float(N))})  # a row's value is its number
    folder = written(frame.assign(y=0.01 * frame["x"]), tmp_path / "rows", 12)
    seen = TrainedOn()
    NeuralStudentRegressor(
        lambda X: 0.01 * X["x"],
        transfer=Bootstrap(2.0, refresh=1),
        transfer_weight=1.5,
        hidden_layer_sizes=(),
        lr=1e-9,
        preprocessor=None,
        early_stopping=True,
        validation_fraction=0.2,
        max_epochs=3,
        callbacks=[seen],
        random_state=0,
    ).fit(ParquetRows(folder, target="y", max_rows=200, buffer_rows=100))
    draws = set()
    for rows in seen.rows:
        files = rows.file.read([(0, len(rows.file))])["x"][:, 0] // 50
        assert len(set(files)) == 10 and len(files) == 500
        drawn, weight = rows.transfer.x[:, 0].numpy(), rows.transfer.soft_weight.numpy()
        is_out = ~np.isin(drawn // 50, files)
        assert is_out.any() and (weight[is_out] == 0).all()
        own = 500 / rows.soft_mean
        assert weight.sum() == pytest.approx(1.5 * own, rel=1e-5)
        np.testing.assert_allclose(weight[~is_out], weight[~is_out][0], rtol=1e-5)
        draws.add(drawn.tobytes())
    assert len(draws) == 3


def test_candidates_of_large_loss(rows):
    teacher = Teacher()
    sampler = Munge(N_DRAWN, refresh=1, n_candidates=2.0)
    student = _fitted(rows, sampler, teacher, early_stopping=True, max_epochs=3)
    assert student.n_iter_ == 3


def test_classes_too(frame, rows):
    def teacher(X):
        p = 1 / (1 + np.exp(5 - 5 * (X["x"] + X["z"])))
        return np.column_stack([1 - p, p])

    rows = ParquetRows(rows.source, columns=["x", "z"], max_rows=200, buffer_rows=100)
    student = NeuralStudentClassifier(
        teacher,
        classes=[False, True],
        transfer=Munge(300, refresh=1),
        max_epochs=20,
        random_state=0,
    )
    student.fit(rows)
    is_high = teacher(frame)[:, 1] > 0.5
    assert (student.predict(frame[["x", "z"]]) == is_high).mean() > 0.8
