import pytest
from film_texts import film_texts, small_transformer, words_teacher

TEXTS, Y = film_texts()


@pytest.fixture(scope="module")
def teacher():
    return words_teacher(TEXTS, Y)


@pytest.fixture(scope="module")
def transformer():
    return small_transformer(TEXTS, Y, max_epochs=12, lr=3e-3)
