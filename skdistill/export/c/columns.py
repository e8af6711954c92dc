"""The columns of X in C: numbers, and the codes of categories."""

from dataclasses import dataclass

import numpy as np

from ..view_columns import GapOfNumber, Indicator, Number, view_columns
from .text import distinct, fill, number, quoted, table

_FIND = """\
static inline int @_find(const char *text, const char *const *known, int n)
{
    int low = 0, high = n - 1;
    while (low <= high) {
        const int middle = (low + high) / 2;
        const unsigned char *a = (const unsigned char *)text;
        const unsigned char *b = (const unsigned char *)known[middle];
        while (*a && *a == *b) { a++; b++; }
        if (*a == *b) return middle;
        if (*a < *b) high = middle - 1; else low = middle + 1;
    }
    return -1;
}
"""

_OF_TEXT = """\
static inline $kind @_code_$word(const char *text)
{
    static const char *const known[] = {
        $known};
    $codes    int place;
    if (!text) return $gap;
    place = @_find(text, known, $n);
    return place < 0 ? $other : codes[place];
}
"""

_OF_NUMBER = """\
static inline $kind @_code_$word(double value)
{
    $known    $codes    int i;
    if (isnan(value)) return $gap;
    for (i = 0; i < $n; i++)
        if (known[i] == value) return codes[i];
    return $other;
}
"""

_CHECK = """\
static inline int @_check(const double *x)
{
    $tables    int j;
    for (j = 0; j < $n_numbers; j++) {
        const double v = x[number[j]];
        if (fabs(v) <= 1.7976931348623157e308) continue;
        if (!isnan(v)) return @_INFINITE;
        if (!takes_gaps[j]) return @_GAP;
    }
    for (j = 0; j < $n_categories; j++) {
        const double v = x[category[j]];
        if (isnan(v)) continue;
        if (!(v >= 0 && v < n_codes[j]) || v != (double)(int)v) return @_CODE;
    }
    return @_OK;
}
"""


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers.

    Attributes
    ----------
    column : int
        Position in X.
    rule : Number
        Of its input of the model.
    place : int
        Of that input.
    gap : GapOfNumber or None
        Of another input, which tells of gaps.
    gap_place : int or None
        Of that one.
    """

    column: int
    rule: Number
    place: int
    gap: GapOfNumber | None
    gap_place: int | None


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories; those that the model cannot tell apart share a code.

    Attributes
    ----------
    column : int
        Position in X.
    codes : dict of {str or float: int}
        By category.
    gap, other : int
        Codes of a gap, and of any other category.
    places : list of int
        Inputs of the model that the column gives.
    values : ndarray of shape (n_codes, n_places)
        What each code gives there.
    is_text : bool
        Whether its categories are strings in C.
    """

    column: int
    codes: dict
    gap: int
    other: int
    places: list
    values: np.ndarray
    is_text: bool


class Columns:
    """All columns of X, and their code.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Attributes
    ----------
    names : list of str
        Of the columns, as training had them.
    words : list of str
        The same as parts of names in C.
    numbers : list of NumberColumn
        Which of them hold numbers.
    categories : list of CategoryColumn
        Which of them hold categories.
    """

    def __init__(self, predictor):
        meta, n = predictor.meta, predictor.n_features_in_
        names = meta["names"] or meta["view"].get("shown")
        self.names = list(map(str, names or [f"feature_{j}" for j in range(n)]))
        self.words = distinct(self.names)
        rules = list(enumerate(view_columns(predictor)))
        gaps = {r.column: (r, k) for k, r in rules if isinstance(r, GapOfNumber)}
        self.numbers = [
            NumberColumn(rule.column, rule, k, *gaps.get(rule.column, (None, None)))
            for k, rule in rules
            if isinstance(rule, Number)
        ]
        indicators = {}
        for k, rule in rules:
            if isinstance(rule, Indicator):
                indicators.setdefault(rule.column, []).append((k, rule))
        self.categories = [
            self._category(labels, indicators.get(labels["column"], []))
            for labels in meta["view"].get("labels", [])
        ]

    def _category(self, labels, mine):
        j = labels["column"]
        gives = {
            category: tuple(rule.known[category] for _, rule in mine)
            for category, _ in labels["bins"]
        }
        gap = tuple(rule.of_gap for _, rule in mine)
        other = tuple(rule.other for _, rule in mine)
        kinds = {
            kind: i
            for i, kind in enumerate(dict.fromkeys([*gives.values(), gap, other]))
        }
        is_text = all(isinstance(category, str) for category in gives)
        return CategoryColumn(
            j,
            {
                self._plain(each, j, is_text): kinds[kind]
                for each, kind in gives.items()
            },
            kinds[gap],
            kinds[other],
            [k for k, _ in mine],
            np.array(list(kinds), dtype=float).reshape(len(kinds), len(mine)),
            is_text,
        )

    def _plain(self, category, j, is_text):
        """A category as C compares it."""
        if is_text:
            quoted(category, f"The category of column {self.names[j]!r}")
            return category
        value = float(category)
        if value != category:
            raise TypeError(
                f"The category {category!r} of column {self.names[j]!r} is no double in "
                "C: give the categories shorter numbers, or strings, before fit."
            )
        return value

    def check(self):
        """The function that refuses what the student refuses.

        Returns
        -------
        str
            Its code.
        """
        numbers, categories = self.numbers, self.categories
        tables = [
            table("number", [each.column for each in numbers]),
            table("takes_gaps", [int(each.rule.takes_gaps) for each in numbers]),
            table("category", [each.column for each in categories]),
            table("n_codes", [len(each.values) for each in categories]),
        ]
        return fill(
            _CHECK,
            tables="    ".join(tables),
            n_numbers=len(numbers),
            n_categories=len(categories),
        )

    def coders(self, kind="double"):
        """The functions that turn categories into codes.

        Parameters
        ----------
        kind : str, default="double"
            Type of a code.

        Returns
        -------
        str
            Their code.
        """
        any_text = any(each.is_text for each in self.categories)
        texts = [_FIND] if any_text else []
        coders = [self._coder(each, kind) for each in self.categories]
        if kind != "double":  # without floating point, unless the user asks for it
            coders = [
                code if each.is_text else f"#ifdef @_WITH_DOUBLES\n{code}#endif\n"
                for code, each in zip(coders, self.categories, strict=True)
            ]
        return "\n".join([*texts, *coders])

    def _coder(self, each, kind):
        known = sorted(each.codes, key=_as_bytes if each.is_text else None)
        parts = {
            "kind": kind,
            "word": self.words[each.column],
            "codes": table("codes", [each.codes[category] for category in known]),
            "n": len(known),
            "gap": each.gap,
            "other": each.other,
        }
        if each.is_text:
            texts = [quoted(category, "The category") for category in known] or ['""']
            return fill(_OF_TEXT, known=",\n        ".join(texts), **parts)
        return fill(_OF_NUMBER, known=table("known", known, "double"), **parts)

    def example(self, j, fixed=False):
        """How a user gives a value of a column.

        Parameters
        ----------
        j : int
            Position in X.
        fixed : bool, default=False
            Whether rows are integers.

        Returns
        -------
        str
            An expression in C.
        """
        for each in self.categories:
            if each.column == j:
                known = next(iter(each.codes), "" if each.is_text else 0.0)
                value = quoted(known, "It") if each.is_text else number(known)
                return f"@_code_{self.words[j]}({value})"
        return "120" if fixed else "16.5"


def _as_bytes(text):
    return text.encode()
