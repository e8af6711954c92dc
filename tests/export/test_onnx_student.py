"""A text student as ONNX: asked by onnxruntime and tokenizers alone."""

import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from film_texts import film_texts, small_student, small_transformer
from tokenizers import Tokenizer

from skdistill import TextStudentRegressor
from skdistill.export import to_numpy, to_onnx

TEXTS, Y = film_texts()
NEW = [*film_texts(12, seed=3)[0], "", "unheard words"]


def asked(path, rows):
    """As a service would: nothing of skdistill, torch or transformers."""
    stored = {p.key: p.value for p in onnx.load(path).metadata_props}
    tokenizer = Tokenizer.from_str(stored["tokenizer"])
    tokenizer.enable_padding()
    session = onnxruntime.InferenceSession(str(path))
    encoded = tokenizer.encode_batch(rows)
    feeds = {
        "input_ids": [each.ids for each in encoded],
        "attention_mask": [each.attention_mask for each in encoded],
        "token_type_ids": [each.type_ids for each in encoded],
    }
    names = [each.name for each in session.get_inputs()]
    feeds = {name: np.array(feeds[name], dtype=np.int64) for name in names}
    return session.run(None, feeds)[0], stored


def softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("params", [{}, {"embedding_size": 4}])
def test_onnxruntime_gives_the_students_probabilities(params, tmp_path):
    student = small_student(**params).fit(TEXTS, Y).adjust_class_prior([0.3, 0.7])
    path = tmp_path / "student.onnx"
    record = to_onnx(student, path, X=NEW)
    logits, stored = asked(path, NEW)
    np.testing.assert_allclose(softmax(logits), student.predict_proba(NEW), atol=1e-5)
    assert json.loads(stored["classes"]) == ["bad", "good"]
    assert record["rows"] > len(NEW) and record["labels_that_differ"] == 0
    assert record["largest_difference"] < 1e-4
    assert float(stored["largest_difference"]) == record["largest_difference"]
    # Any number of texts, of any length.
    for few in (NEW[:1], NEW[3:9]):
        part, _ = asked(path, few)
        np.testing.assert_allclose(softmax(part), student.predict_proba(few), atol=1e-5)


def test_pairs_values_and_several_labels(tmp_path):
    path = tmp_path / "student.onnx"
    pairs = pd.DataFrame({"a": TEXTS, "b": TEXTS[::-1]})
    student = small_student().fit(pairs, Y)
    to_onnx(student, path, X=pairs)
    rows = list(zip(TEXTS, TEXTS[::-1], strict=True))
    np.testing.assert_allclose(
        softmax(asked(path, rows)[0]), student.predict_proba(pairs), atol=1e-5
    )
    values = 100.0 + 30 * (Y == "good")
    regressor = TextStudentRegressor(hidden_size=16, n_layers=1, max_epochs=1)
    record = to_onnx(regressor.fit(TEXTS, values), path)
    assert "labels_that_differ" not in record
    np.testing.assert_allclose(
        asked(path, TEXTS)[0][:, 0], regressor.predict(TEXTS), rtol=1e-5
    )
    several = small_student().fit(TEXTS, np.column_stack([Y == "bad", Y == "good"]))
    assert to_onnx(several, path)["labels_that_differ"] == 0


def test_int8_takes_a_quarter_of_the_bytes_and_says_by_how_much_it_is_off(tmp_path):
    model = small_transformer(TEXTS, Y, max_epochs=12, lr=3e-3)
    to_onnx(model, tmp_path / "a.onnx")
    record = to_onnx(model, tmp_path / "b.onnx", quantize="int8", X=NEW)
    sizes = [(tmp_path / name).stat().st_size for name in ("a.onnx", "b.onnx")]
    assert sizes[1] < 0.4 * sizes[0]
    assert 0 < record["largest_difference"]
    found = softmax(asked(tmp_path / "b.onnx", NEW)[0])
    np.testing.assert_allclose(found, model.predict_proba(NEW), atol=0.1)


def test_what_cannot_be_written_is_one_clear_error(tmp_path):
    student = small_student(max_epochs=1).fit(TEXTS, Y)
    with pytest.raises(TypeError, match=r"export\.to_onnx"):
        to_numpy(student)
    with pytest.raises(ValueError, match='quantize="int4"|quantize='):
        to_onnx(student, tmp_path / "a.onnx", quantize="int4")
    with pytest.raises(ValueError, match=r"end in \.onnx"):
        to_onnx(student, tmp_path / "a.bin")
    with pytest.raises(FileNotFoundError, match="no folder"):
        to_onnx(student, tmp_path / "gone" / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_says_something_else_is_not_written(tmp_path, monkeypatch):
    student = small_student(max_epochs=1).fit(TEXTS, Y)
    exported = student._exported()
    exported.arrays["output_bias"] = exported.arrays["output_bias"] + 1
    monkeypatch.setattr(student, "_exported", lambda: exported, raising=False)
    with pytest.raises(ValueError, match=r"does not agree.*Nothing was written"):
        to_onnx(student, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
