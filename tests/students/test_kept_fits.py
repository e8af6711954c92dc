"""A fit that was cut short goes on to the same bits as if nothing had happened."""

import os
import shutil
import signal
import threading
import time

import numpy as np
import pytest
import torch
from film_texts import film_texts, small_student, small_transformer, words_teacher
from kept_fits import (
    EACH_EPOCH,
    EACH_STEP,
    Drawing,
    Killed,
    assert_same_bits,
    carried_through,
    killed_after,
)
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    GradientNormClipping,
    LRScheduler,
)
from skorch.callbacks import Checkpoint as SkorchCheckpoint

from skdistill import (
    Checkpoint,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    PiecewiseLinear,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    TextStudentClassifier,
)
from skdistill.training.state_files import Files

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 6, "random_state": 0}
FRESH = Munge(100, refresh=2)


NETS = {
    "plain": ({"transfer": None}, EACH_EPOCH),
    "transfer rows": ({}, EACH_STEP),
    "dropout, average": ({"dropout": 0.3, "ema_decay": 0.9}, EACH_STEP),
    "early stopping": (
        {"early_stopping": True, "n_iter_no_change": 2, "lr": 0.05},
        EACH_STEP,
    ),
    "stopped average": (
        {"early_stopping": True, "ema_decay": 0.8, "tol": 0.05},
        EACH_EPOCH,
    ),
    "cosine": ({"lr_schedule": "cosine", "optimizer": "sgd"}, EACH_STEP),
    "one cycle, members": ({"lr_schedule": "one_cycle", "n_members": 2}, EACH_STEP),
    "auto": ({"temperature": "auto", "dropout": 0.1}, EACH_EPOCH),
    "fresh rows": ({"transfer": FRESH}, EACH_STEP),
    "chosen rows": (
        {"transfer": Munge(100, refresh=2, n_candidates=2)},
        EACH_EPOCH,
    ),
    "fresh rows, watched": ({"transfer": FRESH, "early_stopping": True}, EACH_EPOCH),
    "edges": ({"numeric_embedding": PiecewiseLinear(4), "alpha": 0.5}, EACH_EPOCH),
    "module": ({"module": Drawing, "transfer": None}, EACH_STEP),
    "optimizer": ({"optimizer": torch.optim.Adagrad, "lr": 0.05}, EACH_EPOCH),
}
QUICK = {"dropout, average", "stopped average", "fresh rows", "auto"}
TREES = {
    "plain": {},
    "grown": {"max_leaf_nodes": 6},
    "auto, grown": {"temperature": "auto", "max_leaf_nodes": 4},
    "axis": {"split": "axis"},
    "leaves": {"objective": (0.0, 1.0), "balance_penalty": 0.1},
    "sharpened": {"loss": "dist"},
}


def resumed(make, fit, path, often):
    """A student that was killed several times."""
    checkpoint = Checkpoint(path, **often)
    student, n_lives = carried_through(lambda: fit(make(), checkpoint=checkpoint))
    assert n_lives > 2
    return student


@pytest.mark.parametrize(
    ("options", "often"),
    [
        # Of the quick run, those in which most is random.
        pytest.param(*NETS[name], marks=[] if name in QUICK else pytest.mark.slow)
        for name in NETS
    ],
    ids=NETS,
)
def test_nets(iris, iris_forest, tmp_path, options, often):
    def make():
        return NeuralStudentClassifier(iris_forest, **{**SMALL, **options})

    def fit(student, **more):
        return student.fit(*iris, **more)

    student = resumed(make, fit, tmp_path / "run", often)
    assert_same_bits(student, fit(make()), iris[0])


@pytest.mark.parametrize("n_states", range(1, 8))
def test_a_kill_after_each_epoch(iris, tmp_path, n_states):
    """The seventh state is that of the end."""

    def fit(**more):
        options = {"dropout": 0.2, "ema_decay": 0.9, "lr_schedule": "cosine"}
        return NeuralStudentClassifier(**SMALL, **options).fit(*iris, **more)

    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    with pytest.raises(Killed), killed_after(n_states):
        fit(checkpoint=checkpoint)
    assert_same_bits(fit(checkpoint=checkpoint), fit(), iris[0])


