"""Questions and names in words, whoever shows them."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from named_trees import WRITTEN, X, Y, hard, soft
from sklearn.base import clone
from sklearn.datasets import load_iris

from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    StudentClassifier,
    counterfactual,
    explain,
    export_graphviz,
    export_text,
    plot_tree,
)


@pytest.mark.parametrize(("name", "written"), WRITTEN.items(), ids=ascii)
def test_what_shows_nothing_or_ends_a_line_is_written_visibly(name, written):
    labels = np.array([name, "other"], dtype=object)[Y]
    tree, frame = hard([name, "other"], labels if name.isprintable() else Y)
    text = export_text(tree)
    assert f"- {written} <= " in text and text.isprintable() == ("\n" not in text)
    assert explain(tree, frame[:1]).startswith((written, "other"))
    found = counterfactual(tree, frame[:1], features=[name])
    assert found.feature == name and str(found).startswith(f"{written} = ")


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "40"], ids=ascii)
def test_classes_and_categories_stay_in_their_lines_too(name):
    frame = pd.DataFrame({"c": np.array([name, "b", "d"], object)[np.arange(90) % 3]})
    y = np.where(frame["c"] == name, name, "other")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, y)
    written = WRITTEN[name]
    assert re.search(r"c in \{" + re.escape(written) + r"\}\n", export_text(tree))
    assert f"class: {written} 0.9" in export_text(tree)
    assert f"c = {written}" in explain(tree, frame[:1])
    change = str(counterfactual(tree, frame[1:2]))
    assert change == f"c = {written} instead of b makes it {written}"
    several = HardDecisionTreeClassifier(max_leaf_nodes=2)
    several.fit(frame, np.column_stack([y, y == "other"]).astype(object))
    assert f"target_0: {written} " in export_text(several)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        ([40, 7], "'40'"),
        ([-1.5, 2.5], "'-1.5'"),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]), "('a', 1)"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "2020-01-01 00:00:00"),
    ],
    ids=["int", "float", "tuple", "date"],
)
@pytest.mark.parametrize("params", [{}, {"preprocessor": None}], ids=["auto", "none"])
def test_names_of_other_types_are_the_same_in_text_and_errors(names, written, params):
    first, _ = names
    tree, frame = soft(names, **params)
    for text in (export_text(tree), explain(tree, frame[:1]), export_graphviz(tree)):
        assert f"* {written}" in text and "feature_" not in text
    found = counterfactual(tree, frame[:1], features=[first])
    assert found is None or (found.feature == first and str(found).startswith(written))
    with pytest.raises(ValueError, match="is no column, which are"):
        counterfactual(tree, frame[:1], features=["nothing"])
    if not params:
        words = frame.astype(object)
        words.isetitem(0, "word")
        with pytest.raises(ValueError, match=re.escape(f"Column {str(first)!r} of X")):
            tree.predict(words)


def test_an_integer_that_names_no_column_is_no_position():
    tree, frame = hard([7, 40])
    assert counterfactual(tree, frame[:1], features=[7]).feature == 7
    with pytest.raises(ValueError, match=r"0 is no column, which are \[7, 40\]"):
        counterfactual(tree, frame[:1], features=[0])
    plain = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, Y)
    found = counterfactual(plain, X[:1], features=[0])
    assert found.feature == 0 and str(found).startswith("feature_0 = ")


@pytest.mark.parametrize(
    "student",
    [
        NeuralStudentClassifier(max_epochs=1),
        StudentClassifier(),
        NeuralStudentClassifier(module=torch.nn.Linear, max_epochs=1),
    ],
)
def test_what_has_no_questions_is_refused(student):
    student = clone(student).fit(X, Y)
    for tell in (
        export_text,
        export_graphviz,
        lambda it: explain(it, X[:1]),
        lambda it: counterfactual(it, X[:1]),
    ):
        with pytest.raises(TypeError, match="no questions that can be read"):
            tell(student)


def test_bad_limits_are_named():
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    for show in (export_graphviz, plot_tree):
        with pytest.raises(ValueError, match="max_depth=-1 must be 0 or more"):
            show(tree, max_depth=-1)
    for show in (export_graphviz, export_text):
        with pytest.raises(ValueError, match="max_terms=0 must be at least 1"):
            show(tree, max_terms=0)
    with pytest.raises(ValueError, match="max_terms=0 must be at least 1"):
        explain(tree, X[0], max_terms=0)
