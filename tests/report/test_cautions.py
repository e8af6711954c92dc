"""Cautions come where they should, and not elsewhere."""

import numpy as np
import pytest
from reported import halves, student_of
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from skdistill import DistillationReport

pytestmark = pytest.mark.usefixtures("quick_sections")


def kinds(teacher, task="classes"):
    X, X_test, y, y_test = halves(task)
    student = student_of(teacher.fit(X, y)).fit(X, y)
    report = DistillationReport(
        student, X_test, y_test, control=student, X_train=X, y_train=y
    )
    return {caution.kind for caution in report.result.cautions}


@pytest.mark.parametrize("task", ["classes", "labels"])
def test_a_teacher_that_knows_its_rows_by_heart_is_told_of(task):
    assert "memorised" in kinds(RandomForestClassifier(20, random_state=0), task)
    shallow = RandomForestClassifier(20, max_depth=2, random_state=0)
    assert "memorised" not in kinds(shallow, task)


def test_a_plain_teacher_has_little_to_be_told():
    told = kinds(LogisticRegression(max_iter=1000))
    assert not told & {"memorised", "seen rows", "unchecked", "few rows", "no control"}


def test_a_control_that_nobody_gave_is_missed():
    X, X_test, y, y_test = halves()
    student = student_of(LogisticRegression(max_iter=1000).fit(X, y)).fit(X, y)
    report = DistillationReport(student, X_test, y_test)
    told = [caution.kind for caution in report.result.cautions]
    assert {"no control", "unchecked"} <= set(told)
    assert np.all([caution.words.endswith(".") for caution in report.result.cautions])
