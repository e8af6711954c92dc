"""Texts about films whose words decide the label, and encoders made on the spot."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdistill import TextClassifier, TextStudentClassifier

GOOD, BAD = ["fine", "great", "warm"], ["dull", "awful", "cold"]
THINGS = ["film", "plot", "cast", "script", "music"]


def film_texts(n=120, seed=0):
    """Each text has one word of praise or of blame, and its label says which."""
    random = np.random.RandomState(seed)
    y = random.permutation(np.arange(n) % 2)
    texts = [
        f"the {random.choice(GOOD if label else BAD)} {random.choice(THINGS)} "
        f"and a {random.choice(THINGS)}"
        for label in y
    ]
    return texts, np.array(["bad", "good"])[y]


def words_teacher(texts, y):
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, y)


def small_student(teacher=None, **params):
    params = {"hidden_size": 16, "n_layers": 1, "max_epochs": 2, **params}
    return TextStudentClassifier(teacher, **{"random_state": 0, **params})


def small_transformer(texts, y, **params):
    """A fitted classifier of two narrow layers."""
    params = {"n_layers": 2, "max_epochs": 3, "random_state": 0, **params}
    return TextClassifier(**params).fit(texts, y)
