import time

import numpy as np
import pandas as pd
import pytest
from said_answers import asked_of, both
from scipy.special import expit

from skdistill.report.importance import compare_importances


def depends_on(weights):
    """A model of two classes whose log odds are a sum of columns."""
    return lambda X: both(expit(np.asarray(X, dtype=float) @ weights))


def by_column(asked):
    return {each.column: each for each in compare_importances(asked)}


def test_the_columns_on_which_they_part_are_named():
    X = np.random.default_rng(0).normal(size=(800, 4))
    models = {
        "teacher": depends_on([2.0, 1.0, 0, 0]),
        "student": depends_on([2.0, 0, 1.0, 0]),
    }
    found = by_column(asked_of(X, models))
    assert {name for name, each in found.items() if each.parts} == {
        "feature_1",
        "feature_2",
    }
    assert next(iter(found)) == "feature_0"  # what matters most to the teacher
    for each in found.values():
        for value, low, high in (each.teacher, each.students["student"]):
            assert 0 <= low <= value <= high
    assert found["feature_3"].teacher == (0, 0, 0)
    assert found["feature_1"].students["student"].value == 0


def test_a_move_is_the_mean_change_of_the_probability():
    X = np.random.default_rng(0).normal(size=(1000, 2))
    model = depends_on([1.5, 0.0])
    each = by_column(asked_of(X, {"teacher": model, "student": model}))["feature_0"]
    p = model(X)[:, 1]
    expected = np.abs(p[:, None] - p).mean()  # over all pairs of rows
    assert each.teacher.value == pytest.approx(expected, rel=0.05)
    assert each.teacher.low < expected < each.teacher.high
    assert each.students["student"] == each.teacher
    assert not each.parts


def test_values_are_measured_in_the_spread_of_the_teacher():
    X = np.random.default_rng(0).normal(size=(500, 2))

    def model(unit):
        return lambda X: np.column_stack([X[:, 0], unit * X[:, 1]])

    found = []
    for unit in (1.0, 1000.0):
        models = {"teacher": model(unit), "student": lambda X, u=unit: model(u)(X) * 2}
        found.append(compare_importances(asked_of(X, models, task="values")))
    for small, large in zip(*found, strict=True):
        assert small.teacher == pytest.approx(large.teacher)
        assert small.parts
        student = small.students["student"].value
        assert student == pytest.approx(2 * small.teacher.value)


@pytest.mark.parametrize("task", ["labels", "quantiles"])
def test_labels_and_quantiles_move_too(task):
    X = np.random.default_rng(0).normal(size=(200, 3))

    def labels(X):
        return expit(X)

    def quantiles(X):
        return X[:, :2, None] + np.array([-1.0, 0, 1])

    model = labels if task == "labels" else quantiles
    found = by_column(asked_of(X, {"teacher": model, "student": model}, task=task))
    assert (found["feature_2"].teacher.value == 0) == (task == "quantiles")
    assert found["feature_0"].teacher.value > 0.05
    assert not any(each.parts for each in found.values())


def test_frames_keep_their_types():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "plan": pd.Categorical(rng.choice(list("ab"), 300)),
            "n": rng.integers(0, 9, 300).astype("int8"),
            "day": pd.date_range("2026", periods=300),
            "text": rng.choice(["x", None], 300),
        }
    )

    def model(rows):
        assert (rows.dtypes == X.dtypes).all()
        return both(0.2 + 0.3 * (rows["plan"] == "b") + 0.4 * (rows["n"] > 4))

    found = by_column(asked_of(X, {"teacher": model, "student": model}))
    moves = {name: round(each.teacher.value, 2) for name, each in found.items()}
    assert moves["day"] == moves["text"] == 0
    assert moves["plan"] == pytest.approx(0.15, abs=0.03)
    assert moves["n"] == pytest.approx(0.2, abs=0.03)


def test_of_many_columns_those_that_matter_are_found():
    X = np.random.default_rng(0).normal(size=(300, 500))

    def model(*chosen):
        return lambda X: both(expit(2 * X[:, list(chosen)].sum(axis=1)))

    models = {"teacher": model(17, 333, 420), "student": model(17, 333, 99)}
    found = by_column(asked_of(X, models))
    assert len(found) == 30
    parting = {name for name, each in found.items() if each.parts}
    assert parting == {"feature_420", "feature_99"}
    assert found["feature_17"].teacher.value > 0.1


def test_a_slow_model_is_asked_about_fewer_rows(monkeypatch):
    X = np.random.default_rng(0).normal(size=(1000, 3))
    now, asked_about = [0.0], []

    def slow(rows):  # 10 ms for a row
        now[0] += 0.01 * len(rows)
        asked_about.append(len(rows))
        return both(expit(rows[:, 0]))

    asked = asked_of(X, {"teacher": slow, "student": depends_on([1.0, 0, 0])})
    asked_about.clear()
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    (first, *_) = compare_importances(asked)
    assert first.column == "feature_0"
    assert sum(asked_about) < 1000


def test_a_slow_model_of_many_columns_is_asked_about_few_rows(monkeypatch):
    X = np.random.default_rng(0).normal(size=(1000, 400))
    now, n_asked = [0.0], [0]

    def slow(rows):
        now[0] += 0.01 * len(rows)
        n_asked[0] += len(rows)
        return both(expit(3 * rows[:, 123]))

    asked = asked_of(X, {"teacher": slow, "student": slow})
    n_asked[0] = 0
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    (first, *_) = compare_importances(asked)
    assert first.column == "feature_123"
    # Twice, for there are two models: 180 shuffles of 10 rows, 90 of 50, and some to see.
    assert n_asked[0] < 2 * (200 * 10 + 90 * 50 + 400)


def test_two_students_stand_side_by_side_and_one_row_says_nothing():
    X = np.random.default_rng(0).normal(size=(100, 2))
    models = {
        name: depends_on([1.0, i]) for i, name in enumerate(["teacher", "a", "b"])
    }
    asked = asked_of(X, models)
    assert set(compare_importances(asked)[0].students) == {"a", "b"}
    assert compare_importances(asked.take(np.array([0]))) == ()
