"""Texts as numbers of tokens: padding, lengths, pairs, and what is cut."""

import pickle

import numpy as np
import pandas as pd
import pytest

from skdistill.texts.reading import read_texts
from skdistill.texts.tokens import NOTHING, TokenView, n_tokens
from skdistill.texts.vocabulary import trained_tokenizer

TEXTS = ["a fine film", "dull", "a very very fine day", ""] * 10


def test_tokens_are_those_of_the_tokenizer_and_nothing_behind_them():
    view = TokenView().fit(TEXTS)
    x = view.transform(TEXTS)
    assert x.shape == (40, 1, view.max_length_) and x.dtype == np.int32
    for text, row in zip(TEXTS, x[:, 0], strict=True):
        ids = view.tokenizer_.encode(text).ids
        assert row.tolist() == ids + [NOTHING] * (view.max_length_ - len(ids))
    lengths = [len(view.tokenizer_.encode(text).ids) for text in TEXTS]
    np.testing.assert_array_equal(n_tokens(x), lengths)


def test_pairs_have_segments():
    pairs = pd.DataFrame({"a": TEXTS, "b": TEXTS[::-1]})
    view = TokenView().fit(pairs)
    x = view.transform(pairs)
    encoding = view.tokenizer_.encode(TEXTS[0], TEXTS[-1])
    assert x.shape[1] == 2
    assert x[0, 0, : len(encoding.ids)].tolist() == encoding.ids
    assert x[0, 1, : len(encoding.ids)].tolist() == encoding.type_ids


def test_the_length_keeps_nearly_all_texts_whole_and_says_what_it_cuts():
    texts = ["a b c"] * 999 + ["a " * 50]
    with pytest.warns(UserWarning, match=r"1 of 1000 texts .* 5 tokens.*max_length"):
        view = TokenView().fit(texts)
    assert view.max_length_ == 5
    assert TokenView(max_length=100).fit(texts).max_length_ == 52
    with pytest.warns(UserWarning, match="1 of 1000 texts"):
        assert TokenView(max_length=100, most=20).fit(texts).max_length_ == 20
    # Where the longest is nearly as short, none is cut, and nothing is said.
    assert TokenView().fit(["a b c"] * 999 + ["a b c d e"]).max_length_ == 7


def test_a_text_of_100_000_words_is_cut_with_a_warning():
    view = TokenView().fit(TEXTS)
    with pytest.warns(UserWarning, match=r"1 of 2 texts .* max_length"):
        x = view.transform(["fine " * 100_000, "fine"])
    assert n_tokens(x).tolist() == [view.max_length_, 3]
    view.transform(["very " * (view.max_length_ - 1)])  # a little is cut: no warning


def test_a_used_vocabulary_has_the_tokens_of_all_texts_that_are_learnt_from():
    tokenizer = trained_tokenizer([*TEXTS, "something else entirely"], 300)
    more = [read_texts(["something else"])]
    alone = TokenView(tokenizer, "used").fit(TEXTS)
    both = TokenView(tokenizer, "used").fit(TEXTS, more=more)
    assert len(alone.kept_) < len(both.kept_) < tokenizer.get_vocab_size()
    full = TokenView(tokenizer).fit(TEXTS)
    assert full.kept_ is None
    x, y = both.transform(TEXTS), full.transform(TEXTS)
    np.testing.assert_array_equal(np.append(both.kept_, NOTHING)[x], y)
    assert both.is_from(tokenizer) and full.is_from(tokenizer)
    assert not TokenView().fit(TEXTS).is_from(tokenizer)


def test_a_fitted_view_pickles_and_is_made_again_of_its_tokenizer():
    view = TokenView().fit(TEXTS)
    x = view.transform(TEXTS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(view)).transform(TEXTS), x)
    again = TokenView.ready(view.tokenizer_, 1)
    np.testing.assert_array_equal(again.transform(TEXTS), x)


def test_the_users_tokenizer_is_left_as_it_is():
    tokenizer = trained_tokenizer(TEXTS, 300)
    before = tokenizer.to_str()
    TokenView(tokenizer, "used", max_length=50).fit(TEXTS)
    assert tokenizer.to_str() == before


def test_half_of_a_surrogate_pair_is_an_unknown_sign():
    view = TokenView().fit([*TEXTS, "a\ud800b"])
    np.testing.assert_array_equal(view.transform(["\ud800"]), view.transform(["?"]))
    pairs = pd.DataFrame({"a": ["x", "\ud800"], "b": ["\udfff", "y"]}, dtype=object)
    assert len(TokenView().fit(pairs).transform(pairs)) == 2
