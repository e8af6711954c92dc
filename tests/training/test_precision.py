"""Mixed precision: where it is tried, and that trying it changes nothing."""

import pytest
import torch
from small_encoders import small_encoder

from skdistill.modules.encoder import TextEncoder
from skdistill.training import precision


def tokens():
    return torch.randint(5, 20, (16, 1, 8), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def tried(monkeypatch):
    """As if the processor had it, a module were large, and nothing were measured."""
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(precision, "_LEAST_PARAMETERS", 10)
    monkeypatch.setattr(precision, "_MEASURED", {})


def test_small_modules_and_processors_without_it_are_not_tried(monkeypatch):
    monkeypatch.setattr(precision, "_gain", lambda *args: pytest.fail("was tried"))
    encoder, cpu = TextEncoder(small_encoder()), torch.device("cpu")
    assert not precision.is_faster_mixed(encoder, tokens(), cpu)
    monkeypatch.setattr(precision, "_LEAST_PARAMETERS", 10)
    monkeypatch.setattr(precision, "has_bfloat16", lambda device: False)
    assert not precision.is_faster_mixed(encoder, tokens(), cpu)


@pytest.mark.parametrize("times, expected", [((4.0, 1.0), True), ((1.0, 0.9), False)])
def test_a_clear_gain_is_wanted_and_measured_once(tried, monkeypatch, times, expected):
    calls = []

    def seconds(module, x):
        calls.append(module.mixed_precision)
        return times[module.mixed_precision]

    monkeypatch.setattr(precision, "_seconds", seconds)
    encoder, cpu = TextEncoder(small_encoder()), torch.device("cpu")
    assert precision.is_faster_mixed(encoder, tokens(), cpu) is expected
    n_calls = len(calls)
    assert set(calls) == {False, True}
    assert precision.is_faster_mixed(encoder, tokens(), cpu) is expected
    assert len(calls) == n_calls


def test_a_measurement_leaves_weights_gradients_and_random_numbers(tried):
    encoder = TextEncoder(small_encoder())
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    precision.is_faster_mixed(encoder, tokens(), torch.device("cpu"))
    torch.testing.assert_close(torch.rand(2), expected)
    assert all(p.grad is None for p in encoder.parameters())
    for name, value in encoder.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_what_the_processor_has_is_a_plain_answer():
    assert precision.has_bfloat16(torch.device("cpu")) in (True, False)
    assert not precision.has_bfloat16(torch.device("meta"))
