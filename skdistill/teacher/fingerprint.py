"""The content of rows and models as a short key, the same in every process.

What counts is what an object holds: parameters, fitted arrays, a booster's trees; and
which code it runs: the version of an installed library, the code itself of a function or
class of the user's own. How many threads it uses does not count. What has no content that
could be read, such as an open file, has no key.
"""

import copyreg
import hashlib
import json
import sys
import tempfile
import types
from functools import partial
from pathlib import Path

import numpy as np
from scipy import sparse

from ..tables.table import is_frame

# Numbers of threads, and generators that a fitted model no longer needs.
_WITHOUT_EFFECT = {
    *("n_jobs", "nthread", "num_threads", "thread_count", "n_threads"),
    *("_random_state", "_rng"),
}
_OF_TRAINING = {"history_", "optimizer_", "callbacks_", "criterion_"}  # skorch's
_OF_CLASSES = {
    *("__dict__", "__weakref__", "__doc__", "__module__", "__annotations__"),
    *("__abstractmethods__", "_abc_impl", "__static_attributes__", "__firstlineno__"),
    *("__parameters__", "__orig_bases__", "__slotnames__"),
}
_SHORT = 64  # bytes
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), range, slice)


def fingerprint(*parts):
    """A key of what some objects hold.

    Parameters
    ----------
    *parts : object
        Estimators fitted or not, torch modules, boosters, functions, arrays, frames,
        sparse matrices, and containers of these.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    TypeError
        If an object holds something whose content cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdistill.teacher.fingerprint import fingerprint
    >>> trees = [DecisionTreeClassifier(random_state=seed) for seed in (2, 3)]
    >>> fingerprint(trees[0]) == fingerprint(trees[1])
    False
    >>> fingerprint(np.arange(3)) == fingerprint(np.array([0, 1, 2]))
    True
    """
    return _Reading().digest(parts).hex()


class _Reading:
    """One reading: what was met before, and what is being read just now."""

    def __init__(self):
        self._known, self._open, self._plain = {}, {}, {}

    def digest(self, value):
        """Of an object of any kind (16 bytes)."""
        if isinstance(value, _PLAIN):
            said = type(value).__name__, repr(value)
            found = self._plain.get(said)
            if found is None:
                found = self._plain[said] = _hashed(*said)
            return found
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        if id(value) in self._open:  # it holds itself
            return _hashed("open", len(self._open) - self._open[id(value)])
        self._open[id(value)] = len(self._open)
        try:
            found = next(read for fits, read in _KINDS if fits(value))(self, value)
        finally:
            del self._open[id(value)]
        self._known[id(value)] = value, found  # kept alive: an id is not given twice
        return found

    def joined(self, kind, parts):
        """Of several objects in their order."""
        return _hashed(kind, *map(self.digest, parts))

    def unordered(self, kind, parts):
        """Of several objects whose order means nothing."""
        return _hashed(kind, *sorted(map(self.digest, parts)))

    def mapping(self, pairs):
        """Of keys and values."""
        return self.unordered("dict", pairs)

    def state(self, value, state):
        """Of an object of some class, from its attributes or another state.

        What a library calls a number of threads is one, also in its attributes' dicts.
        """
        if isinstance(state, dict):
            is_known = _version_of(type(value).__module__) is not None
            left_out = _WITHOUT_EFFECT if is_known else {"n_jobs"}
            state = _without(state, left_out)
            if is_known:
                state = {k: _without(v, left_out) for k, v in state.items()}
        return self.joined("object", [type(value), state])


def _without(values, names):
    if type(values) is not dict:
        return values
    return {k: v for k, v in values.items() if k not in names}


def _hashed(*parts):
    found = hashlib.sha256()  # processors of today have it built in
    for part in parts:
        part = part if isinstance(part, bytes | memoryview) else str(part).encode()
        if len(part) > _SHORT:
            found.update(len(part).to_bytes(8, "little"))
            found.update(part)
        else:  # one call rather than two
            found.update(len(part).to_bytes(8, "little") + part)
    return found.digest()[:16]


def _is_flat(dtype):
    """Whether the fields of a record are plain numbers."""
    return all(dtype.fields[name][0].kind in "biufc" for name in dtype.names)


def _written(dtype):
    """Where the bytes of a record lie; between them may be what was never written."""
    fields = [dtype.fields[name][:2] for name in dtype.names]
    spans = sorted((at, at + kind.itemsize) for kind, at in fields)
    found = [spans[0]]
    for start, stop in spans[1:]:
        if start == found[-1][1]:
            found[-1] = found[-1][0], stop
        else:
            found.append((start, stop))
    return found


