"""Trees as pictures."""

import io
import pickle
import re
import sys
from inspect import signature

import numpy as np
import pytest
from iris_trees import NAMES, TREES, X, Y
from many_classes import many_classes
from named_trees import AS_THEY_ARE, LONG, WRITTEN, hard
from named_trees import Y as CODES
from on_first_use import OnFirstUse
from printed_trees import LEAF, lines_of

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    export_text,
    plot_tree,
)
from skdistill.inspection.nodes import nodes_of

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(600, 5))
FORTY = [f"{c}_name_that_has_exactly_forty_letters_{c}" for c in "abcde"]
FAST = {"max_epochs": 1, "random_state": 0, "transfer": None}


def hard_of(y, n_leaves):
    make = HardDecisionTreeRegressor if y.dtype == float else HardDecisionTreeClassifier
    return make(max_leaf_nodes=n_leaves, random_state=0, transfer=None).fit(ROWS, y)


def of_depth(depth, y):
    return SoftDecisionTreeClassifier(max_depth=depth, **FAST).fit(ROWS, y)


CODED = (ROWS[:, 0] > 0) + 2 * (ROWS[:, 1] * ROWS[:, 2] > 0)
ONE_LEAF = HardDecisionTreeRegressor()
TWENTY = (ROWS[:, 0] * 4).astype(int) % 20
NAMED = {"feature_names": FORTY, "class_names": FORTY[:4]}
DRAWN = OnFirstUse(
    {
        "one leaf": lambda: (ONE_LEAF.fit(np.ones((9, 2)), np.arange(9.0)), {}),
        "iris": lambda: (TREES[0], {"feature_names": NAMES}),
        "64 leaves": lambda: (of_depth(6, CODED), {"max_terms": 1}),
        "64 leaves, of values": lambda: (hard_of(ROWS[:, 0] * ROWS[:, 1], 64), {}),
        "names of 40 letters": lambda: (of_depth(3, CODED), NAMED),
        "20 classes": lambda: (hard_of(TWENTY, 12), {"max_depth": 3}),
    }
)


def overlaps(box, other):
    """Whether two boxes have more than an edge in common."""
    return min(box.x1, other.x1) - max(box.x0, other.x0) > 0.1 and (
        min(box.y1, other.y1) - max(box.y0, other.y0) > 0.1
    )


def holds(outer, inner):
    return (
        outer.x0 - 0.5 <= inner.x0
        and outer.y0 - 0.5 <= inner.y0
        and inner.x1 <= outer.x1 + 0.5
        and inner.y1 <= outer.y1 + 0.5
    )


def boxes_of(texts):
    texts[0].figure.draw_without_rendering()
    return [text.get_bbox_patch().get_window_extent() for text in texts]


def answers_of(ax):
    return [text for text in ax.texts if text.get_text() in ("yes", "no")]


def bars_of(ax, texts):
    """For each text the parts of its bars, the first of a bar being its frame."""
    boxes, parts = boxes_of(texts), [[] for _ in texts]
    for patch in ax.patches:
        extent = patch.get_window_extent()
        (owner,) = (i for i, box in enumerate(boxes) if holds(box, extent))
        parts[owner].append(extent)
    return parts


@pytest.mark.parametrize("dpi", [60, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.slow if case.endswith("values") else ())
        for case in DRAWN
    ],
)
def test_a_new_figure_is_so_large_that_all_can_be_read(case, dpi, pyplot):
    tree, params = DRAWN[case]
    with pyplot.rc_context({"figure.dpi": dpi}):
        texts = plot_tree(tree, **params)
    figure, ax = pyplot.gcf(), texts[0].axes
    assert figure is ax.figure and min(text.get_fontsize() for text in ax.texts) >= 8
    boxes = boxes_of(texts)
    others = [text.get_window_extent() for text in answers_of(ax)]
    others.append(ax.get_legend().get_window_extent())
    others.append(figure.bbox)
    for i, box in enumerate(boxes):
        assert holds(figure.bbox, box) and holds(box, texts[i].get_window_extent())
        assert not any(overlaps(box, other) for other in boxes[:i] + others[:-1])
    for i, other in enumerate(others[:-1]):
        assert holds(figure.bbox, other)
        assert not any(overlaps(other, another) for another in others[:i])
    for bars, text in zip(bars_of(ax, texts), texts, strict=True):
        assert bars and not any(overlaps(bar, text.get_window_extent()) for bar in bars)


