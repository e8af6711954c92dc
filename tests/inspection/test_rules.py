"""A tree as a list of rules."""

import re

import numpy as np
import pandas as pd
import pytest
from pages import KINDS, X, table
from printed_trees import as_number, holds, lines_of, walk

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    export_rules,
    export_text,
)

BOTH = re.compile(r"(\S+) (<=?) (\S+) (<=?) (\S+?)( or missing)?")


def parts(rules):
    """Conditions, answer and notes of each line."""
    found = [
        re.fullmatch(r"IF (.*?) THEN (.*) \((.*)\)", line).groups() for line in rules
    ]
    return [(conditions.split(" AND "), *rest) for conditions, *rest in found]


def meets(condition, row):
    """Whether a row meets a condition, carried out as it is written."""
    if found := BOTH.fullmatch(condition):
        low, open_, name, closed, high, missing = found.groups()
        if pd.isna(row[name]):
            return bool(missing)
        is_above = as_number(low) < row[name] or (
            open_ == "<=" and as_number(low) == row[name]
        )
        return is_above and holds(f"{name} {closed} {high}", row)
    return holds(re.sub(r" is (?!not |missing)", " = ", condition), row)


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
    predicted = tree.predict(other)
    for i, (_, row) in enumerate(other.iterrows()):
        met = [rule for rule in rules if all(meets(c, row) for c in rule[0])]
        assert len(met) == 1
        _, answer, notes = met[0]
        assert answer == f"class {predicted[i]}"
        share = re.search(r"[\d.]+ % of rows", walk(text, row))[0]
        assert notes.endswith(share)


@pytest.mark.parametrize("seed", range(3))
def test_conditions_about_a_column_are_one(seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.random(600), "c": random.choice([*"xyz"], 600)})
    y = np.floor(8 * frame.a) % 2 + 2 * (frame.c == "x") + 4 * (frame.c == "y")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=16, random_state=seed).fit(
        frame, y
    )
    text = export_rules(tree)
    assert re.search(r"[\d.]+ < a <= [\d.]+", text)
    for conditions, *_ in parts(text.splitlines()):
        about = [re.search(r"\b[ac]\b", each)[0] for each in conditions]
        assert len(about) == len(set(about))


def test_words_of_rules():
    n = 400
    frame = pd.DataFrame(
        {
            "tenure": np.arange(n) % 40.0,
            "contract": np.array(["monthly", "One year", "Two year"])[np.arange(n) % 3],
            "vip": np.arange(n) // 40 % 2,
        }
    )
    monthly = frame["contract"] == "monthly"
    y = np.where(monthly & (frame["tenure"] <= 16), "Yes", "No")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(frame, y)
    assert export_rules(tree).splitlines() == [
        "IF contract is monthly AND tenure <= 16 THEN Yes (99.8 %, 14.2 % of rows)",
        "IF contract is monthly AND tenure > 16 THEN No (99.9 %, 19.2 % of rows)",
        "IF contract is not monthly THEN No (> 99.9 %, 66.5 % of rows)",
    ]
    y = np.where(monthly, 0, np.where(frame["contract"] == "One year", 1, 2))
    text = export_rules(HardDecisionTreeClassifier(max_leaf_nodes=3).fit(frame, y))
    assert re.search(r"IF contract not in \{\w+[- ]\w+, \w+ \w+\} THEN class \d", text)
    y = np.where(frame["vip"] == 1, "a", "b")
    text = export_rules(HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, y))
    assert text.startswith("IF vip = 1 THEN a (")


@pytest.mark.parametrize("name", KINDS)
def test_rules_of_every_kind_of_tree(name):
    tree = KINDS[name]()
    leaves = [w for _, w in lines_of(export_text(tree)) if " of rows, n = " in w]
    shares = [re.search(r"\S+ \S+ % of rows|\S+ % of rows", leaf)[0] for leaf in leaves]
    text = export_rules(tree).splitlines()
    assert len(text) == len(leaves)
    for line, share in zip(text, shares, strict=True):
        assert line.endswith(f"{share.removeprefix('(')})")
    assert len(export_rules(tree, format="markdown").splitlines()) == len(leaves) + 2


def test_observed_labels_stand_beside_a_teachers():
    y = np.where(X["age"] > 50, "old", "young")
    tree = HardDecisionTreeClassifier(
        HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y), max_leaf_nodes=2
    ).fit(X, y)
    for rule in parts(export_rules(tree).splitlines()):
        assert re.fullmatch(r".*%, observed [\d.]+ %, [\d.]+ % of rows", rule[2])


def test_a_tree_of_one_leaf_has_one_rule():
    tree = HardDecisionTreeRegressor().fit(X[["income"]], np.full(len(X), 4.0))
    assert export_rules(tree) == "IF any row THEN 4 (100 % of rows)"


def test_markdown_takes_no_name_for_a_mark():
    names = ["a|b`c*d", "_x_", "snake_case", "<b>&amp;[l](u)~~$"]
    frame = pd.DataFrame(np.random.default_rng(0).random((300, 4)), columns=names)
    y = np.where(frame.sum(axis=1) > 2, "y|*", "<n>")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12).fit(frame, y)
    text = export_rules(tree, format="markdown")
    head, line, *rows = text.splitlines()
    assert (head, line) == ("| If | Then | Notes |", "| --- | --- | --- |")
    for row in rows:
        assert len(re.split(r"(?<!\\)\|", row)) == 5
    assert r"a\|b\`c\*d" in text
    assert r"\_x\_" in text
    assert "snake_case" in text
    assert r"\<b>\&amp;\[l\](u)\~\~\$" in text
    assert r"| y\|\* |" in text
    assert r"| \<n> |" in text


def test_a_frame_has_the_numbers_in_full():
    for name in (
        "hard",
        "values",
        "hard, of several targets",
        "hard, of several labels",
    ):
        tree = KINDS[name]()
        frame = export_rules(tree, format="frame")
        assert frame["share"].sum() == pytest.approx(1)
        assert frame["n"].sum() == len(X)
        leaf = tree.apply(X)
        predicted = frame.filter(regex="^prediction").loc[leaf].to_numpy()
        expected = tree.predict(X)
        if name == "values":
            np.testing.assert_allclose(predicted[:, 0], expected)
            continue
        assert predicted.ravel().tolist() == expected.ravel().tolist()
        p = frame.filter(regex="^probability").loc[leaf].to_numpy()
        wanted = tree.predict_proba(X)
        wanted = np.concatenate(wanted, axis=1) if isinstance(wanted, list) else wanted
        np.testing.assert_allclose(p, wanted, atol=1e-12)


def test_bad_input():
    tree = KINDS["hard"]()
    with pytest.raises(ValueError, match="format='html' must be one of text, markdown"):
        export_rules(tree, format="html")
    soft = SoftDecisionTreeClassifier(max_depth=2, max_epochs=2).fit(X, X["age"] > 50)
    assert export_rules(soft, format="frame")["share"].sum() == pytest.approx(1)
    with pytest.raises(TypeError, match="is none: harden a soft tree before"):
        export_rules(soft, format="json")
