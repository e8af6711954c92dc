"""Text classifiers of Hugging Face's transformers as teachers.

The library is not imported here: where one of its models is, it was. Texts are asked about
in batches of similar length, padded to the longest of the batch, not row by row.
"""

import contextlib
import inspect
import sys
from functools import cached_property
from pathlib import Path

import numpy as np

from ..texts.reading import read_texts
from .libraries import is_from
from .models import LOGIT, Model
from .nets import answering, is_module

# So many texts are cut into tokens at once, and so many tokens are in a batch, padding
# included: what the model holds between its layers stays some MB. Larger batches are
# slower on a processor, whose cache they leave, and faster on a GPU.
_TEXTS_AT_ONCE, _TOKENS_AT_ONCE, _TIMES_ON_GPU = 4096, 1024, 32
# Tokenizers that know no limit say that it is 1e30.
_NO_LIMIT = 10**9


class TransformersModel(Model):
    """A ``transformers`` pipeline that classifies texts, or its model by itself.

    The tokenizer of a model by itself is in the folder that it was loaded from.
    """

    def __repr__(self):
        return type(self.model).__name__

    @staticmethod
    def takes(model):
        """Whether it is a pipeline or a model of that library."""
        if is_from(model, "transformers", "Pipeline"):
            return True
        own = type(model).__module__.startswith("transformers.")
        known = is_from(model, "transformers", "PreTrainedModel")
        adapted = is_from(model, "peft", "PeftModel")
        return adapted or (known and (own or _is_for_texts(model)))

    @property
    def module(self):
        """The torch module, of a pipeline too."""
        return self.model if is_module(self.model) else self.model.model

    @cached_property
    def tokenizer(self):
        """What cuts texts into tokens as the model knows them."""
        if not is_module(self.model):
            return self.model.tokenizer
        folder = str(getattr(self.model.config, "_name_or_path", "") or "")
        tokenizer = _tokenizer_in(Path(folder)) if folder else None
        if tokenizer is None:
            raise ValueError(
                f"teacher={self!r} is a model without its tokenizer, and none is in the "
                f"folder that it is from ({folder!r}): give transformers.pipeline("
                '"text-classification", model=model, tokenizer=tokenizer) as teacher.'
            )
        return tokenizer

    def content(self):
        """The model, its tokenizer, and what the pipeline hands to that."""
        return type(self.model), self.module, self.tokenizer, self._options()

    def check(self):
        """Refuse models that do not classify texts, or have no tokenizer."""
        if not (
            is_from(self.model, "transformers", "TextClassificationPipeline")
            or (is_module(self.model) and _is_for_texts(self.model))
        ):
            raise TypeError(
                f"teacher={self!r} does not classify texts: give a transformers."
                'pipeline("text-classification"), a model "...ForSequenceClassification",'
                " or a function that asks it."
            )
        if self.tokenizer is None:
            raise ValueError(f"teacher={self!r} has no tokenizer: give it one.")

    def is_ready(self):
        """A model answers as it is."""
        return True

    def _problem(self):
        return getattr(self.module.config, "problem_type", None)

    def kind(self):
        """By the problem that it was trained for; one output alone is a value."""
        problem = self._problem()
        is_value = problem is None and self.module.config.num_labels == 1
        return "regressor" if is_value or problem == "regression" else "classifier"

    def labels(self):
        """The names in its configuration, but for those that are only numbered."""
        config = self.module.config
        if self.kind() == "regressor" or self.predicts_several(None):
            return None
        names = [config.id2label.get(i) for i in range(config.num_labels)]
        is_numbered = names == [f"LABEL_{i}" for i in range(len(names))]
        return None if len(names) < 2 or is_numbered else np.array(names)

    def columns(self):
        """Texts have no names."""
        return None

    def width(self):
        """Texts, or pairs of texts: the model does not say which."""
        return None

    def predicts_several(self, X):
        """The problem that it was trained for tells."""
        several = self.module.config.num_labels > 1
        return several and self._problem() == "multi_label_classification"

    def ask(self, X, classify, labels=None):
        """The logits of all classes, or the values."""
        texts = read_texts(X, f"X, of which teacher={self!r} reads the texts,")
        n, step = len(texts), _TEXTS_AT_ONCE
        with answering(self.module), _settings_restored(self.tokenizer):
            parts = [
                self._answer(texts.take(range(start, min(start + step, n))))
                for start in range(0, n, step)
            ]
        return np.concatenate(parts), LOGIT

    def _answer(self, texts):
        """Logits of a few texts, asked from the longest to the shortest."""
        tokens = self._tokens(texts)
        lengths = np.array([len(ids) for ids in tokens["input_ids"]])
        order = np.argsort(-lengths, kind="stable")
        logits = [
            self._logits(
                {name: [rows[i] for i in batch] for name, rows in tokens.items()}
            )
            for batch in self._batches(order, lengths)
        ]
        return np.concatenate(logits)[np.argsort(order)]

    def _tokens(self, texts):
        options = {"truncation": True, "padding": False, **self._options()}
        limit = options.get("max_length") or _NO_LIMIT
        options["max_length"] = min(limit, _longest(self.module, self.tokenizer))
        if options["max_length"] == _NO_LIMIT:  # nothing says where to cut
            options |= {"max_length": None, "truncation": False}
        tokens = dict(self.tokenizer(*texts.segments, **options))
        return _without_empty_rows(tokens, self._filler())

    def _options(self):
        """What the user's pipeline asks of the tokenizer, such as a maximum length."""
        given = getattr(self.model, "_preprocess_params", {})
        return {
            k: v for k, v in given.items() if k not in {"padding", "return_tensors"}
        }

    def _filler(self):
        """A token for a text that has none."""
        names = "eos_token_id", "unk_token_id", "pad_token_id"
        known = [getattr(self.tokenizer, name, None) for name in names]
        return next((token for token in known if token is not None), 0)

    def _batches(self, order, lengths):
        """Rows, in this order, of so many tokens together."""
        pads = self.tokenizer.pad_token_id, self.module.config.pad_token_id
        budget = _TOKENS_AT_ONCE * (
            1 if self._device().type == "cpu" else _TIMES_ON_GPU
        )
        start = 0
        while start < len(order):
            # What cannot pad takes one row at a time.
            size = 1 if None in pads else max(1, budget // lengths[order[start]])
            yield order[start : start + size]
            start += size

    def _device(self):
        return next(self.module.parameters()).device

    def _logits(self, tokens):
        module = self.module
        if len(tokens["input_ids"]) > 1:
            tokens = self.tokenizer.pad(tokens)
        torch = sys.modules["torch"]
        batch = {k: torch.tensor(v, device=self._device()) for k, v in tokens.items()}
        if "use_cache" in inspect.signature(module.forward).parameters:
            batch["use_cache"] = False
        try:
            logits = module(**batch).logits
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            raise ValueError(
                f"teacher={self!r} could not answer the tokens of its tokenizer, "
                f"{type(self.tokenizer).__name__}: {error}"
            ) from error
        return logits.double().cpu().numpy()


def _is_for_texts(model):
    return any("ForSequenceClassification" in c.__name__ for c in type(model).__mro__)


def _tokenizer_in(folder):
    """The tokenizer of a local folder, or None."""
    # Of a folder without one, transformers makes a tokenizer that knows no word.
    if not any(any(folder.glob(p)) for p in ("tokenizer*", "vocab*", "*.model")):
        return None
    with contextlib.suppress(OSError, ValueError, ImportError):
        return sys.modules["transformers"].AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    return None


def _longest(module, tokenizer):
    """Number of tokens that the model has positions for."""
    limits = [tokenizer.model_max_length, _NO_LIMIT]
    positions = getattr(module.config, "max_position_embeddings", None) or 0
    if positions > 0:
        limits.append(positions)
    for name, part in module.named_modules():
        # RoBERTa's positions begin behind that of the padding.
        if name.endswith("position_embeddings") and hasattr(part, "num_embeddings"):
            before = -1 if part.padding_idx is None else part.padding_idx
            limits.append(part.num_embeddings - before - 1)
    return min(limits)


def _without_empty_rows(tokens, filler):
    """Token lists of which none is empty: a model cannot be asked about nothing."""
    values = {"input_ids": filler, "attention_mask": 1}
    empty = [i for i, ids in enumerate(tokens["input_ids"]) if not ids]
    for name, rows in tokens.items():
        for i in empty:
            rows[i] = [values.get(name, 0)]
    return tokens


@contextlib.contextmanager
def _settings_restored(tokenizer):
    """Leave a tokenizer's settings, which a call changes and a saved file shows."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        yield
        return
    truncation, padding = backend.truncation, backend.padding
    try:
        yield
    finally:
        backend.no_truncation()
        backend.no_padding()
        if truncation is not None:
            backend.enable_truncation(**truncation)
        if padding is not None:
            backend.enable_padding(**padding)
