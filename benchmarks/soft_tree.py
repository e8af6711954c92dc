"""Soft decision trees and what they harden into, beside neural-trees and CART.

Sets, splits, teacher (the mean of LightGBM, XGBoost, a random forest and extremely
randomised trees) and drawn rows are those of ``benchmarks.gain``, but for the training
rows: at most 4,000, so at most 96,000 drawn ones. Depth 6, or 64 leaves;
labels: 50 epochs, distilled: 100. A line that begins with ``...`` is the distilled tree
with one thing changed; with ``---``, the hardened one. Accuracy on test rows that chose
nothing, of the mixture and of the greedy path, which the text shows; points are mean
differences to the unchanged tree, paired by split.

Hard trees have at most 32 leaves. CART is tuned (``min_samples_leaf``, ``ccp_alpha``) on
validation rows, on labels and on the teacher's answers for the same rows as ours; an
optimal tree of depth 4 (pystreed) is searched for in at most ten minutes, where that is
enough.
What is changed or left out alone is shown on four sets; of the search for hard trees, on
two. Four levers were measured, gained nothing beyond noise, and were removed (points of
mixture / path): ``beta="learned"`` +.16 / -.21, ``beta=(1, 4)`` -.64 / -.34,
``entropy_penalty=0.02`` -.02 / +.23, ``gate="smooth_step"`` +.03 / -.11,
``gate="straight_through"`` -3.45 / -1.75, and ``path_teacher="mixture"`` -.10 / +.03
against ``objective=0.3`` alone.

MNIST: 3 seeds, changes of the first, depth 8, see ``benchmarks._soft_tree_images``. Cells
(set, split, arm) are kept in ``SKDISTILL_CACHE`` (default ``.cache``) and not computed
again.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import contextlib
import copy
import inspect
import itertools
import time
import warnings
from functools import cache, cached_property, partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from neural_trees import SoftDecisionTree as NeuralTreesTree
from pystreed import STreeDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from benchmarks import _soft_tree_images as mnist
from benchmarks import _soft_tree_speed as speed
from benchmarks import gain
from benchmarks._report import arguments, report, rounded
from benchmarks.tables import hand_made
from skdistill import FixedRows, SoftDecisionTreeClassifier, soft_targets
from skdistill.learners.hard_tree import learner
from skdistill.learners.hard_tree.search import Search
from skdistill.modules import SoftTree
from skdistill.students import hardening

SETS = (
    "digits",
    "wa_churn",
    "spam",
    "higgs_lightgbm",
    "adult",
    "covertype_kaggle",
    "letter_recognition",
    "connect4",
)
QUICK = SETS[:2]
ABLATED = SETS[:4]
SEARCHED = SETS[:2]
SOLVED = tuple(name for name in SETS if name not in ("digits", "letter_recognition"))
N_SPLITS = 5
MOST_ROWS = 4000
USUAL, HARDENED = ("soft tree", "teacher"), ("soft tree, hardened", "teacher")
DEPTH, N_LEAVES, N_HARD = 6, 64, 32
TAUGHT = {"max_depth": DEPTH, "max_epochs": 100}
GROWN = {"max_leaf_nodes": N_LEAVES, "max_depth": 12}
CHANGES = {
    "objective=path": {"objective": "path"},
    "objective=0.3": {"objective": 0.3},
    "objective=(0, 0.5)": {"objective": (0.0, 0.5)},
    "balance_penalty=0": {"balance_penalty": 0.0},
    "weight_decay=0": {"weight_decay": 0.0},
    "leaf=linear": {"leaf": "linear"},
    "grown": GROWN,
    "split=axis, grown": {"split": "axis", "balance_penalty": 0.01, **GROWN},
}


def as_it_is(search, root):
    """In the place of all moves."""
    return root


def no_moves(search, top):
    """In the place of some."""
    return iter(())


# What a search for a hard tree does without: names to replace, and by what.
WITHOUT = {
    "all moves after growth": [(Search, "improved", as_it_is)],
    "other limbs and twigs": [
        (Search, "_other_limbs", no_moves),
        (Search, "_other_twigs", no_moves),
    ],
    "the rounded soft tree as a start": [(hardening, "_start", lambda *args: None)],
    "a booster's thresholds": [(learner, "booster_hints", lambda *args: ())],
}


class Cell(gain.Cell):
    """One split of one set, and its trees when they are first needed."""

    most_rows = MOST_ROWS

    @cached_property
    def knowledge(self):
        """The teacher's answers for the training rows, drawn rows, answers for these."""
        drawn, _ = self.sampler().fit(self.train[0]).sample(random_state=self.seed)
        own = soft_targets(self.teacher, self.train[0])
        return own, drawn, soft_targets(self.teacher, drawn)

    def rows(self, model, rows):
        """Losses and hits (2, n) of a fitted model."""
        X, y = rows
        return np.array(gain.row_losses(model.predict_proba(X), y, False))

    def both(self, tree):
        """Losses and hits of the mixture, then of the greedy path (4, n_test)."""
        whole = self.rows(tree.set_params(inference="mixture"), self.test)
        return np.concatenate(
            [whole, self.rows(tree.set_params(inference="path"), self.test)]
        )

    def soft(self, **changed):
        """A fitted tree that learns from labels."""
        options = {"max_depth": DEPTH, "random_state": self.seed} | changed
        return SoftDecisionTreeClassifier(**options).fit(*self.train)

    def distilled(self, **changed):
        """A fitted tree that learns from the teacher."""
        own, drawn, output = self.knowledge
        tree = SoftDecisionTreeClassifier(
            self.teacher,
            transfer=FixedRows(drawn, output),
            random_state=self.seed,
            **(TAUGHT | changed),
        )
        return tree.fit(*self.train, teacher_output=own)

    @cached_property
    def usual(self):
        """The distilled tree that the others are compared with."""
        return self.distilled()

    def balanced_by_batches(self):
        """A distilled tree whose balance is no moving average."""
        alone = lambda self, gate, right: (gate, right / gate.clamp(min=1e-12))  # noqa: E731
        with patch.object(SoftTree, "_update_running", alone):
            return self.both(self.distilled())

    def with_leaves_of_mixture(self):
        """The distilled tree, whose leaves say on the path what they say in the mixture."""
        tree = copy.deepcopy(self.usual)
        with torch.no_grad():
            tree.module_.path_leaf.copy_(tree.module_.leaf)
        return self.both(tree)

    def pruned(self):
        """The distilled tree with half as many leaves, pruned on validation rows."""
        small = self.usual.set_params(inference="mixture").prune(
            self.val[0], max_leaf_nodes=N_LEAVES // 2, X_eval=self.test[0]
        )
        return self.both(small)

    def hardened(self, *, labels=True, cv=None, without=(), transfer=None):
        """The distilled tree as plain questions."""
        tree = self.usual
        if transfer is not None:
            tree = copy.copy(tree).set_params(transfer=transfer)
        X, y = self.train
        with contextlib.ExitStack() as stack:
            for owner, name, other in without:
                stack.enter_context(patch.object(owner, name, other))
            hard = tree.harden(
                X,
                y if labels else None,
                X_eval=self.val[0],
                max_leaf_nodes=N_HARD,
                cv=cv,
                random_state=self.seed,
            )
        return self.rows(hard, self.test)

    def neural_trees(self):
        """The peer, at its defaults and our depth, on labels."""
        X, y = self.train
        peer = NeuralTreesTree(depth=DEPTH, random_state=self.seed)
        return self.rows(make_pipeline(dense(), peer).fit(X, y), self.test)

    def cart(self, n_leaves, taught=False):
        """CART, tuned on validation rows, on labels or on the teacher's answers."""
        own, drawn, output = self.knowledge if taught else (None, None, None)
        best = None
        for setting in itertools.product(*gain.GRIDS["CART"].values()):
            cart = DecisionTreeClassifier(
                max_leaf_nodes=n_leaves, random_state=self.seed
            )
            model = gain.StudentClassifier(student=cart)
            model.set_params(**dict(zip(gain.GRIDS["CART"], setting, strict=True)))
            if taught:
                more = {"X_transfer": drawn, "transfer_output": output}
                model.fit(*self.train, teacher_output=own, **more)
            else:
                model.fit(*self.train)
            loss = self.rows(model, self.val)[0].mean()
            if best is None or loss < best[0]:
                best = loss, model
        return self.rows(best[1], self.test)

    def optimal(self):
        """An optimal tree of depth 4 on labels; NaN where ten minutes are too few."""
        X, y = self.train
        view = dense()
        solver = STreeDClassifier(
            max_depth=4, time_limit=600, cost_complexity=0.0005, n_thresholds=10
        )
        start = time.perf_counter()
        solver.fit(np.asarray(view.fit_transform(X, y)), y)
        if time.perf_counter() - start > 590:
            return np.full((2, len(self.test[1])), np.nan)
        said = solver.predict(np.asarray(view.transform(self.test[0])))
        hits = (np.ravel(said) == self.test[1]).astype(float)
        return np.array([np.full(len(hits), np.nan), hits])


