"""A soft tree's gates as images."""

import re
import sys

import numpy as np
import pytest
from named_trees import soft
from scipy.special import expit
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from skdistill import (
    HardDecisionTreeClassifier,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    plot_gate_filters,
)

X, Y = load_digits(return_X_y=True)
X, Y = X[:300] / 16, Y[:300]
FAST = {"max_epochs": 3, "random_state": 0, "preprocessor": None}


@pytest.fixture(scope="module")
def tree():
    return SoftDecisionTreeClassifier(max_depth=3, **FAST).fit(X, Y)


@pytest.fixture(scope="module")
def grown():
    return SoftDecisionTreeClassifier(max_depth=4, max_leaf_nodes=6, **FAST).fit(X, Y)


@pytest.mark.parametrize("name", ["tree", "grown"])
@pytest.mark.parametrize("max_depth", [0, 1, 2, None])
def test_each_gate_that_is_shown_has_an_image(name, max_depth, ax, request):
    tree = request.getfixturevalue(name)
    shape = tree.module_.shape
    images = plot_gate_filters(tree, (8, 8), max_depth=max_depth, ax=ax)
    limit = shape.depth if max_depth is None else max_depth
    shown = shape.gates[shape.gate_depth <= limit].tolist()
    assert sorted(images) == shown and len(ax.child_axes) == len(shown)
    leaves = [leaf for leaf in shape.leaves if len(shape.path(leaf)) - 1 <= limit]
    assert len(ax.texts) == len(leaves)
    assert len(ax.get_lines()) == len(shown) + len(leaves) - 1  # an edge to each
    if max_depth is None:
        assert len(shown) == tree.get_n_leaves() - 1 == len(leaves) - 1
        for text in ax.texts:
            assert re.match(r"class \d:\n[\d.]+ %", text.get_text())


def test_pixels_are_weights(grown, ax):
    images = plot_gate_filters(grown, (8, 8), max_depth=None, ax=ax)
    weight = grown.module_.gate_weight.detach().double().numpy()
    for rank, gate in enumerate(grown.module_.shape.gates):
        image = images[gate]
        np.testing.assert_array_equal(image.get_array(), weight[rank].reshape(8, 8))
        top = np.abs(weight[rank]).max()
        assert image.get_clim() == pytest.approx((-top, top))


def test_channels_are_summed(tree, ax):
    images = plot_gate_filters(tree, (4, 8, 2), ax=ax)
    weight = tree.module_.gate_weight.detach().double().numpy()
    for gate, image in images.items():
        found, expected = image.get_array(), np.zeros((4, 8))
        for i in range(4):
            for j in range(8):
                expected[i, j] = weight[gate][16 * i + 2 * j : 16 * i + 2 * j + 2].sum()
        np.testing.assert_allclose(found, expected)
    wide = plot_gate_filters(tree, [4, 16], max_depth=0, cmap="PuOr", ax=ax)
    assert wide[0].get_array().shape == (4, 16) and wide[0].get_cmap().name == "PuOr"


def test_with_a_view_of_their_own_pixels_stay_in_their_places(ax):
    for view in ("auto", StandardScaler()):
        params = FAST | {"preprocessor": view, "max_depth": 1}
        tree = SoftDecisionTreeClassifier(**params).fit(X, Y)
        image = plot_gate_filters(tree, (8, 8), ax=ax)[0].get_array()
        logit = tree._view(X) @ image.ravel() + tree.module_.gate_bias.item()
        np.testing.assert_allclose(expit(logit), tree.path_proba(X)[:, 2], atol=1e-5)


def test_a_larger_value_of_a_bright_pixel_goes_to_the_right(tree, ax):
    image = plot_gate_filters(tree, (8, 8), ax=ax)[0].get_array()
    blue = np.flatnonzero(image.ravel() == image.max())[0]
    row = X[:1].copy()
    before = tree.path_proba(row)[0, 2]
    row[0, blue] += 1.0
    assert tree.path_proba(row)[0, 2] > before


def test_values_and_names(tree, ax):
    values = SoftDecisionTreeRegressor(max_depth=1, **FAST).fit(X, Y)
    assert len(plot_gate_filters(values, (8, 8), ax=ax)) == 1
    assert [text.get_text().split()[0] for text in ax.texts] == ["value:"] * 2
    ax.clear()
    names = [f"digit {i}" for i in range(10)]
    plot_gate_filters(tree, (8, 8), class_names=names, ax=ax)
    assert all("digit " in text.get_text() for text in ax.texts)


def test_a_pruned_tree_of_one_leaf(tree, ax):
    leaf = tree.prune(X, X_eval=X, max_leaf_nodes=1)
    assert plot_gate_filters(leaf, (8, 8), ax=ax) == {}
    assert len(ax.texts) == 1


def test_where_nothing_is_given_it_draws_on_the_current_axes(tree, ax):
    plot_gate_filters(tree, (8, 8))
    assert len(ax.child_axes) == 7


@pytest.mark.parametrize("shape", [(8, 7), (64,), (2, 2, 4, 4), (64, 2)])
def test_other_shapes_are_refused(tree, shape, ax):
    with pytest.raises(ValueError, match="rows have 64 columns: give height and width"):
        plot_gate_filters(tree, shape, ax=ax)
    assert not ax.texts and not ax.child_axes


def test_what_has_no_gates_is_refused(tree, ax):
    hard = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, Y)
    with pytest.raises(ValueError, match="take plot_tree"):
        plot_gate_filters(hard, (8, 8), ax=ax)
    with pytest.raises(NotFittedError):
        plot_gate_filters(SoftDecisionTreeClassifier(), (8, 8), ax=ax)
    with pytest.raises(ValueError, match="max_depth=-1"):
        plot_gate_filters(tree, (8, 8), max_depth=-1, ax=ax)
    with pytest.raises(ValueError, match="class_names has 2 names"):
        plot_gate_filters(tree, (8, 8), class_names=["a", "b"], ax=ax)


def test_without_matplotlib_the_error_names_it(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        plot_gate_filters(tree, (8, 8))


def test_filters_name_the_class_whatever_it_is_called(ax):
    names = ["yes, $ure: 1$", "no: never, $"]
    tree, _ = soft(["a", "b"])
    plot_gate_filters(tree, (1, 2), class_names=names, ax=ax)
    drawn = [" ".join(text.get_text().split()) for text in ax.texts]
    assert all(any(name in text for name in names) for text in drawn)
    assert not any(text.get_parse_math() for text in ax.texts)
