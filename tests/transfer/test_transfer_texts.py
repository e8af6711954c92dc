"""Texts made from texts."""

import pickle
import re
import sys
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdistill import NeuralStudentClassifier, StudentClassifier, TextReplacement
from skdistill.texts.reading import read_texts
from skdistill.transfer import texts as texts_module
from skdistill.transfer import words as words_module

KINDS = {
    "adjective": "good bad dull bright slow quick odd plain".split(),
    "noun": "film story plot scene actor song".split(),
    "verb": "moves bores charms annoys".split(),
    "adverb": "deeply mildly rarely often".split(),
}
KIND_OF = {word: kind for kind, words in KINDS.items() for word in words}


def written(n, seed=0):
    """Texts of one grammar: which words are alike is known."""
    random = np.random.default_rng(seed)
    some = [[random.choice(words) for _ in range(n)] for words in KINDS.values()]
    rows = zip(*some, strict=True)
    return [f"The {a} {b}, I'd say,  {c} us {d}!" for a, b, c, d in rows]


TEXTS = written(300)


def words_of(text):
    return re.findall(r"[\w']+", text)


def test_words_are_replaced_by_words_used_alike():
    sampler = TextReplacement(n_neighbors=3).fit(TEXTS)
    for word, neighbors in sampler.neighbors_.items():
        assert word not in neighbors and len(neighbors) <= 3
        if word in KIND_OF:
            assert {KIND_OF.get(other) for other in neighbors} == {KIND_OF[word]}
    assert set(KIND_OF) <= set(sampler.neighbors_)


def test_order_and_signs_stay_and_a_share_of_words_is_replaced():
    sampler = TextReplacement(3000, p_replace=0.3, p_ngram=0).fit(TEXTS)
    drawn, parents = sampler.sample(random_state=0)
    assert parents.shape == (3000, 1) and len(drawn) == 3000
    replaced = np.zeros(8)
    for text, (parent,) in zip(drawn, parents, strict=True):
        old, new = TEXTS[parent], text
        assert re.sub(r"[\w']+", "w", new) == re.sub(r"[\w']+", "w", old)
        assert new != old and new.split()[0][0].isupper()
        replaced += [a != b for a, b in zip(words_of(old), words_of(new), strict=True)]
    share = replaced / 3000  # some more, as each text differs from its parent
    assert share[[0, 6]].tolist() == [0, 0]  # no other word is used like "The" and "us"
    others = share[[1, 2, 3, 4, 5, 7]]
    assert (others > 0.27).all() and (others < 0.4).all()


def test_words_are_masked_or_left_out():
    masked = TextReplacement(2000, p_replace=0, p_mask=0.25, p_ngram=0).fit(TEXTS)
    drawn, _ = masked.sample(random_state=0)
    count = sum(text.count("[MASK]") for text in drawn)
    assert 0.24 < count / (8 * 2000) < 0.3 and all("[MASK]" in text for text in drawn)
    out, _ = masked.set_params(mask_token="").sample(random_state=0)
    assert out == [text.replace("[MASK]", "") for text in drawn]
    every = TextReplacement(5, p_replace=0, p_mask=1.0, p_ngram=0).fit(["It's  a ...b"])
    assert every.sample()[0] == ["[MASK]  [MASK] ...[MASK]"] * 5


def test_texts_are_cut_to_a_few_words_of_theirs():
    sampler = TextReplacement(2000, p_replace=0, p_ngram=1.0).fit([*TEXTS, "Yes, no."])
    drawn, parents = sampler.sample(random_state=0)
    lengths = set()
    for text, (parent,) in zip(drawn, parents, strict=True):
        old = TEXTS[parent] if parent < 300 else "Yes, no."
        assert text in old and (text == old or re.fullmatch(r"\w.*\w", text))
        lengths.add(len(words_of(text)))
        assert len(words_of(text)) < len(words_of(old)) or old == "Yes, no."
    assert lengths == {1, 2, 3, 4, 5}


def test_capitals_are_those_of_the_word_replaced():
    texts = ["He saw Ann.", "He saw Bob.", "She met Ann.", "SHE MET BOB."] * 3
    drawn, parents = TextReplacement(200, p_ngram=0).fit(texts).sample(random_state=0)
    for text, (parent,) in zip(drawn, parents, strict=True):
        assert text[0].isupper() and text.isupper() == texts[parent].isupper()
        if not text.isupper():
            assert re.fullmatch(r"(He|She) (saw|met) (Ann|Bob)\.", text), text


