"""Sets and intervals hold the truth as often as they say, on tables as they come."""

import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import ConformalStudent, HardDecisionTreeClassifier, StudentRegressor
from skdistill.report.conformal import scores

pytest.importorskip("crepes")
pytest.importorskip("mapie")


class Prior:
    """A fitted classifier that says what its rows say, without any training."""

    _estimator_type = "classifier"

    def __init__(self, classes):
        self.classes_ = np.asarray(classes)

    def __sklearn_tags__(self):
        return LogisticRegression().__sklearn_tags__()

    def predict_proba(self, X):
        return np.asarray(X)[:, : len(self.classes_)]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def drawn(random, n, classes=("a", "b", "c")):
    """Rows of probabilities, and labels that follow others: the model is off."""
    p = random.dirichlet(np.ones(len(classes)), size=n)
    true = np.sqrt(p) / np.sqrt(p).sum(axis=1, keepdims=True)
    codes = (true.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
    return p, np.asarray(classes)[codes]


def enough(inside, n, confidence):
    """Whether a share at or above `confidence` may well give so few."""
    return binom.cdf(inside, n, confidence) > 1e-4


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_sets_hold_the_truth(method):
    random = np.random.default_rng(0)
    model, inside, sizes = Prior(["a", "b", "c"]), [], []
    for _ in range(30):
        wrapped = ConformalStudent(
            model, *drawn(random, 60), confidence=0.8, method=method, empty_sets=True
        )
        (all_rows,) = wrapped.coverage(*drawn(random, 1))
        inside.append(all_rows.covered.value)
        sizes.append(all_rows.size)
    # One new row for each calibration: only so are they independent of each other.
    assert enough(sum(inside), 30, 0.8)
    assert np.mean(sizes) < 3
    wide = wrapped.coverage(*drawn(random, 500))[0].covered
    assert wide.low < wide.value < wide.high


def test_sets_of_many_calibrations_are_of_the_size_they_say():
    random = np.random.default_rng(1)
    X, y = drawn(random, 4000)
    wrapped = ConformalStudent(Prior(["a", "b", "c"]), X[:2000], y[:2000])
    (found,) = wrapped.coverage(X[2000:], y[2000:])
    assert found.covered.value == pytest.approx(0.9, abs=0.04)  # four standard errors


def test_an_empty_set_gets_the_likeliest_class():
    random = np.random.default_rng(2)
    p = np.eye(3)[random.integers(3, size=200)]
    y = np.array(["a", "b", "c"])[p.argmax(axis=1)]
    model, unsure = Prior(["a", "b", "c"]), np.array([[0.4, 0.35, 0.25]])
    empty = ConformalStudent(model, p, y, empty_sets=True).predict_set(unsure)
    assert not empty.any()
    full = ConformalStudent(model, p, y).predict_set(unsure)
    assert full.tolist() == [[True, False, False]]


def test_each_group_gets_the_confidence_by_itself():
    random = np.random.default_rng(3)
    n = 4000
    frame = pd.DataFrame(
        {"x": random.normal(size=n), "kind": random.choice(["calm", "wild"], n)}
    )
    noise = np.where(frame.kind == "wild", 5.0, 1.0)
    y = frame.x.to_numpy() + noise * random.normal(size=n)
    model = make_pipeline(Only("x"), LinearRegression()).fit(frame, y)
    halves = frame[::4], frame[1::4], frame[2::4]
    plain = ConformalStudent(model, halves[0], y[::4])
    each = ConformalStudent(model, halves[0], y[::4], groups="kind")
    together, calm, wild = each.coverage(halves[1], y[1::4])
    assert (calm.group, wild.group, together.n_rows) == ("calm", "wild", 1000)
    for found in (together, calm, wild):
        assert found.covered.value == pytest.approx(0.9, abs=0.08)
    assert calm.size < plain.coverage(halves[1], y[1::4])[0].size < wild.size
    # Nine of ten over all rows, and fewer of the wild ones.
    found = plain.coverage(halves[1], y[1::4], groups="kind")
    assert found[2].covered.high < 0.9 < found[1].covered.low
    other = halves[2].assign(kind="new")
    assert np.isinf(each.predict_interval(other)).all()
    mixed = halves[2].assign(kind=["calm", "new"] * 500)
    assert np.isinf(each.predict_interval(mixed)).all(axis=1).sum() == 500
    few = np.where(np.arange(1000) < 3, "rare", halves[0].kind)
    with pytest.warns(UserWarning, match="fewer than 9 rows.*rare"):
        ConformalStudent(model, halves[0], y[::4], groups=lambda X: few[: len(X)])


class Only(StandardScaler):
    """One column of a frame."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def fit(self, X, y=None):
        return super().fit(X[[self.name]])

    def transform(self, X):
        return super().transform(X[[self.name]])


def test_raw_frames_with_texts_and_gaps():
    random = np.random.default_rng(4)
    n = 400
    frame = pd.DataFrame(
        {
            "plan": random.choice(["monthly", "yearly", None], n),
            "age": np.where(random.random(n) < 0.1, np.nan, random.normal(40, 9, n)),
        }
    )
    y = np.where((frame.plan == "yearly") ^ (random.random(n) < 0.2), "stay", "leave")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(frame[:200], y[:200])
    wrapped = ConformalStudent(tree, frame[200:], y[200:])
    sets = pickle.loads(pickle.dumps(wrapped)).predict_set(frame[:5])
    assert sets.shape == (5, 2) and (sets == wrapped.predict_set(frame[:5])).all()
    given = {"X_train": frame[:200]}
    again = ConformalStudent(tree, frame[200:], y[200:], **given)
    assert (again.predict_set(frame) == wrapped.predict_set(frame)).all()
    with pytest.raises(ValueError, match="X_cal: 1.. of its 300 rows stand in X_train"):
        ConformalStudent(tree, frame[100:], y[100:], **given)
    assert (wrapped.predict(frame[:5]) == tree.predict(frame[:5])).all()
    with pytest.raises(AttributeError, match="predict_set"):
        wrapped.predict_interval(frame)


def test_intervals_of_values_of_quantiles_and_in_a_search():
    random = np.random.default_rng(5)
    X, y = make_regression(900, 4, noise=20, random_state=0)
    student = StudentRegressor(student=LinearRegression()).fit(X[:300], y[:300])
    search = GridSearchCV(LinearRegression(), {"fit_intercept": [True]}, cv=2)
    for model in (student, search.fit(X[:300], y[:300])):
        wrapped = ConformalStudent(model, X[300:600], y[300:600])
        (found,) = wrapped.coverage(X[600:], y[600:])
        assert found.covered.value == pytest.approx(0.9, abs=0.09)
        width = np.diff(wrapped.predict_interval(X), axis=1)
        assert np.allclose(width, width[0]) and found.size == pytest.approx(width[0, 0])
    two = LinearRegression().fit(X, np.column_stack([y, -y]))
    wrapped = ConformalStudent(two, X, np.column_stack([y, -y]))
    ends = wrapped.predict_interval(X[:7])
    assert ends.shape == (7, 2, 2)
    assert np.allclose(ends[:, 0], -ends[:, 1, ::-1])

    class Quantiles(LinearRegression):
        quantiles = (0.2, 0.5, 0.8)

        def predict(self, X):
            width = 1 + np.abs(X[:, 1:2])
            return super().predict(X)[:, None] + width * [-1, 0, 1]

    y = X[:, 0] + (1 + np.abs(X[:, 1])) * random.normal(size=900)
    bands = ConformalStudent(Quantiles().fit(X, y), X[:450], y[:450])
    (found,) = bands.coverage(X[450:], y[450:])
    assert found.covered.value == pytest.approx(0.9, abs=0.08)
    assert np.ptp(np.diff(bands.predict_interval(X), axis=1)) > 1
    with pytest.raises(AttributeError, match="predict_interval"):
        bands.predict_set(X)


def test_what_makes_no_sense_is_refused(monkeypatch):
    random = np.random.default_rng(6)
    p, y = drawn(random, 40)
    model = Prior(["a", "b", "c"])
    several = Prior([0, 1])
    several.classes_ = [np.arange(2)] * 2
    for student, rows, options, words in [
        (model, (p[:8], y[:8]), {}, "at least 9 rows"),
        (model, (p, np.full(40, "z")), {}, r"\['z'\]"),
        (model, (p, y[:9]), {}, r"y_cal has the shape \(9,\), and X_cal has 40 rows"),
        (model, (p, np.where(y == "a", None, y)), {}, "y_cal has no label in"),
        (model, (p, y), {"groups": "plan"}, "groups='plan' is no column of X"),
        (model, (p, y), {"groups": 3}, "groups=3 is no column of X, which has 3"),
        (model, (p, y), {"groups": lambda X: X[:5, 0]}, "shape .5,. for 40 rows"),
        (model, (p, y), {"X_train": p[:, :2]}, "other columns than X_cal"),
        (model, (p, y), {"confidence": 1.0}, "confidence"),
        (model, (p, y), {"method": "aps", "groups": 0}, "groups is for"),
        (Prior(["a", "b"]), (p, y), {"method": "aps"}, "three classes"),
        (several, (p, y), {}, "one of one target"),
    ]:
        with pytest.raises(ValueError, match=words):
            ConformalStudent(student, *rows, **options)
    with pytest.raises(TypeError, match="student=None must be a fitted"):
        ConformalStudent(None, p, y)
    with pytest.raises(NotFittedError, match="student, .* is not fitted"):
        ConformalStudent(HardDecisionTreeClassifier(), p, y)
    monkeypatch.setattr(
        "skdistill.report.conformal.student.find_spec", lambda name: None
    )
    with pytest.raises(ImportError, match=r"skdistill\[conformal\]"):
        ConformalStudent(model, p, y)


def test_several_labels_whose_places_look_like_classes_are_refused():
    X = np.random.default_rng(0).normal(size=(40, 2))
    student = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, (X > 0).astype(int))
    with pytest.raises(ValueError, match="one of one target"):
        ConformalStudent(student, X, (X[:, 0] > 0).astype(int))


def test_truths_of_another_shape_or_none_are_refused():
    """A gap would make the intervals NaN, and one column would stand for two."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    two = LinearRegression().fit(X, X)
    for y, words in [
        (
            np.where(np.arange(40)[:, None] < 9, np.nan, X),
            "y_cal has no label in 9 rows",
        ),
        (
            np.where(np.arange(40)[:, None] < 9, np.inf, X),
            "y_cal must be finite numbers",
        ),
        (np.where(X > 0, "more", "less"), "y_cal must be finite numbers"),
        (X[:, 0], "y_cal has 1 columns, and the student 2"),
    ]:
        with pytest.raises(ValueError, match=words):
            ConformalStudent(two, X, y)
    wrapped = ConformalStudent(two, X, X)
    with pytest.raises(ValueError, match="y has 1 columns, and the student 2"):
        wrapped.coverage(X, X[:, 0])
    with pytest.raises(ValueError, match="y has no label in 40 rows"):
        wrapped.coverage(X, np.full_like(X, np.nan))


def test_groups_of_whole_numbers_are_the_same_as_floats():
    """A frame with one gap has floats where another has integers."""
    X = pd.DataFrame({"x": np.arange(40.0), "site": np.arange(40) % 2})
    model = make_pipeline(Only("x"), LinearRegression()).fit(X, X["x"])
    for groups in ("site", 1):
        wrapped = ConformalStudent(model, X, X["x"], groups=groups)
        later = X.assign(site=X["site"].astype(float).where(X.index != 3))
        is_known = np.isfinite(wrapped.predict_interval(later)).all(axis=1)
        assert np.flatnonzero(~is_known).tolist() == [3]
        assert [each.group for each in wrapped.coverage(X, X["x"])[1:]] == ["0", "1"]


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_a_gap_is_one_group_of_whatever_kind_it_is(gap):
    X = pd.DataFrame({"x": np.arange(40.0), "site": np.arange(40.0)})
    X["site"] = X["site"].where(X["site"] % 2 == 0).mul(0)
    model = make_pipeline(Only("x"), LinearRegression()).fit(X, X["x"])
    wrapped = ConformalStudent(model, X, X["x"], groups="site")
    later = X.assign(site=pd.Series([gap, 0] * 20, dtype=object))
    assert np.isfinite(wrapped.predict_interval(later)).all()


def test_filters_of_warnings_stay_as_they_were(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "crepes"]:
        monkeypatch.delitem(sys.modules, name)
    before = list(warnings.filters)
    scores._crepes()
    assert warnings.filters == before


def test_what_is_wrapped_is_said_and_clone_refuses_it():
    X, y = drawn(np.random.default_rng(3), 60)
    wrapped = ConformalStudent(Prior(["a", "b", "c"]), X, y, confidence=0.85)
    said = repr(wrapped)
    for word in ("sets by Prior", "confidence 0.85", "'lac'", "60 rows"):
        assert word in said
    values = ConformalStudent(
        LinearRegression().fit(X, X[:, 0]), X, X[:, 0], groups=gone
    )
    assert "intervals by LinearRegression" in repr(values) and "gone" in repr(values)
    with pytest.raises(TypeError, match="does not seem to be a scikit-learn estimator"):
        clone(wrapped)


def gone(X):
    """A group of all rows."""
    return np.zeros(len(X))
