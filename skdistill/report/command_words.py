"""Messages of a report in the words of the command's options, rather than Python's."""

import re
from dataclasses import replace

#: What is said of parameters, and the option that stands for each. In order: a later
#: pattern sees what an earlier one has made.
_OPTIONS = (
    (r" \(`skdistill\.report\.seen\.seen_rows` lists them\)", ""),
    (r"\bX_test and y_test\b|\bX_test\b", "{table}"),
    (r"\by_test\b", "--target"),
    (r"\bX_train and y_train\b", "--train and --target"),
    (r"\bX_train\b", "--train"),
    (r"\ballow_seen=True", "--allow-seen"),
    (r"\bmax_rows=", "--max-rows"),
    (r"\bcontrol=\"fit\"", "--control fit"),
    (r"\bas control\b", "as --control"),
    (r"\b(teacher|control)=(?=\w)", r"\1 "),
    (r"\bteacher=", "--teacher"),
    (r"^columns:", "--columns:"),
    (r"\bstudent 'student'", "the student"),
)


def in_options(words, table):
    """Say in a terminal's words what a report says in Python's.

    Parameters
    ----------
    words : str
        A message, or a caution.
    table : str
        Path of the rows to compare on.

    Returns
    -------
    str
        With the names of options in the place of parameters.

    Examples
    --------
    >>> from skdistill.report.command_words import in_options
    >>> in_options("Leave them out of X_test, or insist by allow_seen=True.", "new.csv")
    'Leave them out of new.csv, or insist by --allow-seen.'
    """
    for pattern, option in _OPTIONS:
        # A function: a path may have marks that mean something in a pattern.
        words = re.sub(
            pattern,
            lambda m, option=option: m.expand(option).format(table=table),
            words,
        )
    return words


def with_cautions_in_options(result, table):
    """A result whose cautions name options.

    Parameters
    ----------
    result : Result
        Of a report.
    table : str
        Path of the rows to compare on.

    Returns
    -------
    Result
        With the same figures.
    """
    cautions = (
        replace(each, words=in_options(each.words, table)) for each in result.cautions
    )
    return replace(result, cautions=tuple(cautions))


def about_columns(role, model, X, options):
    """Tell which columns a model and a table do not share.

    Parameters
    ----------
    role : {"student", "teacher", "control"}
        What the model is.
    model : object
        As it was loaded.
    X : DataFrame
        The table, without the target and without what is ignored.
    options : argparse.Namespace
        Of the command.

    Returns
    -------
    str
        Empty where they share all, or the model knows no names.
    """
    names = list(getattr(model, "feature_names_in_", ()))
    missing = [str(name) for name in names if name not in X.columns]
    extra = [str(name) for name in X.columns if name not in names] if names else []
    if role == "teacher":  # it is asked about those columns that it knows
        extra = []
    if not (missing or extra):
        return ""
    said = f"{options.table} does not have the columns that the {role} was fitted on."
    if missing:
        said += f" It lacks {', '.join(missing)}."
    if extra:
        ignored = ",".join(filter(None, [options.ignore, *extra]))
        said += (
            f" It also has {', '.join(extra)}: leave out what the models do not know, by "
            f"--ignore {ignored!r}."
        )
    return said
