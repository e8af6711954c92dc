"""Random frames, and what fit, predict, export and text make of them.

Each frame (``_random_frames``: any mix of types, gaps of every kind, repeats, constants,
0 to 60 rows, 0 to 40 columns, weird names) is given to a net, a soft tree, a hard tree and
a CART as the student, classifiers or regressors, half of them with a teacher. They are
fitted, predict the same rows and their first, are exported by ``export.to_numpy``, written
and read, asked again, and told in words. What may come of it: an answer, which is finite
and which the exported predictor gives too, or one clear error of ours that names a
parameter or a column. Nothing else: no error from inside another library, no warning but
ours (and what scikit-learn's checks of y say to every classifier), no step over 5 seconds
of the processor's time, no memory that grows.

A frame is known by ``--seed`` and its number alone: ``--only 1234`` shows it, and what
happened, in full. Blocks of 100 frames are kept in ``SKDISTILL_CACHE`` (default
``.cache``) and not computed again until this file, the frames or the library change.
10,000 frames take about an hour of one core; ``--jobs`` takes more.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gc
import hashlib
import itertools
import json
import linecache
import multiprocessing
import random
import re
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import skdistill
from benchmarks import _random_frames as frames
from benchmarks._report import arguments, report, rounded
from skdistill import explain, export_graphviz, export_text
from skdistill.export import load, to_numpy

BLOCK = 100
MOST_SECONDS, MOST_GROWTH = 5.0, 100.0  # of a step; MB after a process's second block
OURS, HERE = Path(skdistill.__file__).parent, Path(__file__).parent
# What scikit-learn says of rows and targets, as users know it from every estimator.
CHECKS = ("sklearn/utils/validation.py", "sklearn/utils/multiclass.py")
STUDENTS = {
    "net": ("NeuralStudent", {"max_epochs": 2, "hidden_layer_sizes": (8,)}),
    "soft tree": ("SoftDecisionTree", {"max_epochs": 2, "max_depth": 2}),
    "hard tree": ("HardDecisionTree", {"max_leaf_nodes": 4}),
    "CART": ("Student", {}),
}
# How a step may end, and how it may not.
FINE = ("answer", "our error", "check of scikit-learn's")
FAULTS = ("foreign error", "unclear error", "wrong answer")
WARNINGS = ("our warning", "warning of scikit-learn's checks", "foreign warning")
# One of these tells what an error is about.
NAMED = re.compile(
    r"\b(X|y|columns?|features?|samples?|rows?|class(es)?|labels?|teacher|transfer|"
    r"student|preprocessor|loss|lr)\b"
)


class WrongAnswer(Exception):
    """An answer that cannot be right."""


def drawn(seed, number):
    """A frame; of its teacher's own fit no warning is of interest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Case(seed, number)


def hashed(X):
    """Any frame as numbers: what the teachers see."""
    cells = [
        [zlib.crc32(str(v).encode("utf-8")) % 97 for v in X.iloc[:, j]]
        for j in range(X.shape[1])
    ]
    return np.array(cells, dtype=float).reshape(X.shape[::-1]).T


class Knowing:
    """A teacher that is a function of rows: probabilities, or values of y's scale."""

    def __init__(self, y, classes):
        self.n_classes = None if classes is None else len(classes)
        if self.n_classes is None:
            self.scale = np.nanmax(np.abs(np.asarray(y, dtype=float)), initial=0.0)

    def __call__(self, X):
        total = hashed(X).sum(axis=1)
        if self.n_classes is None:
            return self.scale * np.sin(total)
        weight = 1.0 + (total[:, None] * np.arange(1, self.n_classes + 1)) % 7
        return weight / weight.sum(axis=1, keepdims=True)


