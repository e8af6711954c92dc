"""What is given beside a tree: one message that names it."""

import numpy as np
import pytest

from skdistill import (
    HardDecisionTreeClassifier,
    SoftDecisionTreeClassifier,
    explain,
    export_graphviz,
    export_html,
    export_rules,
    export_text,
    plot_tree,
)

X = np.random.default_rng(0).normal(size=(60, 2))
Y = np.where(X[:, 0] > X[:, 1], "b", "a")
TREES = [
    HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, Y),
    SoftDecisionTreeClassifier(max_depth=1, max_epochs=1, random_state=0).fit(X, Y),
]


def _explained(tree, **given):
    return explain(tree, X[:1], **given)


TOOLS = [
    export_text,
    export_rules,
    export_graphviz,
    export_html,
    plot_tree,
    _explained,
]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("max_terms", "3"),
        ("max_terms", 2.5),
        ("max_terms", float("nan")),
        ("digits", "3"),
        ("digits", 2.5),
        ("digits", 0),
        ("digits", None),
        ("digits", True),
    ],
)
def test_what_is_no_whole_number_is_named(tool, argument, wrong):
    for tree in TREES:
        with pytest.raises(
            ValueError, match=f"{argument}={wrong!r} must be at least 1"
        ):
            tool(tree, **{argument: wrong})


@pytest.mark.parametrize("wrong", [0, -1, "3", 2.5])
def test_lines_have_a_dash_at_least(wrong):
    with pytest.raises(ValueError, match=f"spacing={wrong!r} must be at least 1"):
        export_text(TREES[0], spacing=wrong)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.usefixtures("pyplot")
def test_numbers_of_numpy_are_numbers(tool):
    for tree in TREES:
        given = {"max_terms": np.int64(1), "digits": np.int32(2)}
        assert str(tool(tree, **given)) == str(tool(tree, max_terms=1, digits=2))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("argument", ["feature_names", "class_names"])
@pytest.mark.parametrize("wrong", ["ab", 5, {"a": "no", "b": "yes"}, {"a", "b"}])
def test_a_string_is_no_list_of_letters(tool, argument, wrong):
    for tree in TREES:
        with pytest.raises(
            ValueError, match=f"{argument}=.* must be a list of 2 names"
        ):
            tool(tree, **{argument: wrong})


@pytest.mark.parametrize("argument", ["feature_names", "class_names"])
def test_names_that_are_alike_tell_nothing_apart(argument):
    for tree in TREES:
        with pytest.raises(ValueError, match=f"{argument} has 'x' twice"):
            export_text(tree, **{argument: ["x", "x"]})
