"""The smallest change that flips a decision, against brute force."""

import sys
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import polars
import pytest
from containers import columns, containers
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import FunctionTransformer

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    all_counterfactuals,
    counterfactual,
    explain,
    export_text,
)
from skdistill.export import to_numpy

SOFT = {"max_depth": 3, "max_epochs": 40, "random_state": 0}


@pytest.fixture(scope="module")
def mixed():
    random, n = np.random.default_rng(0), 400
    X = pd.DataFrame(
        {
            "tenure": random.integers(0, 72, n),
            "charges": random.lognormal(4, 1, n),
            "plan": pd.Categorical(random.choice(["month", "year", "none"], n)),
            "age": np.where(random.random(n) < 0.1, np.nan, random.normal(50, 9, n)),
        }
    )
    goes = (X.tenure < 20) & (X.plan == "month") & (X.charges > 40) | (X.age > 60)
    return X, np.where(goes, "goes", "stays")


def rank(values, value):
    """Share of rows up to a value, between two of them in proportion."""
    seen, counts = np.unique(values, return_counts=True)
    return np.interp(value, seen, counts.cumsum() / len(values))


@pytest.mark.parametrize("seed", range(3))
def test_on_hard_trees_it_is_the_smallest_of_all(seed):
    random = np.random.default_rng(seed)
    X = random.normal(size=(200, 3))
    y = ((X[:, 0] > 0) ^ (X[:, 1] * X[:, 2] > 0.2)).astype(int)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=9).fit(X, y)
    for i in range(12):
        found, x = counterfactual(tree, X[i], max_features=1), X[i]
        now, nearest = tree.predict(x[None])[0], np.inf
        for j in range(3):
            grid = np.linspace(X[:, j].min(), X[:, j].max(), 4001)
            rows = np.repeat(x[None], len(grid), axis=0)
            rows[:, j] = grid
            hits = grid[tree.predict(rows) != now]
            if len(hits):
                far = np.abs(rank(X[:, j], hits) - rank(X[:, j], x[j])).min()
                nearest = min(nearest, far)
        if not found:
            assert nearest == np.inf and "takes two" in str(found)
            continue
        changed = x.copy()
        changed[found.feature] = found.after
        assert tree.predict(changed[None])[0] == found.prediction != now
        assert found.before == x[found.feature]
        assert found.distance <= nearest + 1e-9
        assert found.distance > nearest - 0.01  # the grid is that fine


def test_a_soft_boundary_is_found_by_bisection(mixed):
    X, y = mixed
    tree = SoftDecisionTreeClassifier(**SOFT).fit(X, y)
    n_found = 0
    for i in range(0, 40, 4):
        found = counterfactual(tree, X[i : i + 1], max_features=1)
        if not found or found.feature == "plan":
            continue
        n_found += 1
        row = X[i : i + 1].astype({found.feature: float})
        row[found.feature] = found.after
        assert tree.predict(row)[0] == found.prediction != tree.predict(X[i : i + 1])[0]
        step = 1 if found.feature == "tenure" else 1e-6
        row[found.feature] = found.after + step * np.sign(found.before - found.after)
        assert tree.predict(row)[0] != found.prediction  # no nearer value does it
        low, high = X[found.feature].min(), X[found.feature].max()
        assert low <= found.after <= high
        if found.feature == "tenure":
            assert found.after == int(found.after)
    assert n_found > 3


def test_categories_gaps_and_what_may_change(mixed):
    X, y = mixed
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12).fit(X, y)
    young = (X.tenure < 15) & (X.plan == "month") & (X.charges > 60) & (X.age < 55)
    row = X[young][:1]
    found = counterfactual(tree, row, features=["plan"])
    assert (found.before, found.prediction, found.distance) == ("month", "stays", 1)
    assert found.after in ("year", "none")
    assert str(found) == f"plan = {found.after} instead of month makes it stays"
    nearer = counterfactual(tree, row)
    assert nearer.distance < 1 and nearer.feature in ("tenure", "charges")
    same = (
        counterfactual(tree, row.squeeze()),
        counterfactual(tree, polars.from_pandas(row)),
    )
    assert same[0] == same[1] == nearer
    gap = X[X.age.isna() & (y == "stays")][:1]
    found = counterfactual(tree, gap, features=["age"])
    assert np.isnan(found.before) and found.after > 59


