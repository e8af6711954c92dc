"""A tree of three leaves, and of 46 classes."""

import numpy as np

from skdistill import HardDecisionTreeClassifier

#: In each of three groups of 200 rows: one class of its own has some 120, another some 40,
#: and forty that all groups share have one each.
X = np.repeat(np.arange(3.0), 200)[:, None]
Y = np.concatenate(
    [
        np.repeat([k, 3 + k, *range(6, 46)], [124 - k, 36 + k, *[1] * 40])
        for k in range(3)
    ]
)


def many_classes():
    """Return the tree, fitted."""
    return HardDecisionTreeClassifier(max_leaf_nodes=3, random_state=0).fit(X, Y)
