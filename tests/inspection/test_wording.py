"""Questions and names in words, whoever shows them."""

import re

import numpy as np
import pandas as pd
import pytest
from many_classes import many_classes
from named_trees import WRITTEN, X, Y, hard, soft
from pages import data
from printed_trees import LEAF, as_number, lines_of
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    counterfactual,
    explain,
    export_graphviz,
    export_rules,
    export_text,
    plot_tree,
)


@pytest.mark.parametrize(("name", "written"), WRITTEN.items(), ids=ascii)
def test_what_shows_nothing_or_ends_a_line_is_written_visibly(name, written):
    labels = np.array([name, "other"], dtype=object)[Y]
    tree, frame = hard([name, "other"], labels if name.isprintable() else Y)
    text = export_text(tree)
    assert f"- {written} <= " in text and text.isprintable() == ("\n" not in text)
    assert explain(tree, frame[:1]).startswith((written, "other"))
    found = counterfactual(tree, frame[:1], features=[name])
    assert found.feature == name and str(found).startswith(f"{written} ")


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "40"], ids=ascii)
def test_classes_and_categories_stay_in_their_lines_too(name):
    frame = pd.DataFrame({"c": np.array([name, "b", "d"], object)[np.arange(90) % 3]})
    y = np.where(frame["c"] == name, name, "other")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, y)
    written = WRITTEN[name]
    assert f"|--- c = {written}\n" in export_text(tree)
    assert explain(tree, frame[:1]).splitlines()[0] == f"c = {written}"
    labels = frame["c"].to_numpy().astype(str)
    three = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(frame, labels)
    assert f"|--- {written} 9" in export_text(three)
    change = str(counterfactual(tree, frame[1:2]))
    assert change == f"c = {written} instead of b makes it {written}"
    several = HardDecisionTreeClassifier(max_leaf_nodes=3)
    several.fit(frame, np.column_stack([labels, y == "other"]).astype(object))
    assert f"target_0: {written} 9" in export_text(several)


@pytest.mark.parametrize("held", ["missing", None])
def test_a_category_called_missing_is_no_gap(held):
    frame = pd.DataFrame({"c": ["missing", None, "a"] * 30})
    is_it = frame["c"].isna() if held is None else frame["c"] == held
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, is_it)
    yes, no = ("is missing", "is not missing")
    rule = "is missing"
    if held is not None:
        yes, no, rule = "= 'missing'", "is not 'missing'", "is 'missing'"
    asked = [words for _, words in lines_of(export_text(tree))][::2]
    assert asked == [f"c {yes}", f"c {no}"]
    assert export_rules(tree).startswith(f"IF c {rule} THEN")
    row = frame[is_it][:1]
    assert explain(tree, row).startswith(f"c {yes}\n")
    assert f"instead of {rule[3:]} makes it" in str(counterfactual(tree, row))
    options = next(each["options"] for each in data(tree)["columns"])
    assert [text for text, _ in options][-1] == "missing"
    assert "'missing'" in [text for text, _ in options[:-1]]


@pytest.mark.parametrize(
    ("names", "written"),
    [
        ([40, 7], "'40'"),
        ([-1.5, 2.5], "'-1.5'"),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]), "('a', 1)"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "2020-01-01 00:00:00"),
    ],
    ids=["int", "float", "tuple", "date"],
)
@pytest.mark.parametrize("params", [{}, {"preprocessor": None}], ids=["auto", "none"])
def test_names_of_other_types_are_the_same_in_text_and_errors(names, written, params):
    first, _ = names
    tree, frame = soft(names, **params)
    for text in (export_text(tree), explain(tree, frame[:1]), export_graphviz(tree)):
        assert f"* {written}" in text and "feature_" not in text
    found = counterfactual(tree, frame[:1], features=[first])
    assert not found or (found.feature == first and str(found).startswith(written))
    with pytest.raises(ValueError, match="is no column, which are"):
        counterfactual(tree, frame[:1], features=["nothing"])
    if not params:
        words = frame.astype(object)
        words.isetitem(0, "word")
        with pytest.raises(ValueError, match=re.escape(f"Column {str(first)!r} of X")):
            tree.predict(words)


def test_an_integer_that_names_no_column_is_no_position():
    tree, frame = hard([7, 40])
    assert counterfactual(tree, frame[:1], features=[7]).feature == 7
    with pytest.raises(ValueError, match=r"0 is no column, which are \[7, 40\]"):
        counterfactual(tree, frame[:1], features=[0])
    plain = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, Y)
    found = counterfactual(plain, X[:1], features=[0])
    assert found.feature == 0 and str(found).startswith("feature_0 ")


def leaves_of(tree, **named):
    text = export_text(tree, **named)
    return [LEAF.fullmatch(words) for _, words in lines_of(text) if "of rows" in words]


def test_two_classes_are_one_share_which_is_not_half_by_rounding():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(X, Y)
    for leaf in leaves_of(tree, class_names=["No", "Yes"]):
        assert re.fullmatch(r"Yes ([<>] )?[\d.]+ %", leaf[1])
    one = HardDecisionTreeClassifier().fit(np.zeros((201, 1)), np.arange(201) < 100)
    assert re.fullmatch(r"True 49\.\d+ %", leaves_of(one)[0][1])


