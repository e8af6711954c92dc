import math
from dataclasses import replace

import made_results
import pytest

from skdistill.report.page.summary import summary_of
from skdistill.report.page.wording import verdict
from skdistill.report.result import Interval


def _answers(result):
    found = summary_of(result)
    return {question.words: question.answers[0] for question in found}


def test_each_student_has_an_answer_to_each_question():
    names = ("tree", "net")
    found = summary_of(made_results.classes(names))
    assert len(found) == 6
    assert all(tuple(a.model for a in question.answers) == names for question in found)
    labelled = {
        "How good is it?",
        "Does the teacher help?",
        "Are its probabilities right?",
    }
    asked = {question.words for question in found}
    without = {question.words for question in summary_of(made_results.without_labels())}
    assert asked - without == labelled


def test_a_gain_that_is_not_shown_is_not_claimed():
    made = made_results.classes()
    (gain,) = made.quality.gains

    def said(**changes):
        quality = replace(made.quality, gains=(replace(gain, **changes),))
        return _answers(replace(made, quality=quality))["Does the teacher help?"]

    assert said().headline == "yes, by accuracy and log loss"
    assert said(score=Interval(0.4, -0.1, 0.9)).headline == "yes, by log loss"
    unsure = Interval(0.4, -0.1, 0.9)
    assert said(score=unsure, loss=unsure).headline == "not shown"
    unknown = Interval(math.nan)
    by_loss = said(score=unknown, undefined="No better by accuracy.")
    assert by_loss.headline == "yes, by log loss" and "accuracy" not in by_loss.words
    undefined = said(score=unknown, loss=unknown, undefined="No better at all.")
    assert undefined.headline == "not shown" and "No better" in undefined.words


def test_where_nothing_stands_out_that_is_said():
    made = made_results.classes()
    calm = tuple(replace(each, flagged=False) for each in made.segments)
    answer = _answers(replace(made, segments=calm))["Where does it differ most?"]
    assert answer.headline == "no segment stands out" and "4 looked at" in answer.words


def test_a_student_that_is_larger_or_slower_is_called_that():
    made = made_results.classes()
    teacher, student, _ = made.cost
    swapped = (replace(student, model="teacher"), replace(teacher, model="student"))
    answer = _answers(replace(made, cost=swapped))["What does it cost?"]
    assert answer.headline == "2,000 times larger, 39 times slower"
    same = _answers(replace(made, cost=(teacher, replace(teacher, model="student"))))
    assert same["What does it cost?"].headline == "as large, as fast"
    alone = _answers(replace(made, cost=(student,)))["What does it cost?"]
    assert alone.headline.startswith("12.3") and alone.words == ""


@pytest.mark.parametrize(
    "low, high, sign, words",
    [
        (0.1, 0.2, 1, "better"),
        (0.1, 0.2, -1, "worse"),
        (-0.2, -0.1, -1, "better"),
        (-0.1, 0.2, 1, "no difference shown"),
        (math.nan, math.nan, 1, ""),
    ],
)
def test_what_a_difference_shows(low, high, sign, words):
    assert verdict(Interval(0.0, low, high), sign) == words