def test_a_figure_grows_with_its_tree(pyplot):
    sizes = []
    for n_leaves in (2, 8, 32):
        plot_tree(hard_of(CODED, n_leaves))
        sizes.append(pyplot.gcf().get_size_inches())
    assert (np.diff(sizes, axis=0) > 0).all()
    small, *_ = sizes
    plot_tree(hard_of(CODED, 2), fontsize=20)
    assert (pyplot.gcf().get_size_inches() > 1.5 * small).all()


def test_other_figures_are_left_alone(pyplot):
    figure, _ = pyplot.subplots()
    ax = plot_tree(TREES[0])[0].axes
    assert pyplot.get_fignums() == [1, 2] and pyplot.gca() is ax
    assert not figure.axes[0].texts
    with pytest.raises(ValueError, match="class_names"):
        plot_tree(TREES[0], class_names=["a"])
    with pytest.raises(ValueError, match="size"):
        plot_tree(TREES[0], fontsize="enormous")
    assert pyplot.get_fignums() == [1, 2]


@pytest.mark.parametrize("which", TREES)
def test_axes_that_are_given_hold_the_picture(which, pyplot):
    tree = TREES[which]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    for ax in (left, right):
        texts = plot_tree(tree, ax=ax)
        assert all(holds(ax.bbox, box) for box in boxes_of(texts))
        assert holds(ax.bbox, ax.get_legend().get_window_extent())
    assert pyplot.get_fignums() == [1] and tuple(figure.get_size_inches()) == (10, 4)
    figure.savefig(io.BytesIO(), dpi=300)
    pickle.loads(pickle.dumps(figure))


@pytest.mark.parametrize("which", TREES)
def test_the_picture_shows_each_node_once_and_none_over_another(which, ax):
    tree = TREES[which]
    texts = plot_tree(tree, feature_names=NAMES, ax=ax)
    assert len(texts) == len(tree.node_mass_)
    said = [" ".join(text.get_text().split()) for text in texts]
    lines = [words for _, words in lines_of(export_text(tree, feature_names=NAMES))]
    for leaf in filter(None, map(LEAF.fullmatch, lines)):
        assert f"{leaf[1]} {leaf[2]} of rows n = {leaf[3]}" in said
    questions = [text for text in said if "<=" in text or ">=" in text]
    assert len(questions) == len(texts) - tree.get_n_leaves()
    for question in questions:
        words = [line.replace("  (", " (") for line in lines]
        assert any(question.startswith(f"{line} ") for line in words)
    boxes = boxes_of(texts)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_edges_are_as_wide_as_their_rows_are_many(ax):
    tree = TREES[0]
    texts = plot_tree(tree, ax=ax)
    widths = sorted(line.get_linewidth() for line in ax.get_lines())
    expected = 0.1 + 0.7 * np.sort(tree.node_mass_[1:])
    np.testing.assert_allclose(np.divide(widths, texts[0].get_fontsize()), expected)


def test_each_edge_says_for_which_answer_it_is(ax):
    tree = TREES[0]
    plot_tree(tree, ax=ax)
    answers, edges = answers_of(ax), ax.get_lines()
    assert len(answers) == len(edges) == len(tree.node_mass_) - 1
    for answer, edge in zip(answers, edges, strict=True):
        start, *_, end = edge.get_xdata()
        assert answer.get_text() == ("yes" if end < start else "no")
        here = ax.transData.inverted().transform(answer.get_window_extent())
        assert (here.mean(axis=0)[0] - start) * (end - start) > 0


