"""The same table, with the same gaps, in every container that people bring."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

GAPS = {
    "None": None,
    "pd.NA": pd.NA,
    "NaT": pd.NaT,
    "NaN": np.nan,
    "float32 NaN": np.float32("nan"),
    "Decimal": Decimal("NaN"),
    "signalling": Decimal("sNaN"),
    "datetime64": np.datetime64("NaT"),
    "timedelta64": np.timedelta64("NaT"),
    "masked": np.ma.masked,
}


def objects(values, gap):
    """A column of objects, in which None is another gap."""
    column = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):  # at once, numpy would make 0.0 of a mask
        column[i : i + 1].fill(gap if value is None else value)
    return column


def columns(n=60):
    """A column of numbers and one of strings, with None for gaps, and labels."""
    random = np.random.default_rng(0)
    y = np.arange(n) % 2
    numbers = (random.normal(size=n) + y).round(2).tolist()
    texts = random.choice(["a", "b", "c"], n).tolist()
    for column, step in ((numbers, 7), (texts, 9)):
        column[::step] = [None] * len(column[::step])
    return numbers, texts, y


def containers(numbers, texts):
    """By name, tables of these two columns."""
    both = np.column_stack([objects(numbers, None), objects(texts, None)])
    mask = np.equal(both, None).astype(bool)
    filled = np.where(mask, ["0", "b"], both)
    filled[:, 0] = np.where(mask[:, 0], 0.0, both[:, 0])
    frame = pd.DataFrame({"n": pd.array(numbers, "Float64"), "t": texts})
    arrow = pa.table({"n": numbers, "t": pa.array(texts).dictionary_encode()})
    known = {
        "floats": frame.astype({"n": float}),
        "nullable": frame.astype({"t": "string"}),
        "category": frame.astype({"t": "category"}),
        "arrow frame": frame.convert_dtypes(dtype_backend="pyarrow"),
        "arrow": arrow,
        "arrow batch": arrow.to_batches()[0],
        "polars": pl.DataFrame({"n": numbers, "t": texts}),
        "polars NaN": pl.DataFrame({"n": numbers, "t": texts}).with_columns(
            pl.col("n").fill_null(float("nan"))
        ),
        "polars enum": pl.DataFrame({"n": numbers, "t": texts}).with_columns(
            pl.col("t").cast(pl.Enum(["a", "b", "c"]))
        ),
        "masked": np.ma.masked_array(filled, mask),
    }
    for name, gap in GAPS.items():
        array = np.column_stack([objects(numbers, gap), objects(texts, gap)])
        known[f"array {name}"] = array
        known[f"list {name}"] = array.tolist()
        known[f"frame {name}"] = pd.DataFrame(array, columns=["n", "t"])
    return known


def targets(values):
    """By name, y with a gap where `values` have None."""
    mask = np.array([value is None for value in values])
    filled = [
        next(v for v in values if v is not None) if v is None else v for v in values
    ]
    known = {
        "nullable": pd.Series(values).convert_dtypes(),
        "arrow frame": pd.Series(values).convert_dtypes(dtype_backend="pyarrow"),
        "category": pd.Series(values, dtype="category"),
        "frame": pd.DataFrame({"y": objects(values, pd.NA)}),
        "arrow": pa.array(values),
        "arrow chunks": pa.chunked_array([values]),
        "arrow dictionary": pa.chunked_array([values]).dictionary_encode(),
        "polars": pl.Series(values),
        "masked": np.ma.masked_array(filled, mask),
        "masked objects": np.ma.masked_array(np.array(filled, object), mask),
    }
    for name, gap in GAPS.items():
        column = objects(values, gap)
        known[f"array {name}"] = column
        known[f"list {name}"] = column.tolist()
        known[f"series {name}"] = pd.Series(column, dtype=object)
    return known


def mixed_frame(n=60, seed=0):
    """Numbers with and without tails, categories with rare ones, and gaps."""
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


def ordered_levels(levels, values, library):
    """A table of one column of ordered categories."""
    if library == "pandas":
        return pd.DataFrame({"c": pd.Categorical(values, levels, ordered=True)})
    if library == "polars":
        return pl.DataFrame({"c": pl.Series(values, dtype=pl.Enum(levels))})
    codes = pa.array([levels.index(value) for value in values], pa.int32())
    column = pa.DictionaryArray.from_arrays(codes, pa.array(levels), ordered=True)
    return pa.table({"c": column})
