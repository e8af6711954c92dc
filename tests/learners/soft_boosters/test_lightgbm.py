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
    student.fit(X, codes, teacher_output=p)
    own = lightgbm.LGBMClassifier(**FEW, **options).fit(
        np.repeat(X, 3, axis=0), np.tile(range(3), len(X)), sample_weight=p.ravel()
    )
    ours, theirs = (
        -(p * np.log(m.predict_proba(X))).sum(1).mean() for m in (student, own)
    )
    entropy = -(p * np.log(p)).sum(axis=1).mean()
    start = -(p * np.log(p.mean(axis=0))).sum(axis=1).mean()
    assert entropy < ours < 0.75 * start + 0.25 * entropy
    assert ours < theirs + 0.25 * (start - entropy)
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


def test_columns_without_a_split_are_an_error_that_says_so():
    X, codes, p = rows()
    student = StudentClassifier(student=lightgbm.LGBMClassifier(**FEW))
    with pytest.raises(ValueError, match=r"has no column to split.*min_child_samples"):
        student.fit(0 * X, codes, teacher_output=p)
