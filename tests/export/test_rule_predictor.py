"""Rules in JSON answer as the tree does, without it."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from written_sql import mixed, numbers, targets

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
    export_rules,
)
from skdistill.export import load, verify


def checked(tree, X):
    """What is read from the JSON, once it is as good as the tree."""
    text = export_rules(tree, format="json")
    rules = load(text)
    assert json.loads(text)["proof"]["labels_that_differ"] in (0, None)
    for artefact in (rules, text):
        record = verify(artefact, tree, X, random_state=1)
        assert record["largest_difference"] < 1e-15
    said, wanted = rules.predict(X), tree.predict(X)
    if hasattr(tree, "predict_proba"):
        np.testing.assert_array_equal(said, wanted)
    else:
        np.testing.assert_allclose(said, wanted, rtol=1e-15, atol=1e-15)
    return rules


@pytest.mark.parametrize(
    "kind", ["2 classes", "5 classes", "several targets", "labels"]
)
def test_classes(kind):
    X, y = numbers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, targets(y, kind))
    rules, p = checked(tree, X), tree.predict_proba(X)
    for ours, wanted in zip(rules.predict_proba(X), p, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-15)
    for ours, wanted in zip(rules.classes_, tree.classes_, strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_frames_dicts_and_arrays(tmp_path):
    X, y = mixed()
    y = np.array(["a", '"', "\\"])[y]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12).fit(X, y)
    rules = checked(tree, X)
    path = tmp_path / "rules.json"
    path.write_text(export_rules(tree, format="json"), encoding="utf-8")
    assert verify(path, tree)["labels_that_differ"] == 0
    rules, expected = load(path), tree.predict(X)
    columns = {name: X[name].astype(object).to_numpy() for name in X}
    rows = np.column_stack(list(columns.values()))
    for some in (X, X[X.columns[::-1]], columns, rows, rows.tolist()):
        np.testing.assert_array_equal(rules.predict(some), expected)
    assert rules.predict(X.iloc[:1]).tolist() == expected[:1].tolist()
    with pytest.raises(ValueError, match="X lacks the columns"):
        rules.predict(X[["plan"]])
    with pytest.raises(ValueError, match="held categories that are strings"):
        rules.predict(X.assign(plan=1))
    with pytest.raises(ValueError, match="X holds infinity"):
        rules.predict(X.assign(income=np.inf))


@pytest.mark.slow
def test_values_priors_and_other_trees():
    X, y = numbers()
    frame, of_frame = mixed()
    checked(
        HardDecisionTreeRegressor(max_leaf_nodes=8).fit(frame, of_frame * 1e5), frame
    )
    several = HardDecisionTreeRegressor(max_leaf_nodes=8).fit(
        X, np.column_stack([y, -y])
    )
    checked(several, X)
    one = HardDecisionTreeRegressor().fit(X, np.full(len(X), 4.0))
    assert checked(one, X).predict(X[:2]).tolist() == [4, 4]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(
        X, np.array(["a", "b", "c"])[y]
    )
    tree.adjust_class_prior({"a": 0.8, "b": 0.15, "c": 0.05})
    checked(tree, X)
    checked(StudentClassifier(student=DecisionTreeClassifier(max_depth=4)).fit(X, y), X)
    checked(StudentRegressor(student=DecisionTreeRegressor(max_depth=4)).fit(X, y), X)
    plain = HardDecisionTreeClassifier(max_leaf_nodes=6, preprocessor=None).fit(X, y)
    with pytest.raises(ValueError, match="preprocessor=None takes neither"):
        checked(plain, X).predict(np.full((1, 4), np.nan))


def test_the_rules_are_whole_and_readable():
    X, y = load_iris(return_X_y=True, as_frame=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    content = json.loads(export_rules(tree, format="json"))
    assert content["columns"][2] == {"name": "petal length (cm)", "gap": True}
    assert [rule["n"] for rule in content["rules"]] == [50, 54, 46]
    first = content["rules"][0]
    bound = first["conditions"][0]
    assert bound == {
        "column": 2,
        "name": "petal length (cm)",
        "at_most": 2.5,
        "gap": False,
    }
    assert first["labels"] == [0]
    assert first["text"].startswith("IF petal length (cm) <= 2.5 THEN class 0 (")


def test_it_needs_numpy_alone(tmp_path):
    X, y = mixed()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12).fit(X, y)
    (tmp_path / "rules.json").write_text(export_rules(tree, format="json"), "utf-8")
    rows = X.astype(object).where(X.notna(), None)
    rows["band"] = [None if value is None else str(value) for value in rows["band"]]
    (tmp_path / "rows.json").write_text(json.dumps(rows.to_numpy().tolist()), "utf-8")
    program = (
        "import json, sys\n"
        "for name in ('torch', 'sklearn', 'scipy', 'pandas', 'skorch'):\n"
        "    sys.modules[name] = None\n"
        "from skdistill.export import load\n"
        f"rules = load({str(tmp_path / 'rules.json')!r})\n"
        f"rows = json.load(open({str(tmp_path / 'rows.json')!r}, encoding='utf-8'))\n"
        "print(json.dumps(rules.predict_proba(rows).tolist()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    np.testing.assert_array_equal(json.loads(done.stdout), tree.predict_proba(X))


def test_bad_input():
    X, y = numbers()
    whole = export_rules(HardDecisionTreeClassifier().fit(X, y), format="json")
    for text, words in [
        ("{}", "has format None, and this reader knows"),
        (whole[:200], "is cut off, or none"),
        ('{"format": "skdistill rules 1"}', "lacks 'columns'"),
    ]:
        with pytest.raises(ValueError, match=words):
            load(text)
    view = HardDecisionTreeClassifier(preprocessor=StandardScaler()).fit(X, y)
    with pytest.raises(TypeError, match="preprocessor=StandardScaler"):
        export_rules(view, format="json")
    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")[(y > 0) * 1]
    dates = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, days)
    with pytest.raises(
        TypeError, match=r"JSON has no labels that are dates: .*y\.astype\(str\)"
    ):
        export_rules(dates, format="json")
    values = HardDecisionTreeRegressor(max_leaf_nodes=4).fit(X, y)
    with pytest.raises(AttributeError, match="predict_proba is for classifiers"):
        load(export_rules(values, format="json")).predict_proba(X)


def test_a_wrong_rule_is_found():
    X, y = numbers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(pd.DataFrame(X), y)
    content = json.loads(export_rules(tree, format="json"))
    bound = content["rules"][0]["conditions"][0]
    end = "at_most" if "at_most" in bound else "above"
    bound[end] = np.nextafter(bound[end], -np.inf)
    with pytest.raises(ValueError, match="of X meets no rule: the JSON is not as"):
        verify(load(json.dumps(content)), tree)
    content = json.loads(export_rules(tree, format="json"))
    content["rules"][0]["labels"] = [2]
    assert verify(load(json.dumps(content)), tree)["labels_that_differ"] > 0
