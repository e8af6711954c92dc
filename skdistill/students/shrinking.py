"""From a net to a smaller one: fewer neurons, and weights of fewer bits."""

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import _num_samples, check_is_fitted

from ..export.arrays import predictor_of
from ..export.hostile import container, likely_rows
from ..learners.arrays import is_ours
from ..learners.rounding import rounded
from ..learners.thinning import thinned
from .hardening import answers_of, apart, before_and_after, joined, teacher_says


@validate_params(
    {
        "sparsity": [Interval(Real, 0, 1, closed="neither")],
        "max_epochs": [Interval(Integral, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def prune(net, X, *, sparsity=0.8, max_epochs=40, lr=None, X_eval=None, random_state=0):
    """A smaller net: the neurons that matter least are gone, and it has learnt on.

    Whole neurons go, so that layers are smaller, and so do edges between the bins of
    piecewise-linear columns. Which ones, and how the weights that stay make up for them,
    is asked of the loss to second order [1]_ [2]_. Then the small net learns from the large
    one for a few epochs, on X and on rows drawn as the net's ``transfer`` says; no labels
    and no teacher are needed, and the large net answers quickly.

    Parameters
    ----------
    net : NeuralStudentClassifier or NeuralStudentRegressor
        Fitted; not changed. It has hidden layers, and no ``module`` of your own.
    X : array-like of shape (n, n_features)
        Rows such as those of training.
    sparsity : float, default=0.8
        Share of the weights that go, at least.
    max_epochs : int, default=40
        Passes over X afterwards.
    lr : float, default=None
        Learning rate of these; None: half of the net's.
    X_eval : array-like of shape (m, n_features), default=None
        Rows for the report of what is lost; None: a quarter of X, which is then left out.
    random_state : int, RandomState instance or None, default=0
        Seeds the choice of rows, and the training.

    Returns
    -------
    NeuralStudentClassifier or NeuralStudentRegressor
        Fitted. ``hidden_layer_sizes`` says how wide it is, and ``fidelity_`` what was lost:
        the fidelity to the teacher "before" and "after" (to the net itself, where it has
        no teacher or has not kept it), and on which "rows".

    Raises
    ------
    TypeError
        If it is no net of this library.
    ValueError
        If it has no hidden layers, or several members.

    See Also
    --------
    quantize : Weights of fewer bits.
    smallest_student : The smallest that is good enough, also by ``sparsity``.

    References
    ----------
    .. [1] LeCun, Denker, Solla: Optimal Brain Damage, 1990.
    .. [2] Hassibi, Stork, Wolff: Optimal Brain Surgeon and General Network Pruning, 1993.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import NeuralStudentClassifier, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralStudentClassifier(random_state=0).fit(X, y)
    >>> small = prune(net, X, sparsity=0.9)
    >>> sum(small.hidden_layer_sizes) < sum(net.hidden_layer_sizes)
    True
    """
    _check(net, "prune")
    if net.n_members > 1:
        raise ValueError(
            f"n_members={net.n_members}: prune takes a single net. Distil it into one with "
            "n_members=1 first."
        )
    if len(net.module_.layers) < 2:
        raise ValueError(
            f"hidden_layer_sizes={net.hidden_layer_sizes!r}: the net has no neurons that "
            "could go."
        )
    random = check_random_state(random_state)
    X, _, X_eval, eval_rows = apart(X, None, X_eval, random)
    module = thinned(net._model(), net._view(X), sparsity, random)
    small = _with_module(net, module)
    widths = [layer.out_features for layer in module.layers]
    small.hidden_layer_sizes = tuple(widths[:-1])
    if max_epochs:
        lr = net.lr / 2 if lr is None else lr
        options = {"max_epochs": max_epochs, "lr": lr}
        seed = random.randint(np.iinfo(np.int32).max)
        tuned = _distilled(small, net, X, random_state=seed, **options)
        small.net_, small.history_ = tuned.net_, tuned.history_
        small.n_iter_ = tuned.n_iter_
    said = joined(teacher_says(net, X_eval))
    small.fidelity_ = before_and_after(net, small, X_eval, said, eval_rows)
    return small


@validate_params(
    {"dtype": [StrOptions({"int8", "float16"})]}, prefer_skip_nested_validation=True
)
def quantize(net, dtype="int8", X=None):
    """The same net with weights of fewer bits.

    Its predictions are those of the rounded weights, in double precision as before, so
    that nothing about it is approximate but the weights. :func:`skdistill.export.to_numpy`
    and the other exports keep the few bits; ``fit`` learns anew in full precision.

    Parameters
    ----------
    net : NeuralStudentClassifier or NeuralStudentRegressor
        Fitted; not changed. It has no ``module`` of your own.
    dtype : {"int8", "float16"}, default="int8"
        "int8": each neuron's weights are whole numbers of -127 to 127 times one scale,
        a quarter of the bytes; biases stay as they are. "float16": all weights, half
        the bytes.
    X : array-like of shape (m, n_features), default=None
        Rows for the report of what is lost; None: rows that are drawn like those of
        training.

    Returns
    -------
    NeuralStudentClassifier or NeuralStudentRegressor
        Fitted. ``fidelity_`` says what was lost: the fidelity "before" and "after", to
        the teacher with `X`, to the net itself without, and on which "rows".
        ``weight_scales_`` are the scales by layer, of "int8".

    Raises
    ------
    TypeError
        If it is no net of this library.
    ValueError
        If a weight is too large for "float16".

    See Also
    --------
    prune : Fewer neurons.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import NeuralStudentClassifier, quantize
    >>> from skdistill.export import to_numpy
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralStudentClassifier(hidden_layer_sizes=(256, 256), random_state=0)
    >>> small = quantize(net.fit(X, y))
    >>> to_numpy(net).nbytes / to_numpy(small).nbytes > 3.5
    True
    """
    _check(net, "quantize")
    module, scales = rounded(net.module_, dtype)
    small = _with_module(net, module, keeps_scale=True)
    if scales is not None:
        small.weight_scales_ = scales
    if X is None:
        predictor = predictor_of(net)
        columns = likely_rows(net, predictor, np.random.default_rng(0))
        X_eval = container(net, columns)
        rows, said = f"{len(columns[0])} drawn rows", joined(answers_of(net, X_eval))
    else:
        X_eval, rows = X, f"{_num_samples(X)} rows of X"
        said = joined(teacher_says(net, X_eval))
    small.fidelity_ = before_and_after(net, small, X_eval, said, rows)
    return small


def _check(net, name):
    """That a net is one that can be made smaller."""
    if not hasattr(net, "_shrunk"):
        raise TypeError(
            f"{name} takes a NeuralStudentClassifier or NeuralStudentRegressor, and "
            f"{type(net).__name__} is none: give a net itself, such as the best_estimator_ "
            "of a search or a pipeline's last step. Soft trees have a method prune."
        )
    check_is_fitted(net)
    if not is_ours(net.module_):
        raise TypeError(
            f"module={type(net.module_).__name__} is a torch module of your own, of which "
            f"{name} knows nothing: torch.nn.utils.prune and torch.ao.quantization take it."
        )


def _with_module(net, module, keeps_scale=False):
    """A copy with another module, which shares all else."""
    twin = copy.copy(net)
    twin._parts = None  # whose moments are of another module
    twin.net_ = copy.copy(net.net_)
    twin.net_.module_ = module.eval()
    vars(twin).pop("weight_scales_", None)
    if not keeps_scale:
        vars(twin).pop("output_scale_", None)
    return twin


def _distilled(small, net, X, **options):
    """The small net after some epochs with the large one as its teacher."""
    teacher = copy.copy(net)
    learner = copy.copy(small)
    # Of its own, nothing: the large net has all that these decided in its answers.
    plain = {"teacher": teacher, "warm_start": True, "alpha": 1.0, "cv": None}
    plain |= {"teacher_weights": None, "memory": None, "keep_teacher": False}
    plain |= {"early_stopping": False, "transfer_weight": None}
    if is_classifier(net):
        teacher._class_shift = None  # it is added to the small net's answers as well
        plain |= {"temperature": 1.0, "teacher_calibration": None, "loss": "kl"}
        plain |= {"class_weight": None, "label_smoothing": 0.0}
        plain["classes"] = _listed_classes(net)
    vars(learner).update(plain | options)
    return learner.fit(X)


def _listed_classes(net):
    """The classes of a fitted net, as its parameter takes them."""
    classes = net._task.classes
    return classes if len(classes) > 1 else net.classes_
