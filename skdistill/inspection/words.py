"""Which words of a text speak for a model's answer, and how much."""

import copy
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ..tables.containers import is_arrow, is_frame
from ..tables.terms import in_one_line
from ..tables.view import reads_tables
from ..tasks.classes import Classes
from ..tasks.units import Unit
from ..tasks.values import Values
from ..teacher.dialects import as_model
from ..teacher.ensemble import Teacher
from ..teacher.members import members_of
from ..texts.reading import Texts, in_container_of, read_texts
from .contributions import Said, outputs_to_explain
from .readable import not_readable, read_by, unwrapped

# A model is asked about so many texts at most, and fewer where these are long: of all
# together it reads so many letters.
_MOST, _FEWEST, _MOST_LETTERS = 512, 8, 1 << 22
# Of a longer part of the text so many letters are shown.
_SHOWN = 40
# Letters, numbers and marks; apostrophes and joiners within.
_WORD = re.compile("c|w[wm]*(?:['j][wm]+)*")
_APOSTROPHES, _JOINERS = "'\u2019", "\u200c\u200d"
_EACH_A_WORD = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NOTE = "By so much the answer is less without {}: what the model does, and no cause."


@dataclass(frozen=True)
class AskedText:
    """A model that answers texts, and one text.

    Attributes
    ----------
    steps : list of transformer
        What texts go through before the student.
    student : object
        A fitted classifier or regressor.
    text : Texts
        A single one, or a pair.
    container : object
        What texts are put into a container like; a list of names for a frame; or None.
    """

    steps: list
    student: Any
    text: Texts
    container: Any

    @classmethod
    def of(cls, model, x):
        """Read a text, if it is one to the model.

        Parameters
        ----------
        model : object
            As the user gave it.
        x : object
            The row, as the user gave it.

        Returns
        -------
        AskedText or None
            None where the row is no text, or where the model is a tree: that has a path.
        """
        student, steps = unwrapped(model)
        view = vars(student).get("preprocessor_")
        # Texts, whatever form they have; else a string is one, if no table is wanted.
        reads = any(map(_reads_texts, [steps[0] if steps else view, student]))
        is_bare = isinstance(x, str) or _is_pair(x)
        if not reads and (reads_tables(view) or not is_bare):
            return None
        found = read_by(student)
        if hasattr(found, "node_mass_"):
            return None
        if found is not None and not reads and _is_pair(x):  # a row of two categories
            return None
        is_pair = _is_pair(x)
        if reads:
            is_pair = _reads_texts(student) and student.n_features_in_ == 2
        text = _one_text(x, is_pair)
        models = [model] if steps else [model, *_teachers(student)]
        return cls(steps, student, text, _container(x, text, models))

    def lines(self, class_names, max_terms, digits):
        """Tell which words speak most, beside what they do to the teacher.

        Parameters
        ----------
        class_names : array-like of str or None
            Names of the classes or targets.
        max_terms : int or None
            Words that are named.
        digits : int
            Significant digits.

        Yields
        ------
        str
            For each answer a line for the text, and one for each word.
        """
        parts = Parts.of(self.text)
        rows = self._rows(parts.texts())
        task, answers = self._asked(rows)
        said = Said(task, answers[0].shape[1], class_names, digits)
        for output in outputs_to_explain(task, answers[0][0]):
            table = [_column(said, each, output) for each in answers]
            yield from _aligned(parts, table, max_terms)
        if parts.places:
            yield parts.note()

    def _rows(self, texts):
        rows = _in_container(self.container, texts)
        for step in self.steps:
            rows = step.transform(rows)
        return rows

    def _asked(self, rows):
        """What answers mean, and those of the student, and of its teacher if it has one."""
        task = copy.copy(_task_of(self.student))
        answers = [task.ask(Teacher.of(self.student), rows)]
        if task.kind == "regressor" and task.unit is None:
            task.unit = _unit_of(answers[0])
        members = _teachers(self.student)
        if members:
            weights = self.student.teacher_weights
            # Those of the clones of all folds come fold after fold.
            weights = None if weights is None else np.resize(weights, len(members))
            answers.append(task.ask(Teacher.of(members, weights), rows))
        return task, answers


