"""
A small transformer that learns from a teacher's answers to texts
=================================================================

Which library is this sentence from: "Compute the standard error of the mean"? A linear
model of words and pieces of words learns it from 800 labelled sentences. Then a small
transformer learns from that teacher, which also answers sentences that nobody has
labelled. Beside it stand two *controls*: the same transformer, on the labels alone.
"""

# %%
# The sentences
# -------------
# The first sentences of docstrings of five libraries, without the libraries' names. They
# are read from the source files that lie on this machine, in random order, until there are
# enough of each library. Sentences that two libraries have are left out.

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np

LIBRARIES = ["matplotlib", "numpy", "pandas", "scipy", "sklearn"]
NAMES = re.compile(
    r"\b(matplotlib|mpl|pyplot|plt|numpy|np|ndarrays?|pandas|pd|scipy|sklearn|scikit)\b",
    re.IGNORECASE,
)
random = np.random.default_rng(0)


def docstrings(library):
    """First sentences of a library's functions and classes."""
    files = sorted(Path(find_spec(library).origin).parent.rglob("*.py"))
    for file in random.permutation([f for f in files if "tests" not in f.parts]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                text = ast.get_docstring(node) or ""
                yield re.split(r"(?<=[.])\s|\n\n", text.strip())[0]


def sentences(library, n):
    """So many different ones, of 5 to 25 words, without names of libraries."""
    found = {}
    for sentence in docstrings(library):
        words = NAMES.sub(" ", sentence).split()
        if 5 <= len(words) <= 25:
            found[" ".join(words)] = library
        if len(found) == n:
            break
    return found


found = [sentences(library, 1300) for library in LIBRARIES]
pairs = [
    (text, library)
    for own in found
    for text, library in own.items()
    if sum(text in other for other in found) == 1
]
texts, labels = np.array(pairs, dtype=object)[random.permutation(len(pairs))].T
labels = labels.astype(str)
X, y = texts[:800], labels[:800]
X_test, y_test = texts[800:1800], labels[800:1800]
unlabelled = texts[1800:]
print(f"{len(X)} labelled, {len(unlabelled)} unlabelled, {len(X_test)} test sentences")

# %%
# The teacher
# -----------
# Any fitted model that takes strings. This one counts words, pairs of words, and two to
# five letters in a row.

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
teacher = make_pipeline(
    make_union(words, letters), LogisticRegression(C=10, max_iter=300)
)
teacher.fit(X, y)

# %%
# The student
# -----------
# Two layers of 128 columns, from scratch: its vocabulary is trained on the sentences. With
# weights to start from, give their folder as ``init``, or a transformer as the teacher.
# The unlabelled sentences go in as ``X_transfer``; the teacher labels them.

from skdistill import TextStudentClassifier

small = {"n_layers": 2, "hidden_size": 128, "max_length": 128, "random_state": 0}
student = TextStudentClassifier(teacher, max_epochs=12, **small)
student.fit(X, y, X_transfer=unlabelled)

# %%
# The controls have no teacher: one keeps the best of its epochs by the loss on a tenth of
# the rows, the other learns from all rows to the end.

stopped = TextStudentClassifier(max_epochs=12, early_stopping=True, **small)
to_the_end = TextStudentClassifier(max_epochs=12, **small)
stopped.fit(X, y)
to_the_end.fit(X, y)

# %%
# What it gains
# -------------
# On sentences that no model saw. Labels alone are few: the longer the control learns, the
# surer it is of what is wrong, and its log loss shows it. The teacher's answers say how
# sure to be, and they cost no labelling. The teacher stays ahead; it is small itself. The
# guide's page on texts distils a transformer that is not.

import pandas as pd
from sklearn.metrics import log_loss

models = {
    "teacher: TF-IDF": teacher,
    "transformer, distilled": student,
    "transformer, labels, to the end": to_the_end,
    "transformer, labels, best epoch": stopped,
}
answers = {name: model.predict_proba(X_test) for name, model in models.items()}
table = pd.DataFrame(
    {
        name: {
            "accuracy": np.mean(teacher.classes_[p.argmax(axis=1)] == y_test),
            "log loss": log_loss(y_test, p),
            "as the teacher": np.mean(
                p.argmax(axis=1) == answers["teacher: TF-IDF"].argmax(axis=1)
            ),
        }
        for name, p in answers.items()
    }
).T
print(table.round(3).to_string())

# %%
# Why does it say so?
# -------------------
# ``explain`` removes each word by itself, and says how much less sure the answer is
# without it; beside it, the teacher.

from skdistill import explain

right = student.predict(X_test) == y_test
sure = np.where(right, answers["transformer, distilled"].max(axis=1), 0)
short = np.array([len(text.split()) <= 9 for text in X_test])
chosen = [
    X_test[np.argmax(sure * short * (y_test == library))] for library in LIBRARIES
]
print(explain(student, chosen[0], max_terms=5))

# %%
# The picture
# -----------
# Left, the table. Right, for each library the short test sentence of which the student is
# surest. The darker an orange word is, the more it speaks for the library, against the
# one that speaks most; purple ones speak against it.

import matplotlib.pyplot as plt
from scipy.special import logit


def spoken(model, text, library):
    """By how much the log odds of a library are less without each word."""
    words = text.split()
    without = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
    p = model.predict_proba([text, *without])[:, list(model.classes_).index(library)]
    odds = logit(p.clip(1e-6, 1 - 1e-6))
    return odds[0] - odds[1:]


def draw(axes, y, name, model, text, library):
    """A line of words, each as dark as it speaks for the library, or against it."""
    moves = spoken(model, text, library)
    before = axes.text(0.12, y, name, ha="right", va="bottom", color="0.4")
    for word, move in zip(text.split(), moves / np.abs(moves).max(), strict=True):
        box = {"boxstyle": "round,pad=0.15", "edgecolor": "none"}
        box["facecolor"] = plt.colormaps["PuOr_r"](0.5 + 0.28 * move)
        before = axes.annotate(
            word,
            (1, 0),  # the lower right corner of the word before
            (9, 0),
            xycoords=before,
            textcoords="offset points",
            va="bottom",
            fontsize=12,
            bbox=box,
        )


figure, (bars, shown) = plt.subplots(
    1, 2, figsize=(12, 5.6), width_ratios=[1, 2], layout="constrained"
)
bars.barh(range(4), table["accuracy"], 0.5, color=["0.5", "tab:blue", "0.8", "0.8"])
for place, (name, accuracy) in enumerate(table["accuracy"].items()):
    bars.text(0, place - 0.3, f"{name}: {accuracy:.3f}", va="bottom")
bars.set(yticks=[], ylim=(3.4, -0.7), title="Accuracy on sentences that are new")
bars.spines[["top", "right", "left"]].set_visible(False)

shown.axis("off")
shown.set(xlim=(0, 1), ylim=(3 * len(chosen) - 0.4, -1))
shown.set_title("Words that speak for the library (orange), and against it (purple)")
for i, (library, text) in enumerate(zip(LIBRARIES, chosen, strict=True)):
    shown.text(0, 3 * i, library, weight="bold", va="bottom")
    draw(shown, 3 * i + 1, "teacher", teacher, text, library)
    draw(shown, 3 * i + 2, "student", student, text, library)
plt.show()
