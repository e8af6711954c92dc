"""What people ask before a student replaces its teacher, answered in words."""

from math import isfinite, nan
from typing import NamedTuple

from markupsafe import Markup

from ...tables.terms import in_one_line
from .wording import ratio_in_words
from .written import (
    at_least,
    at_most,
    duration,
    figure,
    interval,
    level,
    memory,
    middle,
    share,
)


class Answer(NamedTuple):
    """What is said of one student: in a few words, and in a sentence or two."""

    model: str
    headline: str
    words: str


class Question(NamedTuple):
    """A question, where on the page it is answered in full, and the answers."""

    words: str
    section: str
    answers: tuple[Answer, ...]


def summary_of(result):
    """Return the questions that a result can answer.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    list of Question
        Those without an answer are left out.
    """
    asked = [
        _question(result, *each)
        for each in (
            (_how_often(result), "fidelity", _of_fidelity),
            ("Where does it differ most?", "segments", _of_segments),
            ("How good is it?", "quality", _of_quality),
            ("Does the teacher help?", "quality", _of_gain),
            ("Are its probabilities right?", "calibration", _of_calibration),
            ("What does it cost?", "cost", _of_cost),
        )
    ]
    return [question for question in asked if question.answers]


def _question(result, words, section, answer):
    answers = (answer(result, model) for model in result.students)
    return Question(words, section, tuple(found for found in answers if found))


def one_of(found, model):
    """Return the entry of a model, or None.

    Parameters
    ----------
    found : iterable
        Of what has a ``model``.
    model : str
        Its name.

    Returns
    -------
    object or None
        The first.
    """
    return next((each for each in found if each.model == model), None)


def _how_often(result):
    decides = result.task in ("classes", "labels")
    return "How often does it differ?" if decides else "How far is it from its teacher?"


def _of_fidelity(result, model):
    found = one_of(result.fidelity, model)
    if found is None:
        return None
    if isfinite(found.agreement):
        return Answer(model, _differs(found), _alike(found, result))
    within = found.quantiles.get(0.9)
    said = f"R2 to the teacher is {figure(found.r2)}."
    if within is None:
        return Answer(model, f"{figure(found.rmse)} (RMSE)", said)
    headline = f"within {figure(within)} on {level(0.9)} of rows"
    return Answer(model, headline, f"RMSE {figure(found.rmse)}. {said}")


def _differs(found):
    return f"{share(1 - found.agreement)}, at most {at_most(found.at_least)}"


def _alike(found, result):
    sure = f"with {level(found.confidence)} confidence, at least {at_least(found.at_least)}"
    if result.task == "labels":
        pairs = f"{share(found.agreement)} of the labels of {found.n_rows:,} rows"
        rows = f"All labels of a row are alike on {share(found.rows_alike)}."
        return f"Student and teacher decide alike on {pairs}; {sure}. {rows}"
    n_alike = round(found.agreement * found.n_rows)
    rows = f"{n_alike:,} of {found.n_rows:,} rows"
    return f"Student and teacher decide alike on {rows}; {sure}."


def _of_segments(result, model):
    segments = [each for each in result.segments if each.model == model]
    if not segments:
        return None
    flagged = [each for each in segments if each.flagged]
    if not flagged:
        words = (
            f"None of the {len(segments)} looked at is worse than the rest for sure."
        )
        return Answer(model, "no segment stands out", words)
    decides = result.task in ("classes", "labels")
    worst = (min if decides else max)(flagged, key=lambda each: each.agreement.value)
    write = share if decides else figure
    rest = f"elsewhere {write(worst.rest)}."
    found = f"{write(worst.agreement.value)} {'alike' if decides else 'apart (RMS)'}"
    words = Markup("Most where <bdi>{}</bdi>: {}, {}").format(
        in_one_line(worst.words), found, rest
    )
    one = "segment stands out" if len(flagged) == 1 else "segments stand out"
    return Answer(model, f"{len(flagged)} {one}", words)


def _of_quality(result, model):
    if result.quality is None:
        return None
    found = one_of(result.quality.models, model)
    teacher = one_of(result.quality.models, "teacher")
    if found is None:
        return None
    headline = f"{in_one_line(result.quality.score_name)} {middle(found.score)}"
    ends = interval(found.score)
    words = f"Interval {ends}. " if ends else ""
    words += f"Teacher {middle(teacher.score)}." if teacher else ""
    control = one_of(result.quality.models, "control")
    return Answer(
        model,
        headline,
        words + (f" Control {middle(control.score)}." if control else ""),
    )


def _of_gain(result, model):
    gain = result.quality and one_of(result.quality.gains, model)
    if not gain:
        return None
    quality = result.quality
    named = [(quality.score_name, gain.score), (quality.loss_name, gain.loss)]
    # Where the teacher is no better by one of the two, the share of that has no meaning.
    named = [(in_one_line(name), kept) for name, kept in named if isfinite(kept.value)]
    if not named:
        return Answer(model, "not shown", gain.undefined)
    helps = [name for name, kept in named if kept.low > 0]
    kept = ", ".join(f"{_kept(found)} by {name}" for name, found in named)
    words = f"Of the teacher's lead over the control the student keeps {kept}."
    return Answer(
        model, f"yes, by {' and '.join(helps)}" if helps else "not shown", words
    )


def _kept(found):
    ends = interval(found, 0)
    return middle(found, 0) + (f" ({ends})" if ends else "")


def _of_calibration(result, model):
    found = one_of(result.calibration, model)
    if found is None or result.task not in ("classes", "labels"):
        return None
    teacher = one_of(result.calibration, "teacher")
    headline = f"off by {middle(found.ece, 1)} on average"
    words = f"Teacher {middle(teacher.ece, 1)}. " if teacher else ""
    known = [b for b in found.bins if isfinite(b.came_true.low)]
    within = sum(b.came_true.low <= b.said <= b.came_true.high for b in known)
    if known:
        words += f"In {within} of {len(known)} groups of rows the error may be chance."
    return Answer(model, headline, words)


def _of_cost(result, model):
    found, teacher = one_of(result.cost, model), one_of(result.cost, "teacher")
    if found is None:
        return None
    size = memory(found.n_bytes or nan)
    words = f"{size}, {duration(found.one_row)} for a row"
    if teacher is None:
        return Answer(model, words, "")
    theirs = f"teacher {memory(teacher.n_bytes or nan)}, {duration(teacher.one_row)}"
    ratios = [
        ratio_in_words(teacher, found, "n_bytes"),
        ratio_in_words(teacher, found, "one_row"),
    ]
    return Answer(
        model, ", ".join(filter(None, ratios)) or words, f"It takes {words}; {theirs}."
    )