def _is_pair(x):
    is_two = isinstance(x, tuple) and len(x) == 2
    return is_two and all(isinstance(text, str) for text in x)


def _reads_texts(model):
    """Whether a student or a transformer takes a column of strings, and no table."""
    while isinstance(model, Pipeline):
        model = model.steps[0][1]
    if not hasattr(model, "__sklearn_tags__"):
        return False
    takes = get_tags(model).input_tags
    return takes.string and (takes.one_d_array or not takes.two_d_array)


def _teachers(student):
    teacher = vars(student).get("teacher_")
    return [] if teacher is None else members_of(teacher)


def _one_text(x, is_pair):
    texts = read_texts([x] if isinstance(x, str) else x, "x")
    if is_pair and len(texts.segments) == 1 and len(texts) == 2:
        texts = Texts([[segment] for segment in texts.segments[0]])
    if len(texts) != 1:
        raise ValueError(f"x has {len(texts)} texts: give one, such as X[:1].")
    return texts


def _container(x, text, models):
    """A container to imitate; or names of columns, where a model knows them."""
    if is_frame(x) or is_arrow(x):
        return x
    n = len(text.segments)
    for model in models:
        names = as_model(model).columns()
        if names is not None and len(names) == n:
            return names
    if n == 2:
        return np.empty((1, 2), dtype=object)
    return x if isinstance(x, np.ndarray) else None


def _in_container(container, texts):
    if container is None:
        return texts.segments[0]
    if not isinstance(container, list):
        return in_container_of(container, texts)
    import pandas as pd

    return pd.DataFrame(dict(zip(container, texts.segments, strict=True)))


def _task_of(student):
    if hasattr(student, "_task"):
        return student._task
    kind = as_model(student).kind()
    if kind == "classifier":
        return Classes(Teacher.of(student), None, None)
    if kind == "regressor":
        return Values(None)
    raise not_readable(student)


def _unit_of(values):
    """The spread of some answers, which are not alike but for rounding."""
    unit = Unit.of(values, np.ones(len(values)))
    return replace(unit, scale=np.maximum(unit.scale, 1e-9 * np.abs(unit.center)))


