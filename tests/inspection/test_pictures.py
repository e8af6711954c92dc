"""Trees as pictures and as DOT."""

import re
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    counterfactual,
    explain,
    export_graphviz,
    export_text,
    plot_tree,
)

NAMES = ["sl", "sw", "pl", "pw"]
X, Y = load_iris(return_X_y=True)
TREES = [
    HardDecisionTreeClassifier(max_leaf_nodes=5).fit(X, Y),
    HardDecisionTreeRegressor(max_leaf_nodes=3).fit(X, Y),
    SoftDecisionTreeClassifier(max_depth=2, max_epochs=20, random_state=0).fit(X, Y),
    SoftDecisionTreeRegressor(max_depth=1, max_epochs=20, random_state=0).fit(X, Y),
]


@pytest.fixture
def ax():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(8, 5))
    yield figure.gca()
    pyplot.close(figure)


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: type(tree).__name__)
def test_the_picture_shows_each_node_once_and_none_over_another(tree, ax):
    texts = plot_tree(tree, feature_names=NAMES, ax=ax, max_terms=3)
    assert len(texts) == len(tree.node_mass_)
    said = [" ".join(text.get_text().split()) for text in texts]
    printed = export_text(tree, feature_names=NAMES).splitlines()
    lines = [line[line.index("|--- ") + 5 :] for line in printed]
    for line in lines:
        if line.endswith("rows)"):
            assert line.replace("(", "").replace(")", "") in said
    questions = [text for text in said if "<=" in text or ">=" in text]
    assert len(questions) == len(texts) - tree.get_n_leaves()
    for question in questions:
        assert any(question.startswith(f"{line} ") for line in lines)
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    boxes = [text.get_bbox_patch().get_window_extent(renderer) for text in texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_edges_are_as_wide_as_their_rows_are_many(ax):
    tree = TREES[0]
    plot_tree(tree, ax=ax)
    widths = sorted(line.get_linewidth() for line in ax.get_lines())
    np.testing.assert_allclose(widths, sorted(1 + 7 * tree.node_mass_[1:]))


def test_inner_nodes_say_the_mean_of_their_rows():
    dot = export_graphviz(TREES[1], feature_names=NAMES, digits=6)
    said = float(re.search(r'0 \[label="[^"]*value: (\S+?)\\n', dot)[1])
    assert said == pytest.approx(Y.mean(), abs=1e-4)


def test_deep_trees_can_be_cut(ax):
    tree = TREES[0]
    depths = tree.tree_.depth()
    assert len(plot_tree(tree, max_depth=1, ax=ax)) == (depths <= 1).sum()
    assert len(plot_tree(tree, max_depth=0, fontsize=7, ax=ax)) == 1
    assert ax.texts[-1].get_fontsize() == 7


def test_the_graph_has_all_nodes_and_edges():
    tree = TREES[2]
    dot = export_graphviz(tree, feature_names=['a "quoted" \\ name', *NAMES[1:]])
    assert sorted(map(int, re.findall(r"^(\d+) \[", dot, re.M))) == list(range(7))
    edges = re.findall(r"^(\d+) -> (\d+) \[penwidth=(\S+?)[,\]]", dot, re.M)
    for start, end, width in edges:
        assert int(start) == (int(end) - 1) // 2
        assert float(width) == pytest.approx(
            1 + 7 * tree.node_mass_[int(end)], rel=0.01
        )
    assert len(edges) == 6 and dot.count('label="yes"') == dot.count('label="no"') == 1
    assert '\\"quoted\\" \\\\ name' in dot or "quoted" not in dot
    quotes = re.sub(r"\\.", "", dot).count('"')
    assert quotes % 2 == 0
    assert 'fillcolor="#' in dot
    assert 'fillcolor="#' not in export_graphviz(tree, filled=False)


def test_surer_nodes_have_stronger_colours():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, Y)
    colours = re.findall(r'fillcolor="#(\w+)"', export_graphviz(tree))

    def distance(colour):
        return sum(255 - int(colour[i : i + 2], 16) for i in (0, 2, 4))

    root, *_ = colours
    assert distance(root) < 3  # three classes alike: white
    assert min(map(distance, colours[1:])) > 50
    assert len(set(colours)) == len(colours)


def test_several_labels_are_drawn_without_colours(ax):
    both = np.column_stack([Y > 0, Y > 1]).astype(int)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, both)
    assert "labels: " in plot_tree(tree, ax=ax)[0].get_text()
    assert set(re.findall(r'fillcolor="(#\w+)"', export_graphviz(tree))) == {"#ffffff"}


def test_any_canvas_will_do():
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(8, 5))
    tree = SoftDecisionTreeClassifier(max_depth=6, max_epochs=1, random_state=0)
    texts = plot_tree(tree.fit(X, Y), ax=figure.subplots())
    assert len(texts) == 127 and texts[0].get_fontsize() < 3


def test_a_tree_of_one_leaf(ax):
    tree = HardDecisionTreeRegressor().fit(np.ones((9, 2)), np.arange(9.0))
    (text,) = plot_tree(tree, ax=ax)
    assert text.get_text() == "value: 4\n100 % of rows"
    assert export_text(tree) == "|--- value: 4 (100 % of rows)"
    assert tree.get_depth() == 0 and (tree.feature_importances_ == 0).all()


def test_without_matplotlib_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        plot_tree(TREES[0])


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
