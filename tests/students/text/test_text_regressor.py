"""Values of texts."""

import numpy as np
from film_texts import film_texts
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skdistill import TextStudentRegressor

TEXTS, Y = film_texts()
LEARNS = {"max_epochs": 12, "lr": 3e-3}


def test_values_of_texts():
    values = 100.0 + 30 * (Y == "good")
    teacher = make_pipeline(TfidfVectorizer(), Ridge(0.01)).fit(TEXTS, values)
    params = {"hidden_size": 16, "n_layers": 1, "random_state": 0, **LEARNS}
    student = TextStudentRegressor(teacher, **params).fit(TEXTS, values)
    assert student.score(TEXTS, values) > 0.8
    both = np.column_stack([values, -values])
    several = TextStudentRegressor(**params).fit(TEXTS, both)
    assert several.predict(TEXTS).shape == both.shape
    levels = TextStudentRegressor(quantiles=[0.1, 0.9], **params).fit(TEXTS, values)
    low, high = levels.predict(TEXTS).T
    assert (low <= high).all()
