"""Hard trees of 8, 16 and 32 leaves, beside other models that people read.

Nine sets, five splits; three sets are *kept aside*: nothing was chosen on them. Sets,
splits and the teacher (the mean of LightGBM, XGBoost, a random forest and extremely
randomised trees) are those of ``benchmarks.gain``, but for the training rows: at most
4,000. All that learn from the teacher see the same answers, about the training rows and
24 drawn rows for each. Ours has its defaults and no other rows. Peers have help: what
CART on the teacher's answers is tuned on, and how far answers without a floor are mixed
with the shares of the classes, are the labels of validation rows, which ours never sees.

*CART, labels*: tuned (``criterion``, ``min_samples_leaf``), pruned (``ccp_alpha``) and its
leaves smoothed by cross-validation on log loss. *CART, teacher*: a tree for several values
on the probabilities, or one by entropy on labels drawn from them, tuned; its leaves say
the mean answer. *FIGS*: as many splits as the tree has, its sums cut to probabilities.
*HSTree*: ``HSTreeClassifierCV``. *Trustee*: ``ClassificationTrustee`` on the training and
the drawn rows, 10,000 at a time, 20 trees a round, all branches of the one it prefers.
*STreeD*: optimal for accuracy, depth 4, five quantiles a column, where 20 seconds are
enough. *EBM*: on labels, on the raw frame, with pairs of columns where there are two
classes. Peers are those of the extra ``peers``; one that is not installed has no figures,
and a line says so.

Accuracy and fidelity (agreement with the teacher) are in per cent, AUC is the mean over
classes of one against the rest, all on test rows that chose nothing. Seconds are those of
all that it takes from the answers of the teacher to a fitted model, tuning included, on
one thread; they are to be compared where ``--jobs`` is 1. Gain recovered = (CART, labels -
student) / (CART, labels - teacher) in log loss. A lead is positive where ours is better.

The teacher's answers (``SET_SPLIT.joblib``) and the figures of each set, split and model
are kept in ``--cache``, as they come, and not computed again: an interrupted run goes on
where it was. Ours is computed again after any change of the library, a peer after a change
of its version or of its function here; delete the answers when the teacher changes.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hashlib
import importlib
import inspect
import itertools
import json
import time
import warnings
from collections import Counter
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import torch
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import skdistill
from benchmarks import _hard_tree_speed as speed
from benchmarks import gain
from benchmarks._report import arguments, report, rounded
from skdistill import FixedRows, HardDecisionTreeClassifier, soft_targets
from skdistill.tables import TableView

CHOSEN_ON = (
    "wa_churn",
    "higgs_lightgbm",
    "adult",
    "covertype_kaggle",
    "digits",
    "letter_recognition",
)
ASIDE = ("spam", "mlc_churn", "connect4")
QUICK = ("wa_churn", "digits")
SIZES = (8, 16, 32)
N_SPLITS = 5
# How each is better: the larger, or the smaller.
MEASURES = {"accuracy": 1, "log loss": -1, "AUC": 1, "fidelity": 1}
BEHIND = {"log loss": 0.003, "accuracy": 0.3}  # more than this is clearly behind
MACRO = {"average": "macro", "multi_class": "ovr"}
SPENT = ("CPU seconds", "seconds")
OURS, CARTS = "ours", ("CART, labels", "CART, teacher")

GRID = {
    "criterion": ("gini", "entropy"),
    "min_samples_leaf": (1, 5, 20, 50),
    "ccp_alpha": (0.0, 3e-4, 2e-3),
}
GRID_TAUGHT = {"min_samples_leaf": (20, 400)}
SMOOTHED = (0.1, 0.3, 1.0, 3.0, 10.0)  # rows of the classes' shares, added to a leaf
MIXED = (1e-6, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1)  # part of the classes' shares
N_TRUSTEE, N_ROUNDS = 10_000, 20  # rows of a tree, and trees from which one is taken
DEPTH_OPTIMAL, MOST_SECONDS = 4, 20


class Cell(gain.Cell):
    """One split of one set, with its teacher."""

    most_rows = 4000

    def knowledge(self):
        """All that a student can be given, and what its test needs."""
        (X, y), taught = self.train, self.taught(self.sampler())
        return {
            "X": X,
            "y": y,
            "val": self.val,
            "test": self.test,
            "drawn": taught["X_transfer"],
            "own": taught["teacher_output"],
            "out": taught["transfer_output"],
            "p_test": soft_targets(self.teacher, self.test[0]),
        }


class Lesson:
    """One split of one set: rows, the teacher's answers, and rows as numbers."""

    def __init__(self, name, seed, folder):
        path = folder / f"{name}_{seed}.joblib"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            joblib.dump(Cell(name, seed).knowledge(), part, compress=1)
            part.rename(path)
        known = joblib.load(path)
        self.seed, self.X, self.y = seed, known["X"], known["y"]
        self.val, self.test, self.p_test = known["val"], known["test"], known["p_test"]
        self.drawn, self.own, self.out = known["drawn"], known["own"], known["out"]
        self.n_classes = self.own.shape[1]

    @cached_property
    def view(self):
        """The library's view of the table: numbers, dummies, no gaps."""
        return TableView().fit(self.X)

    @cached_property
    def x(self):
        """The training rows as numbers."""
        return self.numbers(self.X)

    @cached_property
    def taught(self):
        """Training and drawn rows as numbers, and the teacher's answers for them."""
        x = np.concatenate([self.x, self.numbers(self.drawn)])
        return x, np.concatenate([self.own, self.out])

    def numbers(self, X):
        """Rows as numbers."""
        return np.asarray(self.view.transform(X), dtype=float)

    @cached_property
    def onehot(self):
        """The labels of the training rows."""
        return np.eye(self.n_classes)[self.y]

    def loss(self, p, y):
        """Log loss of what is said about rows of labels y."""
        return log_loss(y, p, labels=range(self.n_classes))

    def mixed(self, model):
        """Its answers, mixed with the classes' shares as validation rows like it best.

        Zeros would cost it all; they are 1e-6 of these shares at least.
        """
        prior = self.onehot.mean(axis=0)

        def ask(X):
            p = np.zeros((len(X), self.n_classes))
            p[:, np.asarray(model.classes_, dtype=int)] = model.predict_proba(X)
            return np.clip(p, 0, 1) / np.clip(p, 0, 1).sum(axis=1, keepdims=True)

        X, y = self.val
        said = ask(self.numbers(X))
        share = min(MIXED, key=lambda s: self.loss((1 - s) * said + s * prior, y))
        return lambda X: (1 - share) * ask(self.numbers(X)) + share * prior


