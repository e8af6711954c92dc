"""The MNIST part of ``benchmarks.soft_tree``: trees of depth 8, three seeds.

The teacher is a small convolutional net, one for all seeds, trained on images that are
moved by up to two pixels each way; it labels the training images and four copies of each,
moved by up to one. Its answers are softened (p to the power 1/3, normalised) and the
tree's are not. The tree on labels gets the same images and as many steps; that on the
images as they are has the weight decay that suits it. One epoch is a pass over the 60,000
images. Softening, rate, epochs and weight decay were chosen on 10,000 of the training
images, never on test images.
"""

from functools import cache, cached_property

import numpy as np
import torch
from neural_trees import SoftDecisionTree as NeuralTreesTree
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from benchmarks.mnist import SIDE, images, moved
from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier

N_SEEDS = 3
DEPTH, COPIES, EPOCHS, FARTHEST, SOFTENED = 8, 4, 60, 1.0, 3.0
TREE = {"max_depth": DEPTH, "batch_size": 256, "lr": 0.005, "preprocessor": None}
OF_LABELS = {"weight_decay": 0.5}
CHANGES = {
    "answers not softened": {"softened": 1.0},
    "objective=0.3": {"objective": 0.3},
}


class Convolutions(nn.Module):
    """The teacher; in training it sees moved images."""

    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.net = nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)),
            nn.Conv2d(1, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(512, 128),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(128, n_outputs),
        )

    def forward(self, x):
        """Logits (n, n_outputs)."""
        return self.net(moved(x) if self.training else x)


@cache
def fitted_teacher():
    """The net, on the training images."""
    net = NeuralStudentClassifier(
        module=Convolutions,
        preprocessor=None,
        max_epochs=25,
        lr=0.002,
        batch_size=128,
        random_state=0,
    )
    return net.fit(*images("train"))


class Images:
    """One seed: the images and moved copies."""

    def __init__(self, seed):
        self.seed = seed
        self.X, self.y = images("train")
        self.X_test, self.y_test = images("test")

    @property
    def teacher(self):
        """The fitted net, one for all seeds."""
        return fitted_teacher()

    @cached_property
    def copies(self):
        """Moved images."""
        torch.manual_seed(self.seed)
        x = torch.from_numpy(self.X)
        return np.concatenate([moved(x, FARTHEST).numpy() for _ in range(COPIES)])

    @cached_property
    def answers(self):
        """The teacher's, for the images and for the copies."""
        return self.teacher.predict_proba(self.X), self.teacher.predict_proba(
            self.copies
        )

    def rows(self, model):
        """Losses and hits (2, n_test)."""
        p = np.clip(model.predict_proba(self.X_test), 1e-7, 1)
        picked = p[np.arange(len(self.y_test)), self.y_test]
        return np.array([-np.log(picked), p.argmax(axis=1) == self.y_test], dtype=float)

    def both(self, tree):
        """Those of the mixture and of the greedy path (4, n_test)."""
        whole = self.rows(tree.set_params(inference="mixture"))
        return np.concatenate([whole, self.rows(tree.set_params(inference="path"))])

    def taught(self, own, copied, **changed):
        """A tree of targets for the images and for the moved copies."""
        options = TREE | {"max_epochs": EPOCHS, "random_state": self.seed} | changed
        tree = SoftDecisionTreeClassifier(classes=np.arange(10), **options)
        return self.both(
            tree.fit(
                self.X,
                teacher_output=own,
                X_transfer=self.copies,
                transfer_output=copied,
            )
        )

    def distilled(self, softened=SOFTENED, **changed):
        """A tree of the teacher's answers, which are softened first."""
        return self.taught(*(soften(p, softened) for p in self.answers), **changed)

    def of_moved_labels(self):
        """A tree of the labels of the same images."""
        own = np.eye(10)[self.y]
        return self.taught(own, np.tile(own, (COPIES, 1)))

    def of_labels(self):
        """A tree of labels, of the images as they are."""
        options = TREE | OF_LABELS | {"max_epochs": EPOCHS, "random_state": self.seed}
        return self.both(SoftDecisionTreeClassifier(**options).fit(self.X, self.y))

    def neural_trees(self):
        """The peer, with our depth, in batches of 512, otherwise at its defaults."""
        peer = NeuralTreesTree(depth=DEPTH, batch_size=512, random_state=self.seed)
        return self.rows(peer.fit(self.X, self.y))

    def cart(self):
        """CART with as many leaves."""
        cart = DecisionTreeClassifier(max_leaf_nodes=2**DEPTH, random_state=self.seed)
        return self.rows(cart.fit(self.X, self.y))


def soften(p, by):
    """Probabilities that are nearer to one another."""
    p = np.clip(p, 1e-6, 1) ** (1 / by)
    return p / p.sum(axis=1, keepdims=True)


def arms(cell, seed):
    """Name, on what it learns, what its result depends on, and how to get it."""
    epochs = EPOCHS, COPIES, FARTHEST, SOFTENED
    yield "teacher", "labels", (), lambda: cell().rows(cell().teacher)
    alone = epochs, OF_LABELS
    yield "soft tree", "labels", alone, lambda: cell().of_labels()
    yield "soft tree, moved", "labels", epochs, lambda: cell().of_moved_labels()
    yield "neural-trees", "labels", DEPTH, lambda: cell().neural_trees()
    yield "CART, as many leaves", "labels", (), lambda: cell().cart()
    yield "soft tree", "teacher", epochs, lambda: cell().distilled()
    for name, changed in CHANGES.items() if seed == 0 else ():
        make = lambda c=changed: cell().distilled(**c)  # noqa: E731
        yield f"... {name}", "teacher", (epochs, changed), make
