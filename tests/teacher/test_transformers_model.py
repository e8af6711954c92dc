"""Text classifiers of transformers as teachers."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor, soft_targets
from skdistill.teacher.dialects import as_model
from skdistill.teacher.fingerprint import fingerprint

transformers = pytest.importorskip("transformers")
encoders = pytest.importorskip("small_encoders")
small_encoder, small_pipeline = encoders.small_encoder, encoders.small_pipeline
NAMES = {0: "bad", 1: "good", 2: "odd"}


@pytest.fixture
def texts():
    return encoders.small_texts(np.random.default_rng(0))


def plain_logits(pipe, *segments):
    """One row after the other, as the model's own documentation asks it."""
    options = {"truncation": True, "max_length": encoders.LONGEST}
    options["return_tensors"] = "pt"
    with torch.no_grad():
        rows = [
            pipe.model.eval()(**pipe.tokenizer(*row, **options))
            for row in zip(*([[t] for t in s] for s in segments), strict=True)
        ]
    return np.concatenate([row.logits.double().numpy() for row in rows])


def small_student(teacher, kind=NeuralStudentClassifier, **params):
    view = make_pipeline(HashingVectorizer(n_features=64), TruncatedSVD(4))
    params = {"max_epochs": 2, "random_state": 0, **params}
    return kind(teacher, preprocessor=view, **params)


@pytest.mark.parametrize("longest", [3, 9, 40])  # 40 words are cut
@pytest.mark.parametrize("budget", [1, 30, 4096])
def test_a_pipeline_answers_as_its_model_row_by_row(longest, budget, monkeypatch):
    monkeypatch.setattr("skdistill.teacher.transformers_model._TOKENS_AT_ONCE", budget)
    monkeypatch.setattr("skdistill.teacher.transformers_model._TEXTS_AT_ONCE", 25)
    texts = encoders.small_texts(np.random.default_rng(1), longest=longest)
    pipe = small_pipeline(num_labels=3, id2label=NAMES)
    expected = softmax(plain_logits(pipe, texts) / 2, axis=1)
    soft = soft_targets(pipe, texts, temperature=2.0)
    np.testing.assert_allclose(soft, expected, atol=1e-6)
    assert np.ptp(expected, axis=0).min() > 0.05  # rows in another order would show


def test_pairs_of_segments(texts):
    pipe = small_pipeline()
    frame = pd.DataFrame({"a": texts, "b": texts[::-1]})
    expected = softmax(plain_logits(pipe, texts, texts[::-1]), axis=1)
    for X in (frame, frame.to_numpy(), pl.DataFrame(frame)):
        np.testing.assert_allclose(soft_targets(pipe, X), expected, atol=1e-6)


def test_any_container_of_texts(texts):
    pipe = small_pipeline()
    expected = soft_targets(pipe, texts)
    column = np.array(texts, dtype=object)
    column[::7], texts[::7] = None, [""] * len(texts[::7])
    expected = soft_targets(pipe, texts)
    for X in (column, pd.Series(column), pd.DataFrame({"t": column}), pl.Series(texts)):
        np.testing.assert_allclose(soft_targets(pipe, X), expected, atol=1e-6)


def test_only_numbers_are_refused():
    pipe = small_pipeline()
    wanted = "teacher=TextClassificationPipeline reads.*holds float.*strings"
    with pytest.raises(TypeError, match=wanted):
        soft_targets(pipe, np.zeros((5, 2)))


def test_a_pipeline_comes_back_as_it_was(texts):
    pipe = small_pipeline()
    pipe.model.train()
    pipe.model.bert.encoder.layer[1].eval()
    backend = pipe.tokenizer.backend_tokenizer
    backend.enable_truncation(5)
    modes = [part.training for part in pipe.model.modules()]
    before, rng = backend.to_str(), torch.random.get_rng_state()
    first = soft_targets(pipe, texts)
    np.testing.assert_array_equal(soft_targets(pipe, texts), first)
    assert [part.training for part in pipe.model.modules()] == modes
    assert backend.to_str() == before
    assert torch.equal(torch.random.get_rng_state(), rng)
    assert all(p.requires_grad and p.grad is None for p in pipe.model.parameters())


