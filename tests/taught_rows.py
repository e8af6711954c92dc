"""Labelled rows on disk, a teacher, and its answers on disk; some rows without a label."""

import numpy as np
import pandas as pd
from rows_on_disk import mixed_frame, written
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skdistill import ParquetRows, soft_targets

N = 600
FEW = {"max_rows": 200, "buffer_rows": 100}


def _without_gaps(frame):
    return frame.drop(columns="b")


def teacher_of(model):
    columns = (OneHotEncoder(handle_unknown="ignore"), ["kind", "word"])
    return make_pipeline(
        make_column_transformer(columns, remainder="passthrough"), model
    )


class TaughtRows:
    """Rows in memory and on disk, a teacher, and its answers on disk."""

    def __init__(self, folder, is_class):
        self.X, y = mixed_frame(N)
        self.X = _without_gaps(self.X)
        self.y = y if is_class else self.X["a"].to_numpy() ** 2 * 30 + 1000
        self.weight = np.random.default_rng(3).integers(0, 4, N).astype(float)
        frame = self.X.assign(target=self.y, weight=self.weight)
        self.folder = written(frame, folder / "rows", row_group_size=40)
        model = RandomForestClassifier if is_class else RandomForestRegressor
        model = model(10, min_samples_leaf=5, random_state=0)
        self.teacher = teacher_of(model).fit(self.X, self.y)
        names = list(self.X)
        self.answers = soft_targets(
            self.teacher, self.folder, out=folder / "targets", columns=names
        )

    def rows(self, **options):
        options = {"target": "target", "weight": "weight"} | options
        return ParquetRows(self.folder, columns=list(self.X), **options)


def half_labelled(classes, folder):
    """Rows of which a third has no label, with whole numbers as labels.

    The folders of rows and of answers, and the same as arguments of a fit in memory.
    """
    y = pd.Series(classes.y == "yes").astype("Int64")
    y[np.random.default_rng(5).random(N) < 0.3] = pd.NA
    frame = classes.X.assign(target=y)
    rows = written(frame, folder / "rows")
    teacher = teacher_of(LogisticRegression()).fit(classes.X, classes.y == "yes")
    answers = soft_targets(teacher, rows, out=folder / "t", columns=list(classes.X))
    known = y.notna().to_numpy()
    p = pd.read_parquet(answers).to_numpy()
    memory = {
        "X": classes.X[known],
        "y": y[known].astype(int),
        "teacher_output": p[known],
        "X_transfer": classes.X[~known],
        "transfer_output": p[~known],
    }
    return rows, answers, memory
