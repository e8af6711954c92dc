"""Where boxes stand."""

from itertools import pairwise

import numpy as np
import pytest

from skdistill.inspection.layout import tidy_layout
from skdistill.inspection.nodes import Node

EDGES = 3.0, 5.0, 2.0  # gap, above, below


def random_tree(random, depth=0, number=0):
    """Nodes of a tree of any shape, as ``nodes_of`` has them."""
    is_leaf = depth == 9 or (depth > 1 and random.random() < 0.4)
    children = () if is_leaf else (2 * number + 1, 2 * number + 2)
    value = np.zeros(1)
    nodes = [Node(number, depth, children, [], "", 1.0, value, value[None], False)]
    for child in children:
        nodes += random_tree(random, depth + 1, child)
    return nodes


def mirrored(node):
    """The number of a node where left is right."""
    level = (node + 1).bit_length() - 1
    first = 2**level - 1
    return first + (first - (node - first))


@pytest.fixture(params=range(5))
def drawn(request):
    random = np.random.default_rng(request.param)
    nodes = random_tree(random)
    sizes = {node.number: random.uniform(1, 9, 3) for node in nodes}
    return nodes, sizes, tidy_layout(nodes, sizes, *EDGES)


def test_neighbours_are_apart_and_some_as_near_as_may_be(drawn):
    nodes, sizes, layout = drawn
    levels = {}
    for node in nodes:
        levels.setdefault(node.depth, []).append(node.number)
    gaps = []
    for numbers in levels.values():
        for left, right in pairwise(numbers):
            apart = layout.place[right][0] - layout.place[left][0]
            gaps.append(apart - (sizes[left][0] + sizes[right][0]) / 2)
    assert min(gaps) == pytest.approx(EDGES[0])


def test_parents_stand_over_the_middle_of_their_children(drawn):
    nodes, _, layout = drawn
    for node in nodes:
        if node.children:
            middle = np.mean([layout.place[child][0] for child in node.children])
            assert layout.place[node.number][0] == pytest.approx(middle)


def test_edges_turn_between_the_levels(drawn):
    nodes, sizes, layout = drawn
    for node in nodes:
        _, above, below = sizes[node.number]
        y = layout.place[node.number][1]
        assert y - below - EDGES[1] >= layout.turn[node.depth] - 1e-9
        if node.depth:
            assert y + above + EDGES[2] <= layout.turn[node.depth - 1] + 1e-9


def test_the_page_holds_all_and_no_more(drawn):
    nodes, sizes, layout = drawn
    x, y = np.array([layout.place[node.number] for node in nodes]).T
    width, above, below = np.array([sizes[node.number] for node in nodes]).T
    assert min(x - width / 2) == pytest.approx(0, abs=1e-9)
    assert max(x + width / 2) == pytest.approx(layout.width)
    assert min(y - below) == pytest.approx(0, abs=1e-9)
    assert max(y + above) == pytest.approx(layout.height)


def test_a_mirrored_tree_is_drawn_as_its_mirror_image(drawn):
    nodes, sizes, layout = drawn
    other = {mirrored(node.number): node for node in nodes}

    def visit(number):
        node = other[number]
        below = tuple(sorted(mirrored(child) for child in node.children))
        yield Node(
            number, node.depth, below, [], "", 1.0, node.value, node.below, False
        )
        for child in below:
            yield from visit(child)

    back = tidy_layout(
        list(visit(0)), {mirrored(n): size for n, size in sizes.items()}, *EDGES
    )
    for number, (x, y) in layout.place.items():
        assert back.place[mirrored(number)] == pytest.approx((layout.width - x, y))
