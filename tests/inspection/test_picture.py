"""Trees as pictures."""

import re
import sys

import numpy as np
import pytest
from iris_trees import NAMES, TREES, X, Y
from named_trees import AS_THEY_ARE, LONG, WRITTEN, hard
from named_trees import Y as CODES

from skdistill import (
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    export_text,
    plot_tree,
)


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


def test_deep_trees_can_be_cut(ax):
    tree = TREES[0]
    depths = tree.tree_.depth()
    assert len(plot_tree(tree, max_depth=1, ax=ax)) == (depths <= 1).sum()
    assert len(plot_tree(tree, max_depth=0, fontsize=7, ax=ax)) == 1
    assert ax.texts[-1].get_fontsize() == 7


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


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
@pytest.mark.parametrize("name", [*AS_THEY_ARE, *WRITTEN, "\ud800a"], ids=ascii)
def test_pictures_draw_names_letter_by_letter(name, ax):
    tree, _ = hard(["a", "b"], np.array(["$a$_$", "b$^{"], dtype=object)[CODES])
    texts = plot_tree(tree, ax=ax, feature_names=[name, "other"])
    written = re.sub(r"\s", "", {**WRITTEN, "\ud800a": r"\ud800a"}.get(name, name))
    drawn = [re.sub(r"\s", "", text.get_text()) for text in texts]
    assert any(written in text for text in drawn)
    assert all("$a$_$" in text and "b$^{" in text for text in drawn)
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
def test_long_names_are_wrapped_between_letters(ax):
    marked = "e\u0301" * 100 + "\U0001f468\u200d\U0001f469" * 10
    for name in (LONG, marked):
        tree, _ = hard([name, "other"])
        texts = plot_tree(tree, ax=ax)
        lines = [line for text in texts for line in text.get_text().split("\n")]
        assert max(map(len, lines)) <= 80  # a letter, two marks, and a space
        assert not any(line.startswith(("\u0301", "\u200d")) for line in lines)
        assert texts[0].get_fontsize() > 3
        edge = ax.figure.bbox
        for text in texts:
            box = text.get_window_extent()
            assert edge.y0 <= box.y0 and box.y1 <= edge.y1
        ax.clear()
