"""A key of what rows and models hold: equal content gives an equal key in any process.

A user's code counts by its text and what it looks up; code of installed libraries by
name and version. What leaves the answers as they are does not count: the order of a dict,
the layout of an array, the mode of a net, numbers of threads, the time of day in a model's
bytes. What has no content that could be read, such as an open file, has no key.

``joblib.hash`` is not enough. It takes code by its name alone; equal parts that are one
object give another key than equal parts that are two; and sets and dicts of mixed types
are sorted by ``hash``, which differs between processes.
"""

import copyreg
import hashlib
import json
import sys
import tempfile
import types
from collections.abc import Set
from functools import partial
from operator import methodcaller
from pathlib import Path

import numpy as np
from numpy.lib.recfunctions import repack_fields
from scipy import sparse

from ..tables.containers import is_frame
from .libraries import is_from

# Numbers of threads, and generators that a fitted model no longer needs.
_WITHOUT_EFFECT = {
    *("n_jobs", "nthread", "num_threads", "thread_count", "n_threads"),
    *("_random_state", "_rng"),
}
# Of models, configurations and tokenizers of transformers.
_OF_FILES = {
    *("name_or_path", "_name_or_path", "_commit_hash", "transformers_version"),
    *("architectures", "dtype", "torch_dtype", "_is_hf_initialized", "init_inputs"),
    *("init_kwargs", "files_loaded", "vocab_file", "merges_file", "backend", "verbose"),
    *("deprecation_warnings", "_in_target_context_manager", "_processor_class"),
    *("chat_template", "response_template", "chat_control_tokens"),
    *("_use_kernels", "_weight_conversions", "_should_update_post_processor"),
}
_OF_TRAINING = {"history_", "optimizer_", "callbacks_", "criterion_"}  # skorch's
# What Python itself, or copying and typing, writes into a class.
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
    """One reading: the digests that are known, and what is being read just now."""

    def __init__(self):
        self._known, self._open, self._plain = {}, {}, {}

    def digest(self, value):
        """16 bytes for an object of any kind."""
        if isinstance(value, _PLAIN):
            return self._digest_plain(value)
        if id(value) in self._known:
            return self._known[id(value)][1]
        if id(value) in self._open:  # it holds itself
            return _hashed("open", len(self._open) - self._open[id(value)])
        self._open[id(value)] = len(self._open)
        try:
            digest = self._digest_parts(value)
        finally:
            del self._open[id(value)]
        self._known[id(value)] = value, digest  # kept alive: an id is not given twice
        return digest

    def _digest_plain(self, value):
        kind = type(value).__name__
        if isinstance(value, str | bytes) and len(value) > _SHORT:
            return _hashed(kind, value)
        # By repr: 1, 1.0 and True are equal, and equal keys of a dict.
        text = kind, repr(value)
        if text not in self._plain:
            self._plain[text] = _hashed(*text)
        return self._plain[text]

    def _digest_parts(self, value):
        kind, read = next((kind, read) for fits, kind, read in _KINDS if fits(value))
        parts = read(value)
        digests = map(self.digest, parts)
        return _hashed(kind, *(sorted(digests) if isinstance(parts, Set) else digests))


def _hashed(*parts):
    sha = hashlib.sha256()  # processors of today have it built in
    for part in parts:
        part = part if isinstance(part, bytes | memoryview) else str(part).encode()
        if len(part) > _SHORT:
            sha.update(len(part).to_bytes(8, "little"))
            sha.update(part)
        else:  # one call rather than two
            sha.update(len(part).to_bytes(8, "little") + part)
    return sha.digest()[:16]


# What follows takes objects apart: each function returns the parts of one kind of object,
# in their order, or as a set.


def _array(array):
    array = np.asarray(array)
    dtype = array.dtype
    if dtype.hasobject and dtype.names:
        return [array[name] for name in dtype.names]
    if dtype.hasobject:
        return ["objects", array.shape, *array.ravel().tolist()]
    if dtype.names:  # between the fields there may be bytes that were never written
        array = repack_fields(array, recurse=True)
    flat = np.ascontiguousarray(array).reshape(-1)
    kind = array.dtype if dtype.names else dtype.str
    return [f"{kind} {array.shape}", _hashed(flat.view(np.uint8).data)]


def _sparse(matrix):
    whole = sparse.csr_matrix(matrix)
    return [matrix.format, whole.shape, whole.data, whole.indices, whole.indptr]


