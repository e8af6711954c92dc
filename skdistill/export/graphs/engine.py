"""The engine onnxruntime, which runs the ONNX files of students of tables."""

from pathlib import Path

import numpy as np

from ..proof import Answers, Engine, label_places, median_seconds, side_by_side
from .graph import needed
from .view import GAP


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
        """What onnxruntime says."""  # numpydoc ignore=PR01,RT01
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


def _doubles(column):
    """Numbers and booleans, NaN for gaps."""
    if column.dtype.kind == "f":
        return column
    return np.array([np.nan if v is None else v for v in column], dtype=np.float64)


def _strings(column):
    return np.array([GAP if v is None else str(v) for v in column], dtype=object)
