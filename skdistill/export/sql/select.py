"""The SELECT of a student: what it reads, computes and answers."""

import numpy as np

from ..plain_tree import (
    LeafAnswers,
    Numbers,
    PlainNode,
    PlainTree,
    leaf_answers,
    plain_tree,
)
from ..predictor import _TINY
from ..view_columns import Indicator, view_columns
from .net import add_net
from .soft_tree import add_gates, add_mixture, add_reach
from .steps import Steps
from .sums import TINY, add_softmax, add_sorted, by_target
from .text import number, total
from .tree import by_leaf, leaf_literals, leaf_of_hard_tree
from .view import add_view, refused

_MOST_WHOLE = 1 << 53


def select(predictor, plan):
    """The SELECT of a student.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    plan : Plan
        What it reads and answers.

    Returns
    -------
    str
        SQL of the dialect, or of that from which it is rendered.

    Raises
    ------
    TypeError
        If a part of the student has no form in SQL.
    """
    steps = Steps(plan.dialect, plan.source, plan.table)
    steps.add(_first_step(predictor, plan))
    quoted = plan.dialect.name_of
    kept = [(f"k{i}", quoted(name)) for i, name in enumerate(plan.keep)]
    answers = [(quoted(name), False) for name in plan.labels]
    answers += [(quoted(name), True) for name in plan.numbers]
    model = predictor.meta["model"]
    if model["kind"] == "hard_tree":
        return _hard_tree(steps, predictor, kept, answers)
    view = add_view(steps, predictor)
    if model["kind"] == "net":
        names, is_p = add_net(steps, predictor, view), False
    else:
        add_gates(steps, predictor, view)
        if model["inference"] != "mixture":
            return _one_leaf(steps, predictor, kept, answers)
        names, is_p = add_mixture(steps, predictor, view), model["is_classifier"]
    if predictor.meta["is_classifier"]:
        texts = _classes(steps, predictor, names, is_p)
    else:
        texts = _values(steps, predictor, names)
    if nulls := refused(predictor):
        texts = [f"CASE WHEN NOT ({nulls}) THEN {text} END" for text in texts]
    pairs = zip(texts, answers, strict=True)
    return steps.select(kept + [(text, name) for text, (name, _) in pairs])


def _first_step(predictor, plan):
    """The columns of the table: ``x0`` for numbers, ``c0`` for categories, ``k0`` kept."""
    dialect, categories = plan.dialect, {}
    for each in view_columns(predictor):
        if isinstance(each, Indicator):
            categories[each.column] = each
    columns = {}
    for j, name in enumerate(plan.columns):
        column = f"t.{dialect.name_of(name)}"
        is_text = j in categories and _is_text(categories[j], name)
        if is_text:
            columns[f"c{j}"] = dialect.as_text(column)
            if dialect.name == "duckdb":
                columns[f"c{j}"] = _but_booleans(
                    columns[f"c{j}"], column, name, categories[j].known, dialect
                )
        else:
            kind = "c" if j in categories else "x"
            columns[f"{kind}{j}"] = dialect.as_number(column, name in plan.booleans)
    kept = {f"k{i}": f"t.{dialect.name_of(name)}" for i, name in enumerate(plan.keep)}
    return kept | columns


def _but_booleans(text, column, name, known, dialect):
    """A column as text; an error where the table has booleans and training had others.

    DuckDB reads a column of yes and no in a CSV as BOOLEAN, whose text is 'true' and
    'false': without a word, each row would be of a category that training never saw.
    """
    if not {"true", "false"}.isdisjoint(known):
        return text
    message = dialect.string(
        f"Column {name} is BOOLEAN here and had strings in training: make it VARCHAR."
    )
    is_boolean = f"typeof({column}) = 'BOOLEAN'"
    return f"CASE WHEN {is_boolean} THEN error({message}) ELSE {text} END"


def _is_text(each, name):
    """Whether categories are strings; those that are numbers must be exact ones."""
    if all(isinstance(label, str) for label in each.known):
        return True
    large = [k for k in each.known if isinstance(k, int) and abs(k) > _MOST_WHOLE]
    if large:
        raise TypeError(
            f"Column {name!r} holds categories such as {large[0]}, which SQL would round "
            "as it compares numbers: fit with that column as strings."
        )
    return False


def _hard_tree(steps, predictor, kept, answers):
    tree = plain_tree(predictor)
    said = leaf_answers(predictor, predictor.arrays["values"], predictor._model._p)

    def leaf(texts):
        return leaf_of_hard_tree(tree, steps.dialect, texts)

    literals = _literals(steps, predictor, said, [leaf.number for leaf in tree.leaves])
    return by_leaf(steps, leaf, literals, kept, answers)