def _array(reading, array):
    if array.dtype.names and _is_flat(array.dtype):
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        rows = flat.reshape(-1, array.dtype.itemsize)
        parts = [rows[:, start:stop] for start, stop in _written(array.dtype)]
        return reading.joined("fields", [str(array.dtype), array.shape, *parts])
    if array.dtype.names:
        return reading.joined("fields", [array[name] for name in array.dtype.names])
    if array.dtype == object:
        return reading.joined("objects", [array.shape, *array.ravel().tolist()])
    flat = np.ascontiguousarray(array).reshape(-1)
    return _hashed("array", array.dtype.str, array.shape, flat.view(np.uint8).data)


def _sparse(reading, matrix):
    whole = sparse.csr_matrix(matrix)
    parts = [matrix.format, whole.shape, whole.data, whole.indices, whole.indptr]
    return reading.joined("sparse", parts)


def _frame(reading, frame):
    columns = [
        frame.iloc[:, j] if hasattr(frame, "iloc") else frame.to_series(j)
        for j in range(frame.shape[1])
    ]
    index = getattr(frame, "index", None)
    return reading.joined("frame", [list(frame.columns), index, *columns])


def _is_column(value):
    library = type(value).__module__.partition(".")[0]
    return library in {"pandas", "polars"} and hasattr(value, "to_numpy")


def _column(reading, column):
    index = getattr(column, "index", None)
    name = getattr(column, "name", None)
    categories = getattr(column.dtype, "categories", None)
    if type(column).__module__.startswith("polars"):
        categories = None
    said = [str(column.dtype), name, None if callable(index) else index]
    if type(column).__name__ == "RangeIndex":
        return reading.joined("column", [*said, column.start, column.stop, column.step])
    if categories is not None:
        said.append(np.asarray(categories))
    return reading.joined("column", [*said, np.asarray(column.to_numpy())])


def _is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _tensor(reading, tensor):
    tensor = tensor.detach().cpu()
    if tensor.dtype == sys.modules["torch"].bfloat16:
        tensor = tensor.float()
    return reading.joined("tensor", [str(tensor.dtype), tensor.numpy()])