class Case:
    """One frame, with targets, and the teacher and the sampler of its students."""

    def __init__(self, seed, number):
        draw = random.Random(f"{seed}-{number}")
        self.X = frames.frame(draw)
        self.classifies = draw.random() < 0.5
        make = frames.labels if self.classifies else frames.values
        self.y = make(draw, len(self.X))
        self.has_teacher = draw.random() < 0.5
        kind = draw.choice(["unfitted", "fitted", "function"])
        self.transfer = self._sampler(draw)
        self.shared = {"random_state": number}
        self.teacher = None
        if self.has_teacher:
            self._give_teacher(kind)

    def _sampler(self, draw):
        size = draw.choice([1, 20])
        kinds = [None, "Bootstrap", "GaussianNoise", "Munge", "Mixup"]
        if self.X.shape[1] <= 10:  # it grows trees for each column
            kinds += ["ConditionalSampler", "auto"]
        kind = draw.choice(kinds)
        if kind in (None, "auto"):
            return kind
        few = {"n_estimators": 1} if kind == "ConditionalSampler" else {}
        return getattr(skdistill, kind)(size, **few)

    def _give_teacher(self, kind):
        Forest = RandomForestClassifier if self.classifies else RandomForestRegressor
        forest = Forest(3, max_depth=3, random_state=0)
        self.teacher = make_pipeline(FunctionTransformer(hashed), forest)
        try:  # the student is to say what is wrong with y
            if kind == "fitted":
                self.teacher.fit(self.X, self.y)
            elif kind == "function":
                classes = np.unique(self.y) if self.classifies else None
                self.teacher = Knowing(self.y, classes)
                self.shared |= {} if classes is None else {"classes": classes}
        except (ValueError, TypeError):
            pass
        self.shared |= {"teacher": self.teacher, "transfer": self.transfer}

    def student(self, kind):
        """An unfitted student of that kind."""
        name, options = STUDENTS[kind]
        if kind == "CART":
            cart = DecisionTreeClassifier if self.classifies else DecisionTreeRegressor
            options = {"student": cart(max_leaf_nodes=4)}
        Student = getattr(
            skdistill, name + ("Classifier" if self.classifies else "Regressor")
        )
        return Student(**options, **self.shared)

    def __str__(self):
        columns = [
            f"  {name!r}: {dtype}: {self.X.iloc[:5, j].tolist()!r}"
            for j, (name, dtype) in enumerate(zip(self.X, self.X.dtypes, strict=True))
        ]
        lines = [
            f"{self.X.shape[0]} rows, {self.X.shape[1]} columns, {type(self.X.index)}",
            *columns,
            f"y: {type(self.y).__name__} {getattr(self.y, 'dtype', '')} {self.y!r}",
            *(f"{name}={value!r}" for name, value in self.shared.items()),
        ]
        return "\n".join(lines)


def fit(student, case):
    before = set(vars(student))
    try:
        student.fit(case.X, case.y)
    except Exception as error:
        left = set(vars(student)) - before
        if left:
            raise WrongAnswer(f"a fit that failed left {sorted(left)}") from error
        raise


def answers(model, X):
    """Labels or values, and probabilities of a classifier, checked.

    X are rows of training: to refuse these is as wrong as a false answer.
    """
    try:
        told = np.asarray(model.predict(X))
    except (ValueError, TypeError) as error:
        raise WrongAnswer(f"rows that were learnt are refused: {error}") from error
    if len(told) != len(X):
        raise WrongAnswer(f"{len(told)} answers for {len(X)} rows")
    if not hasattr(model, "classes_"):
        if not np.isfinite(told).all():
            raise WrongAnswer("an answer is not finite")
        return told, told
    p = model.predict_proba(X)
    if p.shape != (len(X), len(model.classes_)):
        raise WrongAnswer(f"probabilities of shape {p.shape}")
    if not (p.min(initial=0) >= 0 and np.allclose(p.sum(axis=1), 1)):
        raise WrongAnswer("probabilities are below 0, or do not sum to 1")
    likely = np.take_along_axis(p, np.searchsorted(model.classes_, told)[:, None], 1)
    if (likely[:, 0] < p.max(axis=1) - 1e-9).any():
        raise WrongAnswer("the label is not the likeliest")
    return told, p


def compared(one, other, what):
    """Refuse numbers that differ by more than rounding."""
    scale = np.abs(one).max(initial=0.0)
    apart = np.abs(one - other).max(initial=0.0)
    if apart > 1e-6 * scale:
        raise WrongAnswer(f"{what}: {apart:.2g} apart, of {scale:.2g}")


def predict(student, case):
    _, numbers = answers(student, case.X)
    first = case.X.iloc[:1]
    compared(numbers[:1], answers(student, first)[1], "a row alone")


