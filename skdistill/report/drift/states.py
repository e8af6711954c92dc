"""What monitors wrote down, read again."""

import json


def read_state(text, version, source):
    """Read the state of a monitor.

    Parameters
    ----------
    text : str
        In JSON.
    version : int
        The one that is known.
    source : str
        The class that wrote it.

    Returns
    -------
    dict
        As it was written.

    Raises
    ------
    ValueError
        If it is something else, cut off, or of a later version.
    """
    try:
        state = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"text must be what {source}.to_json returned, whole: {error}."
        ) from error
    if not isinstance(state, dict) or state.get("version") != version:
        raise ValueError(f"text must come from {source}.to_json of this version.")
    return state
