"""Sums, probabilities and orders of columns, as steps of SQL."""

from itertools import pairwise

import numpy as np

from .text import number, total

#: The least exponent, and the least probability: some engines have no smaller numbers.
LEAST_EXP, TINY = -700.0, 1e-300


def linear(names, weight, bias, dialect):
    """A sum of columns times weights.

    Parameters
    ----------
    names : list of str
        Of columns.
    weight : ndarray of shape (n_columns,)
        Those of 0 are left out.
    bias : float
        Added.
    dialect : Dialect
        Of SQL.

    Returns
    -------
    str
        An expression.
    """
    pairs = zip(weight.tolist(), names, strict=True)
    terms = [f"{number(w)} * {name}" for w, name in pairs if w]
    if not terms:  # a literal alone may be a decimal
        return f"CAST({number(bias)} AS {dialect.double})"
    return total([*terms, number(bias)] if bias else terms)


def add_softmax(steps, names, widths, mark):
    """Add probabilities of logits; no exponential is too large.

    Parameters
    ----------
    steps : Steps
        With the logits.
    names : list of str
        Their columns, target after target.
    widths : list of int
        Number of classes of each target.
    mark : str
        Digits that make the new names unique.

    Returns
    -------
    list of str
        Columns.
    """
    largest, logs, powers, shares = {}, {}, {}, {}
    for t, target in enumerate(by_target(names, widths)):
        most = f"t{mark}_{t}"
        largest[most] = steps.dialect.largest(target)
        of_target = [f"{mark}_{t}_{k}" for k in range(len(target))]
        for name, k in zip(target, of_target, strict=True):
            floor = [f"{name} - {most}", number(LEAST_EXP)]
            logs[f"q{k}"] = f"EXP({steps.dialect.largest(floor)})"
        powers[f"r{mark}_{t}"] = total([f"q{k}" for k in of_target])
        shares |= {f"p{k}": f"q{k} / r{mark}_{t}" for k in of_target}
    for step in (largest, logs, powers, shares):
        steps.add(step)
    return list(shares)


def add_sorted(steps, names, mark):
    """Add numbers in ascending order.

    Parameters
    ----------
    steps : Steps
        With the numbers.
    names : list of str
        Their columns.
    mark : int
        It makes the new names unique.

    Returns
    -------
    list of str
        Columns; of n numbers there are n steps, in which neighbours change places.
    """
    least, greatest = steps.dialect.least, steps.dialect.greatest
    for turn in range(len(names)):
        new = list(names)
        step = {}
        for i in range(turn % 2, len(names) - 1, 2):
            pair = f"({names[i]}, {names[i + 1]})"
            new[i], new[i + 1] = f"y{mark}_{turn}_{i}", f"y{mark}_{turn}_{i + 1}"
            step |= {new[i]: f"{least}{pair}", new[i + 1]: f"{greatest}{pair}"}
        steps.add(step)
        names = new
    return names


def by_target(columns, widths):
    """Columns of all targets, parted.

    Parameters
    ----------
    columns : list
        Target after target.
    widths : list of int
        How many each target has.

    Returns
    -------
    list of list
        One for each target.
    """
    ends = np.cumsum([0, *widths]).tolist()
    return [columns[start:end] for start, end in pairwise(ends)]
