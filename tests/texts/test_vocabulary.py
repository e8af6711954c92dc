"""Vocabularies: trained the same everywhere, cut without changing what is kept."""

import subprocess
import sys

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from skdistill.texts.vocabulary import (
    SPECIAL,
    cut_tokenizer,
    read_tokenizer,
    special_ids,
    text_package,
    trained_tokenizer,
)

TEXTS = ["The finest film, finer than fine!", "what a dull, dull day"] * 5


def test_a_trained_vocabulary_spells_its_texts_without_unknowns():
    tokenizer = trained_tokenizer(TEXTS, 200)
    ids = special_ids(tokenizer)
    assert [tokenizer.id_to_token(i) for i in range(5)] == list(SPECIAL)
    for text in TEXTS:
        encoding = tokenizer.encode(text)
        assert ids["unk"] not in encoding.ids
        assert encoding.ids[0] == ids["cls"] and encoding.ids[-1] == ids["sep"]
        assert tokenizer.encode(text.upper()).ids == encoding.ids
    pair = tokenizer.encode("fine", "dull day")
    assert pair.type_ids == [0] * 3 + [1] * (len(pair.ids) - 3)


def test_its_size_is_bounded_and_frequent_words_are_whole():
    sizes = [trained_tokenizer(TEXTS, n).get_vocab_size() for n in (35, 42, 10_000)]
    assert sizes[0] <= 35 and sizes[1] <= 42 < sizes[2]
    assert "dull" in trained_tokenizer(TEXTS, 10_000).encode("dull").tokens


def test_training_gives_the_same_in_another_process():
    code = (
        "import sys; sys.path[:0] = ['tests/texts']\n"
        "from test_vocabulary import TEXTS\n"
        "from skdistill.texts.vocabulary import trained_tokenizer\n"
        "print(trained_tokenizer(TEXTS, 60).to_str())"
    )
    seen = {trained_tokenizer(TEXTS, 60).to_str()}
    for seed in "12":
        out = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(out.stdout.strip())
    assert len(seen) == 1


@pytest.mark.parametrize("texts", [[""], ["", " "], ["[SEP] [PAD]"]])
def test_texts_without_words_still_have_a_vocabulary(texts):
    tokenizer = trained_tokenizer(texts, 100)
    assert tokenizer.encode("anything").tokens == ["[CLS]", "[UNK]", "[SEP]"]


def used_by(tokenizer, texts):
    used = np.zeros(tokenizer.get_vocab_size(), dtype=bool)
    for text in texts:
        used[tokenizer.encode(text).ids] = True
    return used


def test_a_cut_vocabulary_reads_the_same_tokens_under_other_numbers():
    tokenizer = trained_tokenizer(TEXTS, 200)
    smaller, kept = cut_tokenizer(tokenizer, used_by(tokenizer, TEXTS[1:2]))
    assert smaller.get_vocab_size() == len(kept) < tokenizer.get_vocab_size()
    for text in [TEXTS[1], "dull what", "a day a day"]:
        before, after = tokenizer.encode(text), smaller.encode(text)
        assert after.tokens == before.tokens
        assert kept[after.ids].tolist() == before.ids
    pair = smaller.encode("dull", "day")
    assert pair.tokens == ["[CLS]", "dull", "[SEP]", "day", "[SEP]"]
    # What is left out can still be spelled with the letters that are kept.
    assert "[UNK]" not in smaller.encode("ally").tokens


def test_special_tokens_of_bert_processing_are_renumbered():
    tokenizer = trained_tokenizer(TEXTS, 200)
    ids = special_ids(tokenizer)
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", ids["sep"]), ("[CLS]", ids["cls"])
    )
    smaller, _ = cut_tokenizer(tokenizer, used_by(tokenizer, ["dull"]))
    assert smaller.encode("dull").tokens == ["[CLS]", "dull", "[SEP]"]


def test_other_vocabularies_are_refused_with_the_remedy():
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ValueError, match=r"WordLevel.*vocab_size=None"):
        cut_tokenizer(tokenizer, np.ones(2, dtype=bool))


def test_a_folder_without_a_tokenizer_is_one_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"no tokenizer.*tokenizer\.json"):
        read_tokenizer(tmp_path)


def test_a_folders_tokenizer_neither_pads_nor_cuts_unless_asked(tmp_path):
    tokenizer = trained_tokenizer(TEXTS, 200)
    tokenizer.enable_padding(length=20)
    tokenizer.enable_truncation(4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert len(read_tokenizer(tmp_path).encode(TEXTS[0]).ids) == len(
        trained_tokenizer(TEXTS, 200).encode(TEXTS[0]).ids
    )
    assert len(read_tokenizer(tmp_path, as_it_is=True).encode("a").ids) == 20


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"transformers.*skdistill\[text\]"):
        text_package("transformers")
