"""Rules as text, as a table of Markdown, as a frame and as JSON."""

import re

import numpy as np

from ..export.arrays import predictor_of
from ..export.numpy_engine import NumpyEngine
from ..export.proof import proven
from ..export.rule_predictor import RulePredictor, rules_content, rules_text

# What Markdown takes for a mark. "<" begins one before a letter, and "_" not in a word.
_MARKS = re.compile(r"[\\`*\[\]|~$]|<(?=[A-Za-z/!?])|&(?=[#\w]+;)|(?<!\w)_|_(?!\w)")


def as_text(rules):
    """One line for each rule.

    Parameters
    ----------
    rules : list of Rule
        Of a tree.

    Returns
    -------
    str
        Such as "IF tenure <= 16.5 THEN Yes (63 %, 11.5 % of rows)".
    """
    return "\n".join(map(_line, rules))


def _line(rule):
    return f"IF {_conditions(rule)} THEN {rule.answer} ({', '.join(rule.notes)})"


def _conditions(rule):
    return " AND ".join(rule.conditions) or "any row"


def as_markdown(rules):
    """A table with one row for each rule.

    Parameters
    ----------
    rules : list of Rule
        Of a tree.

    Returns
    -------
    str
        Markdown, as GitHub and pandoc read it.
    """
    lines = ["| If | Then | Notes |", "| --- | --- | --- |"]
    for rule in rules:
        cells = _conditions(rule), rule.answer, ", ".join(rule.notes)
        lines.append(f"| {' | '.join(map(_unmarked, cells))} |")
    return "\n".join(lines)


def _unmarked(text):
    return _MARKS.sub(lambda match: f"\\{match[0]}", text)


def as_frame(rules, leaves):
    """A frame with one row for each rule.

    Parameters
    ----------
    rules : list of Rule
        Of a tree.
    leaves : Leaves
        Of the tree.

    Returns
    -------
    pandas.DataFrame
        With ``conditions``, answers, ``share`` and ``n``; its index is the leaf's number.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            'format="frame" is one of pandas, which is not installed: pip install pandas, '
            'or take format="json".'
        ) from error
    columns = {"conditions": [_conditions(rule) for rule in rules]}
    columns |= _answers(np.array([rule.value for rule in rules]), leaves)
    columns |= {"share": [r.share for r in rules], "n": [r.n for r in rules]}
    index = pd.Index([rule.leaf for rule in rules], name="leaf")
    return pd.DataFrame(columns, index=index)


def _answers(values, leaves):
    """Columns of answers: of classes the likeliest, and the probabilities of all."""
    if not leaves.is_class:
        if values.shape[1] == 1:
            return {"prediction": values[:, 0]}
        return {
            f"prediction_{t}": v for t, v in zip(leaves.titles, values.T, strict=True)
        }
    classes = leaves.task_classes
    several, start, labels, p = len(classes) > 1, 0, {}, {}
    for t, of in enumerate(classes):
        some = values[:, start : start + len(of)]
        start += len(of)
        end = f"_{leaves.titles[t]}" if several else ""
        labels[f"prediction{end}"] = of[some.argmax(axis=1)]
        if leaves.is_multilabel:
            p[f"probability{end}"] = some[:, 1]
            continue
        names = of.tolist() if several else leaves.titles
        p |= {
            f"probability{end}_{n}": each for n, each in zip(names, some.T, strict=True)
        }
    return labels | p


def as_json(student, rules):
    """The rules in full, as JSON, which predicts what the tree predicts.

    Parameters
    ----------
    student : estimator
        The tree, or what holds it.
    rules : list of Rule
        Its rules.

    Returns
    -------
    str
        With the proof.
    """
    predictor = predictor_of(student)
    content = rules_content(predictor)
    said = {rule.leaf: rule for rule in rules}
    for each in content["rules"]:
        rule = said[each["leaf"]]
        each |= {"share": rule.share, "n": rule.n, "text": _line(rule)}
    engine = NumpyEngine(RulePredictor(content), predictor)
    content["proof"] = proven(engine, student, predictor)
    return rules_text(content)