def test_what_the_pipeline_hands_to_its_tokenizer_counts(texts):
    pipe = small_pipeline()
    short = transformers.pipeline(
        "text-classification", model=pipe.model, tokenizer=pipe.tokenizer, max_length=4
    )
    cut = [" ".join(text.split()[:2]) for text in texts]
    np.testing.assert_allclose(
        soft_targets(short, texts), soft_targets(pipe, cut), atol=1e-6
    )


def save(pipe, folder):
    """Part by part: the method of the whole pipeline fails in transformers 5.0."""
    for part in (pipe.model, pipe.tokenizer):
        part.save_pretrained(folder)


def test_a_model_alone_finds_the_tokenizer_of_its_folder(texts, tmp_path):
    pipe = small_pipeline(num_labels=3, id2label=NAMES)
    save(pipe, tmp_path)
    model = type(pipe.model).from_pretrained(tmp_path)
    expected = soft_targets(pipe, texts)
    np.testing.assert_allclose(soft_targets(model, texts), expected, atol=1e-6)


def test_a_model_without_a_tokenizer_says_what_to_give(texts, tmp_path):
    remedy = r'transformers.pipeline\("text-classification", model=model, tokenizer='
    model = small_encoder()
    with pytest.raises(ValueError, match=remedy):
        soft_targets(model, texts)
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=remedy):
        small_student(type(model).from_pretrained(tmp_path)).fit(texts)
    pipe = transformers.pipeline(
        "text-classification", model=model, tokenizer=encoders.small_tokenizer()
    )
    assert soft_targets(pipe, texts).shape == (len(texts), 2)


def test_models_that_do_not_classify_texts_are_refused(texts):
    encoder = small_encoder().bert
    with pytest.raises(TypeError, match="BertModel does not classify texts"):
        soft_targets(encoder, texts)


def test_labels_name_the_columns_unless_they_are_numbered(texts):
    pipe = small_pipeline(num_labels=3, id2label=NAMES)
    P = soft_targets(pipe, texts)
    moved = soft_targets(pipe, texts, classes=["odd", "bad", "good"])
    np.testing.assert_allclose(moved, P[:, [2, 0, 1]])
    student = small_student(pipe).fit(texts)
    assert student.classes_.tolist() == ["bad", "good", "odd"]
    y = np.array(["no", "yes"])[np.arange(len(texts)) % 2]
    with pytest.warns(UserWarning, match="does not agree with y"):
        unnamed = small_student(small_pipeline()).fit(texts, y)
    assert unnamed.classes_.tolist() == ["no", "yes"]
    with pytest.raises(ValueError, match="share no class"):
        small_student(pipe).fit(texts, np.arange(len(texts)) % 3)


@pytest.mark.parametrize("n", [1, 3])
def test_a_regression(texts, n):
    pipe = small_pipeline(num_labels=n, problem_type="regression" if n > 1 else None)
    values = plain_logits(pipe, texts)
    np.testing.assert_allclose(soft_targets(pipe, texts), values, 1e-3, atol=1e-4)
    student = small_student(pipe, NeuralStudentRegressor).fit(texts)
    assert student.predict(texts).size == values.size
    with pytest.raises(ValueError, match="teacher=TextClass.* is a regressor"):
        small_student(pipe).fit(texts, np.arange(len(texts)) % 2)


def test_several_labels(texts):
    pipe = small_pipeline(num_labels=3, problem_type="multi_label_classification")
    shares = expit(plain_logits(pipe, texts))
    pairs = [[0, 1]] * 3
    each = soft_targets(pipe, texts, classes=pairs)
    np.testing.assert_allclose(np.column_stack([p[:, 1] for p in each]), shares, 1e-4)
    student = small_student(pipe).fit(texts, (shares > 0.5).astype(int))
    assert student.predict(texts).shape == (len(texts), 3)
    with pytest.raises(ValueError, match="predicts several labels at once"):
        soft_targets(pipe, texts)
    with pytest.raises(ValueError, match="predicts one target, and y has several"):
        soft_targets(small_pipeline(num_labels=3), texts, classes=pairs)


