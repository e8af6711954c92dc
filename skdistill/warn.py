"""Warnings that point at the user's line.

A fit may be called by a pipeline or a search, in which it is many calls deep. How deep
differs from call to call, so a counted ``stacklevel`` would point at a line of a library.
"""

import concurrent.futures
import contextlib
import os
import sys
import threading
import warnings

_LIBRARIES = ("skdistill", "sklearn", "joblib", "skorch")
#: Parts of the standard library that stand between our frames: `with` blocks, threads.
_BETWEEN = (
    contextlib.__file__,
    threading.__file__,
    os.path.dirname(concurrent.futures.__file__) + os.sep,
)


def warn(message, category=UserWarning):
    """Warn where the user called a library, however deep inside of it this is.

    Parameters
    ----------
    message : str
        What the user should know, and do.
    category : type, default=UserWarning
        A subclass of ``Warning``.
    """
    frame = _users_frame()
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        # Python keeps here what it has shown, so that a line warns once.
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _users_frame():
    """The innermost frame that is of no library; in a thread there may be none."""
    libraries = _places()
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith(libraries):
        frame = frame.f_back
    return frame


def _places():
    """Where the files of the libraries lie, of those that are imported."""
    # By file and not by module name: a doctest runs under the name of its module.
    modules = (sys.modules.get(name) for name in _LIBRARIES)
    folders = (os.path.dirname(m.__file__) + os.sep for m in modules if m is not None)
    return (*folders, *_BETWEEN)
