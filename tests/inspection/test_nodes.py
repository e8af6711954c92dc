"""What nodes say, and their colours."""

import re
import sys

import numpy as np
import pytest
from iris_trees import NAMES, TREES, X, Y
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    explain,
    export_graphviz,
    export_text,
    plot_tree,
)


def test_inner_nodes_say_the_mean_of_their_rows():
    dot = export_graphviz(TREES[1], feature_names=NAMES, digits=6)
    said = float(re.search(r'0 \[label="[^"]*?\\n([\d.]+)\\n', dot)[1])
    assert said == pytest.approx(Y.mean(), abs=1e-4)


def test_surer_nodes_have_stronger_colours():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, Y)
    colours = re.findall(r'fillcolor="#(\w+)"', export_graphviz(tree))

    def distance(colour):
        return sum(255 - int(colour[i : i + 2], 16) for i in (0, 2, 4))

    root, *_ = colours
    assert distance(root) < 3  # three classes alike: white
    assert min(map(distance, colours[1:])) > 30
    assert len(set(colours)) == len(colours)


def test_several_labels_are_drawn_without_colours(ax):
    both = np.column_stack([Y > 0, Y > 1]).astype(int)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, both)
    assert "labels: " in plot_tree(tree, ax=ax)[0].get_text()
    assert set(re.findall(r'fillcolor="(#\w+)"', export_graphviz(tree))) == {"#ffffff"}


def test_values_up_to_the_largest_float_have_colours_and_words():
    x = np.arange(40.0)[:, None]
    y = np.where(x[:, 0] < 20, -1.7e308, 1.7e308)
    tree = HardDecisionTreeRegressor(max_leaf_nodes=2).fit(x, y)
    dot = export_graphviz(tree)
    colours = re.findall(r'fillcolor="(#\w+)"', dot)
    assert len(set(colours)) >= 2 and "#ffffff" in colours
    wide = 1e308 * np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (50, 1))
    soft = SoftDecisionTreeClassifier(max_depth=1, max_epochs=1)
    soft.fit(wide, wide[:, 0] > 0)
    for tell in (export_text, export_graphviz, lambda tree: explain(tree, wide[:1])):
        assert "nan" not in tell(soft)


def test_a_tree_of_more_levels_than_python_nests_is_a_tree(ax):
    n = 1200
    x = np.arange(n)[:, None]
    student = StudentClassifier(student=DecisionTreeClassifier(), preprocessor=None)
    student.fit(x, np.arange(n) % 2)  # a leaf is cut off at each question
    assert student.student_.get_depth() > sys.getrecursionlimit()
    assert export_text(student, spacing=1).count("rows, n =") == n
    top = export_text(student, max_depth=1)
    leaves = [line for line in top.splitlines() if "n = " in line]
    below = sum(int(each) for each in re.findall(r"\.\.\. (\d+) leaves below", top))
    assert below + sum("leaves below" not in line for line in leaves) == n
    assert len(plot_tree(student, max_depth=2, ax=ax)) == 5
    assert export_graphviz(student, max_depth=1).count("penwidth") == 2
