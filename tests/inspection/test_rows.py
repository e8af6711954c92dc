"""A row that a user names, in any form, and others like it."""

import pandas as pd

from skdistill.inspection.rows import varied


def test_ordered_levels_keep_their_order_where_they_are_varied():
    levels = ["low", "mid", "high"]
    X = pd.DataFrame({"c": pd.Categorical(levels, levels, ordered=True)})
    rows = varied(X[:1], 0, ["high", "top"])
    assert rows["c"].cat.ordered
    assert rows["c"].cat.categories.tolist() == [*levels, "top"]
