"""A hard tree as a list of rules in JSON, from which numpy alone predicts."""

import json

import numpy as np

from .labels import check_labels
from .plain_tree import Labels, leaf_answers, plain_tree
from .predictor import _Plain, _Table

FORMAT = "skdistill rules 1"
_GAP, _OTHER = -1, -2  # codes of what is none of the known categories


def rules_content(predictor):
    """The rules of a hard tree, in full.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the tree.

    Returns
    -------
    dict
        Lists, numbers and strings, for JSON. A rule's conditions are about one column
        each: ``above < x <= at_most``, or categories, and whether `gap` and, of categories,
        `others` meet it. A row meets the conditions of one rule.

    Raises
    ------
    TypeError
        If the predictor is of no hard tree.
    """
    meta, arrays = predictor.meta, predictor.arrays
    if meta["model"]["kind"] != "hard_tree":
        raise TypeError(
            f"Rules in full are those of a hard tree, and {meta['student']} is none: "
            "harden a soft tree before."
        )
    check_labels(predictor, "JSON")
    tree = plain_tree(predictor)
    said = leaf_answers(predictor, arrays["values"], predictor._model._p)
    names = meta["names"] or meta["view"].get("shown") or [None] * len(tree.whole)
    classes = [arrays[f"classes_{i}"] for i in range(len(meta["widths"]))]
    classes = [of.tolist() for of in classes]
    return {
        "format": FORMAT,
        "student": meta["student"],
        "names": meta["names"],
        "takes_numbers_only": meta["view"]["kind"] == "plain",
        "columns": [
            _column(names[j], whole, j in tree.as_text)
            for j, whole in sorted(tree.whole.items())
        ],
        "classes": classes,
        "is_classifier": meta["is_classifier"],
        "is_multilabel": meta["is_multilabel"],
        "is_flat": meta["is_flat"],
        "rules": [_rule(leaf, said, classes, names) for leaf in tree.leaves],
    }


def _column(name, whole, as_text):
    if isinstance(whole, Labels):
        known = list(whole.known)
        return {"name": name, "categories": known, "as_text": as_text, "gap": True}
    return {"name": name, "gap": whole.gap}


def _rule(leaf, said, classes, names):
    at = leaf.number
    rule = {
        "leaf": at,
        "conditions": [_condition(j, names[j], leaf.box[j]) for j in sorted(leaf.box)],
    }
    numbers = said.numbers[at].tolist()
    if said.labels is None:
        return rule | {"values": numbers}
    places = said.labels[at].tolist()
    labels = [of[k] for of, k in zip(classes, places, strict=True)]
    return rule | {"labels": labels, "probabilities": numbers}


def _condition(j, name, inside):
    about = {"column": j, "name": name}
    if isinstance(inside, Labels):
        about |= {"in": list(inside.known), "others": inside.others}
    else:
        ends = {"above": inside.low, "at_most": inside.high}
        about |= {end: x for end, x in ends.items() if np.isfinite(x)}
        if inside.low >= inside.high:  # a gap, and no number
            about |= {"above": 0.0, "at_most": 0.0}
    return about | {"gap": inside.gap}


