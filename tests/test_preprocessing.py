import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdistill.preprocessing import Standardizer, apply_view, fit_view, make_view


@parametrize_with_checks([Standardizer()])
def test_sklearn_checks(estimator, check):
    check(estimator)


def test_agrees_with_standard_scaler():
    X = np.random.default_rng(0).lognormal(size=(500, 4)) * [1, 1e3, 1e-3, 1e9]
    weight = np.random.default_rng(1).integers(0, 4, 500)
    for w in (None, weight):
        ours = Standardizer().fit(X, sample_weight=w).transform(X)
        theirs = StandardScaler().fit(X, sample_weight=w).transform(X)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_a_weight_is_a_repetition():
    X = np.random.default_rng(0).normal(size=(20, 3))
    weight = np.arange(20) % 3
    a = Standardizer().fit(X, sample_weight=weight)
    b = Standardizer().fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(a.mean_, b.mean_)
    np.testing.assert_allclose(a.inverse_scale_, b.inverse_scale_)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_huge_ranges_do_not_overflow(scale):
    X = np.array([[-1.0], [0.0], [1.0]]) * scale
    z = Standardizer().fit_transform(X)
    np.testing.assert_allclose(z.ravel(), [-(1.5**0.5), 0, 1.5**0.5], atol=1e-15)


def test_a_constant_column_stays_out():
    X = np.array([[0.1], [0.1], [0.1]])
    scaler = Standardizer().fit(X)
    np.testing.assert_array_equal(scaler.transform([[0.1], [7.0], [-1e300]]), 0.0)


def test_timestamps_keep_their_digits():
    X = 1.7e9 + np.arange(100.0)[:, None]
    z = Standardizer().fit_transform(X)
    np.testing.assert_allclose(np.diff(z.ravel()), 1 / np.arange(100).std(), rtol=1e-6)


def test_far_outside_values_are_bounded():
    scaler = Standardizer().fit([[0.0], [1.0]])
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
