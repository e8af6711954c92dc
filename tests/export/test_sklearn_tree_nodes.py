"""What the nodes of an exported tree of scikit-learn's say, and where its rows go.

Nothing here imports torch: the file runs with any scikit-learn alone.
"""

import copy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from question_tables import (
    ODD,
    TABLES,
    classes,
    customers,
    named,
    numbers,
    student_of,
)
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    export_text,
    plot_tree,
)
from sklearn.tree._tree import ccp_pruning_path

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.export import sklearn_nodes, to_sklearn_tree, verify
from skdistill.export.arrays import predictor_of
from skdistill.export.hostile import hostile_rows
from skdistill.export.sklearn_nodes import floored


@pytest.mark.parametrize("table", ["gaps", "named"])
def test_gaps_can_be_filled_in_a_pipeline(table):
    X, score = TABLES[table]()
    y = classes(score, 3)
    student = student_of(y).fit(X, y)
    pipeline = to_sklearn_tree(student, X, with_view=True)
    seen = pipeline[:-1].transform(X)
    assert not np.isnan(seen).any()
    names = pipeline[:-1].get_feature_names_out()
    assert len(names) == pipeline["tree"].n_features_in_
    assert "is missing" in export_text(pipeline["tree"], feature_names=names)
    native = to_sklearn_tree(student, X)
    np.testing.assert_array_equal(native.predict_proba(X), pipeline.predict_proba(X))


def test_a_filling_beside_a_threshold():
    X = np.array([[0.0], [0.1], [0.0], [0.1], [np.nan]] * 20)
    for weight in (1.0, 4.0):  # the mean, and so the filling, is 0.05 and 0.08
        student = HardDecisionTreeClassifier(max_leaf_nodes=2)
        student.fit(
            X, [0, 1, 0, 1, 0] * 20, sample_weight=[1, weight, 1, weight, 1] * 20
        )
        for with_view in (False, True):
            tree = to_sklearn_tree(student, X, with_view=with_view)
            assert tree.skdistill_proof_["labels_that_differ"] == 0


def test_a_question_about_gaps_alone_is_one_of_scikit_learn():
    X = np.arange(80.0)[:, None]
    X[::2] = np.nan
    y = np.isnan(X[:, 0]).astype(int)
    tree = to_sklearn_tree(HardDecisionTreeClassifier().fit(X, y), X)
    own = DecisionTreeClassifier().fit(X, y)
    for name in ("feature", "threshold", "missing_go_to_left", "n_node_samples"):
        np.testing.assert_array_equal(
            getattr(tree.tree_, name), getattr(own.tree_, name)
        )


def test_gaps_that_the_student_refuses_go_where_most_rows_go():
    X, y = load_iris(return_X_y=True)
    student = HardDecisionTreeClassifier(max_leaf_nodes=6, preprocessor=None).fit(X, y)
    nodes = to_sklearn_tree(student, X).tree_
    asks, counts = nodes.children_left >= 0, nodes.n_node_samples
    heavier = counts[nodes.children_left] > counts[nodes.children_right]
    np.testing.assert_array_equal(nodes.missing_go_to_left[asks], heavier[asks])


def test_without_a_view():
    X, score = numbers()
    y = classes(score, 5)
    student = student_of(y, preprocessor=None).fit(X, y)
    for with_view, kind in ((False, DecisionTreeClassifier), (True, Pipeline)):
        tree = to_sklearn_tree(student, X, with_view=with_view)
        assert isinstance(tree, kind)
        assert tree.skdistill_proof_["labels_that_differ"] == 0


@pytest.mark.parametrize("table", ["gaps", "customers"])
def test_after_the_prior_of_the_classes_was_adjusted(table):
    X, score = TABLES[table]()
    y = np.array(ODD)[classes(score, 3)]
    student = student_of(y).fit(X, y)
    before = to_sklearn_tree(student).predict_proba(X)
    student.adjust_class_prior([0.8, 0.15, 0.05])
    tree = to_sklearn_tree(student, X)
    after = tree.predict_proba(X)
    assert tree.skdistill_proof_["largest_difference"] <= 1e-12
    assert np.abs(after - before).max() > 0.05
    np.testing.assert_allclose(after, student.predict_proba(X), rtol=0, atol=1e-12)
    nodes = getattr(tree, "named_steps", {"tree": tree})["tree"].tree_
    np.testing.assert_allclose(nodes.value.sum(axis=2), 1, rtol=1e-12)


