"""Transformer encoders as arrays: the same names for every architecture."""

import numpy as np
import pytest
import torch
import transformers
from architectures import ENCODERS, encoder, logits

from skdistill.learners.encoder_arrays import encoder_arrays


@pytest.mark.parametrize("name", ENCODERS)
def test_all_architectures_have_the_same_parts(name):
    module = encoder(name)
    meta, arrays = encoder_arrays(module)
    assert meta["kind"] == "encoder"
    assert meta["n_layers"] == module.config.num_hidden_layers
    assert (meta["n_heads"], meta["hidden_size"]) == (2, 16)
    assert meta["n_outputs"] == module.config.num_labels
    assert arrays["word"].shape == (60, 8 if name == "factorised" else 16)
    assert ("projection_weight" in arrays) == (name == "factorised")
    assert ("token_type" in arrays) == meta["has_token_types"]
    for part, shape in {
        "query": (16, 16),
        "wide": (32, 16),
        "narrow": (16, 32),
    }.items():
        assert arrays[f"layer_0_{part}_weight"].shape == shape
        assert arrays[f"layer_0_{part}_bias"].shape == shape[:1]
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    count = sum(p.numel() for p in module.parameters())
    if name == "bert":
        assert sum(array.size for array in arrays.values()) == count


@pytest.mark.parametrize("name", ["bert", "roberta", "roberta, types", "mpnet"])
def test_the_longest_text_is_the_longest_that_the_module_takes(name):
    module = encoder(name)
    longest = encoder_arrays(module)[0]["max_length"]
    ids = np.full((1, longest), 7)
    assert np.isfinite(logits(module, {"input_ids": ids})).all()
    with pytest.raises((IndexError, RuntimeError)):
        logits(module, {"input_ids": np.full((1, longest + 1), 7)})


def test_arrays_are_copies():
    module = encoder("roberta")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    _, arrays = encoder_arrays(module)
    for array in arrays.values():
        array += 1
    after = module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_half_precision_becomes_single():
    half = encoder("bert").to(torch.bfloat16)
    _, arrays = encoder_arrays(half)
    same = encoder_arrays(half.float())[1]
    assert all(np.array_equal(arrays[name], same[name]) for name in same)


def test_what_has_no_form_in_arrays_is_named():
    class OwnForSequenceClassification(transformers.BertForSequenceClassification):
        pass

    config = encoder("bert").config
    for module, named in (
        (torch.nn.Linear(2, 2), "Linear"),
        (OwnForSequenceClassification(config), "OwnForSequenceClassification"),
        (transformers.BertForMaskedLM(config), "BertForMaskedLM"),
        (encoder("bert", is_decoder=True), "is_decoder"),
        (encoder("bert", hidden_act="relu6"), "'relu6'"),
    ):
        with pytest.raises(TypeError, match=f"{named}.*torch.onnx"):
            encoder_arrays(module)
