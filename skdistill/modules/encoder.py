"""A transformer encoder of texts, and what beside its answers it is trained for."""

import contextlib
from types import SimpleNamespace

import torch
from torch import nn

# Of the tokens that are guessed, so many are masked and so many replaced, as in BERT.
_GUESSED, _MASKED, _REPLACED = 0.15, 0.8, 0.1


class TextEncoder(nn.Module):
    """A model of ``transformers`` that takes tokens as the student's view has them.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        For sequence classification.
    mixed_precision : bool, default=False
        Whether matrix products of the training are in bfloat16.
    """

    def __init__(self, model, mixed_precision=False):
        super().__init__()
        self.model = model
        self.mixed_precision = mixed_precision
        # The recipe's extra losses, and their weights; there while it is trained.
        self.recipe = None

    def forward(self, x):
        """Answers for texts.

        Parameters
        ----------
        x : Tensor of shape (n, n_segments, n_tokens)
            From ``TokenView``.

        Returns
        -------
        Tensor of shape (n, n_outputs), or (Tensor, object)
            Logits, or values; while a recipe is learnt also what its losses need.
        """
        tokens = trimmed(x)
        if not self.training:
            return self.read(tokens).logits
        with _autocast(tokens.ids.device, self.mixed_precision):
            if self.recipe is None:
                return self.read(tokens).logits.float()
            with layer_outputs(self.model) as states:
                output = self.read(tokens)
            state = self.recipe(self, tokens, states)
        return output.logits.float(), state

    def read(self, tokens):
        """The model's own output for tokens.

        Parameters
        ----------
        tokens : Tokens
            From ``trimmed``.

        Returns
        -------
        transformers.utils.ModelOutput
            With ``logits``.
        """
        return read_by(self.model, tokens)

    def penalty(self, state, weight):
        """The recipe's extra losses of a batch.

        Parameters
        ----------
        state : Tensor of shape (n,)
            From ``forward``.
        weight : Tensor of shape (n,) or None
            Weights of the rows.

        Returns
        -------
        Tensor
            A scalar.
        """
        if weight is None or len(weight) != len(state):
            return state.mean()
        return (state * weight).mean()


def trimmed(x):
    """Tokens of some texts, as wide as the longest of them.

    Parameters
    ----------
    x : Tensor of shape (n, n_segments, n_tokens)
        From ``TokenView``.

    Returns
    -------
    Tokens
        ``ids``, where nothing is -1, ``mask`` and ``types``, each (n, width) of int64.
    """
    mask = x[:, 0] >= 0
    width = max(int(mask.sum(dim=1).max()), 1) if len(x) else 1
    x, mask = x[..., :width].long(), mask[:, :width]
    types = x[:, 1].clamp(min=0) if x.shape[1] > 1 else torch.zeros_like(x[:, 0])
    return SimpleNamespace(ids=x[:, 0], mask=mask, types=types)


@contextlib.contextmanager
def layer_outputs(model):
    """Listen to the layers of a model, which has no trace of it afterwards.

    What ``transformers`` does for ``output_hidden_states`` stays in the model, which then
    cannot be pickled.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Asked in the block.

    Yields
    ------
    list of Tensor of shape (n, width, hidden_size)
        What each layer has said, in order.
    """
    n_layers, states = model.config.num_hidden_layers, []

    def take(layer, inputs, output):
        states.append(output[0] if isinstance(output, tuple) else output)

    lists = (m for m in model.modules() if isinstance(m, nn.ModuleList))
    layers = next(each for each in lists if len(each) == n_layers)
    handles = [layer.register_forward_hook(take) for layer in layers]
    try:
        yield states
    finally:
        for handle in handles:
            handle.remove()


def read_by(model, tokens, ids=None):
    """What a model of ``transformers`` says about tokens.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Any of the library's encoders.
    tokens : Tokens
        From ``trimmed``.
    ids : Tensor of shape (n, width), default=None
        Other tokens in the same places.

    Returns
    -------
    transformers.utils.ModelOutput
        Its output.
    """
    config = model.config
    ids = tokens.ids if ids is None else ids
    ids = ids.masked_fill(~tokens.mask, config.pad_token_id or 0)
    has_types = getattr(config, "type_vocab_size", 0) > 1
    options = {"token_type_ids": tokens.types} if has_types else {}
    return model(input_ids=ids, attention_mask=tokens.mask.long(), **options)


def _autocast(device, wanted):
    if not wanted:
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


class Recipe(nn.Module):
    """The losses that DistilBERT's recipe adds to the soft targets [1]_.

    Parameters
    ----------
    hidden : HiddenLoss or None
        Compares hidden states with those of the teacher.
    mlm : MaskedLoss or None
        Lets the student guess words.

    References
    ----------
    .. [1] Sanh, Debut, Chaumond, Wolf: DistilBERT, a distilled version of BERT, 2019.
    """

    def __init__(self, hidden=None, mlm=None):
        super().__init__()
        self.hidden = hidden
        self.mlm = mlm

    def forward(self, encoder, tokens, states):
        """The losses of each text.

        Parameters
        ----------
        encoder : TextEncoder
            The student.
        tokens : Tokens
            What it has read.
        states : list of Tensor
            What its layers have said.

        Returns
        -------
        Tensor of shape (n,)
            Weighted sums.
        """
        loss = states[0].new_zeros(len(tokens.ids), dtype=torch.float32)
        if self.hidden is not None:
            loss = loss + self.hidden(tokens, states)
        if self.mlm is not None:
            loss = loss + self.mlm(encoder, tokens)
        return loss


