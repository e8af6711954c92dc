"""A training that a fit asks for."""

from copy import deepcopy

import torch

from skdistill import NeuralStudentClassifier
from skdistill.training.fits import collected_by
from skdistill.training.loop import train


class Pool:
    def takes(self, request):
        return True

    def add(self, steps, request):
        self.steps, self.request = steps, request


def test_alone_it_is_the_training_of_its_parts(iris):
    pool = Pool()
    student = NeuralStudentClassifier(max_epochs=3, early_stopping=True, random_state=0)
    with collected_by(pool):
        student.fit(*iris)
    request = pool.request
    start, options = deepcopy(request.module), deepcopy(request.options)
    module = deepcopy(start)
    net = request.alone()
    assert net.module_ is request.module and len(net.history) == 3
    other = train(module, request.rows, request.valid, request.objective, **options)
    assert other.history[:, "valid_loss"] == net.history[:, "valid_loss"]
    for first, alone, again in zip(
        start.parameters(),
        request.module.parameters(),
        module.parameters(),
        strict=True,
    ):
        assert torch.equal(alone, again) and not torch.equal(alone, first)
    pool.steps.close()
