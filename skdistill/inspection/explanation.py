"""One row's way through a tree, or what speaks for the answer of another model."""

import numpy as np
from sklearn.base import is_classifier

from ..tasks.priors import shifted
from .arguments import as_count
from .contributions import Spoken
from .questions import quietly
from .readable import readable
from .rows import held_by
from .wording import Leaves, questions_of
from .words import AskedText


@quietly
def explain(
    tree, x, *, feature_names=None, class_names=None, max_terms=3, digits=3
) -> str:
    """Tell why a fitted tree, soft or hard, or a net answers as it does for one row.

    Of students and other models that take texts it tells which words speak most.

    The path is the greedy one, at each gate the likelier side, or with
    ``inference="leaf"`` that to the likeliest leaf. For each gate of a soft
    tree the text gives its question, how sure the gate is, and the terms that speak most
    for the side that is taken, each with its part of the log odds (against the column's
    mean, where the view centres it). For a hard tree it gives the question and the row's
    value, where that says more. The words are those of :func:`export_text`; a long
    threshold of one of scikit-learn's trees has as many digits as tell it from the row's
    value. Then comes
    the leaf, and, where a soft tree predicts by its mixture, what the mixture says;
    after ``adjust_class_prior``, what the tree predicts now.

    A net has no path. The text goes from its answer for the average of the training rows
    to that for this row, and says what each column adds on the straight way there:
    the integral of the answer's slope [1]_. For classes these are log odds, of two classes
    of the second one, of more of the likeliest; for values they are in the unit of y. All
    lines together add up to the answer. They tell what the net does, and not what the
    columns cause.

    Of a text each word is removed by itself [2]_, and the text says by how much the answer
    is less without it, in log odds or in the unit of y, as for nets; and beside it, where
    the student has kept its teacher, how much less the teacher's answer is. As words speak
    together, these do not add up. A word in several places is removed from one at a time.
    Of more than some 500 words, and of very long texts, several in a row are removed at
    once. Probabilities below 1e-7 count as so much.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted; or another student with a tree, or a pipeline, as in :func:`export_text`;
        or a NeuralStudentClassifier or NeuralStudentRegressor; or a
        TextStudentClassifier or TextStudentRegressor, or any classifier or regressor
        of texts, such as a pipeline that starts with a TfidfVectorizer.
    x : frame of one row, array-like of shape (n_features,) or (1, n_features), or str
        The row; or a text, alone or in a list, array, Series or frame, or a pair of
        texts. A tree that takes texts has a path, of a text too.
    feature_names : array-like of str of shape (n_features,), default=None
        As in :func:`export_text`; words have no other names.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_terms : int or None, default=3
        Number of terms of a soft gate, of columns of a net, or of words, that are shown.
    digits : int, default=3
        Significant digits; log odds of a net have one less after the point.

    Returns
    -------
    str
        A line for each node of the path, or for each column of a net, or for each word,
        and one or two for the answer.

    Raises
    ------
    TypeError
        If there is no tree, no net and no model of texts.
    ValueError
        If `x` is not one row.

    References
    ----------
    .. [1] Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks, 2017.
    .. [2] Li, Monroe, Jurafsky: Understanding Neural Networks through Representation
       Erasure, 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, explain
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(iris.data, iris.target)
    >>> names = ["sl", "sw", "pl", "pw"]
    >>> print(explain(tree, iris.data[60], feature_names=names))
    pl > 2.5, because pl = 3.5
    pw <= 1.75, because pw = 1
    leaf 3: class 1: 90.7 %, class 2: 9.3 %, 1 other < 0.1 %  (36 % of rows, n = 54)

    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> texts, liked = ["a fine film", "fine acting", "a dull film"], ["yes", "yes", "no"]
    >>> words = make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, liked)
    >>> print(explain(words, "fine, but dull", max_terms=2))
    this text:     yes 62.8 %, log odds 0.52
    dull:          -0.98, against yes
    fine:          +0.81, for yes
    1 other word:  at most 0.00
    By so much the answer is less without the word: what the model does, and no cause.
    """
    max_terms = as_count("max_terms", max_terms, none=True)
    of_text = AskedText.of(tree, x)
    if of_text is not None:
        return "\n".join(of_text.lines(class_names, max_terms, digits))
    read = readable(tree, nets=True)
    tree, row = read.student, read.row(x)
    z = np.asarray(tree._view(row), dtype=np.float64)
    if len(z) != 1:
        raise ValueError(f"x has {len(z)} rows: give one, such as X[:1].")
    if not hasattr(tree, "node_mass_"):
        spoken = Spoken(tree, row, z[0], feature_names, class_names, digits)
        return "\n".join(spoken.lines(max_terms))
    inference = getattr(tree, "inference", "path")
    end = int(tree.apply(row)[0]) if inference == "leaf" else None
    gates = questions_of(tree, feature_names, max_terms, digits)
    leaves = Leaves(tree, gates.leaves, class_names, digits)
    lines, node = [], 0
    # The path follows the exact numbers; only the text is rounded.
    held = held_by(tree, row)
    for gate, node, reasons in gates.evidence(z[0], held, end):
        side = gates.side_for(gate, node, z[0], held)
        lines.append(", ".join([side, *reasons]))
    lines.append(f"leaf {node}: {leaves.describe(node)}")
    if inference == "mixture":
        lines.append(f"all leaves together: {leaves.prediction(_answer(tree, row))}")
    if getattr(tree, "_class_shift", None) is not None:
        answer = leaves.prediction(_answer(tree, row, adjusted=True))
        lines.append(f"after adjust_class_prior: {answer}")
    return "\n".join(lines)


def _answer(tree, row, adjusted=False):
    if is_classifier(tree):
        log_p = tree._log_probabilities(row)
        return np.exp(shifted(log_p, tree._class_shift) if adjusted else log_p)[0]
    return np.atleast_1d(np.asarray(tree.predict(row))[0])
