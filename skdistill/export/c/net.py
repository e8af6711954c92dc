"""A net in C: the first layer as sums of rows, then one loop for each layer."""

import numpy as np

from .affine import Affine
from .text import fill, table

_ACTIVATIONS = {
    "relu": "v > 0 ? v : 0",
    "gelu": "($kind)0.5 * v * (1 + erf$f(v * ($kind)0.7071067811865476))",
    "silu": "v / (1 + exp$f(-v))",
    "tanh": "tanh$f(v)",
    "logistic": "1 / (1 + exp$f(-v))",
    "identity": "v",
}

_ACTIVATE = """\
    for (i = 0; i < $n; i++) {
        const $kind v = h$layer[i];
        h$layer[i] = $formula;
    }
"""

# Four inputs at a time, so that the sums go to memory and back a quarter as often.
_LAYER = """\
    for (m = 0; m < $members; m++) {
        const $kind *in = h$before + m * $n;
        const $of_weights *w = @_weight_$layer + (long)m * $size;
        $kind *out = h$layer + m * $width;
        $kind sum[$width];
        for (i = 0; i < $width; i++) sum[i] = $start;
        for (j = 0; j < $n; j += 4) {
            const $kind a = in[j], b = in[j + 1], c = in[j + 2], d = in[j + 3];
            for (i = 0; i < $width; i++)
                sum[i] += (a * w[i] + b * w[$width + i])
                    + (c * w[2 * $width + i] + d * w[3 * $width + i]);
            w += 4 * $width;
        }
        for (i = 0; i < $width; i++) out[i] = sum[i]$rest;
    }
"""

_RAW = """\
static inline int @_raw(const double *x, $kind *o)
{
    $kind $buffers;
    int i, j, m;
    const int status = @_check(x);
    if (status != @_OK) return status;
    @_first(x, h0);
$layers$end    (void)i; (void)j; (void)m;
    return @_OK;
}
"""

_ONE = "    for (i = 0; i < $n; i++) o[i] = h$last[i]$scale;\n"
_MEAN = """\
    for (i = 0; i < $n; i++) o[i] = 0;
    for (m = 0; m < $members; m++) {
        $kind *v = h$last + m * $width;
$each        for (i = 0; i < $n; i++) o[i] += v[i];
    }
    for (i = 0; i < $n; i++) o[i] /= $members;
"""
_LOG = "    for (i = 0; i < $n; i++) o[i] = @_log(o[i]);\n"


