"""The core: batches, early stopping, Ctrl-C, callbacks, seeds."""

import _thread
import pickle
import signal
import threading
from functools import partial

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochTimer,
    GradientNormClipping,
    LRScheduler,
)

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
)
from skdistill.training.batches import Batches, Rows
from skdistill.training.loop import make_generator


def rows(n, m, soft=True):
    total = n + m
    return Rows(
        x=torch.arange(total, dtype=torch.float32)[:, None],
        soft=torch.ones(total, 2) if soft else None,
        soft_weight=None,
        hard=torch.arange(n),
        hard_weight=None,
        n_labelled=n,
    )


def test_an_epoch_is_one_pass_over_the_rows():
    batches = list(Batches(rows(10, 0), 4, make_generator(0)))
    assert [len(x) for x, _ in batches] == [4, 3, 3]
    seen = torch.cat([x for x, _ in batches]).ravel()
    assert sorted(seen.tolist()) == list(range(10)) and seen.tolist() != list(range(10))
    for x, (_, _, hard, _, _) in batches:
        torch.testing.assert_close(x.ravel().long(), hard)


def test_transfer_rows_do_not_multiply_the_steps():
    batches = Batches(rows(64, 64 * 3), 16, make_generator(0))
    assert len(batches) == 4
    labelled = []
    for _ in range(4):  # epochs; 4 of 16 rows are labelled
        for x, (soft, weight, hard, _, _) in batches:
            assert len(x) == len(soft) == 16 and len(hard) == 4 and weight is None
            assert (x[:4] < 64).all() and (x[4:] >= 64).all()
            labelled += x[:4].ravel().tolist()
    assert sorted(labelled) == list(range(64))  # each once in four epochs


def test_rounded_shares_still_estimate_the_mean():
    data = rows(10, 25)
    values = torch.linspace(1, 5, 35)
    batches = Batches(data, 8, make_generator(0))
    estimates = []
    for _ in range(3000):
        for x, (_, weight, _, _, _) in batches:
            estimates.append((values[x.ravel().long()] * weight).mean().item())
    assert np.mean(estimates) == pytest.approx(values.mean().item(), rel=0.01)


def test_batches_of_one_row():
    with_transfer = Batches(rows(5, 5), 1, make_generator(0))
    assert all(len(x) == 2 and len(t[2]) == 1 for x, t in with_transfer)
    alone = Batches(rows(129, 0), 16, make_generator(0))
    assert min(len(x) for x, _ in alone) > 10  # a BatchNorm needs more than one row


@pytest.fixture
def student():
    plain = {"numeric_embedding": None, "max_epochs": 20}
    return NeuralStudentClassifier(**plain, random_state=0)


def noisy(n=300):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 10))
    return X, (X[:, 0] + 2 * rng.normal(size=n) > 0).astype(int)


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


def test_without_early_stopping_X_val_is_watched_and_changes_nothing(student):
    X, y = noisy()
    plain = student.fit(X, y).predict_proba(X)
    watched = student.fit(X, y, X_val=X[:50], y_val=y[:50])
    assert "valid_loss" in student.history_[-1]
    np.testing.assert_array_equal(watched.predict_proba(X), plain)


def test_rows_of_no_weight_are_not_held_out(student):
    X, y = noisy()
    weight = np.zeros(300)
    weight[::30] = 1.0
    student.set_params(early_stopping=True).fit(X, y, sample_weight=weight)
    assert np.isfinite(student.history_[-1]["valid_loss"])


def test_held_out_rows_are_scored_by_fidelity_not_by_labels(student):
    """A teacher that is surely wrong: its student's validation loss still goes to 0."""
    X, y = noisy()
    sure = np.eye(2)[(X[:, 0] > 0).astype(int)] * 0.98 + 0.01
    student.set_params(early_stopping=True, max_epochs=60)
    student.fit(X, y, teacher_output=sure)
    assert min(epoch["valid_loss"] for epoch in student.history_) < 0.3  # labels: 0.6


