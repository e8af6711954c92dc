"""An encoder as ``export`` takes it: arrays, and its own answers to compare with."""

import numpy as np
import torch

from ..texts.tokens import NOTHING
from .encoder_arrays import encoder_arrays

_ROWS_AT_ONCE = 16


class ExportedEncoder:
    """What is written of an encoder, and what it says.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        In eval mode; its answers are what the student returns.
    view : TokenView
        The student's.
    classes : list of list
        What the answers are of, for each target; empty for values.

    Attributes
    ----------
    meta : dict
        From ``encoder_arrays``.
    arrays : dict of ndarray
        From ``encoder_arrays``.
    tokenizer : str
        JSON, as the package ``tokenizers`` reads it.
    """

    def __init__(self, model, view, classes):
        self.model, self.view = model, view
        self.widths = [len(group) for group in classes]
        self.classes = classes[0] if len(classes) == 1 else classes
        self.meta, self.arrays = encoder_arrays(model)
        self.tokenizer = view.tokenizer_.to_str()

    def answer(self, batch):
        """The encoder's own answers.

        Parameters
        ----------
        batch : dict of ndarray
            Its inputs by name.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Logits, or values.
        """
        tensors = {name: torch.from_numpy(each) for name, each in batch.items()}
        with torch.inference_mode():
            return self.model(**tensors).logits.numpy()

    def labels(self, outputs):
        """The likeliest class of each row, for each target.

        Parameters
        ----------
        outputs : ndarray of shape (n, n_outputs)
            Logits.

        Returns
        -------
        ndarray of shape (n, n_targets)
            Positions.
        """
        ends = np.cumsum(self.widths)[:-1]
        parts = np.split(outputs, ends, axis=1)
        return np.column_stack([part.argmax(axis=1) for part in parts])

    def batches(self, X):
        """Texts as inputs of the encoder.

        Parameters
        ----------
        X : array-like of str
            Texts.

        Returns
        -------
        list of dict of ndarray
            Some texts in each.
        """
        tokens = self.view.transform(X)
        parts = np.split(tokens, range(_ROWS_AT_ONCE, len(tokens), _ROWS_AT_ONCE))
        return [self._inputs(part) for part in parts]

    def _inputs(self, tokens):
        mask = tokens[:, 0] != NOTHING
        width = mask.sum(axis=1).max()
        tokens, mask = tokens[..., :width].astype(np.int64), mask[:, :width]
        pad = self.meta["pad_id"]
        inputs = {"input_ids": np.where(mask, tokens[:, 0], pad)}
        inputs["attention_mask"] = mask.astype(np.int64)
        if self.meta["has_token_types"]:
            types = np.maximum(tokens[:, 1], 0) if tokens.shape[1] > 1 else 0 * mask
            inputs["token_type_ids"] = types.astype(np.int64)
        return inputs