def _frame(frame):
    columns = [
        frame.iloc[:, j] if hasattr(frame, "iloc") else frame.to_series(j)
        for j in range(frame.shape[1])
    ]
    return [list(frame.columns), getattr(frame, "index", None), *columns]


def _is_column(value):
    library = type(value).__module__.partition(".")[0]
    return library in {"pandas", "polars"} and hasattr(value, "to_numpy")


def _column(column):
    index = getattr(column, "index", None)  # a method of an index, and of polars
    categories = getattr(column.dtype, "categories", None)
    return [
        str(column.dtype),
        getattr(column, "name", None),
        None if callable(index) else index,
        None if categories is None else np.asarray(categories),
        np.asarray(column.to_numpy()),
    ]


def _tensor(tensor):
    tensor = tensor.detach().cpu()
    kind = str(tensor.dtype)
    if kind == "torch.bfloat16":  # numpy has none
        tensor = tensor.float()
    return [kind, tensor.numpy()]


def _attributes(value, state):
    """The class and the attributes, or another state, without what has no effect.

    What a library calls a number of threads is one, also in its attributes' dicts; what
    a user's class calls so may be anything.
    """
    if isinstance(state, dict):
        is_known = _version_of(type(value).__module__) is not None
        names = _WITHOUT_EFFECT if is_known else {"n_jobs"}
        state = _without(state, names)
        if is_known:
            state = {k: _without(v, names) for k, v in state.items()}
    return [type(value), state]


def _without(values, names):
    if type(values) is not dict:
        return values
    return {k: v for k, v in values.items() if k not in names}


def _module(module):
    module = getattr(module, "_orig_mod", module)  # of a compiled one
    return _attributes(module, _without(vars(module), {"training"}))


def _transformer(module):
    """A model of transformers: where it was loaded from does not count."""
    return _attributes(module, _without(vars(module), _OF_FILES | {"training"}))


def _config(config):
    """What saving a model writes into its configuration does not count either."""
    return [type(config), _without(config.to_dict(), _OF_FILES)]


def _text_tokenizer(tokenizer):
    state = _without(vars(tokenizer), _OF_FILES)
    if "_special_tokens_map" in state:  # strings, or objects once they come from a file
        named = {name: str(v) for name, v in state["_special_tokens_map"].items()}
        state["_special_tokens_map"] = named
    return _attributes(tokenizer, state)


def _fast_tokenizer(tokenizer):
    """Its words and rules; how the last call cut and padded does not count."""
    state = json.loads(tokenizer.to_str())
    state = _without(state, {"truncation", "padding"})
    return [type(tokenizer), json.dumps(state, sort_keys=True)]


def _skorch(net):
    is_fitted = "module_" in vars(net)
    return _attributes(net, _without(vars(net), _OF_TRAINING if is_fitted else ()))


def _lightgbm(booster):
    text = booster.model_to_string(num_iteration=-1)
    trees = text.partition("\nparameters:")[0]  # among these are numbers of threads
    return [type(booster), trees, booster.best_iteration, booster.pandas_categorical]


def _xgboost(booster):
    return [type(booster), bytes(booster.save_raw("ubj"))]


def _catboost(model):
    """The trees' content: the bytes hold the time of day, and pickling changes them."""
    if not model.is_fitted():
        return _attributes(model, model.get_params())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        trees = json.loads(path.read_text())
    trees.pop("model_info", None)
    text = json.dumps(trees, sort_keys=True)
    return _attributes(model, [model.get_params(), text])


def _version_of(module):
    """The version of an installed library; None for a user's module."""
    root = (module or "").partition(".")[0]
    if root in sys.stdlib_module_names and root != "__main__":
        return sys.version
    return getattr(sys.modules.get(root), "__version__", None)


def _name(value):
    """The module and the name from which it says that it can be imported."""
    if isinstance(value, np.ufunc):
        return "numpy", value.__name__
    return getattr(value, "__module__", None), getattr(value, "__qualname__", "")


def _is_named(value):
    """Whether an installed library has it under the name that it gives."""
    module, name = _name(value)
    place = sys.modules.get(module)
    for part in name.split("."):
        place = getattr(place, part, None)
    # The object itself must be there: functools.wraps copies the name of what it wraps.
    return place is value and _version_of(module) is not None


