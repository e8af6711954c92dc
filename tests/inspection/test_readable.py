"""What the reading tools take, beside trees of this library."""

import re

import numpy as np
import pandas as pd
import pytest
from pages import LABELS, TARGETS, VALUES, X, Y, data, table
from printed_trees import LEAF, lines_of, questions_of, shares_of, value_of, walk
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    StudentRegressor,
    counterfactual,
    explain,
    export_graphviz,
    export_html,
    export_text,
    plot_tree,
)
from skdistill.export import load, to_numpy

TOOLS = [
    export_text,
    export_graphviz,
    export_html,
    plot_tree,
    lambda it: explain(it, X[:1]),
    lambda it: counterfactual(it, X[:1]),
]
HIGH = np.where(Y == "high", "Yes", "No")
NUMBERS = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=[*"abc"])
NUMBERS["c"] = NUMBERS["c"].round(1)
SIDE = np.where(NUMBERS.a + NUMBERS.c > 0, "Yes", "No")


def single(model, y=HIGH, rows=X, teacher=None, **params):
    make = StudentClassifier if isinstance(y[0], str | np.ndarray) else StudentRegressor
    return make(teacher, student=model, random_state=0, **params).fit(rows, y)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (None, {}),
        (DecisionTreeClassifier(), {}),
        (DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=9), {}),
        (ExtraTreeClassifier(max_depth=6), {}),
        (DecisionTreeRegressor(max_depth=5), {}),
        (ExtraTreeRegressor(max_leaf_nodes=30), {}),
    ],
)
def test_who_carries_the_text_out_answers_as_the_student_does(model, params):
    student = single(model, **params)
    text = export_text(student, digits=12)
    said = [shares_of(walk(text, row))["Yes"] for _, row in X.iterrows()]
    np.testing.assert_allclose(said, student.predict_proba(X)[:, 1], atol=1e-12)
    fresh, _ = table(200, seed=1)
    said = [shares_of(walk(text, row))["Yes"] for _, row in fresh.iterrows()]
    np.testing.assert_allclose(said, student.predict_proba(fresh)[:, 1], atol=1e-12)


def test_it_has_the_words_of_a_hard_tree():
    forest = RandomForestClassifier(20, max_depth=3, random_state=0).fit(NUMBERS, SIDE)
    student = single(DecisionTreeClassifier(max_leaf_nodes=6), SIDE, NUMBERS, forest)
    leaves = [LEAF.fullmatch(words) for _, words in lines_of(export_text(student))]
    leaves = [leaf for leaf in leaves if leaf]
    assert len(leaves) == 6 and sum(int(leaf[3]) for leaf in leaves) == len(NUMBERS)
    end = student.student_["model"].apply(NUMBERS.to_numpy(np.float32))
    for number in np.unique(end):
        (leaf,) = {
            explain(student, NUMBERS[i : i + 1]).splitlines()[-1]
            for i in np.flatnonzero(end == number)
        }
        share = np.mean(SIDE[end == number] == "Yes")
        seen = re.fullmatch(r"leaf (\d+): .*; observed (\S+) %.* n = (\d+)\)", leaf)
        assert int(seen[1]) == number and int(seen[3]) == (end == number).sum()
        assert float(seen[2]) == pytest.approx(100 * share, abs=0.05)


def test_a_flag_a_set_and_a_gap_are_asked_for_as_such():
    frame = pd.DataFrame({"plan": ["a", "b", "c", None] * 30, "vip": [0, 1] * 60})
    for answer, asked in (
        (frame["plan"] == "b", "plan = b"),
        (frame["plan"].isna(), "plan is missing"),
        (frame["vip"] == 1, "vip = 1"),
    ):
        student = single(DecisionTreeClassifier(max_depth=1), answer.map(str), frame)
        assert asked in questions_of(export_text(student))


@pytest.mark.parametrize("y", [VALUES, VALUES * 1e-9 + 1e-4])
def test_values_are_in_the_unit_of_y(y):
    forest = RandomForestRegressor(10, random_state=0).fit(X[["income", "is new"]], y)
    student = single(
        DecisionTreeRegressor(max_leaf_nodes=7), y, X[["income", "is new"]], forest
    )
    rows = X[["income", "is new"]].astype(float)
    text = export_text(student, digits=12)
    said = [value_of(walk(text, row)) for _, row in rows.iterrows()]
    np.testing.assert_allclose(said, student.predict(rows), rtol=1e-9)


