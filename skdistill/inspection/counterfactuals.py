"""What would have had to be otherwise."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier

from .arguments import as_count, as_list
from .changes import Column, Counterfactual, in_words, label_in_words, listed
from .flips import Search
from .numbers import percent
from .questions import quietly
from .readable import readable
from .wording import names_of

_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
]


@quietly
def counterfactual(
    tree,
    x,
    *,
    target=None,
    max_features=2,
    features=None,
    immutable=(),
    permitted_range=None,
):
    """Find the smallest change of a row that changes a tree's decision.

    One feature that does it by itself is preferred to two, then the smaller change. Small
    is what few training rows lie between: a change is measured in ranks [1]_, so units make
    no difference, and the parts of two changes are added. No value leaves the range that
    training saw. For a hard tree the answer is exact, for each leaf is a box, and all its
    thresholds are tried. For a soft one each feature is tried at the values that training
    saw (256 quantiles of them, where there are more), and the place between two of them is
    found by bisection; two features together among the 8 that come nearest by themselves,
    at 16 values each, and then one after the other is moved back towards the row. What is
    found was verified by ``predict``, but with two features of a soft tree there may be
    nearer ones.

    It says what the *tree* would answer. Nothing tells that the world would follow: a
    change of one column may bring others with it, or have no effect at all.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or HardDecisionTreeClassifier
        Fitted, for one target; a soft one decides as its ``inference`` says.
    x : frame of one row, Series, array-like of shape (n_features,) or (1, n_features)
        The row.
    target : label, default=None
        The class to be reached; None for any other than the present one.
    max_features : int, default=2
        So many features may change together; for a soft tree 1 or 2.
    features : array-like, default=None
        Columns that may change, by their names, or by their positions where no name is a
        number; all by default.
    immutable : array-like, default=()
        Columns that may not change.
    permitted_range : dict, default=None
        For some columns, as in DiCE [2]_, what they may become: the lowest and the highest
        number, such as ``{"age": (18, 65)}``, or categories. None is no bound: where
        ``tenure`` is 12 and can only grow, ``{"tenure": (12, None)}``.

    Returns
    -------
    Counterfactual
        Printed, it is a sentence. Where nothing does it, it is false, and says why, and
        what comes nearest.

    Raises
    ------
    ValueError
        If `x` is not one row, `target` is not a class, columns are named that there are
        not, or a range is none.

    References
    ----------
    .. [1] Ustun, Spangher, Liu: Actionable Recourse in Linear Classification, 2019.
    .. [2] Mothilal, Sharma, Tan: Explaining Machine Learning Classifiers through Diverse
       Counterfactual Explanations, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, counterfactual
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> print(counterfactual(tree, X.iloc[60]))
    petal length (cm) <= 2.5 instead of 3.5 makes it class 0
    >>> print(counterfactual(tree, X.iloc[0], target=2))
    petal length (cm) > 2.5 instead of 1.4 and petal width (cm) > 1.75 instead of 0.2
    together make it class 2
    >>> print(counterfactual(tree, X.iloc[0], target=2, max_features=1))
    no change of one feature makes it class 2: the nearest takes two, petal length ...
    """
    search = _search(tree, x, target, features, immutable, permitted_range)
    max_features = as_count("max_features", max_features)
    if max_features > 2 and not search.is_hard:
        raise ValueError(
            f"max_features={max_features} must be 2 at most for a soft tree, and for a "
            "view of your own."
        )
    found = min(search.singles(), key=_size, default=None)
    if found is not None:
        return found
    if search.is_hard:
        return _by_leaves(search, max_features)
    return _by_pairs(search, max_features)


@quietly
def all_counterfactuals(
    tree, x, *, target=None, features=None, immutable=(), permitted_range=None
):
    """List every change of a single feature that changes a tree's decision.

    Of a number, each range of values with the same new answer is one change, to its value
    that is the nearest; so is each other category. They are found as by
    :func:`counterfactual`.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or HardDecisionTreeClassifier
        As there.
    x : frame of one row, Series, array-like of shape (n_features,) or (1, n_features)
        The row.
    target : label, default=None
        As there.
    features : array-like, default=None
        As there.
    immutable : array-like, default=()
        As there.
    permitted_range : dict, default=None
        As there.

    Returns
    -------
    pandas.DataFrame, or list of dict where pandas is not installed
        The smallest changes first: "feature", "before", "after", "distance", "prediction"
        and, as "words", what does it.

    Raises
    ------
    ValueError
        As there.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, all_counterfactuals
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> flips = all_counterfactuals(tree, X.iloc[60])
    >>> print(flips[["words", "before", "prediction"]])
                           words  before  prediction
    0   petal length (cm) <= 2.5     3.5           0
    1    petal width (cm) > 1.75     1.0           2
    """
    search = _search(tree, x, target, features, immutable, permitted_range)
    kept = ("feature", "before", "after", "distance", "prediction")
    found = sorted(search.singles(), key=_size)
    rows = [
        {name: getattr(each, name) for name in kept} | {"words": each.changes[0].words}
        for each in found
    ]
    try:
        import pandas as pd
    except ImportError:
        return rows
    return pd.DataFrame(rows, columns=[*kept, "words"])


def _search(tree, x, target, features, immutable, permitted_range):
    read = readable(tree)
    tree = read.student
    if (
        not is_classifier(tree)
        or isinstance(tree.classes_, list)
        or tree.is_multilabel()
    ):
        raise ValueError(
            "counterfactual is about the decision of a classifier of one target, and tree "
            f"is {tree!r}."
        )
    row = read.row(x)
    now = tree.predict(row)
    if len(now) != 1:
        raise ValueError(f"x has {len(now)} rows: give one, such as X[:1].")
    if target is not None and (np.ndim(target) or target not in tree.classes_):
        raise ValueError(
            f"target={target!r} is none of the classes {tree.classes_.tolist()}."
        )
    if tree._observed is None:
        raise ValueError(
            "counterfactual varies numbers and categories, and this tree was fitted on "
            'columns of other kinds: take preprocessor="auto", or numbers.'
        )
    may = range(tree.n_features_in_)
    if features is not None:
        may = _positions(tree, features, "features")
    may_not = set(_positions(tree, immutable, "immutable"))
    limits = _limits(tree, {} if permitted_range is None else permitted_range)
    columns = [Column(tree, row, j, limits.get(j)) for j in may if j not in may_not]
    return Search(tree, row, now[0], target, columns)


def _positions(tree, columns, argument):
    names, positions = names_of(tree) or [], list(range(tree.n_features_in_))
    if any(isinstance(name, Integral) for name in names):
        positions = []  # an integer is a name, and a wrong one no position
    columns = as_list(argument, columns, "columns", is_ordered=False)
    for each in columns:
        # Python takes True for 1: a mask would name the first two columns.
        is_mask = isinstance(each, bool | np.bool_)
        if each not in names and (is_mask or each not in positions):
            raise ValueError(
                f"{argument}={columns!r}: {each!r} is no column, which are "
                f"{names or positions}."
            )
    found = [names.index(each) if each in names else int(each) for each in columns]
    return list(dict.fromkeys(found))


def _limits(tree, permitted_range):
    if not isinstance(permitted_range, dict):
        raise ValueError(
            f"permitted_range={permitted_range!r} must be a dict of columns, such as "
            '{"age": (18, 65)}.'
        )
    names = _positions(tree, list(permitted_range), "permitted_range")
    limits = dict(zip(names, permitted_range.values(), strict=True))
    for column, (name, limit) in zip(names, permitted_range.items(), strict=True):
        is_number = tree._observed[column][1] is not None
        is_list = hasattr(limit, "__len__") and not isinstance(limit, str)
        if not is_list or (is_number and not _is_range(limit)):
            wanted = (
                "the lowest and the highest number, or None"
                if is_number
                else "a list of categories"
            )
            raise ValueError(
                f"permitted_range of {name!r} is {limit!r}: give {wanted}."
            )
    return limits


def _is_range(limit):
    ends = [end for end in limit if end is not None]
    # NaN is no end: it is neither below nor above.
    are_numbers = all(isinstance(end, Real) and end == end for end in ends)
    return len(limit) == 2 and are_numbers and ends == sorted(ends)


def _size(found):
    return len(found.changes), found.distance


def _by_leaves(search, max_features):
    ways = search.ways()
    found = min(ways, key=_size, default=None)
    if found is not None and len(found.changes) <= max_features:
        return found
    if search.now == search.target:
        return _none(search, f"it is {label_in_words(search.now)} already")
    aim = _aim(search)
    if found is not None:
        nearest = f"{_in_letters(len(found.changes))}, {listed(found.changes)}"
        reason = (
            f"no change of {_up_to(max_features)} makes it {aim}: the nearest takes "
        )
        return _none(search, reason + nearest)
    free = [column.name for column in search.columns]
    tried = f"tried: {listed(free)}" if free else "the tree asks about none that may"
    return _none(search, f"no change that is allowed makes it {aim} ({tried})")


def _by_pairs(search, max_features):
    if search.now == search.target:
        return _none(search, f"it is {label_in_words(search.now)} already")
    margins = search.margins()
    if max_features > 1:
        found = min(search.pairs(margins), key=_size, default=None)
        if found is not None:
            return found
    reason = f"no change of {_up_to(max_features)} makes it {_aim(search)}"
    if not margins:
        return _none(search, f"{reason}: there is nothing to try")
    column, margin = max(margins, key=lambda pair: pair[1].max())
    best = int(margin.argmax())
    share = percent(1 / (1 + np.exp(-margin[best])), 3)
    tried = listed(each.name for each in search.columns)
    value = in_words(column.values[best])
    nearest = f"the nearest, {column.name} = {value}, comes to {share} against the rest"
    return _none(search, f"{reason} (tried: {tried}); {nearest}")


def _none(search, reason):
    return Counterfactual((), search.now, np.inf, reason)


def _aim(search):
    if search.target is None:
        return f"anything but {label_in_words(search.now)}"
    return label_in_words(search.target)


def _in_letters(n):
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)


def _up_to(n):
    if n == 1:
        return "one feature"
    return "one or two features" if n == 2 else f"up to {_in_letters(n)} features"