def test_a_teacher_and_drawn_rows():
    X, y = load_iris(return_X_y=True)
    teacher = GaussianNB().fit(X, y)
    student = HardDecisionTreeClassifier(teacher, random_state=0).fit(X[::3], y[::3])
    # Some leaves have drawn rows only.
    counts = student.node_counts_[student.tree_.is_leaf]
    assert (counts == 0).any()
    tree = to_sklearn_tree(student)
    assert tree.tree_.n_node_samples[0] == 50
    weights = tree.tree_.weighted_n_node_samples
    assert weights.min() > 0
    assert weights[0] == pytest.approx(50)
    assert np.isfinite(tree.feature_importances_).all()


def test_a_tree_of_scikit_learn_comes_back_as_it_was():
    X, y = load_iris(return_X_y=True)
    y = np.array(ODD)[y]
    own = DecisionTreeClassifier(max_leaf_nodes=7, random_state=0)
    student = StudentClassifier(student=own, preprocessor=None).fit(X, y)
    own, tree = student.student_, to_sklearn_tree(student, X)
    one, other = own.tree_, tree.tree_
    names = [
        "children_left",
        "children_right",
        "feature",
        "n_node_samples",
        "n_classes",
    ]
    for name in [*names, "weighted_n_node_samples", "max_depth", "n_leaves"]:
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name), name)
    for name in ("value", "impurity"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), atol=1e-12)
    asks = one.children_left >= 0
    np.testing.assert_array_equal(other.threshold[asks], floored(one.threshold[asks]))
    for name in ("classes_", "n_classes_", "n_outputs_", "max_features_"):
        np.testing.assert_array_equal(getattr(tree, name), getattr(own, name), name)
    assert type(tree.n_classes_) is type(own.n_classes_)
    assert set(vars(own)) == set(vars(tree)) - {"skdistill_proof_"}
    np.testing.assert_allclose(tree.feature_importances_, own.feature_importances_)
    assert export_text(tree) == export_text(own)
    ours, theirs = ccp_pruning_path(tree.tree_), ccp_pruning_path(own.tree_)
    np.testing.assert_allclose(ours["ccp_alphas"], theirs["ccp_alphas"], atol=1e-12)
    # Such a student rounds by itself: no row of float64 is excepted.
    columns = hostile_rows(student, predictor_of(student), np.random.default_rng(0))
    rows = np.column_stack(columns)
    assert (np.float32(rows) != rows).any()
    np.testing.assert_array_equal(tree.predict(rows), student.predict(rows))


def test_gains_of_values_are_those_of_scikit_learn():
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.default_rng(0).integers(1, 4, size=len(y))
    own = DecisionTreeRegressor(max_leaf_nodes=9)
    student = StudentRegressor(student=own, preprocessor=None)
    own = student.fit(X, y, sample_weight=weight).student_
    tree = to_sklearn_tree(student)
    np.testing.assert_allclose(tree.feature_importances_, own.feature_importances_)
    one, other = own.tree_, tree.tree_
    gains = [
        nodes.compute_feature_importances(normalize=False) for nodes in (one, other)
    ]
    np.testing.assert_allclose(gains[1], gains[0], rtol=1e-9)
    weights = [nodes.weighted_n_node_samples for nodes in (one, other)]
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-9)
    alphas = [ccp_pruning_path(nodes)["ccp_alphas"] for nodes in (one, other)]
    np.testing.assert_allclose(alphas[1], alphas[0], rtol=1e-6, atol=1e-9)


