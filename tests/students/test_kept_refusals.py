"""Folders of checkpoints that are damaged, or of another fit: refused, with the reason."""

import contextlib
import errno
import json
import os

import numpy as np
import pytest
from kept_fits import (
    EACH_EPOCH,
    Drawing,
    Killed,
    assert_same_bits,
    carried_through,
    killed_after,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback

from skdistill import (
    Checkpoint,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 6, "random_state": 0}


def cut_short(iris, path, n_states=3, **options):
    with contextlib.suppress(Killed), killed_after(n_states):
        NeuralStudentClassifier(**{**SMALL, **options}).fit(
            *iris, checkpoint=Checkpoint(path, **EACH_EPOCH)
        )


def test_the_older_state_is_taken_if_the_newest_is_truncated(iris, tmp_path):
    cut_short(iris, tmp_path)
    *_, newest = sorted(tmp_path.rglob("*.ckpt"))
    newest.write_bytes(newest.read_bytes()[:-100])
    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    with pytest.warns(UserWarning, match="damaged or cut short; an older one is taken"):
        student = NeuralStudentClassifier(**SMALL).fit(*iris, checkpoint=checkpoint)
    assert_same_bits(student, NeuralStudentClassifier(**SMALL).fit(*iris), iris[0])


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_damaged_states_are_refused(iris, tmp_path, damage):
    cut_short(iris, tmp_path)
    for path in tmp_path.rglob("*.ckpt"):
        whole = bytearray(path.read_bytes())
        whole[len(whole) // 2] ^= 1  # a single bit
        path.write_bytes(whole if damage is None else damage)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.ckpt")}
    student = NeuralStudentClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"training-001.*no older one can be read"):
        student.fit(*iris, checkpoint=tmp_path)
    assert not hasattr(student, "net_")
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.ckpt")}


def other_rows(X, y):
    return X[:-1], y[:-1]


def other_labels(X, y):
    return X, np.where(np.arange(len(y)) == 0, y[-1], y)


def other_classes(X, y):
    return X, np.char.add(y, "!")


@pytest.mark.parametrize(
    ("options", "change", "what"),
    [
        ({"lr": 0.5}, None, "lr was 0.001 and is 0.5"),
        ({"max_epochs": 7}, None, "max_epochs was 6 and is 7"),
        ({"random_state": 1}, None, "random_state was 0 and is 1"),
        ({"module": Drawing}, None, "module is not the same"),
        ({"preprocessor": None}, None, "preprocessor was 'auto' and is None"),
        ({}, other_rows, "X is not the same; y is not the same"),
        ({}, other_labels, "y is not the same"),
        ({}, other_classes, "y is not the same"),
    ],
)
def test_a_checkpoint_of_another_fit_is_refused(iris, tmp_path, options, change, what):
    cut_short(iris, tmp_path, lr=0.001)
    student = NeuralStudentClassifier(**{**SMALL, "lr": 0.001, **options})
    with pytest.raises(ValueError, match=f"of another fit: {what}"):
        student.fit(*(change(*iris) if change else iris), checkpoint=tmp_path)
    assert not hasattr(student, "net_")


def test_another_class_and_another_format_are_refused(iris, tmp_path):
    cut_short(iris, tmp_path)
    with pytest.raises(ValueError, match="is a NeuralStudentClassifier and not a Soft"):
        SoftDecisionTreeClassifier().fit(*iris, checkpoint=tmp_path)
    run = tmp_path / "run.json"
    known = json.loads(run.read_text())
    run.write_text(json.dumps({**known, "format": 2}))
    with pytest.raises(ValueError, match="format 2, and this version"):
        NeuralStudentClassifier(**SMALL).fit(*iris, checkpoint=tmp_path)
    run.write_text(run.read_text()[:50])
    with pytest.raises(ValueError, match="run.json cannot be read"):
        NeuralStudentClassifier(**SMALL).fit(*iris, checkpoint=tmp_path)


def test_another_teacher_is_refused(iris, tmp_path):
    X, y = iris
    make = lambda teacher: NeuralStudentClassifier(teacher, **SMALL)  # noqa: E731
    forests = [RandomForestClassifier(5, random_state=i).fit(X, y) for i in (0, 1)]
    make(forests[0]).fit(X, y, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"in training 1, the teacher's answers"):
        make(forests[1]).fit(X, y, checkpoint=tmp_path)


def test_a_teacher_that_is_fitted_anew_needs_a_seed_or_a_memory(iris, tmp_path):
    def fit(folder, **options):
        teacher = RandomForestClassifier(5)
        student = NeuralStudentClassifier(teacher, **SMALL, **options)
        return student.fit(
            *iris, checkpoint=Checkpoint(tmp_path / folder, **EACH_EPOCH)
        )

    fit("a")
    with pytest.raises(ValueError, match="give an unfitted teacher a random_state, or"):
        fit("a")
    kept = {"memory": tmp_path / "memory"}
    student, n_lives = carried_through(lambda: fit("b", **kept))
    assert n_lives > 2
    assert_same_bits(student, fit("b", **kept), iris[0])


def test_partial_fit_refuses(iris, tmp_path):
    with pytest.raises(TypeError, match="partial_fit takes no checkpoint"):
        NeuralStudentClassifier(**SMALL).partial_fit(*iris, checkpoint=tmp_path)


@pytest.mark.parametrize(
    "student", [HardDecisionTreeClassifier(), StudentClassifier(LogisticRegression())]
)
def test_students_without_epochs_refuse(iris, tmp_path, student):
    with pytest.raises(ValueError, match=r"has none: leave it out. memory="):
        student.fit(*iris, checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_folders_that_are_none_of_ours(iris, tmp_path):
    student = NeuralStudentClassifier(**SMALL)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        student.fit(*iris, checkpoint=tmp_path / "file")
    with pytest.raises(ValueError, match="holds 'file', and no run.json"):
        student.fit(*iris, checkpoint=tmp_path)
    with pytest.raises(TypeError, match="is no path"):
        student.fit(*iris, checkpoint=3)


def test_a_full_disk_leaves_what_can_go_on(iris, tmp_path, monkeypatch):
    def fit():
        checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
        return NeuralStudentClassifier(**SMALL).fit(*iris, checkpoint=checkpoint)

    fsync, count = os.fsync, 0

    def full(number):
        nonlocal count
        count += 1
        if count > 6:  # in the third state
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(number)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        fit()
    assert len(list(tmp_path.rglob("*.ckpt"))) == 2
    assert not list(tmp_path.rglob(".*"))  # nothing half-written
    assert_same_bits(fit(), NeuralStudentClassifier(**SMALL).fit(*iris), iris[0])


def test_two_fits_at_once_in_one_folder(iris, tmp_path):
    class Meanwhile(Callback):
        def on_epoch_end(self, net, **kwargs):
            with pytest.raises(ValueError, match="in use by another fit"):
                NeuralStudentClassifier(**SMALL).fit(*iris, checkpoint=tmp_path)

    student = NeuralStudentClassifier(callbacks=[Meanwhile()], **SMALL)
    student.fit(*iris, checkpoint=tmp_path)
