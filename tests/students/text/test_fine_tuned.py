"""Pretrained transformers as classifiers of their own, and as teachers."""

import numpy as np
import pytest
from film_texts import film_texts
from sklearn.base import clone

from skdistill import TextClassifier, TextStudentClassifier

TEXTS, Y = film_texts()
LEARNS = {"max_epochs": 12, "lr": 3e-3}


def test_a_text_classifier_is_a_plain_classifier(transformer):
    assert transformer.score(TEXTS, Y) > 0.9
    assert transformer.classes_.tolist() == ["bad", "good"]
    assert "teacher" not in transformer.get_params()
    assert "alpha" not in transformer.get_params()
    again = TextClassifier(transformer, max_epochs=1, lr=1e-9).fit(TEXTS, Y)
    np.testing.assert_allclose(
        again.predict_proba(TEXTS), transformer.predict_proba(TEXTS), atol=1e-4
    )


@pytest.mark.slow
def test_an_unfitted_transformer_is_fitted_inside():
    teacher = TextClassifier(n_layers=2, random_state=0, **LEARNS)
    student = TextStudentClassifier(teacher, n_layers=1, max_epochs=2, random_state=0)
    student.fit(TEXTS, Y)
    assert not hasattr(teacher, "net_") and student.teacher_.score(TEXTS, Y) > 0.9
    folds = clone(student).set_params(cv=2, max_epochs=1).fit(TEXTS, Y)
    assert folds.module_.model.config.num_hidden_layers == 1