def rules_text(content):
    """The rules as JSON, one line for each.

    Parameters
    ----------
    content : dict
        From :func:`rules_content`.

    Returns
    -------
    str
        Numbers have all their digits.
    """
    lines = []
    for key, value in content.items():
        if key != "rules":
            lines.append(f"  {json.dumps(key)}: {_dumped(value)}")
            continue
        rules = ",\n".join(f"    {_dumped(rule)}" for rule in value)
        lines.append(f'  "rules": [\n{rules}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _dumped(value):
    return json.dumps(value, allow_nan=False)


class RulePredictor:
    """Rules that predict as the tree does from which they come.

    Parameters
    ----------
    content : dict
        From :func:`rules_content`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        Of a classifier; a list for several targets.
    n_features_in_ : int
        Number of columns of the rows.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where training rows had some.
    meta : dict
        The content.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export_rules
    >>> from skdistill.export import load
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> rules = load(export_rules(tree, format="json"))
    >>> rules.predict(X[::60])
    array([0, 1, 2])
    """

    def __init__(self, content):
        if content.get("format") != FORMAT:
            raise ValueError(
                f"The JSON has format {content.get('format')!r}, and this reader knows "
                f"{FORMAT!r}: it takes what export_rules has written."
            )
        self.meta, self._columns = content, content["columns"]
        self.n_features_in_ = len(self._columns)
        if content["names"] is not None:
            self.feature_names_in_ = np.array(content["names"], dtype=object)
        self._view = self._make_view(content)
        self._rules = [self._read(rule["conditions"]) for rule in content["rules"]]
        self._targets = [np.array(each) for each in content["classes"]]
        answers = "probabilities" if content["is_classifier"] else "values"
        self._numbers = np.array([rule[answers] for rule in content["rules"]])
        if content["is_classifier"]:
            several = len(self._targets) > 1
            self.classes_ = self._targets if several else self._targets[0]
            if content["is_multilabel"]:
                self.classes_ = np.arange(len(self._targets))
            labels = zip(*(rule["labels"] for rule in content["rules"]), strict=True)
            self._labels = [np.array(each) for each in labels]

    def __repr__(self):
        return f"RulePredictor({self.meta['student']}, {len(self._rules)} rules)"

    def predict(self, X) -> np.ndarray:
        """Predict the label of each row's rule, or its values.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the tree takes them; a frame, or a dict of columns, by name.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
            Labels, or values in the unit of the targets.
        """
        rule = self.apply(X)
        if not self.meta["is_classifier"]:
            values = self._numbers[rule]
            return values[:, 0] if self.meta["is_flat"] else values
        labels = [each[rule] for each in self._labels]
        return np.column_stack(labels) if len(labels) > 1 else labels[0]

    def predict_proba(self, X):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the tree takes them; a frame, or a dict of columns, by name.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            As the tree returns them.
        """
        if not self.meta["is_classifier"]:
            raise AttributeError(
                "predict_proba is for classifiers, and this predicts values."
            )
        p = self._numbers[self.apply(X)]
        if self.meta["is_multilabel"] or len(self._targets) == 1:
            return p
        return np.split(p, np.cumsum(list(map(len, self._targets)))[:-1], axis=1)

    def apply(self, X) -> np.ndarray:
        """Return which rule each row meets.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the tree takes them; a frame, or a dict of columns, by name.

        Returns
        -------
        ndarray of shape (n,)
            Places in ``meta["rules"]``.

        Raises
        ------
        ValueError
            If X holds what the tree refuses, or the rules are not whole.
        """
        rows = self._view.rows(X, self.n_features_in_, self.meta["names"])
        self._view(rows)  # it refuses infinity, and gaps where training had none
        found = np.full(len(rows), -1)
        for i, conditions in enumerate(self._rules):
            meets = np.ones(len(rows), dtype=bool)
            for column, is_met in conditions:
                meets &= is_met(rows[:, column])
            found[meets] = i
        if (found < 0).any():
            raise ValueError(
                f"Row {(found < 0).argmax()} of X meets no rule: the JSON is not as "
                "export_rules has written it."
            )
        return found

    def _make_view(self, content):
        """What reads rows: numbers, and categories as places among the known ones."""
        if content["takes_numbers_only"]:
            return _Plain({}, {})
        names = [each["name"] for each in self._columns]
        labelled = [j for j, each in enumerate(self._columns) if "categories" in each]
        numbers = [j for j in range(len(names)) if j not in labelled]
        meta = {
            "columns": numbers,
            "gaps": [],
            "tails": [],
            "empty": [False] * len(numbers),
            "labels": [self._labels_of(j) for j in labelled],
            "shown": None if None in names else names,
            "is_scaled": False,
            "takes_gaps": all(self._columns[j]["gap"] for j in numbers),
        }
        arrays = {
            "view_center": None,
            "view_inverse_scale": None,
            "view_filling": np.zeros(len(numbers)),
        }
        return _Table(meta, arrays)

    def _labels_of(self, j):
        known = self._columns[j]["categories"]
        return {
            "column": j,
            "bins": [[category, i] for i, category in enumerate(known)],
            "as_text": self._columns[j]["as_text"],
            "neutral": _OTHER,
            "gap": _GAP,
            "other": _OTHER,
            "shown": [],
            "unseen": [],
        }

    def _read(self, conditions):
        """Each condition as a function of a column."""
        return [(each["column"], self._function(each)) for each in conditions]

    def _function(self, condition):
        gap = condition["gap"]
        if "in" in condition:
            known = self._columns[condition["column"]]["categories"]
            codes = [known.index(category) for category in condition["in"]]
            codes += [_GAP] * gap + [_OTHER] * condition["others"]
            # By places, from -2 on: `isin` takes ten times as long for a single row.
            is_met = np.zeros(len(known) + 2, dtype=bool)
            is_met[np.array(codes, dtype=int) - _OTHER] = True
            return lambda values: is_met[values.astype(int) - _OTHER]
        low = condition.get("above", -np.inf)
        high = condition.get("at_most", np.inf)
        return lambda x: ((x > low) & (x <= high)) | (np.isnan(x) if gap else False)


def read_rules(text):
    """Read rules from JSON.

    Parameters
    ----------
    text : str
        From ``export_rules(tree, format="json")``.

    Returns
    -------
    RulePredictor
        Ready to predict.

    Raises
    ------
    ValueError
        If it is something else.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"The JSON is cut off, or none ({error}): take what export_rules has written, "
            "whole."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(
            "The JSON holds no rules: it takes what export_rules has written."
        )
    try:
        return RulePredictor(content)
    except KeyError as error:
        raise ValueError(
            f"The JSON lacks {error}: take what export_rules has written, whole."
        ) from error
