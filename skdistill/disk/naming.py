"""Errors about rows on disk say which rows."""

from contextlib import contextmanager


@contextmanager
def naming(label):
    """Name the rows in an error that is raised within.

    Parameters
    ----------
    label : str
        Of a batch.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    ValueError, TypeError
        Begun with the label; other errors get it as a note, for their words are not ours.

    Examples
    --------
    >>> from skdistill.disk.naming import naming
    >>> with naming("rows-3.parquet"):
    ...     raise ValueError("Input X contains infinity.")
    Traceback (most recent call last):
        ...
    ValueError: rows-3.parquet: Input X contains infinity.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{label}: {error}") from error
    except Exception as error:  # whatever a teacher raises
        error.add_note(f"It was about rows of {label}.")
        raise
