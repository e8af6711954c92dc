import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from containers import columns
from scipy import sparse

from skdistill.report.shuffled import one_after_another, with_shuffled

ORDER = np.random.default_rng(0).permutation(60)


def frame():
    numbers, texts, y = columns(60)
    typed = {
        "x": pd.Series(numbers, dtype="Float64"),
        "s": pd.Categorical(texts, ["c", "b", "a", "unused"], ordered=True),
        "flag": y == 1,
        "when": pd.date_range("2026", periods=60),
    }
    return pd.DataFrame(typed).set_axis(range(100, 160), axis=0)


def test_only_the_columns_that_are_named_have_values_of_other_rows():
    X = frame()
    shuffled = with_shuffled(X, [1, 3], ORDER)
    pd.testing.assert_frame_equal(shuffled[["x", "flag"]], X[["x", "flag"]])
    others = X.iloc[ORDER].set_axis(X.index, axis=0)
    pd.testing.assert_frame_equal(shuffled[["s", "when"]], others[["s", "when"]])
    assert list(shuffled.columns) == list(X.columns)


def test_types_stay_where_tables_are_put_one_after_another():
    X = frame()
    both = one_after_another([with_shuffled(X, [1], ORDER), X])
    assert (both.dtypes == X.dtypes).all()
    last = both.iloc[60:].set_axis(X.index, axis=0)
    pd.testing.assert_frame_equal(last, X)


def plain():
    return frame()[["x", "s", "flag"]]


@pytest.mark.parametrize(
    "container",
    [pl.from_pandas, pa.Table.from_pandas, lambda X: X.astype(object).to_numpy()],
    ids=["polars", "arrow", "objects"],
)
def test_other_containers_hold_the_same(container):
    X = plain()
    expected = container(one_after_another([with_shuffled(X, [0, 1], ORDER), X]))
    like = container(X)
    found = one_after_another([with_shuffled(like, [0, 1], ORDER), like])
    assert type(found) is type(like)
    if isinstance(found, np.ndarray):
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))
    elif isinstance(found, pl.DataFrame):
        assert found.equals(expected)
        assert found.schema == like.schema
    else:
        names = ["x", "s", "flag"]
        found = found.select(names).to_pandas()
        pd.testing.assert_frame_equal(found, expected.select(names).to_pandas())


def test_sparse_rows_stay_sparse():
    X = sparse.random(60, 5, 0.4, random_state=0, format="csr")
    found = one_after_another([with_shuffled(X, [2], ORDER), X])
    expected = X.toarray()
    expected[:, 2] = expected[ORDER, 2]
    np.testing.assert_array_equal(found.toarray(), np.vstack([expected, X.toarray()]))


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_texts_are_shuffled_whole(container):
    texts = [f"text {i}" for i in range(60)]
    X = container(texts)
    found = one_after_another([with_shuffled(X, [0], ORDER), X])
    assert list(found) == [texts[i] for i in ORDER] + texts
    assert type(found) is type(X)
