"""What the columns of a SELECT are called, and which names cannot be."""

import re

# What BigQuery allows in a column's name, beside letters and digits of any script.
_OF_BIGQUERY = re.compile(r"[\w &%=+:'<>#|-]+")


def answer_names(student, predictor, class_names):
    """What the answers are called.

    Parameters
    ----------
    student : estimator
        Fitted.
    predictor : NumpyPredictor
        Of the student.
    class_names : array-like of str or None
        Names of the classes; of several labels or targets, and of a regressor's values,
        of these.

    Returns
    -------
    labels, numbers : tuple of str
        Such as ``prediction``, and ``probability_Yes``.

    Raises
    ------
    ValueError
        If there are not as many names as are wanted.
    """
    meta = predictor.meta
    if not meta["is_classifier"]:
        return (), tuple(_of_values(student, predictor, class_names))
    targets = [predictor.arrays[f"classes_{i}"] for i in range(len(meta["widths"]))]
    if len(targets) == 1:
        names = _given(class_names, targets[0].tolist())
        return ("prediction",), tuple(f"probability_{name}" for name in names)
    kind = "label" if meta["is_multilabel"] else "target"
    names = _given(class_names, [f"{kind}_{i}" for i in range(len(targets))])
    labels = tuple(f"prediction_{name}" for name in names)
    if meta["is_multilabel"]:
        return labels, tuple(f"probability_{name}" for name in names)
    pairs = zip(names, targets, strict=True)
    return labels, tuple(
        f"probability_{name}_{label}" for name, of in pairs for label in of.tolist()
    )


def _of_values(student, predictor, class_names):
    n, quantiles = n_outputs(predictor), getattr(student, "quantiles", None)
    if predictor.meta["is_flat"] or n == 1:
        return ["prediction"]
    defaults = [f"target_{i}" for i in range(n)]
    if quantiles is not None:
        # Names that need no quotes.
        levels = [f"{float(level):g}".replace(".", "_") for level in quantiles]
        defaults = [f"quantile_{level}" for level in levels]
    return [f"prediction_{name}" for name in _given(class_names, defaults)]


def n_outputs(predictor):
    """How many numbers the model computes for a row.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a student.

    Returns
    -------
    int
        Classes of all targets, or values.
    """
    meta, arrays = predictor.meta["model"], predictor.arrays
    if meta["kind"] == "hard_tree":
        return arrays["values"].shape[1]
    if meta["kind"] == "soft_tree":
        return arrays["leaf"].shape[-1]
    return arrays[f"weight_{meta['n_layers'] - 1}"].shape[-1]


def _given(names, defaults):
    _check_list(names, "class_names")
    names = list(map(str, defaults if names is None else names))
    if len(names) != len(defaults):
        raise ValueError(
            f"class_names has {len(names)} names, and there must be {len(defaults)}."
        )
    return names


def _check_list(names, argument):
    if isinstance(names, str):  # else a list of its letters
        raise ValueError(f"{argument}={names!r} must be a list of names.")


def column_names(predictor, feature_names):
    """What the columns of X are called in the table.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    feature_names : array-like of str or None
        As the user gave them.

    Returns
    -------
    tuple of str
        By default those that training saw, else ``feature_0`` and so on.

    Raises
    ------
    ValueError
        If there are not as many names as columns.
    """
    n = predictor.n_features_in_
    names = feature_names
    _check_list(names, "feature_names")
    if names is None:
        shown = predictor.meta["view"].get("shown")
        names = predictor.meta["names"] or shown or [f"feature_{j}" for j in range(n)]
    names = tuple(map(str, names))
    if len(names) != n:
        raise ValueError(
            f"feature_names has {len(names)} names, and X has {n} columns."
        )
    return names


def check_names(plan):
    """Refuse names that the engine would take for one another, or not at all.

    Parameters
    ----------
    plan : Plan
        With all names.

    Raises
    ------
    ValueError
        If there are such names.
    """
    _check_not_empty(plan)
    remedy = "rename columns of the table, and give their names as feature_names"
    _check_distinct(plan.columns, "columns of X", remedy)
    # Whoever makes a table of the answers may do so in an engine that ignores capitals.
    answers = [*plan.keep, *plan.labels, *plan.numbers]
    remedy = "give other class_names, or keep other columns"
    _check_distinct(answers, "columns of the answer", remedy)
    for name in (*plan.labels, *plan.numbers):
        _check_allowed(name, plan.dialect)


def _check_not_empty(plan):
    """sqlite alone takes names without a letter."""
    if plan.dialect.name == "sqlite":
        return
    given = {"schema": plan.schema, "keep": plan.keep, "feature_names": plan.columns}
    for argument, names in given.items():
        if "" in names:
            raise ValueError(
                f"{argument} has a name without a letter, and {plan.dialect.name} takes "
                "none: rename it in the table."
            )


def _check_distinct(names, what, remedy):
    first = {}
    for name in names:
        if (other := first.get(name.casefold())) is not None:
            raise ValueError(
                f"Two {what}, {other!r} and {name!r}, would have one name in SQL, where "
                f"capitals may not count: {remedy}."
            )
        first[name.casefold()] = name


def _check_allowed(name, dialect):
    most = dialect.longest_name
    if most is not None and len(name.encode()) > most:
        raise ValueError(
            f"The column {name!r} of the answer has {len(name.encode())} bytes, and "
            f"{dialect.name} takes {most}: give shorter class_names."
        )
    if dialect.name == "bigquery" and not _OF_BIGQUERY.fullmatch(name):
        raise ValueError(
            f"bigquery takes no column of the name {name!r}: give class_names of letters, "
            "digits and underscores."
        )
