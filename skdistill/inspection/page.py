"""A fitted tree as a page of its own, on which a row can be followed."""

import html
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..tables.terms import in_one_line
from .nodes import nodes_of
from .page_rows import Rows, sees_columns
from .questions import quietly
from .readable import readable
from .text import export_text
from .wording import Leaves, questions_of

_LARGEST = 1 << 20  # letters of a page that a notebook takes with each output
_FRAME = "width: 100%; height: 600px; border: 1px solid #8886"


def export_html(
    tree,
    path=None,
    *,
    feature_names=None,
    class_names=None,
    max_terms=2,
    digits=3,
    title=None,
):
    """Write a fitted decision tree, soft or hard, as a page for a browser.

    The page is one file that asks nothing of any host, and none of the training rows is
    in it. It draws the tree, folds and unfolds subtrees, searches a column, and shows
    what each node knows. Whoever types in a row, or pastes one, sees its way and the
    answer; a slider moves a value, and the answer with it. What the page computes is what
    ``predict_proba`` returns, or ``predict`` of a regressor. Of a soft tree the edges show
    how much of the row flows where. Keys, phones, print, and dark screens are seen to.

    Of each column that is asked about, the page holds the median and the central 98 % of
    its values, rounded, as a slider's start and range; of a column of categories the
    frequent ones.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted; or another student with a tree, or a pipeline, as in :func:`export_text`.
    path : str or path, default=None
        File to be written; None to return the page.
    feature_names : array-like of str of shape (n_features,), default=None
        As in :func:`export_text`.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_terms : int or None, default=2
        As in :func:`export_text`.
    digits : int, default=3
        Significant digits in the questions of a soft tree, as in :func:`export_text`.
    title : str, default=None
        Heading of the page; the tree's class by default.

    Returns
    -------
    str or None
        The page, where `path` is None.

    Raises
    ------
    ValueError
        If the number of names is not that of columns or classes.

    See Also
    --------
    export_text : The tree as text.
    plot_tree : The tree as a picture.

    Notes
    -----
    With a transformer of your own as ``preprocessor``, and of a pipeline, the page takes
    rows as the transformers return them. In a notebook, a fitted tree shows its page below
    scikit-learn's diagram; ``sklearn.utils.estimator_html_repr(tree)`` is the diagram
    alone.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export_html
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(iris.data, iris.target)
    >>> page = export_html(tree, feature_names=iris.feature_names)
    >>> page.splitlines()[0]
    '<!doctype html>'
    """
    read = readable(tree)
    tree = read.student
    names = {"feature_names": feature_names, "class_names": class_names}
    terms = {"max_terms": max_terms, "digits": digits}
    data = _data(tree, **names, **terms)
    data["facts"] = _facts(read)
    title = type(tree).__name__ if title is None else in_one_line(title)
    parts = {
        "title": html.escape(title),
        "style": asset("theme.css") + asset("page.css"),
        "script": asset("predictor.js") + asset("page.js"),
        "text": html.escape(export_text(tree, **names, **terms)),
        # So that no name ends the script or begins a comment.
        "data": json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
    }
    # In one pass: what a name says is no place for another part.
    page = re.sub(r"\{\{(\w+)\}\}", lambda m: parts[m[1]], asset("page.html"))
    if path is None:
        return page
    Path(path).write_text(page, encoding="utf-8")
    return None


@cache
def asset(name):
    """Return a file of this folder, as every page of it has it.

    Parameters
    ----------
    name : str
        Such as "theme.css", the colours that pages of all kinds share.

    Returns
    -------
    str
        Its text.
    """
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


class ShownAsPage:
    """A fitted tree that notebooks show as a page, below scikit-learn's diagram."""

    def _repr_html_inner(self):
        return _with_page(self, super()._repr_html_inner())

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:  # not with set_config(display="text")
            bundle["text/html"] = _with_page(self, bundle["text/html"])
        return bundle


