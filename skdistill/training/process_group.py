"""Processes that train one student together: ranks of a process group.

Each rank has all rows, and draws the same batches; it learns from its own part of each.
The mean of the ranks' gradients is the gradient of the whole batch, so that n processes do
what one does with n times the batch.
"""

import atexit
import datetime
from dataclasses import replace

import torch
import torch.distributed as dist
from accelerate import PartialState

from .leading import leads
from .loop import make_generator, seeded
from .messages import packed, unpacked
from .net import Diverged

# A teacher may be asked for days before the other ranks are needed.
_PATIENCE = datetime.timedelta(days=30)


class ProcessGroup:
    """The ranks that torchrun has started, of which this process is one.

    Attributes
    ----------
    size : int
        Number of processes.
    rank : int
        Which of them this is; 0 leads.
    device : torch.device
        Of this rank, where the student asks for CUDA.
    is_leading : bool
        Whether this process leads some work now.
    """

    def __init__(self):
        was_there = dist.is_initialized()
        # Without the word it leaves each process by itself where there is no GPU.
        state = PartialState(cpu=not torch.cuda.is_available(), timeout=_PATIENCE)
        if not was_there:
            atexit.register(self._leave)
        self.size, self.rank = state.num_processes, state.process_index
        self.device, self.is_leading = state.device, False
        # What is said goes from memory to memory, wherever the student is trained.
        self._talk = dist.new_group(backend="gloo", timeout=_PATIENCE)
        self._raised, self._files = None, []

    def _leave(self):
        # Threads of a group that is still there abort a process at its very end.
        self._talk = None
        dist.destroy_process_group()

    @property
    def is_leader(self):
        """Whether this is the first process."""  # numpydoc ignore=RT01
        return self.rank == 0

    def led(self, work, name):
        """Let the first process do some work, with the others to help in its trainings.

        Parameters
        ----------
        work : callable
            ``work()`` -> what all processes are to have; called in the first one alone.
        name : str
            What it is; it must be the same in all processes.

        Returns
        -------
        object
            The result.
        """
        return self._lead(work, name, {}) if self.is_leader else self._follow(name, {})

    def led_fit(self, estimator, fit):
        """Let the first process fit; all have what was learnt.

        Parameters
        ----------
        estimator : estimator
            It is fitted in each process.
        fit : callable
            ``fit()`` fits the estimator.
        """
        name = f"{type(estimator).__name__}.fit"
        own = estimator.get_params(deep=False)
        # The user's own objects, such as a fitted teacher, are there in each process.
        theirs = estimator.get_params(deep=True)

        if not self.is_leader:
            vars(estimator).update(self._follow(name, theirs))
            return

        def _learnt():
            fit()
            return {k: v for k, v in vars(estimator).items() if k not in own}

        self._lead(_learnt, name, theirs)

    def _lead(self, work, name, theirs):
        self._say("begins", name)
        self.is_leading = True
        try:
            with leads(self):
                result = work()
            self._say("ends", result, theirs)
        except BaseException as error:
            self._say("raises", error)
            raise
        finally:
            self.is_leading, self._files = False, []
        return result

    def _follow(self, name, theirs):
        self._check_same(name)
        while True:
            kind, what = self._heard(theirs)
            if kind == "trains":
                self._take_part(*what)
                continue
            self._files = []
            if kind == "raises":
                raise what
            return what

    def _check_same(self, name):
        _, first = self._heard()
        if first != name:
            raise RuntimeError(
                f"The first process came to {first}, and process {self.rank} to {name}: "
                "processes that train together run the same fits in the same order. To "
                "let each fit by itself, set the environment variable SKDISTILL_ALONE=1."
            )

    def train(self, request):
        """Carry out a training together with the other ranks.

        Parameters
        ----------
        request : Request
            Of the first process.

        Returns
        -------
        DistillationNet
            The trained net.
        """
        options = {**request.options, "interruptible": False}
        order = options["generator"].get_state()
        for_others = {**options, "generator": None, "renew": None, "verbose": 0}
        sent = replace(request, options=for_others, place=None)
        self._say("trains", (sent, order, torch.initial_seed()))
        # Ctrl-C reaches the ranks at different steps: none of them can go on.
        return replace(request, options=options).by(self)

    def _take_part(self, request, order, seed):
        """Help in a training of the first process, which decides what becomes of it."""
        device = request.options["device"]
        generator = make_generator(0)
        generator.set_state(order)
        options = {
            **request.options,
            "generator": generator,
            "device": self.device if device.type == "cuda" else device,
        }
        try:
            with seeded(seed + self.rank, device, request.draws_globally):
                replace(request, options=options).by(self)
        except Diverged:  # in each of them
            return
        except Exception as error:
            if error is not self._raised:
                raise

    def share(self, make):
        """What the first process makes, or raises.

        Parameters
        ----------
        make : callable
            Called in the first process alone.

        Returns
        -------
        object
            The result, in each process.
        """
        if not self.is_leader:
            kind, what = self._heard()
            if kind == "raises":
                self._raised = what
                raise what
            return what
        try:
            what = make()
        except BaseException as error:
            self._say("raises", error)
            raise
        self._say("makes", what)
        return what

    def mean(self, tensor):
        """The mean over the processes.

        Parameters
        ----------
        tensor : Tensor
            Of this process.

        Returns
        -------
        Tensor
            Without a gradient.
        """
        total = tensor.detach().clone()
        dist.all_reduce(total, group=self._group_of(total))
        return total / self.size

    def mean_gradients(self, module):
        """Give each process the mean of the gradients.

        Parameters
        ----------
        module : torch.nn.Module
            After ``backward``.
        """
        parameters = [p for p in module.parameters() if p.requires_grad]
        for dtype in dict.fromkeys(p.dtype for p in parameters):
            self._mean_gradients([p for p in parameters if p.dtype == dtype])

    @torch.no_grad()
    def _mean_gradients(self, parameters):
        """In one message, with a mark for each that has a gradient in some process."""
        marks = parameters[0].new_tensor(
            [float(p.grad is not None) for p in parameters]
        )
        parts = [_flat_gradient(p) for p in parameters]
        mean = self.mean(torch.cat([marks, *parts]))
        marks, *parts = mean.split([len(parameters), *[p.numel() for p in parameters]])
        for mark, part, parameter in zip(
            marks.tolist(), parts, parameters, strict=True
        ):
            if mark:
                parameter.grad = part.reshape(parameter.shape).clone()

    def _group_of(self, tensor):
        return self._talk if tensor.device.type == "cpu" else None

    def _say(self, kind, what, theirs=None):
        n_before = len(self._files)
        try:
            message = packed((kind, what), theirs or {}, self._files)
        except Exception as error:  # whatever a pickler says
            del self._files[n_before:]
            if kind == "raises":
                what = RuntimeError(f"{type(what).__name__}: {what}")
                self._say(kind, what)
                return
            raise TypeError(
                f"What the first process has for the others cannot be pickled: {error}"
            ) from error
        dist.broadcast_object_list([message], src=0, group=self._talk)
        for file in self._files[n_before:]:
            for chunk in file.chunks():
                dist.broadcast(torch.from_numpy(chunk), src=0, group=self._talk)

    def _heard(self, theirs=None):
        box = [None]
        dist.broadcast_object_list(box, src=0, group=self._talk)
        what, lengths = unpacked(box[0], theirs or {}, self._files)
        new = self._files[len(self._files) - len(lengths) :]
        for file, n in zip(new, lengths, strict=True):
            for chunk in file.filled(n):
                dist.broadcast(torch.from_numpy(chunk), src=0, group=self._talk)
        return what


def _flat_gradient(parameter):
    if parameter.grad is None:
        return parameter.new_zeros(parameter.numel())
    return parameter.grad.reshape(-1)