@dataclass(frozen=True)
class Parts:
    """A text, and parts of it to be removed: words, or windows of a long text.

    Attributes
    ----------
    text : Texts
        A single one, or a pair.
    places : list of (int, int, int)
        Segment, start and end of each.
    size : int
        Words of each but the last.
    """

    text: Texts
    places: list
    size: int

    @classmethod
    def of(cls, text):
        """Find the words, or windows of as many words as the time allows.

        Parameters
        ----------
        text : Texts
            A single one, or a pair.

        Returns
        -------
        Parts
            None of a text without words.
        """
        segments = [segment for (segment,) in text.segments]
        words = [_words(segment) for segment in segments]
        letters = max(sum(map(len, segments)), 1)
        most = min(max(_MOST_LETTERS // letters, _FEWEST), _MOST - 1)
        size = max(-(-sum(map(len, words)) // most), 1)
        places = [
            (k, some[i][0], some[min(i + size, len(some)) - 1][1])
            for k, some in enumerate(words)
            for i in range(0, len(some), size)
        ]
        return cls(text, places, size)

    def note(self):
        """Tell what the numbers are.

        Returns
        -------
        str
            One line.
        """
        if self.size == 1:
            return _NOTE.format("the word")
        return f"Long: {self.size} words are removed at once. {_NOTE.format('them')}"

    def others(self, n):
        """Tell how many parts there are that are not shown.

        Parameters
        ----------
        n : int
            Their number.

        Returns
        -------
        str
            Such as "3 other words".
        """
        plural = "s" * (n > 1)
        if self.size == 1:
            return f"{n} other word{plural}"
        return f"{n} other part{plural} of {self.size} words"

    def texts(self):
        """Return the text, and what is left of it without each of the parts.

        Returns
        -------
        Texts
            The whole one first.
        """
        segments = [list(segment) for segment in self.text.segments]
        for place in self.places:
            for k, segment in enumerate(segments):
                whole = segment[0]
                segment.append(_without(whole, place) if k == place[0] else whole)
        return Texts(segments)

    def names(self):
        """Return what each part is called.

        Returns
        -------
        list of str
            In one line; equal ones have numbers.
        """
        segments = self.text.segments
        keys = [(k, _shown(segments[k][0], *place)) for k, *place in self.places]
        total, seen, names = {}, {}, []
        for key in keys:
            total[key] = total.get(key, 0) + 1
        for key in keys:
            seen[key] = seen.get(key, 0) + 1
            notes = [f"{('first', 'second')[key[0]]} text"] * (len(segments) > 1)
            notes += [f"{seen[key]} of {total[key]}"] * (total[key] > 1)
            names.append(key[1] + f" ({', '.join(notes)})" * bool(notes))
        return names


def _shown(text, start, end):
    """A part of a text in one line, the middle of a long one left out."""
    shown = text[start:end]
    if end - start > _SHOWN:
        half = _SHOWN // 2 - 1
        shown = f"{text[start : start + half]} … {text[end - half : end]}"
    return in_one_line(" ".join(shown.split()))


def _words(text):
    """Starts and ends of the words."""
    kinds = {c: _kind(c) for c in set(text)}
    found = _WORD.finditer("".join([kinds[c] for c in text]))
    return [match.span() for match in found]


def _kind(c):
    """A character's part in words; where there are no spaces, it is one by itself."""
    if _EACH_A_WORD.match(c):
        return "c"
    kind = unicodedata.category(c)[0]
    if kind in "LN":
        return "w"
    if kind == "M":
        return "m"
    if c in _APOSTROPHES:
        return "'"
    return "j" if c in _JOINERS else " "


def _without(text, place):
    """A text without a part, and without one of the spaces around it."""
    _, start, end = place
    before, after = text[:start], text[end:]
    if after[:1].isspace() and (not before or before[-1].isspace()):
        after = after[1:]
    return before + after


@dataclass(frozen=True)
class _Column:
    """One model's answer to the text, and what each part adds to it."""

    said: Said
    output: int
    answer: np.ndarray
    score: float
    moves: np.ndarray

    def answers(self):
        return self.said.answer(self.answer, self.output, self.score)

    def moved(self, part):
        size = self.said.size(self.moves[part], self.output)
        if not size.strip("0."):  # it is neither for nor against
            return f" {size}"
        return self.said.moves(self.moves[part], self.output)

    def at_most(self, parts):
        most = self.said.size(np.abs(self.moves[parts]).max(), self.output)
        return f"at most {most}"


def _column(said, answers, output):
    scores = answers[:, output]
    answer = answers[0]
    if said.answers.is_class:
        scores, answer = _log_odds(said.task, answers, output), np.exp(answer)
    return _Column(said, output, answer, scores[0], scores[0] - scores[1:])


def _log_odds(task, log_p, output):
    """Log odds of one class of one target."""
    ends = np.cumsum(task.widths)
    target = int(np.searchsorted(ends, output, side="right"))
    columns = np.arange(ends[target] - task.widths[target], ends[target])
    others = log_p[:, columns[columns != output]]
    return log_p[:, output] - logsumexp(others, axis=1)


def _aligned(parts, columns, max_terms):
    """Lines for the text and its parts, the answer's in one column, the teacher's next."""
    first = columns[0]
    n = len(first.moves)
    order = np.argsort(-np.abs(first.moves), kind="stable").tolist()
    shown, others = order[:max_terms], order[len(order[:max_terms]) :]
    title = "this text" if n else "this text, which has no words"
    names = parts.names() if n else []
    rows = [(title, [column.answers() for column in columns])]
    rows += [(names[i], [column.moved(i) for column in columns]) for i in shown]
    if others:
        rest = [column.at_most(others) for column in columns]
        rows.append((parts.others(len(others)), rest))
    widths = [max(_width(name) for name, _ in rows) + 1, 0]
    widths[1] = max(_width(cells[0]) for _, cells in rows) if len(columns) > 1 else 0
    for name, cells in rows:
        cells = [cells[0], *(f"teacher: {cell}" for cell in cells[1:])]
        padded = zip([f"{name}:", *cells], [*widths, 0], strict=False)
        yield "  ".join(_padded(*each) for each in padded).rstrip()


def _padded(text, width):
    return text + " " * (width - _width(text))


def _width(text):
    """Columns that a terminal gives a text."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(c):
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1