def dense():
    """The hand-made encoding as a dense array."""
    view = hand_made()
    return view.set_params(sparse_threshold=0.0)


def arms(cell, name, seed, quick):
    """Name, on what it learns, what its result depends on, and how to get it."""
    yield "teacher", "labels", (), lambda: cell().teacher_row()
    soft = {"max_depth": DEPTH}
    yield "soft tree", "labels", soft, lambda: cell().both(cell().soft())
    grown = lambda: cell().both(cell().soft(**GROWN))  # noqa: E731
    yield "soft tree, grown", "labels", GROWN, grown
    yield "neural-trees", "labels", DEPTH, lambda: cell().neural_trees()
    yield "CART, as many leaves", "labels", (), lambda: cell().cart(N_LEAVES)
    yield "soft tree", "teacher", TAUGHT, lambda: cell().both(cell().usual)
    for changed_name, changed in CHANGES.items():
        if not quick and name in ABLATED:
            make = partial(_changed, cell, changed)
            yield f"... {changed_name}", "teacher", TAUGHT | changed, make
    if not quick and name in ABLATED:
        make = lambda: cell().balanced_by_batches()  # noqa: E731
        yield "... balance of the batch alone", "teacher", TAUGHT, make
        make = lambda: cell().with_leaves_of_mixture()  # noqa: E731
        yield "... leaves not refitted for the path", "teacher", TAUGHT, make
    yield "... pruned to 32 leaves", "teacher", TAUGHT, lambda: cell().pruned()
    yield "soft tree, hardened", "teacher", TAUGHT, lambda: cell().hardened()
    if not quick and name in SEARCHED:
        for left_out, replaced in WITHOUT.items():
            make = partial(_hardened, cell, without=replaced)
            yield f"--- without {left_out}", "teacher", TAUGHT, make
        make = partial(_hardened, cell, labels=False)
        yield "--- without the labels' last word", "teacher", TAUGHT, make
        make = partial(_hardened, cell, cv=5)
        yield "--- with teachers of folds beside the labels", "teacher", TAUGHT, make
        make = lambda: cell().hardened(transfer=cell().sampler())  # noqa: E731
        yield "--- with more rows for leaves of few", "teacher", TAUGHT, make
    yield f"CART, {N_HARD} leaves", "labels", (), lambda: cell().cart(N_HARD)
    make = lambda: cell().cart(N_HARD, taught=True)  # noqa: E731
    yield f"CART, {N_HARD} leaves", "teacher", (), make
    if not quick and name in SOLVED:
        yield "optimal, depth 4", "labels", (), lambda: cell().optimal()


