"""Students that are trained in no time, for searches."""

import threading

from sklearn.ensemble import RandomForestClassifier

from skdistill import SoftDecisionTreeClassifier

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 4, "random_state": 0}
NUMBERS = {"temperature": [1.0, 3.0], "alpha": [0.5, 1.0], "lr": [0.01, 0.003]}


def own_threads():
    return {t for t in threading.enumerate() if t.name != "tqdm_monitor"}


def forest():
    return RandomForestClassifier(5, random_state=0)


def tree(**options):
    return SoftDecisionTreeClassifier(
        forest(), max_depth=3, max_epochs=4, random_state=0, **options
    )