@pytest.mark.parametrize("y", [TARGETS, LABELS, Y], ids=["targets", "labels", "three"])
@pytest.mark.parametrize("model", [DecisionTreeClassifier(), DecisionTreeRegressor()])
def test_several_classes_labels_and_targets(y, model):
    student = single(model, y)
    for tool in TOOLS[:-1]:
        assert tool(student)
    assert sum(node["rows"] for node in data(student)["nodes"] if not node["depth"])


def test_a_long_threshold_has_the_digits_that_one_row_needs():
    x = np.array([[0.123456789], [0.223456789], [9.1]])
    tree = DecisionTreeClassifier().fit(x[:2], [0, 1])
    student = StudentClassifier(tree, student=tree, transfer=None).fit(x[:2], [0, 1])
    assert "0.173456" in export_text(student)
    first, *_ = explain(student, x[2:], feature_names=["x"]).splitlines()
    assert re.fullmatch(r"x >=? 0\.1735, because x = 9\.1", first)
    for near, is_above in [(0.17345, False), (0.17346, True)]:
        first, *_ = explain(student, [[near]], feature_names=["x"]).splitlines()
        side, because = first.split(", because x = ")
        assert side.startswith("x >" if is_above else "x <")
        assert (float(because) > float(side.split()[-1])) == is_above


def test_rows_on_either_side_of_a_threshold_go_where_scikit_learn_sends_them():
    # 2.45 is above the threshold between 2.4 and 2.5, as single precision has them.
    x = np.array([2.4, 2.5, 7, 8, 0.75, 0.85, -3.3, -0.1, 1e-3, 123456.7])[:, None]
    student = single(DecisionTreeClassifier(), list("abcdefghij"), x, preprocessor=None)
    tree = student.student_.tree_
    cuts = tree.threshold[tree.children_left >= 0]
    text = export_text(student, feature_names=["x"])
    # The text is exact for numbers of up to seven digits, and explain for all.
    for value in [*x.ravel(), *(float(f"{cut:.{k}g}") for cut in cuts for k in (2, 7))]:
        (end,) = student.student_.apply([[value]])
        last = explain(student, [value], feature_names=["x"]).splitlines()[-1]
        assert last == f"leaf {end}: {walk(text, {'x': value})}"
    rows = (cuts[:, None] * (1 + np.linspace(-1e-6, 1e-6, 101))).reshape(-1, 1)
    answers = to_numpy(student).predict(rows)
    np.testing.assert_array_equal(answers, student.predict(rows))
    assert all(len(number) < 12 for number in re.findall(r"[\d.]+$", text, re.M))


def test_a_view_of_the_users_names_the_columns():
    student = single(
        DecisionTreeClassifier(max_leaf_nodes=4),
        SIDE,
        NUMBERS,
        preprocessor=StandardScaler().set_output(transform="pandas"),
    )
    text = export_text(student)
    rows = student.preprocessor_.transform(NUMBERS)
    said = [shares_of(walk(text, row))["Yes"] for _, row in rows.iterrows()]
    np.testing.assert_allclose(said, student.predict_proba(NUMBERS)[:, 1], atol=1e-3)
    assert "columns as StandardScaler returns them" in data(student)["facts"]


LAST = {
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=6),
    "single": StudentClassifier(student=DecisionTreeClassifier(max_leaf_nodes=6)),
    "soft": SoftDecisionTreeClassifier(
        split="axis", max_depth=2, max_epochs=2, inference="path", random_state=0
    ),
}


@pytest.mark.parametrize("name", LAST)
def test_of_a_pipeline_the_last_step_is_read_on_rows_as_it_sees_them(name):
    pipe = make_pipeline(make_pipeline(StandardScaler()), LAST[name]).fit(NUMBERS, SIDE)
    rows = pd.DataFrame(pipe[:-1].transform(NUMBERS), columns=[*"abc"])
    text = export_text(pipe, digits=12)
    p = pipe.predict_proba(NUMBERS)[:, 1]
    said = [shares_of(walk(text, row))["Yes"] for _, row in rows.iterrows()]
    np.testing.assert_allclose(said, p, atol=1e-9)
    alone = pipe[-1]
    assert export_text(alone, feature_names=list("abc"), digits=12) == text
    same = explain(alone, rows.to_numpy()[:1], feature_names=list("abc"))
    for row in (NUMBERS[:1], NUMBERS.iloc[0]):
        assert explain(pipe, row) == same
    found = data(pipe)
    assert found["facts"] == ["columns as Pipeline returns them"]
    assert found["names"] == found["keys"] == list("abc")
    assert len(plot_tree(pipe)) == len(found["nodes"])
    assert export_graphviz(pipe) == export_graphviz(alone, feature_names=list("abc"))
    change = counterfactual(pipe, NUMBERS[:1])
    assert change.feature in list("abc")
    assert change.before == rows[change.feature][0]


