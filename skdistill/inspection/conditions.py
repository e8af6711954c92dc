"""Conditions of a rule in words, and what several about one column come to."""

_MISSING = object()  # beside the categories of a column


class Bound(str):
    """A bound on a number as text, with its parts.

    Attributes
    ----------
    key : int
        What number it is about.
    name : str
        The number's name.
    sign : {"<", "<=", ">", ">="}
        On which side of the bound the number is.
    bound : float
        The bound, in the column's unit.
    written : str
        The same in words.
    or_missing : bool
        Whether a gap meets the condition, too.
    """

    __slots__ = ("bound", "is_upper", "key", "name", "or_missing", "sign", "written")

    def __new__(cls, key, name, sign, bound, written, or_missing):
        """The text."""  # numpydoc ignore=PR01,RT01
        self = super().__new__(cls, f"{name} {sign} {written}{_missing(or_missing)}")
        self.key, self.name, self.sign = key, name, sign
        self.bound, self.written, self.or_missing = bound, written, or_missing
        self.is_upper = sign in ("<", "<=")
        return self


class Among(str):
    """A condition on a category as text, with its parts.

    Attributes
    ----------
    key : int
        The column that it is about.
    name : str
        The column's name.
    texts : sequence of str
        Categories, as text has them.
    has_gap : bool
        Whether a gap is named, too.
    is_in : bool
        Whether it is one of these, or none of them.
    is_one : bool
        Whether a single text is a single category.
    """

    __slots__ = ("has_gap", "is_in", "is_one", "key", "name", "texts")

    def __new__(cls, key, name, texts, has_gap, is_in, is_one, equals="="):
        """The text."""  # numpydoc ignore=PR01,RT01
        self = super().__new__(cls, _words(name, texts, has_gap, is_in, is_one, equals))
        self.key, self.name, self.texts = key, name, tuple(texts)
        self.has_gap, self.is_in, self.is_one = has_gap, is_in, is_one
        return self

    def meet(self, other):
        """Both conditions as one.

        Parameters
        ----------
        other : Among
            On the same column.

        Returns
        -------
        Among or None
            None where no category meets both.
        """
        ours, theirs = self._named(), other._named()
        if self.is_in and other.is_in:
            named = [each for each in ours if each in theirs]
        elif self.is_in or other.is_in:
            allowed, denied = (ours, theirs) if self.is_in else (theirs, ours)
            named = [each for each in allowed if each not in denied]
        else:
            named = ours + [each for each in theirs if each not in ours]
        is_in = self.is_in or other.is_in
        if is_in and not named:
            return None
        texts = [each for each in named if each is not _MISSING]
        is_one = self.is_one and other.is_one
        return Among(self.key, self.name, texts, _MISSING in named, is_in, is_one)

    def _named(self):
        return [*self.texts, *([_MISSING] if self.has_gap else [])]

    def spoken(self):
        """The condition as a rule has it: ``is`` for equal.

        Returns
        -------
        str
            Text.
        """
        return _words(
            self.name, self.texts, self.has_gap, self.is_in, self.is_one, "is"
        )


def _missing(or_missing):
    return " or missing" if or_missing else ""


def _words(name, texts, has_gap, is_in, is_one, equals):
    if has_gap and not texts:
        return f"{name} is missing" if is_in else f"{name} is not missing"
    if len(texts) == 1 and is_one:
        said = f"{equals} {texts[0]}" if is_in else f"is not {texts[0]}"
    else:
        said = f"{'in' if is_in else 'not in'} {{{', '.join(texts)}}}"
    if has_gap:
        said += " or missing" if is_in else ", nor missing"
    return f"{name} {said}"


def merged(conditions):
    """What all of some conditions come to, in few.

    Parameters
    ----------
    conditions : list of str
        Some of them Bound or Among.

    Returns
    -------
    list of str
        Two bounds of a number as one, such as ``10 < tenure <= 16.5``; one condition for
        the categories of a column. Each stands where the first about its column stood.
    """
    groups = {}
    for i, each in enumerate(conditions):
        kind = type(each)
        key = (kind, each.key) if kind in (Bound, Among) else (str, i)
        groups.setdefault(key, []).append(each)
    return [
        text for (kind, _), group in groups.items() for text in _MERGED[kind](group)
    ]


def _bounds(group):
    or_missing = all(each.or_missing for each in group)
    low = [each for each in group if not each.is_upper]
    high = [each for each in group if each.is_upper]
    # Of two equal bounds that without the number itself is the tighter one.
    low = max(low, key=lambda each: (each.bound, each.sign == ">"), default=None)
    high = min(high, key=lambda each: (each.bound, each.sign == "<="), default=None)
    if low is None or high is None:
        one = high if low is None else low
        return [f"{one.name} {one.sign} {one.written}{_missing(or_missing)}"]
    is_open = "=" not in low.sign + high.sign
    if low.bound > high.bound or (low.bound == high.bound and is_open):
        return list(group)  # a path that no row takes: all that it says
    sign = low.sign.replace(">", "<")
    both = f"{low.written} {sign} {high.name} {high.sign} {high.written}"
    return [both + _missing(or_missing)]


def _categories(group):
    one = group[0]
    for each in group[1:]:
        one = one.meet(each)
        if one is None:  # a path that no row takes: all that it says
            return [each.spoken() for each in group]
    return [one.spoken()]


_MERGED = {Bound: _bounds, Among: _categories, str: list}
