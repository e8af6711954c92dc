"""Tables with everything in them, in memory and as a folder of Parquet files."""

import itertools

import numpy as np
import pandas as pd


def mixed_frame(n=400, seed=0):
    """Numbers, gaps, whole numbers, booleans, categories and strings; and labels."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    frame.loc[rng.random(n) < 0.1, "b"] = np.nan
    frame["count"] = rng.integers(0, 5, n)
    frame["flag"] = rng.random(n) < 0.5
    levels = ["z", "x", "unused", "y"]
    frame["kind"] = pd.Categorical(rng.choice(["x", "y", "z"], n), categories=levels)
    frame["word"] = rng.choice(["red", "green", "blue"], n)
    score = frame["a"] + (frame["kind"] == "x") + (frame["word"] == "red")
    return frame, np.where(score > 0.5, "yes", "no")


def written(frame, folder, n_files=4, **options):
    """The frame in so many files, in order; the folder."""
    folder.mkdir(exist_ok=True)
    n_rows = map(len, np.array_split(np.arange(len(frame)), n_files))
    ends = [0, *itertools.accumulate(n_rows)]
    for i, (start, end) in enumerate(itertools.pairwise(ends)):
        # Of a slice no pandas writes the index as a column.
        part = frame.iloc[start:end]
        part.to_parquet(folder / f"rows-{i:03d}.parquet", **options)
    return folder
