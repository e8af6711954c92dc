"""A fit in words and keys: what has to be the same when it goes on from a checkpoint."""

from dataclasses import fields

from ..teacher.fingerprint import fingerprint

# Parameters that leave the result as it is; and the teacher, whose answers count.
_WITHOUT_EFFECT = {"n_jobs", "verbose", "memory", "keep_teacher", "teacher"}
_PLAIN = (bool, int, float, str, type(None))
_SHORT, _FEW = 60, 8


def described_params(params):
    """Parameters of an estimator, as a checkpoint remembers them.

    Parameters
    ----------
    params : dict
        Values by name; of nested ones too.

    Returns
    -------
    dict of {str: str}
        Words where a value is short and plain, else a key after ``#``. What has no effect
        on the result is left out, and the teacher, of whom the answers count.
    """
    return {
        name: described(value)
        for name, value in params.items()
        if not _WITHOUT_EFFECT & set(name.split("__"))
    }


def described_rows(given):
    """The arguments of a fit, as a checkpoint remembers them.

    Parameters
    ----------
    given : Given or dict
        The arguments, not validated.

    Returns
    -------
    dict of {str: str}
        Keys by their names.
    """
    if not isinstance(given, dict):
        given = {field.name: getattr(given, field.name) for field in fields(given)}
    return {name: described(value) for name, value in given.items()}


def described(value):
    """A value in words or as a key.

    Parameters
    ----------
    value : object
        Of any kind.

    Returns
    -------
    str
        Equal for equal values, in any process.
    """
    if isinstance(value, _PLAIN) and len(repr(value)) <= _SHORT:
        return repr(value)
    if isinstance(value, tuple | list) and len(value) <= _FEW:
        plain = all(isinstance(each, _PLAIN) for each in value)
        if plain and len(repr(value)) <= _SHORT:
            return repr(value)
    if type(value).__name__ == "RandomState":
        return "a RandomState"  # the fit's own seed is kept instead
    try:
        return "#" + fingerprint(value)
    except TypeError:
        # The rows and targets of each training have keys of their own, which do not rest
        # on what can be read here.
        return f"a {type(value).__name__}"
