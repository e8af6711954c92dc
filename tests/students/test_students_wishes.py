"""A regulator's wishes: columns allowed, apart, in order, and few."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
)

NAMES = ["a", "plan", "c", "d", "e"]
BOTH = [HardDecisionTreeClassifier, HardDecisionTreeRegressor]


def table(seed=0, n=300):
    """Numbers, categories and gaps; values that are in order in no column."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": random.normal(size=n),
            "plan": random.choice(["x", "y", "z"], n),
            "c": np.where(random.random(n) < 0.15, np.nan, random.normal(size=n)),
            "d": random.integers(0, 9, n),
            "e": random.normal(size=n),
        }
    )
    z = (
        np.sin(2 * X.a)
        + (X.plan == "x") * X.d / 4
        - X.c.fillna(1) * (X.d > 4)
        + X.e / 3
    )
    return X, z + random.normal(size=n) / 2


def targets(student, z):
    return (z > 0.3).to_numpy() if student is HardDecisionTreeClassifier else z


def answers(tree, X):
    is_class = isinstance(tree, HardDecisionTreeClassifier)
    return tree.predict_proba(X)[:, 1] if is_class else tree.predict(X)


def columns_of_paths(tree):
    source = np.array([term.column for term in tree.preprocessor_.terms_])
    asked = np.append(source, -1)[tree.tree_.feature]  # the last one is that of leaves
    parent, found = tree.tree_.parent, set()
    for leaf in np.flatnonzero(tree.tree_.is_leaf):
        path, node = set(), leaf
        while node:
            node = parent[node]
            path.add(NAMES[asked[node]])
        found.add(frozenset(path))
    return found


def columns_of(tree):
    return frozenset().union(*columns_of_paths(tree))


def falls(tree, X, column, seed=0):
    """The largest fall of the answers when a column alone rises, in random rows."""
    random = np.random.default_rng(seed)
    rows = X.iloc[random.integers(0, len(X), 1500)].reset_index(drop=True)
    known = X[column].dropna().to_numpy()
    pairs = np.sort(random.choice(known, size=(2, len(rows))), axis=0)
    low, high = (answers(tree, rows.assign(**{column: values})) for values in pairs)
    return (low - high).max(), (high - low).max()


@pytest.mark.parametrize("student", BOTH)
@pytest.mark.parametrize("seed", range(4))
def test_answers_are_in_order_for_any_two_rows(student, seed):
    X, z = table(seed)
    y, wish = targets(student, z), {"a": 1, "c": -1, "d": [1, -1, 0][seed % 3]}
    options = {"max_leaf_nodes": 10, "random_state": 0}
    tree = student(monotonic_cst=wish, **options).fit(X, y)
    free, wrong = student(**options).fit(X, y), []
    for column, direction in wish.items():
        if direction:
            assert falls(tree, X, column, seed)[direction < 0] <= 0
            wrong.append(falls(free, X, column, seed)[direction < 0])
    assert max(wrong) > 0
    assert 2 <= tree.get_n_leaves() <= 10


def test_they_are_with_a_teacher_and_after_the_last_word_of_labels():
    X, z = table(7, n=300)
    X, y = X[["a", "d", "e"]], (z > 0.3).to_numpy()
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    tree = HardDecisionTreeClassifier(
        forest,
        monotonic_cst=[0, 1, 1],
        max_leaf_nodes=8,
        transfer=None,
        random_state=0,
    ).fit(X, y)
    for column in ("d", "e"):
        assert falls(tree, X, column)[0] <= 0
        assert falls(tree, X, column)[1] > 0
    assert np.isclose(tree.class_prior_.sum(), 1)


@pytest.mark.parametrize("student", BOTH)
def test_wishes_that_change_nothing_leave_the_tree_bit_for_bit(student):
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 4))
    z = pd.Series(3 * X[:, 0] + np.where(X[:, 1] > 0, 1, -1))
    y, options = targets(student, z), {"max_leaf_nodes": 6, "random_state": 0}
    free = student(**options).fit(X, y)
    wishes = [
        {"monotonic_cst": [1, 1, 0, 0]},
        {"monotonic_cst": [0, 0, 0, 0]},
        {"interaction_cst": [range(4)]},
        {"interaction_cst": []},
        {"allowed_features": [3, 2, 1, 0]},
        {"max_questions": len(free.tree_.asked)},
    ]
    for wish in wishes:
        tree = student(**options, **wish).fit(X, y)
        for name in ("children_left", "feature", "threshold", "sums"):
            np.testing.assert_array_equal(
                getattr(tree.tree_, name), getattr(free.tree_, name)
            )


