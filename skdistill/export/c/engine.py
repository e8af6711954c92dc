"""What compiles a header of C and runs it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..proof import DOUBLE, SINGLE, Answers, Engine
from .columns import Columns
from .program import Program

_FLAGS = ["-std=c99", "-O2", "-ffp-contract=off"]


def found_compiler(compiler=None):
    """The command of a compiler of C.

    Parameters
    ----------
    compiler : str, list of str or None, default=None
        As the user gave it.

    Returns
    -------
    list of str
        The command.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    given = compiler or os.environ.get("CC")
    known = [given] if given else ["cc", "gcc", "clang"]
    for each in known:
        command = shlex.split(each) if isinstance(each, str) else list(map(str, each))
        if command and shutil.which(command[0]):
            return command
    raise RuntimeError(
        "There is no compiler of C to prove the export with (looked for "
        f"{', '.join(map(str, known))}): install gcc or clang, or say where one is by "
        "compiler= or the environment's CC. Without rights to install one: `pip install "
        'ziglang`, then compiler=[sys.executable, "-m", "ziglang", "cc"].'
    )


class CEngine(Engine):
    """A header, and the compiler that makes a program of it.

    Parameters
    ----------
    text : str
        The header.
    predictor : NumpyPredictor
        Of the student that it came from.
    compiler : str, list of str or None, default=None
        As in :func:`to_c`.
    """

    name = "C"

    def __init__(self, text, predictor, compiler=None):
        self._text, self._predictor = text, predictor
        self._command = found_compiler(compiler)
        self.about = about(text)
        self.version = self._version()
        self._columns = Columns(predictor)
        self._main = Program(predictor, self._columns, self.about)
        self.tolerance = self.about.get("tolerance", DOUBLE)
        self._program = self._compiled()

    def _version(self):
        done = subprocess.run(
            [*self._command, "--version"], capture_output=True, text=True
        )
        return (done.stdout or done.stderr).strip().splitlines()[0]

    def _compiled(self):
        """The program, as bytes."""
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "student.h").write_text(self._text, encoding="utf-8", newline="")
            (folder / "main.c").write_text(
                self._main.source(), encoding="utf-8", newline=""
            )
            program = folder / "student.exe"
            command = [*self._command, *_FLAGS, "main.c", "-o", program.name, "-lm"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(
                    f"{shlex.join(map(str, command))} does not compile the header:\n"
                    f"{done.stderr[-2000:]}"
                )
            return program.read_bytes()

    def answers(self, columns):
        """What it says; NaN for a refused row."""  # numpydoc ignore=PR01,RT01
        _, outputs, labels = self.run(columns)
        predictor = self._predictor
        if predictor.meta["is_multilabel"]:
            outputs = np.stack([1 - outputs, outputs], axis=2).reshape(len(outputs), -1)
        return Answers(outputs, labels if predictor.meta["is_classifier"] else None)

    def run(self, columns):
        """What the program says, and of which rows it says nothing.

        Parameters
        ----------
        columns : list of ndarray
            As in :meth:`answers`.

        Returns
        -------
        status : ndarray of shape (n,)
            0, or below 0 where the row is refused.
        outputs : ndarray of shape (n, n_outputs)
            NaN where it is refused.
        labels : ndarray of shape (n, n_targets)
            Of int; of no meaning for values.
        """
        data, _ = self._ask(columns)
        table = np.frombuffer(data).reshape(len(columns[0]), -1)
        status = table[:, 0].astype(int)
        outputs = np.where(
            status[:, None] == 0, table[:, 1 : -self._main.n_labels], np.nan
        )
        return status, outputs, table[:, -self._main.n_labels :].astype(int)

    def seconds(self, columns):
        """How long it takes, codes at hand."""  # numpydoc ignore=PR01,RT01
        return float(self._ask(columns, "time")[1])

    def _ask(self, columns, *options):
        with tempfile.TemporaryDirectory() as folder:
            program, rows, said = (
                Path(folder) / name for name in ("student.exe", "rows", "said")
            )
            program.write_bytes(self._program)
            program.chmod(0o700)
            rows.write_bytes(self._main.packed(columns))
            done = subprocess.run(
                [program, rows, said, *options], capture_output=True, text=True
            )
            if done.returncode:
                raise RuntimeError(f"The compiled header ended with {done.returncode}.")
            return said.read_bytes(), done.stdout


def about(text):
    """What a header says about itself.

    Parameters
    ----------
    text : str
        The header.

    Returns
    -------
    dict
        ``name``, ``x`` and ``out`` (types), ``tolerance`` and, once it is proven,
        ``proof``.

    Raises
    ------
    ValueError
        If no skdistill wrote it.
    """
    found = re.search(r"^ \* skdistill (\{.*\})$", text, re.MULTILINE)
    if found is None:
        raise ValueError("This header was not written by skdistill's export.to_c.")
    return json.loads(found[1])


#: How far outputs may be off, by type.
TOLERANCES = {"double": DOUBLE, "float": SINGLE}