def test_positions_that_begin_behind_the_padding(texts):
    """A model of RoBERTa's kind has fewer positions than its configuration says."""
    config = transformers.RobertaConfig(
        **{"vocab_size": 21, "hidden_size": 16, "num_hidden_layers": 1},
        **{"num_attention_heads": 2, "intermediate_size": 32, "pad_token_id": 1},
        max_position_embeddings=encoders.LONGEST,
    )
    model = transformers.RobertaForSequenceClassification(config)
    tokenizer = encoders.small_tokenizer(model_max_length=10**30)
    pipe = transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer
    )
    long = [" ".join(["film"] * 50), "a"]
    assert soft_targets(pipe, long).shape == (2, 2)


def test_a_decoder_without_padding_and_texts_without_tokens():
    config = transformers.GPT2Config(
        vocab_size=30, n_positions=16, n_embd=16, n_layer=1, n_head=2
    )
    model = transformers.GPT2ForSequenceClassification(config)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=word_tokenizer(), unk_token="[UNK]"
    )
    pipe = transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer
    )
    texts = ["good film", "", "film " * 40, "good film"]
    P = soft_targets(pipe, texts)
    np.testing.assert_allclose(P[0], P[3], atol=1e-6)
    assert np.isfinite(P).all()


def word_tokenizer():
    tokenizers = pytest.importorskip("tokenizers")
    vocab = {"[UNK]": 0, "good": 1, "film": 2}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocab, unk_token="[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return words


def test_a_tokenizer_of_another_model_is_named(texts):
    pipe = small_pipeline()
    pipe.model.resize_token_embeddings(6)
    with pytest.raises(
        ValueError, match="could not answer the tokens of.*BertTokenizer"
    ):
        soft_targets(pipe, texts)


def test_a_student_shares_its_teacher_with_a_clone_and_keeps_it_in_a_pickle(texts):
    pipe = small_pipeline(num_labels=3, id2label=NAMES)
    student = small_student(pipe).fit(texts)
    assert clone(student).teacher is pipe and copy.copy(student).teacher is pipe
    expected = soft_targets(pipe, texts)
    for twin in (pickle.loads(pickle.dumps(student)), copy.deepcopy(student)):
        np.testing.assert_array_equal(
            twin.predict_proba(texts), student.predict_proba(texts)
        )
        np.testing.assert_allclose(soft_targets(twin.teacher_, texts), expected)


def test_answers_are_kept_under_the_content_of_model_and_tokenizer(
    texts, tmp_path, monkeypatch
):
    pipe = small_pipeline(num_labels=3, id2label=NAMES)
    expected = soft_targets(pipe, texts, memory=tmp_path, n_jobs=2)
    again = small_pipeline(num_labels=3, id2label=NAMES)
    monkeypatch.setattr(type(pipe.model), "forward", None)
    kept = soft_targets(again, texts, memory=tmp_path)
    np.testing.assert_array_equal(kept, expected)


@pytest.mark.slow
def test_a_fingerprint_is_of_what_the_answers_depend_on(texts, tmp_path):
    def key(teacher):
        return fingerprint(as_model(teacher).content())

    pipe = small_pipeline()
    first = key(pipe)
    soft_targets(pipe, texts)
    save(pipe, tmp_path)
    assert key(pipe) == first == key(small_pipeline())
    load = f"transformers.pipeline('text-classification', model={str(tmp_path)!r})"
    script = (
        "import transformers\n"
        "from skdistill.teacher.dialects import as_model\n"
        "from skdistill.teacher.fingerprint import fingerprint\n"
        f"print(fingerprint(as_model({load}).content()))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert elsewhere.stdout.split()[-1] == first
    others = small_pipeline(seed=1), small_pipeline(hidden_act="relu"), small_pipeline()
    others[2].tokenizer.add_tokens(["new"])
    assert len({first, *map(key, others)}) == 4


def test_nobody_imports_transformers_to_ask_another_teacher():
    script = (
        "import sys, numpy as np, skdistill\n"
        "skdistill.soft_targets(lambda rows: np.full((len(rows), 2), 0.5), ['a', 'b'])\n"
        "assert 'transformers' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
