"""Scales and tails of columns of numbers."""

import numpy as np
import pytest

from skdistill.tables.view import TableView


def test_a_positive_column_with_heavy_tails_is_a_logarithm():
    X = np.zeros((200, 1))
    X[:10, 0] = [5, 7, 9, 11, 1000, 7, 8, 9, 7, 3]
    view = TableView().fit(X)
    assert view.get_feature_names_out().tolist() == ["log1p(feature_0 / 7)"]


def test_a_tail_of_size_one_is_not_divided():
    X = np.zeros((200, 1))
    X[:10, 0] = [1, 1, 1, 1, 1000, 1, 1, 2, 1, 3]
    (name,) = TableView().fit(X).get_feature_names_out()
    assert name == "log1p(feature_0)"
    X[:10, 0] *= [1, -1] * 5
    (name,) = TableView().fit(X).get_feature_names_out()
    assert name == "signed_log1p(feature_0)"
    (name,) = TableView().fit(X + 5).get_feature_names_out()
    assert name == "signed_log1p(feature_0 - 5)"


def test_what_is_bent_can_be_unbent():
    X = np.random.default_rng(0).lognormal(3, 2.5, size=(300, 1)) - 40
    view = TableView().fit(X)
    (term,) = view.terms_
    bent = view.transform(X)[:, 0] / view.inverse_scale_ + view.center_
    np.testing.assert_allclose(term.tail.unbend(bent), X[:, 0], rtol=1e-9)


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
