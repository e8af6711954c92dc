"""A tree's questions, and what its leaves say, as SQL."""

from ..plain_tree import Labels
from .steps import Leaves
from .text import number


def leaf_of_hard_tree(tree, dialect, said):
    """Where a row ends.

    Parameters
    ----------
    tree : PlainTree
        Of a hard tree.
    dialect : Dialect
        Of SQL.
    said : sequence of str
        What is said in the tree's leaves, from left to right: their numbers, or answers.

    Returns
    -------
    str
        An expression of columns ``x0`` (numbers) and ``c0`` (categories); NULL where a
        gap is that the student refuses.

    Raises
    ------
    ValueError
        If CASE would be deeper than the engine takes.
    """
    leaves = iter(said)
    texts = {id(leaf): next(leaves) for leaf in tree.leaves}
    places, cases = list(range(len(tree.nodes))), {}
    depth = [0] * len(places)
    for place in reversed(places):  # children stand behind their parents
        node = tree.nodes[place]
        if node.column is None:
            cases[place] = [], texts[id(node)]
            continue
        # What is behind ELSE costs no level, so that trees of n leaves have log2(n).
        first = _first_side(node, depth)
        then, other = node.children[first], node.children[1 - first]
        asked = condition(node.column, node.sides[first], tree, dialect)
        whens, rest = cases.pop(other)
        cases[place] = [f"WHEN {asked} THEN {_case(*cases.pop(then))}", *whens], rest
        depth[place] = max(depth[then] + 1, depth[other])
    if depth[0] > dialect.deepest:
        raise ValueError(
            f"The tree takes {depth[0]} levels of CASE, and {dialect.name} has at most "
            f"{dialect.deepest}: take a tree of fewer leaves."
        )
    whens, rest = cases[0]
    return _case([*_refused(tree), *whens], rest)


def _case(whens, rest):
    return f"CASE {' '.join(whens)} ELSE {rest} END" if whens else rest


def _first_side(node, depth):
    """The side that is asked for: that of fewer levels, else that without gaps."""
    left, right = (depth[child] for child in node.children)
    return int(left > right or (left == right and node.sides[0].gap))


def _refused(tree):
    """Gaps that the student refuses, as a first case."""
    asked = {node.column for node in tree.nodes if node.column is not None}
    columns = sorted(j for j in asked if not tree.whole[j].gap)
    if columns:
        yield f"WHEN {' OR '.join(f'x{j} IS NULL' for j in columns)} THEN NULL"


def condition(column, side, tree, dialect):
    """What holds on a side of a question.

    Parameters
    ----------
    column : int
        Of X.
    side : Numbers or Labels
        The values there.
    tree : PlainTree
        The tree.
    dialect : Dialect
        Of SQL.

    Returns
    -------
    str
        Never true elsewhere, but perhaps NULL.
    """
    if isinstance(side, Labels):
        return _of_labels(column, side, tree, dialect)
    name, parts = f"x{column}", []
    if side.low < side.high:
        bounds = [
            f"{name} {sign} {dialect.exactly(bound)}"
            for sign, bound in ((">", side.low), ("<=", side.high))
            if abs(bound) < float("inf")
        ]
        parts = [" AND ".join(bounds) or f"{name} IS NOT NULL"]
    parts += [f"{name} IS NULL"] if side.gap else []
    return " OR ".join(parts)


def _of_labels(column, side, tree, dialect):
    name, known = f"c{column}", tree.whole[column].known
    named = [each for each in known if (each in side.known) != side.others]
    texts = [category(each, dialect) for each in named]
    parts = []
    if side.others:
        parts = [f"{name} {_among(texts, 'NOT ')}" if texts else f"{name} IS NOT NULL"]
    elif texts:
        parts = [f"{name} {_among(texts)}"]
    parts += [f"{name} IS NULL"] if side.gap else []
    return " OR ".join(parts)


def _among(texts, no=""):
    if len(texts) == 1:
        return f"{'<>' if no else '='} {texts[0]}"
    return f"{no}IN ({', '.join(texts)})"


def category(value, dialect):
    """A category, as the first step has it.

    Parameters
    ----------
    value : str, bool, int or float
        One of training.
    dialect : Dialect
        Of SQL.

    Returns
    -------
    str
        A literal.
    """
    if isinstance(value, str):
        return dialect.string(value + dialect.end)
    return dialect.exactly(value)


def leaf_literals(answers, classes, dialect):
    """What leaves say, as literals.

    Parameters
    ----------
    answers : LeafAnswers
        By leaf.
    classes : list of ndarray
        Of a classifier, by target.
    dialect : Dialect
        Of SQL.

    Returns
    -------
    list of list of str
        For each leaf its labels, and then its numbers.
    """
    labels = [[]] * len(answers.numbers)
    if answers.labels is not None:
        written = [[dialect.label(c) for c in each.tolist()] for each in classes]
        labels = [
            [of[k] for of, k in zip(written, row, strict=True)]
            for row in answers.labels.tolist()
        ]
    numbers = [list(map(number, row)) for row in answers.numbers.tolist()]
    return [[*some, *rest] for some, rest in zip(labels, numbers, strict=True)]


def by_leaf(steps, leaf, literals, kept, answers):
    """The shortest text that selects what the leaves say.

    Parameters
    ----------
    steps : Steps
        What comes before; not changed.
    leaf : callable
        ``leaf(said)`` -> where a row ends, as an expression of what is said there.
    literals : list of list of str
        From :func:`leaf_literals`.
    kept : list of (str, str)
        What is selected before, as expressions and quoted names.
    answers : list of (str, bool)
        Quoted names of the answers, and whether they are numbers.

    Returns
    -------
    str
        SQL: a table of leaves that is joined, or CASEs.
    """
    numbers = [str(i) for i in range(len(literals))]
    double = steps.dialect.double

    def _selected(texts):
        pairs = zip(texts, answers, strict=True)
        return kept + [
            (f"CAST({text} AS {double})" if is_number else text, name)
            for text, (name, is_number) in pairs
        ]

    if len(answers) == 1:
        return steps.select(_selected([leaf([row[0] for row in literals])]))
    steps = steps.copy()
    steps.add({"n0": leaf(numbers)})
    names = [f"a{i}" for i in range(len(answers))]
    rows = [[i, *row] for i, row in zip(numbers, literals, strict=True)]
    table = Leaves("n0", ["leaf", *names], rows)
    joined = steps.select(_selected([f"l.{name}" for name in names]), table)
    cases = [
        "CASE n0 " + " ".join(f"WHEN {i} THEN {row[k]}" for i, *row in rows) + " END"
        for k in range(len(answers))
    ]
    cases = steps.select(_selected(cases))
    return min(joined, cases, key=len)
