"""What LightGBM's model text is changed to."""

import numpy as np
import pytest
from scipy.special import softmax

from skdistill import StudentClassifier

lightgbm = pytest.importorskip("lightgbm")
FEW = {"n_estimators": 8, "n_jobs": 1, "verbose": -1}


def rows(n=400):
    random = np.random.default_rng(0)
    X = random.normal(size=(n, 3))
    p = softmax(3 * X + [0, 0.5, -0.5], axis=1)
    return X, p.argmax(axis=1), p


@pytest.mark.parametrize(
    "options",
    [
        {"boosting_type": "dart", "random_state": 0},
        {"linear_tree": True},
        {"data_sample_strategy": "goss", "random_state": 0},
        {"boost_from_average": False},
        {"subsample": 0.5, "subsample_freq": 1, "random_state": 0},
    ],
)
def test_it_learns_in_the_ways_that_lightgbm_grows_trees(options):
    X, codes, p = rows()
    model = lightgbm.LGBMClassifier(**FEW, **options)
    student = StudentClassifier(student=model, preprocessor=None)
    certain = student.fit(X, codes, teacher_output=np.eye(3)[codes]).predict_proba(X)
    own = lightgbm.LGBMClassifier(**FEW, **options).fit(X, codes)
    # Its own dart drops the start with the first trees; subsamples are others.
    if not {"boosting_type", "subsample"} & set(options):
        assert np.abs(certain - own.predict_proba(X)).mean() < 5e-3  # ties apart
    student.fit(X, codes, teacher_output=p)
    loss = -(p * student.predict_log_proba(X)).sum(axis=1).mean()
    least = -(p * np.log(p)).sum(axis=1).mean()
    start = -(p * np.log(p.mean(axis=0))).sum(axis=1).mean()
    assert least < loss < 0.75 * start + 0.25 * least
    raw = student.student_.predict(X, raw_score=True)
    np.testing.assert_allclose(softmax(raw, axis=1), student.predict_proba(X))
    if "linear_tree" not in options:  # which have no contributions
        contributions = student.student_.predict(X, pred_contrib=True)
        sums = contributions.reshape(len(X), 3, -1).sum(axis=2)
        np.testing.assert_allclose(sums, raw, atol=1e-6)


def test_a_forest_learns_from_label_rows():
    X, codes, p = rows()
    forest = lightgbm.LGBMClassifier(
        boosting_type="rf", subsample=0.5, subsample_freq=1, **FEW
    )
    student = StudentClassifier(student=forest).fit(X, codes, teacher_output=p)
    assert student.score(X, codes) > 0.7


def test_a_table_too_small_for_any_leaf_has_one_answer():
    X, codes, p = rows(30)
    student = StudentClassifier(student=lightgbm.LGBMClassifier(**FEW))
    student.fit(X, codes, teacher_output=p)
    expected = np.tile(p.mean(axis=0), (30, 1))
    np.testing.assert_allclose(student.predict_proba(X), expected, rtol=1e-6)


def test_constant_columns_are_an_error_that_says_so():
    X, codes, p = rows()
    student = StudentClassifier(student=lightgbm.LGBMClassifier(**FEW))
    with pytest.raises(ValueError, match="finds no column to split"):
        student.fit(0 * X, codes, teacher_output=p)