class Net:
    """The code of a net.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    columns : Columns
        Of X.
    kind : {"double", "float"}
        Type of the weights and of the sums.
    """

    says = "logits"

    def __init__(self, predictor, columns, kind):
        self._meta, self._arrays = predictor.meta["model"], predictor.arrays
        self._columns, self._kind = columns, kind
        self._n_layers = self._meta["n_layers"]
        self._n_members = self._meta["n_members"] or 1
        last = self._arrays[f"weight_{self._n_layers - 1}"]
        self.n_outputs = last.shape[1]
        #: Width of each layer, as it lies in memory.
        self._widths = [
            _padded(
                self._arrays[f"weight_{i}"].shape[1], is_last=i == self._n_layers - 1
            )
            for i in range(self._n_layers)
        ]
        self.n_on_stack = self._n_members * sum(self._widths) + max(self._widths)

    def _layer(self, i):
        """Weights (n_members, n, width) and biases of a layer, of each member."""
        a, members = self._arrays, self._n_members
        weight, bias = a[f"weight_{i}"], a[f"bias_{i}"]
        weights = np.repeat(weight[None], members, axis=0)
        biases = np.broadcast_to(bias, (members, weight.shape[1]))
        if self._meta["n_members"]:
            weights = (
                a[f"before_{i}"][:, :, None] * weights * a[f"after_{i}"][:, None, :]
            )
        wide = self._widths[i] - weight.shape[1]
        tall = 0 if i == 0 else self._widths[i - 1] - weight.shape[0]
        weights = np.pad(weights, ((0, 0), (0, tall), (0, wide)))
        return weights, np.pad(biases, ((0, 0), (0, wide)))

    def _scale(self, i):
        """What the weights of a layer are whole multiples of (width,), or None."""
        scale = self._arrays.get(f"weight_{i}_scale")
        if (
            scale is None or self._meta["n_members"]
        ):  # whose factors are no whole numbers
            return None
        return np.pad(scale, (0, self._widths[i] - len(scale)), constant_values=1.0)

    def _kind_of_weights(self, i):
        return self._kind if self._scale(i) is None else "signed char"

    def code(self):
        """Tables and functions.

        Returns
        -------
        str
            With ``@_raw(x, o)``, which computes the logits or the values of a row.
        """
        meta, arrays = self._meta, self._arrays
        weights, biases = self._layer(0)
        side_by_side = weights.transpose(1, 0, 2).reshape(weights.shape[1], -1)
        first = Affine(
            self._columns,
            side_by_side,
            biases.ravel(),
            meta["clip"],
            meta["embedding"],
            arrays if meta["embedding"] else (),
            self._kind,
        )
        return "\n".join([first.code(), *self._tables(), self._raw()])

    def _tables(self):
        if "output_scale" in self._arrays:
            scale = np.broadcast_to(self._arrays["output_scale"], self.n_outputs)
            yield table("@_scale", scale, self._kind)
        for i in range(1, self._n_layers):
            weights, biases = self._layer(i)
            if (scale := self._scale(i)) is not None:
                weights = np.rint(weights / scale).astype(int)
                yield table(f"@_weight_{i}_scale", scale, self._kind)
            yield table(f"@_weight_{i}", weights, self._kind_of_weights(i))
            yield table(f"@_bias_{i}", biases, self._kind)

    def _raw(self):
        layers = "".join(map(self._through, range(1, self._n_layers)))
        sizes = [self._n_members * width for width in self._widths]
        return fill(
            _RAW,
            kind=self._kind,
            buffers=", ".join(f"h{i}[{size}]" for i, size in enumerate(sizes)),
            layers=layers,
            end=self._end(),
        )

    def _through(self, i):
        """The activation of the layer before, and a layer."""
        members, n, width = self._n_members, self._widths[i - 1], self._widths[i]
        kind = {"kind": self._kind}
        formula = fill(
            _ACTIVATIONS[self._meta["activation"]],
            f="f" if self._kind == "float" else "",
            **kind,
        )
        activate = fill(_ACTIVATE, n=members * n, layer=i - 1, formula=formula, **kind)
        activate = "" if formula == "v" else activate
        bias = f"@_bias_{i}[m * {width} + i]"
        start, rest = bias, ""
        if self._scale(i) is not None:
            start, rest = "0", f" * @_weight_{i}_scale[i] + {bias}"
        return activate + fill(
            _LAYER,
            of_weights=self._kind_of_weights(i),
            start=start,
            rest=rest,
            members=members,
            before=i - 1,
            layer=i,
            n=n,
            width=width,
            size=n * width,
            **kind,
        )

    def _end(self):
        """From the last layer's outputs to the net's."""
        last = self._n_layers - 1
        parts = {"n": self.n_outputs, "last": last, "kind": self._kind}
        scaled = " * @_scale[i]" if "output_scale" in self._arrays else ""
        if not self._meta["n_members"]:
            return fill(_ONE, scale=scaled, **parts)
        each = f"        for (i = 0; i < {self.n_outputs}; i++) v[i] = v[i]{scaled};\n"
        each = (each if scaled else "") + self._of_member()
        members, width = self._n_members, self._widths[-1]
        mean = fill(_MEAN, members=members, width=width, each=each, **parts)
        is_class = self._meta["widths"] is not None
        return mean + (fill(_LOG, n=self.n_outputs) if is_class else "")

    def _of_member(self):
        widths = self._meta["widths"]
        if widths is None:
            sort = f"        @_sort(v, {self.n_outputs});\n"
            return sort if self._meta["is_sorted"] else ""
        starts = np.cumsum([0, *widths[:-1]])
        pairs = zip(starts, widths, strict=True)
        return "".join(f"        @_softmax(v + {s}, {w});\n" for s, w in pairs)


def _padded(width, is_last):
    """A width that processors add in whole steps; a last layer of one output stays."""
    return 1 if is_last and width == 1 else -(-width // 4) * 4
