"""How students that read texts are trained: DistilBERT's recipe."""

import copy

import numpy as np
import torch

from ..modules.encoder import HiddenLoss, MaskedLoss, Recipe, TextEncoder
from ..texts.tokens import n_tokens
from ..training.inference import by_length
from ..training.loop import resolve_device
from ..training.precision import is_faster_mixed
from .encoders import (
    chosen_layers,
    embedding_size,
    new_encoder,
    pretrained_of,
    smaller_encoder,
    start_of,
)
from .net import NetModel
from .torch_learner import TorchLearner

# The weights of DistilBERT's script are 5, 2 and 1: of these the soft targets' is 1 here.
_HIDDEN = 0.2
# Learning rates of "auto".
_FINE_TUNED, _FROM_SCRATCH = 1e-4, 5e-4


class TextModel(NetModel):
    """A trained encoder of texts."""

    def _few_outputs(self, x):
        return None  # there is no form in numpy

    def _in_chunks(self, x, then):
        def answer(batch):
            output = self.infer(batch).double()
            return output if then is None else then(output)

        return by_length(answer, self.module, x, n_tokens(x))

    def arrays(self):
        """None of numpy alone."""
        raise TypeError(
            "A student of texts has no form in numpy: take export.to_onnx, or "
            "save_pretrained."
        )


class TextLearner(TorchLearner):
    """The learner that trains an encoder of texts.

    Parameters
    ----------
    *parts : object
        As of a TorchLearner.
    view : TokenView
        Fitted.
    """

    train_options = (*TorchLearner.train_options, "accumulation_steps")
    length_of = staticmethod(n_tokens)

    def __init__(self, *parts, view):
        super().__init__(*parts)
        self.view, self.source, self.teacher = view, None, None

    def choose(self, lesson):
        """Find out where to start, and choose."""
        self._begin(lesson)
        return (yield from super().choose(lesson))

    def learn(self, lesson):
        """Find out where to start, and train."""
        self._begin(lesson)
        return (yield from super().learn(lesson))

    def _begin(self, lesson):
        params, teacher = self.params, lesson.teacher
        self.source = start_of(params.init, teacher)
        if params.lr == "auto":
            params.lr = _FROM_SCRATCH if self.source is None else _FINE_TUNED
        if params.hidden_loss != 0 and teacher is not None:
            self.teacher = self._reads_alike(pretrained_of(teacher))

    def _reads_alike(self, teacher):
        """The teacher, if the student's tokens are its tokens."""
        is_same = teacher is not None and self.view.is_from(teacher.tokenizer)
        if is_same:
            return teacher
        if self.params.hidden_loss == "auto":
            return None
        raise ValueError(
            f"hidden_loss={self.params.hidden_loss} compares hidden states of the same "
            "tokens, and the teacher is no transformer, or the student does not start "
            'from it: leave hidden_loss="auto", or set init="teacher".'
        )

    def draws_globally(self):
        """Whether the module may draw: first weights, dropout, and words to be guessed.

        Returns
        -------
        bool
            True.
        """
        return True

    def make_module(self, x, knowledge, generator):
        """An encoder that starts from the source, or from nowhere."""
        n_outputs = self.task.n_outputs
        if self.source is None:
            n_tokens = self.view.tokenizer_.get_vocab_size()
            n_positions, special = self.view.max_length_, self.view.special_ids_
            model = new_encoder(n_tokens, n_outputs, self.params, n_positions, special)
        else:
            source, has_head = self.source.load()
            if self.params.n_layers is None and self._starts_from_teacher():
                self.params.n_layers = (source.config.num_hidden_layers + 1) // 2
            takes_head = has_head and self._means_the_same(n_outputs)
            kept = self.view.kept_
            arguments = source, n_outputs, self.params, kept, takes_head
            model = smaller_encoder(*arguments, self.view.counts_)
        return TextEncoder(model)

    def _starts_from_teacher(self):
        init = self.params.init
        return isinstance(init, str) and init in {"auto", "teacher"}

    def _means_the_same(self, n_outputs):
        labels, classes = self.source.labels, self.task.classes
        if self.source.config.num_labels != n_outputs or classes is None:
            return False  # values are in the unit of the task that learns them
        if labels is None or len(classes) > 1:
            return labels is None
        return np.array_equal(labels, classes[0])

    def starting_module(self, x, knowledge, generator):
        """A new module, or a copy of the past one, and what is learnt beside."""
        if self.past is None:
            encoder = self.make_module(x, knowledge, generator)
        else:
            encoder = copy.deepcopy(self.past.module)
            self._check_same(encoder.model.config)
        encoder.mixed_precision = self._is_mixed(encoder, x)
        encoder.recipe = self._recipe(encoder, knowledge)
        return encoder

    def _check_same(self, config):
        now = {
            "n_layers": config.num_hidden_layers,
            "hidden_size": config.hidden_size,
            "embedding_size": embedding_size(config),
        }
        for name, value in now.items():
            asked = getattr(self.params, name)
            if asked not in (None, value):
                raise ValueError(
                    f"{self.past.caller} goes on with the weights of the last fit, whose "
                    f"{name} is {value}, and now it is {asked}: fit a new student."
                )

    def _recipe(self, encoder, knowledge):
        params, hidden, mlm = self.params, None, None
        weight = _HIDDEN if params.hidden_loss == "auto" else params.hidden_loss
        if weight and self.teacher is not None and knowledge.soft is not None:
            hidden = self._hidden_loss(encoder, weight)
        if params.mlm:
            mlm = self._masked_loss(encoder)
        return None if hidden is mlm is None else Recipe(hidden, mlm)

    def _masked_loss(self, encoder):
        special = self.view.special_ids_
        if "mask" not in special:
            raise ValueError(
                f"mlm={self.params.mlm} hides words behind a mask, and the tokenizer has "
                "no token for it, such as [MASK]: set mlm=0."
            )
        hidden = sorted(set(special.values()))
        return MaskedLoss(encoder, special["mask"], hidden, self.params.mlm)

    def _hidden_loss(self, encoder, weight):
        mine, its = encoder.model.config, self.teacher.config
        layers = chosen_layers(its.num_hidden_layers, mine.num_hidden_layers)
        pairs = list(enumerate(layers))
        kept = self.view.kept_
        numbers = None if kept is None else torch.from_numpy(kept)
        widths = mine.hidden_size, its.hidden_size
        teacher, _ = self.teacher.load()
        return HiddenLoss(teacher, pairs, numbers, widths, weight)

    def _is_mixed(self, encoder, x):
        precision = self.params.precision
        if precision != "auto":
            return precision == "bfloat16"
        device = resolve_device(self.params.device)
        return is_faster_mixed(encoder, self.as_tensor(x, None), device)

    def as_tensor(self, x, dtype):
        """Tokens stay whole numbers."""
        return torch.from_numpy(np.require(x, requirements="W"))

    def _batch_size(self, n):
        if self.params.batch_size == "auto":
            return 32 if n >= 512 else 16
        return self.params.batch_size

    def finished(self, x, knowledge):
        """The encoder without what was only learnt beside."""
        encoder = self.net.module_
        encoder.recipe = None
        model = TextModel(encoder, self.task)
        model.output_scale = self.fitted_scales(lambda: model.logits(x), knowledge)
        return model
