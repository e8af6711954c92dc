"""An ensemble teaches moved images: a net of 2x800 units and soft trees of depth 8.

Teacher: the mean of three small convolutional nets (those of ``benchmarks.soft_tree``),
trained on images that are moved by up to two pixels each way. It labels the training
images and ten copies of each, moved by up to one pixel. Students learn from these
answers, controls from the labels of the same images, in as many steps; one epoch is a
pass over as many images as there are training images. The tree's answers are softened (p
to the power 1/3, normalised). Distance, temperature, rates and epochs were chosen on
10,000 of the training images, never on test images. Three seeds of each student; one
teacher. Cells are kept in ``SKDISTILL_CACHE`` (default ``.cache``).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from benchmarks._report import arguments, report
from benchmarks._soft_tree_images import SOFTENED, Convolutions, soften
from benchmarks.gain import cached, short
from benchmarks.mnist import images, moved
from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier

N_MEMBERS, N_COPIES, FARTHEST, N_SEEDS = 3, 10, 1.0, 3
TEACHER = {"max_epochs": 25, "lr": 0.002, "batch_size": 128}
TEMPERATURE = 20.0
NET = {"hidden_layer_sizes": (800, 800), "max_epochs": 60, "lr": 0.003}
TREE = {"max_depth": 8, "max_epochs": 180, "lr": 0.005}
STUDENTS = {
    "net 2x800": NeuralStudentClassifier,
    "soft tree": SoftDecisionTreeClassifier,
}


class Lesson:
    """What the students learn, made when first needed."""

    def __init__(self, folder, quick):
        self.folder, self.quick = folder, quick
        self.X, self.y = (part[: 3000 if quick else None] for part in images("train"))
        self.X_test, self.y_test = images("test")

    def epochs(self, options):
        """Options, with few epochs in a quick run."""
        return options | ({"max_epochs": 3} if self.quick else {})

    @cached_property
    def copies(self):
        """Moved images (n_copies * n, 784)."""
        torch.manual_seed(0)
        x = torch.from_numpy(self.X)
        return np.concatenate([moved(x, FARTHEST).numpy() for _ in range(N_COPIES)])

    def asked(self, member):
        """Answers of one net for the training images, their copies and the test images."""
        net = NeuralStudentClassifier(
            module=Convolutions,
            preprocessor=None,
            random_state=member,
            **self.epochs(TEACHER),
        )
        net.fit(self.X, self.y)
        rows = self.X, self.copies, self.X_test
        return np.concatenate([net.predict_proba(each) for each in rows])

    def members(self):
        """The answers of each net of the teacher."""
        key = short(TEACHER, N_COPIES, FARTHEST)
        return [
            cached(self.folder, ("member", m, key), lambda m=m: self.asked(m))[0]
            for m in range(N_MEMBERS)
        ]

    @property
    def answers(self):
        """The teacher's, for the images and for the copies."""
        whole = np.mean([rows[: -len(self.y_test)] for rows in self.members()], axis=0)
        return whole[: len(self.y)], whole[len(self.y) :]

    @property
    def labels(self):
        """The same of a teacher that says the labels."""
        own = np.eye(10)[self.y]
        return own, np.tile(own, (N_COPIES, 1))

    def of_teacher(self):
        """Hits of the ensemble, and of its nets by themselves."""
        tests = [rows[-len(self.y_test) :] for rows in self.members()]
        said = [np.mean(tests, axis=0), *tests]
        return np.array([p.argmax(axis=1) == self.y_test for p in said])

    def of_student(self, kind, source, seed):
        """Hits of a student, and of a tree's greedy path."""
        own, copied = self.answers if source == "teacher" else self.labels
        options = {"temperature": TEMPERATURE} | NET if kind != "soft tree" else TREE
        if source == "labels":
            options = options | {"temperature": 1.0}
        elif kind == "soft tree":
            own, copied = soften(own, SOFTENED), soften(copied, SOFTENED)
        student = STUDENTS[kind](
            classes=np.arange(10),
            preprocessor=None,
            batch_size=256,
            random_state=seed,
            **self.epochs(options),
        )
        taught = {"X_transfer": self.copies, "transfer_output": copied}
        student.fit(self.X, teacher_output=own, **taught)
        ways = ("mixture", "path") if kind == "soft tree" else (None,)
        hits = []
        for way in ways:
            if way is not None:
                student.set_params(inference=way)
            hits.append(student.predict(self.X_test) == self.y_test)
        return np.array(hits)


def arms():
    """Student, on what it learns, and what it depends on."""
    for kind, options in (("net 2x800", (NET, TEMPERATURE)), ("soft tree", TREE)):
        for source in ("labels", "teacher"):
            soft = SOFTENED if source == "teacher" else None
            yield kind, source, short(options, soft, TEACHER, N_COPIES, FARTHEST)


def line(name, source, found):
    """One row of the table, from the hits of all seeds."""
    errors = np.array([(hits == 0).sum(axis=1) for hits in found])
    percent = 100 * (1 - errors / found[0].shape[1])
    spread = errors.std(axis=0, ddof=1) if len(found) > 1 else np.zeros(len(errors[0]))
    has_path = name == "soft tree"
    return {
        "model": name,
        "learns from": source,
        "seeds": len(found),
        "errors": round(float(errors[:, 0].mean()), 1),
        "+-": round(float(spread[0]), 1),
        "accuracy": round(float(percent[:, 0].mean()), 2),
        "accuracy, path": round(float(percent[:, 1].mean()), 2) if has_path else "",
    }


def main():
    quick = arguments(__doc__).quick
    torch.set_num_threads(1)
    name = "mnist_moved_quick" if quick else "mnist_moved"
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / name
    lesson = Lesson(folder, quick)
    teacher = lesson.of_teacher()
    rows = [line("three convolutional nets", "labels", [teacher])]
    for kind, source, key in arms():
        found = [
            cached(
                folder,
                (kind, source, seed, key),
                lambda kind=kind, source=source, seed=seed: lesson.of_student(
                    kind, source, seed
                ),
            )[0]
            for seed in range(1 if quick else N_SEEDS)
        ]
        rows.append(line(kind, source, found))
    alone = ", ".join(str(int((hits == 0).sum())) for hits in teacher[1:])
    notes = [f"errors of the teacher's nets by themselves: {alone}"]
    title = "MNIST, moved images labelled by an ensemble: errors on 10,000 test images"
    report("mnist_moved", title, rows, save=not quick, notes=notes)


if __name__ == "__main__":
    main()
