"""What XGBoost needs: numbers of classes, and a base score."""

import numpy as np
import pytest

from skdistill import StudentClassifier

xgboost = pytest.importorskip("xgboost")
FEW = {"n_estimators": 8, "max_depth": 3, "n_jobs": 1}


def test_labels_of_any_type_also_without_a_teacher(iris, iris_forest):
    X, y = iris
    for teacher in (None, iris_forest):
        for rows in ("truncate", "draw"):
            student = StudentClassifier(
                teacher, student=xgboost.XGBClassifier(**FEW), label_rows=rows
            ).fit(X, y)
            assert student.classes_.tolist() == ["setosa", "versicolor", "virginica"]
            assert student.score(X, y) > 0.9


def test_classes_that_no_label_names(iris):
    X, y = iris[0][50:], iris[1][50:]
    student = StudentClassifier(
        student=xgboost.XGBClassifier(**FEW),
        classes=["other", "versicolor", "virginica"],
    ).fit(X, y)
    assert not student.predict_proba(X)[:, 0].any() and student.score(X, y) > 0.9
    one_hot = (y[:, None] == student.classes_).astype(float)
    student.fit(X, y, teacher_output=one_hot)
    assert student.predict_proba(X)[:, 0].max() < 0.2 and student.score(X, y) > 0.9


def test_a_base_score_of_the_users_stays(iris):
    X, y = iris[0][50:], iris[1][50:]
    model = xgboost.XGBClassifier(n_estimators=1, learning_rate=1e-9, base_score=0.9)
    student = StudentClassifier(student=model)
    p = np.where((y == "versicolor")[:, None], [0.6, 0.4], [0.4, 0.6])
    student.fit(X, y, teacher_output=p)
    np.testing.assert_allclose(student.predict_proba(X)[:, 1], 0.9, rtol=1e-5)
    assert student.student_["model"].base_score == 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"booster": "gblinear", "max_depth": None},
        {"booster": "dart"},
        {"multi_strategy": "multi_output_tree"},
        {"tree_method": "exact"},
        {"objective": "multi:softmax"},
    ],
)
def test_other_boosters_of_its(iris, iris_forest, options):
    student = StudentClassifier(
        iris_forest, student=xgboost.XGBClassifier(**FEW | options)
    ).fit(*iris)
    p = student.predict_proba(iris[0])
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert student.score(*iris) > 0.6


def test_a_forest_of_its(iris, iris_forest):
    forest = xgboost.XGBRFClassifier(n_estimators=20, n_jobs=1, random_state=0)
    student = StudentClassifier(iris_forest, student=forest).fit(*iris)
    assert student.score(*iris) > 0.9
