"""A tree as a list of rules."""

import re

import numpy as np
import pandas as pd
import pytest
from pages import KINDS, X, table
from printed_trees import holds, lines_of, walk

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    export_rules,
    export_text,
)


def parts(rules):
    """Conditions and leaf of each line."""
    found = [re.fullmatch(r"if (.*?): (.*)", line).groups() for line in rules]
    return [(conditions.split(" and "), leaf) for conditions, leaf in found]


def plain(n, seed):
    """Columns whose names and categories are single words."""
    frame, _ = table(n, seed)
    names = (
        frame["plan"].map({"basic": "basic", "plus": "plus"}).where(frame.plan.notna())
    )
    return frame.assign(plan=names).rename(columns={"is new": "new"})


@pytest.mark.parametrize("seed", range(3))
def test_each_row_meets_the_conditions_of_its_leaf_alone(seed):
    rows = plain(400, seed)
    score = (rows["age"] > 40) + 2 * (rows["plan"] == "plus") + (rows["income"] > 9000)
    params = {"max_leaf_nodes": 12, "random_state": seed}
    tree = HardDecisionTreeClassifier(**params).fit(rows, np.minimum(score, 2))
    text, rules = export_text(tree), parts(export_rules(tree).splitlines())
    assert len(rules) == tree.get_n_leaves() > 6
    other = plain(100, seed + 10)
    for _, row in other.iterrows():
        ends = [
            leaf for conditions, leaf in rules if all(holds(c, row) for c in conditions)
        ]
        assert ends == [walk(text, row)]


@pytest.mark.parametrize("seed", range(3))
def test_no_condition_is_implied_by_another(seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.random(600), "c": random.choice([*"xyz"], 600)})
    y = np.floor(8 * frame.a) % 2 + 2 * (frame.c == "x")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=16, random_state=seed).fit(
        frame, y
    )
    for conditions, _ in parts(export_rules(tree).splitlines()):
        signs = [re.fullmatch(r"a (<=|>) .*", each) for each in conditions]
        signs = [found[1] for found in signs if found]
        assert len(signs) == len(set(signs))
        if any(each.startswith("c = ") for each in conditions):
            assert sum(each.startswith("c ") for each in conditions) == 1


def test_leaves_are_those_of_the_text():
    for name in KINDS:
        tree = KINDS[name]()
        lines = lines_of(export_text(tree))
        ends = [
            export.rsplit("  (", 1)[1] for export in export_rules(tree).splitlines()
        ]
        leaves = [
            words for _, words in lines if re.search(r" of rows, n = [\d,]+\)$", words)
        ]
        assert ends == [words.rsplit("  (", 1)[1] for words in leaves]


def test_a_tree_of_one_leaf_has_one_rule():
    tree = HardDecisionTreeRegressor().fit(X[["income"]], np.full(len(X), 4.0))
    assert export_rules(tree) == "if any row: 4  (100 % of rows, n = 400)"
