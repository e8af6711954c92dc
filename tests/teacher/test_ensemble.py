"""Every form of teacher, and what must not happen to it."""

import warnings

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, softmax
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier

from skdistill import NeuralStudentClassifier, soft_targets
from skdistill.teacher.ensemble import (
    FLOOR,
    Teacher,
    all_ready,
    check_weights,
    is_ready,
)


class Net(torch.nn.Module):
    def __init__(self, n_inputs=4, n_outputs=3, dtype=None):
        super().__init__()
        self.stack = torch.nn.Sequential(
            torch.nn.Linear(n_inputs, 8, dtype=dtype),
            torch.nn.BatchNorm1d(8, dtype=dtype),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(8, n_outputs, dtype=dtype),
        )

    def forward(self, x):
        return self.stack(x)


def test_predict_proba_is_taken_as_it_is(iris):
    X, y = iris
    model = LogisticRegression(max_iter=1000).fit(X, y)
    np.testing.assert_allclose(
        soft_targets(model, X), model.predict_proba(X), atol=1e-6
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_decision_function_of_many_classes_is_softmaxed(iris, temperature):
    X, y = iris
    model = LinearSVC().fit(X, y)
    expected = softmax(model.decision_function(X) / temperature, axis=1)
    np.testing.assert_allclose(soft_targets(model, X, temperature), expected)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_binary_decision_function_is_one_logit(iris, temperature):
    X, y = iris[0][:100], iris[1][:100]
    model = SVC().fit(X, y)
    expected = expit(model.decision_function(X) / temperature)
    np.testing.assert_allclose(soft_targets(model, X, temperature)[:, 1], expected)


def test_labels_alone_are_one_hot_with_a_floor(iris):
    X, y = iris

    class Rule:
        classes_ = np.unique(y)

        def predict(self, X):
            return self.classes_[(X[:, 2] > 2.5).astype(int) + (X[:, 3] > 1.7)]

    P = soft_targets(Rule(), X)
    np.testing.assert_array_equal(Rule.classes_[P.argmax(axis=1)], Rule().predict(X))
    assert 0 < P.min() <= FLOOR and P.max() < 1


def test_forest_votes_are_smoothed_as_by_one_more_tree(iris):
    X, y = iris
    forest = RandomForestClassifier(7, random_state=0).fit(X, y)
    smoothed = (7 * forest.predict_proba(X) + 1 / 3) / 8
    for form in (
        forest,
        FrozenEstimator(forest),
        make_pipeline(FunctionTransformer(), forest),
        GridSearchCV(forest, {"max_depth": [None]}, cv=2).fit(X, y),
    ):
        expected = smoothed
        if isinstance(form, GridSearchCV):
            expected = (7 * form.predict_proba(X) + 1 / 3) / 8
        np.testing.assert_allclose(soft_targets(form, X), expected)


def test_zeros_have_a_floor_and_order_is_kept(iris):
    X, y = iris
    tree = DecisionTreeClassifier(max_depth=1).fit(X, y)
    P = soft_targets(tree, X)
    assert P.min() > 0
    np.testing.assert_allclose(P, tree.predict_proba(X), atol=2 * FLOOR)
    softened = soft_targets(tree, X, temperature=50)
    assert (softened.min(axis=1) > 0.2).all()


def test_pipelines_and_searches_answer(iris):
    X, y = iris
    pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    search = GridSearchCV(pipe, {"logisticregression__C": [1.0]}, cv=2).fit(X, y)
    for model in (pipe, search):
        np.testing.assert_allclose(
            soft_targets(model, X), model.predict_proba(X), atol=1e-6
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_module_answers_with_logits_in_eval_mode(iris, dtype):
    X = iris[0]
    net = Net(dtype=dtype)
    net.stack[2].eval()  # a mixture of modes has to come back as it was
    modes = [part.training for part in net.modules()]
    state = torch.random.get_rng_state()
    first = soft_targets(net, X, temperature=2.0)
    np.testing.assert_array_equal(soft_targets(net, X, temperature=2.0), first)
    assert [part.training for part in net.modules()] == modes
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    with torch.no_grad():
        logits = net.eval()(torch.tensor(X, dtype=dtype)).double().numpy()
    np.testing.assert_allclose(first, softmax(logits / 2, axis=1))


def test_a_modules_state_comes_back_after_an_error():
    net = Net(n_inputs=3)
    state = torch.random.get_rng_state()
    with pytest.raises(ValueError, match="teacher=Net could not answer"):
        soft_targets(net, np.zeros((5, 4)))
    assert net.training and net.stack[1].training
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_module_that_ends_in_softmax_is_refused(iris):
    net = torch.nn.Sequential(Net(), torch.nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="must return logits"):
        soft_targets(net, iris[0])


def test_a_module_with_one_output_is_a_binary_logit(iris):
    net = Net(n_outputs=1)
    with torch.no_grad():  # by chance, small ones could be taken for probabilities
        net.stack[-1].weight.mul_(30)
    P = soft_targets(net, iris[0], classes=["no", "yes"])
    with torch.no_grad():
        logit = net.eval()(torch.tensor(iris[0], dtype=torch.float32)).double().numpy()
    np.testing.assert_allclose(P[:, 1], expit(logit[:, 0]))


def test_a_skorch_net_takes_float64_and_keeps_its_mode(iris):
    X, y = iris
    codes = np.unique(y, return_inverse=True)[1]
    net = NeuralNetClassifier(
        Net,
        criterion=torch.nn.CrossEntropyLoss,
        lr=0.1,
        max_epochs=20,
        train_split=None,
        verbose=0,
        iterator_train__shuffle=True,
    ).fit(X.astype(np.float32), codes)
    assert net.module_.training
    expected = net.predict_proba(X.astype(np.float32))
    net.module_.train()
    np.testing.assert_allclose(soft_targets(net, X), expected, atol=1e-6)
    assert net.module_.training
    student = NeuralStudentClassifier(net, max_epochs=2).fit(X, codes)
    assert student.teacher_ is net
    unfitted = NeuralNetClassifier(
        Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=1, verbose=0
    )
    assert not is_ready(unfitted)
    NeuralStudentClassifier(unfitted, max_epochs=2).fit(X, codes)
    assert not is_ready(unfitted)


def test_a_list_is_the_weighted_mean_of_probabilities(iris):
    X, y = iris
    a, b = LogisticRegression(max_iter=1000).fit(X, y), DummyClassifier().fit(X, y)
    P = soft_targets([a, b], X, teacher_weights=[3, 1])
    expected = 0.75 * a.predict_proba(X) + 0.25 / 3
    np.testing.assert_allclose(P, expected, atol=1e-6)


def test_a_member_of_weight_0_is_left_out():
    """Exactly, also where logits are so far apart that another one's share would tell."""

    class Constant(torch.nn.Module):
        def __init__(self, *logits):
            super().__init__()
            self.logits = torch.tensor(logits)

        def forward(self, x):
            return self.logits.expand(len(x), -1)

    sure, opposed = Constant(0.0, -1000.0, -1000.0), Constant(-5000.0, 0.0, 0.0)
    teacher = Teacher.of([sure, opposed], [1.0, 0.0])
    (log_p,) = teacher.log_probabilities(np.zeros((2, 1)), [np.arange(3)])
    np.testing.assert_array_equal(log_p, sure(log_p))


def test_members_that_know_other_classes_are_aligned(iris):
    X, y = iris
    a = LogisticRegression(max_iter=1000).fit(X[:100], y[:100])
    b = LogisticRegression(max_iter=1000).fit(X[50:], y[50:])
    P = soft_targets([a, b], X)
    assert P.shape == (150, 3)
    np.testing.assert_allclose(P[:, 0], a.predict_proba(X)[:, 0] / 2, atol=1e-6)
    np.testing.assert_allclose(P[:, 2], b.predict_proba(X)[:, 1] / 2, atol=1e-6)


def test_a_callable_is_named_by_classes(iris):
    X = iris[0]

    def teacher(rows):
        return np.tile([0.2, 0.3, 0.5], (len(rows), 1))

    np.testing.assert_allclose(soft_targets(teacher, X)[0], [0.2, 0.3, 0.5])
    np.testing.assert_allclose(
        soft_targets(teacher, X, classes=["b", "a", "c"])[0], [0.2, 0.3, 0.5]
    )
    adapter = Teacher.of(teacher)
    names = ["b", "a", "c"]
    (log_p,) = adapter.log_probabilities(X, [["a", "b", "c"]], [names])
    np.testing.assert_allclose(np.exp(log_p[0]), [0.3, 0.2, 0.5])


def test_a_regressor_is_passed_through(diabetes):
    X, y = diabetes
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(soft_targets(model, X)[:, 0], model.predict(X))
    with pytest.raises(ValueError, match="temperature=2.0 has no meaning"):
        soft_targets(model, X, temperature=2.0)


def test_smoothing_does_not_touch_logits():
    logits = np.array([[0.0, 300.0, -20.0]])

    class Margins:
        classes_ = np.arange(3)

        def decision_function(self, X):
            return logits

    (log_p,) = Teacher.of(Margins()).log_probabilities([[0]], [np.arange(3)])
    np.testing.assert_allclose(log_p, log_softmax(logits, axis=1))


@pytest.mark.parametrize(
    ("teacher", "error", "message"),
    [
        (LogisticRegression(), NotFittedError, "not fitted"),
        (LogisticRegression, TypeError, "give an instance"),
        (3, TypeError, "cannot be asked"),
        ([], ValueError, "holds no member"),
        (lambda X: np.full((len(X), 3), 0.5), ValueError, "summing to 1"),
        (lambda X: np.full((len(X), 3), np.nan), ValueError, "NaN or infinity"),
        (lambda X: np.zeros((len(X), 3, 2)), ValueError, "must be of shape"),
        (FrozenEstimator(LogisticRegression()), NotFittedError, "is not fitted"),
    ],
)
def test_bad_teachers_get_one_clear_error(iris, teacher, error, message):
    with pytest.raises(error, match=message):
        soft_targets(teacher, iris[0])


class OnlyPredicts:
    """As a booster or a Keras model does: probabilities out of ``predict``."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, X):
        return self.answer[: len(X)]


@pytest.mark.parametrize(
    "answer",
    [np.full((150, 3), 1 / 3), np.full(150, 0.7), np.repeat("oak", 150)],
    ids=["probabilities", "one column", "unknown labels"],
)
def test_predict_must_return_labels(iris, answer):
    teacher = OnlyPredicts(answer)
    names = ["setosa", "versicolor", "virginica"]
    with pytest.raises(ValueError, match="only `predict`.*teacher=model.predict"):
        soft_targets(teacher, iris[0], classes=names)
    if answer.ndim == 2:
        P = soft_targets(teacher.predict, iris[0], classes=names)
        np.testing.assert_allclose(P, answer)


def test_a_boosters_predict_is_a_function(iris):
    lightgbm = pytest.importorskip("lightgbm")
    X, y = iris
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(X, y)
    for teacher in (model.booster_, model.booster_.predict):
        P = soft_targets(teacher, X, classes=model.classes_)
        np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-6)


def test_scores_of_pairs_are_refused(iris):
    X, y = iris
    pairs = SVC(decision_function_shape="ovo").fit(X[:, :2], y)
    with pytest.raises(ValueError, match='decision_function_shape="ovr"'):
        soft_targets(pairs, X[:, :2])


class Shares:
    """A classifier of three classes, each scored against all others."""

    classes_ = np.arange(3)

    def __init__(self, *rows):
        self.rows = np.array(rows)

    def predict_proba(self, X):
        return self.rows[np.asarray(X)[:, 0].astype(int)]

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


def test_what_a_classifier_calls_probabilities_is_normalised():
    teacher = Shares([0.5, 0.7, 0.6], [0.6, 0.1, 0.1])
    expected = [[0.5 / 1.8, 0.7 / 1.8, 0.6 / 1.8], [0.75, 0.125, 0.125]]
    np.testing.assert_allclose(soft_targets(teacher, [[0], [1]]), expected)
    with pytest.raises(
        ValueError, match="summing to 1"
    ):  # a function says no such thing
        soft_targets(teacher.predict_proba, [[0], [1]])
    with pytest.raises(ValueError, match="the smallest entry is -0.1"):
        soft_targets(Shares([-0.1, 0.5, 0.6]), [[0]])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([20.0, 30.0, 50.0], [0.2, 0.3, 0.5]),
        ([0.01, 0.02, 0.01], [0.25, 0.5, 0.25]),
        ([0.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]),  # for no class more than for another
    ],
)
def test_one_warning_of_rows_far_from_1(row, expected):
    teacher, X = Shares([0.3, 0.3, 0.5], row), np.repeat([[0], [1]], 15_000, axis=0)
    with pytest.warns(UserWarning, match="They are normalised") as told:
        soft = soft_targets(teacher, X, n_jobs=1)  # in three parts
    assert len(told) == 1
    np.testing.assert_allclose(soft[-1], expected, rtol=1e-6)


@pytest.mark.parametrize("names", [None, ["b", "c", "a"]])
def test_one_against_all_others_by_margins(iris, names):
    X, y = iris
    y = y if names is None else np.array(names)[np.unique(y, return_inverse=True)[1]]
    model = OneVsRestClassifier(LinearSVC()).fit(X, y)
    expected = softmax(model.decision_function(X), axis=1)
    np.testing.assert_allclose(soft_targets(model, X), expected)
    two = OneVsRestClassifier(LinearSVC()).fit(X[:100], y[:100])
    expected = expit(two.decision_function(X))
    np.testing.assert_allclose(soft_targets(two, X)[:, 1], expected)


@pytest.mark.parametrize(
    "model",
    [
        OneVsRestClassifier(LinearSVC()),
        OneVsRestClassifier(LogisticRegression()),
        MLPClassifier(30, max_iter=300, solver="lbfgs"),
    ],
    ids=["margins", "probabilities", "net"],
)
def test_several_labels_are_not_one_against_all_others(iris, model):
    """The same numbers, but of labels that do not exclude each other."""
    X, y = iris
    Y = np.column_stack([y != "setosa", X[:, 0] > 5.8, X[:, 1] > 3]).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = clone(model).fit(X, Y)
    if hasattr(model, "predict_proba"):
        expected = model.predict_proba(X)
    else:
        expected = expit(model.decision_function(X))
    soft = soft_targets(model, X, classes=[[0, 1]] * 3)
    for part, p in zip(soft, expected.T, strict=True):
        np.testing.assert_allclose(part[:, 1], p, atol=1e-6)
    student = NeuralStudentClassifier(model, max_epochs=1, transfer=None).fit(X, Y)
    assert student.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match="several labels at once.*pair for each"):
        soft_targets(model, X)
    for labels in (None, y):
        with pytest.raises(ValueError, match="several labels at once|share no class"):
            NeuralStudentClassifier(model, alpha=1.0).fit(X, labels)


def test_bagged_models_that_are_no_trees_are_not_smoothed(iris):
    X, y = iris
    bag = BaggingClassifier(LogisticRegression(max_iter=1000), 2).fit(X, y)
    np.testing.assert_allclose(soft_targets(bag, X), bag.predict_proba(X), atol=1e-6)
    trees = BaggingClassifier(n_estimators=3, random_state=0).fit(X, y)
    expected = (3 * trees.predict_proba(X) + 1 / 3) / 4
    np.testing.assert_allclose(soft_targets(trees, X), expected)


def test_a_sigmoid_inside_a_module_is_refused(iris):
    net = torch.nn.Sequential(Net(n_outputs=1), torch.nn.Sigmoid())
    with pytest.raises(ValueError, match="must return logits"):
        soft_targets(net, iris[0], classes=["no", "yes"])


def test_a_tensor_with_a_gradient_is_taken(iris):
    net = Net().eval()

    def teacher(rows):
        return net(torch.tensor(rows, dtype=torch.float32)).softmax(dim=1)

    np.testing.assert_allclose(soft_targets(teacher, iris[0]).sum(axis=1), 1)


def test_a_module_that_returns_a_pair_is_refused(iris):
    class Pair(Net):
        def forward(self, x):
            return x, x

    with pytest.raises(ValueError, match="must return one tensor, not tuple"):
        soft_targets(Pair(), iris[0])


def test_a_model_that_is_not_scikit_learns(iris):
    class Prior:
        def fit(self, X, y):
            self.classes_, counts = np.unique(y, return_counts=True)
            self.shares = counts / counts.sum()

        def predict_proba(self, X):
            return np.tile(self.shares, (len(X), 1))

    model = Prior()
    assert not is_ready(model)
    model.fit(*iris)
    assert is_ready(model)
    student = clone(NeuralStudentClassifier(model, alpha=1.0))
    assert student.teacher is model


def test_nets_deep_inside_are_put_back(iris):
    X, y = iris
    codes = np.unique(y, return_inverse=True)[1]
    net = NeuralNetClassifier(
        Net,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )
    cast = FunctionTransformer(np.float32)
    pipe = make_pipeline(cast, net).fit(X, codes)
    state = torch.random.get_rng_state()
    for form in (pipe, FrozenEstimator(pipe), [pipe]):
        pipe[-1].module_.train()
        soft_targets(form, X)
        assert pipe[-1].module_.training
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_teacher_of_another_width(iris):
    X, y = iris
    model = RidgeClassifier().fit(X[:, :3], y)
    with pytest.raises(ValueError, match="fitted on 3 columns and X has 4"):
        soft_targets(model, X)


def test_a_multi_output_classifier_teaches_as_many_targets(iris):
    X, y = iris
    model = DecisionTreeClassifier().fit(X, np.column_stack([y, y == "setosa"]))
    soft = soft_targets(model, X)
    for ours, theirs in zip(soft, model.predict_proba(X), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    with pytest.raises(ValueError, match="predicts 2 targets at once, and y has 1"):
        NeuralStudentClassifier(model).fit(X, y)


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, np.nan]])
def test_bad_weights(weights):
    with pytest.raises(ValueError, match="teacher_weights"):
        check_weights(weights, 2)


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), "hot", float("inf")])
def test_bad_temperatures(iris, iris_forest, temperature):
    with pytest.raises(ValueError, match="'temperature' parameter"):
        soft_targets(iris_forest, iris[0], temperature=temperature)


def test_fittedness(iris, iris_forest):
    assert is_ready(iris_forest) and is_ready(len) and is_ready(Net())
    assert not is_ready(RandomForestClassifier())
    assert is_ready(FrozenEstimator(RandomForestClassifier()))  # and fails when asked
    assert all_ready([iris_forest, len])
    with pytest.raises(ValueError, match="mixes fitted and unfitted"):
        all_ready([iris_forest, RandomForestClassifier()])


def test_a_float32_copy_would_matter_and_is_not_made():
    """A teacher of timestamps sees all digits, though the student trains in float32."""
    X = 1.7e9 + np.arange(200.0)[:, None]
    y = np.arange(200) // 2 % 2
    seen = []

    def teacher(rows):
        seen.append(rows)
        return np.full((len(rows), 2), 0.5)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        NeuralStudentClassifier(teacher, max_epochs=1).fit(X, y)
    assert seen[0] is X and seen[0].dtype == np.float64
