import numpy as np
import pandas as pd
import pytest
from containers import columns
from scipy import sparse

from skdistill.report.splits import grown


def table(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "tenure": rng.integers(0, 72, n).astype(float),
            "charge": rng.gamma(2, 30, n),
            "contract": rng.choice(["Month-to-month", "One year", "Two year"], n),
            "plan": pd.Categorical(rng.choice(list("abcdefgh"), n)),
            "flag": rng.random(n) < 0.5,
        }
    )
    X.loc[rng.random(n) < 0.3, "charge"] = np.nan
    return X


def worst(X, target):
    """The leaf that has most of the target, and its rows."""
    leaves = grown(X, np.asarray(target, dtype=float))
    n = len(target)
    return max(leaves, key=lambda leaf: np.mean(target[leaf.holds(X, n)]))


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (lambda X: X.tenure <= 5, "tenure <= 5"),
        (lambda X: X.tenure > 60, "tenure > 60"),
        (lambda X: X.contract == "One year", "contract is One year"),
        (lambda X: X.charge.isna(), "charge is missing"),
        (lambda X: X.flag, "flag is 1"),
        (lambda X: ~X.flag, "flag is not 1"),
        (lambda X: X.plan.isin(["b", "g"]), "plan in {"),
        (
            lambda X: (X.contract == "Two year") & (X.tenure > 30),
            "contract is Two year and tenure > 3",
        ),
    ],
)
def test_rows_that_have_more_are_named(where, words):
    X = table()
    is_there = where(X).to_numpy()
    leaf = worst(X, is_there.astype(float))
    said = " and ".join(sorted(leaf.words().split(" and ")))
    assert said.startswith(words)
    inside = leaf.holds(X, len(X))
    assert is_there[inside].mean() > 0.9
    assert inside[is_there].mean() > 0.8


def test_each_row_is_in_one_leaf_and_its_words_are_true_of_it():
    X = table()
    target = (X.tenure > 20) * 1.0 + (X.contract == "Two year") * X.charge.isna() * 2
    leaves = grown(X, target.to_numpy())
    inside = np.stack([leaf.holds(X, len(X)) for leaf in leaves])
    assert 2 < len(leaves) <= 8
    assert (inside.sum(axis=0) == 1).all()
    assert inside.sum(axis=1).min() >= len(X) // 40
    for leaf, rows in zip(leaves, inside, strict=True):
        for said in leaf.words().split(" and "):
            if said.startswith("tenure > "):
                bound = float(said.removeprefix("tenure > "))
                assert (X.tenure[rows] > bound).all()
            if said == "charge is not missing":
                assert X.charge[rows].notna().all()


def test_gaps_are_on_the_side_whose_words_name_them():
    X = pd.DataFrame({"a": [*range(40), *[np.nan] * 20]})
    target = (~(X.a <= 19)).to_numpy(dtype=float)
    leaves = {leaf.words(): leaf.holds(X, 60) for leaf in grown(X, target)}
    assert set(leaves) == {"a <= 19", "a > 19 or missing"}
    assert leaves["a > 19 or missing"][40:].all()


def test_bounds_have_few_digits_and_numbers_on_either_side():
    rng = np.random.default_rng(0)
    X = 1e6 + 1e-3 * rng.normal(size=(500, 1)), rng.lognormal(0, 5, (500, 1))
    for each in X:
        target = (each[:, 0] > np.median(each)).astype(float)
        leaves = grown(each, target)
        sizes = [leaf.holds(each, 500).mean() for leaf in leaves]
        assert 0.4 < max(sizes) < 0.6
    assert len(grown(X[1], target)[0].words()) < 30


@pytest.mark.parametrize(
    "X",
    [
        np.ones((100, 3)),
        np.full((100, 2), np.nan),
        np.array([[None, "a"]] * 100, dtype=object),
        pd.DataFrame({"when": pd.date_range("2026", periods=100)}),
        pd.DataFrame({"id": [f"id{i}" for i in range(100)]}),
    ],
    ids=["constant", "gaps", "one category", "dates", "all different"],
)
def test_where_nothing_can_be_asked_there_is_no_leaf(X):
    assert grown(X, np.arange(100) % 2.0) == []


def test_where_nothing_differs_there_is_no_leaf():
    assert grown(table(200), np.zeros(200)) == []
    assert grown(table(200), np.full(200, 1e9)) == []


def test_columns_that_cannot_be_read_are_left_out():
    X = table(300)
    X.insert(0, "when", pd.date_range("2026", periods=300))
    X["lists"] = [[1]] * 300
    X.loc[::50, "charge"] = np.inf
    assert "contract" in worst(X, (X.contract == "One year").to_numpy()).words()


def test_hostile_names_and_categories_stay_in_one_line():
    X = pd.DataFrame({"<b>\n": ["<script>", 'a"\u202e'] * 100, "12": range(200)})
    words = {leaf.words() for leaf in grown(X, np.tile([1.0, 0.0], 100))}
    assert words == {"<b>\\n is <script>", "<b>\\n is not <script>"} or words == {
        '<b>\\n is a"\\u202e',
        '<b>\\n is not a"\\u202e',
    }
    leaf, _ = grown(X[["12"]], (np.arange(200) > 99) * 1.0)
    assert leaf.words().startswith("'12' ")


def test_a_table_says_the_same_in_every_container():
    import polars as pl
    import pyarrow as pa

    numbers, texts, _ = columns(400)
    frame = pd.DataFrame({"x": numbers, "s": texts})
    target = (frame.s == "b").to_numpy(dtype=float)
    tables = [frame, pl.from_pandas(frame), pa.Table.from_pandas(frame)]
    said = [[leaf.words() for leaf in grown(each, target)] for each in tables]
    assert said[0] == said[1] == said[2]
    assert "s is b" in said[0]
    array = frame.astype(object).where(frame.notna(), None).to_numpy()
    words = [leaf.words() for leaf in grown(array, target)]
    assert words == [text.replace("s is", "feature_1 is") for text in said[0]]


def test_sparse_rows_are_asked_too():
    X = sparse.random(400, 30, 0.3, random_state=0, format="csr")
    leaf = worst(X, (X[:, [7]].toarray().ravel() > 0) * 1.0)
    assert leaf.words().startswith("feature_7 > 0")


def test_texts_are_asked_for_words_and_their_number():
    rng = np.random.default_rng(0)
    words = ["good", "bad", "film", "plot", "the", "acting"]
    texts = [" ".join(rng.choice(words, rng.integers(1, 9))) for _ in range(400)]
    assert worst(texts, np.array(["bad" in t for t in texts]) * 1.0).words() == (
        'text has "bad"'
    )
    short = np.array([len(text.split()) <= 3 for text in texts]) * 1.0
    assert worst(np.array(texts), short).words() == "text has at most 3 words"


def test_of_many_columns_the_one_that_tells_is_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2000))
    assert "feature_1234 > " in worst(X, (X[:, 1234] > 0.5) * 1.0).words()
