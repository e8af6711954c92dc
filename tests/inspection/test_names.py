"""Names as they are: in text, pictures, graphs, answers."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from skdistill import (
    HardDecisionTreeClassifier,
    SoftDecisionTreeClassifier,
    counterfactual,
    explain,
    export_graphviz,
    export_text,
    plot_gate_filters,
    plot_tree,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 2))
Y = (X[:, 0] > 0).astype(int)  # the first column is asked about, and decides
LONG = "".join("abcdefghij"[i % 10] for i in range(200))
AS_THEY_ARE = [
    "price_$_vs_$",
    "US$ to A$",
    "$x^{2",
    "C:\\new \\alpha",
    "a \"b\" 'c'",
    "<b>R&D</b> &lt; {x|y} 100%",
    "e\u0301te\u0301",
    "family \U0001f468\u200d\U0001f469",
    "a\u00a0b",
    "\u05de\u05d7\u05d9\u05e8",
    LONG,
]
WRITTEN = {
    "": "''",
    " ": "' '",
    "a\nb\tc": r"a\nb\tc",
    "a\u2028b": r"a\u2028b",
    "\u202eab": r"\u202eab",
    "40": "'40'",
}


def hard(names, y=Y):
    frame = pd.DataFrame(X)
    frame.columns = names
    return HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(
        frame, y
    ), frame


def soft(names, y=Y, **params):
    frame = pd.DataFrame(X)
    frame.columns = names
    tree = SoftDecisionTreeClassifier(
        max_depth=1, max_epochs=1, random_state=0, **params
    )
    return tree.fit(frame, y), frame


@pytest.fixture
def ax():
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(8, 5))
    yield figure.subplots()
    figure.savefig(io.BytesIO(), format="png")


def test_the_text_of_a_soft_tree_has_names_as_they_are():
    rows = RANDOM.normal(size=(90, len(AS_THEY_ARE)))
    frame = pd.DataFrame(rows, columns=AS_THEY_ARE)
    tree = SoftDecisionTreeClassifier(max_depth=1, max_epochs=1, random_state=0)
    tree.fit(frame, Y)
    lines = export_text(tree, max_terms=None).splitlines()
    assert len(lines) == 4
    for name in AS_THEY_ARE:
        assert name in lines[0] and name in lines[2]
        assert name in explain(tree, frame[:1], max_terms=None)


@pytest.mark.parametrize("name", AS_THEY_ARE, ids=ascii)
def test_the_text_of_a_hard_tree_has_names_as_they_are(name):
    tree, frame = hard([name, "other"])
    lines = export_text(tree).splitlines()
    assert len(lines) == len(tree.node_mass_) + tree.get_n_leaves() - 1
    assert any(name in line for line in lines)
    assert name in explain(tree, frame[:1]) or "other" in explain(tree, frame[:1])
    found = counterfactual(tree, frame[:1], features=[name])
    assert found.feature == name and name in str(found)


@pytest.mark.parametrize(("name", "written"), WRITTEN.items(), ids=ascii)
def test_what_shows_nothing_or_ends_a_line_is_written_visibly(name, written):
    labels = np.array([name, "other"], dtype=object)[Y]
    tree, frame = hard([name, "other"], labels if name.isprintable() else Y)
    text = export_text(tree)
    assert f"- {written} <= " in text and text.isprintable() == ("\n" not in text)
    assert explain(tree, frame[:1]).startswith((written, "other"))
    found = counterfactual(tree, frame[:1], features=[name])
    assert found.feature == name and str(found).startswith(f"{written} = ")


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "40"], ids=ascii)
def test_classes_and_categories_stay_in_their_lines_too(name):
    frame = pd.DataFrame({"c": np.array([name, "b", "d"], object)[np.arange(90) % 3]})
    y = np.where(frame["c"] == name, name, "other")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(frame, y)
    written = WRITTEN[name]
    assert re.search(r"c in \{" + re.escape(written) + r"\}\n", export_text(tree))
    assert f"class: {written} 0.9" in export_text(tree)
    assert f"c = {written}" in explain(tree, frame[:1])
    change = str(counterfactual(tree, frame[1:2]))
    assert change == f"c = {written} instead of b makes it {written}"
    several = HardDecisionTreeClassifier(max_leaf_nodes=2)
    several.fit(frame, np.column_stack([y, y == "other"]).astype(object))
    assert f"target_0: {written} " in export_text(several)


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
    assert found is None or (found.feature == first and str(found).startswith(written))
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
    assert found.feature == 0 and str(found).startswith("feature_0 = ")


def test_numbers_stay_beside_their_names_where_scripts_run_to_the_left():
    left = ["\u05de\u05d7\u05d9\u05e8 \u05d2", "\u0639\u0645\u0631"]
    tree, _ = hard(left, np.array(left, dtype=object)[Y])
    for line in export_text(tree).splitlines():
        for name in left:
            # Unicode's LEFT-TO-RIGHT MARK, on both sides
            assert line.count(name) == line.count(f"\u200e{name}\u200e")


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
@pytest.mark.parametrize("name", [*AS_THEY_ARE, *WRITTEN, "\ud800a"], ids=ascii)
def test_pictures_draw_names_letter_by_letter(name, ax):
    tree, _ = hard(["a", "b"], np.array(["$a$_$", "b$^{"], dtype=object)[Y])
    texts = plot_tree(tree, ax=ax, feature_names=[name, "other"])
    written = re.sub(r"\s", "", {**WRITTEN, "\ud800a": r"\ud800a"}.get(name, name))
    drawn = [re.sub(r"\s", "", text.get_text()) for text in texts]
    assert any(written in text for text in drawn)
    assert all("$a$_$" in text and "b$^{" in text for text in drawn)
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
def test_long_names_are_wrapped_between_letters(ax):
    marked = "e\u0301" * 100 + "\U0001f468\u200d\U0001f469" * 10
    for name in (LONG, marked):
        tree, _ = hard([name, "other"])
        texts = plot_tree(tree, ax=ax)
        lines = [line for text in texts for line in text.get_text().split("\n")]
        assert max(map(len, lines)) <= 80  # a letter, two marks, and a space
        assert not any(line.startswith(("\u0301", "\u200d")) for line in lines)
        assert texts[0].get_fontsize() > 3
        edge = ax.figure.bbox
        for text in texts:
            box = text.get_window_extent()
            assert edge.y0 <= box.y0 and box.y1 <= edge.y1
        ax.clear()


def test_filters_name_the_class_whatever_it_is_called(ax):
    names = ["yes, $ure: 1$", "no: never, $"]
    tree, _ = soft(["a", "b"])
    plot_gate_filters(tree, (1, 2), class_names=names, ax=ax)
    drawn = [" ".join(text.get_text().split()) for text in ax.texts]
    assert all(any(name in text for name in names) for text in drawn)
    assert not any(text.get_parse_math() for text in ax.texts)


def test_dot_draws_no_escape_and_no_entity():
    tree, _ = hard(["R&D &lt; &#38; \\N \\", '"quoted" \\l'])
    dot = export_graphviz(tree)
    assert r"R&D &amp;lt; &amp;#38; \\N \\ <= " in dot
    assert "&lt;" not in dot and re.sub(r"\\.", "", dot).count('"') % 2 == 0
