"""What the reading tools are given beside a tree, refused in words where it is wrong."""

from numbers import Integral


def as_count(argument, given, least=1, none=False):
    """Return a number of things that the user asks for.

    Parameters
    ----------
    argument : str
        What it is called.
    given : int or None
        As the user gave it.
    least : int, default=1
        The least that is one.
    none : bool, default=False
        Whether None stands for all.

    Returns
    -------
    int or None
        The number.

    Raises
    ------
    ValueError
        If it is no whole number, or less.
    """
    if given is None and none:
        return None
    is_whole = isinstance(given, Integral) and not isinstance(given, bool)
    if not is_whole or given < least:
        raise ValueError(
            f"{argument}={given!r} must be at least {least}, a whole number"
            f"{', or None for all' if none else ''}."
        )
    return int(given)


def as_list(argument, given, what, is_ordered=True):
    """Return a list that the user gives.

    Parameters
    ----------
    argument : str
        What it is called.
    given : array-like
        As the user gave it.
    what : str
        What it is a list of.
    is_ordered : bool, default=True
        Whether the order matters, which sets and dicts do not have.

    Returns
    -------
    list
        A new one.

    Raises
    ------
    ValueError
        If it is a single string or number, or has no order.
    """
    # A string would be a list of its letters.
    others = (str, bytes, dict, set, frozenset) if is_ordered else (str, bytes)
    if isinstance(given, others) or not hasattr(given, "__iter__"):
        raise ValueError(f"{argument}={given!r} must be a list of {what}.")
    return list(given)
