"""Which library a model is from, without an import of that library."""


def is_from(model, library, name):
    """Whether the model's class, or one above it, is that class of that library.

    Parameters
    ----------
    model : object
        Any object.
    library : str
        Top-level package of the class.
    name : str
        Name of the class.

    Returns
    -------
    bool
        By names alone: where the library was not imported, nothing is from it, and
        nobody has to wait for the import to learn that.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill.teacher.libraries import is_from
    >>> is_from(LogisticRegression(), "sklearn", "BaseEstimator")
    True
    """
    return any(
        c.__name__ == name and c.__module__.partition(".")[0] == library
        for c in type(model).__mro__
    )