@pytest.mark.parametrize("options", TREES.values(), ids=TREES)
def test_soft_trees(iris, iris_forest, tmp_path, options):
    def make():
        options_ = {"max_depth": 3, "max_epochs": 6, "random_state": 0, **options}
        return SoftDecisionTreeClassifier(iris_forest, **options_)

    def fit(student, **more):
        return student.fit(*iris, **more)

    student, other = resumed(make, fit, tmp_path / "run", EACH_EPOCH), fit(make())
    assert_same_bits(student, other, iris[0])
    np.testing.assert_array_equal(
        student.feature_importances_, other.feature_importances_
    )


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (NeuralStudentRegressor, {"quantiles": [0.1, 0.5, 0.9]}),
        (NeuralStudentRegressor, {"hidden_layer_sizes": (8,), "weight_decay": 0.1}),
        (SoftDecisionTreeRegressor, {"max_depth": 3, "leaf": "linear"}),
    ],
)
def test_regressors(tmp_path, make, options):
    X, y = load_diabetes(return_X_y=True)
    options = {"max_epochs": 4, "random_state": 0, **options}

    def fit(student, **more):
        return student.fit(X, y, **more)

    student = resumed(lambda: make(**options), fit, tmp_path / "run", EACH_EPOCH)
    assert_same_bits(student, fit(make(**options)), X)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mlm": 0.5, "accumulation_steps": 2, "lr_schedule": None},
        {"transfer": "words"},
    ],
)
def test_texts(tmp_path, options):
    texts, y = film_texts(90)
    teacher = words_teacher(texts, y)

    def fit(student, **more):
        return student.fit(texts, y, **more)

    def make():
        return small_student(teacher, **{"dropout": 0.1, "max_epochs": 2, **options})

    student = resumed(make, fit, tmp_path / "run", EACH_STEP)
    assert_same_bits(student, fit(make()), texts)


def test_texts_that_learn_hidden_states(tmp_path):
    texts, y = film_texts(60)
    teacher = small_transformer(texts, y, max_epochs=1)

    def fit(student, **more):
        return student.fit(texts, y, **more)

    def make():  # of another width: projections are learnt beside
        options = {"hidden_size": 16, "n_layers": 1, "init": None, "max_epochs": 2}
        return TextStudentClassifier(teacher, random_state=0, **options)

    student = resumed(make, fit, tmp_path / "run", EACH_STEP)
    assert_same_bits(student, fit(make()), texts)


class Seen(Callback):
    def __init__(self):
        self.losses = []

    def on_epoch_end(self, net, **kwargs):
        self.losses.append(net.history[-1, "train_loss"])


def test_callbacks_go_on(iris, iris_forest, tmp_path):
    def make():
        callbacks = [
            EarlyStopping(
                "train_loss", patience=3, load_best=True, sink=lambda _: None
            ),
            ("seen", Seen()),
            LRScheduler("LambdaLR", lr_lambda=lambda epoch: 0.8**epoch),
            GradientNormClipping(1.0),
            SkorchCheckpoint(dirname=tmp_path / "skorch", monitor="train_loss_best"),
        ]
        return NeuralStudentClassifier(iris_forest, callbacks=callbacks, **SMALL)

    def fit(student, **more):
        return student.fit(*iris, **more)

    student, other = resumed(make, fit, tmp_path / "run", EACH_STEP), fit(make())
    assert_same_bits(student, other, iris[0])
    seen = [dict(each.net_.callbacks_)["seen"].losses for each in (student, other)]
    assert seen[0] == seen[1] == [e["train_loss"] for e in other.history_]


class Holding(Callback):
    def on_train_begin(self, net, **kwargs):
        self.lock_ = threading.Lock()


class Telling(Holding):
    def state_dict(self):
        return {"said": 1}

    def load_state_dict(self, state):
        self.said_ = state["said"]


def test_a_callback_that_cannot_be_kept_says_how_it_could(iris, tmp_path):
    student = NeuralStudentClassifier(callbacks=[Holding()], **SMALL)
    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    with pytest.raises(
        TypeError, match=r"Holding.*lock_ is a _thread.lock.*state_dict"
    ):
        student.fit(*iris, checkpoint=checkpoint)
    assert not hasattr(student, "net_")
    student.set_params(callbacks=[Telling()])
    student = carried_through(
        lambda: student.fit(
            *iris, checkpoint=Checkpoint(tmp_path / "run", **EACH_EPOCH)
        )
    )[0]
    assert dict(student.net_.callbacks_)["Telling"].said_ == 1


