"""Optional libraries, imported where they are needed."""

from importlib import import_module


def needed(name, what, extra="large"):
    """A module of an optional library.

    Parameters
    ----------
    name : str
        Of the module.
    what : str
        What needs it, for the error.
    extra : str, default="large"
        The extra of this package that installs it.

    Returns
    -------
    module
        It is imported now, if it was not before.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise ImportError(
            f"{what} needs {library}: pip install 'skdistill[{extra}]'."
        ) from error
