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

from .c_columns import Columns
from .c_text import fill
from .proof import DOUBLE, SINGLE, Answers, Engine

_FLAGS = ["-std=c99", "-O2", "-ffp-contract=off"]
_MAIN = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define ${name}_WITH_DOUBLES
#include "student.h"

static char *place;

static int whole(void)
{
    int value;
    memcpy(&value, place, sizeof value);
    place += sizeof value;
    return value;
}

static double number(void)
{
    double value;
    memcpy(&value, place, sizeof value);
    place += sizeof value;
    return value;
}

static const char *text(void)
{
    const int length = whole();
    const char *start = place;
    if (length < 0) return 0;
    place += length + 1;
    return start;
}

static double seconds($x *const volatile rows, int n)
{
    volatile double sink = 0;
    double spent = 0;
    long repeats = 1, r;
    int i;
    while (spent < 0.02) {
        const clock_t start = clock();
        repeats *= 2;
        for (r = 0; r < repeats; r++)
            for (i = 0; i < n; i++) {
                $out out[${name}_N_OUTPUTS];
                ${name}_predict(rows + (long)i * ${name}_N_COLUMNS, out);
                sink = sink + (double)out[0];
            }
        spent = (double)(clock() - start) / CLOCKS_PER_SEC;
    }
    return spent / (double)repeats;
}

int main(int argc, char **argv)
{
    FILE *in = fopen(argv[1], "rb"), *to = fopen(argv[2], "wb");
    long size;
    char *all;
    $x *x;
    int n, i, k;
    if (!in || !to) return 1;
    fseek(in, 0, SEEK_END);
    size = ftell(in);
    rewind(in);
    all = place = (char *)malloc((size_t)size + 1);
    if (!all || fread(all, 1, (size_t)size, in) != (size_t)size) return 2;
    n = whole();
    x = ($x *)malloc(sizeof($x) * ${name}_N_COLUMNS * (size_t)(n + 1));
    if (!x) return 3;
$reading    if (argc > 3) printf("%.17g", seconds(x, n));
    else for (i = 0; i < n; i++) {
        const $x *row = x + (long)i * ${name}_N_COLUMNS;
        $out out[${name}_N_OUTPUTS] = {0};
        int labels[$n_labels] = {0};
        double value = ${name}_predict(row, out);
        fwrite(&value, sizeof value, 1, to);
        for (k = 0; k < ${name}_N_OUTPUTS; k++) {
            value = $value;
            fwrite(&value, sizeof value, 1, to);
        }
        $label
        for (k = 0; k < $n_labels; k++) {
            value = labels[k];
            fwrite(&value, sizeof value, 1, to);
        }
    }
    free(all);
    free(x);
    return fclose(in) || fclose(to);
}
"""
_READ = "    for (i = 0; i < n; i++) x[(long)i * ${name}_N_COLUMNS + $j] = $value;\n"


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
        f"There is no compiler of C to prove the export with (looked for {known}): install "
        "gcc or clang, or say where one is by compiler= or the environment's CC. Without "
        'rights to install one: `pip install ziglang`, then compiler=[sys.executable, "-m", '
        '"ziglang", "cc"].'
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
        self.tolerance = self.about.get("tolerance", DOUBLE)
        self._program = self._compiled()

    def _version(self):
        done = subprocess.run([*self._command, "--version"], capture_output=True, text=True)
        return (done.stdout or done.stderr).strip().splitlines()[0]

    def _compiled(self):
        """The program, as bytes."""
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "student.h").write_text(self._text, encoding="utf-8", newline="")
            (folder / "main.c").write_text(self._main(), encoding="utf-8", newline="")
            program = folder / "student.exe"
            command = [*self._command, *_FLAGS, "main.c", "-o", program.name, "-lm"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(
                    f"{shlex.join(map(str, command))} does not compile the header:\n"
                    f"{done.stderr[-2000:]}"
                )
            return program.read_bytes()

    def _main(self):
        about, columns, name = self.about, self._columns, self.about["name"]
        is_class = self._predictor.meta["is_classifier"]
        n_labels = len(self._predictor.meta["widths"]) if is_class else 1
        call = "labels[0] = ${name}_label(row);"
        call = call if n_labels == 1 else "${name}_labels(row, labels);"
        fixed = about["x"] != "double"
        return fill(
            _MAIN,
            name=name,
            x=about["x"],
            out=about["out"],
            n_labels=n_labels,
            label=fill(call, name=name) if is_class else "",
            value=f"{name}_value(k, out[k])" if fixed else "out[k]",
            reading="".join(self._readings(columns, name, fixed)),
        )

    def _readings(self, columns, name, fixed):
        """Statements that read each column."""
        values = {}
        for each in columns.numbers:
            values[each.column] = f"{name}_fixed({each.column}, number())"
            values[each.column] = values[each.column] if fixed else "number()"
        for each in columns.categories:
            read = "text()" if each.is_text else "number()"
            values[each.column] = f"{name}_code_{columns.words[each.column]}({read})"
        for j in sorted(values):
            yield fill(_READ, name=name, j=j, value=values[j])

    def answers(self, columns):
        """What the program says; NaN for a row that it refuses."""  # numpydoc ignore=PR01,RT01
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
        outputs = np.where(status[:, None] == 0, table[:, 1 : -self._n_labels()], np.nan)
        return status, outputs, table[:, -self._n_labels() :].astype(int)

    def seconds(self, columns):
        """How long the program takes, rows and codes at hand."""  # numpydoc ignore=PR01,RT01
        return float(self._ask(columns, "time")[1])

    def _n_labels(self):
        return len(self._predictor.meta["widths"]) or 1

    def _ask(self, columns, *options):
        with tempfile.TemporaryDirectory() as folder:
            program, rows, said = (
                Path(folder) / name for name in ("student.exe", "rows", "said")
            )
            program.write_bytes(self._program)
            program.chmod(0o700)
            rows.write_bytes(self._packed(columns))
            done = subprocess.run(
                [program, rows, said, *options], capture_output=True, text=True
            )
            if done.returncode:
                raise RuntimeError(f"The compiled header ended with {done.returncode}.")
            return said.read_bytes(), done.stdout

    def _packed(self, columns):
        """Rows as the program reads them."""
        packed = [np.int32(len(columns[0])).tobytes()]
        is_text = {each.column: each.is_text for each in self._columns.categories}
        read = {each.column for each in self._columns.numbers} | set(is_text)
        for j in sorted(read):
            if is_text.get(j):
                packed += map(_packed_text, columns[j])
            else:
                numbers = [np.nan if v is None else float(v) for v in columns[j]]
                packed.append(np.array(numbers).tobytes())
        return b"".join(packed)


def _packed_text(text):
    if text is None:
        return np.int32(-1).tobytes()
    data = text.encode()
    return np.int32(len(data)).tobytes() + data + b"\0"


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


def read_engine(path, predictor):
    """The engine of a header that was written.

    Parameters
    ----------
    path : str or path
        Of the header.
    predictor : NumpyPredictor
        Of the student that it came from.

    Returns
    -------
    CEngine
        With the compiler of this machine.
    """
    from .c_fixed import FixedEngine

    text = Path(path).read_text(encoding="utf-8")
    kind = CEngine if about(text)["x"] == "double" else FixedEngine
    return kind(text, predictor)


#: How far outputs may be off, by type.
TOLERANCES = {"double": DOUBLE, "float": SINGLE}
