"""Colours that all can tell apart."""

from itertools import combinations

import numpy as np
import pytest
from iris_trees import TREES

from skdistill import export_graphviz, plot_tree
from skdistill.inspection.colours import OTHER, class_colours, legible, mixed

# How light looks to people with no colour blindness, and with three kinds of it, in
# linear RGB: Machado, Oliveira, Fernandes, 2009, severity 1.
SIGHT = {
    "any": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# To OKLab (Ottosson, 2020), where equal distances look alike.
CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def seen(colour, sight):
    light = np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1)
    return OKLAB @ np.cbrt(CONES @ light)


def contrast(colour, other):
    dark, light = sorted(
        linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (colour, other)
    )
    return light / dark


@pytest.mark.parametrize("sight", SIGHT)
def test_ten_classes_can_be_told_apart(sight):
    colours = [seen(c, sight) for c in class_colours(np.eye(10))]
    assert min(np.linalg.norm(a - b) for a, b in combinations(colours, 2)) > 0.1


def test_the_first_classes_differ_in_print():
    lightness = sorted(seen(c, "any")[0] for c in class_colours(np.eye(4)))
    assert np.diff(lightness).min() > 0.1


def test_more_classes_have_tints_and_very_many_share_one_colour():
    assert len(set(class_colours(np.eye(24)))) == 24
    colours = class_colours(np.eye(60))
    assert len(set(colours)) == 25 and colours.count(OTHER) == 36


def test_of_many_classes_the_large_ones_of_some_node_have_colours():
    shares = np.full((2, 60), 0.1 / 56)
    shares[0, [7, 50]] = 0.6, 0.3
    shares[1, [9, 20]] = 0.2, 0.1  # the likeliest, however small
    colours = class_colours(shares)
    assert [k for k in range(60) if colours[k] != OTHER] == [7, 9, 50]
    few = class_colours(shares[:, :10])
    assert OTHER not in few and len(set(few)) == 10
    crowd = np.vstack([np.eye(60)[:30], shares[1:]])  # one node is less sure than 30
    assert class_colours(crowd).count(OTHER) == 36


@pytest.mark.parametrize("ground", ["#ffffff", "#000000", "#777777"])
def test_text_on_any_colour_can_be_read(ground):
    for colour in class_colours(np.eye(24)):
        for share in (0, 0.3, 0.6, 1):
            box = mixed(ground, colour, share)
            for wish in ("#000000", "#ffffff", "#123456"):
                assert contrast(legible(wish, box), box) >= 4.5
    assert legible("#123456", "#ffffff") == "#123456"


def test_pictures_and_graphs_have_the_same_colours(ax):
    from matplotlib.colors import to_hex

    dot = export_graphviz(TREES[0])
    for text in plot_tree(TREES[0], ax=ax):
        fill = to_hex(text.get_bbox_patch().get_facecolor())
        assert f'fillcolor="{fill}"' in dot