def test_words_of_many_scripts_and_with_apostrophes_are_whole():
    texts = [
        "हिन्दी फिल्म",
        "don't stop",
        "l\u2019été fini",
        "naïve cafe\u0301",
        "фильм был",
    ]
    drawn, parents = (
        TextReplacement(60, p_replace=0, p_mask=0.5, p_ngram=0)
        .fit(texts)
        .sample(random_state=0)
    )
    for text, (parent,) in zip(drawn, parents, strict=True):
        pairs = zip(text.split(), texts[parent].split(), strict=True)
        assert all(new in ("[MASK]", old) for new, old in pairs)


def test_rare_words_stay_and_lend_nothing():
    texts = [*TEXTS, "The zebra film!"]
    sampler = TextReplacement(2.0, p_replace=1.0, p_ngram=0).fit(texts)
    drawn, parents = sampler.sample(random_state=0)
    for text, (parent,) in zip(drawn, parents, strict=True):
        assert ("zebra" in text) == (parent == 300)
    once = TextReplacement(min_count=1).fit(texts)
    assert "zebra" in once.neighbors_ and "zebra" not in sampler.neighbors_


def pairs_of(texts):
    return np.array([texts, [*texts[1:], None]], dtype=object).T


@pytest.mark.parametrize(
    "put",
    [
        list,
        np.array,
        lambda texts: np.array(texts, dtype=object)[:, None],
        lambda texts: pd.Series(texts, name="said", index=np.arange(len(texts)) / 2),
        lambda texts: pl.Series("said", texts),
        lambda texts: pd.DataFrame({"said": texts}),
        lambda texts: pl.DataFrame({"said": texts}),
        lambda texts: pa.table({"said": texts}),
        pairs_of,
        lambda texts: pd.DataFrame(pairs_of(texts), columns=["one", "two"]),
    ],
)
def test_rows_come_back_in_their_container(put):
    X = put(TEXTS[:40])
    drawn, parents = TextReplacement(2.0, p_ngram=0).fit(X).sample(random_state=0)
    assert type(drawn) is type(X) and len(drawn) == len(parents) == 80
    assert getattr(drawn, "shape", [80])[1:] == getattr(X, "shape", [40])[1:]
    if hasattr(X, "columns") and not hasattr(X, "schema"):
        assert list(drawn.columns) == list(X.columns)
    elif hasattr(X, "name"):
        assert drawn.name == X.name
    same, _ = TextReplacement(2.0, p_ngram=0).fit(TEXTS[:40]).sample(random_state=0)
    segments = read_texts(drawn).segments
    assert len(segments) == len(read_texts(X).segments)
    assert len(segments) == 2 or segments[0] == same


def test_both_texts_of_a_pair_are_drawn_by_themselves():
    X = pd.DataFrame(pairs_of(TEXTS), columns=["one", "two"])
    drawn, parents = TextReplacement(2.0, p_ngram=0.5).fit(X).sample(random_state=0)
    one, two = (drawn[c].map(lambda t: len(words_of(t)) < 8) for c in drawn)
    assert 0.4 < one.mean() < 0.6 and 0.4 < two.mean() < 0.6
    assert 0.15 < (one & two).mean() < 0.35
    gap = drawn.two[parents[:, 0] == 299]
    assert (gap == "").all() and len(gap) == 2


def test_the_same_seed_draws_the_same_texts():
    sampler = TextReplacement(2.0, p_mask=0.1).fit(TEXTS)
    first, parents = sampler.sample(random_state=3)
    again, _ = clone(sampler).fit(TEXTS).sample(random_state=3)
    assert first == again != sampler.sample(random_state=4)[0]
    assert pickle.loads(pickle.dumps(sampler)).sample(random_state=3)[0] == first
    assert np.bincount(parents[:, 0]).tolist() == [2] * 300
    assert len(sampler.sample(7)[0]) == 7 and sampler.sample(0)[0] == []


@pytest.mark.parametrize(
    "X",
    [["one"], [""], [None, None], ["?!", " "], ["a a a a"] * 5, ["a b"] * 9, ["a", ""]],
)
def test_hardly_anything_to_learn_from(X):
    sampler = TextReplacement(3.0, p_ngram=0).fit(X)
    drawn, parents = sampler.sample(random_state=0)
    if not sampler.neighbors_:
        assert drawn == [X[parent] or "" for parent in parents[:, 0]]
    masked = sampler.set_params(p_mask=0.1).sample(random_state=0)[0]
    for text, (parent,) in zip(masked, parents, strict=True):
        old = X[parent] or ""
        assert (text != old) == bool(words_of(old))


