"""ParquetRows: which columns are what, and a sample that is uniform."""

import numpy as np
import pandas as pd
import pytest
from rows_on_disk import mixed_frame, written

from skdistill import ParquetRows


def _folder(tmp_path, n=90, **more):
    frame, y = mixed_frame(n)
    frame = frame.assign(label=y, weight=np.linspace(1, 2, n), **more)
    return written(frame, tmp_path / "rows"), frame


def test_the_rows_come_in_order_with_their_targets_and_weights(tmp_path):
    folder, frame = _folder(tmp_path)
    rows = ParquetRows(folder, target="label", weight="weight")
    assert len(rows) == 90
    batches = list(rows.opened().batches())
    assert [batch.start for batch in batches] == [0, 23, 46, 68]
    X = pd.concat([batch.X for batch in batches], ignore_index=True)
    features = frame.drop(columns=["label", "weight"])
    pd.testing.assert_frame_equal(X, features, check_categorical=False)
    y = np.concatenate([batch.y for batch in batches])
    assert y.tolist() == frame["label"].tolist()
    weight = np.concatenate([batch.weight for batch in batches])
    np.testing.assert_array_equal(weight, frame["weight"])


def test_several_targets_and_chosen_columns(tmp_path):
    folder, _ = _folder(tmp_path)
    rows = ParquetRows(folder, target=["a", "b"], columns=["word", "count"]).opened()
    (batch, *_) = rows.batches()
    assert batch.X.columns.tolist() == ["word", "count"]
    assert batch.y.columns.tolist() == ["a", "b"] and batch.weight is None


def test_an_index_that_pandas_wrote_is_no_column(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}, index=["p", "q"])
    frame.rename_axis("id").to_parquet(tmp_path / "rows.parquet")
    rows = ParquetRows(tmp_path / "rows.parquet", target="y").opened()
    assert rows.columns == ["x"]
    assert [batch.X.index.tolist() for batch in rows.batches()] == [[0, 1]]


def test_the_sample_is_uniform_over_all_files(tmp_path):
    folder, _ = _folder(tmp_path)
    counts = np.zeros(90)
    for seed in range(600):
        rows = ParquetRows(folder, max_rows=30, random_state=seed).opened()
        chosen = rows.sample()
        assert len(np.unique(chosen)) == 30 and (np.diff(chosen) > 0).all()
        counts[chosen] += 1
    # 200 each, with a standard deviation of 11.5.
    assert 150 < counts.min() and counts.max() < 250


def test_rows_that_fit_are_all_taken(tmp_path):
    folder, _ = _folder(tmp_path)
    rows = ParquetRows(folder, max_rows=90).opened()
    assert rows.fits_in_memory and rows.sample().tolist() == list(range(90))


@pytest.mark.parametrize("name", ["buffer_rows", "max_rows"])
@pytest.mark.parametrize("value", [0, -3, 1.5, "many"])
def test_numbers_of_rows_are_checked(name, value):
    with pytest.raises(ValueError, match=f"{name}=.* must be a number of rows above 0"):
        ParquetRows("rows", **{name: value})


def test_columns_that_are_not_there_are_named(tmp_path):
    folder, _ = _folder(tmp_path)
    with pytest.raises(ValueError, match=r"no columns \['churn', 'w'\]"):
        len(ParquetRows(folder, target="churn", weight="w"))


@pytest.mark.parametrize(
    "options",
    [
        {"target": "label", "weight": "label"},
        {"target": "label", "columns": ["a", "label"]},
        {"target": ["label", "label"]},
    ],
)
def test_columns_that_are_named_twice_are_refused(tmp_path, options):
    folder, _ = _folder(tmp_path)
    with pytest.raises(ValueError, match=r"name \['label'\] more than once"):
        ParquetRows(folder, **options).opened()


def test_weights_that_are_no_numbers_are_named(tmp_path):
    folder, _ = _folder(tmp_path)
    rows = ParquetRows(folder, target="label", weight="word").opened()
    with pytest.raises(ValueError, match="Column 'word' of weights must hold numbers"):
        next(rows.batches())


def test_a_source_without_rows(tmp_path):
    frame, _ = mixed_frame(9)
    folder = written(frame.iloc[:0], tmp_path / "rows", 1)
    with pytest.raises(ValueError, match="holds no rows"):
        len(ParquetRows(folder))


def test_a_file_that_grew_meanwhile_is_noticed(tmp_path):
    folder, frame = _folder(tmp_path)
    rows = ParquetRows(folder, target="label").opened()
    frame.to_parquet(folder / "rows-000.parquet")
    with pytest.raises(ValueError, match=r"rows-000.* has 90 rows, and had 23"):
        list(rows.batches())


def test_rows_in_memory_are_no_source():
    frame, _ = mixed_frame(9)
    with pytest.raises(TypeError, match="a source on disk, and got DataFrame"):
        len(ParquetRows(frame))
