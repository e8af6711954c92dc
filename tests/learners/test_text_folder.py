"""A folder with a student: what it holds, who reads it, and what is never half there."""

import json
import os

import numpy as np
import pytest
import torch
from film_texts import film_texts, small_student, small_transformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from skdistill import TextClassifier, TextStudentClassifier, TextStudentRegressor

TEXTS, Y = film_texts()
NEW = [*film_texts(12, seed=3)[0], "", "unheard words", "fine " * 40]


def asked_of_transformers(folder, texts):
    """The library's own model and tokenizer, without us."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return model(**encoded).logits.double().numpy()


def softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def saved(student, folder):
    student.save_pretrained(folder)
    return type(student).from_pretrained(folder)


@pytest.mark.filterwarnings("ignore:.*over twice as many tokens")
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"embedding_size": 4},
        {"alpha": 1.0, "loss": "dist", "teacher": "same"},
        {"class_weight": "balanced"},
    ],
    ids=["bert", "electra", "a fitted scale", "weights"],
)
def test_transformers_gives_the_students_own_logits(params, tmp_path):
    if params.get("teacher"):
        params = {**params, "teacher": small_transformer(TEXTS, Y, max_epochs=12)}
        params["init"] = None
    student = small_student(**params).fit(TEXTS, Y)
    again = saved(student, tmp_path)
    logits = asked_of_transformers(tmp_path, NEW)
    odds = logits[:, 1] - logits[:, 0]
    np.testing.assert_allclose(odds, student.decision_function(NEW), atol=1e-5)
    np.testing.assert_allclose(softmax(logits), student.predict_proba(NEW), atol=1e-6)
    np.testing.assert_allclose(
        again.predict_proba(NEW), student.predict_proba(NEW), atol=1e-6
    )
    assert again.classes_.tolist() == ["bad", "good"]
    assert again.teacher is None and again.get_params()["n_layers"] == 1


def test_other_shares_of_the_classes_go_into_the_last_layer(tmp_path):
    student = small_student().fit(TEXTS, Y).adjust_class_prior([0.9, 0.1])
    again = saved(student, tmp_path)
    p = softmax(asked_of_transformers(tmp_path, TEXTS))
    np.testing.assert_allclose(p, student.predict_proba(TEXTS), atol=1e-6)
    np.testing.assert_allclose(again.predict_proba(TEXTS), p, atol=1e-6)
    np.testing.assert_allclose(again.class_prior_, [0.9, 0.1])


@pytest.mark.parametrize(
    "n_targets, quantiles", [(0, None), (2, None), (0, [0.1, 0.9])]
)
def test_values_come_back_in_their_unit(n_targets, quantiles, tmp_path):
    values = 100.0 + 30 * (Y == "good")
    values = np.column_stack([values, -values]) if n_targets else values
    student = TextStudentRegressor(
        hidden_size=16, n_layers=1, max_epochs=2, quantiles=quantiles, random_state=0
    ).fit(TEXTS, values)
    again = saved(student, tmp_path)
    expected = student.predict(TEXTS)
    np.testing.assert_allclose(again.predict(TEXTS), expected, rtol=1e-5)
    found = np.sort(asked_of_transformers(tmp_path, TEXTS), axis=1)
    wanted = np.sort(expected.reshape(len(TEXTS), -1), axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    "labels",
    [
        Y,
        Y == "good",
        (Y == "good").astype(int),
        (Y == "good") * 2.0,
        Y.astype(object),
        np.column_stack([Y == "good", Y == "bad"]).astype(int),
    ],
    ids=["strings", "booleans", "integers", "floats", "objects", "several"],
)
def test_labels_keep_their_type(labels, tmp_path):
    student = small_student(max_epochs=1).fit(TEXTS, labels)
    again = saved(student, tmp_path)
    assert again.predict(TEXTS).dtype == student.predict(TEXTS).dtype
    np.testing.assert_array_equal(again.predict(TEXTS), student.predict(TEXTS))


@pytest.mark.slow
def test_pairs_and_a_cut_vocabulary(tmp_path):
    import pandas as pd

    pairs = pd.DataFrame({"a": TEXTS, "b": TEXTS[::-1]})
    teacher = small_transformer(pairs, Y, max_epochs=12, lr=3e-3)
    student = TextStudentClassifier(
        teacher, n_layers=1, vocab_size="used", max_epochs=1, random_state=0
    ).fit(pairs[:40], Y[:40])
    again = saved(student, tmp_path)
    np.testing.assert_allclose(
        again.predict_proba(pairs), student.predict_proba(pairs), atol=1e-6
    )


def test_the_folder_holds_no_pickle_and_can_be_a_start(tmp_path):
    model = small_transformer(TEXTS, Y)
    model.save_pretrained(tmp_path)
    names = sorted(os.listdir(tmp_path))
    assert "model.safetensors" in names and "tokenizer.json" in names
    assert all(name.endswith((".json", ".safetensors")) for name in names)
    notes = json.loads((tmp_path / "skdistill.json").read_text())
    assert notes["student"] == "TextClassifier" and "pretrained" not in notes["params"]
    again = TextClassifier(tmp_path, max_epochs=1, lr=1e-9).fit(TEXTS, Y)
    np.testing.assert_allclose(
        again.predict_proba(TEXTS), model.predict_proba(TEXTS), atol=1e-4
    )


def test_a_loaded_student_can_be_saved_adjusted_and_fitted_again(tmp_path):
    first = saved(small_student().fit(TEXTS, Y), tmp_path / "a")
    second = saved(first, tmp_path / "b")
    np.testing.assert_array_equal(
        second.predict_proba(TEXTS), first.predict_proba(TEXTS)
    )
    second.adjust_class_prior([0.2, 0.8])
    second.fit(TEXTS, Y)
    assert second.n_iter_ == 2


def test_what_cannot_be_read_is_one_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"no student.*skdistill\.json"):
        TextClassifier.from_pretrained(tmp_path)
    small_student(max_epochs=1).fit(TEXTS, Y).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"TextStudentClassifier\.from_pretrained"):
        TextClassifier.from_pretrained(tmp_path)


def test_a_failed_write_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    student = small_student(max_epochs=1).fit(TEXTS, Y)
    student.save_pretrained(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    other = small_student(random_state=5, max_epochs=1).fit(TEXTS, Y)

    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("transformers.PreTrainedTokenizerFast.save_pretrained", full)
    with pytest.raises(OSError, match="No space"):
        other.save_pretrained(tmp_path)
    after = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    assert after == before


def test_labels_without_a_form_in_json_are_refused(tmp_path):
    from skdistill.learners.text_folder import as_json

    with pytest.raises(TypeError, match=r"tuple.*JSON"):
        as_json(np.array([(1, 2), None], dtype=object)[:1])
