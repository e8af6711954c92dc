"""What the students of texts share: they read strings, through a tokenizer."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ... import __version__
from ...learners.encoders import pretrained_of, start_of
from ...learners.exported_encoder import ExportedEncoder
from ...learners.text import TextLearner, TextModel
from ...learners.text_folder import as_json, read_folder, with_affine_head, write_folder
from ...texts.reading import read_texts
from ...texts.tokens import TokenView
from ...training.net import untrained
from ...transfer.drawn import NAMES
from ...transfer.samplers import Sampler
from ...transfer.texts import automatic_texts
from ..torch_student import TorchStudent

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
PARAMETERS = {
    "init": "no_validation",
    "n_layers": [_AT_LEAST_ONE, None],
    "hidden_size": [_AT_LEAST_ONE, None],
    "embedding_size": [_AT_LEAST_ONE, None],
    "vocab_size": [
        Interval(Integral, 10, None, closed="left"),
        StrOptions({"used"}),
        None,
    ],
    "max_length": [Interval(Integral, 4, None, closed="left"), StrOptions({"auto"})],
    "hidden_loss": [_NOT_NEGATIVE, StrOptions({"auto"})],
    "mlm": [_NOT_NEGATIVE],
    "dropout": [Interval(Real, 0, 1, closed="left"), None],
    "accumulation_steps": [_AT_LEAST_ONE],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
}
_STARTS = ("init", "pretrained")


class TextStudent(TorchStudent):
    """What the students of texts share: they read strings, through a tokenizer."""

    _learner_class = TextLearner
    _init_name = "init"
    preprocessor = None  # a tokenizer takes its place

    @property
    def tokenizer_(self):
        """The tokenizer in use, of the package ``tokenizers``."""  # numpydoc ignore=RT01
        return self.preprocessor_.tokenizer_

    def _read_rows(self, X, reset):
        texts = read_texts(X)
        if reset:
            self.n_features_in_ = len(texts.segments)
        elif len(texts.segments) != self.n_features_in_:
            raise ValueError(
                f"X has {len(texts.segments)} columns of texts, but "
                f"{type(self).__name__} is expecting {self.n_features_in_}."
            )
        return texts

    def _read(self, given, asking):
        named = isinstance(self.transfer, str) and self.transfer in NAMES
        sampler = NAMES[self.transfer]() if named else self.transfer
        if isinstance(sampler, Sampler):
            raise ValueError(
                f"transfer={self.transfer!r} draws rows of a table, and X holds texts: "
                'take "words", a TextReplacement or None.'
            )
        return super()._read(given, asking)

    def _automatic_sampler(self, X):
        """Drawn texts, for a student from scratch: one that is pretrained knows words."""
        init, teacher = getattr(self, self._init_name), self.teacher
        if init is None:
            return automatic_texts
        starts = isinstance(teacher, TextStudent) or pretrained_of(teacher) is not None
        return None if init != "auto" or starts else automatic_texts

    def _fit_view(self, read, given, teacher):
        start = start_of(getattr(self, self._init_name), teacher)
        self._check_vocabulary(start)
        options = {"vocab_size": self.vocab_size, "max_length": self.max_length}
        if start is not None:
            options |= {"tokenizer": start.tokenizer, "most": start.n_positions}
        drawn = read.drawn and read.drawn.X
        more = [texts for texts in (read.X_transfer, drawn) if texts is not None]
        self.preprocessor_ = TokenView(**options).fit(read.X, more=more)

    def _check_vocabulary(self, start):
        if start is not None and isinstance(self.vocab_size, Integral):
            raise ValueError(
                f"vocab_size={self.vocab_size} is of a vocabulary that is trained, and "
                'pretrained weights have their own: set "used" to leave out tokens that '
                "no text uses, or None."
            )

    def _see(self, rows):
        return self.preprocessor_.transform(rows)

    _see_to_train = _see

    def _learner(self, **more):
        return super()._learner(view=self.preprocessor_, **more)

    def _model(self):
        return TextModel(self.module_, self._task, vars(self).get("output_scale_"))

    def _settle(self, model, lesson):
        super()._settle(model, lesson)
        vars(self).pop("output_scale_", None)
        if model.output_scale is not None:
            self.output_scale_ = model.output_scale

    def save_pretrained(self, folder):
        """Write the fitted student into a folder that ``transformers`` can load.

        There is no pickle in it: weights as safetensors, the tokenizer, and JSON. Units,
        scales and adjusted shares of the classes go into the last layer, so that
        ``AutoModelForSequenceClassification.from_pretrained(folder)`` answers with the
        student's own logits, or values.

        Parameters
        ----------
        folder : str or path
            Made if it is not there; files of the same names are replaced.

        Raises
        ------
        OSError
            If the folder cannot be written; it is then as it was.
        TypeError
            If labels are neither strings nor numbers.
        """
        check_is_fitted(self)
        n = self._task.n_outputs
        names = [str(label) for group in self._task.classes or () for label in group]
        notes = {
            "student": type(self).__name__,
            "version": __version__,
            "n_segments": self.n_features_in_,
            "params": _plain(self.get_params(deep=False)),
            **self._notes(),
        }
        model = self._model_with_units()
        names = names if len(set(names)) == n else [f"LABEL_{i}" for i in range(n)]
        write_folder(folder, model, self.tokenizer_, names, notes)

    def _model_with_units(self):
        """A copy of the encoder that answers with what the student returns."""
        n, (scale, shift) = self._task.n_outputs, self._affine()
        head = np.broadcast_to(scale, n), np.broadcast_to(shift, n)
        return with_affine_head(self.module_.model, *head)

    def _exported(self):
        """The encoder as ``export`` takes it."""
        groups = self._task.classes or ()
        classes = [as_json(group)["values"] for group in groups]
        return ExportedEncoder(self._model_with_units(), self.preprocessor_, classes)

    @classmethod
    def from_pretrained(cls, folder):
        """Read a student that ``save_pretrained`` has written.

        Parameters
        ----------
        folder : str or path
            The folder.

        Returns
        -------
        TextStudent
            Fitted, without its teacher.

        Raises
        ------
        ValueError
            If the folder holds no student, or one of another class.
        """
        encoder, tokenizer, notes = read_folder(folder)
        if notes["student"] != cls.__name__:
            raise ValueError(
                f"{str(folder)!r} holds a {notes['student']}: call "
                f"{notes['student']}.from_pretrained."
            )
        student = cls(**notes["params"])
        student.n_features_in_ = notes["n_segments"]
        student.preprocessor_ = TokenView.ready(tokenizer, notes["n_segments"])
        student.net_, student.history_ = untrained(encoder), []
        student.n_iter_ = 0
        student._take_notes(notes)
        return student

    def __sklearn_tags__(self):
        """scikit-learn's tags: X is a column of strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.allow_nan = True
        tags.no_validation = True
        return tags


def _plain(params):
    """The parameters that JSON has, without who taught and where the weights are from."""
    return {
        name: value
        for name, value in params.items()
        if isinstance(value, str | int | float | None)
        and name not in {"teacher", *_STARTS}
    }
