"""Columns of the view as text."""

import pytest

from skdistill.tables.terms import LEFT_TO_RIGHT, Term, in_one_line


def test_a_term_is_a_number_or_a_question():
    names = ["age", "plan"]
    terms = [
        Term(0),
        Term(0, "log1p({} / 7)"),
        Term(0, is_gap=True),
        Term(1, category="a, b"),
        Term(1, category="a, b or unseen", is_rare=True),
    ]
    assert [term.text(names) for term in terms] == [
        "age",
        "log1p(age / 7)",
        "age is missing",
        "plan = a, b",
        "plan in {a, b or unseen}",
    ]
    assert [term.is_question for term in terms] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain \\ 'text'", "plain \\ 'text'"),
        ("", "''"),
        (" ", "' '"),
        ("two\nlines", "two\\nlines"),
        (3.5, "3.5"),
        ("\u05d0", f"{LEFT_TO_RIGHT}\u05d0{LEFT_TO_RIGHT}"),
    ],
)
def test_a_name_fits_into_one_line(value, text):
    assert in_one_line(value) == text