def test_rows_of_single_precision_go_the_same_way():
    random = np.random.default_rng(0)
    sizes = 10.0 ** random.uniform(-50, 40, size=2000)
    t = np.concatenate([random.normal(size=2000), sizes, -sizes, [0.0, 1e39, -1e39]])
    x = np.float32(np.clip(t, -3e38, 3e38))
    with np.errstate(over="ignore", under="ignore"):
        beside = [x, *(np.nextafter(x, np.float32(s)) for s in (-np.inf, np.inf))]
    for row in beside:
        np.testing.assert_array_equal(row <= t, row <= floored(t))


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_rows_that_rounding_moves_are_told(kind):
    X = 1.7e9 + 1000 * np.random.default_rng(0).random((300, 1))  # time stamps
    wave = np.sin(X[:, 0] / 30)
    y = wave if kind == "values" else classes(wave, 2)
    student = student_of(y, max_leaf_nodes=16).fit(X, y)
    with pytest.warns(UserWarning, match="take with_view=True") as warned:
        tree = to_sklearn_tree(student, X)
    assert warned[0].filename == __file__
    differs = tree.predict(X) != student.predict(X)
    assert tree.skdistill_proof_["rows_moved_by_rounding"] >= differs.sum() > 9
    with pytest.raises(ValueError, match="'feature_0' is up to 1.*Subtract a constant"):
        to_sklearn_tree(student, X, with_view=True)
    X = X - 1.7e9
    tree = to_sklearn_tree(student_of(y, max_leaf_nodes=16).fit(X, y), X)
    assert tree.skdistill_proof_["rows_moved_by_rounding"] == 0


@pytest.mark.parametrize("preprocessor", ["auto", None])
def test_a_pipeline_sends_rows_of_double_precision_the_students_way(preprocessor):
    X = pd.DataFrame({"a": [4.5, 5.3] * 40, "b": [0.7, 1.4, 1.4, 0.7] * 20})
    y = (X["a"] > 5).to_numpy() + (X["b"] > 1)
    student = HardDecisionTreeClassifier(preprocessor=preprocessor).fit(X, y)
    X.loc[0, "a"] = 4.9  # a decimal that is the threshold
    with pytest.warns(UserWarning, match="carries"):
        tree = to_sklearn_tree(student, X)
    assert (tree.predict_proba(X) != student.predict_proba(X)).any()
    pipeline = to_sklearn_tree(student, X, with_view=True)
    assert "rows_moved_by_rounding" not in pipeline.skdistill_proof_
    p = student.predict_proba(X)
    np.testing.assert_allclose(pipeline.predict_proba(X), p, rtol=0, atol=1e-12)
    # Hostile rows, the neighbours of each threshold among them, are not rounded.
    columns = hostile_rows(student, predictor_of(student), np.random.default_rng(0))
    rows = pd.DataFrame(dict(zip(X.columns, columns, strict=True)))
    np.testing.assert_array_equal(pipeline.predict(rows), student.predict(rows))
    assert pipeline[:-1].get_feature_names_out().tolist() == list(X.columns)
    assert pipeline.feature_names_in_.tolist() == list(X.columns)
    refitted = clone(pipeline).fit(X, y)
    assert refitted["view"].thresholds_ == {}
    assert refitted.score(X, y) == 1


def test_only_between_two_floats_can_answers_differ():
    X = np.array([[0.1], [0.3]] * 40)
    student = HardDecisionTreeClassifier().fit(X, [0, 1] * 40)
    tree, (t,) = to_sklearn_tree(student), student.tree_.threshold[:1]
    low = floored(t)
    high = float(np.nextafter(np.float32(low), np.float32(np.inf)))
    for value in (low, high, np.nextafter(low, -np.inf), np.nextafter(high, np.inf)):
        assert tree.predict([[value]]) == student.predict([[value]])


def test_the_tools_of_scikit_learn():
    X, score = named()
    y = np.array(ODD)[classes(score, 5)]
    student = student_of(y).fit(X, y)
    tree = to_sklearn_tree(student)
    np.testing.assert_array_equal(tree.apply(X), student.apply(X))
    known = X.fillna(0)  # the decision_path of scikit-learn 1.6 and 1.7 knows no gaps
    paths = tree.decision_path(known), student.decision_path(known)
    np.testing.assert_array_equal(*(path.toarray() for path in paths))
    assert tree.get_depth() == student.get_depth()
    assert tree.get_n_leaves() == student.get_n_leaves()
    assert "n kids" in export_text(tree, feature_names=X.columns)
    assert len(plot_tree(tree, feature_names=X.columns, class_names=ODD)) >= 15
    new = clone(tree)
    with pytest.raises(NotFittedError):
        new.predict(X)
    refitted = clone(tree).fit(X, y)
    assert refitted.get_n_leaves() <= tree.get_n_leaves()
    assert len(tree.cost_complexity_pruning_path(X, y).ccp_alphas) > 1
    assert tree.get_params()["max_leaf_nodes"] == tree.get_n_leaves()
    again = copy.deepcopy(tree)
    np.testing.assert_array_equal(again.predict_proba(X), tree.predict_proba(X))


