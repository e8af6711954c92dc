"""ONNX files and sessions as teachers; onnxruntime is imported to open a file."""

from pathlib import Path

import numpy as np
from sklearn.utils import _safe_indexing

from ..tables.containers import is_frame
from .columns import SPELLINGS, known_columns
from .libraries import is_from
from .models import LOGIT, PROBABILITY, SHARE, Model


class OnnxModel(Model):
    """An ONNX file, by its path, or an ``onnxruntime.InferenceSession``.

    A classifier's file has probabilities as its last output (a table, or a list of dicts
    by label); a net's has logits.
    """

    @staticmethod
    def takes(model):
        """Whether it is a path that ends in .onnx, or a session."""
        if isinstance(model, str | Path):
            return str(model).endswith(".onnx")
        return is_from(model, "onnxruntime", "InferenceSession")

    def content(self):
        """The file's bytes."""
        if isinstance(self.model, str | Path):
            return Path(self.model).read_bytes()
        return getattr(self.model, "_model_bytes", None) or self.model

    def check(self):
        """Refuse a path without a file."""
        if isinstance(self.model, str | Path) and not Path(self.model).is_file():
            raise ValueError(f"teacher={str(self.model)!r}: there is no such file.")

    def is_ready(self):
        """A file answers as it is."""
        return True

    def _session(self):
        # Opened when it is asked: a session cannot be pickled, and a path can.
        if not isinstance(self.model, str | Path):
            return self.model
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                f"teacher={str(self.model)!r} needs the package onnxruntime: "
                "pip install onnxruntime."
            ) from error
        return onnxruntime.InferenceSession(
            str(self.model), providers=["CPUExecutionProvider"]
        )

    def labels(self):
        """Named where the last output is a dict by label for each row."""
        session = self._session()
        if "map(" not in session.get_outputs()[-1].type:
            return None
        try:
            *_, answer = session.run(None, _one_empty_row(session.get_inputs()))
        except Exception:  # no row for it, with an empty category: then y names them
            return None
        return np.array(list(answer[0]))

    def predicts_several(self, X):
        """A classifier's file tells: its first output is the labels."""
        session = self._session()
        first, *others = session.run(
            None, _feeds(session.get_inputs(), _safe_indexing(X, [0]))
        )
        return bool(np.size(first) > 1) if others else None

    def ask(self, X, classify, labels=None):
        """The last output of the file is its answer."""
        session = self._session()
        feeds = _feeds(session.get_inputs(), X)
        try:
            *_, answer = session.run(None, feeds)
        except Exception as error:  # each of its errors has another class
            raise ValueError(
                f"teacher={self!r} could not answer rows of shape {np.shape(X)}: {error}"
            ) from error
        if isinstance(answer, list):  # one dict by label for each row
            keys = list(answer[0]) if labels is None else labels.tolist()
            table = np.array([[row.get(key, 0.0) for key in keys] for row in answer])
            return table, SHARE
        answer = np.asarray(answer, dtype=np.float64)
        if not _are_probabilities(answer):
            return answer, LOGIT
        # Before a classifier's probabilities its file has the labels.
        return answer, PROBABILITY if len(session.get_outputs()) == 1 else SHARE


_ONNX_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}


def _feeds(inputs, X):
    """All columns for a file with one input; else one column for each, by name."""
    if len(inputs) == 1:
        only = inputs[0]
        try:
            return {only.name: np.asarray(X).astype(_ONNX_TYPES[only.type])}
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"teacher is an ONNX file that takes one {only.type}, and X is none: "
                f"{error}"
            ) from error
    if not is_frame(X):
        raise ValueError(
            f"teacher is an ONNX file with the inputs {[i.name for i in inputs]}: give X "
            "as a frame with these columns."
        )
    names = [each.name for each in inputs]
    X = known_columns(X, names, SPELLINGS["onnx"], "teacher, an ONNX file,")
    return {
        each.name: np.asarray(_safe_indexing(X, j, axis=1)).astype(
            _ONNX_TYPES[each.type]
        )[:, None]
        for j, each in enumerate(inputs)
    }


def _one_empty_row(inputs):
    """A row to run a file on, only to see what its outputs are called."""
    rows = {}
    for each in inputs:
        shape = [size if isinstance(size, int) else 1 for size in each.shape]
        rows[each.name] = np.zeros(shape, _ONNX_TYPES[each.type])
        if each.type == "tensor(string)":
            rows[each.name] = np.full(shape, "", dtype=object)
    return rows


def _are_probabilities(answer):
    """Whether answers are probabilities of classes or labels: all between 0 and 1."""
    return answer.min(initial=0.0) >= 0 and answer.max(initial=1.0) <= 1