def _literals(steps, predictor, said, leaves):
    """What some leaves say, as literals."""
    labels = None if said.labels is None else said.labels[leaves]
    n = len(predictor.meta["widths"])
    classes = [predictor.arrays[f"classes_{i}"] for i in range(n)]
    some = LeafAnswers(labels, said.numbers[leaves])
    return leaf_literals(some, classes, steps.dialect)


def _one_leaf(steps, predictor, kept, answers):
    """A soft tree of which one leaf answers."""
    model, meta = predictor._model, predictor.meta["model"]
    outputs, p = model._as_outputs(predictor.arrays["leaf"]), None
    if meta["is_classifier"]:
        p = outputs / outputs.sum(axis=1, keepdims=True)
        outputs = np.log(np.maximum(outputs, _TINY))
    said, nulls = leaf_answers(predictor, outputs, p), refused(predictor)
    if meta["inference"] == "path":
        tree = _greedy_tree(predictor)
        leaves = [leaf.number for leaf in tree.leaves]
    else:
        reach = add_reach(steps, predictor)
        steps.add({"t0": steps.dialect.largest(reach)})
        leaves = range(len(reach))

    def leaf(texts):
        if meta["inference"] == "path":
            text = leaf_of_hard_tree(tree, steps.dialect, texts)
        else:
            pairs = zip(reach, texts, strict=True)
            whens = " ".join(f"WHEN {r} THEN {text}" for r, text in pairs)
            text = f"CASE t0 {whens} END"
        return f"CASE WHEN NOT ({nulls}) THEN {text} END" if nulls else text

    literals = _literals(steps, predictor, said, list(leaves))
    return by_leaf(steps, leaf, literals, kept, answers)


def _greedy_tree(predictor):
    """The questions of a soft tree's gates: whether they are above 0."""
    model, n = predictor._model, predictor.n_features_in_
    nodes, todo = [], [(0, None)]
    while todo:
        at, above = todo.pop()
        rank = int(model._rank[at])
        if above is not None:
            above.children.append(len(nodes))
        leaf = int(np.searchsorted(model._leaves, at))
        nodes.append(node := PlainNode(leaf, {}))
        if rank >= 0:
            node.column = n + rank
            node.sides = Numbers(-np.inf, 0.0, False), Numbers(0.0, np.inf, False)
            todo += [(2 * rank + 2, node), (2 * rank + 1, node)]
    everything = Numbers(-np.inf, np.inf, True)
    whole = {n + rank: everything for rank in range(model._n_gates)}
    return PlainTree(nodes, whole, set())


def _classes(steps, predictor, names, is_p):
    """Labels and probabilities of logits, or of what is in proportion to probabilities."""
    widths, shift = predictor.meta["widths"], predictor.arrays.get("shift")
    if is_p and shift is None:
        targets = by_target(names, widths)
        steps.add({f"r{t}": total(target) for t, target in enumerate(targets)})
        p = [f"{name} / r{t}" for t, target in enumerate(targets) for name in target]
    else:
        if is_p:
            texts = [steps.dialect.largest([name, number(TINY)]) for name in names]
            names = _added(steps, "o0", [f"LN({text})" for text in texts])
        if shift is not None:
            p = add_softmax(steps, names, widths, "99")
            pairs = zip(p, shift.tolist(), strict=True)
            names = _added(steps, "o1", [f"LN({q}) + {number(s)}" for q, s in pairs])
        p = add_softmax(steps, names, widths, "00")
    labels = [
        _likeliest(steps, t, target, predictor.arrays[f"classes_{t}"].tolist())
        for t, target in enumerate(by_target(names, widths))
    ]
    return labels + (p[1::2] if predictor.meta["is_multilabel"] else p)


def _added(steps, mark, texts):
    names = [f"{mark}_{k}" for k in range(len(texts))]
    steps.add(dict(zip(names, texts, strict=True)))
    return names


def _likeliest(steps, t, names, classes):
    """The first class of the largest number, as numpy's argmax."""
    steps.add({f"j{t}": steps.dialect.largest(names)})
    pairs = zip(names, map(steps.dialect.label, classes), strict=True)
    whens = " ".join(f"WHEN {name} THEN {label}" for name, label in pairs)
    return f"CASE j{t} {whens} END"


def _values(steps, predictor, names):
    """Values in the unit of y."""
    if predictor.meta["is_sorted"]:
        names = add_sorted(steps, names, "00")
    arrays, n = predictor.arrays, len(names)
    scale, center = (
        np.broadcast_to(arrays[f"target_{part}"], n).tolist()
        for part in ("scale", "center")
    )
    return [
        f"{name} * {number(s)} + {number(c)}"
        for name, s, c in zip(names, scale, center, strict=True)
    ]