def test_long_texts_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr(texts_module, "_CHUNK", 50)
    long = " ".join(TEXTS * 40)  # 96,000 words
    X = [*TEXTS[:30], long, "", "Yes"]
    drawn, parents = TextReplacement(2.0, p_ngram=0).fit(X).sample(random_state=0)
    for text, (parent,) in zip(drawn, parents, strict=True):
        assert len(words_of(text)) == len(words_of(X[parent]))
        assert text != X[parent] or X[parent] in ("", "Yes")


def test_the_most_frequent_words_alone_have_neighbors(monkeypatch):
    monkeypatch.setattr(words_module, "_MOST_WORDS", 10)
    monkeypatch.setattr(words_module, "_MOST_CONTEXTS", 12)
    neighbors = TextReplacement().fit(TEXTS).neighbors_
    counts = Counter(word for text in TEXTS for word in words_of(text))
    tenth = sorted(counts.values())[-10]
    assert neighbors and all(counts[word] >= tenth for word in neighbors)


@pytest.mark.parametrize(
    "params, X, error, message",
    [
        ({"p_replace": 0.7, "p_mask": 0.4}, TEXTS, ValueError, "lower one of them"),
        ({"p_ngram": 2}, TEXTS, ValueError, "'p_ngram' parameter of TextReplacement"),
        ({"n_candidates": 2}, TEXTS, ValueError, "set refresh"),
        ({}, [1, 2], TypeError, "X holds int where a text should be"),
        ({}, [["a", "b"]], TypeError, "X holds list where a text should be"),
        ({}, [], ValueError, "X has 0 texts"),
        ({"mask_model": "no/such"}, TEXTS, ValueError, "is no folder.*nothing is down"),
        ({"mask_model": (1, 2)}, TEXTS, ValueError, r"a pair \(model, tokenizer\)"),
        ({"mask_model": 3}, TEXTS, ValueError, "'mask_model' parameter"),
    ],
)
def test_one_clear_error(params, X, error, message):
    with pytest.raises(error, match=message):
        TextReplacement(**params).fit(X)


def first_column(frame):
    return frame.iloc[:, 0]


def either_but_not_both(frame):
    """A teacher: a good thing that bores, or a bad one that does not."""
    good = frame["text"].str.contains("good|bright|quick|plain")
    share = np.where(good ^ frame["text"].str.contains("charms|moves"), 0.9, 0.1)
    return np.column_stack([1 - share, share])


VIEW = make_pipeline(FunctionTransformer(first_column), CountVectorizer())


def test_drawn_texts_bring_a_student_nearer():
    new = pd.DataFrame({"text": written(500, 1)})
    target, errors = either_but_not_both(new), []
    for seed in range(3):
        X = pd.DataFrame({"text": written(80, 10 + seed)})
        y = either_but_not_both(X)[:, 1] > 0.5
        for transfer in (None, "words"):
            student = StudentClassifier(
                either_but_not_both,
                student=ExtraTreesClassifier(30, random_state=0),
                transfer=transfer,
                preprocessor=VIEW,
                random_state=seed,
            )
            answer = student.fit(X, y).predict_proba(new)
            errors.append(np.abs(answer - target).mean())
    assert sum(errors[1::2]) < 0.8 * sum(errors[::2])


def test_fresh_texts_are_drawn_while_a_net_is_trained():
    X = pd.DataFrame({"text": TEXTS[:50]})
    student = NeuralStudentClassifier(
        either_but_not_both,
        transfer=TextReplacement(2.0, refresh=1, n_candidates=2),
        preprocessor=VIEW,
        max_epochs=3,
        random_state=0,
    )
    y = either_but_not_both(X)[:, 1] > 0.5
    first = student.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(student).fit(X, y).predict_proba(X), first)


VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"the a good bad film".split(),
]
VOCABULARY += [*"story is ##ing ! . ##s very".split()]
SHOWN = ["The film is very good.", "a bad story!", "", None]
EXPECTED = {"the", "a", "good", "bad", "film", "story", "is", "very"}


@pytest.fixture(scope="module")
def mask_model():
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        vocab_size=len(VOCABULARY),
    )
    vocabulary = {token: i for i, token in enumerate(VOCABULARY)}
    tokenizer = transformers.BertTokenizerFast(vocab=vocabulary)
    return transformers.BertForMaskedLM(config).train(), tokenizer


def test_a_mask_model_says_what_may_stand_there(mask_model):
    long = " ".join(["film story"] * 300)
    texts = [*SHOWN, long, "[MASK] is a mask"]
    sampler = TextReplacement(100, p_replace=0.5, p_ngram=0, mask_model=mask_model)
    drawn, parents = sampler.fit(texts).sample(random_state=0)
    assert mask_model[0].training and sampler.neighbors_ is None
    for text, (parent,) in zip(drawn, parents, strict=True):
        old, new = words_of(texts[parent] or ""), words_of(text)
        changed = [b for a, b in zip(old, new, strict=True) if a != b]
        assert {word.lower() for word in changed} <= EXPECTED
        if texts[parent] == long:
            assert 0.4 < len(changed) / 600 < 0.6
        elif old and old[0] != "MASK":  # where which mask is meant is not clear
            assert changed and text[0].isupper() == texts[parent][0].isupper()
    assert clone(sampler).fit(texts).sample(random_state=0)[0] == drawn
    assert clone(sampler).mask_model[0] is mask_model[0]