def _hardened(cell, **options):
    return cell().hardened(**options)


def _changed(cell, changed):
    return cell().both(cell().distilled(**changed))


def run(name, seed, folder, quick):
    """Of one split: {(arm, learns from): losses and hits}."""
    if name == "mnist":
        cell = cache(lambda: mnist.Images(seed))
        listed, depends = mnist.arms(cell, seed), mnist.TREE
    else:
        cell = cache(lambda: Cell(name, seed))
        made = map(inspect.getsource, (gain.make_teacher, gain.fitted_teacher))
        listed = arms(cell, name, seed, quick)
        depends = (gain.short(*made, MOST_ROWS), N_LEAVES, N_HARD)
    found = {}
    for arm, source, setting, make in listed:
        key = gain.short(arm, source, setting, depends)
        found[arm, source], _ = gain.cached(folder, (name, seed, "tree", key), make)
    return found


def table(splits):
    """Rows of the table: one for each arm, from {set: [{arm: losses and hits}]}."""
    known = [list(each[0]) for each in splits.values()]
    every = dict.fromkeys(arm for listed in known for arm in listed)
    return [_line(arm, splits) for arm in every]


def _line(arm, splits):
    """One arm: accuracy on each set, and how far it is above what it was made from."""
    line = {"tree": arm[0], "learns from": arm[1]}
    here = {name: each for name, each in splits.items() if arm in each[0]}
    for name in splits:
        found = [rows[arm] for rows in here.get(name, ()) if arm in rows]
        line[name] = _scores(found) if found else ""
    usual = HARDENED if arm[0].startswith("---") else USUAL
    for place, what in ((1, "points"), (3, "points, path")):
        gaps = [
            100
            * np.mean(
                [rows[arm][place] - rows[usual][place] for rows in each if arm in rows]
            )
            for each in here.values()
            if arm[0][:3] in ("...", "---") and len(each[0][arm]) > place
        ]
        line[what] = f"{np.mean(gaps):+.2f}" if gaps else ""
    return line


