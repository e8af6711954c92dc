"""Encoders as ONNX graphs: in onnxruntime they answer as the module does."""

import numpy as np
import onnxruntime
import pytest
from architectures import ENCODERS, encoder, logits

from skdistill.export.graphs.encoder import (
    encoder_graph,
    hostile_batches,
    input_names,
)
from skdistill.export.graphs.file import agreement
from skdistill.export.graphs.int8 import quantized_int8
from skdistill.learners.encoder_arrays import encoder_arrays


def padded(meta, lengths, seed=0):
    """Rows of random tokens of these lengths."""
    rng = np.random.default_rng(seed)
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    ids = np.where(mask, rng.integers(6, 60, mask.shape), meta["pad_id"])
    types = rng.integers(2, size=mask.shape)
    return dict(zip(input_names(meta), (ids, mask, types), strict=False))


@pytest.mark.parametrize("name", ENCODERS)
def test_it_answers_as_the_module(name):
    module = encoder(name)
    meta, arrays = encoder_arrays(module)
    model = encoder_graph(meta, arrays)
    batches = [
        padded(meta, [1]),
        padded(meta, [100]),
        padded(meta, [1] * 16),
        padded(meta, np.linspace(1, 100, 16).astype(int)),
        *hostile_batches(meta, arrays),
    ]
    wanted = [logits(module, batch) for batch in batches]
    assert np.ptp(np.concatenate(wanted), axis=0).min() > 0.1  # else nothing is shown
    record = agreement(model, batches, wanted)
    assert record["rows"] == sum(map(len, wanted))
    assert record["largest_difference"] < 1e-5
    assert record["labels_that_differ"] == 0


def test_a_factorised_encoder_without_layers():
    module = encoder("factorised", num_hidden_layers=0)
    meta, arrays = encoder_arrays(module)
    batches = [padded(meta, [1, 5])]
    wanted = [logits(module, batches[0])]
    record = agreement(encoder_graph(meta, arrays), batches, wanted)
    assert record["largest_difference"] < 1e-5


@pytest.mark.parametrize("name", ["bert", "distilbert"])
def test_layers_that_were_taken_out_are_not_in_it(name):
    module = encoder(name)
    part = (
        module.base_model.encoder if name == "bert" else module.distilbert.transformer
    )
    part.layer = part.layer[1:]  # the config is as it was
    meta, arrays = encoder_arrays(module)
    batches = hostile_batches(meta, arrays)
    wanted = [logits(module, batch) for batch in batches]
    record = agreement(encoder_graph(meta, arrays), batches, wanted)
    assert record["largest_difference"] < 1e-5


def test_dropout_is_not_in_it():
    module = encoder("bert", hidden_dropout_prob=0.5).train()
    meta, arrays = encoder_arrays(module)
    batches = hostile_batches(meta, arrays)
    wanted = [logits(module.eval(), batch) for batch in batches]
    record = agreement(encoder_graph(meta, arrays), batches, wanted)
    assert record["largest_difference"] < 1e-5


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_a_longer_text_is_an_error_and_no_wrong_answer(name):
    meta, arrays = encoder_arrays(encoder(name))
    model = encoder_graph(meta, arrays)
    longest = padded(meta, [meta["max_length"]])
    longer = padded(meta, [meta["max_length"] + 1])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    session.run(None, longest)
    with pytest.raises(Exception, match="Non-zero status code"):
        session.run(None, longer)


@pytest.mark.parametrize(
    "name", ["bert", "factorised", "roberta", "distilbert", "mpnet"]
)
def test_with_eight_bits_it_says_nearly_the_same(name):
    module = encoder(name)
    meta, arrays = encoder_arrays(module)
    model = quantized_int8(encoder_graph(meta, arrays), fewest=100)
    batches = [padded(meta, range(1, 41), seed) for seed in range(3)]
    wanted = [logits(module, batch) for batch in batches]
    spread = np.concatenate(wanted).std()
    record = agreement(model, batches, wanted)
    assert 0 < record["largest_difference"] < 0.5 * spread
    assert record["labels_that_differ"] < 12  # of 120