def test_words_are_masked_beside_a_mask_model(mask_model):
    sampler = TextReplacement(200, p_replace=0.5, p_mask=0.4, p_ngram=0)
    sampler.set_params(mask_model=mask_model)
    drawn, _ = sampler.fit(["the film"]).sample(random_state=0)
    new = [word for text in drawn for word in text.split()]
    assert set(new) - {"the", "film", "[MASK]"}
    assert 0.35 < new.count("[MASK]") / 400 < 0.55


def test_a_likely_word_is_drawn_more_often(mask_model):
    import torch

    model, tokenizer = pickle.loads(pickle.dumps(mask_model))
    with torch.no_grad():
        model.cls.predictions.decoder.weight.zero_()
        model.cls.predictions.bias.zero_()[VOCABULARY.index("story")] = 3.0
        model.cls.predictions.bias[VOCABULARY.index("##ing")] = 9.0
    sampler = TextReplacement(
        400, p_replace=1.0, p_ngram=0, mask_model=(model, tokenizer)
    )
    drawn, _ = sampler.fit(["good"]).sample(random_state=0)
    expected = np.exp(3) / (np.exp(3) + 6)  # of eight words, without "good" itself
    assert drawn.count("story") / 400 == pytest.approx(expected, abs=0.06)
    assert set(drawn) == EXPECTED - {"good"}


def test_words_of_byte_pairs_are_whole(mask_model):
    import tokenizers
    import transformers

    pairs = tokenizers.ByteLevelBPETokenizer(add_prefix_space=True)
    special = ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]
    pairs.train_from_iterator([*TEXTS, "café été"] * 3, 400, special_tokens=special)
    names = ("bos_token", "eos_token", "pad_token", "unk_token", "mask_token")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pairs._tokenizer, **dict(zip(names, special, strict=True))
    )
    config = transformers.RobertaConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        vocab_size=len(tokenizer),
        pad_token_id=2,
    )
    model = transformers.RobertaForMaskedLM(config)
    sampler = TextReplacement(50, p_ngram=0, mask_model=(model, tokenizer))
    drawn, parents = sampler.fit(TEXTS).sample(random_state=0)
    for text, (parent,) in zip(drawn, parents, strict=True):
        assert text != TEXTS[parent] and "<mask>" not in text
        assert re.sub(r"[\w']+", "w", text) == re.sub(r"[\w']+", "w", TEXTS[parent])


def test_a_mask_model_from_a_folder(mask_model, tmp_path):
    import transformers

    model, tokenizer = mask_model
    for part in mask_model:
        part.save_pretrained(tmp_path / "whole")
    by_hand = TextReplacement(20, mask_model=mask_model).fit(SHOWN)
    by_name = TextReplacement(20, mask_model=str(tmp_path / "whole")).fit(SHOWN)
    assert by_hand.sample(random_state=0)[0] == by_name.sample(random_state=0)[0]
    tokenizer.save_pretrained(tmp_path / "words")
    with pytest.raises(ValueError, match="holds no masked language model"):
        TextReplacement(mask_model=tmp_path / "words").fit(SHOWN)
    tokenizer.save_pretrained(tmp_path / "encoder")
    transformers.BertModel(model.config).save_pretrained(tmp_path / "encoder")
    with pytest.raises(ValueError, match="it is an encoder alone"):
        TextReplacement(mask_model=tmp_path / "encoder").fit(SHOWN)


def test_a_tokenizer_without_a_mask_or_words_is_refused(mask_model):
    import transformers

    model, _ = mask_model
    for vocabulary in (VOCABULARY[:5], VOCABULARY):
        twin = transformers.BertTokenizerFast(
            vocab={token: i for i, token in enumerate(vocabulary)}
        )
        if vocabulary is VOCABULARY:
            twin.mask_token = None
        with pytest.raises(ValueError, match="tokenizer without a"):
            TextReplacement(mask_model=(model, twin)).fit(SHOWN)


def test_without_transformers_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"pip install skdistill\[text\]"):
        TextReplacement(mask_model=tmp_path).fit(SHOWN)
    assert TextReplacement(3).fit(SHOWN).sample()[0]