def _is_module(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _module(reading, module):
    module = getattr(module, "_orig_mod", module)  # of a compiled one
    own = {name: part for name, part in vars(module).items() if name != "training"}
    return reading.state(module, own)


def _skorch(reading, net):
    own, left_out = vars(net), _OF_TRAINING if "module_" in vars(net) else ()
    return reading.state(net, {k: v for k, v in own.items() if k not in left_out})


def _is_a(library, name):
    """Whether an object's class, or one above it, is that of a library."""
    return lambda value: any(
        c.__name__ == name and c.__module__.partition(".")[0] == library
        for c in type(value).__mro__
    )


def _lightgbm(reading, booster):
    text = booster.model_to_string(num_iteration=-1)
    trees = text.partition("\nparameters:")[0]  # among these are numbers of threads
    parts = [trees, booster.best_iteration, booster.pandas_categorical]
    return reading.joined("LightGBM", [type(booster), *parts])


def _xgboost(reading, booster):
    return reading.joined("XGBoost", [type(booster), bytes(booster.save_raw("ubj"))])


def _catboost(reading, model):
    """By its trees: its bytes hold the time of day, and change by being pickled."""
    if not model.is_fitted():
        return reading.state(model, model.get_params())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        trees = json.loads(path.read_text())
    trees.pop("model_info", None)
    text = json.dumps(trees, sort_keys=True)
    return reading.state(model, [model.get_params(), text])


def _version_of(module):
    """The version of an installed library; None for a module of the user's own."""
    root = (module or "").partition(".")[0]
    if root in sys.stdlib_module_names and root != "__main__":
        return sys.version
    return getattr(sys.modules.get(root), "__version__", None)


def _is_named(value):
    """Whether an installed library has it under its own name."""
    module, name = (
        getattr(value, "__module__", None),
        getattr(value, "__qualname__", ""),
    )
    if module is None and isinstance(value, np.ufunc):
        module, name = "numpy", value.__name__
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value and _version_of(module) is not None


def _named(reading, value):
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", value.__name__)
    return _hashed("name", module, name, _version_of(module or "numpy"))


def _function(reading, function):
    cells = [_inside(cell) for cell in function.__closure__ or ()]
    used = sorted(set(_names(function.__code__)) & set(function.__globals__))
    parts = [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        cells,
        {name: function.__globals__[name] for name in used},
    ]
    return reading.joined("function", parts)


def _inside(cell):
    try:
        return cell.cell_contents
    except ValueError:  # it is filled later, if ever
        return "empty"


def _names(code):
    """What a function and those inside it may look up outside."""
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _names(const)


def _code(reading, code):
    parts = [code.co_code, code.co_names, code.co_varnames, *code.co_consts]
    return reading.joined("code", parts)


def _class(reading, cls):
    if "__pyx_vtable__" in vars(cls):  # compiled, as parts of scikit-learn are
        return _hashed("compiled", cls.__module__, cls.__qualname__)
    own = {k: v for k, v in vars(cls).items() if k not in _OF_CLASSES}
    return reading.joined("class", [cls.__qualname__, list(cls.__bases__), own])


def _library(reading, module):
    version = _version_of(module.__name__)
    if version is not None:
        return _hashed("library", module.__name__, version)
    try:
        with open(module.__file__, "rb") as file:
            return _hashed("file", module.__name__, file.read())
    except (AttributeError, OSError) as error:
        raise TypeError(f"{module!r} has no source that could be read") from error


def _wrapped(reading, value):
    """A static or class method, or a property."""
    functions = [value.fget, value.fset] if isinstance(value, property) else []
    return reading.joined(
        type(value).__name__, functions or [getattr(value, "__func__", None)]
    )


def _object(reading, value):
    """As a pickle would take it apart."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        taken = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:
        raise TypeError(
            f"{type(value).__module__}.{type(value).__qualname__} has no content that "
            f"could be read: {error}"
        ) from error
    if isinstance(taken, str):
        version = _version_of(type(value).__module__)
        if version is None:
            raise TypeError(f"{value!r} has no content that could be read")
        return _hashed("global", type(value).__qualname__, taken, version)
    make, arguments, state, items, pairs = (*taken, None, None, None)[:5]
    return _hashed(
        "made",
        reading.joined("by", [make, arguments]),
        reading.state(value, state),
        reading.joined("items", [list(items or ()), list(pairs or ())]),
    )


#: What tells a kind of object, and what reads it, in this order.
_KINDS = (
    (lambda v: isinstance(v, np.ndarray), _array),
    (lambda v: isinstance(v, np.generic), lambda r, v: _array(r, np.asarray(v))),
    (lambda v: isinstance(v, list), lambda r, v: r.joined("list", v)),
    (lambda v: type(v) is tuple, lambda r, v: r.joined("tuple", v)),
    (lambda v: isinstance(v, dict), lambda r, v: r.mapping(v.items())),
    (lambda v: isinstance(v, set | frozenset), lambda r, v: r.unordered("set", v)),
    (sparse.issparse, _sparse),
    (is_frame, _frame),
    (_is_column, _column),
    (_is_tensor, _tensor),
    (_is_module, _module),
    (_is_a("skorch", "NeuralNet"), _skorch),
    (_is_a("lightgbm", "Booster"), _lightgbm),
    (_is_a("xgboost", "Booster"), _xgboost),
    (_is_a("catboost", "CatBoost"), _catboost),
    (lambda v: v is np.random.mtrand._rand, lambda r, v: _hashed("numpy's generator")),
    (_is_named, _named),
    (lambda v: isinstance(v, types.FunctionType), _function),
    (lambda v: isinstance(v, types.CodeType), _code),
    (lambda v: isinstance(v, type), _class),
    (lambda v: isinstance(v, types.ModuleType), _library),
    (lambda v: isinstance(v, property | staticmethod | classmethod), _wrapped),
    (
        lambda v: isinstance(v, types.MappingProxyType),
        lambda r, v: r.mapping(v.items()),
    ),
    (
        lambda v: isinstance(
            v, types.MemberDescriptorType | types.GetSetDescriptorType
        ),
        lambda r, v: _hashed("slot", v.__name__),
    ),
    (
        lambda v: hasattr(v, "__wrapped__") and callable(v) and not hasattr(v, "fit"),
        lambda r, v: r.joined("wrapped", [type(v), v.__wrapped__]),
    ),
    (
        lambda v: isinstance(v, partial),
        lambda r, v: r.joined("partial", [v.func, v.args, v.keywords]),
    ),
    (lambda v: True, _object),
)