def test_steps_may_return_sparse_rows():
    single = StudentClassifier(
        student=DecisionTreeClassifier(max_depth=2), preprocessor=None
    )
    pipe = make_pipeline(OneHotEncoder(), single).fit(X[["plan", "size"]], HIGH)
    assert "|--- plan_plus <= 0.5" in export_text(pipe)
    text = export_text(pipe, digits=9)
    for i in range(9):
        last = explain(pipe, X[["plan", "size"]][i : i + 1], digits=9).splitlines()[-1]
        assert last.split(": ", 1)[1] in text
        said = shares_of(last.split(": ", 1)[1])["Yes"]
        p = pipe.predict_proba(X[["plan", "size"]][i : i + 1])[0, 1]
        assert said == pytest.approx(p, abs=1e-8)


def test_names_are_those_that_are_known():
    nameless = make_pipeline(FunctionTransformer(np.abs), LAST["hard"])
    text = export_text(nameless.fit(NUMBERS.to_numpy(), SIDE))
    assert "feature_0" in text or "feature_2" in text
    whole = make_pipeline(LAST["hard"]).fit(NUMBERS, SIDE)
    assert export_text(whole) == export_text(whole[-1])
    named = make_pipeline(StandardScaler(), LAST["hard"]).fit(NUMBERS, SIDE)
    own = export_text(named, feature_names=["A", "B", "C"])
    assert {question.split()[0] for question in questions_of(own)} <= {*"ABC"}


def test_of_a_search_the_best_tree_is_read():
    search = GridSearchCV(LAST["hard"], {"max_leaf_nodes": [3]}, cv=2)
    search.fit(NUMBERS, SIDE)
    assert export_text(search) == export_text(search.best_estimator_)


@pytest.mark.parametrize(
    "model",
    [
        single(MLPClassifier(max_iter=300, tol=1), SIDE, NUMBERS),
        single(RandomForestClassifier(2), SIDE, NUMBERS),
        make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(NUMBERS, SIDE),
        RandomForestClassifier(2).fit(NUMBERS, SIDE),
    ],
)
def test_the_error_names_what_can_be_read(model):
    for tool in TOOLS:
        with pytest.raises(
            TypeError, match=r"no questions that can be read: give .*Hard"
        ):
            tool(model)


def test_nets_have_no_questions():
    net = NeuralStudentClassifier(max_epochs=1, transfer=None).fit(NUMBERS, SIDE)
    for tool in TOOLS[:4]:
        with pytest.raises(
            TypeError, match="Of a NeuralStudent, explain and importances"
        ):
            tool(net)


def test_what_is_not_fitted_is_refused():
    for model in (
        HardDecisionTreeClassifier(),
        StudentClassifier(),
        make_pipeline(StandardScaler(), HardDecisionTreeClassifier()),
    ):
        for tool in TOOLS:
            with pytest.raises(NotFittedError):
                tool(model)


def test_a_tree_that_was_grown_on_gaps_is_refused():
    rows = NUMBERS.mask(NUMBERS > 1)
    student = single(DecisionTreeClassifier(), SIDE, rows, preprocessor=None)
    with pytest.raises(TypeError, match='gaps as they are.*preprocessor="auto"'):
        export_text(student)
    assert export_text(single(DecisionTreeClassifier(), SIDE, rows))


def test_a_saved_student_is_read_too(tmp_path):
    student = single(DecisionTreeClassifier(max_leaf_nodes=5))
    to_numpy(student).save(tmp_path / "tree.npz")
    saved = load(tmp_path / "tree.npz")
    np.testing.assert_allclose(saved.predict_proba(X), student.predict_proba(X))
