"""What the neural students share."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from ...learners.net import NetLearner, NetModel
from ...modules.embeddings import NAMES as EMBEDDINGS
from ...modules.mlp import ACTIVATIONS
from ...tables.view import TableView, apply_view
from ..shrinking import prune, quantize
from ..torch_student import TorchStudent

PARAMETERS = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "clip": [Interval(Real, 0, None, closed="neither"), None],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "numeric_embedding": [
        HasMethods(["module"]),
        StrOptions({"auto", *EMBEDDINGS}),
        None,
    ],
    "module": [callable, None],
}


class NeuralStudent(TorchStudent):
    """What the two neural students share."""

    _learner_class = NetLearner

    def _model(self):
        return NetModel(self.module_, self._task, vars(self).get("output_scale_"))

    def _readable(self):
        return self

    def _shrunk(self, X, sparsity=None, dtype=None):
        """The fitted net made smaller, as a search over sizes asks."""
        net = self if sparsity is None else prune(self, X, sparsity=sparsity)
        return net if dtype is None else quantize(net, dtype, X)

    def _slopes(self, z, output):
        """One of the answers for rows of the view, and its gradients."""
        shift = vars(self).get("_class_shift")
        return self._model().slopes(z, output, shift)

    def _settle(self, model, lesson):
        if not self._continues():
            self._average_row = self._average(lesson)
        super()._settle(model, lesson)
        for name in ("output_scale_", "weight_scales_", "fidelity_"):
            vars(self).pop(name, None)
        if model.output_scale is not None:
            self.output_scale_ = model.output_scale

    def _average(self, lesson):
        """The mean row of X, as the net sees it."""
        view = self.preprocessor_
        if isinstance(view, TableView) and view.scale:  # which has centred it
            return np.zeros(len(view.terms_))
        x = apply_view(view, lesson.read.X, np.float32)
        weight = lesson.knowledge.hard_weight
        weight = weight if weight.any() else None
        return np.average(x, axis=0, weights=weight).astype(np.float64)