@pytest.mark.parametrize(
    "tree",
    [HardDecisionTreeClassifier(max_leaf_nodes=3), SoftDecisionTreeClassifier(**SOFT)],
)
def test_a_column_of_gaps_alone_is_passed_over(tree):
    x = np.random.default_rng(0).normal(size=80)
    X = pd.DataFrame({"x": x, "none": np.nan})
    found = counterfactual(tree.fit(X, x > 0), X[:1])
    assert found.feature == "x" and found.prediction != (x[0] > 0)


@pytest.mark.parametrize("number", [Decimal, Fraction, np.float32, int])
def test_numbers_of_any_type_are_numbers(number):
    X = pd.DataFrame({"x": [number(i % 5) for i in range(60)]})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, np.arange(60) % 5 > 2)
    for row in (X[:1], X.iloc[0]):
        found = counterfactual(tree, row)
        assert str(found) == "x > 2 instead of 0 makes it True"
        assert type(found.before) is float


def test_a_category_and_another_column_may_change_together():
    both = np.array([[False, False], [False, True], [True, False], [True, True]] * 40)
    X = pd.DataFrame({"c": pd.Categorical(np.where(both[:, 0], "on", "off"))})
    X["x"] = both[:, 1].astype(float)
    params = {"max_epochs": 40, "lr": 0.1, "batch_size": 32, "random_state": 0}
    tree = SoftDecisionTreeClassifier(max_depth=1, **params).fit(X, both.all(axis=1))
    assert tree.predict(X[:4]).tolist() == [False, False, False, True]
    found = counterfactual(tree, X[:1])
    assert sorted(found.feature) == ["c", "x"] and found.prediction


def test_columns_of_the_largest_floats():
    x = np.array([-1.7e308, -1e308, 0, 1e308, 1.7e308])[np.arange(60) % 5][:, None]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(x, x[:, 0] > 0)
    found = counterfactual(tree, x[0])
    assert found.after > 0 and tree.predict([[found.after]])[0]
    assert len(all_counterfactuals(tree, x[0])) == 1
    np.testing.assert_array_equal(to_numpy(tree).predict(x), tree.predict(x))


CATEGORIES = {
    "booleans": ([False, True, False], [True, False, True]),
    "integers beyond floats": ([2**53, 2**53 + 1, 2**53 + 2], [2**53 + 1]),
    "some that no row has": ([*"abc"], [*"zbaycx"]),
}


@pytest.mark.parametrize("kind", CATEGORIES)
def test_categories_keep_their_type_and_were_seen(kind):
    held, first = CATEGORIES[kind]
    levels = list(dict.fromkeys([*first, *held]))
    X = pd.DataFrame({"c": pd.Categorical(held * 30, categories=levels)})
    y = X["c"] == held[1]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, y)
    found = counterfactual(tree, X[1:2])
    assert found.before == held[1] and str(found).endswith(
        f" of {held[1]} makes it False"
    )
    others = all_counterfactuals(tree, X[1:2])["after"].tolist()
    assert sorted(others) == sorted({*held} - {held[1]})


def test_rows_of_no_weight_are_as_if_they_were_not_there():
    x = np.linspace(0, 1, 100)
    X = pd.DataFrame({"x": x, "c": np.where(x > 0.8, "far", "near")})
    seen = x <= 0.8
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2)
    tree.fit(X, x > 0.3, sample_weight=seen.astype(float))
    flips = all_counterfactuals(tree, X[:1])
    tree.fit(X[seen], x[seen] > 0.3)
    pd.testing.assert_frame_equal(flips, all_counterfactuals(tree, X[:1]))
    with pytest.raises(
        ValueError, match="permitted_range of 'c' is 5: give a list of c"
    ):
        counterfactual(tree, X[:1], permitted_range={"c": 5})


