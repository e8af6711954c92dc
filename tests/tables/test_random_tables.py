"""Random tables at fit and predict: a result, or one clear error of ours."""

from numbers import Number

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import _random_frames as frames
from skdistill import (
    Bootstrap,
    ConditionalSampler,
    GaussianNoise,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    export_text,
)

# pandas 2.2 warns where a frame of this file's own is given a column of no rows.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The behavior of array concatenation with empty:FutureWarning"
)
STUDENTS = {
    "net": NeuralStudentClassifier(max_epochs=1, hidden_layer_sizes=4, random_state=0),
    "tree": SoftDecisionTreeRegressor(max_epochs=1, max_depth=2, random_state=0),
    "surrogate": StudentClassifier(random_state=0),
}
SAMPLERS = {
    "munge": Munge(),
    "leaves": Munge(neighbors="leaves", max_distance=3.0),
    "noise": GaussianNoise(p=0.5, max_distance=10.0),
    "mixup": Mixup(alpha=1.0),
    "bootstrap": Bootstrap(),
    "conditional": ConditionalSampler(min_samples_leaf=1),
}


@st.composite
def tables(draw):
    """A table to fit on and one to predict, alike or changed in some way."""
    random = draw(st.randoms(use_true_random=False))
    first = frames.frame(random, most_rows=12, most_columns=4)
    m = random.randint(0, min(5, len(first)))
    changes = ["rows", "values", "order", "more", "fewer"]
    named = all(isinstance(name, str) for name in first.columns)
    change = random.choice([*changes, "names"] if named else changes)
    second = first.iloc[:m]
    if change == "values":
        columns = {j: frames.column(random, m) for j in range(first.shape[1])}
        second = pd.DataFrame(columns, index=range(m)).set_axis(first.columns, axis=1)
    elif change == "order":
        second = second.iloc[:, ::-1]
    elif change == "more":
        labels = pd.Index([*second.columns, "more"], tupleize_cols=False)
        second = pd.concat([second, pd.Series(1.0, second.index)], axis=1)
        second = second.set_axis(labels, axis=1)
    elif change == "fewer":
        second = second.iloc[:, 1:]
    elif change == "names":
        second = second.set_axis([f"{name}!" for name in second.columns], axis=1)
    return first, second


def outcome(action):
    """What an action returns; None if it raises a clear error of ours or sklearn's."""
    try:
        return action()
    except (ValueError, TypeError) as error:
        text = str(error)
        assert text and "mat1" not in text and "dtype=object" not in text, text
        trace = error.__traceback__
        files = []
        while trace is not None:
            files.append(trace.tb_frame.f_code.co_filename)
            trace = trace.tb_next
        assert "/torch/" not in files[-1], f"from inside torch: {text}"
        return None


@pytest.mark.parametrize("name", STUDENTS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(pair=tables(), seed=st.integers(0, 9))
def test_any_table_gives_a_result_or_one_clear_error(name, pair, seed):
    first, second = pair
    y = np.arange(len(first)) % 2
    student = STUDENTS[name].__sklearn_clone__()
    fitted = outcome(lambda: student.fit(first, y))
    if fitted is None:
        assert not hasattr(student, "n_features_in_"), "a failed fit left something"
        return
    answer = student.predict(first)
    assert np.isfinite(np.asarray(answer, dtype=float)).all()
    if name == "tree":
        assert len(export_text(student, max_terms=None).splitlines()) == 10
    predicted = outcome(lambda: student.predict(second))
    if predicted is not None:
        assert len(predicted) == len(second)
        assert np.isfinite(np.asarray(predicted, dtype=float)).all()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_pandas_and_polars_tell_the_same(data):
    n = data.draw(st.integers(4, 12))

    def some(values):
        return data.draw(st.lists(values, min_size=n, max_size=n))

    columns = {
        "number": some(st.one_of(st.none(), st.floats(-1e6, 1e6))),
        "text": some(st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))),
        "flag": some(st.booleans()),
    }
    types = {"number": pl.Float64, "text": pl.String, "flag": pl.Boolean}
    one, other = pd.DataFrame(columns), pl.DataFrame(columns, schema=types)
    y = np.arange(n) % 2
    student = STUDENTS["surrogate"]
    answers = [
        student.__sklearn_clone__().fit(table, y).predict_proba(table)
        for table in (one, other)
    ]
    np.testing.assert_array_equal(*answers)


def is_of_numbers(column):
    """Whether drawn values may lie between those of a column; objects may be numbers."""
    return pd.api.types.is_numeric_dtype(column) or (
        column.dtype == object
        and all(isinstance(v, Number) and not isinstance(v, bool) for v in column)
    )


@pytest.mark.parametrize("name", SAMPLERS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(pair=tables(), seed=st.integers(0, 9))
def test_drawn_rows_keep_types_ranges_and_categories(name, pair, seed):
    first, _ = pair
    drawn = outcome(lambda: SAMPLERS[name].fit(first).sample(20, random_state=seed)[0])
    if drawn is None:
        return
    assert drawn.shape == (20, first.shape[1])
    assert drawn.columns.equals(first.columns)
    assert list(drawn.dtypes) == list(first.dtypes)
    for j in range(first.shape[1]):
        before, after = first.iloc[:, j], drawn.iloc[:, j]
        assert before.isna().any() or not after.isna().any()
        before, after = before.dropna(), after.dropna()
        if is_of_numbers(before) and len(after):
            # As floats: among objects a Fraction is drawn as the nearest float.
            before, after = before.map(float), after.map(float)
            assert before.min() <= after.min() and after.max() <= before.max()
        else:
            assert set(after) <= set(before)
