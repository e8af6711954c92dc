"""Small students, teachers and rows for the tests of reports."""

from functools import cache

import numpy as np
from sklearn.datasets import (
    load_diabetes,
    make_classification,
    make_multilabel_classification,
)
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdistill import StudentClassifier, StudentRegressor

LEAVES = {"max_leaf_nodes": 6, "random_state": 0}


def student_of(teacher, **options):
    """A tree of scikit-learn's that learns from a teacher at once."""
    tree = DecisionTreeClassifier(**LEAVES)
    return StudentClassifier(teacher, student=tree, transfer=None, **options)


@cache
def halves(kind="classes"):
    """X_train, X_test, y_train, y_test."""
    if kind == "values":
        X, y = load_diabetes(return_X_y=True)
    elif kind == "labels":
        X, y = make_multilabel_classification(
            400, n_features=8, n_classes=3, random_state=0
        )
    else:
        X, y = make_classification(
            600, n_classes=3, n_informative=5, class_sep=0.7, random_state=0
        )
        y = np.array(["blue", "green", "red"])[y]
    n = len(X) // 2
    return X[:n], X[n:], y[:n], y[n:]


@cache
def distilled(kind="classes"):
    """A fitted student that holds its fitted forest."""
    X, _, y, _ = halves(kind)
    options = {"n_estimators": 10, "min_samples_leaf": 2, "random_state": 0}
    if kind == "values":
        forest = RandomForestRegressor(**options).fit(X, y)
        tree = DecisionTreeRegressor(**LEAVES)
        return StudentRegressor(forest, student=tree, transfer=None).fit(X, y)
    return student_of(RandomForestClassifier(**options).fit(X, y)).fit(X, y)
