"""A net as steps of SQL, two for each layer of units."""

import math

import numpy as np

from .sums import LEAST_EXP, TINY, add_softmax, add_sorted, linear
from .text import number


def add_net(steps, predictor, view):
    """Add a net.

    Parameters
    ----------
    steps : Steps
        With the view.
    predictor : NumpyPredictor
        Of the net.
    view : list of str
        Columns of the view.

    Returns
    -------
    list of str
        Columns of the outputs: logits, or values in the unit.

    Raises
    ------
    TypeError
        If the net's activation has no form in SQL.
    """
    meta, arrays = predictor.meta["model"], predictor.arrays
    if meta["activation"] not in _ACTIVATIONS:
        raise TypeError(
            f"activation={meta['activation']!r} has no form in SQL: fit the net with one "
            f"of {', '.join(sorted(_ACTIVATIONS))}."
        )
    names = _embedded(steps, meta, arrays, _clipped(steps, meta, view))
    members = [
        _add_layers(steps, meta, arrays, names, member)
        for member in range(meta["n_members"] or 1)
    ]
    return members[0] if len(members) == 1 else _mean(steps, meta, members)


def _clipped(steps, meta, view):
    """Columns that level off smoothly."""
    limit = meta["clip"]
    if limit is None:
        return view
    scaled = [
        steps.dialect.clipped(f"{z} / {number(limit)}", -1e18, 1e18) for z in view
    ]
    steps.add({f"s{k}": text for k, text in enumerate(scaled)})
    smooth = f"{number(limit)} * s{{0}} / SQRT(1e0 + s{{0}} * s{{0}})"
    steps.add({f"u{k}": smooth.format(k) for k in range(len(view))})
    return [f"u{k}" for k in range(len(view))]


def _embedded(steps, meta, arrays, names):
    kind = meta["embedding"]
    if kind is None:
        return names
    columns = [names[k] for k in arrays["embedded_columns"]]
    make = _piecewise if kind == "piecewise_linear" else _periodic
    more = list(make(steps, arrays, columns))
    steps.add({f"e{i}": text for i, text in enumerate(more)})
    return [*names, *(f"e{i}" for i in range(len(more)))]


def _piecewise(steps, arrays, columns):
    ends = zip(
        columns,
        arrays["embedding_low"].tolist(),
        arrays["embedding_width"].tolist(),
        strict=True,
    )
    for name, low, width in ends:
        share = f"({name} - {number(low)}) / {number(width)}"
        yield steps.dialect.clipped(share, 0.0, 1.0)


def _periodic(steps, arrays, columns):
    frequency, weight = arrays["embedding_frequency"], arrays["embedding_weight"]
    angles, waves = {}, {}
    for d, name in enumerate(columns):
        for i, each in enumerate(np.atleast_2d(frequency)[d].tolist()):
            angles[f"v{d}_{i}"] = f"{number(2 * math.pi)} * {name} * {number(each)}"
    for name in angles:
        waves |= {f"w0_{name[1:]}": f"COS({name})", f"w1_{name[1:]}": f"SIN({name})"}
    steps.add(angles)
    steps.add(waves)
    for d in range(len(columns)):
        n = weight.shape[1] // 2
        names = [f"w{wave}_{d}_{i}" for wave in (0, 1) for i in range(n)]
        for weights, bias in zip(weight[d].T, arrays["embedding_bias"][d], strict=True):
            text = linear(names, weights, float(bias), steps.dialect)
            yield steps.dialect.largest([text, number(0)])


def _sigmoid(name, dialect):
    return f"1e0 / (1e0 + EXP(-{dialect.clipped(name, LEAST_EXP, -LEAST_EXP)}))"


def _tanh(name, dialect):
    # Not every engine has a TANH.
    twice = dialect.clipped(f"2e0 * {name}", LEAST_EXP, -LEAST_EXP)
    return f"1e0 - 2e0 / (EXP({twice}) + 1e0)"


_ACTIVATIONS = {
    "relu": lambda name, dialect: dialect.largest([name, number(0)]),
    "silu": lambda name, dialect: f"{name} * ({_sigmoid(name, dialect)})",
    "tanh": _tanh,
    "logistic": _sigmoid,
    "identity": lambda name, dialect: name,
}


def _add_layers(steps, meta, arrays, names, member):
    """The layers of a net, or of one member."""
    activation = _ACTIVATIONS[meta["activation"]]
    for i in range(meta["n_layers"]):
        weight, bias = _layer(meta, arrays, i, member)
        sums = [f"h{member}_{i}_{k}" for k in range(len(bias))]
        pairs = zip(weight.T, bias.tolist(), strict=True)
        texts = [linear(names, w, b, steps.dialect) for w, b in pairs]
        if i == meta["n_layers"] - 1 and "output_scale" in arrays:
            scale = arrays["output_scale"].tolist()
            texts = [f"({t}) * {number(s)}" for t, s in zip(texts, scale, strict=True)]
        steps.add(dict(zip(sums, texts, strict=True)))
        names = sums
        if i < meta["n_layers"] - 1:
            names = [f"f{name[1:]}" for name in sums]
            steps.add(
                {
                    n: activation(each, steps.dialect)
                    for n, each in zip(names, sums, strict=True)
                }
            )
    return names


def _layer(meta, arrays, i, member):
    weight, bias = arrays[f"weight_{i}"], arrays[f"bias_{i}"]
    if not meta["n_members"]:
        return weight, bias
    before, after = (
        np.broadcast_to(arrays[f"{side}_{i}"], (meta["n_members"], n))[member]
        for side, n in zip(("before", "after"), weight.shape, strict=True)
    )
    return before[:, None] * weight * after, bias[member]


def _mean(steps, meta, members):
    """The mean of members' outputs: of probabilities, as logarithms; or of values."""
    share = number(1 / len(members))
    widths = meta["widths"]
    if widths is None:
        if meta["is_sorted"]:
            members = [add_sorted(steps, names, m) for m, names in enumerate(members)]
    else:
        members = [
            add_softmax(steps, names, widths, f"{m}") for m, names in enumerate(members)
        ]
    means = [f"({' + '.join(same)}) * {share}" for same in zip(*members, strict=True)]
    if widths is not None:
        texts = [steps.dialect.largest([text, number(TINY)]) for text in means]
        means = [f"LN({text})" for text in texts]
    names = [f"m{k}" for k in range(len(means))]
    steps.add(dict(zip(names, means, strict=True)))
    return names
