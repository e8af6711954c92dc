"""ONNX models with 8 bits: a quarter of the bytes, and nearly the same answers."""

import numpy as np
import onnxruntime
import pytest

from skdistill.export.graphs.file import agreement
from skdistill.export.graphs.graph import Graph, activated, linear
from skdistill.export.graphs.int8 import quantized_int8

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(90, 300)) * np.geomspace(0.01, 10, 90)[:, None]
WEIGHT = RNG.normal(size=(400, 300)) * np.geomspace(0.1, 10, 400)[:, None]
IDS = RNG.integers(90, size=(20, 7))


def model_of(table, weight):
    """Embeddings times weights."""
    table, weight = table.astype(np.float32), weight.astype(np.float32)
    graph = Graph()
    x = graph.add("Gather", table, "x")
    x = linear(graph, x, weight, np.ones(len(weight), np.float32))
    activated(graph, x, "relu")
    graph.named("y")
    shape = ["n", "length", len(weight)]
    return graph.model({"x": (np.int64, shape[:2])}, {"y": (np.float32, shape)})


def answers(model, ids):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": ids})[0]


def test_a_quarter_of_the_bytes_and_nearly_the_same_answers():
    model = model_of(TABLE, WEIGHT)
    model.metadata_props.add(key="by", value="us")
    before = model.SerializeToString()
    small = quantized_int8(model)
    assert model.SerializeToString() == before
    assert len(small.SerializeToString()) < 0.27 * len(before)
    assert [(each.key, each.value) for each in small.metadata_props] == [("by", "us")]
    assert (small.graph.input, small.graph.output) == (
        model.graph.input,
        model.graph.output,
    )
    wanted = np.maximum(TABLE[IDS] @ WEIGHT.T + 1, 0)
    # Small embeddings and small columns are as exact, in their unit, as large ones.
    unit = np.linalg.norm(TABLE[IDS], axis=2)[..., None] * np.linalg.norm(
        WEIGHT, axis=1
    )
    assert 1e-4 < np.abs((answers(small, IDS) - wanted) / unit).max() < 0.01
    record = agreement(small, [{"x": IDS}], [wanted], labels=None)
    assert record["rows"] == 20


def test_a_row_is_answered_alike_alone_and_beside_others():
    small = quantized_int8(model_of(TABLE, WEIGHT))
    together = answers(small, IDS)
    alone = np.concatenate([answers(small, IDS[i : i + 1]) for i in range(len(IDS))])
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)


def test_sums_fit_where_the_processor_adds_in_16_bits():
    # All as large as can be: where sums are cut off they are far too small.
    small = quantized_int8(model_of(np.ones((90, 300)), np.ones((400, 300))))
    np.testing.assert_allclose(answers(small, IDS), 301, rtol=1e-5)


def test_empty_columns_and_embeddings_stay_empty():
    small = quantized_int8(model_of(0 * TABLE, 0 * WEIGHT))
    assert (answers(small, IDS) == 1).all()


@pytest.mark.parametrize("fewest", [27_001, 120_001])
def test_small_tables_keep_their_bits(fewest):
    model = model_of(TABLE, WEIGHT)
    kinds = [node.op_type for node in quantized_int8(model, fewest).graph.node]
    assert ("MatMulInteger" in kinds) == (fewest == 27_001)
    assert kinds[0] == "Gather"
    if fewest == 120_001:
        assert quantized_int8(model, fewest) == model
