"""Teachers that take strings: each form, in each container, through a student's fit."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    FixedRows,
    NeuralStudentClassifier,
    StudentClassifier,
    soft_targets,
)
from skdistill.teacher import memory as memory_module

WORDS = [f"w{i}" for i in range(30)]
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "objects": lambda texts: np.array(texts, dtype=object),
    "strings": np.array,
    "series": pd.Series,
    "string series": lambda texts: pd.Series(texts, dtype="string"),
    "polars": pl.Series,
}


def made_texts(n=90):
    random = np.random.default_rng(0)
    return [" ".join(random.choice(WORDS, random.integers(3, 9))) for _ in range(n)]


TEXTS = made_texts()
Y = np.array(
    [int({"w1", "w2", "w3", "w4"} & set(text.split()) != set()) for text in TEXTS]
)
UNFITTED = make_pipeline(TfidfVectorizer(), LogisticRegression())
FITTED = clone(UNFITTED).fit(TEXTS, Y)
VIEW = make_pipeline(HashingVectorizer(n_features=64), TruncatedSVD(4))


def ask(texts):
    assert isinstance(texts, list)  # and no array
    return FITTED.predict_proba([*texts, "one more"])[:-1]


def student(teacher, **params):
    params = {"preprocessor": VIEW, "max_epochs": 2, "random_state": 0, **params}
    return NeuralStudentClassifier(teacher, **params)


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(memory_module, "_ROWS_OF_PART", 40)


@pytest.mark.parametrize("name", CONTAINERS)
def test_any_container_of_texts_is_read(name, tmp_path, few_at_once):
    X = CONTAINERS[name](TEXTS)
    teachers = {
        "pipeline": FITTED,
        "function": lambda rows: FITTED.predict_proba(rows),
        "list": [FITTED, FITTED],
    }
    expected = FITTED.predict_proba(TEXTS)
    for teacher in teachers.values():
        np.testing.assert_allclose(soft_targets(teacher, X), expected)
        # In parts, and out of the store.
        for _ in range(2):
            kept = soft_targets(teacher, X, memory=tmp_path, n_jobs=2)
            np.testing.assert_allclose(kept, expected)
    weight = (np.arange(len(TEXTS)) > 2) * 1.0
    cases = (
        {"teacher": FITTED},  # transfer="auto" draws nothing
        {"teacher": [FITTED, FITTED], "early_stopping": True},
        {"teacher": UNFITTED, "cv": 3, "memory": tmp_path},
        {"teacher": FITTED, "transfer": FixedRows(X), "memory": tmp_path},
        {"teacher": FITTED, "transfer": lambda rows, seed: rows},
    )
    for params in cases:
        weights = {} if "cv" in params else {"sample_weight": weight}
        fitted = student(**params).fit(X, Y, X_val=X, **weights)
        np.testing.assert_array_equal(
            fitted.predict_proba(X), fitted.predict_proba(TEXTS[:])
        )


def test_a_function_of_a_list_gets_a_list_of_every_part(tmp_path, few_at_once):
    expected = FITTED.predict_proba(TEXTS)
    np.testing.assert_allclose(soft_targets(ask, TEXTS, n_jobs=2), expected)
    student(ask).fit(TEXTS, Y, sample_weight=np.arange(len(TEXTS)) % 2)


def test_a_frame_with_one_column_of_texts_draws_no_rows(monkeypatch):
    frame = pd.DataFrame({"text": TEXTS})
    asked = []

    def columns(estimator):
        return make_pipeline(ColumnTransformer([("t", estimator, "text")]))

    teacher = make_pipeline(columns(TfidfVectorizer()), LogisticRegression())
    teacher.fit(frame, Y)

    def counted(rows):
        asked.append(len(rows))
        return teacher.predict_proba(rows)

    counted.classes_ = teacher.classes_  # names its columns

    view = make_pipeline(columns(HashingVectorizer(n_features=64)), TruncatedSVD(4))
    student(counted, preprocessor=view).fit(frame, Y)
    assert sum(asked) == len(TEXTS)
    pairs = frame.assign(more=TEXTS[::-1])
    student(counted, preprocessor=view).fit(pairs, Y)
    assert sum(asked) == 2 * len(TEXTS)
    # Two columns of categories are a table, of which rows are drawn.
    table = pd.DataFrame({"text": np.repeat(TEXTS[:2], 45), "more": ["a", "b"] * 45})
    student(counted, preprocessor=view).fit(table)
    assert sum(asked) > 3 * len(TEXTS)


def test_5000_texts_are_told_apart_by_their_last_letter(tmp_path):
    long = made_texts(5000)
    for texts in (long, list(long), [*long[:-1], long[-1] + "s"]):
        soft_targets(FITTED, texts, memory=tmp_path)
    assert len(list(tmp_path.rglob("output.pkl"))) == 2


@pytest.mark.parametrize("name", ["lightgbm", "booster", "tree", "module"])
def test_a_teacher_of_numbers_takes_no_texts(name):
    X = np.random.default_rng(0).normal(size=(90, 3))
    gbm = LGBMClassifier(n_estimators=2, verbose=-1).fit(X, Y)
    teachers = {
        "lightgbm": gbm,
        "booster": gbm.booster_,
        "tree": DecisionTreeClassifier(max_depth=2).fit(X, Y),
        "module": torch.nn.Linear(3, 2),
    }
    wanted = "was fitted on 3 columns and X is a list, as of texts|takes numbers"
    for make in CONTAINERS.values():
        with pytest.raises(ValueError, match=wanted):
            soft_targets(teachers[name], make(TEXTS))
    with pytest.raises(ValueError, match=wanted):
        student(teachers[name]).fit(TEXTS, Y)


def test_a_vectorizer_that_is_given_a_frame_is_an_error():
    with pytest.raises(ValueError, match="answers with 1 rows.*give it a series"):
        soft_targets(FITTED, pd.DataFrame({"text": TEXTS}))


@pytest.mark.parametrize("preprocessor", ["auto", None])
def test_a_student_of_numbers_asks_for_a_transformer(preprocessor):
    with pytest.raises(ValueError, match="holds texts.*HashingVectorizer"):
        student(FITTED, preprocessor=preprocessor).fit(TEXTS, Y)


def test_an_estimator_that_takes_texts_itself_is_a_student():
    words = make_pipeline(TfidfVectorizer(max_features=9), LogisticRegression())
    fitted = StudentClassifier(FITTED, student=words, preprocessor=None).fit(TEXTS, Y)
    assert fitted.predict_proba(TEXTS).shape == (90, 2)
