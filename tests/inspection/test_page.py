"""A tree's page, as a file; test_page_in_browser.py opens it."""

import html
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from named_trees import AS_THEY_ARE, hard, soft
from pages import (
    KINDS,
    LABELS,
    NUMBERS,
    OUTLIER,
    TARGETS,
    X,
    Y,
    data,
    data_of,
    unpacked,
)
from sklearn import config_context
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skdistill import (
    HardDecisionTreeClassifier,
    SoftDecisionTreeClassifier,
    export_html,
    export_text,
)
from skdistill.export import to_numpy

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "{{script}} {{data}}",
    "<img src=http://there.example/x onerror=alert(1)>",
    "]]> & &lt; \\u003c",
]


class _Tags(HTMLParser):
    """Tags and their attributes, and the text outside of scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def tree():
    return KINDS["hard"]()


def test_the_page_is_one_file_that_asks_nothing_of_any_host(tree, tmp_path):
    page = export_html(tree)
    assert export_html(tree, tmp_path / "tree.html") is None
    assert (tmp_path / "tree.html").read_text(encoding="utf-8") == page
    found = _Tags(page)
    loads = {"src", "srcset", "href", "data", "action", "poster", "background"}
    assert [a for a in found.attributes if a[1] in loads] == [
        ("link", "href", "data:,")
    ]
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|WebSocket|sendBeacon", page)
    hosts = set(re.findall(r"\w+://[^\s\"'`]+", page))
    assert hosts == {"http://www.w3.org/2000/svg"}  # a name that nobody asks for
    assert "default-src 'none'" in page  # so that a browser refuses what slips in


def test_a_page_is_the_same_each_time(tree):
    assert export_html(tree) == export_html(tree) == export_html(clone(tree).fit(X, Y))


@pytest.mark.parametrize("make", [hard, soft])
def test_hostile_names_are_text(make):
    labels = np.array([HOSTILE[0], HOSTILE[3]], dtype=object)[
        (X["income"][:90] > 8000) * 1
    ]
    plain, _ = make(["first", "second"], labels)
    tree, _ = make(HOSTILE[1:3], labels)
    page = export_html(tree, title=HOSTILE[0])
    assert _Tags(page).tags == _Tags(export_html(plain)).tags
    assert not any(name in page for name in HOSTILE if "<" in name)
    found = data_of(page)
    assert found["names"] == HOSTILE[1:3]
    assert sorted(found["groups"][0]["labels"]) == sorted([HOSTILE[0], HOSTILE[3]])
    # In one line each, and escaped: a page without scripts has the text.
    assert html.escape(export_text(tree, max_terms=2)) in page


def test_categories_are_text_too():
    frame = pd.DataFrame({"c": np.array(HOSTILE, dtype=object)[np.arange(100) % 5]})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(
        frame, np.arange(100) % 5 == 1
    )
    page = export_html(tree)
    assert not any(name in page for name in HOSTILE if "<" in name)
    (column,) = data_of(page)["columns"]
    shown = [text for text, _ in column["options"]]
    assert sorted(shown[:-2]) == sorted(HOSTILE)
    assert shown[-2:] == ["another category", "missing"]


@pytest.mark.parametrize("name", AS_THEY_ARE, ids=ascii)
def test_names_arrive_as_they_are(name):
    tree, _ = hard([name, "other"])
    found = data(tree)
    assert (
        found["keys"] == [name, "other"]
        and found["columns"][0]["name"] in found["names"]
    )


def test_the_nodes_are_those_of_the_tree(tree):
    nodes = {node["number"]: node for node in data(tree)["nodes"]}
    assert sorted(nodes) == list(range(len(tree.node_mass_)))
    inner = np.flatnonzero(~tree.tree_.is_leaf)
    for number in inner:
        children = tree.tree_.children_left[number], tree.tree_.children_right[number]
        assert sorted(nodes[number]["children"]) == sorted(children)
        term = tree.preprocessor_.terms_[tree.tree_.feature[number]]
        assert nodes[number]["columns"] == [term.column]
        assert all(X.columns[term.column] in side for side in nodes[number]["question"])
    leaves = [n for n in sorted(nodes) if not nodes[n]["children"]]
    values = [nodes[number]["value"] for number in leaves]
    np.testing.assert_allclose(values, tree.leaf_values(), rtol=1e-8)
    mass = [nodes[number]["mass"] for number in sorted(nodes)]
    np.testing.assert_allclose(mass, tree.node_mass_, rtol=1e-8)


@pytest.mark.parametrize("name", KINDS)
def test_the_numbers_are_those_of_the_numpy_export_bit_by_bit(name):
    tree = KINDS[name]()
    model, predictor = data(tree)["model"], to_numpy(tree)
    for key, array in model["arrays"].items():
        np.testing.assert_array_equal(unpacked(array), predictor.arrays[key].ravel())
    assert model["meta"]["model"] == predictor.meta["model"]


def test_no_row_is_in_it():
    for name in ("hard", "soft"):
        found = data(KINDS[name]())
        text = str({k: v for k, v in found.items() if k != "model"})
        columns = {column["name"]: column for column in found["columns"]}
        for name, column in columns.items():
            if column["kind"] == "number" and name in X:
                held = X[name].astype(float).quantile([0.01, 0.99])
                cuts = [*column["cuts"], *held]
                slack = (max(cuts) - min(cuts)) / 9 + 1
                assert min(cuts) - slack < column["low"] <= column["start"]
                assert column["start"] <= column["high"] < max(cuts) + slack
        assert str(OUTLIER)[:6] not in text


def test_both_answers_to_each_question_can_be_reached(tree):
    for column in data(tree)["columns"]:
        if column["kind"] == "number":
            assert all(column["low"] <= cut < column["high"] for cut in column["cuts"])


def test_a_typical_row_is_the_middle_of_the_table(tree):
    columns = {column["name"]: column for column in data(tree)["columns"]}
    assert columns["age"]["start"] == pytest.approx(X["age"].median(), abs=2)
    texts = {code: text for text, code in reversed(columns["plan"]["options"])}
    assert texts[columns["plan"]["start"]] == X["plan"].value_counts().index[0]


def test_what_answers_are_about():
    found = data(KINDS["hard, of several targets"]())
    assert [group["labels"] for group in found["groups"]] == [
        sorted(set(column)) for column in TARGETS.T
    ]
    found = data(KINDS["hard, of several labels"](), class_names=["a", "b", "c"])
    assert found["kind"] == "labels" and found["groups"][0]["labels"] == ["a", "b", "c"]
    assert len(found["nodes"][0]["value"]) == 2 * LABELS.shape[1]
    found = data(KINDS["values"]())
    assert found["kind"] == "values" and found["groups"][0]["labels"] == ["value"]
    found = data(KINDS["values"](), class_names=["price"])
    assert found["groups"][0]["labels"] == ["price"]


def test_names_of_the_users_own(tree):
    names = ["A", "B", "C", "D", "E"]
    page = export_html(
        tree, feature_names=names, class_names=["x", "y", "z"], title="T"
    )
    assert "<h1>T</h1>" in page and "<title>T</title>" in page
    found = data_of(page)
    assert found["names"] == names and found["keys"] == list(X)
    assert found["groups"][0]["labels"] == ["x", "y", "z"]
    with pytest.raises(ValueError, match="feature_names has 1 names"):
        export_html(tree, feature_names=["A"])


def test_a_transformers_columns_are_those_of_the_page():
    tree = SoftDecisionTreeClassifier(
        max_depth=1, max_epochs=1, preprocessor=StandardScaler(), random_state=0
    ).fit(NUMBERS, Y)
    found = data(tree)
    assert found["model"]["meta"]["view"] == {"kind": "plain"}
    assert (
        len(found["columns"]) == 2
        and "as StandardScaler returns them" in found["facts"][0]
    )


class _Nameless:
    """Categories that are the same as text."""

    def __str__(self):
        return "a thing"


def test_what_has_no_arrays_is_drawn_and_says_why_no_row_can_be_followed():
    things = np.array([_Nameless(), _Nameless()])[np.arange(90) % 2]
    frame = pd.DataFrame({"thing": pd.Categorical(things)})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, np.arange(90) % 2)
    found = data(tree)
    assert found["model"] is None and found["columns"] == []
    assert "are the same as text" in found["reason"]
    assert len(found["nodes"]) == len(tree.node_mass_) == 3


def test_a_tree_of_one_leaf():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(
        np.zeros((20, 2)), [0, 1] * 10
    )
    found = data(tree)
    assert len(found["nodes"]) == 1 and found["columns"] == []


def test_integers_beyond_javascripts_are_text():
    codes = 2**60 + np.arange(3)
    frame = pd.DataFrame({"id": pd.Categorical(np.repeat(codes, 30))})
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, np.arange(90) < 30)
    (labels,) = data(tree)["model"]["meta"]["view"]["labels"]
    assert [category for category, _ in labels["bins"]] == list(map(str, codes))


def test_columns_of_the_largest_floats_have_no_slider():
    x = np.array([-1.7e308, 1.7e308, 1.0, 2.0] * 20)[:, None]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(x, [0, 1, 2, 2] * 20)
    (column,) = data(tree)["columns"]
    assert column["low"] == column["high"] and np.isfinite(column["start"])


def test_columns_that_nobody_asks_about_keep_their_categories_to_themselves():
    frame = X.assign(secret=np.array(["Alice", "Bob"])[np.arange(len(X)) % 2])
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, frame["age"] > 40)
    assert "Alice" not in export_html(tree)


def test_a_notebook_shows_the_diagram_and_the_page_of_a_fitted_tree(tree):
    for each in (HardDecisionTreeClassifier(), SoftDecisionTreeClassifier()):
        assert "<iframe" not in each._repr_html_()
        assert "<iframe" not in each._repr_mimebundle_()["text/html"]
    for shown in (tree._repr_html_(), tree._repr_mimebundle_()["text/html"]):
        diagram, frame = shown.split("<iframe ")
        assert "sk-top-container" in diagram
        page = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
        assert page.replace('<base href="about:srcdoc">', "") == export_html(tree)
        assert 'sandbox="allow-scripts"' in frame
    assert "<iframe" not in estimator_html_repr(tree)
    with config_context(display="text"):
        assert not hasattr(tree, "_repr_html_")
        assert list(tree._repr_mimebundle_()) == ["text/plain"]


def test_a_notebook_does_not_take_a_large_page(tree, monkeypatch):
    monkeypatch.setattr("skdistill.inspection.page._LARGEST", 1000)
    shown = tree._repr_html_()
    assert "<iframe" not in shown and "export_html(tree, 'tree.html')" in shown


def test_the_files_beside_the_module_are_whole():
    for name in ("page.html", "page.css", "page.js", "predictor.js"):
        text = files("skdistill.inspection").joinpath(name).read_text(encoding="utf-8")
        assert "innerHTML" not in text and "document.write" not in text
        assert name == "page.html" or "</" not in text
