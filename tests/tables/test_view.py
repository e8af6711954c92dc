"""The view of tables: numbers, tails, categories, gaps."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from containers import columns, containers
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdistill.tables.table import stacked, validated_table
from skdistill.tables.view import TableView, apply_view, fit_view, make_view


@parametrize_with_checks([TableView(), TableView(scale=False)])
def test_sklearn_checks(estimator, check):
    check(estimator)


def test_agrees_with_standard_scaler():
    X = np.random.default_rng(0).exponential(size=(500, 4)) * [1, 1e3, 1e-3, 1e9]
    weight = np.random.default_rng(1).integers(0, 4, 500)
    for w in (None, weight):
        ours = TableView().fit(X, sample_weight=w).transform(X)
        theirs = StandardScaler().fit(X, sample_weight=w).transform(X)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def frame(n=60, seed=0):
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "plan": random.choice(["a", "b", "c"], n),
            "age": random.normal(40, 10, n),
            "vip": random.random(n) > 0.5,
            "income": random.lognormal(8, 3, n),
            "city": random.choice(["x", "y", "z"], n, p=[0.4, 0.3, 0.3]),
        }
    )
    X.loc[::7, "age"] = np.nan
    X.loc[3::9, "city"] = None
    X.loc[1, "city"] = "rare"
    return X


def test_a_weight_is_a_repetition():
    X, weight = frame(), np.arange(60) % 3
    a = TableView().fit(X, sample_weight=weight)
    b = TableView().fit(X.loc[X.index.repeat(weight)])
    assert a.get_feature_names_out().tolist() == b.get_feature_names_out().tolist()
    np.testing.assert_allclose(a.transform(X), b.transform(X), atol=1e-12)


def test_every_column_of_the_view_has_a_name_that_is_true():
    X = frame()
    view = TableView(scale=False, min_frequency=0.05).fit(X)
    seen = pd.DataFrame(view.transform(X), columns=view.get_feature_names_out())
    assert list(seen) == [
        *("plan in {a}", "plan in {b}", "plan in {c}"),
        *("age", "age is missing", "vip", "income"),
        *("city in {x}", "city in {y}", "city in {z}"),
        *("city in {rare or unseen}", "city is missing"),
    ]
    np.testing.assert_array_equal(seen["plan in {b}"], X.plan == "b")
    np.testing.assert_array_equal(seen["age is missing"], X.age.isna())
    np.testing.assert_allclose(seen["age"], X.age.fillna(X.age.mean()))
    np.testing.assert_array_equal(seen["city in {rare or unseen}"], X.city == "rare")
    np.testing.assert_array_equal(seen["income"], X.income)
    with_tail = TableView(max_kurtosis=8).fit(X)
    (name,) = (n for n in with_tail.get_feature_names_out() if "income" in n)
    middle = X.income.quantile(0.5, "lower")
    size = (X.income - middle).abs()[X.income != middle].quantile(0.5, "lower")
    size, middle = float(f"{size:.3g}"), round(middle, -1)  # as printed, to 3 digits
    assert name == f"signed_log1p((income - {middle:g}) / {size:g})"
    position = with_tail.get_feature_names_out().tolist().index(name)
    z = with_tail.transform(X)[:, position]
    d = (X.income - middle) / size
    expected = np.sign(d) * np.log1p(d.abs())
    np.testing.assert_allclose(z, (expected - expected.mean()) / expected.std(ddof=0))


def test_a_positive_column_with_heavy_tails_is_a_logarithm():
    X = np.zeros((200, 1))
    X[:10, 0] = [5, 7, 9, 11, 1000, 7, 8, 9, 7, 3]
    view = TableView().fit(X)
    assert view.get_feature_names_out().tolist() == ["log1p(feature_0 / 7)"]


def test_unseen_categories_and_gaps_are_neutral_where_training_had_none():
    X = frame().dropna().drop(columns="city")
    view = TableView().fit(X)
    new = X.head(1).assign(plan="d", age=np.nan)
    seen = dict(zip(view.get_feature_names_out(), view.transform(new)[0], strict=True))
    assert [v for k, v in seen.items() if k[:3] in ("pla", "age")] == [0, 0, 0, 0]


def test_rare_and_unseen_categories_share_a_bin():
    X = frame()
    view = TableView(min_frequency=0.05).fit(X)
    rare, unseen = X.head(1).assign(city="rare"), X.head(1).assign(city="never seen")
    np.testing.assert_array_equal(view.transform(rare), view.transform(unseen))
    many = pd.DataFrame({"id": [f"i{i}" for i in range(500)] + ["top"] * 20})
    view = TableView(max_categories=3, min_frequency=0.0).fit(many)
    assert view.get_feature_names_out().tolist() == [
        *(
            "id in {i0}",
            "id in {i1}",
            "id in {top}",
            "id in {498 rare values or unseen}",
        )
    ]


def test_pandas_polars_and_arrays_are_read_alike():
    X = frame()
    expected = TableView().fit(X).transform(X)
    as_category = X.astype({"plan": "category", "city": "category"})
    nullable = X.convert_dtypes()
    from_polars = pl.from_pandas(X)
    categorical = from_polars.with_columns(
        pl.col("plan").cast(pl.Categorical), pl.col("city").cast(pl.Categorical)
    )
    for table in (as_category, nullable, from_polars, categorical, X.to_numpy()):
        np.testing.assert_allclose(TableView().fit(table).transform(table), expected)
    view = TableView().fit(X)
    np.testing.assert_allclose(view.transform(categorical), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        view.transform(X[X.columns[::-1]])


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}),
            TypeError,
            "'t'.*datetime",
        ),
        (pl.DataFrame({"t": [[1], [2]]}), TypeError, "'t' of X holds List"),
        (pd.DataFrame({"m": ["a", 1]}), TypeError, "'m' of X mixes strings with int"),
        (
            pd.DataFrame({"m": [[1], [2]]}),
            TypeError,
            r"'m' of X holds values such as \[1",
        ),
        (pd.DataFrame({"z": [1, np.inf]}), ValueError, "infinity, in column 'z'"),
        (pd.DataFrame({"z": []}), ValueError, r"0 sample\(s\)"),
        (pd.DataFrame(index=[1, 2]), ValueError, r"0 feature\(s\)"),
        (sparse.eye(3).tocsr(), TypeError, "TruncatedSVD"),
        (pd.Series(["a", 1.0]), ValueError, "Expected 2D array, got 1D"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_read_is_named(table, error, message):
    with pytest.raises(error, match=message):
        TableView().fit(table)


def test_a_column_that_changes_its_kind_is_named():
    X = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    view = TableView().fit(X)
    with pytest.raises(ValueError, match="'a' of X held numbers.*'u'"):
        view.transform(X.assign(a="u"))
    with pytest.raises(
        ValueError, match="'b' of X held strings in fit and now holds 7"
    ):
        view.transform(X.assign(b=7))
    gone = X.assign(a=None, b=None)
    np.testing.assert_array_equal(view.transform(gone), np.zeros((2, 2)))
    numbers = pd.DataFrame({"k": pd.Categorical([1, 2, 2])})
    by_number = TableView().fit(numbers)
    np.testing.assert_array_equal(
        by_number.transform(numbers),
        by_number.transform(pd.DataFrame({"k": [1, 2, 2]})),
    )


def test_sparse_rows_go_through_a_transformer_of_the_users():
    X = sparse.random(50, 30, density=0.2, random_state=0, format="csr")
    view = make_view(TruncatedSVD(3, random_state=0))
    fit_view(view, X)
    assert apply_view(view, X).shape == (50, 3)
    wide = make_view(OneHotEncoder())
    ids = np.arange(40_000)[:, None]
    fit_view(wide, ids)
    with pytest.raises(ValueError, match=r"would take 12.8 GB.*TruncatedSVD"):
        apply_view(wide, ids)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_huge_ranges_do_not_overflow(scale):
    X = np.array([[-1.0], [0.0], [1.0]]) * scale
    z = TableView().fit_transform(X)
    np.testing.assert_allclose(z.ravel(), [-(1.5**0.5), 0, 1.5**0.5], atol=1e-15)


def test_a_constant_column_stays_out():
    X = np.array([[0.1], [0.1], [0.1]])
    scaler = TableView().fit(X)
    np.testing.assert_array_equal(scaler.transform([[0.1], [7.0], [-1e300]]), 0.0)


def test_timestamps_keep_their_digits():
    X = 1.7e9 + np.arange(100.0)[:, None]
    z = TableView().fit_transform(X)
    np.testing.assert_allclose(np.diff(z.ravel()), 1 / np.arange(100).std(), rtol=1e-6)


def test_far_outside_values_are_bounded():
    scaler = TableView().fit([[0.0], [1.0]])
    assert np.isfinite(scaler.transform([[1e308], [-1e308]])).all()


def test_a_users_transformer_is_cloned_and_densified():
    encoder = OneHotEncoder()
    view = make_view(encoder)
    frame = pd.DataFrame({"a": ["x", "y", "x"]})
    fit_view(view, frame)
    assert view is not encoder and not hasattr(encoder, "categories_")
    np.testing.assert_array_equal(
        apply_view(view, frame, np.float32), [[1, 0], [0, 1], [1, 0]]
    )


def test_a_transformer_that_lets_gaps_through_is_named():
    view = make_view(StandardScaler())
    fit_view(view, np.array([[0.0], [1.0]]))
    with pytest.raises(ValueError, match="preprocessor=StandardScaler.*finite"):
        apply_view(view, np.array([[np.nan]]))


def test_an_empty_string_is_no_gap():
    X = pd.DataFrame({"plan": ["", "b", None, "d"] * 5})
    view = TableView(scale=False).fit(X)
    names = view.get_feature_names_out().tolist()
    assert names == ["plan in {''}", "plan in {b}", "plan in {d}", "plan is missing"]
    np.testing.assert_array_equal(view.transform(X)[:4], np.eye(4)[[0, 1, 3, 2]])


def test_rare_values_are_not_kept():
    X = pd.DataFrame({"name": [f"person {i}" for i in range(3000)]})
    view = TableView().fit(X)
    assert pickle.dumps(view).count(b"person") <= 100


def test_a_constant_is_zero_and_stays_out_of_rules():
    X = pd.DataFrame({"c": ["k"] * 9, "g": [None] * 9, "v": np.arange(9.0)})
    view = TableView().fit(X)
    np.testing.assert_array_equal(view.transform(X)[:, :2], 0)
    np.testing.assert_array_equal(view.inverse_scale_[:2], 0)


def test_gaps_of_every_kind_are_read_alike_in_every_container():
    numbers, texts, _ = columns()
    views = {}
    for name, X in containers(numbers, texts).items():
        view = TableView().fit(X)
        views[name] = view.transform(X)
        assert sum(term.is_gap for term in view.terms_) == 2, name
        for i in (0, 7, 9):  # single rows, in which nothing but a gap may be left
            one = X.slice(i, 1) if hasattr(X, "slice") else X[i : i + 1]
            np.testing.assert_array_equal(view.transform(one)[0], views[name][i], name)
    for name, seen in views.items():
        np.testing.assert_allclose(seen, views["floats"], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("dtype", [float, np.float32, int, bool, object, str])
def test_masked_cells_are_gaps(dtype):
    values = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]).astype(dtype)
    mask = [[0, 1], [0, 0], [1, 0], [0, 0]]
    X = np.ma.masked_array(values, mask)
    for rows in (X, list(X)):
        table = validated_table(BaseEstimator(), rows, reset=True)
        gaps = (
            np.column_stack([table.labels[j].codes < 0 for j in range(2)])
            if table.labels
            else np.isnan(table.numbers)
        )
        np.testing.assert_array_equal(gaps, mask)
    assert not np.isnan(TableView().fit(X).transform(X)).any()


@pytest.mark.parametrize("dtype", ["datetime64[D]", "timedelta64[s]"])
def test_dates_in_arrays_are_refused_as_those_in_frames_are(dtype):
    X = np.array([[0, 1], [2, 3]]).astype(dtype)
    for rows in (X, pd.DataFrame(X), X.tolist()):
        with pytest.raises(TypeError, match="turn dates into numbers"):
            TableView().fit(rows)


def ordered(levels, values, library):
    if library == "pandas":
        return pd.DataFrame({"c": pd.Categorical(values, levels, ordered=True)})
    if library == "polars":
        return pl.DataFrame({"c": pl.Series(values, dtype=pl.Enum(levels))})
    codes = pa.array([levels.index(value) for value in values], pa.int32())
    column = pa.DictionaryArray.from_arrays(codes, pa.array(levels), ordered=True)
    return pa.table({"c": column})


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_stacked_levels_keep_their_order_and_further_ones_follow(library):
    own = ordered(["low", "mid", "high"], ["high", "low", "mid"], library)
    other = ordered(["high", "top", "low", "best"], ["best", "low", "top"], library)
    both = stacked(own, other, "X_transfer")
    labels = validated_table(BaseEstimator(), both, reset=True).labels[0]
    assert labels.categories == ["low", "mid", "high", "top", "best"]
    values = [labels.categories[code] for code in labels.codes]
    assert values == ["high", "low", "mid", "best", "low", "top"]
    if library == "pandas":
        assert both["c"].cat.ordered
        plain = other.assign(c=other["c"].cat.as_unordered())
        assert stacked(own, plain, "X_transfer")["c"].dtype == both["c"].dtype
    elif library == "polars":
        assert both["c"].dtype == pl.Enum(labels.categories)


def test_frames_with_repeated_names_and_other_widths_of_numbers_are_stacked():
    own = pd.DataFrame([[1, "a"], [2, "b"]], columns=["c", "c"])
    own = own.astype(object).set_axis(["c", "c"], axis=1)
    both = stacked(own, own[::-1], "X_transfer")
    assert both.to_numpy().tolist() == [[1, "a"], [2, "b"], [2, "b"], [1, "a"]]
    wide = pl.DataFrame({"c": [1.5]})
    assert stacked(pl.DataFrame({"c": [1]}), wide, "transfer")["c"].to_list() == [
        1,
        1.5,
    ]


def test_masks_and_lists_are_stacked_as_they_are():
    X = np.ma.masked_array([[1, 2]], [[0, 1]])
    both = stacked(X, np.array([[3, 4]]), "X_transfer")
    assert both.tolist() == [[1, None], [3, 4]]
    assert stacked([[1, "a"]], [[2, "b"]], "transfer").tolist() == [[1, "a"], [2, "b"]]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_ordered_levels_are_read_in_their_order(library):
    X = ordered(["low", "mid", "high"], ["high", "low", "mid", "low"], library)
    view = TableView(scale=False).fit(X)
    names = [f"c in {{{level}}}" for level in ("low", "mid", "high")]
    assert view.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_several_columns_of_one_name_are_refused(library):
    table = library({"a": [1.0, 2.0], "b": [1.0, 3.0]})
    if library is pd.DataFrame:
        table = table.set_axis(["a", "a"], axis=1)
    elif library is pa.table:
        table = table.rename_columns(["a", "a"])
    else:  # polars has no such frames
        return
    with pytest.raises(ValueError, match=r"several columns of one name, \['a'\]"):
        TableView().fit(table)


@pytest.mark.parametrize("largest", [1e30, 1e300, 1.7e308])
def test_tails_of_any_length_have_a_finite_view(largest):
    """The median distance is 1e-20, and the largest is up to the largest float."""
    x = np.geomspace(1e-20, 1e-10, 60)
    x[::4] = largest * np.linspace(-1, 1, 15)
    view = TableView().fit(x[:, None])
    z = view.transform(x[:, None])
    assert np.isfinite(z).all() and (np.diff(np.sort(z[:, 0])) >= 0).all()
    np.testing.assert_array_equal(np.argsort(z[::4, 0]), np.arange(15))
    assert np.isfinite(view.transform([[1.7e308], [-1.7e308]])).all()
