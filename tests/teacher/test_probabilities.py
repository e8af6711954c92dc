"""Probabilities that the user computed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from skdistill import StudentClassifier


def test_frames_as_outputs_are_matched_by_name():
    X, y = load_wine(return_X_y=True)
    model = make_pipeline(
        make_column_transformer(("passthrough", [0, 6, 9])), RandomForestClassifier(20)
    ).fit(X, y)
    P = model.predict_proba(X)
    expected = StudentClassifier(random_state=0).fit(X, y, teacher_output=P).predict(X)
    for names in ([0, 1, 2], ["0", "1", "2"], ["0.0", "1.0", "2.0"]):
        frame = pd.DataFrame(P, columns=names).iloc[:, [2, 0, 1]]
        for labels in (y, y.astype(float)):
            student = StudentClassifier(random_state=0)
            student.fit(X, labels, teacher_output=frame)
            np.testing.assert_array_equal(student.predict(X), expected)
    other = pd.DataFrame(P, columns=["p_first", "p_second", "p_third"])
    student = StudentClassifier(random_state=0).fit(X, y, teacher_output=other)
    np.testing.assert_array_equal(student.predict(X), expected)
    with pytest.raises(ValueError, match="name each class, or none"):
        StudentClassifier().fit(
            X, y, teacher_output=other.set_axis([0, 1, "z"], axis=1)
        )
    numbered = pd.DataFrame(P)
    for frame in (numbered, numbered[[2, 1, 0]], numbered.iloc[:, ::-1]):
        student = StudentClassifier(random_state=0).fit(X, y, teacher_output=frame)
        np.testing.assert_array_equal(student.predict(X), expected)
    second = pd.DataFrame({"good": P[:, 0]})
    binary = np.where(y == 0, "good", "bad")
    both = StudentClassifier(random_state=0).fit(X, binary, teacher_output=second)
    assert both.score(X, binary) > 0.95
