"""A text student in a folder that ``transformers`` reads: no pickle."""

import copy
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import torch

from ..modules.encoder import TextEncoder
from ..texts.vocabulary import quiet_transformers, read_tokenizer, special_tokens

#: What the folder has beside the files of ``transformers``.
NOTES = "skdistill.json"


def with_affine_head(model, scale, shift):
    """A copy of a model whose answers are scaled and shifted by its last layer.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        For sequence classification.
    scale, shift : ndarray of shape (n_outputs,)
        What its outputs are multiplied by, and what is added then.

    Returns
    -------
    transformers.PreTrainedModel
        In eval mode, on the CPU.
    """
    model = copy.deepcopy(model).cpu().eval()
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    head = [layer for layer in layers if layer.out_features == len(scale)][-1]
    with torch.no_grad():
        factor, more = torch.tensor(scale).double(), torch.tensor(shift).double()
        head.weight.copy_(head.weight.double() * factor[:, None])
        head.bias.copy_(head.bias.double() * factor + more)
    return model


def write_folder(folder, model, tokenizer, names, notes):
    """Write a model, its tokenizer and notes; files that are there are replaced.

    Parameters
    ----------
    folder : str or path
        Made if it is not there.
    model : transformers.PreTrainedModel
        To be written.
    tokenizer : tokenizers.Tokenizer
        Its tokenizer.
    names : list of str
        What its outputs are.
    notes : dict
        What else a student has to know; as JSON has it.

    Raises
    ------
    OSError
        If it cannot be written; then the folder is as it was.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.config.id2label = dict(enumerate(names))
    model.config.label2id = {name: i for i, name in enumerate(names)}
    special = special_tokens(tokenizer)
    # All of it beside, then each file by a rename: a full disk leaves no half of one.
    with (
        quiet_transformers() as transformers,
        tempfile.TemporaryDirectory(dir=folder) as beside,
    ):
        fast = transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            model_max_length=tokenizer.truncation["max_length"],
            **{f"{key}_token": token for key, token in special.items()},
        )
        model.save_pretrained(beside)
        fast.save_pretrained(beside)
        # As the student uses it: with its length, and without padding.
        tokenizer.save(str(Path(beside) / "tokenizer.json"))
        (Path(beside) / NOTES).write_text(json.dumps(notes, indent=1))
        for file in sorted(os.listdir(beside)):
            os.replace(Path(beside) / file, folder / file)


def read_folder(folder):
    """Read what ``write_folder`` has written.

    Parameters
    ----------
    folder : str or path
        The folder.

    Returns
    -------
    encoder : TextEncoder
        In eval mode.
    tokenizer : tokenizers.Tokenizer
        As the student used it.
    notes : dict
        As they were.

    Raises
    ------
    ValueError
        If it is no such folder.
    """
    path = Path(folder) / NOTES
    if not path.is_file():
        raise ValueError(
            f"{str(folder)!r} holds no student: there is no {NOTES} in it. A folder of "
            "pretrained weights is for `init`, or for a TextClassifier."
        )
    notes = json.loads(path.read_text())
    with quiet_transformers() as transformers:
        auto = transformers.AutoModelForSequenceClassification
        model = auto.from_pretrained(str(folder), local_files_only=True)
    tokenizer = read_tokenizer(folder, as_it_is=True)
    return TextEncoder(model).eval(), tokenizer, notes


def as_json(array):
    """Labels in a form of JSON that keeps their type.

    Parameters
    ----------
    array : ndarray of shape (n,)
        Labels.

    Returns
    -------
    dict
        For ``from_json``.

    Raises
    ------
    TypeError
        If JSON has no such values.
    """
    values = array.tolist()
    if not all(isinstance(value, str | int | float | bool) for value in values):
        raise TypeError(
            f"Labels of type {type(values[0]).__name__} have no form in JSON: fit with "
            "strings or numbers, or pickle the student."
        )
    return {"values": values, "dtype": array.dtype.str}


def from_json(stored):
    """Labels from their form in JSON.

    Parameters
    ----------
    stored : dict
        From ``as_json``.

    Returns
    -------
    ndarray of shape (n,)
        Of the type that they had.
    """
    dtype = object if stored["dtype"] == "|O" else stored["dtype"]
    return np.array(stored["values"], dtype=dtype)