class Leaves:
    """What the leaves of a fitted scikit-learn tree say: means of some rows, smoothed."""

    def __init__(self, tree, x, targets):
        self.tree, self.prior = tree, targets.mean(axis=0)
        leaf, n = tree.apply(x), tree.tree_.node_count
        sums = [np.bincount(leaf, column, minlength=n) for column in targets.T]
        self.sums = np.column_stack(sums)

    def __call__(self, x, m):
        """Probabilities, `m` rows of the classes' shares being added to each leaf."""
        sums = self.sums[self.tree.apply(x)]
        return (sums + m * self.prior) / (sums.sum(axis=1, keepdims=True) + m)


def settings(grid):
    """All settings of a grid."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def ours(lesson, n_leaves):
    """The library's tree."""
    student = HardDecisionTreeClassifier(
        transfer=FixedRows(lesson.drawn, lesson.out),
        max_leaf_nodes=n_leaves,
        random_state=lesson.seed,
    )
    return student.fit(lesson.X, lesson.y, teacher_output=lesson.own).predict_proba


def cart_of_labels(lesson, n_leaves):
    """CART, tuned, pruned and smoothed by cross-validation."""
    x, y, onehot, losses = lesson.x, lesson.y, lesson.onehot, Counter()
    split = StratifiedKFold(5, shuffle=True, random_state=lesson.seed).split
    folds = list(split(x, y))

    def fitted(setting, rows):
        cart = DecisionTreeClassifier(
            max_leaf_nodes=n_leaves, random_state=lesson.seed, **setting
        )
        return Leaves(cart.fit(x[rows], y[rows]), x[rows], onehot[rows])

    for setting in settings(GRID):
        for rows, kept in folds:
            leaves = fitted(setting, rows)
            for m in SMOOTHED:
                key = (*setting.items(), m)
                losses[key] += lesson.loss(leaves(x[kept], m), y[kept])
    *setting, m = min(losses, key=losses.get)
    leaves = fitted(dict(setting), slice(None))
    return lambda X: leaves(lesson.numbers(X), m)