def export(student, case):
    """As numpy, written and read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "student.npz"
        to_numpy(student).save(path)
        predictor = load(path)
    told, numbers = answers(predictor, case.X)
    compared(answers(student, case.X)[1], numbers, "the exported predictor")
    if not np.isin(told, getattr(student, "classes_", told)).all():
        raise WrongAnswer("labels that the student does not know")


def text(student, case):
    row = case.X.iloc[:1]
    if not (export_text(student) and explain(student, row)):
        raise WrongAnswer("no text")
    export_graphviz(student)


def steps(kind):
    """What such a student is asked to do, in turn."""
    told = (text,) if kind.endswith("tree") else ()
    return (fit, predict, export, *told)


class Attempt:
    """One step of one student: how it ended, how long it took, what it warned of."""

    def __init__(self, step, student, case):
        self.step, self.error, self.warnings = step.__name__, None, []
        start = time.process_time()  # the machine may be busy with other things
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = self._note
            try:
                step(student, case)
            except Exception as error:
                self.error = error
        self.seconds = time.process_time() - start
        self.ending, *self.found = ended(self.error)

    def _note(self, message, category, *_):
        """Called where the warning is issued, so that the stack tells who issues it."""
        caller = sys._getframe(1)
        while Path(caller.f_code.co_filename).name in (
            "warnings.py",
            "frames.py",
            "warn.py",
        ):
            caller = caller.f_back
        path, line = caller.f_code.co_filename, caller.f_lineno
        ours, checks, foreign = WARNINGS
        kind = foreign
        if re.search(r"\bwarn\(", linecache.getline(path, line)):
            kind = ours if Path(path).is_relative_to(OURS) else foreign
            kind = checks if named(path, line).startswith(CHECKS) else kind
        words = category.__name__, named(path, line), str(message)
        self.warnings.append((kind, *words))

    def met(self):
        """All that it met but an answer: kind, type, place and words."""
        ending = () if self.error is None else [(self.ending, *self.found)]
        return (*ending, *self.warnings)


def ended(error):
    """How a step ended: the kind, and of an error its type, its place and its words."""
    if error is None:
        return ("answer",)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place, words = named(last.filename, last.lineno), str(error)
    found = type(error).__name__, place, words
    if isinstance(error, WrongAnswer):
        return "wrong answer", *found
    # An error from inside numpy's C code has our line as its place, but no `raise`.
    says = linecache.getline(last.filename, last.lineno).strip().startswith("raise")
    clear = says and isinstance(error, ValueError | TypeError)
    if clear and place.startswith(CHECKS):
        return "check of scikit-learn's", *found
    if not (clear and Path(last.filename).is_relative_to(OURS)):
        return "foreign error", *found
    return "our error" if NAMED.search(words) else "unclear error", *found


def named(path, line):
    """A place in a library's code, without this machine's folders."""
    parts, roots = Path(path).parts, ("site-packages", OURS.name, HERE.name)
    inside = [i for i, part in enumerate(parts) if part in roots]
    return (
        "/".join(parts[max(inside, default=-3) :]).removeprefix("site-packages/")
        + f":{line}"
    )


def attempts(case, kind):
    """The steps of one student; what cannot be fitted is asked no further."""
    student = case.student(kind)
    for step in steps(kind):
        attempt = Attempt(step, student, case)
        yield attempt
        if attempt.step == "fit" and attempt.error is not None:
            return


class Tally:
    """What a block of frames came to, and the sum of several blocks."""

    def __init__(self, counts=(), times=(), met=()):
        self.counts = Counter(dict(counts))  # by student, step and ending
        self.times = dict(times)  # by student and step: [longest, its frame, sum]
        self.met = dict(met)  # by kind, type and place: [how often, where first, words]

    def add(self, number, kind, attempt):
        at = f"{kind}, {attempt.step}"
        self._count(f"{at}, {attempt.ending}", 1)
        self._count(f"{at}, over", int(attempt.seconds > MOST_SECONDS))
        self._time(at, [attempt.seconds, number, attempt.seconds])
        for *key, words in attempt.met():
            self._meet(" | ".join(key), [1, f"frame {number}, {at}", words[:300]])

    def __iadd__(self, other):
        for name, count in other.counts.items():
            self._count(name, count)
        for at, time_ in other.times.items():
            self._time(at, time_)
        for key, met in other.met.items():
            self._meet(key, met)
        return self

    def _count(self, name, count):
        self.counts[name] += count

    def _time(self, at, found):
        known = self.times.get(at, [0.0, -1, 0.0])
        self.times[at] = [*max(known[:2], found[:2]), known[2] + found[2]]

    def _meet(self, key, found):
        known = self.met.setdefault(key, [0, *found[1:]])
        known[0] += found[0]


def tried(seed, number, tally):
    case = drawn(seed, number)
    for kind in STUDENTS:
        for attempt in attempts(case, kind):
            tally.add(number, kind, attempt)


_BLOCKS_DONE = itertools.count()  # by this process


def block(job):
    """Try the frames of one block, and keep what came of it."""
    seed, start, stop, path = job
    if not (order := next(_BLOCKS_DONE)):
        torch.set_num_threads(1)
        tried(seed, 0, Tally())  # what is imported at the first fit is not timed
    tally = Tally()
    for number in range(start, stop):
        tried(seed, number, tally)
    gc.collect()
    done = {**vars(tally), "process": f"{_STARTED}-{os.getpid()}", "order": order}
    done["resident"] = resident()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".part").write_text(json.dumps(done))
    path.with_suffix(".part").rename(path)
    return path


_STARTED = time.time_ns()


def resident():
    """This process's resident memory in MB; NaN where the system does not tell."""
    path = Path("/proc/self/statm")
    if not path.exists():
        return float("nan")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def growth(blocks):
    """MB that a process grew by from its second block to its last, the most, and blocks."""
    found = []
    for process in {done["process"] for done in blocks}:
        own = [done for done in blocks if done["process"] == process]
        own.sort(key=lambda done: done["order"])
        if len(own) > 2:
            found.append((own[-1]["resident"] - own[1]["resident"], len(own) - 2))
    return max(found, default=(float("nan"), 0))


