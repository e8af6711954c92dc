"""What nodes ask, in words."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from on_first_use import OnFirstUse
from printed_trees import LEAF, as_number, lines_of, questions_of, shares_of, walk
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

from skdistill import (
    HardDecisionTreeClassifier,
    SoftDecisionTreeClassifier,
    explain,
    export_graphviz,
    export_text,
    plot_tree,
)

RANDOM, N = np.random.default_rng(0), 400
TABLE = pd.DataFrame(
    {
        "contract": RANDOM.choice(["Month-to-month", "One year", "Two year"], N),
        "tenure": RANDOM.integers(0, 72, N),
        "charges": RANDOM.lognormal(10, 1, N).round(0),
        "age": np.where(RANDOM.random(N) < 0.2, np.nan, RANDOM.normal(40, 9, N)),
        "senior": RANDOM.integers(0, 2, N),
        "plan": RANDOM.choice(["a", "b", "c", None], N),
        "income": RANDOM.lognormal(3, 2.5, N),
    }
)
LOGIT = (
    2.0 * (TABLE.contract == "Month-to-month")
    - TABLE.tenure / 20
    + 1.5 * TABLE.senior
    + (TABLE.plan == "a")
    - TABLE.age.isna()
    + 2.0 * (TABLE.income > 60)
)
LEAVES = np.where(RANDOM.random(N) < 1 / (1 + np.exp(-LOGIT)), "Yes", "No")
SOFT = {"max_epochs": 10, "transfer": None, "random_state": 0, "inference": "path"}
UNFITTED = {
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=16, random_state=0),
    "axis": SoftDecisionTreeClassifier(split="axis", max_leaf_nodes=12, **SOFT),
    "sparse": SoftDecisionTreeClassifier(split="sparse", max_depth=3, **SOFT),
    "dense": SoftDecisionTreeClassifier(max_depth=3, **SOFT),
}
TREES = OnFirstUse(
    (name, lambda tree=tree: tree.fit(TABLE, LEAVES)) for name, tree in UNFITTED.items()
)


@pytest.mark.parametrize("name", TREES)
def test_the_side_of_yes_comes_first_and_is_never_negated(name):
    open_at = set()  # depths at which the second side is still to come
    for depth, words in lines_of(export_text(TREES[name])):
        if LEAF.fullmatch(words):
            continue
        if depth not in open_at:
            assert not re.search(r"^not | not | nor | > |>=", words), words
        assert not words.startswith("not ")
        open_at ^= {depth}
    assert not open_at


@pytest.mark.parametrize("name", ["hard", "axis"])
def test_who_carries_the_text_out_answers_as_the_tree_does(name):
    tree = TREES[name]
    text = export_text(tree, digits=9)
    said = [shares_of(walk(text, row))["Yes"] for _, row in TABLE.iterrows()]
    np.testing.assert_allclose(said, tree.predict_proba(TABLE)[:, 1], atol=1e-8)


def test_pictures_graphs_and_text_agree_on_yes(ax):
    for tree in TREES.values():
        texts = [" ".join(t.get_text().split()) for t in plot_tree(tree, ax=ax)]
        root = lines_of(export_text(tree))[0][1]
        assert texts[0].startswith(root.replace("  (", " ("))
        dot = export_graphviz(tree)
        asked = re.search(r'^0 \[label="(.*?)\\n', dot, re.M)[1]
        assert root.split("  (")[0] == asked
        ways = re.findall(r"^0 -> (\d+) \[.*?(yes|no)", dot, re.M)
        yes = next(int(child) for child, word in ways if word == "yes")
        ask = tree.decision_path if tree is TREES["hard"] else tree.path_proba
        reached = ask(TABLE)[:, [yes]]
        reached = reached.toarray() if sparse.issparse(reached) else reached
        row = TABLE[reached[:, 0] > 0.5][:1]
        twin = explain(tree, row)
        assert twin.startswith(asked)
        ax.clear()
    functions = plot_tree, export_text, export_graphviz, explain
    defaults = {inspect.signature(f).parameters["max_terms"].default for f in functions}
    assert len(defaults) == 1


@pytest.mark.parametrize("name", ["sparse", "dense"])
def test_a_gate_has_one_threshold_however_many_terms_are_shown(name):
    texts = [export_text(TREES[name], max_terms=m) for m in (1, 2, 3, None)]
    thresholds = [re.findall(r"(<=|>) (\S+)(?:  |$)", t, re.M) for t in texts]
    assert len(thresholds[0]) == 14 and thresholds.count(thresholds[0]) == 4
    hidden = [re.findall(r"\[\+ (\d+) smaller term", text) for text in texts]
    assert hidden[-1] == []
    if name == "dense":
        assert np.diff(np.double(hidden[:-1]), axis=0).tolist() == [[-1] * 14] * 2


def test_the_note_says_what_the_terms_carry_and_what_the_rest_is():
    x = np.random.default_rng(1).normal([5, 5, 5], [1, 1, 1], size=(4000, 3))
    y = x @ [3.0, 2.0, 1.0] > 30
    tree = SoftDecisionTreeClassifier(max_depth=1, **SOFT).fit(x, y)
    weight = tree.module_.gate_weight[0].detach().numpy() / x.std(axis=0)
    order = np.argsort(-np.abs(weight))
    for shown in (1, 2):
        terms, rest = order[:shown], order[shown:]
        (line, *_) = export_text(tree, max_terms=shown).splitlines()
        share, mean = re.search(
            r"carr(?:y|ies) (\S+) % of this question, the rest is (\S+) on average\)$",
            line,
        ).groups()
        whole = np.var(x @ weight)
        assert float(share) == pytest.approx(
            100 * np.var(x[:, terms] @ weight[terms]) / whole, abs=3
        )
        expected = (x[:, rest] @ weight[rest]).mean()
        assert as_number(mean) == pytest.approx(expected, rel=0.01)
    assert "carr" not in export_text(tree, max_terms=3)


def test_a_transformers_columns_are_weighed_by_their_spread():
    x = np.random.default_rng(1).normal(size=(300, 2)) * [1, 1000]
    y = x[:, 1] > 0
    for view in (None, "auto", StandardScaler(with_std=False)):
        tree = SoftDecisionTreeClassifier(max_depth=1, preprocessor=view, **SOFT)
        tree.fit(x, y)
        assert re.match(r"\|--- -?\S+ \* \w*1 \[\+ 1 ", export_text(tree, max_terms=1))


def test_a_question_about_one_column_is_in_its_own_unit():
    income = TABLE[["income"]]
    y = income["income"] > 100
    tree = SoftDecisionTreeClassifier(max_depth=1, **SOFT).fit(income, y)
    assert "log1p" in tree.preprocessor_.get_feature_names_out()[0]
    text = export_text(tree, digits=6)
    assert "log1p" not in text
    assert re.match(r"\|--- income <=? [\d.,]+\n", text)
    ends = [shares_of(walk(text, row))["True"] for _, row in income.iterrows()]
    np.testing.assert_allclose(ends, tree.predict_proba(income)[:, 1], atol=1e-5)
    reason = explain(tree, income[:1]).splitlines()[0].split("because ")[1]
    assert as_number(reason.split()[2]) == pytest.approx(income.income[0], rel=1e-2)


def test_flags_are_one_or_zero():
    text = export_text(TREES["hard"])
    assert "senior = 1" in text and "senior = 0" in text
    flags = pd.DataFrame({"vip": np.arange(40) % 2 == 0, "x": np.arange(40.0)})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(flags, flags.vip)
    assert questions_of(export_text(tree)) == ["vip = 1", "vip = 0"]
    assert explain(tree, flags[:1]).startswith("vip = 1\nleaf")
    bare = HardDecisionTreeClassifier(max_leaf_nodes=2, preprocessor=None)
    bare.fit(flags.to_numpy(float), flags.vip)
    assert questions_of(export_text(bare)) == ["feature_0 = 1", "feature_0 = 0"]
    wide = flags.assign(vip=np.where(flags.vip, 1, -1))
    tree.fit(wide, flags.vip)
    assert questions_of(export_text(tree))[0].startswith("vip <= ")


def test_several_categories_are_a_set_the_surest_first():
    kinds = pd.DataFrame({"kind": RANDOM.choice(list("abcde"), 600)})
    share = kinds.kind.map({"a": 0.05, "b": 0.95, "c": 0.75, "d": 0.05, "e": 0.05})
    y = RANDOM.random(600) < share
    tree = SoftDecisionTreeClassifier(max_depth=1, lr=0.2, **SOFT)
    tree.fit(kinds, y)
    first, second = questions_of(export_text(tree, max_terms=1))
    assert (first, second) == ("kind in {b, c}", "kind not in {b, c}")
    gaps = kinds.where(kinds.kind != "c", None)
    tree.fit(gaps, y)
    first, second = questions_of(export_text(tree))
    assert (first, second) == ("kind = b or missing", "kind is not b, nor missing")


def test_rare_categories_are_a_set():
    kinds = pd.DataFrame({"kind": ["a"] * 300 + ["b"] * 300 + ["c", "d"] * 10})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2)
    view = HardDecisionTreeClassifier().fit(kinds, kinds.kind == "a").preprocessor_
    tree.set_params(preprocessor=view.set_params(min_frequency=0.1))
    tree.fit(kinds, kinds.kind.isin(["c", "d"]))
    assert questions_of(export_text(tree)) == [
        "kind in {c, d or unseen}",
        "kind not in {c, d or unseen}",
    ]


def test_a_gap_goes_where_the_text_says():
    ages = TABLE[["age"]]
    y = np.where(ages.age > 30, "old", "young")
    tree = SoftDecisionTreeClassifier(split="axis", max_depth=1, **SOFT).fit(ages, y)
    text = export_text(tree)
    end = walk(text, {"age": np.nan})
    p = tree.predict_proba(ages[ages.age.isna()][:1])[0, 1]
    assert shares_of(end)["young"] == pytest.approx(p, abs=0.001)


def test_forests_on_whole_numbers_teach_whole_thresholds():
    forest = RandomForestClassifier(10, random_state=0)
    whole = TABLE[["tenure", "senior"]]
    tree = HardDecisionTreeClassifier(forest, transfer=None, max_leaf_nodes=8)
    text = export_text(tree.fit(whole, LEAVES))
    bounds = re.findall(r"tenure <= (\S+)", text)
    assert bounds and all(bound.isdigit() for bound in bounds)
