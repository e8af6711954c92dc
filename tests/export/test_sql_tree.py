"""Trees of any depth as expressions."""

import sqlite3

import numpy as np
import pytest

from skdistill.export.plain_tree import Numbers, PlainNode, PlainTree
from skdistill.export.sql.plan import DIALECTS
from skdistill.export.sql.tree import leaf_of_hard_tree

ALL = {0: Numbers(-np.inf, np.inf, True)}


def asks(threshold, gap_goes_left):
    return (
        Numbers(-np.inf, threshold, gap_goes_left),
        Numbers(threshold, np.inf, not gap_goes_left),
    )


def chain(n):
    """A tree that goes on to the left and to the right in turn."""
    nodes, at, low, high = [], None, -float(n), float(n)
    for i in range(n):
        middle = low + 1 if i % 2 else high - 1
        node = PlainNode(i, {}, 0, asks(middle, bool(i % 2)))
        leaf = PlainNode(n + i, {})
        nodes += [node, leaf]
        low, high = (middle, high) if i % 2 else (low, middle)
        if at is not None:
            at.children.insert(i % 2, len(nodes) - 2)
        node.children = [len(nodes) - 1]
        at = node
    nodes.append(PlainNode(2 * n, {}))
    at.children.insert(n % 2, len(nodes) - 1)
    return PlainTree(nodes, ALL, set())


def balanced(depth):
    nodes = [PlainNode(i, {}) for i in range(2 ** (depth + 1) - 1)]
    for i, node in enumerate(nodes[: 2**depth - 1]):
        node.column, node.sides = 0, asks(float(i), False)
        node.children = [2 * i + 1, 2 * i + 2]
    return PlainTree(nodes, ALL, set())


def leaf_of(tree, x):
    node = tree.nodes[0]
    while node.column is not None:
        side = node.sides[0]
        is_left = side.gap if x is None else x <= side.high
        node = tree.nodes[node.children[0 if is_left else 1]]
    return node.number


def said(tree, dialect="sqlite"):
    numbers = [str(leaf.number) for leaf in tree.leaves]
    return leaf_of_hard_tree(tree, DIALECTS[dialect], numbers)


@pytest.mark.parametrize("tree", [chain(1500), balanced(9)], ids=["chain", "balanced"])
def test_no_tree_is_too_deep(tree):
    values = [None, *(v / 2 for v in range(-3100, 3100, 7))]
    con = sqlite3.connect(":memory:")
    con.execute("CREATE TABLE t (x0 REAL)")
    con.executemany("INSERT INTO t VALUES (?)", [(v,) for v in values])
    rows = con.execute(f"SELECT {said(tree)} FROM t").fetchall()
    con.close()
    assert [row[0] for row in rows] == [leaf_of(tree, v) for v in values]


def test_sql_server_has_ten_levels():
    assert said(chain(1500), "tsql")
    assert said(balanced(9), "tsql")
    with pytest.raises(
        ValueError, match="takes 11 levels of CASE, and tsql has at most 9"
    ):
        said(balanced(11), "tsql")