class PressCtrlC(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            _thread.interrupt_main()


def loss_on(student, X, y):
    P = student.predict_proba(X)
    return -np.log(P[np.arange(len(P)), y]).mean()


def best_of(student):
    return min(epoch["valid_loss"] for epoch in student.history_)


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
    student.set_params(max_epochs=100_000, lr_schedule=None)
    timer = threading.Timer(3.0, _thread.interrupt_main)
    timer.start()
    with pytest.warns(UserWarning, match="was interrupted in epoch"):
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


class Listener(Callback):
    def __init__(self):
        self.epochs = self.batches = 0

    def on_epoch_end(self, net, **kwargs):
        self.epochs += 1

    def on_batch_end(self, net, **kwargs):
        self.batches += 1


def test_callbacks_are_cloned_and_hear_epochs_and_batches(student):
    X, y = noisy()
    listener = Listener()
    quiet = student.fit(X, y).predict_proba(X)
    student.set_params(callbacks=[("ear", listener), EpochTimer()]).fit(X, y)
    heard = dict(student.net_.callbacks_)["ear"]
    assert listener.epochs == 0 and heard.epochs == 20
    assert heard.batches == 20 * 17  # batches of 18
    np.testing.assert_allclose(student.predict_proba(X), quiet, rtol=1e-5)


@pytest.mark.parametrize(
    "callback",
    [
        GradientNormClipping(1e-4),
        LRScheduler("StepLR", step_size=2, gamma=0.1, monitor=None),
    ],
    ids=["clipping", "schedule"],
)
def test_skorchs_callbacks_take_part(student, callback):
    X, y = noisy()
    plain = student.fit(X, y).predict_proba(X)
    student.set_params(callbacks=[callback]).fit(X, y)
    assert np.abs(student.predict_proba(X) - plain).max() > 1e-3


def test_skorchs_checkpoint_saves_the_best_epoch(student, tmp_path):
    X, y = noisy()
    student.set_params(callbacks=[Checkpoint(dirname=str(tmp_path))], lr=0.05)
    student.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    state = torch.load(tmp_path / "params.pt", weights_only=True)
    student.module_.load_state_dict(state)
    loss = loss_on(student, X[200:], y[200:])
    assert loss == pytest.approx(best_of(student), rel=1e-4)


def test_what_is_no_callback_is_named(student):
    with pytest.raises(TypeError, match="callbacks holds 3"):
        student.set_params(callbacks=[3]).fit(*noisy())


def test_skorchs_early_stopping_stops_quietly(student):
    X, y = noisy()
    stopper = EarlyStopping("train_loss", patience=2, threshold=10, sink=lambda _: None)
    student.set_params(callbacks=[stopper]).fit(X, y)
    assert student.n_iter_ < 20


def test_the_first_lr_schedule_steps_by_batch(student):
    X, y = noisy()
    rates = []

    class Spy(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    student.set_params(max_epochs=2, lr=0.1)
    for schedule in ("cosine", "one_cycle", None):
        rates.clear()
        student.set_params(lr_schedule=schedule, callbacks=[Spy()]).fit(X, y)
        if schedule is None:
            assert set(rates) == {0.1}
        else:
            assert max(rates) == pytest.approx(0.1, rel=0.05) and rates[-1] < 0.01


WOLFE = partial(torch.optim.LBFGS, line_search_fn="strong_wolfe")


@pytest.mark.parametrize("schedule", ["one_cycle", None])
@pytest.mark.parametrize(
    "optimizer", ["adam", "adamw", "sgd", torch.optim.Adagrad, torch.optim.NAdam, WOLFE]
)
def test_optimizers(student, optimizer, schedule):
    X, y = noisy()
    student.set_params(optimizer=optimizer, lr=0.01, lr_schedule=schedule)
    student.set_params(batch_size=300).fit(X, y)
    losses = [epoch["train_loss"] for epoch in student.history_]
    assert losses[-1] < losses[0]


def test_one_cycle_moves_the_momentum_of_adam(student):
    seen = []

    class Spy(Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["betas"][0])

    student.set_params(callbacks=[Spy()], max_epochs=3).fit(*noisy())
    assert min(seen) == pytest.approx(0.85, abs=0.01) and max(seen) <= 0.95


def test_options_fixed_in_a_partial_stay(student):
    seen = []

    class Spy(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0])

    heavy = partial(torch.optim.AdamW, weight_decay=0.3, betas=(0.5, 0.9))
    student.set_params(optimizer=heavy, callbacks=[Spy()]).fit(*noisy())
    assert seen[-1]["weight_decay"] == 0.3 and seen[-1]["betas"] == (0.5, 0.9)


def test_an_optimizer_without_weight_decay_says_so(student):
    student.set_params(optimizer=torch.optim.LBFGS, weight_decay=0.1)
    with pytest.raises(ValueError, match="weight_decay=0.1 is not known"):
        student.fit(*noisy())


@pytest.mark.parametrize("verbose", [1, 2])
def test_verbose(student, verbose, capsys):
    student.set_params(verbose=verbose, max_epochs=3).fit(*noisy())
    out, err = capsys.readouterr()
    assert "train_loss" in (err if verbose == 1 else out)
    student.set_params(verbose=0).fit(*noisy())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_global_generators_are_left_alone(student, dropout):
    X, y = noisy()
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = student.set_params(dropout=dropout).fit(X, y).predict_proba(X)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    torch.manual_seed(99)
    np.testing.assert_array_equal(student.fit(X, y).predict_proba(X), first)


def test_random_state_none_follows_numpys_global_seed(student):
    X, y = noisy()
    student.set_params(random_state=None)
    outcomes = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # noqa: NPY002
        outcomes.append(student.fit(X, y).predict_proba(X))
    np.testing.assert_array_equal(outcomes[0], outcomes[1])
    assert (outcomes[0] != outcomes[2]).any()


def test_warm_start_goes_on(student):
    X, y = noisy()
    student.set_params(warm_start=True, max_epochs=5, lr=0.001).fit(X, y)
    first = student.history_[-1]["train_loss"]
    view = student.preprocessor_
    student.fit(X + 1, y)
    assert student.preprocessor_ is view
    student.fit(X, y)
    assert student.history_[0]["train_loss"] < first + 0.02
    with pytest.raises(ValueError, match="warm_start=True goes on with the classes"):
        student.fit(X, np.where(y == 0, 5, 6))
    with pytest.raises(ValueError, match="features"):
        student.fit(X[:, :4], y)
    with pytest.raises(ValueError, match="ask for a module of another shape"):
        student.set_params(hidden_layer_sizes=(8,)).fit(X, y)
    regressor = NeuralStudentRegressor(warm_start=True, max_epochs=1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="goes on with 1 targets"):
        regressor.fit(X, X[:, :2])


def test_a_failed_warm_start_leaves_the_weights(student):
    X, y = noisy()
    student.set_params(warm_start=True).fit(X, y)
    before = student.predict_proba(X)
    student.set_params(optimizer="sgd", lr=1e30, lr_schedule=None)
    with pytest.raises(ValueError, match="loss became"):
        student.fit(X, y)
    np.testing.assert_array_equal(student.predict_proba(X), before)


def test_a_pickle_holds_no_data_no_optimizer_and_no_batches(student):
    X, y = noisy(3000)
    student.set_params(callbacks=[Listener()], early_stopping=True).fit(X, y)
    assert student.net_.optimizer_ is None and student.net_.criterion_ is None
    assert len(pickle.dumps(student)) < 60_000
    assert not any(isinstance(v, list) for e in student.history_ for v in e.values())


def test_module_is_the_nets_own(student):
    X, y = noisy()
    student.fit(X, y)
    assert student.module_ is student.net_.module_ and not student.module_.training


@pytest.mark.parametrize("device", ["foo", "cuda:9"])
def test_an_unknown_device_is_named(student, device):
    if device == "cuda:9" and torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    with pytest.raises(ValueError, match=f"device='{device}'"):
        student.set_params(device=device).fit(*noisy())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_compiled_training_learns_the_same():
    X, y = noisy()
    shared = {"max_epochs": 3, "max_depth": 2, "random_state": 0}
    plain = SoftDecisionTreeClassifier(**shared)
    compiled = SoftDecisionTreeClassifier(**shared, compile=True)
    P = plain.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(compiled.fit(X, y).predict_proba(X), P, atol=1e-4)
    pickle.loads(pickle.dumps(compiled)).predict(X)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(
    "Student", [NeuralStudentClassifier, SoftDecisionTreeClassifier]
)
def test_on_a_gpu(Student):
    X, y = noisy()
    student = Student(max_epochs=5, random_state=0, device="cuda").fit(X, y)
    assert next(student.module_.parameters()).is_cuda
    on_cpu = Student(max_epochs=5, random_state=0, device="cpu").fit(X, y)
    np.testing.assert_allclose(
        student.predict_proba(X), on_cpu.predict_proba(X), atol=1e-3
    )
    assert pickle.loads(pickle.dumps(student)).predict(X).shape == y.shape


def averaged_by_hand(X, y, decay, steps):
    """Full-batch Adam and the moving average of its weights, written down."""
    x = torch.tensor(X, dtype=torch.float32)
    net = Zeros(X.shape[1], 3)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    average = None
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        now = net.weight.detach().clone()
        average = now if average is None else decay * average + (1 - decay) * now
    return average


class Zeros(torch.nn.Linear):
    def __init__(self, n_inputs, n_outputs):
        super().__init__(n_inputs, n_outputs, bias=False)
        torch.nn.init.zeros_(self.weight)


@pytest.mark.parametrize("stops", [False, True])
def test_the_weights_end_at_their_moving_average(iris, stops):
    X, y = iris
    X, codes = X - X.mean(axis=0), np.unique(y, return_inverse=True)[1]
    student = NeuralStudentClassifier(
        module=Zeros,
        preprocessor=None,
        ema_decay=0.8,
        max_epochs=7,
        batch_size=150,
        optimizer="adam",
        lr=0.1,
        lr_schedule=None,
        early_stopping=stops,
    )
    more = {"X_val": X, "y_val": y} if stops else {}
    student.fit(X, y, **more)
    want = averaged_by_hand(X, torch.from_numpy(codes), 0.8, 7)
    torch.testing.assert_close(student.module_.weight.detach(), want)
    if stops:  # what was watched are the averages too
        loss = -student.predict_log_proba(X)[np.arange(150), codes].mean()
        assert abs(student.history_[-1]["valid_loss"] - loss) < 1e-5
