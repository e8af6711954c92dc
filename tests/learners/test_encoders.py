"""Where text students start: a teacher's layers, a folder, a factorised embedding."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_encoders import small_encoder, small_pipeline, small_tokenizer

from skdistill.learners.encoders import (
    chosen_layers,
    new_encoder,
    pretrained_of,
    smaller_encoder,
    start_of,
)

NOTHING = {"n_layers": None, "hidden_size": None, "embedding_size": None}


def params(**values):
    return SimpleNamespace(**{**NOTHING, "dropout": None, **values})


@pytest.mark.parametrize(
    "n, few, expected",
    [(6, 3, [0, 2, 5]), (12, 6, [0, 2, 4, 7, 9, 11]), (4, 4, [0, 1, 2, 3])],
)
def test_layers_are_evenly_spaced_and_end_with_the_last(n, few, expected):
    assert chosen_layers(n, few) == expected  # of 12 layers DistilBERT's own choice
    assert chosen_layers(n, 1) == [n - 1]


def forward(model, ids):
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor(ids), output_hidden_states=True)


IDS = [[2, 5, 6, 7, 3], [2, 8, 9, 5, 3]]


def test_all_layers_and_the_head_are_the_model_itself():
    model = small_encoder()
    same = smaller_encoder(model, 2, params(), None, takes_head=True)
    torch.testing.assert_close(forward(same, IDS).logits, forward(model, IDS).logits)
    assert same is not model
    other = smaller_encoder(model, 3, params(), None, takes_head=False)
    expected = forward(model, IDS).hidden_states[-1]
    torch.testing.assert_close(forward(other, IDS).hidden_states[-1], expected)
    assert forward(other, IDS).logits.shape == (2, 3)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "electra"])
def test_a_student_of_one_layer_has_the_embedding_and_the_last_layer(kind):
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(
        kind,
        vocab_size=30,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=20,
        pad_token_id=0,
    )
    torch.manual_seed(0)
    auto = transformers.AutoModelForSequenceClassification
    model = auto.from_config(config)
    few = smaller_encoder(model, 2, params(n_layers=1), None, takes_head=True)
    full, small = forward(model, IDS).hidden_states, forward(few, IDS).hidden_states
    torch.testing.assert_close(small[0], full[0])
    states = dict(few.named_parameters())
    for name, _ in model.named_parameters():
        name = name.replace("layer.2.", "layer.0.") if "layer.2." in name else name
        if "layer." not in name or "layer.0." in name:
            continue
        assert name not in states
    last = [n for n, _ in model.named_parameters() if "layer.2." in n]
    assert last
    for name in last:
        mine = states[name.replace("layer.2.", "layer.0.")]
        torch.testing.assert_close(mine, model.state_dict()[name])


def test_tokens_that_are_kept_read_as_before():
    model = small_encoder()
    kept = np.array([0, 1, 2, 3, 4, 5, 8, 9])
    few = smaller_encoder(model, 2, params(), kept, takes_head=True)
    rows = [[2, 5, 6, 7, 3]]  # in the new numbers
    expected = forward(model, [[2, 5, 8, 9, 3]]).logits
    torch.testing.assert_close(forward(few, rows).logits, expected)
    assert few.config.vocab_size == 8


def test_a_factorised_embedding_is_near_the_wide_one():
    """The wider the factors, the nearer; at the full width it is the same."""
    model = small_encoder(hidden_size=16, initializer_range=0.1)
    wide = forward(model, IDS).hidden_states[0]
    off = {}
    for size in (2, 8, 15):
        small = smaller_encoder(
            model, 2, params(embedding_size=size), None, takes_head=True
        )
        assert small.get_input_embeddings().weight.shape[1] == size
        small.eval()
        ids = torch.tensor(IDS)
        with torch.no_grad():
            narrow = small.electra.embeddings(ids)
            found = small.electra.embeddings_project(narrow)
        cosine = torch.nn.functional.cosine_similarity(found, wide, dim=-1)
        off[size] = 1 - cosine.mean().item()
    assert off[15] < off[8] < off[2] and off[15] < 0.1


def test_factors_of_other_architectures_are_refused():
    transformers = pytest.importorskip("transformers")
    config = transformers.DistilBertConfig(
        vocab_size=30, dim=16, n_layers=1, n_heads=2, hidden_dim=32
    )
    model = transformers.DistilBertForSequenceClassification(config)
    with pytest.raises(ValueError, match=r"embedding_size=4 .*distilbert.*init=None"):
        smaller_encoder(model, 2, params(embedding_size=4), None, takes_head=True)


@pytest.mark.parametrize("values", [{"hidden_size": 32}, {"n_layers": 3}])
def test_more_than_the_weights_have_is_one_clear_error(values):
    (name,) = values
    with pytest.raises(ValueError, match=rf"{name}=.*init=None"):
        smaller_encoder(small_encoder(), 2, params(**values), None, takes_head=True)


@pytest.mark.parametrize("width, heads", [(192, 6), (16, 1), (50, 1), (100, 2)])
def test_from_scratch_any_width_has_heads(width, heads):
    special = {"pad": 0}
    model = new_encoder(30, 3, params(hidden_size=width), 12, special)
    assert model.config.num_attention_heads == heads
    assert forward(model, IDS).logits.shape == (2, 3)
    few = params(hidden_size=width, embedding_size=7)
    narrow = new_encoder(30, 3, few, 12, special)
    assert narrow.get_input_embeddings().weight.shape == (30, 7)


def test_where_a_student_starts():
    pipe = small_pipeline()
    assert pretrained_of(pipe).load() == (pipe.model, True)
    assert start_of("auto", pipe).load()[0] is pipe.model
    assert start_of("teacher", pipe).load()[0] is pipe.model
    assert start_of(pipe, None).load()[0] is pipe.model
    assert start_of(None, pipe) is None
    assert start_of("auto", len) is None and start_of("auto", None) is None
    with pytest.raises(ValueError, match=r'init="teacher".*init'):
        start_of("teacher", len)
    with pytest.raises(TypeError, match="init="):
        start_of(len, None)
    with pytest.raises(ValueError, match="nothing is downloaded"):
        start_of("distilbert-base-uncased", None)


def test_a_folder_of_weights(tmp_path):
    model = small_encoder()
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"no tokenizer.*tokenizer\.json"):
        start_of(tmp_path, None)
    small_tokenizer().save_pretrained(tmp_path)
    start = start_of(str(tmp_path), None)
    loaded, has_head = start.load()
    assert has_head and start.n_positions == model.config.max_position_embeddings
    torch.testing.assert_close(forward(loaded, IDS).logits, forward(model, IDS).logits)
    model.bert.save_pretrained(tmp_path)  # an encoder alone: no head
    assert start_of(tmp_path, None).load()[1] is False
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="no model that transformers can read"):
        start_of(tmp_path, None)


def test_the_padding_keeps_its_number_in_a_cut_vocabulary():
    model = small_encoder(pad_token_id=3)
    kept = np.array([0, 3, 5, 6])
    assert smaller_encoder(model, 2, params(), kept, True).config.pad_token_id == 1


def test_named_outputs_of_a_pipeline_are_known():
    names = {0: "good", 1: "bad"}
    assert pretrained_of(small_pipeline()).labels is None
    labels = pretrained_of(small_pipeline(id2label=names)).labels
    assert labels.tolist() == ["good", "bad"]


def test_layers_that_cannot_be_told_apart_are_one_clear_error():
    transformers = pytest.importorskip("transformers")
    config = transformers.AlbertConfig(
        vocab_size=20,
        embedding_size=8,
        hidden_size=16,
        num_hidden_layers=2,
        num_hidden_groups=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
    )
    model = transformers.AlbertForSequenceClassification(config)
    with pytest.raises(ValueError, match=r"AlbertForSequenceClassification.*init=None"):
        smaller_encoder(model, 2, params(n_layers=1), None, takes_head=True)
