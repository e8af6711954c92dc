"""What skdistill weighs: the wheel, what is installed with it, and an import's time.

*Imports*: each in a process of its own, one thread, the median of several, in processor
time, which other programs change less; beside them scikit-learn's and torch's own.
*Wheel*: built from this clone, and unpacked. *Extras*: the packages that an extra adds
to those that skdistill requires anyway, with all that these require, as they are
installed here; bytes are those of their files. The extras of developers are left out.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import re
import statistics
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from ._report import arguments, report, rounded

ROOT = Path(__file__).parents[1]
IMPORTS = {
    "import skdistill": "import skdistill",
    "skdistill's hard tree": "from skdistill import HardDecisionTreeClassifier",
    "skdistill's net": "from skdistill import NeuralStudentClassifier",
    "skdistill's exporters": "import skdistill.export",
    "beside it: scikit-learn's tree": "from sklearn.tree import DecisionTreeClassifier",
    "beside it: torch": "import torch",
}
EXTRAS = ("sql", "onnx", "skl2onnx", "text", "large", "processes", "ray")
CLOCK = (
    "import time; start = time.process_time(); {}; print(time.process_time() - start)"
)


def seconds_of(code, rounds):
    """The median processor time of an import where nothing was imported before."""
    command = [sys.executable, "-c", CLOCK.format(code)]
    times = [
        float(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )
        for _ in range(rounds + 1)
    ]
    return statistics.median(times[1:])  # the first reads files that are not cached


def wheel_bytes():
    """Bytes of the wheel, and of the files in it."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder]
        subprocess.run([sys.executable, "-m", "pip", *build, ROOT], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        inside = sum(each.file_size for each in zipfile.ZipFile(wheel).infolist())
        return wheel.stat().st_size, inside


def required(name, extras=(), found=None):
    """Names of all distributions that one needs with some extras, itself included."""
    found = set() if found is None else found
    key = re.sub(r"[-_.]+", "-", name).lower()
    try:
        asked = distribution(name).requires or []
    except PackageNotFoundError:
        return found
    if key in found and not extras:
        return found
    found.add(key)
    for each in map(Requirement, asked):
        with_extras = [{"extra": extra} for extra in ("", *extras)]
        if each.marker is None or any(map(each.marker.evaluate, with_extras)):
            required(each.name, each.extras, found)
    return found


def bytes_of(names):
    """Bytes of the files of installed distributions."""
    files = {each.locate() for name in names for each in distribution(name).files or ()}
    return sum(path.stat().st_size for path in files if path.is_file())


def missing(extra):
    """Whether a package that an extra names is not installed here."""
    wanted = map(Requirement, distribution("skdistill").requires)
    for each in wanted:
        if each.marker and f'"{extra}"' in str(each.marker):
            try:
                distribution(each.name)
            except PackageNotFoundError:
                return True
    return False


def weights():
    """Rows of the table about bytes."""
    wheel, inside = wheel_bytes()
    base = required("skdistill") - {"skdistill"}
    yield "the wheel", wheel
    yield "the wheel, installed", inside
    yield "what it requires, torch", bytes_of({"torch"})
    yield "what it requires, all else", bytes_of(base - {"torch"})
    for extra in EXTRAS:
        if not missing(extra):
            names = required("skdistill", (extra,)) - base - {"skdistill"}
            yield f"extra {extra}: {len(names)} packages", bytes_of(names)


def main():
    """Print the table, and save it."""
    args = arguments(__doc__, rounds=5)
    rounds = 1 if args.quick else args.rounds
    rows = [
        {"what": what, "ms": rounded(1e3 * seconds_of(code, rounds)), "MB": ""}
        for what, code in IMPORTS.items()
    ]
    rows += [{"what": w, "ms": "", "MB": rounded(size / 1e6)} for w, size in weights()]
    report("weight", "What skdistill weighs", rows, save=not args.quick)


if __name__ == "__main__":
    main()
