"""The encoder, and the losses of DistilBERT's recipe, against independent computations."""

import copy
import pickle

import numpy as np
import pytest
import torch
from small_encoders import small_encoder

from skdistill.modules.encoder import (
    HiddenLoss,
    MaskedLoss,
    Recipe,
    TextEncoder,
    layer_outputs,
    trimmed,
)

ROWS = [[2, 5, 6, 3], [2, 7, 3], [2, 8, 9, 10, 11, 3]]


def tokens(rows=ROWS, width=9):
    x = torch.full((len(rows), 1, width), -1, dtype=torch.int32)
    for i, row in enumerate(rows):
        x[i, 0, : len(row)] = torch.tensor(row)
    return x


def plain(model, row, **options):
    with torch.no_grad():
        return model(input_ids=torch.tensor([row]), **options)


def test_it_answers_as_the_model_does_row_by_row():
    encoder = TextEncoder(small_encoder()).eval()
    expected = [plain(encoder.model, row).logits for row in ROWS]
    with torch.no_grad():
        found = encoder(tokens())
    torch.testing.assert_close(found, torch.cat(expected), atol=1e-5, rtol=1e-5)
    # However wide the table is in which a row stands.
    with torch.no_grad():
        torch.testing.assert_close(encoder(tokens(width=6)), found)


def test_pairs_tell_the_segments():
    encoder = TextEncoder(small_encoder()).eval()
    x = torch.cat([tokens(ROWS[:1]), tokens([[0, 0, 1, 1]])], dim=1)
    types = torch.tensor([[0, 0, 1, 1]])
    expected = plain(encoder.model, ROWS[0], token_type_ids=types).logits
    with torch.no_grad():
        torch.testing.assert_close(encoder(x), expected, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(encoder(x[:, :1]), expected)


def hidden_loss(student, teacher, pairs, numbers=None):
    widths = student.model.config.hidden_size, teacher.config.hidden_size
    return HiddenLoss(teacher, pairs, numbers, widths, 0.5)


def test_the_hidden_loss_is_one_minus_the_cosine_of_each_token():
    teacher = small_encoder(1)
    student = TextEncoder(small_encoder(2)).eval()
    pairs = [(0, 0), (1, 1)]
    recipe = Recipe(hidden_loss(student, teacher, pairs))
    states = states_of(student, tokens())
    found = recipe(student, trimmed(tokens()), states)
    for row, loss in zip(ROWS, found.tolist(), strict=True):
        its = plain(teacher.eval(), row, output_hidden_states=True).hidden_states
        mine = plain(student.model, row, output_hidden_states=True).hidden_states
        cosines = [
            torch.nn.functional.cosine_similarity(
                mine[i + 1], its[j + 1], dim=-1
            ).mean()
            for i, j in pairs
        ]
        assert loss == pytest.approx(0.5 * (1 - np.mean(cosines)), abs=1e-5)


def test_it_is_zero_for_a_copy_and_reads_other_numbers_of_the_same_tokens():
    teacher = small_encoder(1)
    student = TextEncoder(copy.deepcopy(teacher)).eval()
    shifted = tokens().clone()
    shifted[shifted >= 0] -= 1  # the student's numbers are one less
    numbers = torch.arange(1, 20)
    loss = hidden_loss(student, teacher, [(1, 1)], numbers)
    states = states_of(student, tokens())
    torch.testing.assert_close(
        loss(trimmed(shifted), states), torch.zeros(3), atol=1e-5, rtol=0
    )
    other = torch.where(shifted >= 0, 5, -1)
    assert loss(trimmed(other), states).max() > 0.01


def states_of(student, x):
    with layer_outputs(student.model) as states:
        student.read(trimmed(x))
    return states


def test_listening_leaves_no_trace_in_a_model():
    model = small_encoder().eval()
    expected = plain(model, ROWS[0], output_hidden_states=True).hidden_states
    model = small_encoder().eval()  # that call leaves its own
    with layer_outputs(model) as states:
        plain(model, ROWS[0])
    assert len(states) == 2
    for state, wanted in zip(states, expected[1:], strict=True):
        torch.testing.assert_close(state, wanted)
    pickle.dumps(model)


def test_other_widths_learn_a_projection_and_the_teacher_is_left_alone():
    teacher = small_encoder(1, hidden_size=8, num_attention_heads=2).train()
    before = copy.deepcopy(teacher.state_dict())
    student = TextEncoder(small_encoder(2))
    loss = hidden_loss(student, teacher, [(0, 0), (1, 1)])
    assert sum(p.numel() for p in loss.parameters()) == 2 * (16 * 8 + 8)
    states = states_of(student, tokens())
    loss(trimmed(tokens()), states).sum().backward()
    assert all(p.grad is not None for p in loss.parameters())
    assert teacher.training and all(p.grad is None for p in teacher.parameters())
    for name, value in teacher.state_dict().items():
        torch.testing.assert_close(value, before[name])
    assert not any("teacher" in name for name in loss.state_dict())


def test_words_are_hidden_as_bert_does_and_special_ones_never():
    student = TextEncoder(small_encoder())
    loss = MaskedLoss(student, mask_id=4, special=[0, 1, 2, 3, 4], weight=1.0)
    x = tokens([[2, *range(5, 15), 3]] * 2000, width=12)
    torch.manual_seed(0)
    ids, guessed = loss._hidden(trimmed(x))
    shares = guessed.float().mean(dim=0)
    assert shares[0] == shares[-1] == 0
    np.testing.assert_allclose(shares[1:-1], 0.15, atol=0.03)
    original = x[:, 0].long()
    assert (ids[~guessed] == original[~guessed]).all()
    masked = (ids[guessed] == 4).float().mean()
    same = (ids[guessed] == original[guessed]).float().mean()
    assert masked == pytest.approx(0.8, abs=0.03)
    assert same == pytest.approx(0.1, abs=0.03)


def test_guessing_words_is_cross_entropy_and_can_be_learnt():
    student = TextEncoder(small_encoder(initializer_range=0.1))
    loss = MaskedLoss(student, mask_id=4, special=[0, 1, 2, 3, 4], weight=2.0)
    torch.manual_seed(0)
    x = tokens([[2, 5, 6, 7, 8, 3]] * 64, width=6)
    parameters = [*student.parameters(), *loss.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    seen = []
    for _ in range(60):
        value = loss(student, trimmed(x)).mean()
        seen.append(value.item())
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    # A guess among twenty tokens costs log(20), of the texts with some hidden word.
    share = 1 - 0.85**4
    assert seen[0] == pytest.approx(2 * share * np.log(20), rel=0.5)
    assert np.mean(seen[-10:]) < seen[0] / 2


def test_a_penalty_weighs_the_rows_by_the_weights_of_all_rows():
    encoder = TextEncoder(small_encoder())
    losses = torch.tensor([1.0, 2.0, 3.0])
    assert encoder.penalty(losses, None) == 2
    assert encoder.penalty(losses, torch.tensor([0.0, 0.0, 3.0])) == 3
    # Weights of the labelled rows alone say nothing of the others.
    assert encoder.penalty(losses, torch.tensor([1.0])) == 2