@pytest.mark.parametrize("student", BOTH)
@pytest.mark.parametrize(
    "wish, groups",
    [
        ("no_interactions", [{name} for name in NAMES]),
        ("pairwise", [{a, b} for a in NAMES for b in NAMES]),
        ([{"a", "plan"}, [2, 3]], [{"a", "plan"}, {"c", "d"}, {"e"}]),
        ([("a", "plan"), ("plan", "d")], [{"a", "plan"}, {"plan", "d"}, {"c", "e"}]),
    ],
)
def test_columns_meet_on_a_path_in_their_groups_alone(student, wish, groups):
    X, z = table(1)
    tree = student(max_leaf_nodes=8, interaction_cst=wish, random_state=0)
    tree.fit(X, targets(student, z))
    assert tree.get_n_leaves() > 4
    for path in columns_of_paths(tree):
        assert any(path <= group for group in groups)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_tree_asks_about_few_columns(most):
    X, z = table(2)
    options = {"max_leaf_nodes": 8, "random_state": 0}
    tree = HardDecisionTreeRegressor(max_questions=most, **options).fit(X, z)
    assert 1 <= len(columns_of(tree)) <= most
    small = HardDecisionTreeRegressor(
        max_questions=most,
        interaction_cst="pairwise",
        monotonic_cst={"d": 1},
        **options,
    ).fit(X, z)
    assert len(columns_of(small)) <= most
    assert falls(small, X, "d")[0] <= 0


def test_it_asks_about_few_columns_though_there_is_no_time():
    X, z = table(2)
    student = HardDecisionTreeRegressor(time_budget=1e-9, max_questions=2)
    with pytest.warns(UserWarning, match="time_budget"):
        assert len(columns_of(student.fit(X, z))) <= 2


@pytest.mark.parametrize(
    "wish",
    [["a", "d"], [0, 3], [True, False, False, True, False], pd.Index(["d", "a"])],
)
def test_no_other_column_is_asked_about(wish):
    X, z = table(3)
    options = {"max_leaf_nodes": 6, "random_state": 0}
    student = HardDecisionTreeRegressor(allowed_features=wish, **options)
    tree = student.fit(X, z)
    assert columns_of(tree) == {"a", "d"}
    narrow = HardDecisionTreeRegressor(**options).fit(X[["a", "d"]], z)
    np.testing.assert_array_equal(tree.predict(X), narrow.predict(X[["a", "d"]]))


def test_a_column_that_says_nothing_makes_a_tree_of_one_leaf():
    X, z = table(3)
    student = HardDecisionTreeRegressor(allowed_features=["same"])
    assert student.fit(X.assign(same="k"), z).get_n_leaves() == 1


def test_wishes_are_about_what_a_transformer_puts_out():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    scaler = StandardScaler().set_output(transform="pandas")
    tree = HardDecisionTreeRegressor(
        preprocessor=scaler, allowed_features=["bmi", "s5"], monotonic_cst={"bmi": 1}
    ).fit(X, y)
    assert set(tree.tree_.asked) <= {2, 8}
    assert falls(tree, X, "bmi")[0] <= 0
    nameless = FunctionTransformer(lambda x: x[["bmi", "bp"]].to_numpy())
    tree.set_params(preprocessor=nameless, allowed_features=[1], monotonic_cst=None)
    assert set(tree.fit(X, y).tree_.asked) == {1}
    with pytest.raises(ValueError, match="allowed_features.*position 2"):
        tree.set_params(allowed_features=[2]).fit(X, y)
    with pytest.raises(ValueError, match="allowed_features.*no names"):
        tree.set_params(allowed_features=["bp"]).fit(X, y)


def test_wide_tables_are_searched_within_wishes():
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 130))
    y = X[:, 3] + X[:, 7] * (X[:, 100] > 0)
    tree = HardDecisionTreeRegressor(
        max_leaf_nodes=6,
        allowed_features=np.arange(2, 130),
        monotonic_cst=np.eye(130, dtype=int)[3],
        interaction_cst="pairwise",
        max_questions=3,
    ).fit(X, y)
    assert 3 in tree.tree_.asked and len(tree.tree_.asked) <= 3


