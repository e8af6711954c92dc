"""Names that are hard to write, and trees whose columns have them."""

import numpy as np
import pandas as pd

from skdistill import HardDecisionTreeClassifier, SoftDecisionTreeClassifier

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 2))
Y = (X[:, 0] > 0).astype(int)  # the first column is asked about, and decides
LONG = "".join("abcdefghij"[i % 10] for i in range(200))
AS_THEY_ARE = [
    "price_$_vs_$",
    "US$ to A$",
    "$x^{2",
    "C:\\new \\alpha",
    "a \"b\" 'c'",
    "<b>R&D</b> &lt; {x|y} 100%",
    "e\u0301te\u0301",
    "family \U0001f468\u200d\U0001f469",
    "a\u00a0b",
    "\u05de\u05d7\u05d9\u05e8",
    LONG,
]
WRITTEN = {
    "": "''",
    " ": "' '",
    "a\nb\tc": r"a\nb\tc",
    "a\u2028b": r"a\u2028b",
    "\u202eab": r"\u202eab",
    "40": "'40'",
}


def hard(names, y=Y):
    frame = pd.DataFrame(X)
    frame.columns = names
    return HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(
        frame, y
    ), frame


def soft(names, y=Y, **params):
    frame = pd.DataFrame(X)
    frame.columns = names
    tree = SoftDecisionTreeClassifier(
        max_depth=1, max_epochs=1, random_state=0, **params
    )
    return tree.fit(frame, y), frame
