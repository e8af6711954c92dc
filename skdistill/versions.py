"""What is installed, for a report of a bug."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version


def show_versions() -> None:
    """Print the versions of Python, of the system and of all packages that matter.

    Paste it into a report of a bug. It names no user, host or path, and imports nothing:
    versions are read from what the packages say of themselves. Of the packages that are
    optional, those are listed that are installed.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If the folder of skdistill is on the path, but was never installed.

    Examples
    --------
    >>> from skdistill import show_versions
    >>> show_versions()
    System
             python: 3...
             system: ...
              cores: ...
    <BLANKLINE>
    skdistill
          skdistill: 0...
           filelock: ...
              numpy: ...
    ...
    """
    needed, optional = _packages()
    print("\n\n".join(_block(*titled) for titled in _titled(needed, optional)))


def _titled(needed, optional):
    yield "System", _system()
    yield "skdistill", _versions(["skdistill", *needed])
    yield "Optional packages", {n: v for n, v in _versions(optional).items() if v}


def _system():
    set_threads = {n: v for n, v in os.environ.items() if n in _THREADS}
    return {
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "cores": os.cpu_count(),
        **set_threads,
    }


# They decide how many threads the numerical libraries start, and how these wait.
_THREADS = (
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)


def _packages():
    """Names that skdistill requires, and names that its extras add."""
    needed, optional = set(), {"xgboost"}  # the extras name its smaller build
    for requirement in requires("skdistill"):
        name = re.match(r"[\w.-]+", requirement)[0]
        (optional if "extra ==" in requirement else needed).add(name)
    return sorted(needed), sorted(optional - needed)


def _versions(names):
    return {name: _version(name) for name in names}


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _block(title, values):
    lines = [f"{name:>18}: {value}" for name, value in values.items()]
    return "\n".join([title, *(lines or ["    none"])])