def cart_of_teacher(lesson, n_leaves):
    """CART on the teacher's probabilities, or on labels drawn from them."""
    x, p = lesson.taught
    draws = np.random.default_rng(lesson.seed).random((len(p), 1))
    drawn = (p.cumsum(axis=1) < draws * p.sum(axis=1, keepdims=True)).sum(axis=1)
    X_val, y_val = lesson.val
    x_val, best = lesson.numbers(X_val), (np.inf,)
    common = {"max_leaf_nodes": n_leaves, "random_state": lesson.seed}
    for setting in settings(GRID_TAUGHT):
        for cart, targets in (
            (DecisionTreeRegressor(**common, **setting), p),
            (DecisionTreeClassifier(criterion="entropy", **common, **setting), drawn),
        ):
            leaves = Leaves(cart.fit(x, targets), x, p)
            for m in SMOOTHED:
                loss = lesson.loss(leaves(x_val, m), y_val)
                best = min(best, (loss, leaves, m), key=lambda found: found[0])
    _, leaves, m = best
    return lambda X: leaves(lesson.numbers(X), m)


def figs(lesson, n_leaves):
    """A sum of trees with as many splits."""
    from imodels import FIGSClassifier

    class Cut(FIGSClassifier):
        """Its sums cut to probabilities: a softmax of them is far from any."""

        def predict_proba(self, X):
            return super().predict_proba(X, use_clipped_prediction=True) + 1e-9

    model = Cut(max_rules=n_leaves - 1, random_state=lesson.seed)
    return lesson.mixed(model.fit(lesson.x, lesson.y))


def hs_tree(lesson, n_leaves):
    """A CART whose leaves are shrunken towards those above them."""
    from imodels import HSTreeClassifierCV

    cart = DecisionTreeClassifier(max_leaf_nodes=n_leaves, random_state=lesson.seed)
    model = HSTreeClassifierCV(cart)
    return lesson.mixed(model.fit(lesson.x, lesson.y))


class Known:
    """A teacher that has answered: rows carry their number in the last column."""

    def __init__(self, labels):
        self.labels = labels

    def predict(self, X):
        """Labels of the rows."""
        return self.labels[np.asarray(X)[:, -1].astype(int)]