def test_small_classes_are_left_out_and_counted():
    y = np.repeat(np.arange(7), [500, 300, 100, 90, 6, 3, 1])
    tree = HardDecisionTreeClassifier().fit(np.zeros((1000, 1)), y)
    (leaf,) = leaves_of(tree)
    assert leaf[1] == "class 0: 50 %, class 1: 30 %, class 2: 10 %, 4 others 10 %"
    tree.fit(np.zeros((1000, 1)), np.minimum(y, 4) // 2)
    (leaf,) = leaves_of(tree, class_names=["big", "small", "type 3"])
    assert leaf[1] == "big 80 %, small 19 %, type 3: 1 %"
    tree.fit(np.zeros((1000, 1)), np.minimum(y, 5) // 4 + (y > 4))
    (leaf,) = leaves_of(tree, class_names=["big", "small", "type 3"])
    assert leaf[1] == "big 99 %, 2 others 1 %"


def test_of_more_than_ten_classes_the_others_are_a_share_and_no_number():
    words = r"class (\d): ([\d.]+) %, class (\d): ([\d.]+) %, others ([\d.]+) %"
    said = [leaf[1] for leaf in leaves_of(many_classes())]
    for k, leaf in enumerate(said):
        first, share, second, *shares = re.fullmatch(words, leaf).groups()
        assert (first, second) == (str(k), str(3 + k))
        assert sum(map(float, [share, *shares])) == pytest.approx(100, abs=0.2)
    assert said[0] in explain(many_classes(), [[0.0]])
    y = np.repeat(np.arange(11), 11 * [100])
    for n_classes, others in [(10, "7 others 70 %"), (11, "others 72.7 %")]:
        rows = y < n_classes
        tree = HardDecisionTreeClassifier().fit(np.zeros((rows.sum(), 1)), y[rows])
        assert leaves_of(tree)[0][1].endswith(others)


def test_numbers_of_rows_add_up_and_are_told_with_their_labels():
    forest = RandomForestClassifier(10, random_state=0).fit(X, Y)
    for tree in (
        HardDecisionTreeClassifier(forest, max_leaf_nodes=4, transfer=None),
        SoftDecisionTreeClassifier(forest, max_depth=2, max_epochs=2, transfer=None),
    ):
        leaves = leaves_of(tree.fit(X, Y))
        counts = [int(leaf[3]) for leaf in leaves]
        assert sum(counts) == len(X)
        hits = 0.0
        for leaf, count in zip(leaves, counts, strict=True):
            assert as_number(leaf[2].strip("<> %")) == round(100 * count / len(X), 1)
            seen = re.search(r"; observed ([\d.]+) %$", leaf[1])
            assert (seen is None) == (count == 0)
            hits += count * float(seen[1]) / 100 if seen else 0
        assert hits == pytest.approx(Y.sum(), abs=0.2)
        assert "observed" not in export_text(tree.fit(X))


def test_of_more_classes_the_likeliest_is_compared():
    x, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(10, random_state=0).fit(x, y)
    tree = HardDecisionTreeClassifier(forest, max_leaf_nodes=3, transfer=None)
    for leaf in leaves_of(tree.fit(x, y)):
        assert re.fullmatch(r"class (\d): .*; observed class \1: [\d.]+ %", leaf[1])
    both = np.column_stack([y > 0, y > 1]).astype(int)
    forest = RandomForestClassifier(10, random_state=0).fit(x, both)
    tree = HardDecisionTreeClassifier(forest, max_leaf_nodes=3, transfer=None)
    for leaf in leaves_of(tree.fit(x, both), class_names=["tall", "wide"]):
        names = re.findall(r"(tall|wide) ", leaf[1])
        assert names[:2] == names[2:] and leaf[1].count("labels: ") == 2


def test_values_are_in_the_unit_of_y():
    y = np.where(X[:, 0] > 0, 104_000.0, -3.46e-12)
    tree = HardDecisionTreeRegressor(max_leaf_nodes=2).fit(X, y)
    assert [leaf[1] for leaf in leaves_of(tree)] == ["0", "104,000"]
    tree.fit(X, np.column_stack([y, y / 1000]))
    said = leaves_of(tree, class_names=["price", "size"])[1][1]
    assert said == "price: 104,000, size: 104"
    levels = SoftDecisionTreeRegressor(quantiles=[0.1, 0.9], max_depth=1, max_epochs=1)
    for leaf in leaves_of(levels.fit(X, y)):
        assert re.fullmatch(r"quantile 0\.1: \S+, quantile 0\.9: \S+", leaf[1])
    forest = RandomForestRegressor(5, random_state=0).fit(X, 1.1 * y)
    tree = HardDecisionTreeRegressor(forest, max_leaf_nodes=2, transfer=None)
    shown = f"{tree.fit(X, y).predict(X).max() / 1000:.0f},000; observed 104,000"
    assert leaves_of(tree)[1][1] == shown


def test_bad_limits_are_named():
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    for show in (export_graphviz, plot_tree):
        with pytest.raises(ValueError, match="max_depth=-1 must be at least 0"):
            show(tree, max_depth=-1)
    for show in (export_graphviz, export_text):
        with pytest.raises(ValueError, match="max_terms=0 must be at least 1"):
            show(tree, max_terms=0)
    with pytest.raises(ValueError, match="max_terms=0 must be at least 1"):
        explain(tree, X[0], max_terms=0)