def _scores(found):
    """Accuracy in per cent with its spread over the splits; of a soft tree, two."""
    parts = []
    for place in range(1, found[0].shape[0], 2):
        scores = 100 * np.array([rows[place].mean() for rows in found])
        spread = f" ({scores.std(ddof=1):.1f})" if len(scores) > 1 else ""
        parts.append(f"{scores.mean():.1f}{spread}")
    return " / ".join(parts)


def aims(splits):
    """What the aims ask, set by set: paired differences in points."""
    rivals = [(f"CART, {N_HARD} leaves", source) for source in ("labels", "teacher")]
    rivals.append(("optimal, depth 4", "labels"))
    for title, ours, theirs in (
        ("distilled over labels", USUAL, [("soft tree", "labels")]),
        (
            "labels over neural-trees",
            ("soft tree", "labels"),
            [("neural-trees", "labels")],
        ),
        ("distilled over neural-trees", USUAL, [("neural-trees", "labels")]),
        ("hardened over the best of CARTs", HARDENED, rivals),
    ):
        cells = [
            f"{name} {_over(each, ours, theirs)}"
            for name, each in splits.items()
            if ours in each[0]
        ]
        yield f"{title}: " + ", ".join(cells)


def _over(found, ours, theirs):
    """The mean difference from the best of some arms, with twice its standard error."""
    present = [arm for arm in theirs if all(arm in rows for rows in found)]
    gaps = [
        100 * np.array([rows[ours][1].mean() - rows[arm][1].mean() for rows in found])
        for arm in present
    ]
    least = min(gaps, key=lambda gap: np.inf if np.isnan(gap).any() else gap.mean())
    error = (
        f" +- {2 * least.std(ddof=1) / len(least) ** 0.5:.1f}" if len(least) > 1 else ""
    )
    return f"{least.mean():+.1f}{error}"


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "soft_tree"
    names = QUICK if quick else (*SETS, "mnist")
    splits = {name: [] for name in names}
    for seed in range(1 if quick else N_SPLITS):
        for name in names:
            if name != "mnist" or seed < mnist.N_SEEDS:
                splits[name].append(run(name, seed, folder, quick))
    notes = list(aims(splits))
    notes += [] if quick else speed.notes()
    title = (
        "Soft trees: accuracy on test rows, of the mixture / of the greedy path, in per "
        "cent (spread over the splits)"
    )
    rows = [
        {k: rounded(v) if isinstance(v, float) else v for k, v in row.items()}
        for row in table(splits)
    ]
    report("soft_tree", title, rows, save=not quick, notes=notes)


if __name__ == "__main__":
    main()