def test_bars_are_as_long_as_shares_are_large(ax):
    for tree in (TREES[0], TREES[2]):
        ax.clear()
        texts = plot_tree(tree, ax=ax)
        nodes = nodes_of(tree, None, None, 3, None, 3)
        frames = []
        for node, (frame, *parts) in zip(nodes, bars_of(ax, texts), strict=True):
            drawn = [part.width / frame.width for part in parts]
            seen = node.value[node.value > 0.002]
            assert drawn == pytest.approx(seen, abs=1e-4)
            frames.append(frame.width)
        assert frames == pytest.approx([frames[0]] * len(frames))  # to be compared


def test_the_legend_names_each_colour(ax):
    plot_tree(TREES[0], ax=ax, class_names=["_a", "$b$", "c" * 100])
    legend = ax.get_legend()
    names = ["".join(text.get_text().split()) for text in legend.get_texts()]
    assert names == ["_a", "$b$", "c" * 100]
    colours = {patch.get_facecolor() for patch in legend.get_patches()}
    drawn = {patch.get_facecolor() for patch in ax.patches}
    assert len(colours) == 3 and colours < drawn


def test_of_many_classes_those_without_a_colour_are_one_part_at_the_end(ax):
    tree = many_classes()
    texts, nodes = plot_tree(tree, ax=ax), nodes_of(tree, None, None, 3, None, 3)
    legend = ax.get_legend()
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["0", "1", "2", "43 other classes"]
    *own, rest = [patch.get_facecolor() for patch in legend.get_patches()]
    assert len({*own, rest}) == 4
    colours = [p.get_facecolor() for p in ax.patches if p.get_linewidth() == 0]
    for node, (frame, *parts) in zip(nodes, bars_of(ax, texts), strict=True):
        drawn, colours = colours[: len(parts)], colours[len(parts) :]
        assert rest not in drawn[:-1] and drawn[-1] == rest
        others = node.value[3:].sum()
        assert parts[-1].width / frame.width == pytest.approx(others, abs=1e-4)
        assert parts[-1].x1 == pytest.approx(frame.x1)
        assert sum(p.width for p in parts) == pytest.approx(frame.width, rel=0.01)


def test_of_many_classes_inner_nodes_name_the_likeliest_and_leaves_speak_as_text(ax):
    tree = many_classes()
    texts = [text.get_text().split("\n") for text in plot_tree(tree, ax=ax)]
    said = [lines[1] for lines in texts if "<=" in lines[0]]
    assert re.fullmatch(r"class 0: 20\.\d %;class 1: 30\.\d %", ";".join(said))
    leaves = {" ".join(lines[:-2]) for lines in texts if "<=" not in lines[0]}
    words = {LEAF.fullmatch(words) for _, words in lines_of(export_text(tree))}
    assert leaves == {leaf[1] for leaf in words - {None}}


def test_marks_show_where_a_value_lies_among_all(ax):
    tree = TREES[1]
    texts = plot_tree(tree, ax=ax)
    nodes = nodes_of(tree, None, None, 3, None, 3)
    low, high = min(nodes[0].below), max(nodes[0].below)
    for node, (frame, *_, mark) in zip(nodes, bars_of(ax, texts), strict=True):
        at = (mark.x0 - frame.x0) / (frame.width - mark.width)
        assert at == pytest.approx(((node.value - low) / (high - low))[0], abs=1e-3)
    (legend,) = ax.get_legend().get_texts()
    assert re.search(r"range of all leaves: \S+ to \S+$", legend.get_text())