def trustee(lesson, n_leaves):
    """The tree of Trustee that agrees most with its others."""
    from trustee import ClassificationTrustee

    x, p = lesson.taught
    labels, numbered = p.argmax(axis=1), np.column_stack([x, np.arange(len(x))])
    search = ClassificationTrustee(expert=Known(labels))
    search.fit(
        numbered,
        labels,
        top_k=n_leaves,
        max_leaf_nodes=n_leaves,
        num_samples=min(N_TRUSTEE, len(x) // 2),
        num_iter=N_ROUNDS,
        use_features=np.arange(x.shape[1]),
    )
    return lesson.mixed(search.explain(top_k=n_leaves)[0])


def optimal(lesson, n_leaves):
    """An optimal tree, where it is found in time; deeper ones are out of reach."""
    from pystreed import STreeDClassifier

    if n_leaves > 2**DEPTH_OPTIMAL:
        return None
    solver = STreeDClassifier(
        max_depth=DEPTH_OPTIMAL, max_num_nodes=n_leaves - 1, time_limit=MOST_SECONDS
    )
    solver.fit(lesson.x, lesson.y)
    done = hasattr(solver, "fit_result") and solver.fit_result.is_optimal()
    return lesson.mixed(solver) if done else None


def ebm(lesson, _):
    """An additive model; pairs of columns take half an hour where classes are many."""
    from interpret.glassbox import ExplainableBoostingClassifier

    pairs = "3x" if lesson.n_classes == 2 else 0
    model = ExplainableBoostingClassifier(
        interactions=pairs, n_jobs=1, random_state=lesson.seed
    )
    return model.fit(lesson.X, lesson.y).predict_proba


def teacher(lesson, _):
    """The ensemble itself."""
    return lambda X: lesson.p_test


class Arm(NamedTuple):
    """A model of the table: how it is fitted, and what has to be installed for it."""

    fit: callable
    package: str | None = None
    module: str | None = None
    sized: bool = True
    why_not: str = ""

    @property
    def installed(self):
        """Whether it can be fitted here."""
        return self.module is None or importlib.util.find_spec(self.module) is not None

    @property
    def sizes(self):
        """Numbers of leaves that it is fitted with."""
        return SIZES if self.sized else ("",)

    @property
    def key(self):
        """A short name of what its figures depend on."""
        if self.fit is ours:
            return library()
        made = [inspect.getsource(part) for part in (self.fit, Lesson, Leaves)]
        known = None if self.package is None else version(self.package)
        named = [
            n for n in self.fit.__code__.co_names if n.isupper() and n in globals()
        ]
        constants = {name: globals()[name] for name in named}
        return gain.short(made, known, constants, MIXED)


LATE = f"not found within {MOST_SECONDS} s, or more leaves than depth 4 has"
ARMS = {
    OURS: Arm(ours),
    "CART, labels": Arm(cart_of_labels),
    "CART, teacher": Arm(cart_of_teacher),
    "FIGS": Arm(figs, "imodels", "imodels"),
    "HSTree": Arm(hs_tree, "imodels", "imodels"),
    "Trustee": Arm(trustee, "trustee", "trustee"),
    "STreeD": Arm(optimal, "pystreed", "pystreed", why_not=LATE),
    "EBM": Arm(ebm, "interpret-core", "interpret", sized=False),
    "teacher": Arm(teacher, sized=False),
}


@cache
def library():
    """A short name of the library's source."""
    files = sorted(Path(skdistill.__file__).parent.rglob("*.py"))
    made = hashlib.sha256(b"".join(path.read_bytes() for path in files))
    return made.hexdigest()[:8]


def measured(lesson, fit, n_leaves):
    """Figures of one model; None where it has none."""
    _ = lesson.x, lesson.taught  # made for all of them
    np.random.seed(lesson.seed)  # noqa: NPY002 (FIGS and Trustee draw from it)
    cpu, wall = time.process_time(), time.perf_counter()
    ask = fit(lesson, n_leaves)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    if ask is None:
        return None
    X, y = lesson.test
    p = np.asarray(ask(X), dtype=float)
    p = p / p.sum(axis=1, keepdims=True)
    decided = p.argmax(axis=1)
    return {
        "accuracy": 100 * float((decided == y).mean()),
        "log loss": float(lesson.loss(p, y)),
        "AUC": float(roc_auc_score(y, p[:, 1] if p.shape[1] == 2 else p, **MACRO)),
        "fidelity": 100 * float((decided == lesson.p_test.argmax(axis=1)).mean()),
        **dict(zip(SPENT, spent, strict=True)),
    }


def kept(path, make):
    """What was written there as JSON, or is now."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(make()))
        part.rename(path)
    return json.loads(path.read_text())


def one_split(name, seed, folder):
    """Figures of all models on one split: {(model, number of leaves): figures}."""
    warnings.simplefilter("ignore")  # peers warn of much, in each fit
    torch.set_num_threads(1)
    lesson, found = cache(lambda: Lesson(name, seed, folder)), {}
    for arm, how in ARMS.items():
        for size in how.sizes if how.installed else ():
            path = f"{name}-{seed}-{arm}-{size}-{how.key}.json".replace(" ", "_")
            found[arm, size] = kept(
                folder / "figures" / path,
                lambda how=how, size=size: measured(lesson(), how.fit, size),
            )
            if found[arm, size] is not None:
                figures = {k: rounded(v) for k, v in found[arm, size].items()}
                print(name, seed, arm, size, figures, flush=True)
    return found


class Results:
    """Figures of all splits: {set: [{(model, number of leaves): figures}]}."""

    def __init__(self, splits):
        self.splits = splits
        aside = [name for name in splits if name in ASIDE]
        chosen_on = [name for name in splits if name not in ASIDE]
        self.groups = {"mean, chosen on": chosen_on, "mean, kept aside": aside}

    def each(self, name, arm, size, measure):
        """One figure a split; None where the model has none."""
        found = [split.get((arm, size)) for split in self.splits[name]]
        if None in found:
            return None
        return np.array([figures[measure] for figures in found])

    def leads(self, name, size, measure):
        """How far ours is ahead of the best CART, a split."""
        mine = self.each(name, OURS, size, measure)
        gaps = [mine - self.each(name, cart, size, measure) for cart in CARTS]
        return min((MEASURES[measure] * gap for gap in gaps), key=np.mean)

    def recovered(self, name, arm, size):
        """Of one set: the gain that a student recovers, and whether there is any."""
        control, student, best = (
            self.each(name, which, leaves, "log loss")
            for which, leaves in ((CARTS[0], size), (arm, size), ("teacher", ""))
        )
        room = control - best
        error = room.std(ddof=1) / len(room) ** 0.5 if len(room) > 1 else 0.0
        gained = (control - student).mean() / room.mean()
        return {"gain": gained, "counts": bool(room.mean() > 2 * error)}

    def rows(self):
        """The table: one line a measure, number of leaves and model."""
        for measure in (*MEASURES, *SPENT):
            for size in (*SIZES, ""):
                for arm, how in ARMS.items():
                    told = measure in MEASURES or how.fit is not teacher
                    if told and size in how.sizes:
                        yield self._line(
                            measure, size, arm, self.each, arm, size, measure
                        )
                if size and measure in MEASURES:
                    named = f"{OURS}, lead over the best CART"
                    at = size, measure
                    yield self._line(measure, size, named, self.leads, *at)
                    yield self._line(measure, size, "+-", self.leads, *at, spread=True)

    def _line(self, measure, size, model, values, *at, spread=False):
        """One line: means over splits, or their standard errors, and over sets."""
        found = {name: values(name, *at) for name in self.splits}
        cells = {
            name: "-" if each is None else (error(each) if spread else each.mean())
            for name, each in found.items()
        }
        means = {}
        for group, names in self.groups.items():
            known = [cells[name] for name in names]
            means[group] = (
                "-" if spread or not known or "-" in known else np.mean(known)
            )
        numbers = {
            key: rounded(value) if isinstance(value, float) else value
            for key, value in (cells | means).items()
        }
        return {"measure": measure, "leaves": size, "model": model, **numbers}

    def notes(self):
        """What the aims ask."""
        for size, (group, names) in itertools.product(SIZES, self.groups.items()):
            if names:
                which = group.removeprefix("mean, ")
                yield f"{size} leaves, sets {which}: {self._ahead(names, size)}"
        everywhere = list(self.splits)
        for size in SIZES:
            yield f"{size} leaves, all sets: {self._ahead(everywhere, size)}"
            for arm in (OURS, CARTS[1]):
                gains = [self.recovered(name, arm, size) for name in everywhere]
                over = gain.over_sets(gains, "gain", "counts")
                yield f"{size} leaves, gain recovered in log loss, {arm}: {over}"
        yield from self._missing()

    def _ahead(self, names, size):
        """Against the best CART: on how many sets ours is better, or clearly behind."""
        parts = []
        for measure, most in BEHIND.items():
            leads = {name: self.leads(name, size, measure).mean() for name in names}
            ahead, last = sum(v > 0 for v in leads.values()), min(leads, key=leads.get)
            behind = sum(v < -most for v in leads.values())
            parts.append(
                f"{measure} better than the best CART's on {ahead} of {len(names)}, "
                f"behind by over {most} on {behind}, least lead {leads[last]:+.4f} ({last})"
            )
        return "; ".join(parts)

    def _missing(self):
        """Which models have no figures, and why."""
        for arm, how in ARMS.items():
            if not how.installed:
                yield f"{arm}: no figures, {how.package} is not installed."
                continue
            gone = [
                f"{name} ({size})" if size else name
                for name in self.splits
                for size in how.sizes
                if self.each(name, arm, size, "accuracy") is None
            ]
            if gone:
                yield f"{arm}: no figures ({how.why_not}) on {', '.join(gone)}."


def error(each):
    """Standard error of a mean over splits."""
    return each.std(ddof=1) / len(each) ** 0.5 if len(each) > 1 else "-"


def main():
    default = str(Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "hard_tree")
    options = arguments(__doc__, jobs=1, cache=default)
    names = QUICK if options.quick else CHOSEN_ON + ASIDE
    asked = list(itertools.product(range(1 if options.quick else N_SPLITS), names))
    for how in ARMS.values():  # so that their versions are told
        if how.module is not None and how.installed:
            importlib.import_module(how.module)
    from benchmarks.hard_tree import one_split  # workers find it by this name

    found = joblib.Parallel(n_jobs=options.jobs)(
        joblib.delayed(one_split)(name, seed, Path(options.cache))
        for seed, name in asked
    )
    splits = {name: [] for name in names}
    for (_, name), figures in zip(asked, found, strict=True):
        splits[name].append(figures)
    results = Results(splits)
    notes = [*results.notes(), *speed.notes(quick=options.quick)]
    title = "Hard trees: means over splits of figures on test rows"
    report(
        "hard_tree", title, list(results.rows()), save=not options.quick, notes=notes
    )


if __name__ == "__main__":
    main()
