"""Losses of students side by side are those of each by itself."""

from functools import partial

import pytest
import torch

from skdistill import losses
from skdistill.training.joint_losses import JointLosses, LossFailed, objective_kind
from skdistill.training.objective import Loss, Objective, get_loss

N, LABELLED, WIDTH = 12, 7, 4
NUMBERS = (1.0, 1.0), (0.3, 4.0), (0.0, 2.5)  # alpha and temperature of three students


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def objectives_of(name, smoothing=0.0):
    soft = get_loss(name, "regressor" if name in {"mse", "huber"} else "classifier")
    compare = partial(losses.cross_entropy, label_smoothing=smoothing)
    hard = soft if soft.task == "regressor" else Loss("classifier", compare)
    return [Objective(soft, hard, *numbers) for numbers in NUMBERS]


def targets_of(objectives, parts, is_weighted):
    """Soft targets of each student, hard ones of all."""
    answers, weight = 2 * drawn(N, WIDTH, seed=1), drawn(1, N, seed=2).exp()
    soft = [each.soft.prepared(answers, each.temperature) for each in objectives]
    hard = torch.arange(LABELLED)[None] % WIDTH
    if objectives[0].soft.task == "regressor":
        hard = drawn(1, LABELLED, WIDTH, seed=3)
    return [
        torch.stack(soft) if "soft" in parts else None,
        weight if is_weighted else None,
        hard if "hard" in parts else None,
        weight[:, :LABELLED] if is_weighted else None,
        answers.argmax(dim=1)[None],
    ]


def one_by_one(objectives, output, targets):
    found = []
    for i, objective in enumerate(objectives):
        own = (t if t is None else t[min(i, len(t) - 1)] for t in targets)
        found.append(objective(output[i], tuple(own)))
    return torch.stack(found)


def with_gradient(losses_of, objectives, targets):
    output = drawn(len(objectives), N, WIDTH, seed=4).requires_grad_()
    found = losses_of(output, targets)
    return found.detach(), torch.autograd.grad(found.sum(), output)[0]


def assert_same(objectives, targets):
    like = torch.zeros(1, dtype=torch.float64)
    found = with_gradient(JointLosses(objectives, like), objectives, targets)
    wanted = with_gradient(partial(one_by_one, objectives), objectives, targets)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("parts", ["soft", "hard", "soft and hard"])
@pytest.mark.parametrize(
    ("name", "smoothing"), [("kl", 0.0), ("kl", 0.2), ("mse", 0.0), ("dkd", 0.1)]
)
def test_losses_and_gradients_are_those_of_the_objectives(
    name, smoothing, parts, is_weighted
):
    objectives = objectives_of(name, smoothing)
    assert_same(objectives, targets_of(objectives, parts, is_weighted))


def test_which_losses_are_computed_in_one_call():
    kinds = {
        name: objective_kind(objectives_of(name)[0])
        for name in ("kl", "mse", "huber", "dkd")
    }
    assert [name for name, kind in kinds.items() if kind is not None] == ["kl", "mse"]


def test_each_student_smooths_labels_by_its_own_share():
    objectives = [objectives_of("kl", share)[0] for share in (0.0, 0.1, 0.4)]
    assert_same(objectives, targets_of(objectives, "soft and hard", True))


def test_targets_that_do_not_sum_to_1_keep_their_gradient():
    def doubled(answers, temperature):
        return 2 * losses.softened(answers, temperature)

    soft = Loss("classifier", losses.kl_of_probabilities, doubled, tempered=True)
    objectives = [Objective(soft, objectives_of("kl")[0].hard, *NUMBERS[1])]
    assert_same(objectives, targets_of(objectives, "soft", False))


def test_an_error_of_a_loss_is_told_from_others():
    def broken(output, target, temperature):
        raise RuntimeError("no")

    objective = Objective(Loss("regressor", broken), Loss("regressor", losses.mse))
    targets = torch.zeros(1, 2, 1), None, None, None, None
    with pytest.raises(LossFailed) as caught:
        JointLosses([objective], like=torch.zeros(1))(torch.zeros(1, 2, 1), targets)
    assert str(caught.value.__cause__) == "no"