@pytest.mark.parametrize("seed", [None, "generator"])
def test_a_seed_is_kept_where_there_is_none(iris, tmp_path, seed):
    """The first life draws it; the others, and a copy of the folder, come to the same."""

    def fit(path):
        random_state = np.random.RandomState(0) if seed else None
        student = NeuralStudentClassifier(
            **{**SMALL, "random_state": random_state, "dropout": 0.1}
        )
        student.fit(*iris, checkpoint=Checkpoint(path, **EACH_EPOCH))
        assert student.random_state is random_state
        return student

    with pytest.raises(Killed), killed_after(1):
        fit(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    np.random.random(3)  # noqa: NPY002
    student, n_lives = carried_through(lambda: fit(tmp_path / "a"))
    assert n_lives > 2
    assert_same_bits(student, fit(tmp_path / "b"), iris[0])


def test_a_fit_that_had_ended_gives_its_result_again(
    iris, iris_forest, tmp_path, capsys
):
    """At once, whoever calls; the folder holds one state of each training."""
    student = NeuralStudentClassifier(iris_forest, temperature="auto", **SMALL)
    student.fit(*iris, checkpoint=tmp_path)
    states = sorted(path.name for path in tmp_path.rglob("*.ckpt"))
    assert states == ["done.ckpt"] * 2  # four short runs as one, and the training
    student.set_params(verbose=2).fit(*iris)
    twin = NeuralStudentClassifier(iris_forest, temperature="auto", **SMALL)
    twin.set_params(verbose=2).fit(*iris, checkpoint=str(tmp_path))
    assert_same_bits(twin, student, iris[0])
    said = capsys.readouterr().out
    assert f"checkpoint {tmp_path}: training 5 had ended." in said


def test_it_says_from_where_it_goes_on(iris, tmp_path, capsys):
    student = NeuralStudentClassifier(verbose=1, **SMALL)
    with pytest.raises(Killed), killed_after(2):
        student.fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    student.fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    assert "training 1 goes on after epoch 2 of 6." in capsys.readouterr().out


def test_no_more_states_than_were_asked_for(iris, tmp_path):
    checkpoint = Checkpoint(tmp_path, keep=3, **EACH_EPOCH)
    with pytest.raises(Killed), killed_after(5):
        NeuralStudentClassifier(**SMALL).fit(*iris, checkpoint=checkpoint)
    assert len(list(tmp_path.rglob("*.ckpt"))) == 3


def test_ctrl_c_leaves_what_can_go_on(iris, tmp_path):
    mark = tmp_path / "pressed"

    class Pressed(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 4 and not mark.exists():
                mark.write_text("")
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)

    def fit(student):
        folder = tmp_path / "run"
        return student.fit(*iris, checkpoint=Checkpoint(folder, **EACH_EPOCH))

    make = lambda: NeuralStudentClassifier(callbacks=[Pressed()], **SMALL)  # noqa: E731
    with pytest.warns(UserWarning, match="interrupted in epoch 4"):
        student = fit(make())
    assert student.n_iter_ == 3
    assert_same_bits(fit(make()), make().fit(*iris), iris[0])


@pytest.mark.slow
def test_growth_that_ctrl_c_has_cut_short_goes_on(iris, tmp_path, monkeypatch):
    """What follows an interrupted training is not what an undisturbed fit would do."""
    make = lambda: SoftDecisionTreeClassifier(  # noqa: E731
        max_depth=3, max_epochs=24, max_leaf_nodes=5, random_state=0
    )
    write, count = Files.write, 0

    def pressed(self, name, state):
        nonlocal count
        count += 1
        if count == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        return write(self, name, state)

    with monkeypatch.context() as patch, pytest.warns(UserWarning, match="interrupted"):
        patch.setattr(Files, "write", pressed)
        make().fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    student = make().fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    assert_same_bits(student, make().fit(*iris), iris[0])


def test_a_student_that_goes_on_needs_a_folder_of_its_own(iris, tmp_path):
    def fit(student, folder):
        return student.fit(*iris, checkpoint=Checkpoint(folder, **EACH_EPOCH))

    student = fit(NeuralStudentClassifier(warm_start=True, **SMALL), tmp_path / "a")
    with pytest.raises(ValueError, match="warm_start"):
        fit(student, tmp_path / "a")

    def carried():
        first = NeuralStudentClassifier(warm_start=True, **SMALL).fit(*iris)
        return fit(first, tmp_path / "b")

    again, n_lives = carried_through(carried)
    assert n_lives > 2
    assert_same_bits(again, student.fit(*iris), iris[0])


def test_in_a_pipeline(iris, tmp_path):
    def fit():
        pipeline = make_pipeline("passthrough", NeuralStudentClassifier(**SMALL))
        checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
        return pipeline.fit(*iris, neuralstudentclassifier__checkpoint=checkpoint)

    pipeline, n_lives = carried_through(fit)
    assert n_lives > 2
    assert_same_bits(pipeline[-1], NeuralStudentClassifier(**SMALL).fit(*iris), iris[0])
