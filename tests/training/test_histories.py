"""Histories of trainings, and the room that they take in a pickle."""

import pickle

import numpy as np
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from skorch.callbacks import Callback

from skdistill import NeuralStudentClassifier


def test_a_pickle_is_slim_and_whole():
    random = np.random.default_rng(0)
    X = random.normal(size=(2000, 20))
    y = random.integers(0, 5, 2000)
    teacher = RandomForestClassifier(20, random_state=0).fit(X, y)
    kept = {"keep_teacher": False, "transfer": None, "random_state": 0}
    for embedding, most in ((None, 50_000), ("piecewise_linear", 210_000)):
        student = NeuralStudentClassifier(
            teacher,
            hidden_layer_sizes=(64, 64),
            numeric_embedding=embedding,
            max_epochs=100,
            batch_size=2000,
            **kept,
        ).fit(X, y)
        data = pickle.dumps(student)
        assert len(data) < most
        twin = pickle.loads(data)
        assert twin.history_ == student.history_
        assert twin.net_.history == student.net_.history
        assert twin.n_iter_ == 100
        for rows in (X, X[:1]):
            np.testing.assert_array_equal(
                twin.predict_proba(rows), student.predict_proba(rows)
            )
        assert twin.net_.optimizer_ is None


def test_notes_in_a_history_survive_a_pickle():
    class Notes(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("note", "x")

    X, y = load_iris(return_X_y=True)
    student = NeuralStudentClassifier(max_epochs=2, callbacks=[Notes()], random_state=0)
    student.set_params(callbacks=[Notes()]).fit(X, y)
    student.callbacks = None  # a class of this function cannot be pickled
    student.net_.callbacks_ = []
    twin = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(student))))
    assert twin.history_ == student.history_
    assert [epoch["note"] for epoch in twin.net_.history] == ["x", "x"]