def test_a_tree_of_one_leaf():
    X, y = load_iris(return_X_y=True)
    student = HardDecisionTreeClassifier().fit(0 * X, y)
    assert student.get_n_leaves() == 1
    tree = to_sklearn_tree(student, X)
    assert tree.get_depth() == 0
    clone(tree).fit(X, y)
    np.testing.assert_allclose(tree.predict_proba(X), student.predict_proba(X))


def test_labels_of_several_types():
    X, score = numbers()
    y = pd.DataFrame(
        {"n": classes(score, 3), "text": np.array(ODD)[classes(-score, 2)]}
    )
    student = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    tree = to_sklearn_tree(student, X)
    said = tree.predict(X)
    assert set(said[:, 0]) <= {0, 1, 2}
    assert set(said[:, 1]) <= set(ODD)


def test_rows_in_other_containers():
    X, score = customers()
    y = classes(score, 2)
    student = student_of(y).fit(X, y)
    tree = to_sklearn_tree(student, X)
    rows = X.sample(frac=1, random_state=0).astype({"plan": "category"})
    np.testing.assert_array_equal(tree.predict(rows), student.predict(rows))
    later = pd.cut(pd.Series(100.0, index=X.index), [99, 150])
    unseen = X.assign(plan="another", rooms=9, age=later)
    record = verify(tree, student, unseen)
    assert record["labels_that_differ"] == 0


def test_a_wrong_tree_is_found():
    X, y = load_iris(return_X_y=True)
    student = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    tree = to_sklearn_tree(student)
    t = tree.tree_.threshold  # the array of the tree itself
    t[0] = np.nextafter(np.float32(t[0]), np.float32(np.inf))
    assert verify(tree, student)["labels_that_differ"] > 0


def test_numbers_that_single_precision_does_not_hold():
    X, y = load_iris(return_X_y=True)
    student = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    with pytest.raises(ValueError, match="beyond ±3.4e\\+38, the range of float32"):
        to_sklearn_tree(student, X * 1e39)


def test_huge_thresholds():
    X = np.array([[-5e30, 1.0], [5e29, 2.0], [9e29, 0.0], [5e30, 3.0]] * 20)
    for options in ({}, {"preprocessor": None}):
        student = HardDecisionTreeRegressor(**options).fit(X, [0.0, 1, 2, 3] * 20)
        assert student.get_n_leaves() > 2
        to_sklearn_tree(student, X)


def test_what_has_no_plain_questions():
    X, y = load_iris(return_X_y=True)
    other = StudentClassifier(student=GaussianNB()).fit(X, y)
    with pytest.raises(TypeError, match="HardDecisionTreeClassifier\\(student\\)"):
        to_sklearn_tree(other)
    with pytest.raises(TypeError, match="Pipeline is no student"):
        to_sklearn_tree(Pipeline([("tree", DecisionTreeClassifier())]).fit(X, y))
    seen = HardDecisionTreeClassifier(preprocessor=PCA(2)).fit(X, y)
    with pytest.raises(TypeError, match="preprocessor=PCA"):
        to_sklearn_tree(seen)
    with pytest.raises(NotFittedError):
        to_sklearn_tree(HardDecisionTreeClassifier())


def test_a_scikit_learn_with_other_nodes(monkeypatch):
    X, y = load_iris(return_X_y=True)
    hard = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    old = sklearn_nodes._tree
    new = np.dtype([*old.NODE_DTYPE.descr, ("categories", "<u8")])
    stand_in = SimpleNamespace(NODE_DTYPE=new, TREE_UNDEFINED=-2, Tree=old.Tree)
    monkeypatch.setattr(sklearn_nodes, "_tree", stand_in)
    with pytest.raises(RuntimeError, match="'categories'.*install scikit-learn 1.6 to"):
        to_sklearn_tree(hard)
