"""Which trainings can be done together, and what comes of each.

Those of one kind are one program (``training.joint_program``), others are trained alone.
"""

from dataclasses import dataclass

import torch

from .joint_keeper import joint_files
from .joint_losses import LossFailed, objective_kind
from .joint_program import TENSORS, Joint
from .keeping import key_of
from .leading import leading
from .optimizers import OPTIMIZERS
from .stacked import stacked_kind

_MOST_CELLS = 1 << 25  # numbers in stacked rows that may differ from net to net
#: What ends a joint training, and not that of all nets in it.
_ENDS_TOGETHER = LossFailed, MemoryError, torch.cuda.OutOfMemoryError


def can_be_joined(request):
    """Return whether one program can train it beside others.

    Parameters
    ----------
    request : Request
        The training.

    Returns
    -------
    bool
        False for modules and options that the program does not know.
    """
    if isinstance(request, Several):  # which are joined to each other
        return False
    options = request.options
    is_plain = (
        # What hears of single batches, or keeps more than weights, has a training of
        # its own.
        not request.draws_globally
        and leading() is None  # several processes share each training
        and not options["callbacks"]
        and not options["compile"]
        and not options["verbose"]
        and options["ema_decay"] is None
        and options["optimizer_state"] is None
        and options["refresh"] is None
        and options["optimizer"] in tuple(OPTIMIZERS)
    )
    return is_plain and stacked_kind(request.module) is not None


def _kind(request):
    """What requests must have in common to be joined."""
    # Options that set the number and the form of the steps; numbers may differ.
    names = "max_epochs", "batch_size", "lr_schedule", "optimizer"
    return (
        stacked_kind(request.module),
        *(request.options[name] for name in names),
        str(request.options["device"]),
        request.options["patience"] is None,
        _shapes(request.rows),
        _shapes(request.valid),
        objective_kind(request.objective),
    )


def _shapes(rows):
    if rows is None:
        return None
    tensors = [getattr(rows, name) for name in ("x", *TENSORS)]
    shapes = [t if t is None else (tuple(t.shape), t.dtype) for t in tensors]
    return rows.n_labelled, *shapes


def train_all(requests):
    """Train what can be joined together, and the others alone.

    Parameters
    ----------
    requests : list of Request
        Each can be joined to others of its kind.

    Returns
    -------
    list of DistillationNet or Exception
        The outcome of each request.
    """
    groups, answers = {}, [None] * len(requests)
    for i, request in enumerate(requests):
        groups.setdefault(_kind(request), []).append(i)
    for group in groups.values():
        for part in _parts(requests, group):
            outcomes = _trained([requests[i] for i in part])
            for i, outcome in zip(part, outcomes, strict=True):
                answers[i] = outcome
    return answers


@dataclass(frozen=True)
class Several:
    """Trainings that one fit asks for at once.

    Attributes
    ----------
    requests : list of Request
        Each can be joined to others of its kind.
    """

    requests: list

    def alone(self):
        """Train the modules together.

        Returns
        -------
        list of DistillationNet or Exception
            The outcome of each request.
        """
        return train_all(self.requests)


def side_by_side(steps):
    """Do what some trainings of one fit need, those of one kind as one program.

    Parameters
    ----------
    steps : list of generator
        Each yields the trainings that it needs, and is sent the nets.

    Returns
    -------
    generator
        It yields what is to be trained, and returns a list of what each of the
        generators returned. What one of them raises, it raises.
    """
    results, waiting = [None] * len(steps), {}
    for i, each in enumerate(steps):
        yield from _brought_on(i, each, None, results, waiting)
    while waiting:
        answers = yield Several(list(waiting.values()))
        asked, waiting = list(waiting), {}
        for i, answer in zip(asked, answers, strict=True):
            yield from _brought_on(i, steps[i], answer, results, waiting)
    return results


def _brought_on(i, each, answer, results, waiting):
    """Go on to the end, or to a training that can be joined to others."""
    while True:
        try:
            if isinstance(answer, BaseException):
                request = each.throw(answer)
            else:
                request = each.send(answer)
        except StopIteration as end:
            results[i] = end.value
            return
        if can_be_joined(request):
            waiting[i] = request
            return
        answer = yield request


def _trained(requests):
    """The outcome of each request; an error is one too."""
    if len(requests) > 1:
        files = joint_files(requests)
        generators = [request.options["generator"] for request in requests]
        states = [generator.get_state() for generator in generators]
        try:
            return Joint(requests, files).trained()
        except _ENDS_TOGETHER:  # each by itself may do, or says so again
            for generator, state in zip(generators, states, strict=True):
                generator.set_state(state)
    return [_answer(request) for request in requests]


def _answer(request):
    try:
        return request.alone()
    except Exception as error:
        return error


def _parts(requests, group):
    """All, if memory bears their rows stacked; else those that share rows and order."""
    cells = requests[group[0]].rows.x.numel()
    if len(group) * cells <= _MOST_CELLS:
        return [group]
    # With one seed and equal rows, one table serves all: no stack of tables is needed.
    alike = {}
    for i in group:
        generator = requests[i].options["generator"].get_state()
        x = requests[i].rows.x.detach().cpu()
        key = (key_of(generator), key_of(x))
        alike.setdefault(key, []).append(i)
    return list(alike.values())