def test_the_smallest_tree_is_chosen_within_wishes():
    X, z = table(4)
    wish = {"monotonic_cst": {"d": 1, "a": -1}, "interaction_cst": "pairwise"}
    tree = HardDecisionTreeRegressor(max_leaf_nodes="auto", **wish).fit(X, z)
    assert falls(tree, X, "d")[0] <= 0 and falls(tree, X, "a")[1] <= 0
    assert all(len(path) <= 2 for path in columns_of_paths(tree))


def test_a_soft_tree_is_hardened_within_wishes():
    X, z = table(5, n=300)
    y = targets(HardDecisionTreeClassifier, z)
    soft = SoftDecisionTreeClassifier(
        max_depth=2, max_epochs=3, transfer=None, random_state=0
    )
    found = soft.fit(X, y).harden(
        X,
        y,
        max_leaf_nodes=6,
        allowed_features=["a", "d", "plan"],
        interaction_cst="pairwise",
        monotonic_cst={"d": 1},
        max_questions=2,
        random_state=0,
    )
    assert len(columns_of(found)) <= 2
    assert columns_of(found) <= {"a", "d", "plan"}
    assert falls(found, X, "d")[0] <= 0


@pytest.mark.parametrize(
    "wish, message",
    [
        ({"allowed_features": ["q"]}, "allowed_features.*'q'.*'a', 'plan'"),
        ({"allowed_features": [5]}, "allowed_features.*position 5.*from 0 to 4"),
        ({"allowed_features": [-1]}, "allowed_features.*position -1"),
        ({"allowed_features": []}, "allowed_features allows no column"),
        ({"allowed_features": [True, False]}, "allowed_features.*shape"),
        ({"allowed_features": [False] * 5}, "allowed_features allows no column"),
        ({"interaction_cst": [{"q"}]}, "interaction_cst.*'q'"),
        ({"interaction_cst": [{7}]}, "interaction_cst.*position 7"),
        ({"interaction_cst": ["a"]}, "interaction_cst.*no set"),
        ({"interaction_cst": [0]}, "interaction_cst.*no set"),
        ({"interaction_cst": "none"}, "interaction_cst"),
        ({"monotonic_cst": {"q": 1}}, "monotonic_cst.*'q'"),
        ({"monotonic_cst": {"plan": 1}}, "monotonic_cst.*'plan'.*categories"),
        ({"monotonic_cst": [1, 0]}, "monotonic_cst.*shape"),
        ({"monotonic_cst": [2, 0, 0, 0, 0]}, "monotonic_cst.*2"),
        ({"monotonic_cst": {"a": "up"}}, "monotonic_cst.*'up'"),
        ({"max_questions": 0}, "max_questions"),
        ({"max_questions": 1.5}, "max_questions"),
    ],
)
def test_what_is_no_wish_is_an_error_that_names_the_parameter(wish, message):
    X, z = table(n=60)
    asked = []

    def teacher(rows):
        asked.append(len(rows))
        return np.zeros(len(rows))

    with pytest.raises(ValueError, match=message):
        HardDecisionTreeRegressor(teacher, **wish).fit(X, z)
    assert not asked  # a teacher may take hours


def test_order_is_of_one_number():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="monotonic_cst is for two classes.*3"):
        HardDecisionTreeClassifier(monotonic_cst=[1, 0, 0, 0]).fit(X, y)
    with pytest.raises(ValueError, match="monotonic_cst is for a single target.*4"):
        HardDecisionTreeRegressor(monotonic_cst=[1, 0, 0, 0]).fit(X, X)
    with pytest.raises(ValueError, match="monotonic_cst.*no names"):
        HardDecisionTreeRegressor(monotonic_cst={"a": 1}).fit(X, X[:, 0])


def test_values_of_a_teacher_alone_are_in_order():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    wish = {"bmi": 1, "s5": 1, "age": -1}
    tree = HardDecisionTreeRegressor(
        forest, monotonic_cst=wish, max_leaf_nodes=8, transfer=None
    ).fit(X)
    for column, direction in wish.items():
        assert falls(tree, X, column)[direction < 0] <= 0