def test_a_class_that_is_asked_for_is_reached():
    X, y = load_iris(return_X_y=True, as_frame=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    assert counterfactual(tree, X.iloc[60]).prediction in (0, 2)
    found = counterfactual(tree, X.iloc[60], target=2)
    assert (found.feature, found.prediction) == ("petal width (cm)", 2)
    assert found.after == pytest.approx(1.75)
    assert str(counterfactual(tree, X.iloc[60], target=1)) == "it is class 1 already"
    none = counterfactual(tree, X.iloc[60], features=[0, 1])
    assert not none and none.prediction == 1 and none.changes == ()
    assert str(none) == (
        "no change that is allowed makes it anything but class 1 (the tree asks about none "
        "that may)"
    )
    tree.fit(X.to_numpy(), y)
    by_number = counterfactual(tree, X.to_numpy()[60:61], features=[3], target=2)
    assert by_number.after == found.after


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": np.zeros((2, 4))}, "x has 2 rows"),
        ({"x": np.zeros(4), "target": 7}, "target=7 is none of the classes"),
        ({"x": np.zeros(4), "features": ["height"]}, "'height' is no column"),
        ({"x": np.zeros(4), "features": [4]}, "4 is no column"),
        ({"x": np.zeros(3)}, "3 features"),
        ({"x": np.zeros(4), "max_features": 0}, "max_features=0 must be at least 1"),
        (
            {"x": np.zeros(4), "max_features": "2"},
            "max_features='2' must be at least 1",
        ),
        (
            {"x": np.zeros(4), "max_features": 1.5},
            "max_features=1.5 must be at least 1",
        ),
        ({"x": np.zeros(4), "target": [1]}, r"target=\[1\] is none of the classes"),
        ({"x": np.zeros(4), "immutable": ["height"]}, "immutable=.*is no column"),
        ({"x": np.zeros(4), "immutable": "a"}, "immutable='a' must be a list of col"),
        ({"x": np.zeros(4), "features": 2}, "features=2 must be a list of columns"),
        (
            {"x": np.zeros(4), "features": np.array([True, False, False, True])},
            "features=.*True_? is no column",
        ),
        ({"x": np.zeros(4), "permitted_range": [0]}, "permitted_range=.* be a dict"),
        (
            {"x": np.zeros(4), "permitted_range": {9: (0, 1)}},
            "permitted_range=.*9 is no",
        ),
        (
            {"x": np.zeros(4), "permitted_range": {0: (1, 0)}},
            "the lowest and the highest",
        ),
        ({"x": np.zeros(4), "permitted_range": {0: [1]}}, "the lowest and the highest"),
        ({"x": np.zeros(4), "permitted_range": {0: 1}}, "the lowest and the highest"),
        (
            {"x": np.zeros(4), "permitted_range": {0: ("1", "2")}},
            "the lowest and the highest",
        ),
        (
            {"x": np.zeros(4), "permitted_range": {0: (np.nan, 2)}},
            "the lowest and the highest",
        ),
    ],
)
def test_bad_calls_name_the_argument(given, message):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    with pytest.raises(ValueError, match=message):
        counterfactual(tree, **given)


def test_what_has_no_single_decision_is_refused():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="classifier of one target"):
        counterfactual(HardDecisionTreeRegressor(max_leaf_nodes=3).fit(X, y), X[0])
    both = np.column_stack([y > 100, y > 200]).astype(int)
    several = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, both)
    with pytest.raises(ValueError, match="classifier of one target"):
        counterfactual(several, X[0])
    dates = pd.DataFrame(
        {"when": pd.date_range("2020", periods=40), "x": np.arange(40.0)}
    )
    view = FunctionTransformer(lambda frame: frame[["x"]].to_numpy())
    tree = HardDecisionTreeClassifier(preprocessor=view, max_leaf_nodes=2)
    tree.fit(dates, dates.x > 20)
    with pytest.raises(ValueError, match="columns of other kinds"):
        counterfactual(tree, dates[:1])


def test_gaps_of_every_kind_have_the_same_explanations():
    numbers, texts, y = columns()
    said, known = {}, containers(numbers, texts)
    few = ["floats", "arrow batch", "masked", "array timedelta64", "list masked"]
    for name in few:
        X = known[name]
        tree = HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(X, y)
        for i in (0, 7, 9):  # a gap in both, in the number, in the string
            row = X.slice(i, 1) if hasattr(X, "slice") else X[i : i + 1]
            both = f"{explain(tree, row)} {counterfactual(tree, row)}"
            both = both.replace("feature_0", "n").replace("feature_1", "t")
            assert said.setdefault(i, both) == both, name


