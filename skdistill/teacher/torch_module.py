"""A torch module as a teacher."""

import numpy as np

from .models import LOGIT, Model
from .nets import is_module, module_outputs

# Logits of fewer rows may all lie between 0 and 1 by chance.
_ROWS_TO_TELL = 20


class TorchModule(Model):
    """A torch module, whose ``forward`` returns logits, or values."""

    def __repr__(self):
        return type(self.model).__name__

    @staticmethod
    def takes(model):
        """Whether it is a ``torch.nn.Module``."""
        return is_module(model)

    def is_ready(self):
        """A module answers as it is."""
        return True

    def predicts_several(self, X):
        """A module cannot tell how many targets it has."""
        return None

    def ask(self, X, classify, labels=None):
        """The module's outputs in eval mode are its answer."""
        outputs = module_outputs(self.model, X)
        if classify:
            self._check_not_probabilities(outputs)
        return outputs, LOGIT

    def _check_not_probabilities(self, outputs):
        """Refuse a module that has its softmax or sigmoid inside."""
        if not np.isfinite(outputs).all():
            return  # refused by whoever reads them
        inside = len(outputs) >= _ROWS_TO_TELL and outputs.max() <= 1
        # Rows of a softmax sum to 1, however few they are.
        if outputs.ndim == 2 and outputs.shape[1] > 1:
            inside |= np.abs(outputs.sum(axis=1) - 1).max() < 1e-4
        if outputs.min() >= 0 and inside:
            raise ValueError(
                f"teacher={self!r} is a torch module and must return logits, but its "
                "outputs are probabilities: leave out the last softmax or sigmoid, or "
                "give a callable that returns the probabilities."
            )