class HiddenLoss(nn.Module):
    """One minus the cosine of the student's hidden states to the teacher's.

    Parameters
    ----------
    teacher : transformers.PreTrainedModel
        Asked in eval mode, and left as it is.
    pairs : list of (int, int)
        Which layer of the student is to say the same as which one of the teacher.
    numbers : Tensor of shape (n_tokens,) or None
        The teacher's number of each of the student's tokens; None if they are the same.
    widths : (int, int)
        Of the student's and the teacher's states; where they differ, a projection is
        learnt.
    weight : float
        Weight of the loss.
    """

    def __init__(self, teacher, pairs, numbers, widths, weight):
        super().__init__()
        self._teacher = (teacher,)  # no submodule: it is not trained, nor kept
        self.pairs, self.weight = pairs, weight
        self.register_buffer("numbers", numbers, persistent=False)
        projected = widths[0] != widths[1]
        self.projections = nn.ModuleList(
            nn.Linear(*widths) if projected else nn.Identity() for _ in pairs
        )

    def forward(self, tokens, states):
        """The loss of each text, a mean over its tokens and over the layers.

        Parameters
        ----------
        tokens : Tokens
            What the student has read.
        states : list of Tensor
            What its layers have said.

        Returns
        -------
        Tensor of shape (n,)
            From 0 to twice the weight.
        """
        theirs, mask = self._asked(tokens), tokens.mask
        total = 0.0
        for (mine, its), project in zip(self.pairs, self.projections, strict=True):
            cosine = nn.functional.cosine_similarity(
                project(states[mine]).float(), theirs[its].float(), dim=-1
            )
            total = total + ((1 - cosine) * mask).sum(dim=1) / mask.sum(dim=1)
        return self.weight / len(self.pairs) * total

    @torch.no_grad()
    def _asked(self, tokens):
        (teacher,) = self._teacher
        ids = tokens.ids
        if self.numbers is not None:
            ids = self.numbers[ids.clamp(min=0)]
        # A user's model stays where it is, and in its mode.
        device, here = next(teacher.parameters()).device, ids.device
        tokens = SimpleNamespace(
            ids=ids.to(device),
            mask=tokens.mask.to(device),
            types=tokens.types.to(device),
        )
        modes = [(part, part.training) for part in teacher.modules()]
        teacher.eval()
        try:
            with layer_outputs(teacher) as states:
                read_by(teacher, tokens)
        finally:
            for part, mode in modes:
                part.training = mode
        return [state.to(here) for state in states]


class MaskedLoss(nn.Module):
    """Cross entropy of words that are hidden from the student, as BERT is trained [1]_.

    Parameters
    ----------
    encoder : TextEncoder
        The student, whose embedding also names the guesses.
    mask_id : int
        Number of the token that hides a word.
    special : list of int
        Tokens that are never hidden.
    weight : float
        Weight of the loss.

    References
    ----------
    .. [1] Devlin, Chang, Lee, Toutanova: BERT, 2019.
    """

    def __init__(self, encoder, mask_id, special, weight):
        super().__init__()
        model = encoder.model
        table = model.get_input_embeddings().weight
        self.mask_id, self.weight = mask_id, weight
        self.register_buffer("special", torch.tensor(special), persistent=False)
        self.transform = nn.Linear(model.config.hidden_size, table.shape[1])
        self.norm = nn.LayerNorm(table.shape[1])
        self.bias = nn.Parameter(torch.zeros(len(table)))

    def forward(self, encoder, tokens):
        """The loss of each text, a mean over its hidden tokens; 0 where there are none.

        Parameters
        ----------
        encoder : TextEncoder
            The student.
        tokens : Tokens
            What it is to read.

        Returns
        -------
        Tensor of shape (n,)
            Nats, times the weight.
        """
        ids, guessed = self._hidden(tokens)
        if not guessed.any():
            return tokens.ids.new_zeros(len(ids), dtype=torch.float32)
        with layer_outputs(encoder.model) as states:
            read_by(encoder.model, tokens, ids)
        states = states[-1][guessed]
        table = encoder.model.get_input_embeddings().weight
        states = self.norm(nn.functional.gelu(self.transform(states)))
        logits = nn.functional.linear(states, table, self.bias).float()
        losses = nn.functional.cross_entropy(
            logits, tokens.ids[guessed], reduction="none"
        )
        total = losses.new_zeros(guessed.shape).masked_scatter(guessed, losses)
        return self.weight * total.sum(dim=1) / guessed.sum(dim=1).clamp(min=1)

    def _hidden(self, tokens):
        """Tokens of which some are masked or replaced, and which ones are to be guessed."""
        ids, chance = tokens.ids, torch.rand(tokens.ids.shape, device=tokens.ids.device)
        guessed = tokens.mask & (chance < _GUESSED) & ~torch.isin(ids, self.special)
        how = torch.rand_like(chance)
        other = torch.randint(len(self.bias), ids.shape, device=ids.device)
        ids = torch.where(guessed & (how < _MASKED), self.mask_id, ids)
        is_replaced = guessed & (how >= _MASKED) & (how < _MASKED + _REPLACED)
        return torch.where(is_replaced, other, ids), guessed
