"""The view of a row and the first affine layer in one, as sums of rows of a table.

That layer is a constant and one term for each column of X. The term of a category, and
that of a gap, is a row of a table. The term of a number is its weights times the number,
with piecewise-linear columns also two rows between which it lies, so that all other bins
cost nothing.
"""

import math

import numpy as np

from .text import fill, table

_FIRST = """\
static inline void @_first(const double *x, $kind *h)
{
    $tables    int i, j;
    for (i = 0; i < $width; i++) h[i] = bias[i];
    for (j = 0; j < $n_numbers; j++) {
        const $kind *row = @_rows + (long)start[j] * $width;
        double z = x[number[j]];
        $kind a;
        if (isnan(z)) {
            if (gap[j] >= 0) {
                row = @_rows + (long)gap[j] * $width;
                for (i = 0; i < $width; i++) h[i] += row[i];
            }
            continue;
        }
$seen        a = ($kind)z;
$terms    }
    for (j = 0; j < $n_categories; j++) {
        const double v = x[category[j]];
        const int code = isnan(v) ? gap_code[j] : (int)v;
        const $kind *row = @_rows + (long)(first_row[j] + code) * $width;
        for (i = 0; i < $width; i++) h[i] += row[i];
    }
}
"""

_BENT = """\
        if (tail_size[j] != 0) {
            const double d = (z - tail_middle[j]) / tail_size[j];
            z = copysign(log1p(fabs(d)), d);
        }
"""
_SCALED = "        z = (z - center[j]) * inverse[j];\n"
_BOUND = "        z = z < -$bound ? -$bound : z > $bound ? $bound : z;\n"
_CLIP = """\
        z = z / $clip;
        z = z < -1e18 ? -1e18 : z > 1e18 ? 1e18 : z;
        z = $clip * z / sqrt(1 + z * z);
"""

_PLAIN = "        for (i = 0; i < $width; i++) h[i] += a * row[i];\n"
_BINS = """\
        if (n_bins[j] == 0) {
            for (i = 0; i < $width; i++) h[i] += a * row[i];
        } else {
            const double *from = low + first_bin[j], *wide = bin_width + first_bin[j];
            const $kind *q;
            $kind b, c;
            double t;
            int bin = 0, n = n_bins[j];
            while (n > 1) {
                const int half = n / 2;
                bin += z >= from[bin + half] ? half : 0;
                n -= half;
            }
            t = (z - from[bin]) / wide[bin];
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            b = ($kind)(1 - t);
            c = ($kind)t;
            q = row + (long)(bin + 1) * $width;
            for (i = 0; i < $width; i++)
                h[i] += a * row[i] + (b * q[i] + c * q[i + $width]);
            /* Bins before that overlap this one: their edges were rounded. */
            for (n = bin; n > 0 && z < from[n - 1] + wide[n - 1]; n--) {
                t = (z - from[n - 1]) / wide[n - 1];
                b = ($kind)(1 - t);
                q = row + (long)n * $width;
                for (i = 0; i < $width; i++) h[i] += b * (q[i] - q[i + $width]);
            }
        }
"""
_WAVES = """\
        for (i = 0; i < $width; i++) h[i] += a * row[i];
        if (block[j] >= 0) {
            $kind wave[2 * $n_waves];
            int o, f;
            for (f = 0; f < $n_waves; f++) {
                const double angle = $turn * z * frequency[block[j] * $n_waves + f];
                wave[f] = ($kind)cos(angle);
                wave[$n_waves + f] = ($kind)sin(angle);
            }
            for (o = 0; o < $n_out; o++) {
                const $kind *w = mix + ((long)block[j] * $n_out + o) * 2 * $n_waves;
                $kind s = mix_bias[block[j] * $n_out + o];
                for (f = 0; f < 2 * $n_waves; f++) s += wave[f] * w[f];
                row += $width;
                if (s > 0)
                    for (i = 0; i < $width; i++) h[i] += s * row[i];
            }
        }
"""


