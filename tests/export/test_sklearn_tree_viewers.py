"""Tools that take trees of scikit-learn's say of an exported one what they say of those."""

import json
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from question_tables import ODD, classes, numbers, with_gaps
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    StudentClassifier,
)
from skdistill.export import to_sklearn_tree

NAMES = ["a", "b", "income", "kids"]


@pytest.fixture(scope="module")
def classifier():
    X, score = numbers()
    X = np.float32(X).astype(float)
    y = np.array(ODD)[classes(score, 3)]
    hard = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y)
    return to_sklearn_tree(hard), X


@pytest.fixture(scope="module")
def regressor():
    X, score = numbers()
    X = np.float32(X).astype(float)
    hard = HardDecisionTreeRegressor(max_leaf_nodes=8).fit(X, 1e3 * score)
    return to_sklearn_tree(hard), X


@pytest.fixture(scope="module")
def of_gaps():
    X, score = with_gaps()
    X = np.float32(X).astype(float)
    hard = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, classes(score, 3))
    tree = to_sklearn_tree(hard, X)
    goes_left = tree.tree_.missing_go_to_left[tree.tree_.children_left >= 0]
    assert 0 < goes_left.sum() < len(goes_left)
    return tree, X, to_sklearn_tree(hard, X, with_view=True)


@pytest.fixture(scope="module")
def own_and_ours():
    """A tree that scikit-learn has grown, and the same by way of a student."""
    X, y = load_iris(return_X_y=True)
    inner = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0)
    student = StudentClassifier(student=inner, preprocessor=None).fit(X, y)
    return student.student_, to_sklearn_tree(student), X


def answers(tree, rows):
    return tree.predict_proba(rows) if hasattr(tree, "classes_") else tree.predict(rows)


def imported(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their own use of other libraries
        return pytest.importorskip(name)


def test_treeinterpreter(classifier, of_gaps, own_and_ours):
    # 0.2.3 fails on all regressors, with the numpy of today.
    predict = imported("treeinterpreter.treeinterpreter").predict
    for tree, X in (classifier, of_gaps[:2]):
        said, bias, parts = predict(tree, X)
        said = said.reshape(answers(tree, X).shape)
        np.testing.assert_array_equal(said, answers(tree, X))
        total = bias + parts.sum(axis=1)
        np.testing.assert_allclose(total, said, rtol=1e-12, atol=1e-12)
    own, ours, X = own_and_ours
    for one, other in zip(predict(ours, X), predict(own, X), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_shap(classifier, regressor, of_gaps, own_and_ours):
    explainer = imported("shap").TreeExplainer

    def values_of(tree, rows):
        explained = explainer(tree)
        values = explained.shap_values(rows)  # which checks that it is all
        return np.asarray(explained.expected_value).squeeze(), values

    filled = of_gaps[2]
    seen = filled[:-1].transform(of_gaps[1])
    for tree, X in (classifier, regressor, of_gaps[:2], (filled[-1], seen)):
        base, values = values_of(tree, X)
        total = base + values.sum(axis=1)
        np.testing.assert_allclose(total, answers(tree, X), rtol=1e-9, atol=1e-9)
    own, ours, X = own_and_ours
    for one, other in zip(values_of(ours, X), values_of(own, X), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def test_treelite(classifier, regressor, of_gaps):
    treelite = imported("treelite")
    for tree, X in (classifier, regressor, of_gaps[:2]):
        is_classifier = hasattr(tree, "classes_")
        make = RandomForestClassifier if is_classifier else RandomForestRegressor
        forest = make(n_estimators=1)
        vars(forest).update(
            estimators_=[tree], n_outputs_=1, n_features_in_=tree.n_features_in_
        )
        if is_classifier:
            vars(forest).update(n_classes_=tree.n_classes_, classes_=tree.classes_)
        model = treelite.sklearn.import_model(forest)
        said = treelite.gtil.predict(model, np.float32(X))
        wanted = answers(tree, X)
        np.testing.assert_allclose(said.reshape(wanted.shape), wanted, rtol=1e-12)


def test_m2cgen_in_python(classifier, regressor, of_gaps):
    m2cgen = imported("m2cgen")
    filled = of_gaps[2]  # it knows no gaps
    seen = filled[:-1].transform(of_gaps[1])
    for tree, X in (classifier, regressor, (filled[-1], seen)):
        names = {}
        exec(m2cgen.export_to_python(tree), names)
        said = np.array([names["score"](row) for row in X.tolist()])
        np.testing.assert_allclose(said, answers(tree, X), rtol=1e-12)


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_m2cgen_in_c(classifier, tmp_path):
    tree, X = classifier
    code = imported("m2cgen").export_to_c(tree)
    main = """
#include <stdio.h>
int main(void) {
    double x[4], y[3];
    while (scanf("%lf %lf %lf %lf", x, x + 1, x + 2, x + 3) == 4) {
        score(x, y);
        printf("%.17g %.17g %.17g\\n", y[0], y[1], y[2]);
    }
    return 0;
}
"""
    (tmp_path / "tree.c").write_text(code + main)
    cc = ["cc", "tree.c", "-o", "tree"]
    subprocess.run(cc, check=True, cwd=tmp_path)
    rows = "\n".join(" ".join(map(repr, row)) for row in X.tolist())
    run = subprocess.run(
        [tmp_path / "tree"], input=rows, capture_output=True, text=True, check=True
    )
    said = np.array(run.stdout.split(), dtype=float).reshape(-1, 3)
    np.testing.assert_allclose(said, tree.predict_proba(X), rtol=1e-12)


def test_dtreeviz(own_and_ours):
    dtreeviz = imported(
        "dtreeviz"
    )  # which knows neither gaps nor classes that are texts
    own, ours, X = own_and_ours
    y = own.predict(X)

    def told(tree):
        options = {"feature_names": NAMES, "class_names": ODD[:3], "target_name": "y"}
        model = dtreeviz.model(tree, X, y, **options)
        leaves = [
            (n.id, n.prediction(), n.nsamples()) for n in model.shadow_tree.leaves
        ]
        paths = [model.explain_prediction_path(row) for row in X[::10]]
        # To become a picture this needs Graphviz's dot, which is another program.
        return leaves, paths, model.view(fancy=False).dot

    leaves, paths, picture = told(ours)
    assert (leaves, paths) == told(own)[:2]
    assert len(leaves) == ours.get_n_leaves()
    assert any("income" in path for path in paths)
    assert "digraph G" in picture


def test_supertree(classifier, tmp_path):
    supertree = imported("supertree")
    tree, X = classifier
    page = supertree.SuperTree(tree, X, tree.predict(X), NAMES, list(tree.classes_))
    page.save_json_tree(str(tmp_path / "tree"))
    told = json.loads((tmp_path / "tree.json").read_text())["node_data"]
    seen, nodes, ours = [told], [], tree.tree_
    while seen:  # a node before those below, the left ones first
        node = seen.pop()
        nodes.append((node["feature"], node["threshold"], node["samples"]))
        seen += [n for n in (node["right_node"], node["left_node"]) if n is not None]
    wanted = zip(ours.feature, ours.threshold, ours.n_node_samples, strict=True)
    assert nodes == [tuple(each) for each in wanted]
