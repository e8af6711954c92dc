"""Soft targets as a regulariser: the experiments of Hinton, Vinyals and Dean on MNIST.

Teacher: two layers of 1200 units with dropout, trained on images that are moved by up to
two pixels each way, by fractions of a pixel too. Students: two layers of 800 units, no
regularisation, images as they are; a distilled one learns the teacher's answers at T=20,
and for a tenth the labels where it sees all images. Gain: (student - control) / (teacher -
control), in errors, with the control on as many rows. One seed. Movement, rates and alpha
were chosen on 10,000 of the training images, never on test images; here every image of
the training set is used.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks._report import arguments, data_folder, report
from skdistill import NeuralStudentClassifier

TEMPERATURE = 20.0
LEFT_OUT = 3
SIDE = 28
FARTHEST = 2.0  # pixels
EPOCHS = {"teacher": 60, "student": 30, "few": 200}


class Jittered(nn.Module):
    """The teacher: in training, each image is moved before the net sees it."""

    def __init__(self, n_inputs, n_outputs, width=1200):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(n_inputs, width),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(width, n_outputs),
        )

    def forward(self, x):
        """Logits (n, n_outputs)."""
        return self.layers(moved(x) if self.training else x)


def moved(x, farthest=FARTHEST):
    """Images moved by a random distance each way, with bilinear interpolation."""
    n = len(x)
    distance = (2 * torch.rand(n, 2, 1) - 1) * farthest
    turn = torch.eye(2).expand(n, 2, 2)
    grid = F.affine_grid(
        torch.cat([turn, distance * 2 / SIDE], dim=2),
        (n, 1, SIDE, SIDE),
        align_corners=False,
    )
    images = F.grid_sample(x.reshape(n, 1, SIDE, SIDE), grid, align_corners=False)
    return images.reshape(n, SIDE * SIDE)


def images(part):
    """Pixels in [0, 1] (n, 784) and digits (n,)."""
    data = np.load(data_folder() / "mnist" / "mnist.npz")
    X, y = data[f"X_{part}"], data[f"y_{part}"]
    return (X.reshape(len(X), -1) / 255).astype(np.float32), y.astype(np.int64)


class Experiment:
    """Data, and the rows of the table so far."""

    def __init__(self, quick):
        self.X, self.y = images("train")
        self.X_test, self.y_test = images("test")
        self.epochs = EPOCHS
        if quick:
            self.X, self.y = self.X[:3000], self.y[:3000]
            self.epochs = {"teacher": 3, "student": 3, "few": 20}
        random = np.random.default_rng(0)
        n_few = round(0.03 * len(self.y))
        self.few = np.sort(random.choice(len(self.y), n_few, replace=False))
        self.others = np.flatnonzero(self.y != LEFT_OUT)
        self.rows = []

    def train_teacher(self):
        """The big net, from labels."""
        teacher = NeuralStudentClassifier(
            module=Jittered,
            preprocessor=None,
            max_epochs=self.epochs["teacher"],
            lr=0.001,
            batch_size=256,
            random_state=0,
        )
        return self.fit("teacher 2x1200", slice(None), teacher, 67).module_

    def distil(self, name, rows, teacher=None, *, paper="", lr=0.001, alpha=1.0):
        """A small net on some rows, from the teacher's logits or from labels."""
        is_few = len(self.y[rows]) < len(self.y) // 2
        student = NeuralStudentClassifier(
            teacher,
            classes=np.arange(10),
            temperature=1.0 if teacher is None else TEMPERATURE,
            alpha=alpha,
            hidden_layer_sizes=(800, 800),
            preprocessor=None,
            max_epochs=self.epochs["few" if is_few else "student"],
            lr=lr,
            batch_size=64 if is_few else 256,
            random_state=0,
        )
        return self.fit(name, rows, student, paper)

    def fit(self, name, rows, student, paper):
        """Train, and note the test errors."""
        start = time.perf_counter()
        student.fit(self.X[rows], self.y[rows])
        seconds = time.perf_counter() - start
        learns = "labels" if student.teacher is None else "teacher"
        counts = (len(self.y[rows]), student.n_iter_)
        self.note(name, learns, *counts, student, seconds, paper)
        return student

    def note(self, name, learns, n_rows, epochs, student, seconds, paper):
        """One row of the table."""
        wrong = student.predict(self.X_test) != self.y_test
        self.rows.append(
            {
                "net": name,
                "learns from": learns,
                "rows": n_rows,
                "epochs": epochs,
                "errors": int(wrong.sum()),
                "errors on 3": int(wrong[self.y_test == LEFT_OUT].sum()),
                "gain": "",
                "paper": paper,
                "seconds": round(seconds),
            }
        )
        print(self.rows[-1], flush=True)

    def leave_a_class_out(self, teacher):
        """No image of a 3 among the student's; then the prior is adjusted."""
        name = f"student 2x800, no {LEFT_OUT}"
        student = self.distil(name, self.others, teacher, paper=206, lr=0.006)
        prior = np.bincount(self.y) / len(self.y)
        for how, given, paper in (
            ("prior alone", {"prior": prior}, ""),
            ("rows alone", {"X": self.X}, ""),
            ("prior and rows", {"prior": prior, "X": self.X}, 109),
        ):
            start = time.perf_counter()
            student.adjust_class_prior(**given)
            seconds = time.perf_counter() - start
            self.note(f"... {how}", "", "", "", student, seconds, paper)

    def with_gains(self):
        """The rows; a gain where there is a control on as many rows."""
        best = self.rows[0]["errors"]
        for control, row in zip(self.rows[1:], self.rows[2:], strict=False):
            same_rows = row["rows"] == control["rows"]
            if same_rows and control["learns from"] == "labels":
                worst = control["errors"]
                row["gain"] = round((row["errors"] - worst) / (best - worst), 3)
        return self.rows


def main():
    quick = arguments(__doc__).quick
    torch.set_num_threads(1)
    experiment = Experiment(quick)
    teacher, every = experiment.train_teacher(), slice(None)
    experiment.distil("student 2x800", every, paper=146)
    experiment.distil("student 2x800", every, teacher, paper=74, lr=0.006, alpha=0.9)
    experiment.distil("student, 3 % of the rows", experiment.few)
    experiment.distil("student, 3 % of the rows", experiment.few, teacher)
    experiment.leave_a_class_out(teacher)
    rows = experiment.with_gains()
    notes = ["paper: its bias for the class left out was tuned on the test images"]
    title = "MNIST: errors on 10,000 test images, of which 1,010 show a 3"
    report("mnist", title, rows, save=not quick, notes=notes)


if __name__ == "__main__":
    main()
