"""Trees in the DOT language."""

import re

import pytest
from iris_trees import NAMES, TREES
from named_trees import hard

from skdistill import export_graphviz


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


def test_dot_draws_no_escape_and_no_entity():
    tree, _ = hard(["R&D &lt; &#38; \\N \\", '"quoted" \\l'])
    dot = export_graphviz(tree)
    assert r"R&D &amp;lt; &amp;#38; \\N \\ <= " in dot
    assert "&lt;" not in dot and re.sub(r"\\.", "", dot).count('"') % 2 == 0