class Affine:
    """An affine layer of a student's view, with or without an embedding.

    Parameters
    ----------
    columns : Columns
        Of X.
    weight : ndarray of shape (n_inputs + n_embedded, n_outputs)
        Of the inputs, then of what the embedding makes of them.
    bias : ndarray of shape (n_outputs,)
        Of the layer.
    clip : float or None, default=None
        Of the smooth clip before it.
    embedding : {"piecewise_linear", "periodic"} or None, default=None
        Which one.
    arrays : dict of ndarray, default=()
        Of the embedding.
    kind : {"double", "float"}, default="double"
        Type of the table and of the sums.
    """

    def __init__(
        self, columns, weight, bias, clip=None, embedding=None, arrays=(), kind="double"
    ):
        self._columns, self._weight = columns, weight
        self._clip, self._embedding = clip, embedding
        self._arrays, self._kind = dict(arrays), kind
        embedded = self._arrays.get("embedded_columns", np.zeros(0, dtype=int))
        self._parts = {}  # places of an input among the embedded ones
        for i, k in enumerate(embedded.tolist()):
            self._parts.setdefault(k, []).append(i)
        self._n_inputs = len(weight) - self._n_embedded(len(embedded))
        self._bias = np.array(bias, dtype=float)
        self._rows, self._starts, self._gaps, self._first_rows = [], [], [], []
        self._numbers = [each for each in columns.numbers if not each.rule.is_empty]
        self._lay_out()

    def _n_embedded(self, n):
        if self._embedding == "periodic":
            return n * self._arrays["embedding_bias"].shape[1]
        return n

    def _lay_out(self):
        """Fill the table."""
        for each in self._columns.numbers:
            if each.rule.is_empty:
                self._bias += self._of_gap(each)
                continue
            no = 0.0 if each.gap is None else self._of(each.gap_place, each.gap.no)
            self._bias += no
            self._starts.append(len(self._rows))
            self._rows += self._rows_of(each.place)
            self._gaps.append(len(self._rows) if each.rule.takes_gaps else -1)
            if each.rule.takes_gaps:
                self._rows.append(self._of_gap(each) - no)
        for each in self._columns.categories:
            self._first_rows.append(len(self._rows))
            for values in each.values:
                terms = zip(each.places, values, strict=True)
                none = np.zeros(len(self._bias))
                self._rows.append(sum((self._of(k, v) for k, v in terms), none))

    def _of_gap(self, each):
        term = self._of(each.place, each.rule.of_gap)
        return (
            term if each.gap is None else term + self._of(each.gap_place, each.gap.yes)
        )

    def _rows_of(self, k):
        """Of an input: its weights, then the rows of its embedding."""
        rows, parts = [self._weight[k]], self._parts.get(k, [])
        if self._embedding == "piecewise_linear":
            slopes = self._weight[[self._n_inputs + i for i in parts]]
            # At the lower edge of each bin, and at the end of the last.
            rows += [slopes[:i].sum(axis=0) for i in range(len(parts) + 1)] * bool(
                parts
            )
        elif parts:
            rows += list(self._weight[self._block(parts[0])])
        return rows

    def _block(self, i):
        n_out = self._arrays["embedding_bias"].shape[1]
        return slice(self._n_inputs + i * n_out, self._n_inputs + (i + 1) * n_out)

    def _of(self, k, z):
        """What an input adds to the outputs where it is z."""
        if self._clip is not None:
            scaled = min(max(z / self._clip, -1e18), 1e18)
            z = self._clip * scaled / math.sqrt(1 + scaled**2)
        term = self._weight[k] * z
        for i in self._parts.get(k, []):
            term = term + self._embedded(i, z)
        return term

    def _embedded(self, i, z):
        a = self._arrays
        if self._embedding == "piecewise_linear":
            t = (z - a["embedding_low"][i]) / a["embedding_width"][i]
            return self._weight[self._n_inputs + i] * min(max(t, 0.0), 1.0)
        angle = 2 * math.pi * z * a["embedding_frequency"][i]
        waves = np.concatenate([np.cos(angle), np.sin(angle)])
        out = waves @ a["embedding_weight"][i] + a["embedding_bias"][i]
        return np.maximum(out, 0.0) @ self._weight[self._block(i)]

    def code(self):
        """The table, and the function that sums its rows.

        Returns
        -------
        str
            ``@_first(x, h)``, of a row that the student does not refuse.
        """
        width = len(self._bias)
        return table("@_rows", np.reshape(self._rows, -1), self._kind) + fill(
            fill(
                _FIRST.replace("$seen", self._seen()).replace("$terms", self._terms()),
                tables="    ".join(self._tables()),
                kind="$kind",
                width="$width",
                n_numbers=len(self._numbers),
                n_categories=len(self._columns.categories),
            ),
            kind=self._kind,
            width=width,
        )

    def _seen(self):
        """Steps from a number of X to the model's input."""
        rules = [each.rule for each in self._numbers]
        steps = []
        if any(rule.tail is not None for rule in rules):
            steps.append(_BENT)
        if any(rule.center != 0 or rule.inverse != 1 for rule in rules):
            steps.append(_SCALED)
        bounds = {rule.bound for rule in rules} - {math.inf}
        steps += [fill(_BOUND, bound=bound) for bound in bounds]  # one for all
        if self._clip is not None:
            steps.append(fill(_CLIP, clip=float(self._clip)))
        return "".join(steps)

    def _terms(self):
        if self._embedding == "piecewise_linear":
            return _BINS
        if self._embedding is None:
            return _PLAIN
        n_waves = self._arrays["embedding_frequency"].shape[1]
        n_out = self._arrays["embedding_bias"].shape[1]
        return fill(
            _WAVES,
            n_waves=n_waves,
            n_out=n_out,
            turn=repr(2 * math.pi),
            kind="$kind",
            width="$width",
        )

    def _tables(self):
        numbers, categories = self._numbers, self._columns.categories
        rules = [each.rule for each in numbers]
        yield table("bias", self._bias, self._kind)
        yield table("number", [each.column for each in numbers])
        yield table("start", self._starts)
        yield table("gap", self._gaps)
        yield table("category", [each.column for each in categories])
        yield table("gap_code", [each.gap for each in categories])
        yield table("first_row", self._first_rows)
        seen = self._seen()
        if _BENT in seen:
            tails = [rule.tail or (0.0, 0.0) for rule in rules]
            yield table("tail_middle", [middle for middle, _ in tails], "double")
            yield table("tail_size", [size for _, size in tails], "double")
        if _SCALED in seen:
            yield table("center", [rule.center for rule in rules], "double")
            yield table("inverse", [rule.inverse for rule in rules], "double")
        yield from self._tables_of_embedding()

    def _tables_of_embedding(self):
        parts = [self._parts.get(each.place, []) for each in self._numbers]
        a = self._arrays
        if self._embedding == "piecewise_linear":
            bins = [i for each in parts for i in each]
            yield table("n_bins", [len(each) for each in parts])
            yield table("first_bin", np.cumsum([0, *map(len, parts)])[:-1])
            yield table("low", a["embedding_low"][bins], "double")
            yield table("bin_width", a["embedding_width"][bins], "double")
        elif self._embedding == "periodic":
            yield table("block", [each[0] if each else -1 for each in parts])
            yield table("frequency", a["embedding_frequency"], "double")
            by_output = a["embedding_weight"].transpose(0, 2, 1)
            yield table("mix", by_output, self._kind)
            yield table("mix_bias", a["embedding_bias"], self._kind)
