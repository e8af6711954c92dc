"""The student's view of a table."""

import numpy as np
import pandas as pd
import pytest
from containers import mixed_frame
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

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


def test_a_weight_is_a_repetition():
    X, weight = mixed_frame(), np.arange(60) % 3
    a = TableView().fit(X, sample_weight=weight)
    b = TableView().fit(X.loc[X.index.repeat(weight)])
    assert a.get_feature_names_out().tolist() == b.get_feature_names_out().tolist()
    np.testing.assert_allclose(a.transform(X), b.transform(X), atol=1e-12)


def test_every_column_of_the_view_has_a_name_that_is_true():
    X = mixed_frame()
    view = TableView(scale=False, min_frequency=0.05).fit(X)
    seen = pd.DataFrame(view.transform(X), columns=view.get_feature_names_out())
    assert list(seen) == [
        *("plan = a", "plan = b", "plan = c"),
        *("age", "age is missing", "vip", "income"),
        *("city = x", "city = y", "city = z"),
        *("city in {rare or unseen}", "city is missing"),
    ]
    np.testing.assert_array_equal(seen["plan = b"], X.plan == "b")
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


def test_far_outside_values_are_bounded():
    scaler = TableView().fit([[0.0], [1.0]])
    assert np.isfinite(scaler.transform([[1e308], [-1e308]])).all()


def test_a_constant_is_zero_and_stays_out_of_rules():
    X = pd.DataFrame({"c": ["k"] * 9, "g": [None] * 9, "v": np.arange(9.0)})
    view = TableView().fit(X)
    np.testing.assert_array_equal(view.transform(X)[:, :2], 0)
    np.testing.assert_array_equal(view.inverse_scale_[:2], 0)


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


def test_a_users_transformer_is_cloned_and_densified():
    encoder = OneHotEncoder()
    view = make_view(encoder)
    frame = pd.DataFrame({"a": ["x", "y", "x"]})
    fit_view(view, frame)
    assert view is not encoder and not hasattr(encoder, "categories_")
    np.testing.assert_array_equal(
        apply_view(view, frame, np.float32), [[1, 0], [0, 1], [1, 0]]
    )


def test_a_transformer_that_drops_rows_is_named():
    view = make_view(FunctionTransformer(lambda X: X[1:]))
    X = np.arange(6.0).reshape(3, 2)
    fit_view(view, X)
    with pytest.raises(ValueError, match=r"preprocessor=.*returned 2 rows of 3"):
        apply_view(view, X)


def test_a_transformer_that_lets_gaps_through_is_named():
    view = make_view(StandardScaler())
    fit_view(view, np.array([[0.0], [1.0]]))
    with pytest.raises(ValueError, match="preprocessor=StandardScaler.*finite"):
        apply_view(view, np.array([[np.nan]]))
