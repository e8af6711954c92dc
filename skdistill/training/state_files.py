"""The states of one training on the disk, and whose they are."""

from ..disk.writing import remove_leftovers
from ..warn import warn
from .keeping import Damaged, key_of, read_state, weights_of, write_state
from .runs import listed
from .streamed import StreamedRows

_ENDING = ".ckpt"
# Options of a training that its steps depend on; the student's parameters have keys too.
_OF_IDENTITY = (
    *("max_epochs", "batch_size", "lr", "lr_schedule", "optimizer", "weight_decay"),
    *("device", "compile", "patience", "tol", "ema_decay", "refresh"),
)


class Files:
    """The states of one training on the disk, of which the last ones are there.

    Parameters
    ----------
    place : Place
        Where.
    identity : dict of {str: str}
        What must be the same when it goes on, and a key for each.
    """

    def __init__(self, place, identity):
        self.place, self.identity = place, identity
        remove_leftovers(place.folder)
        self._forgotten = set()

    def newest(self):
        """The newest state that can be read.

        Returns
        -------
        dict or None
            None if there is none.

        Raises
        ------
        ValueError
            If all are damaged, or it is of another training.
        """
        damaged = []
        for path in self._paths()[::-1]:
            try:
                state = read_state(path)
            except Damaged as error:
                damaged.append(path)
                what = error
                continue
            self._check(state["identity"])
            if damaged:
                warn(f"checkpoint: {what}; an older one is taken, {path.name}.")
            self._forgotten.update(damaged)
            return state
        if damaged:
            raise ValueError(
                f"checkpoint={str(self.place.folder)!r}: {what}, and no older one can be "
                "read. Delete this folder to do the training anew."
            )
        return None

    def _check(self, identity):
        names = sorted({*identity, *self.identity})
        found = [n for n in names if identity.get(n) != self.identity.get(n)]
        if found:
            raise ValueError(
                f"checkpoint={str(self.place.checkpoint.path)!r} is of another fit: in "
                f"training {self.place.number}, {listed(found)} differ. If the arguments "
                "are the same, the teacher is not, or what comes before the training "
                "comes out otherwise each time: give an unfitted teacher a random_state, "
                "or the student a memory. A student that goes on from another fit "
                "(warm_start) needs a folder of its own."
            )

    def write(self, name, state):
        """Keep a state, and forget those that are too many.

        Parameters
        ----------
        name : str
            Of the file; later states have later names.
        state : dict
            From ``frozen``.

        Returns
        -------
        int
            Bytes.
        """
        self.place.folder.mkdir(exist_ok=True)
        path = self.place.folder / (name + _ENDING)
        size = write_state(path, {**state, "identity": self.identity})
        good = [each for each in self._paths() if each not in self._forgotten]
        for old in [*self._forgotten, *good[: -self.place.checkpoint.keep]]:
            old.unlink(missing_ok=True)
        self._forgotten.clear()
        return size

    def _paths(self):
        return sorted(self.place.folder.glob("*" + _ENDING))


def identity_of(module, rows, valid, options):
    """What must be the same when a training goes on.

    Parameters
    ----------
    module : torch.nn.Module
        Initialised.
    rows : Rows
        To learn from.
    valid : Rows or None
        To watch.
    options : dict
        Of the training.

    Returns
    -------
    dict of {str: str}
        A key, or words, for each.
    """
    weights = weights_of(module)
    identity = {name: _words(options[name]) for name in _OF_IDENTITY}
    identity["the student's first weights"] = key_of(*weights.values())
    identity["the module's parts"] = ", ".join(
        f"{name} {tuple(tensor.shape)}" for name, tensor in weights.items()
    )
    return identity | _keys_of(rows, "") | _keys_of(valid, " to be watched")


def _words(value):
    # A user's optimizer has a key among the student's parameters.
    return getattr(value, "__qualname__", None) or str(value)


def _keys_of(rows, where):
    if rows is None:
        return {f"rows{where}": "none"}
    if isinstance(rows, StreamedRows):  # what they teach is in the same records
        parts = [f"{rows.n_labelled} {rows.file.digest()}"]
        more = _keys_of(rows.transfer, "").values()
        return {f"rows{where}": ", ".join([*parts, *more])}
    targets = (rows.soft, rows.hard, rows.labels)
    weights = (rows.soft_weight, rows.hard_weight)
    return {
        f"rows{where}": f"{rows.n_labelled} {key_of(rows.x, rows.lengths)}",
        f"the teacher's answers and labels{where}": key_of(*targets),
        f"the weights of the rows{where}": key_of(*weights),
    }
