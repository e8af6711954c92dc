"""Trees as text."""

import re

import numpy as np
import pandas as pd
import pytest
from named_trees import AS_THEY_ARE, RANDOM, Y, hard

from skdistill import (
    HardDecisionTreeClassifier,
    SoftDecisionTreeClassifier,
    counterfactual,
    explain,
    export_text,
)


def test_the_text_of_a_soft_tree_has_names_as_they_are():
    rows = RANDOM.normal(size=(90, len(AS_THEY_ARE)))
    frame = pd.DataFrame(rows, columns=AS_THEY_ARE)
    tree = SoftDecisionTreeClassifier(max_depth=1, max_epochs=1, random_state=0)
    tree.fit(frame, Y)
    lines = export_text(tree, max_terms=None).splitlines()
    assert len(lines) == 4
    for name in AS_THEY_ARE:
        assert name in lines[0] and name in lines[2]
        assert name in explain(tree, frame[:1], max_terms=None)


@pytest.mark.parametrize("name", AS_THEY_ARE, ids=ascii)
def test_the_text_of_a_hard_tree_has_names_as_they_are(name):
    tree, frame = hard([name, "other"])
    lines = export_text(tree).splitlines()
    assert len(lines) == len(tree.node_mass_) + tree.get_n_leaves() - 1
    assert any(name in line for line in lines)
    assert name in explain(tree, frame[:1]) or "other" in explain(tree, frame[:1])
    found = counterfactual(tree, frame[:1], features=[name])
    assert found.feature == name and name in str(found)


def test_numbers_stay_beside_their_names_where_scripts_run_to_the_left():
    left = ["\u05de\u05d7\u05d9\u05e8 \u05d2", "\u0639\u0645\u0631"]
    tree, _ = hard(left, np.array(left, dtype=object)[Y])
    for line in export_text(tree).splitlines():
        for name in left:
            # Unicode's LEFT-TO-RIGHT MARK, on both sides
            assert line.count(name) == line.count(f"\u200e{name}\u200e")


@pytest.mark.parametrize(
    "make",
    [
        lambda: SoftDecisionTreeClassifier(max_depth=4, max_epochs=2, random_state=0),
        lambda: HardDecisionTreeClassifier(max_leaf_nodes=9, random_state=0),
    ],
    ids=["soft", "hard"],
)
def test_the_text_of_the_top_of_a_tree(make):
    rows = np.random.default_rng(0).normal(size=(300, 3))
    labels = np.where(
        rows[:, 0] * rows[:, 1] > 0, "a", np.where(rows[:, 2] > 0, "b", "c")
    )
    tree = make().fit(rows, labels)
    whole = export_text(tree).splitlines()
    assert export_text(tree, max_depth=16).splitlines() == whole
    for most in range(tree.get_depth()):
        top = export_text(tree, max_depth=most).splitlines()
        hidden = [
            re.search(r"\.\.\. (\d+) leaves below  \(.*n = \d+\)", x) for x in top
        ]
        below = sum(int(found[1]) for found in hidden if found)
        leaves = [x for x in top if "n = " in x and "leaves below" not in x]
        assert below and below + len(leaves) == tree.get_n_leaves()
        shown = [x for x, found in zip(top, hidden, strict=True) if not found]
        # The same lines, in the same order, as in the whole text.
        rest = iter(whole)
        assert all(line in rest for line in shown)
        assert all(line.count("|") <= most for line in shown if line not in leaves)
    for wrong in (-1, 1.5, "two"):
        with pytest.raises(ValueError, match=f"max_depth={wrong!r} must be at least 0"):
            export_text(tree, max_depth=wrong)
