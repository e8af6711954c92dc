"""The engine onnxruntime, which runs the ONNX files of students of tables."""

from pathlib import Path

import numpy as np

from .numpy_engine import NumpyEngine
from .onnx_graph import needed
from .onnx_view import GAP
from .proof import Answers, Engine, label_places, median_seconds, side_by_side

_FEW = 3  # rows


class OnnxEngine(Engine):
    """A model of ONNX, run by onnxruntime on one thread.

    Parameters
    ----------
    artefact : onnx.ModelProto, str or path
        What is run.
    predictor : NumpyPredictor
        Of the student that it came from.
    """

    name = "onnxruntime"

    def __init__(self, artefact, predictor):
        runtime = needed("onnxruntime")
        self.version, self._predictor = runtime.__version__, predictor
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # warnings would be printed
        is_path = isinstance(artefact, str | Path)
        self._session = runtime.InferenceSession(
            str(artefact) if is_path else artefact.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        inputs = self._session.get_inputs()
        self._inputs = [(each.name, each.type) for each in inputs]
        self._width = inputs[0].shape[-1]

    def answers(self, columns):
        """What onnxruntime says, at once and of few rows at a time: the worse of both.

        A graph may have another part for few rows, and must be right in both.
        """  # numpydoc ignore=PR01,RT01
        n = len(columns[0])
        at_once = self._said(columns)
        starts = range(0, n, _FEW)
        parts = [self._said([c[i : i + _FEW] for c in columns]) for i in starts]
        outputs = np.concatenate([part.outputs for part in parts])
        labels = None
        if at_once.labels is not None:
            labels = np.concatenate([part.labels for part in parts])
        reference = NumpyEngine(self._predictor, self._predictor).answers(columns)
        return _worse(at_once, Answers(outputs, labels), reference)

    def _said(self, columns):
        first, *p = self._session.run(None, self._fed(columns))
        if not self._predictor.meta["is_classifier"]:
            return Answers(first.reshape(len(first), -1), None)
        p = p if len(p) > 1 else p[0]
        labels = first.reshape(len(first), -1)
        return Answers(
            side_by_side(self._predictor, p), label_places(self._predictor, labels)
        )

    def seconds(self, columns):
        """How long a run takes, rows at hand."""  # numpydoc ignore=PR01,RT01
        fed = self._fed(columns)
        return median_seconds(lambda: self._session.run(None, fed))

    def _fed(self, columns):
        """The inputs by name."""
        if len(self._inputs) == 1 and self._width == len(columns):
            (name, kind), one = self._inputs[0], len(columns) == 1
            if not (one and "string" in kind):
                return {name: np.column_stack([_doubles(c) for c in columns])}
        if len(self._inputs) != len(columns):
            raise ValueError(
                f"The model has {len(self._inputs)} inputs, and rows have {len(columns)} "
                "columns: the artefact is of another student."
            )
        pairs = zip(self._inputs, columns, strict=True)
        return {
            name: (_strings(c) if "string" in kind else _doubles(c))[:, None]
            for (name, kind), c in pairs
        }


def _worse(one, other, reference):
    """Row by row what is farther from a third: outputs, and by themselves labels."""
    if one.outputs.shape != reference.outputs.shape:
        return one  # of another student, which is said elsewhere
    off = [np.abs(each.outputs - reference.outputs) for each in (one, other)]
    one_off, other_off = (np.nan_to_num(each, nan=np.inf).max(axis=1) for each in off)
    outputs = np.where((other_off > one_off)[:, None], other.outputs, one.outputs)
    if one.labels is None:
        return Answers(outputs, None)
    is_wrong = other.labels != reference.labels
    return Answers(outputs, np.where(is_wrong, other.labels, one.labels))


def _doubles(column):
    """Numbers and booleans, NaN for gaps."""
    if column.dtype.kind == "f":
        return column
    return np.array([np.nan if v is None else v for v in column], dtype=np.float64)


def _strings(column):
    return np.array([GAP if v is None else str(v) for v in column], dtype=object)