@pytest.mark.parametrize("seed", range(3))
def test_on_hard_trees_two_features_are_the_nearest_two(seed):
    random = np.random.default_rng(seed)
    X = random.normal(size=(250, 3))
    y = ((X > 0.3).sum(axis=1) >= 2).astype(int)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y)
    low, high = X.min(axis=0), X.max(axis=0)
    grids = [np.linspace(low[j], high[j], 201) for j in range(3)]
    n_pairs = 0
    for x in X[:40]:
        found = counterfactual(tree, x)
        if len(found.changes) < 2:
            continue
        n_pairs += 1
        changed, now = x.copy(), tree.predict(x[None])[0]
        changed[list(found.feature)] = found.after
        assert tree.predict(changed[None])[0] == found.prediction != now
        nearest = np.inf
        for j, k in combinations(range(3), 2):
            a, b = (each.ravel() for each in np.meshgrid(grids[j], grids[k]))
            rows = np.repeat(x[None], len(a), axis=0)
            rows[:, j], rows[:, k] = a, b
            hits = tree.predict(rows) != now
            far = np.abs(rank(X[:, j], a) - rank(X[:, j], x[j]))
            far += np.abs(rank(X[:, k], b) - rank(X[:, k], x[k]))
            nearest = min(nearest, far[hits].min(initial=np.inf))
        assert found.distance <= nearest + 1e-9
        assert found.distance > nearest - 0.1  # the grid is that fine
    assert n_pairs > 3


@pytest.fixture(scope="module")
def three_needed():
    """A tree that says yes where three columns are all high, or one is very high."""
    grid = np.stack(np.meshgrid(*[np.arange(10.0)] * 4), axis=-1).reshape(-1, 4)
    X = pd.DataFrame(grid, columns=["age", "income", "tenure", "noise"])
    yes = (X[["age", "income", "tenure"]] > 5.5).all(axis=1)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4)
    return X, tree.fit(X, np.where(yes, "Yes", "No"))


def test_where_there_is_none_it_says_what_is_nearest(three_needed):
    X, tree = three_needed
    found = counterfactual(tree, X.iloc[0])
    assert not found and found.distance == np.inf and found.prediction == "No"
    reason = str(found)
    start = (
        "no change of one or two features makes it anything but No: the nearest takes"
    )
    assert reason.startswith(f"{start} three, ")
    for name in ("age", "income", "tenure"):
        assert f"{name} > 5 instead of 0" in reason
        assert f"{name} > 5" in export_text(tree)  # the same words
    found = counterfactual(tree, X.iloc[0], max_features=3)
    assert len(found.changes) == 3 and found.prediction == "Yes"
    assert str(found).endswith(" together make it Yes")
    fixed = counterfactual(tree, X.iloc[0], max_features=4, immutable=["income"])
    assert not fixed and "age and tenure" in str(fixed) and "income" not in str(fixed)


def test_what_may_not_change_or_only_so_far_does_not(three_needed):
    X, tree = three_needed
    row = X.iloc[[9999]]  # 9 in all
    assert counterfactual(tree, row).after == 5
    found = counterfactual(tree, row, immutable=["age", "tenure"])
    assert (found.feature, found.after) == ("income", 5)
    narrow = {"age": (6, 9), "income": (None, 4), "tenure": (9, None)}
    found = counterfactual(tree, row, permitted_range=narrow)
    # No threshold is at 4: it is what is allowed that ends the values.
    assert str(found) == "income = 4 instead of 9 makes it No"
    found = counterfactual(tree, row, permitted_range=dict.fromkeys(narrow, (6, None)))
    assert not found and "no change that is allowed" in str(found)


