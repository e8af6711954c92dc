"""Reading texts: every container, and one clear error for what holds none."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from skdistill.texts.reading import Texts, in_container_of, read_texts

TEXTS = ["what a film", "", "dull"]
COLUMNS = [
    ["what a film", None, "dull"],
    ("what a film", float("nan"), "dull"),
    np.array(["what a film", "", "dull"]),
    np.array(["what a film", None, "dull"], dtype=object),
    np.array([["what a film"], [None], ["dull"]], dtype=object),
    np.ma.MaskedArray(["what a film", "x", "dull"], [0, 1, 0], dtype=object),
    pd.Series(["what a film", pd.NA, "dull"], name="text"),
    pd.Series(["what a film", None, "dull"], dtype="category"),
    pd.DataFrame({"text": ["what a film", None, "dull"]}),
    pl.Series("text", ["what a film", None, "dull"]),
    pl.DataFrame({"text": ["what a film", None, "dull"]}),
    pa.table({"text": ["what a film", None, "dull"]}),
    pa.array(["what a film", None, "dull"]),
]


@pytest.mark.parametrize("X", COLUMNS, ids=lambda X: type(X).__name__)
def test_any_container_of_strings_is_read(X):
    assert read_texts(X).segments == [TEXTS]


@pytest.mark.parametrize("X", COLUMNS, ids=lambda X: type(X).__name__)
def test_texts_go_back_into_a_container_of_the_same_kind(X):
    made = in_container_of(X, Texts([["new", "texts"]]))
    assert read_texts(made).segments == [["new", "texts"]]
    if hasattr(X, "columns") or hasattr(X, "name"):
        assert type(made) is type(X)
    if isinstance(X, pd.DataFrame | pl.DataFrame):
        assert list(made.columns) == list(X.columns)
    if isinstance(X, np.ndarray):
        assert made.shape == (2, *X.shape[1:])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_two_columns_are_pairs(make):
    pairs = make({"question": ["who", "why"], "answer": ["me", None]})
    read = read_texts(pairs)
    assert read.segments == [["who", "why"], ["me", ""]]
    assert read_texts(in_container_of(pairs, read)).segments == read.segments
    assert len(read.take([1])) == 1 and read.take([1]).segments == [["why"], [""]]


BAD = [
    ([1, 2], TypeError, "int"),
    (np.zeros((3, 2)), TypeError, "float64"),
    (pd.DataFrame({"a": [1, 2]}), TypeError, "row 0"),
    ([["a"], ["b"]], TypeError, "list"),
    (["fine", ["b"]], TypeError, "row 1"),
    ([b"bytes"], TypeError, "bytes"),
    ([], ValueError, "0 texts"),
    (pd.Series([], dtype=object), ValueError, "0 texts"),
    (np.array([["a", "b", "c"]]), ValueError, "3 columns"),
    ("one text", TypeError, "a list"),
    (7, TypeError, "no texts"),
    (None, TypeError, "no texts"),
    (sparse.eye(3), TypeError, "sparse"),
    (np.zeros((2, 2, 2)), TypeError, "no texts"),
]


@pytest.mark.parametrize("X, kind, words", BAD, ids=[repr(b[0])[:20] for b in BAD])
def test_what_holds_no_texts_is_one_clear_error(X, kind, words):
    with pytest.raises(kind, match=words) as caught:
        read_texts(X, "X_val")
    assert "X_val" in str(caught.value) and "list" in str(caught.value)
