"""A view whose form is a sample's and whose numbers are those of all rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from skdistill.tables import whole_view
from skdistill.tables.reading import validated_table
from skdistill.tables.view import TableView
from skdistill.tables.whole_view import Counts, Spread, WholeView


def _table(frame):
    return validated_table(BaseEstimator(), frame, reset=True)


def _mixed(n=900, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=n) + 1e6, "big": rng.normal(size=n)})
    frame["big"] *= 1e200
    frame["constant"] = 0.1
    frame["empty"] = np.nan
    frame["gaps"] = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n))
    frame["tail"] = rng.standard_cauchy(n)
    frame["flag"] = rng.random(n) < 0.3
    frame["word"] = rng.choice(["red", "green", "blue"], n)
    frame["kind"] = pd.Categorical(rng.choice(["z", "x"], n), ["z", "unused", "x"])
    frame.loc[: n // 2, "late"] = None
    frame.loc[n // 2 :, "late"] = rng.choice(["q", "p"], n - n // 2)
    return frame


def _whole(frame, sample, weight, cuts):
    labels = [frame.columns.get_loc(name) for name in ("word", "kind", "late")]
    whole = WholeView(labels)
    parts = np.split(np.arange(len(frame)), cuts)
    for rows in parts:
        whole.add(_table(frame.iloc[rows]), weight[rows])
    rows = np.flatnonzero(sample)
    view = TableView().learn(_table(frame.iloc[rows]).with_labels(labels), weight[rows])
    tails = view.parts_[0].tails
    names = [frame.columns[view.parts_[0].columns[tail.index]] for tail in tails]
    for rows in parts if tails else ():
        whole.add_bent(tails, frame[names].to_numpy().take(rows, 0), weight[rows])
    whole.corrected(view)
    return view


def _assert_same(view, other, frame):
    assert (
        view.get_feature_names_out().tolist() == other.get_feature_names_out().tolist()
    )
    np.testing.assert_allclose(view.center_, other.center_, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(view.inverse_scale_, other.inverse_scale_, rtol=1e-8)
    z = view.of_table(_table(frame)), other.of_table(_table(frame))
    np.testing.assert_allclose(*z, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("cuts", [[450], [1, 2, 450, 460, 899]])
@pytest.mark.parametrize("weighted", [False, True])
def test_where_the_sample_is_all_rows_the_view_is_that_of_memory(cuts, weighted):
    frame, weight = _mixed(), np.ones(900)
    if weighted:
        weight = np.random.default_rng(1).integers(0, 4, 900).astype(float)
    view = _whole(frame, np.ones(900, bool), weight, cuts)
    expected = TableView().learn(_table(frame), weight)
    assert view.parts_[0].tails == expected.parts_[0].tails
    _assert_same(view, expected, frame)


def test_of_a_sample_only_the_bends_of_heavy_tails_remain():
    frame = _mixed().drop(columns="tail")
    sample = np.random.default_rng(2).random(900) < 0.3
    view = _whole(frame, sample, np.ones(900), [100, 500])
    _assert_same(view, TableView().learn(_table(frame)), frame)


def test_gaps_and_categories_that_the_sample_never_saw():
    frame = _mixed().drop(columns="tail")
    sample = np.arange(900) < 200  # no word of "late" is there yet
    frame.loc[:200, "gaps"] = 1.0
    frame.loc[:300, "word"] = "red"
    view = _whole(frame, sample, np.ones(900), [150, 700])
    _assert_same(view, TableView().learn(_table(frame)), frame)


def test_merged_spreads_neither_overflow_nor_lose_digits():
    rng = np.random.default_rng(0)
    for size, center in [(1e300, 0.0), (1.0, 1e9), (1e-300, 0.0)]:
        values = (rng.normal(size=(500, 1)) + center) * size
        spread = Spread()
        for part in np.array_split(values, 7):
            spread.add(part, np.ones(len(part)))
        scaled = values / size
        assert spread.mean[0] / size == pytest.approx(
            scaled.mean(), rel=1e-12, abs=1e-15
        )
        assert 1 / spread.inverse()[0] / size == pytest.approx(scaled.std(), rel=1e-6)


def test_a_column_of_ids_is_counted_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(whole_view, "_MOST_COUNTED", 50)
    monkeypatch.setattr(whole_view, "_MOST_SHOWN", 10)
    counts, n = Counts(), 4000
    ids = np.array([f"id{i:05d}" for i in range(n)], object)
    ids[::4] = "often"
    for part in np.array_split(ids, 40):
        table = _table(pd.DataFrame({"id": part}))
        counts.add(table.labels[0], np.ones(len(part)))
        assert len(counts.mass) <= 200
    labels, share = counts.rows()
    assert share.sum() == pytest.approx(1)
    assert share[1 + labels.categories.index("often")] == pytest.approx(0.25)