def state():
    """A short name of all code that the results depend on."""
    code = [HERE / "frames.py", HERE / "_random_frames.py", *sorted(OURS.rglob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()[:8]


def run(n, seed, n_jobs):
    """All blocks, those that are missing computed."""
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "frames" / state()
    jobs = [
        (seed, start, stop, folder / f"{seed}-{start}-{stop}.json")
        for start in range(0, n, BLOCK)
        for stop in [min(start + BLOCK, n)]
    ]
    missing = [job for job in jobs if not job[-1].exists()]
    with multiprocessing.get_context("spawn").Pool(n_jobs) as pool:
        for path in pool.imap_unordered(block, missing):
            print(path.stem, f"{json.loads(path.read_text())['resident']:.0f} MB")
            sys.stdout.flush()
    return [json.loads(path.read_text()) for *_, path in jobs]


def summed(blocks):
    total = Tally()
    for done in blocks:
        total += Tally(done["counts"], done["times"], done["met"])
    return total


def table(total):
    """One row for each student and step."""
    for kind in STUDENTS:
        for step in steps(kind):
            at = f"{kind}, {step.__name__}"
            longest, number, seconds = total.times.get(at, (0.0, -1, 0.0))
            counts = {each: total.counts[f"{at}, {each}"] for each in (*FINE, *FAULTS)}
            n = sum(counts.values())
            yield {
                "student": kind,
                "step": step.__name__,
                "tried": n,
                **counts,
                "over 5 s": total.counts[f"{at}, over"],
                "mean seconds": rounded(seconds / max(1, n)),
                "longest": rounded(longest),
                "its frame": number,
            }


def met_in_words(total):
    """All that was met, the worst first, then the most frequent."""
    order = (*FAULTS, WARNINGS[2], *FINE, *WARNINGS[:2])
    kinds = {key: key.split(" | ")[0] for key in total.met}
    for key in sorted(kinds, key=lambda k: (order.index(kinds[k]), -total.met[k][0])):
        count, where, words = total.met[key]
        yield f"{count} x {key} ({where}): {words!r}"


def faults(total, grown):
    """How many there were of each kind, where there were any."""
    found = Counter()
    for key, (count, *_) in total.met.items():
        found[key.split(" | ")[0]] += count
    found["over 5 s"] = sum(n for k, n in total.counts.items() if k.endswith(", over"))
    found["memory that grows"] = int(grown > MOST_GROWTH)
    names = (*FAULTS, WARNINGS[2], "over 5 s", "memory that grows")
    return {name: found[name] for name in names if found[name]}


def show(seed, number):
    """One frame in full, and what came of it."""
    case = drawn(seed, number)
    print(f"frame {number} of seed {seed}:", case, sep="\n")
    for kind in STUDENTS:
        for attempt in attempts(case, kind):
            print(
                f"\n{kind}, {attempt.step}: {attempt.ending}, {attempt.seconds:.3f} s"
            )
            if attempt.error is not None:
                traceback.print_exception(attempt.error, file=sys.stdout)
            for warning in attempt.warnings:
                print(*warning, sep=" | ")


def main():
    options = arguments(__doc__, frames=10_000, seed=0, jobs=1, only=None)
    if options.only is not None:
        return show(options.seed, options.only)
    n = 300 if options.quick else options.frames
    blocks = run(n, options.seed, options.jobs)
    total = summed(blocks)
    grown, over = growth(blocks)
    bad = faults(total, grown)
    notes = [
        f"Resident memory grew by {grown:.0f} MB over the last {over} blocks of {BLOCK}.",
        f"Faults: {bad or 'none'}.",
        *met_in_words(total),
    ]
    title = f"{n:,} random frames, seed {options.seed}: what came of them"
    report("frames", title, list(table(total)), save=not options.quick, notes=notes)
    if bad:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
