"""How students that are torch modules are trained."""

import copy
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from ..lesson.knowledge import hold_out
from ..teacher.calibration import fitted_scale
from ..training.batches import Rows
from ..training.joint import side_by_side
from ..training.loop import make_generator, resolve_device, seeded
from ..training.requests import Request
from .base import Learner
from .objectives import leaves_scale_open, objective_of
from .renewed_rows import RenewedRows
from .rows_on_disk import RowsOnDisk

# early_stopping="auto" holds out some of so many labelled rows, or more. With 600 rows the
# log loss of nets became 2 to 3 times smaller on two tables; of few, it watches chance.
_ENOUGH_TO_WATCH = 500


@dataclass
class Past:
    """What a training goes on from.

    Attributes
    ----------
    module : torch.nn.Module
        Trained before.
    caller : str
        The argument or method that goes on, as errors name it.
    """

    module: Any
    caller: str = "warm_start=True"


class TorchLearner(Learner):
    """What learners of torch modules share: options, targets, training.

    Parameters
    ----------
    params : dict
        The student's parameters.
    task : Task
        What y and outputs mean.
    see : callable
        ``see(rows)`` -> the student's view, float32.
    temperature : float or None, default=1.0
        Temperature of classes; None: it is to be chosen.
    past : Past, default=None
        What the training goes on from.
    moments : dict, default=None
        Takes the optimizer's state after the training, and may hold that of an earlier
        one.

    Attributes
    ----------
    temperature : float
        The temperature of the training.
    net : DistillationNet
        The trained net.
    """

    #: ``length_of(x)`` -> lengths of rows, where rows of like lengths make a batch.
    length_of: Callable | None = None

    #: Parameters that go to ``train`` as they are.
    train_options: tuple[str, ...] = (
        *("max_epochs", "lr", "lr_schedule", "optimizer", "callbacks"),
        *("compile", "tol", "ema_decay"),
    )

    def __init__(self, params, task, see, temperature=1.0, past=None, moments=None):
        super().__init__(params, task, see)
        self.temperature, self.past, self.moments = temperature, past, moments
        self.net = None

    @abstractmethod
    def make_module(self, x, knowledge, generator):
        """A new torch module for such rows.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view.
        knowledge : Knowledge
            What the rows teach.
        generator : torch.Generator
            For the first weights.

        Returns
        -------
        torch.nn.Module
            Not trained.
        """

    @abstractmethod
    def finished(self, x, knowledge):
        """The model, after what is left to do with the trained module.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view.
        knowledge : Knowledge
            What the rows teach.

        Returns
        -------
        TorchModel
            The model.
        """

    def draws_globally(self):
        """Whether the module may draw from torch's global generators.

        Returns
        -------
        bool
            Such as dropout does.
        """
        return False

    def objective(self):
        """The loss of a batch.

        Returns
        -------
        Objective
            As the parameters ask.
        """
        return objective_of(self.task, self.params, self.temperature)

    def learn(self, lesson):
        """Train."""
        random = check_random_state(self.params.random_state)
        seeds = _seeds(random)
        x, used, exam = self._rows_and_exam(lesson, random)
        return (yield from self._trained(self._rows(lesson, x, used), exam, seeds))

    def tried(self, settings):
        """Each has an epoch at least."""
        return settings[: self.params.max_epochs]

    def learnt_at(self, settings, x, held, lesson, trial):
        """Train nets side by side; they learn from the first drawn rows alone.

        Temperatures are compared by short runs, which together cost no more epochs than
        one fit. Whom to trust only whole ones say: at first labels teach faster.
        """
        # The same seeds for all: they differ in nothing but the setting.
        seeds = _seeds(check_random_state(self.params.random_state))
        max_epochs, steps, exam = self.params.max_epochs, [], None
        of_alpha = len({setting.alpha for setting in settings}) > 1
        if not of_alpha:
            max_epochs //= len(settings)
        elif self.params.early_stopping:
            exam = held, trial.exam
            if self.params.early_stopping is True:
                self._check_exam(trial.knowledge.used(1), exam)
        for setting in settings:
            twin = self.quiet_twin(max_epochs)
            twin.settle(setting)
            # One table for all that have a teacher, also where labels have no weight.
            used = trial.knowledge if setting.alpha else trial.knowledge.used(0)
            twin.params.early_stopping = exam is not None and self._stops_early(used)
            watched = exam if twin.params.early_stopping else None
            rows = RenewedRows(twin, None, x[: len(used.soft_weight)], used)
            steps.append(twin._trained(rows, watched, seeds, interruptible=False))
        return (yield from side_by_side(steps))

    def _trained(self, rows, exam, seeds, interruptible=True):
        """Train a module, and finish it."""
        device = resolve_device(self.params.device)
        with seeded(seeds[0], device, self.draws_globally()):
            first, shuffler = (make_generator(seed) for seed in seeds[1:])
            module = self.starting_module(rows.x, rows.knowledge, first)
            self.net = yield from self.run(
                module, rows, exam, device, shuffler, interruptible
            )
        model = self.finished(rows.x, rows.knowledge)
        model.net, model.temperature = self.net, self.temperature
        return model

    def _rows_and_exam(self, lesson, random):
        """The view of the training rows, what they teach, and the validation rows."""
        params, knowledge = self.params, lesson.knowledge
        x, used, exam = self.see(lesson.read.X), knowledge.used(params.alpha), None
        params.early_stopping = self._stops_early(used)
        if lesson.exam is not None:
            exam = self.see(lesson.read.X_val), lesson.exam
        elif params.early_stopping:
            strata, weight = self.task.strata(knowledge), knowledge.hard_weight
            soft_weight = knowledge.soft_weight[: len(weight)]
            if used.hard is None and soft_weight.any():
                weight = soft_weight  # of rows whose target validates the epochs
            choose = hold_out if lesson.stream is None else lesson.stream.hold_out
            kept, held = choose(strata, params.validation_fraction, random, weight)
            exam = x[held], used.exam(held)
            x, used = x[kept], used.take(kept)
            if lesson.renewal is not None:
                lesson.renewal.kept = kept
        if used.soft is not None:
            extra = lesson.transfer_view(self.see)
            x = x if extra is None else np.concatenate([x, extra])
        self._check_exam(used, exam)
        return x, used, exam

    def _stops_early(self, used):
        """What early_stopping="auto" stands for: labels alone are soon learnt by heart."""
        asked = self.params.early_stopping
        if not isinstance(asked, str):
            return asked
        n = np.count_nonzero(used.hard_weight)  # rows of no weight are as if not there
        return used.soft is None and n >= _ENOUGH_TO_WATCH

    def _rows(self, lesson, x, used):
        if lesson.stream is not None:
            return RowsOnDisk(self, lesson.renewal, lesson.stream, x, used)
        return RenewedRows(self, lesson.renewal, x, used)

    def _check_exam(self, used, exam):
        params = self.params
        by_label = exam is not None and exam[1].hard is not None
        is_open = leaves_scale_open(self.task, params, used)
        if params.early_stopping and by_label and is_open:
            raise ValueError(
                f"y_val is watched by its log loss, and loss={params.loss!r} with alpha=1 "
                "leaves the scale of the logits open: leave y_val out, so that the "
                "teacher's answers for X_val are watched, or lower alpha."
            )

    def starting_module(self, x, knowledge, generator):
        """A new module, with the weights of the past if there is one.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view.
        knowledge : Knowledge
            What the rows teach.
        generator : torch.Generator
            For the first weights.

        Returns
        -------
        torch.nn.Module
            To be trained.
        """
        module = self.make_module(x, knowledge, generator)
        if self.past is not None:
            self._take_weights(module)
        return module

    def _take_weights(self, module):
        """Go on from trained weights, in a module made with today's parameters."""
        try:
            module.load_state_dict(self.past.module.state_dict())
        except RuntimeError as error:
            raise ValueError(
                f"{self.past.caller} goes on with the weights of the last fit, and "
                f"the parameters now ask for a module of another shape: {error}"
            ) from error

    def run(self, module, rows, exam, device, generator, interruptible):
        """Ask for one training.

        Parameters
        ----------
        module : torch.nn.Module
            To be trained.
        rows : RenewedRows
            To learn from.
        exam : (ndarray, Knowledge) or None
            Validation rows and their targets.
        device : torch.device
            Where.
        generator : torch.Generator
            Shuffles.
        interruptible : bool
            Whether Ctrl-C ends the training and not the fit.

        Returns
        -------
        generator
            It yields the training, a ``Request``, and returns the net that it is sent.
        """
        params, objective = self.params, self.objective()
        tensors = rows.tensors(objective, module)
        valid = None if exam is None else self.tensors(*exam, objective, module)
        options = {
            **{name: getattr(params, name) for name in self.train_options},
            "batch_size": self._batch_size(rows.knowledge.n_labelled),
            "weight_decay": self.weight_decay(module),
            "device": device,
            "patience": params.n_iter_no_change if params.early_stopping else None,
            "generator": generator,
            "verbose": int(params.verbose),
            "interruptible": interruptible,
            "optimizer_state": self.moments,
            "refresh": rows.refresh,
            "renew": rows.renewer(objective, module),
        }
        draws, place = self.draws_globally(), self.run_kept and self.run_kept.next()
        return (yield Request(module, tensors, valid, objective, options, draws, place))

    def weight_decay(self, module):
        """How much the weights are held back.

        Parameters
        ----------
        module : torch.nn.Module
            To be trained.

        Returns
        -------
        float
            What the student's parameter says.
        """
        return self.params.weight_decay

    def quiet_twin(self, max_epochs):
        """A learner for a few epochs, without the user's callbacks.

        Parameters
        ----------
        max_epochs : int
            Number of epochs.

        Returns
        -------
        TorchLearner
            Otherwise the same; it does not take or leave an optimizer's state.
        """
        twin = copy.copy(self)
        # Compiling would take longer than a short run.
        quiet = {"callbacks": None, "verbose": 0, "compile": False}
        options = {**vars(self.params), **quiet, "early_stopping": False}
        twin.params = SimpleNamespace(**options | {"max_epochs": max_epochs})
        twin.moments = None
        return twin

    def _batch_size(self, n):
        if self.params.batch_size == "auto":
            # About 16 steps an epoch for tables of 256 to 4096 rows.
            return min(256, max(16, n // 16))
        return self.params.batch_size

    def tensors(self, x, knowledge, objective, module):
        """Rows in the module's dtype, weights relative to their mean.

        Parameters
        ----------
        x : ndarray of shape (n + m, n_inputs)
            The view.
        knowledge : Knowledge
            What the same rows teach.
        objective : Objective
            The loss that they are for.
        module : torch.nn.Module
            What is trained.

        Returns
        -------
        Rows
            Tensors.
        """
        parameters = (p for p in module.parameters() if p.is_floating_point())
        dtype = next(parameters, torch.zeros(0)).dtype
        soft, hard = (
            None if part is None else torch.from_numpy(self.task.measured(part))
            for part in (knowledge.soft, knowledge.hard)
        )
        soft_weight = hard_weight = labels = None
        if soft is not None:
            soft = objective.soft.prepared(soft, objective.temperature).to(dtype)
            soft_weight = _relative(knowledge.soft_weight, dtype)
            if "labels" in objective.soft.asks:
                codes = self.task.likeliest(knowledge)
                labels = torch.from_numpy(codes if codes.shape[1] > 1 else codes[:, 0])
        if hard is not None:
            hard = hard.to(dtype) if hard.is_floating_point() else hard
            hard_weight = _relative(knowledge.hard_weight, dtype)
        return Rows(
            x=self.as_tensor(x, dtype),
            soft=soft,
            soft_weight=soft_weight,
            hard=hard,
            hard_weight=hard_weight,
            n_labelled=knowledge.n_labelled,
            labels=labels,
            lengths=None
            if self.length_of is None
            else torch.from_numpy(self.length_of(x)),
        )

    def as_tensor(self, x, dtype):
        """The view as the module takes it.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view.
        dtype : torch.dtype
            Of the module.

        Returns
        -------
        Tensor of shape (n, n_inputs)
            Of that type.
        """
        # torch warns of arrays that are read-only, as joblib's are.
        return torch.from_numpy(np.require(x, requirements="W")).to(dtype)

    def fitted_scales(self, logits, knowledge):
        """What logits are to be multiplied by, after a loss that leaves it open.

        Parameters
        ----------
        logits : callable
            ``logits()`` -> those of all training rows (n, n_outputs).
        knowledge : Knowledge
            What the rows teach.

        Returns
        -------
        ndarray of shape (n_targets,) or None
            One number for each target, fitted to the teacher's answers; None where the
            loss has settled it.
        """
        if not leaves_scale_open(self.task, self.params, knowledge):
            return None
        pairs = zip(
            self.task.by_target(logits()),
            self.task.by_target(knowledge.soft),
            strict=True,
        )
        weight = knowledge.soft_weight
        return np.array([fitted_scale(part, log_p, weight) for part, log_p in pairs])


def _seeds(random):
    """Of dropout, first weights and the order of rows."""
    return random.randint(np.iinfo(np.int32).max, size=3).tolist()


def _relative(weight, dtype):
    """Weights over their mean; None where all are alike."""
    # The learning rate then means the same whatever the unit of the weights.
    relative = weight / weight.mean()
    if np.allclose(relative, 1.0, rtol=0, atol=1e-12):
        return None
    return torch.from_numpy(relative).to(dtype)
