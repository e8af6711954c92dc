"""The core: callbacks of skorch and of users, devices, moving averages."""

import pickle

import numpy as np
import pytest
import torch
from noisy_labels import best_of, loss_on, noisy
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
    SoftDecisionTreeClassifier,
)


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