def _named(value):
    module, name = _name(value)
    return [module, name, _version_of(module)]


def _function(function):
    # Only what the code may look up: with all globals of a module, the key would change
    # whenever anything in it does.
    names = set(_names(function.__code__)) & set(function.__globals__)
    return [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        [_inside(cell) for cell in function.__closure__ or ()],
        {name: function.__globals__[name] for name in names},
    ]


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


def _code(code):
    # Without lines and file: a function that only moves keeps its key.
    return [code.co_code, code.co_names, code.co_varnames, *code.co_consts]


def _class(cls):
    if "__pyx_vtable__" in vars(cls):  # compiled, as parts of scikit-learn are
        return [cls.__module__, cls.__qualname__]
    return [
        cls.__qualname__,
        list(cls.__bases__),
        _without(dict(vars(cls)), _OF_CLASSES),
    ]


def _library(module):
    version = _version_of(module.__name__)
    if version is not None:
        return [module.__name__, version]
    try:
        return [module.__name__, Path(module.__file__).read_bytes()]
    except (AttributeError, OSError) as error:
        raise TypeError(f"{module!r} has no source that could be read") from error


def _object(value):
    """The parts into which a pickle would take it."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        state = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:
        raise TypeError(
            f"{type(value).__module__}.{type(value).__qualname__} has no content that "
            f"could be read: {error}"
        ) from error
    if isinstance(state, str):  # a global's name
        version = _version_of(type(value).__module__)
        if version is None:
            raise TypeError(f"{value!r} has no content that could be read")
        return [type(value).__qualname__, state, version]
    # A reduction has two to six items; those that are left out are None.
    make, arguments, state, items, pairs = (*state, None, None, None)[:5]
    state = _attributes(value, state)
    return [make, arguments, state, list(items or ()), list(pairs or ())]


def _is(*kinds):
    return lambda value: isinstance(value, kinds)


def _is_a(library, name):
    return lambda value: is_from(value, library, name)


#: What tells a kind of object, its name, and what takes it apart; the first that fits.
_KINDS = (
    (_is(np.ndarray, np.generic), "array", _array),
    (_is(list), "list", list),
    (lambda v: type(v) is tuple, "tuple", tuple),  # a named one is more than its items
    (_is(dict, types.MappingProxyType), "dict", methodcaller("items")),
    (_is(set, frozenset), "set", frozenset),
    (sparse.issparse, "sparse", _sparse),
    (is_frame, "frame", _frame),
    (_is_column, "column", _column),
    (_is_a("torch", "Tensor"), "tensor", _tensor),
    (_is_a("transformers", "PreTrainedModel"), "object", _transformer),
    (_is_a("transformers", "PreTrainedConfig"), "object", _config),
    (_is_a("transformers", "PreTrainedTokenizerBase"), "object", _text_tokenizer),
    (_is_a("tokenizers", "Tokenizer"), "object", _fast_tokenizer),
    (_is_a("torch", "Module"), "object", _module),
    (_is_a("skorch", "NeuralNet"), "object", _skorch),
    (_is_a("lightgbm", "Booster"), "LightGBM", _lightgbm),
    (_is_a("xgboost", "Booster"), "XGBoost", _xgboost),
    (_is_a("catboost", "CatBoost"), "object", _catboost),
    # numpy's global generator: its state moves on whoever draws.
    (lambda v: v is np.random.mtrand._rand, "numpy's generator", lambda v: ()),
    # What a library has by name and version; below, what a user wrote by its code.
    (_is_named, "name", _named),
    (_is(types.FunctionType), "function", _function),
    (_is(types.CodeType), "code", _code),
    (_is(type), "class", _class),
    (_is(types.ModuleType), "library", _library),
    (_is(property), "property", lambda v: [v.fget, v.fset]),
    (_is(staticmethod), "static method", lambda v: [v.__func__]),
    (_is(classmethod), "class method", lambda v: [v.__func__]),
    (
        _is(types.MemberDescriptorType, types.GetSetDescriptorType),
        "slot",
        lambda v: [v.__name__],
    ),
    (
        lambda v: hasattr(v, "__wrapped__") and callable(v) and not hasattr(v, "fit"),
        "wrapped",
        lambda v: [type(v), v.__wrapped__],
    ),
    (_is(partial), "partial", lambda v: [v.func, v.args, v.keywords]),
    (lambda v: True, "object", _object),
)