def test_allowed_categories_and_one_feature_before_two(mixed):
    X, y = mixed
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12).fit(X, y)
    young = (X.tenure < 15) & (X.plan == "month") & (X.charges > 60) & (X.age < 55)
    row = X[young][:1]
    for plan in ("year", "none"):
        found = counterfactual(
            tree, row, features=["plan"], permitted_range={"plan": [plan]}
        )
        assert found.after == plan
    with pytest.raises(ValueError, match="'plan' is 'year': give a list"):
        counterfactual(tree, row, permitted_range={"plan": "year"})
    # One feature is enough, however far.
    only = counterfactual(tree, row, immutable=["tenure", "charges"], max_features=2)
    assert len(only.changes) == 1


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_every_flip_is_one_and_none_is_left_out(mixed, kind):
    X, y = mixed
    hard = HardDecisionTreeClassifier(max_leaf_nodes=12)
    tree = (hard if kind == "hard" else SoftDecisionTreeClassifier(**SOFT)).fit(X, y)
    for i in range(0, 30, 3):
        row = X[i : i + 1]
        now, flips = tree.predict(row)[0], all_counterfactuals(tree, row)
        assert flips["distance"].is_monotonic_increasing
        for flip in flips.itertuples():
            changed = row.astype({flip.feature: object})
            changed[flip.feature] = [flip.after]
            changed = changed.astype(
                {flip.feature: X.dtypes[flip.feature]}, errors="ignore"
            )
            if flip.feature != "plan":
                changed[flip.feature] = changed[flip.feature].astype(float)
            assert tree.predict(changed)[0] == flip.prediction != now
        for name in X:
            values = X[name].dropna().unique()
            rows = X.iloc[np.full(len(values), i)].reset_index(drop=True)
            rows[name] = pd.Series(values, dtype=X.dtypes[name])
            does_it = (tree.predict(rows) != now).any()
            assert does_it == (flips["feature"] == name).any()
        nearest = counterfactual(tree, row, max_features=1)
        assert bool(nearest) == bool(len(flips))
        if nearest:
            assert flips["distance"].iloc[0] == nearest.distance


@pytest.mark.slow
def test_two_features_of_a_soft_tree_are_verified_and_moved_back(three_needed):
    X, _ = three_needed
    both = np.where((X["age"] > 5.5) & (X["income"] > 5.5), "Yes", "No")
    tree = SoftDecisionTreeClassifier(**SOFT).fit(X, both)
    row = X.iloc[[0]]
    assert tree.predict(row)[0] == "No"
    assert not counterfactual(tree, row, max_features=1)
    found = counterfactual(tree, row)
    assert set(found.feature) == {"age", "income"} and found.prediction == "Yes"
    changed = row.copy()
    changed[list(found.feature)] = found.after
    assert tree.predict(changed)[0] == "Yes"
    for name, after in zip(found.feature, found.after, strict=True):
        less = changed.copy()
        less[name] = after - 1  # whole numbers
        assert tree.predict(less)[0] == "No"
    none = counterfactual(tree, row, immutable=["age"])
    assert "tried: income, tenure and noise" in str(none)
    assert "% against the rest" in str(none)
    with pytest.raises(ValueError, match="for a soft tree"):
        counterfactual(tree, row, max_features=3)


def test_numbers_in_text_are_short_and_still_do_it(mixed):
    X, y = mixed
    tree = SoftDecisionTreeClassifier(**SOFT).fit(X, y)
    n_found = 0
    for i in range(0, 40, 2):
        for flip in all_counterfactuals(tree, X[i : i + 1]).itertuples():
            if flip.feature not in ("charges", "age"):
                continue
            text = flip.words.removeprefix(f"{flip.feature} = ").replace(",", "")
            changed = X[i : i + 1].copy()
            changed[flip.feature] = float(text)
            assert tree.predict(changed)[0] == flip.prediction
            n_found += 1
            assert len(text) < 13  # all digits: 17
    assert n_found


@pytest.mark.parametrize(
    "tree",
    [
        HardDecisionTreeClassifier(),
        SoftDecisionTreeClassifier(max_depth=1, max_epochs=2),
    ],
)
def test_a_tree_that_always_says_the_same_has_no_other_answer(tree):
    X = np.zeros((60, 1))
    tree.fit(X, np.where(np.arange(60) < 40, "No", "Yes"))
    found = counterfactual(tree, X[0])
    assert not found and f"anything but {found.prediction}" in str(found)
    assert len(all_counterfactuals(tree, X[0])) == 0


class NoPandas:
    """Finds no pandas, as where it is not installed."""

    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'")


def test_without_pandas_all_flips_are_a_list(monkeypatch):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    frame = all_counterfactuals(tree, X[60])
    # None in its place is more than scikit-learn 1.6 copes with.
    monkeypatch.delitem(sys.modules, "pandas")
    monkeypatch.setattr(sys, "meta_path", [NoPandas(), *sys.meta_path])
    assert all_counterfactuals(tree, X[60]) == frame.to_dict("records")
