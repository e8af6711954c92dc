"""The program that runs a header: it reads rows, and writes what the header says."""

import numpy as np

from .text import fill

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

static $x value(int column)
{
    switch (column) {
$cases    default: return $number;
    }
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
    int n, i, j, k;
    static const int read[] = {$read};
    if (!in || !to) return 1;
    fseek(in, 0, SEEK_END);
    size = ftell(in);
    rewind(in);
    all = place = (char *)malloc((size_t)size + 1);
    if (!all || fread(all, 1, (size_t)size, in) != (size_t)size) return 2;
    n = whole();
    x = ($x *)calloc((size_t)(n + 1), sizeof($x) * ${name}_N_COLUMNS);
    if (!x) return 3;
    for (j = 0; j < $n_read; j++)
        for (i = 0; i < n; i++) x[(long)i * ${name}_N_COLUMNS + read[j]] = value(read[j]);
    if (argc > 3) printf("%.17g", seconds(x, n));
    else for (i = 0; i < n; i++) {
        const $x *row = x + (long)i * ${name}_N_COLUMNS;
        $out out[${name}_N_OUTPUTS] = {0};
        int labels[$n_labels] = {0};
        double value = ${name}_predict(row, out);
        fwrite(&value, sizeof value, 1, to);
        for (k = 0; k < ${name}_N_OUTPUTS; k++) {
            value = $answer;
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
_CASE = "    case $j: return ${name}_code_$word($read());\n"


class Program:
    """The program of a header.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    columns : Columns
        Of X.
    about : dict
        What the header says about itself.
    """

    def __init__(self, predictor, columns, about):
        self._meta, self._columns, self._about = predictor.meta, columns, about
        #: Labels of each row; one 0 for values.
        self.n_labels = len(self._meta["widths"]) or 1
        self._is_text = {each.column: each.is_text for each in columns.categories}
        numbers = {each.column for each in columns.numbers}
        self._read = sorted(numbers | set(self._is_text))

    def source(self):
        """Its code.

        Returns
        -------
        str
            In C99.
        """
        about, name = self._about, self._about["name"]
        is_fixed = about["x"] != "double"
        label = "${name}_labels(row, labels);"
        label = label if self.n_labels > 1 else "labels[0] = ${name}_label(row);"
        return fill(
            _MAIN,
            name=name,
            x=about["x"],
            out=about["out"],
            n_labels=self.n_labels,
            label=fill(label, name=name) if self._meta["is_classifier"] else "",
            answer=f"{name}_value(k, out[k])" if is_fixed else "out[k]",
            cases="".join(map(self._case, self._is_text)),
            number=f"{name}_fixed(column, number())" if is_fixed else "number()",
            n_read=len(self._read),
            read=", ".join(map(str, self._read)) or "0",
        )

    def _case(self, j):
        """How the next value of a column of categories is read."""
        read = "text" if self._is_text[j] else "number"
        word, name = self._columns.words[j], self._about["name"]
        return fill(_CASE, j=j, name=name, word=word, read=read)

    def packed(self, columns):
        """Rows as it reads them.

        Parameters
        ----------
        columns : list of ndarray
            The columns of X.

        Returns
        -------
        bytes
            The number of rows, and column after column.
        """
        packed = [np.int32(len(columns[0])).tobytes()]
        for j in self._read:
            if self._is_text.get(j):
                packed += map(_packed_text, columns[j])
            elif columns[j].dtype.kind == "f":
                packed.append(columns[j].astype(np.float64).tobytes())
            else:
                numbers = [np.nan if v is None else float(v) for v in columns[j]]
                packed.append(np.array(numbers).tobytes())
        return b"".join(packed)


def _packed_text(text):
    if text is None:
        return np.int32(-1).tobytes()
    data = text.encode()
    return np.int32(len(data)).tobytes() + data + b"\0"