def test_labels_targets_and_quantiles_have_bars_of_their_own(ax):
    both = np.column_stack([Y > 0, Y > 1]).astype(int)
    values = np.column_stack([X[:, 0], X[:, 1] * 1e9, X[:, 2]])
    quantiles = SoftDecisionTreeRegressor(
        max_depth=1, quantiles=[0.1, 0.5, 0.9], loss="quantile", **FAST
    ).fit(X, X[:, 0])
    labels = HardDecisionTreeClassifier(max_leaf_nodes=2, transfer=None).fit(X, both)
    targets = HardDecisionTreeRegressor(max_leaf_nodes=2, transfer=None).fit(X, values)
    several = HardDecisionTreeClassifier(max_leaf_nodes=2, transfer=None).fit(
        X, both.astype(str).astype(object)
    )
    for tree, n_bars in [(labels, 2), (targets, 3), (quantiles, 1), (several, 0)]:
        ax.clear()
        texts = plot_tree(tree, ax=ax)
        frames = [p for p in ax.patches if p.get_linewidth() > 0]
        assert len(frames) == n_bars * len(texts)
        assert (ax.get_legend() is None) == (n_bars == 0)


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize("filled", [True, False])
def test_pictures_are_drawn_in_the_users_style(style, filled, pyplot):
    from matplotlib.colors import to_rgb

    with pyplot.style.context(style), pyplot.rc_context({"font.size": 13}):
        root, *_, leaf = plot_tree(TREES[0], filled=filled)
        ground = to_rgb(pyplot.rcParams["figure.facecolor"])
        ink = to_rgb(pyplot.rcParams["text.color"])
    assert root.get_fontsize() == 13 and to_rgb(root.get_color()) == ink
    assert to_rgb(root.get_bbox_patch().get_facecolor()) == pytest.approx(
        ground, abs=0.02
    )
    fill = np.array(to_rgb(leaf.get_bbox_patch().get_facecolor()))
    assert (np.abs(fill - ground).max() > 0.15) == filled
    assert np.abs(fill - to_rgb(leaf.get_color())).min() > 0.2


def test_picture_and_text_show_as_many_terms():
    shown = {
        signature(show).parameters["max_terms"].default
        for show in (plot_tree, export_text)
    }
    assert len(shown) == 1


def test_deep_trees_can_be_cut(ax):
    tree = TREES[0]
    depths = tree.tree_.depth()
    assert len(plot_tree(tree, max_depth=1, ax=ax)) == (depths <= 1).sum()
    ax.clear()
    (root,) = plot_tree(tree, max_depth=0, fontsize=7, ax=ax)
    assert root.get_fontsize() == 7
    (dots,) = ax.get_lines()  # there is more below
    assert dots.get_linestyle() == ":" and not answers_of(ax)
    ax.clear()
    plot_tree(tree, ax=ax)
    assert all(line.get_linestyle() == "-" for line in ax.get_lines())


@pytest.mark.slow
def test_any_canvas_will_do():
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(8, 5))
    tree = SoftDecisionTreeClassifier(max_depth=6, max_epochs=1, random_state=0)
    texts = plot_tree(tree.fit(X, Y), ax=figure.subplots())
    assert len(texts) == 127 and texts[0].get_fontsize() < 3


def test_a_tree_of_one_leaf(ax):
    tree = HardDecisionTreeRegressor().fit(np.ones((9, 2)), np.arange(9.0))
    (text,) = plot_tree(tree, ax=ax)
    assert text.get_text() == "4\n100 % of rows\nn = 9"
    assert export_text(tree) == "|--- 4  (100 % of rows, n = 9)"
    assert tree.get_depth() == 0 and (tree.feature_importances_ == 0).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"fontsize": 0},
        {"fontsize": -1},
        {"fontsize": float("nan")},
        {"fontsize": 1e6},
        {"fontsize": [8]},
        {"ax": 5},
        {"ax": np.array([None, None])},
    ],
    ids=str,
)
def test_sizes_and_axes_that_are_none_are_named(wrong, pyplot):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name}=.* must be"):
        plot_tree(TREES[0], **wrong)
    assert not pyplot.get_fignums()


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
    assert all("b$^{" in text for text in drawn)
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
