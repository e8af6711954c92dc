"""How neural nets are trained: an MLP, or the user's module."""

import copy
import math
from numbers import Integral

import numpy as np
import torch

from ..modules.embeddings import embedding_named
from ..modules.mlp import MLP, MLPMembers, smooth_clip
from ..modules.user_module import called, check_module
from ..training.inference import in_chunks
from .arrays import copied, is_ours, net_arrays
from .torch_learner import TorchLearner
from .torch_model import TorchModel


class NetModel(TorchModel):
    """A trained net.

    Parameters
    ----------
    module : torch.nn.Module
        Trained.
    task : Task
        What its outputs mean.
    output_scale : ndarray of shape (n_targets,), default=None
        By what the logits are multiplied, after a loss that leaves their scale open.
    """

    def __init__(self, module, task, output_scale=None):
        super().__init__(module, task)
        self.output_scale = output_scale

    def infer(self, batch):
        """Outputs at temperature 1; of members their mean."""
        output = self.module(batch)
        if self.task.kind == "regressor":
            if self.task.quantiles is not None:
                output = output.sort(dim=-1).values  # as each member is trained
            return _mean(output)
        if self.output_scale is not None:
            scale = np.repeat(self.output_scale, self.task.widths)
            output = output * output.new_tensor(scale)
        if output.dim() < 3:
            return output
        n_members = output.shape[1]
        # The mean of probabilities, by their logarithms: they may all be tiny.
        log_p = self.log_softmax(output.flatten(0, 1)).unflatten(0, (-1, n_members))
        return log_p.logsumexp(dim=1) - math.log(n_members)

    def slopes(self, x, output, shift=None):
        """One of the answers, and how each column of the view changes it.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view of some rows.
        output : int
            Of classes the log odds of this one against the others of its target; or this
            value, in the unit of the task.
        shift : ndarray of shape (n_outputs,), default=None
            What is added to the logits.

        Returns
        -------
        score : ndarray of shape (n,)
            The answers.
        slope : ndarray of shape (n, n_inputs)
            Their gradients.
        """

        def _both(batch):
            batch.requires_grad_()
            outputs = self.infer(batch.clone())  # which a user's module may change
            score = self._score(outputs, output, shift)
            (slope,) = torch.autograd.grad(score.sum(), batch, materialize_grads=True)
            return torch.column_stack([score, slope]).detach()

        found = in_chunks(_both, self.module, x, torch.enable_grad)
        return found[:, 0], found[:, 1:]

    def _score(self, outputs, output, shift):
        if self.task.kind == "regressor":
            return outputs[:, output]
        outputs = outputs if shift is None else outputs + outputs.new_tensor(shift)
        ends = np.cumsum(self.task.widths)
        target = np.searchsorted(ends, output, side="right")
        start, end = ends[target] - self.task.widths[target], ends[target]
        others = [outputs[:, start:output], outputs[:, output + 1 : end]]
        return outputs[:, output] - torch.cat(others, dim=1).logsumexp(dim=1)

    def options(self):
        """What else than the weights changes the outputs.

        Returns
        -------
        list
            Comparable.
        """
        return [id(self.output_scale)]

    def arrays(self, array=copied):
        """The net as arrays."""
        if not is_ours(self.module):
            raise TypeError(
                f"module={type(self.module).__name__} is a torch module of your own, and "
                "has no form in numpy: export it by torch.onnx, or leave module=None."
            )
        return net_arrays(self.module, self.task, self.output_scale, array)


class NetLearner(TorchLearner):
    """The learner that trains a net."""

    def draws_globally(self):
        """Whether the module may draw: a user's module, or one with dropout."""
        return self.params.module is not None or self.params.dropout > 0

    def make_module(self, x, knowledge, generator):
        """An MLP, or what the user's ``module`` makes."""
        params, n_inputs, n_outputs = self.params, x.shape[1], self.task.n_outputs
        if params.module is None:
            embedding = self._make_embedding(x, knowledge, generator)
            mlp = MLP(
                n_inputs,
                n_outputs,
                _widths(params.hidden_layer_sizes),
                params.activation,
                params.dropout,
                generator,
                embedding,
                params.clip,
            )
            one = params.n_members == 1
            return mlp if one else MLPMembers(mlp, params.n_members, generator)
        if isinstance(params.module, torch.nn.Module):
            # A copy: the user's module is a parameter, which fit leaves as it is.
            module = copy.deepcopy(params.module)
        else:
            module = called(params.module, n_inputs, n_outputs)
        check_module(module, n_inputs, n_outputs)
        return module

    def _make_embedding(self, x, knowledge, generator):
        params, embedding = self.params, self.params.numeric_embedding
        if isinstance(embedding, str):
            if embedding == "auto" and self.past is not None:
                # As for the first rows: "auto" looks at them, and may decide otherwise now.
                return copy.deepcopy(getattr(self.past.module, "embedding", None))
            embedding = embedding_named(embedding, x)
        if isinstance(embedding, type):
            raise ValueError(
                f"numeric_embedding={embedding!r} is a class: give an instance, such as "
                f"{embedding.__name__}()."
            )
        if self.past is not None:
            return self._earlier_embedding(embedding)
        if embedding is None:
            return None
        if params.clip is not None:
            x = smooth_clip(
                x, params.clip
            )  # edges lie on the columns that the net sees
        weight = knowledge.soft_weight
        if knowledge.soft is None:
            weight = knowledge.hard_weight
        module = embedding.module(x, self.task.numbers(knowledge), weight, generator)
        module.asked_as = repr(embedding)
        return module

    def _earlier_embedding(self, embedding):
        """The last fit's embedding, with its edges; an error if the parameter changed."""
        earlier = getattr(self.past.module, "embedding", None)
        asked_as = None if embedding is None else repr(embedding)
        if asked_as != getattr(earlier, "asked_as", None):
            raise ValueError(
                f"{self.past.caller} goes on with the net of the last fit, and "
                f"numeric_embedding={self.params.numeric_embedding!r} asks for another "
                "one: fit a new student."
            )
        return copy.deepcopy(earlier)

    def finished(self, x, knowledge):
        """The net, its logits scaled where the loss leaves their scale open."""
        model = NetModel(self.net.module_, self.task)

        def logits():
            return in_chunks(lambda batch: _mean(model.module(batch)), model.module, x)

        model.output_scale = self.fitted_scales(logits, knowledge)
        return model


def _mean(outputs):
    """The mean over members (n, n_members, n_outputs); one net's outputs as they are."""
    return outputs if outputs.dim() < 3 else outputs.mean(dim=1)


def _widths(hidden_layer_sizes):
    sizes = hidden_layer_sizes
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if any(not isinstance(size, Integral) or size < 1 for size in sizes):
        raise ValueError(
            f"hidden_layer_sizes={hidden_layer_sizes!r} must be positive integers."
        )
    return sizes
