"""Trees as text."""

import numpy as np
import pandas as pd
import pytest
from named_trees import AS_THEY_ARE, RANDOM, Y, hard

from skdistill import SoftDecisionTreeClassifier, counterfactual, explain, export_text


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
