"""A soft tree as steps of SQL: its gates, the shares of its leaves, and their mixture."""

from .sums import add_softmax, add_sorted, by_target, linear
from .text import number, total


def add_gates(steps, predictor, view):
    """Add the gates of a soft tree: a row goes to the right above 0.

    The columns are called as if they were others of X, so that the greedy path is a
    tree of questions about them.

    Parameters
    ----------
    steps : Steps
        With the view.
    predictor : NumpyPredictor
        Of the tree.
    view : list of str
        Columns of the view.
    """
    arrays = predictor.arrays
    pairs = zip(arrays["gate_weight"].T, arrays["gate_bias"].tolist(), strict=True)
    texts = [linear(view, w, b, steps.dialect) for w, b in pairs]
    steps.add(dict(zip(_gates(predictor), texts, strict=True)))


def _gates(predictor):
    n = predictor.n_features_in_
    return [f"x{n + r}" for r in range(len(predictor.arrays["gates"]))]


def add_reach(steps, predictor):
    """Add the share of a row that reaches each leaf of a soft tree.

    Parameters
    ----------
    steps : Steps
        With the gates.
    predictor : NumpyPredictor
        Of the tree.

    Returns
    -------
    list of str
        Columns, from the first leaf to the last.
    """
    model, clip = predictor._model, steps.dialect.clipped
    logits = _gates(predictor)
    gates = range(len(logits))
    steps.add({f"e{r}": f"EXP({clip(logits[r], -40.0, 40.0)})" for r in gates})
    # Each side by itself, so that neither is rounded to 0.
    left = {f"b{r}_0": f"1e0 / (1e0 + e{r})" for r in gates}
    right = {f"b{r}_1": f"1e0 / (1e0 + 1e0 / e{r})" for r in gates}
    steps.add(left | right)
    reach = {}
    for i, leaf in enumerate(model._leaves.tolist()):
        ways, node = [], leaf
        while node:
            rank, is_right = divmod(node - 1, 2)
            ways.append(f"b{rank}_{is_right}")
            node = int(predictor.arrays["gates"][rank])
        reach[f"l{i}"] = " * ".join(reversed(ways)) or number(1)
    steps.add(reach)
    return list(reach)


def add_mixture(steps, predictor, view):
    """Add the outputs of a soft tree whose leaves are mixed.

    Parameters
    ----------
    steps : Steps
        With the view, and the gates.
    predictor : NumpyPredictor
        Of the tree.
    view : list of str
        Columns of the view.

    Returns
    -------
    list of str
        Columns of the outputs: probabilities, or values in the unit.
    """
    arrays, meta = predictor.arrays, predictor.meta["model"]
    reach = add_reach(steps, predictor)
    if "leaf_weight" in arrays:
        said = _linear_leaves(steps, meta, arrays, view)
    else:
        outputs = predictor._model._as_outputs(arrays["leaf"])
        said = [[number(value) for value in row] for row in outputs.tolist()]
    steps.add(
        {
            f"m{k}": total(
                [f"{r} * {row[k]}" for r, row in zip(reach, said, strict=True)]
            )
            for k in range(len(said[0]))
        }
    )
    return [f"m{k}" for k in range(len(said[0]))]


def _linear_leaves(steps, meta, arrays, view):
    """What leaves say that are small models themselves."""
    bias = arrays["leaf"]
    weight = arrays["leaf_weight"].reshape(-1, *bias.shape)
    texts = {
        f"i{leaf}_{k}": linear(
            view, weight[:, leaf, k], float(bias[leaf, k]), steps.dialect
        )
        for leaf in range(bias.shape[0])
        for k in range(bias.shape[1])
    }
    steps.add(texts)
    rows = by_target(list(texts), [bias.shape[1]] * len(bias))
    if meta["is_classifier"]:
        return [
            add_softmax(steps, r, meta["widths"], f"{i}") for i, r in enumerate(rows)
        ]
    if meta["is_sorted"]:
        return [add_sorted(steps, row, i) for i, row in enumerate(rows)]
    return rows
