"""The best weights, Ctrl-C and the progress bar."""

import _thread
import itertools
import pickle
import signal
import threading

import pytest
from noisy_labels import best_of, loss_on, noisy
from skorch.callbacks import Callback
from torch.nn.modules.module import register_module_forward_hook


def test_early_stopping_keeps_the_best_weights(student):
    X, y = noisy()
    student.set_params(
        early_stopping=True, max_epochs=300, n_iter_no_change=5, lr=0.01
    ).fit(X, y)
    losses = [epoch["valid_loss"] for epoch in student.history_]
    assert student.n_iter_ == len(losses) < 300
    assert losses[-1] > min(losses)
    X_val, y_val = X[200:], y[200:]
    student.set_params(n_iter_no_change=300, max_epochs=40, lr=0.05)
    student.fit(X[:200], y[:200], X_val=X_val, y_val=y_val)
    assert student.history_[-1]["valid_loss"] > best_of(student)
    assert loss_on(student, X_val, y_val) == pytest.approx(best_of(student), rel=1e-4)


class PressCtrlC(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            _thread.interrupt_main()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_keeps_the_best_weights_and_says_so(student, early_stopping):
    """At this rate the validation loss goes up soon, so the last weights are not best."""
    X, y = noisy()
    student.set_params(
        callbacks=[PressCtrlC(9)], early_stopping=early_stopping, lr=0.05
    )
    student.set_params(n_iter_no_change=100)
    with pytest.warns(UserWarning, match=r"interrupted in epoch 9.*weights of epoch"):
        student.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    assert student.n_iter_ == 8
    assert student.history_[-1]["valid_loss"] > best_of(student) + 0.01
    loss = loss_on(student, X[200:], y[200:])
    assert loss == pytest.approx(best_of(student), rel=1e-4)


def test_ctrl_c_without_callbacks(student):
    """A real signal, at any moment of skdistill's own fast loop."""
    X, y = noisy(2000)
    student.set_params(max_epochs=100_000, lr_schedule=None, early_stopping=False)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    calls = itertools.count()

    def start(*of_a_module):
        if next(calls) == 500:  # some epochs are done
            timer.start()

    with (
        register_module_forward_hook(start),
        pytest.warns(UserWarning, match="was interrupted in epoch"),
    ):
        student.fit(X, y)
    assert 0 < student.n_iter_ < 100_000 and student.score(X, y) > 0.5


class PressAtTheEnd(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 3:
            signal.raise_signal(signal.SIGINT)
            for _ in range(1000):
                pass


def test_ctrl_c_inside_a_callback_is_not_taken_for_early_stopping(student):
    student.set_params(callbacks=[PressAtTheEnd()])
    with pytest.warns(UserWarning, match="was interrupted in epoch 3"):
        student.fit(*noisy())


def test_ctrl_c_in_the_first_epoch_is_not_swallowed(student):
    X, y = noisy()
    student.set_params(callbacks=[PressCtrlC(1)])
    with pytest.raises(KeyboardInterrupt):
        student.fit(X, y)
    assert not hasattr(student, "n_features_in_")


@pytest.mark.parametrize("verbose", [1, 2])
def test_verbose(student, verbose, capsys):
    student.set_params(verbose=verbose, max_epochs=3).fit(*noisy())
    out, err = capsys.readouterr()
    assert "train_loss" in (err if verbose == 1 else out)
    student.set_params(verbose=0).fit(*noisy())
    assert capsys.readouterr() == ("", "")


class StopInEpoch(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epoch", [1, 2])
def test_an_epoch_that_a_callback_ends_half_way_does_not_count(student, epoch):
    X, y = noisy()
    student.set_params(callbacks=[StopInEpoch(epoch)]).fit(X, y)
    assert student.n_iter_ == len(student.history_) == epoch - 1
    assert pickle.loads(pickle.dumps(student)).score(X, y) == student.score(X, y)
