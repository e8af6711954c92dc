"""Who answers: a fitted teacher, outputs beside it, one that lacks a class."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from skdistill import FixedRows, HardDecisionTreeClassifier, NeuralStudentClassifier


def test_outputs_beside_a_fitted_teacher_have_its_columns(iris, iris_forest):
    X, y = iris
    P = iris_forest.predict_proba(X)
    student = NeuralStudentClassifier(iris_forest, max_epochs=1)
    student.fit(X[:100], y[:100], teacher_output=P[:100])  # lacks a class
    assert len(student.classes_) == 3 and student.teacher_ is iris_forest
    student.fit(X, teacher_output=P)
    assert len(student.classes_) == 3
    with pytest.raises(ValueError, match="is a regressor"):
        NeuralStudentClassifier(
            LinearRegression(), hidden_layer_sizes=(64, 64), max_epochs=50
        ).fit(X, y, teacher_output=P)
    foreign = NeuralStudentClassifier(
        classes=["x", "q", "z"], hidden_layer_sizes=(64, 64), max_epochs=50
    )
    with pytest.raises(ValueError, match="share no class"):
        foreign.fit(X, y, teacher_output=P)
    lacks = NeuralStudentClassifier(classes=["setosa", "versicolor"], max_epochs=1)
    with pytest.warns(UserWarning, match="never saw the classes"):
        lacks.fit(
            X, y, teacher_output=(P[:, :2] + 0.1) / (P[:, :2] + 0.1).sum(1)[:, None]
        )


def test_a_class_unknown_to_the_teacher_gets_the_floor_and_a_warning(iris):
    X, y = iris
    teacher = LogisticRegression().fit(X[:100], y[:100])
    student = NeuralStudentClassifier(teacher, alpha=0.5, max_epochs=1)
    with pytest.warns(UserWarning, match="never saw the classes \\['virginica'\\]"):
        student.fit(X, y)
    assert student.classes_.tolist() == ["setosa", "versicolor", "virginica"]


def test_a_fold_without_a_rare_class_works(iris, iris_forest):
    X, y = iris
    student = NeuralStudentClassifier(iris_forest, max_epochs=2).fit(X[:100], y[:100])
    assert student.predict_proba(X).shape == (150, 3)


def test_labels_of_other_kinds_are_matched_by_value():
    X = np.arange(20.0)[:, None]
    teacher = RandomForestClassifier(5, random_state=0).fit(X, np.arange(20) % 2 == 0)
    student = NeuralStudentClassifier(teacher, max_epochs=1)
    student.fit(X, np.arange(20) % 2 == 0)
    assert student.classes_.dtype == bool


@pytest.mark.parametrize("where", ["X", "X_transfer", "X_val", "transfer"])
def test_a_teachers_own_error_says_whose_it_is_and_about_which_rows(where):
    lightgbm = pytest.importorskip("lightgbm")
    random = np.random.default_rng(0)
    X = pd.DataFrame({"a": random.normal(size=90), "b": random.choice([*"uvw"], 90)})
    y, X["b"] = (X["a"] > 0).astype(int), X["b"].astype("category")
    strange = X.assign(b=X["b"].cat.codes)
    teacher = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y)
    with pytest.raises(ValueError, match="do not match") as bare:
        teacher.predict_proba(strange)
    drawn = FixedRows(strange) if where == "transfer" else None
    student = HardDecisionTreeClassifier(teacher, transfer=drawn)
    given = {"X": X, "y": y} | ({} if drawn else {where: strange})
    with pytest.raises(ValueError, match="do not match") as caught:
        student.fit(**given)
    assert type(caught.value) is type(bare.value)
    assert str(caught.value) == str(bare.value)
    whose, about = caught.value.__notes__
    assert whose.startswith("LGBMClassifier") and "dtypes and categories" in whose
    about_drawn = "about rows that `transfer` drew; transfer=None"
    assert (about_drawn if drawn else f"answer about {where}.") in about


def test_outputs_that_are_wrong_are_not_called_the_teachers_answer(iris, iris_forest):
    with pytest.raises(ValueError, match="teacher_output") as caught:
        HardDecisionTreeClassifier(iris_forest, transfer=None).fit(
            *iris, teacher_output=np.full((150, 3), np.nan)
        )
    assert not hasattr(caught.value, "__notes__")
