"""A row's way in words."""

import re

import numpy as np
import pandas as pd
import pytest
from printed_trees import shares_of, value_of
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    explain,
    export_text,
)

SOFT = {"max_depth": 3, "max_epochs": 30, "random_state": 0}


@pytest.fixture(scope="module")
def mixed():
    random, n = np.random.default_rng(0), 300
    X = pd.DataFrame(
        {
            "tenure": random.integers(0, 72, n),
            "plan": random.choice(["month", "year"], n),
            "age": np.where(random.random(n) < 0.1, np.nan, random.integers(18, 90, n)),
        }
    )
    return X, np.where((X.tenure < 20) & (X.plan == "month"), "leaves", "stays")


def test_a_hard_path_is_the_printed_one(mixed):
    X, y = mixed
    tree = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    printed = export_text(tree)
    for i in range(0, 60, 7):
        *steps, leaf = explain(tree, X[i : i + 1]).splitlines()
        assert leaf.startswith(f"leaf {tree.apply(X[i : i + 1])[0]}: stays ")
        assert leaf.split(": ", 1)[1] in printed
        assert len(steps) == tree.decision_path(X[i : i + 1]).sum() - 1
        for step in steps:
            question, _, reason = step.partition(", because ")
            assert f"|--- {question}\n" in printed
            value = re.fullmatch(r"tenure = (\d+)", reason)
            assert value is None or int(value[1]) == X.tenure[i]
            # What the question says already needs no reason.
            assert bool(reason) == (question not in ("plan = year", "age is missing"))
        assert explain(tree, X.iloc[i]) == explain(tree, X[i : i + 1])


def test_soft_evidence_adds_up_to_the_gate(mixed):
    X, y = mixed
    tree = SoftDecisionTreeClassifier(**SOFT).fit(X, y)
    module, z = tree.module_, tree._view(X)
    for i in (0, 5, 11):
        text = explain(tree, X[i : i + 1], max_terms=None, digits=6)
        *steps, leaf, mixture = text.splitlines()
        gate, weight = 0, module.gate_weight.detach().double().numpy()
        for step in steps:
            parts = weight[gate] * z[i]
            logit = parts.sum() + float(module.gate_bias[gate].detach())
            sure = float(re.search(r", (?:> )?(\S+) % sure", step)[1])
            assert sure == pytest.approx(100 / (1 + np.exp(-abs(logit))), rel=1e-4)
            toward = parts * np.sign(logit)
            shown = [float(part) for part in re.findall(r"\(([+]\d+\.\d\d)\)", step)]
            assert sum(shown) == pytest.approx(toward[toward > 0].sum(), abs=0.05)
            gate = 2 * gate + 1 + (logit > 0)
        assert leaf.startswith(f"leaf {gate}: stays ")
        p = tree.predict_proba(X[i : i + 1])[0, 1]
        said = shares_of(mixture.removeprefix("all leaves together: "))
        assert said["stays"] == pytest.approx(p, abs=1e-6)


def test_a_tree_that_is_read_by_its_path_says_nothing_of_a_mixture(mixed):
    X, y = mixed
    tree = SoftDecisionTreeClassifier(**SOFT, inference="path").fit(X, y)
    text = explain(tree, X[:1], class_names=["goes", "keeps"])
    assert "all leaves" not in text and "keeps" in text


def test_values():
    X, y = load_diabetes(return_X_y=True)
    for tree in (
        HardDecisionTreeRegressor(max_leaf_nodes=4),
        SoftDecisionTreeRegressor(**SOFT),
    ):
        last = explain(tree.fit(X, y), X[3], digits=9).splitlines()[-1]
        said = value_of(last.split(": ", 1)[1])
        assert said == pytest.approx(tree.predict(X[3:4])[0], rel=1e-6)


def test_what_is_no_row_is_refused():
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier()
    with pytest.raises(NotFittedError):
        explain(tree, X[0])
    tree.fit(X, y)
    with pytest.raises(ValueError, match="x has 3 rows: give one"):
        explain(tree, X[:3])
    with pytest.raises(ValueError, match="4 features"):
        explain(tree, X[0, :2])
    with pytest.raises(ValueError, match="feature_names has 1 names"):
        explain(tree, X[0], feature_names=["a"])


def test_it_explains_the_answer_that_the_tree_gives():
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(max_depth=4, max_epochs=3, random_state=0).fit(
        X, y
    )
    tree.set_params(inference="leaf")
    for i in range(0, 150, 10):
        leaf = explain(tree, X[i]).splitlines()[-1]
        assert leaf.startswith(f"leaf {tree.apply(X[i : i + 1])[0]}: ")
    tree.set_params(inference="mixture").adjust_class_prior([0.98, 0.01, 0.01])
    said = explain(tree, X[60], digits=6).splitlines()[-1]
    p = tree.predict_proba(X[60:61])[0].max()
    assert said.startswith("after adjust_class_prior: ")
    share = max(shares_of(said.removeprefix("after adjust_class_prior: ")).values())
    assert share == pytest.approx(p, abs=1e-6)


def test_values_are_told_from_thresholds_and_gaps_from_values(mixed):
    years = pd.DataFrame({"year": np.arange(1900, 2100)})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(years, years.year > 2001)
    assert explain(tree, years[99:100]).startswith(
        "year <= 2001, because year = 1999\n"
    )
    X, y = mixed
    gap = X[X.age.isna()][:1]
    ages = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X[["age"]], X.age > 50)
    text = explain(ages, gap[["age"]])
    assert "because age is missing" in text
    assert "age = " not in text
    soft = SoftDecisionTreeClassifier(**SOFT).fit(X, y)
    assert "age = " not in explain(soft, gap, max_terms=None)