def _with_page(tree, diagram):
    try:
        check_is_fitted(tree)
    except NotFittedError:
        return diagram
    page = export_html(tree)
    if len(page) > _LARGEST:
        return f"{diagram}<p>Its page is large: export_html(tree, 'tree.html').</p>"
    return diagram + framed(page, "The fitted tree")


def framed(page, title):
    """Return a page as notebooks show it, in a frame.

    Parameters
    ----------
    page : str
        HTML.
    title : str
        What the frame is called.

    Returns
    -------
    str
        HTML; the page is a document of its own: neither it nor the notebook can style, or
        ask, the other.
    """
    # Else its links to places of its own would lead into the notebook.
    page = page.replace("<head>", '<head><base href="about:srcdoc">', 1)
    return (
        f'<iframe srcdoc="{html.escape(page)}" title="{html.escape(title)}" '
        f'sandbox="allow-scripts" style="{_FRAME}"></iframe>'
    )


@quietly
def _data(tree, feature_names, class_names, max_terms, digits):
    """All that the page knows, as JSON has it."""
    nodes = nodes_of(tree, feature_names, class_names, max_terms, None, digits)
    questions = questions_of(tree, feature_names, max_terms, digits)
    leaves = Leaves(tree, questions.leaves, class_names, digits)
    rows = Rows(tree, questions.names)
    asked = rows.asked(max_terms)
    return {
        **_answers(leaves, class_names),
        **rows.as_json(),
        "nodes": [_node(node, questions, asked, leaves) for node in nodes],
    }


def _node(node, questions, asked, leaves):
    """What the page shows of a node."""
    number = node.number
    labels = leaves.labels
    return {
        "number": number,
        "depth": node.depth,
        "children": list(node.children),
        "question": [side for side, _ in questions.sides(number)],
        "note": questions.note(number) if node.children else "",
        "columns": asked.get(number, []),
        "value": [_short(value) for value in node.value],
        "labels": None
        if labels is None
        else [_short(value) for value in labels[number]],
        "rows": int(leaves.counts[number]),
        "fidelity": None
        if leaves.fidelity is None
        else _short(leaves.fidelity[number]),
        "mass": _short(node.mass),
    }


def _short(value):
    """A number to be shown; what the page computes has numbers of its own, in full."""
    return float(f"{value:.9g}") if np.isfinite(value) else None


def _answers(leaves, given):
    """What an answer's numbers are about: groups of them, with a label for each."""
    if leaves.classes is not None:
        pairs = zip(leaves.titles, leaves.classes, strict=True)
        groups = [{"name": name, "labels": labels} for name, labels in pairs]
        return {"kind": "classes", "groups": groups}
    kind = "classes" if leaves.is_class else "values"
    kind = "labels" if leaves.is_multilabel else kind
    is_one = kind == "values" and len(leaves.titles) == 1 and given is None
    labels = ["value"] if is_one else leaves.titles
    return {"kind": kind, "groups": [{"name": None, "labels": labels}]}


def _facts(read):
    """Remarks about the whole tree."""
    tree, facts = read.student, []
    fidelity = vars(tree).get("fidelity_")
    if fidelity is not None and "agreement" in fidelity["after"]:
        share, auc = 100 * fidelity["after"]["agreement"], fidelity["after"]["auc"]
        ranks = "" if np.isnan(auc) else f" (AUC to its decisions {auc:.3f})"
        facts.append(
            f"agrees with its teacher{ranks} on {share:.3g} % of {fidelity['rows']}"
        )
    before = [each for steps in read.steps for _, each in steps.steps]
    before += [] if sees_columns(tree) else [tree.preprocessor_]
    if before:
        names = ", ".join(type(each).__name__ for each in before)
        facts.append(f"columns as {names} return{'s' * (len(before) < 2)} them")
    if vars(tree).get("_class_shift") is not None:
        facts.append("answers are those after adjust_class_prior, leaves those before")
    return facts
