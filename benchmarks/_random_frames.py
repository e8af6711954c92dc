"""Frames as people might bring them, and worse ones, from any source of random numbers.

All draws go through the methods of ``random.Random``: with one of these a frame is known
by its seed alone, whatever the versions of other libraries; with hypothesis' own
(``strategies.randoms``) a failing frame is made smaller.
"""

import datetime
import unicodedata
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd

INTEGERS = [f"{sign}{bits}" for sign in ("int", "uint") for bits in (8, 16, 32, 64)]
ODD_FLOATS = (0.0, -0.0, 1.0, 1e308, -1e308, 5e-324, 1e-40, 1.7e9, 2.0**53 + 1, 1e22)
WORDS = (
    "u",
    "v",
    "two words",
    "",
    "nan",
    "None",
    "1",
    "True",
    "<NA>",
    "ä",
    "a\nb",
    "$x$",
)
NAMES = (
    *(
        "",
        " ",
        "a",
        "a b",
        "a_b",
        "a[0]",
        "x<3",
        "x>3",
        "$x$",
        "$",
        "a$b",
        "x^2_i",
        "\\",
    ),
    *("{}", "x in {y}", "%s", '"', "'", "a\nb", "\t", "\r\n", "\0", "nan", "None", "0"),
    *(
        "feature_0",
        "näme",
        "cafe\u0301",
        "שלום",
        "مرحبا\u200f",
        "😀",
        "長" * 9,
        "w" * 200,
    ),
)
GAPS = (None, float("nan"), pd.NA)


def _cells(random, n, cell, gaps=()):
    """n values, of which some may repeat, be all the same, or be gaps."""
    pool = [cell() for _ in range(min(n, random.choice([1, 2, 3, 8, n, n])))]
    values = pool if len(pool) == n else [random.choice(pool) for _ in range(n)]
    share = random.choice([0, 0, 0.1, 0.5, 0.95]) if gaps else 0
    if not share:
        return values
    return [random.choice(gaps) if random.random() < share else v for v in values]


def _objects(values):
    return pd.Series(values, dtype=object)


def _whole(random, name):
    """A function that draws integers of that type, from a range drawn once."""
    info = np.iinfo(name.lower().partition("[")[0])
    low, high = random.choice(
        [(0, 1), (0, 5), (-100, 100), (1_700_000_000, 1_700_000_999), (-(2**63), 2**64)]
    )
    low, high = max(low, info.min), min(high, info.max)
    return lambda: random.randint(min(low, high), high)


def _real(random):
    """A function that draws floats, of a scale drawn once."""
    scale = 10.0 ** random.choice([-300, -12, -3, 0, 0, 0, 3, 12, 300])
    return random.choice(
        [
            lambda: random.random() * scale,
            lambda: (random.random() - 0.5) * scale,
            lambda: 1e9 + random.random() * scale,
            lambda: random.choice([0.5, 1.0, 2.5]) * scale,
            lambda: 10.0 ** random.randint(-320, 308) * random.choice([-1, 1]),
            lambda: random.choice(ODD_FLOATS),
        ]
    )


def _text(random):
    return random.choice([lambda: random.choice(WORDS), lambda: any_text(random)])


def any_text(random, most=8):
    """Characters of any kind but surrogates, which cannot be printed."""
    tops = [0x7F, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF]
    codes = [
        random.randint(1, random.choice(tops)) for _ in range(random.randint(0, most))
    ]
    return "".join(chr(c) for c in codes if unicodedata.category(chr(c)) != "Cs")


def integers(random, n):
    name = random.choice(INTEGERS)
    return pd.Series(_cells(random, n, _whole(random, name)), dtype=name)


def nullable_integers(random, n):
    name = random.choice(["Int8", "Int64", "UInt16", "UInt64", "int64[pyarrow]"])
    return pd.Series(_cells(random, n, _whole(random, name), [pd.NA]), dtype=name)


def floats(random, n):
    name = random.choice(["float16", "float32", "float64", "float64", "float64"])
    top = float(np.finfo(name).max)
    values = _cells(random, n, _real(random), [float("nan")])
    return pd.Series(np.clip(np.array(values, dtype=float), -top, top).astype(name))


def nullable_floats(random, n):
    name = random.choice(["Float64", "double[pyarrow]"])
    return pd.Series(_cells(random, n, _real(random), [pd.NA]), dtype=name)


def sparse_floats(random, n):
    return pd.Series(
        pd.arrays.SparseArray(_cells(random, n, _real(random)), dtype=float)
    )


def booleans(random, n):
    name = random.choice(["bool", "boolean", "bool[pyarrow]", "object"])
    gaps = {"bool": (), "object": GAPS}.get(name, [pd.NA])
    values = _cells(random, n, lambda: random.random() < 0.5, gaps)
    return pd.Series(values, dtype=name)


def number_objects(random, n):
    cell = random.choice(
        [
            _real(random),
            _whole(random, "int64"),
            lambda: Decimal(random.randint(-999, 999)) / 8,
            lambda: Fraction(random.randint(-9, 9), 7),
            lambda: np.float32(random.random()),
            lambda: random.choice([1, 2.5, True, Decimal("1.5"), np.int8(3)]),
        ]
    )
    return _objects(_cells(random, n, cell, [*GAPS, Decimal("NaN")]))


def decimals(random, n):
    import pyarrow

    values = _cells(random, n, lambda: Decimal(random.randint(-999, 999)) / 4, [None])
    return pd.Series(values, dtype=pd.ArrowDtype(pyarrow.decimal128(12, 2)))


def strings(random, n):
    name = random.choice(["object", "object", "str", "string", "string[pyarrow]"])
    gaps = [pd.NA] if name.startswith("string") else GAPS
    values = _cells(random, n, _text(random), gaps)
    return pd.Series(values, dtype=object if name == "str" else name).astype(name)


def categories(random, n):
    cell = random.choice(
        [
            _text(random),
            _text(random),
            _whole(random, "int8"),
            lambda: random.choice([0.5, 1e300, -3.0]),
            lambda: random.random() < 0.5,
        ]
    )
    values = _cells(random, n, cell, [None])
    known = list(dict.fromkeys(v for v in values if v is not None))
    if random.random() < 0.3:  # one that no row has
        known += [value for value in [cell()] if value not in known]
    random.shuffle(known)
    return pd.Series(pd.Categorical(values, known, ordered=random.random() < 0.4))


def gaps(random, n):
    """A column that holds nothing."""
    name = random.choice(
        ["object", "float64", "Int64", "boolean", "string", "category", "null[pyarrow]"]
    )
    value = random.choice(GAPS) if name == "object" else None
    return pd.Series([value] * n, dtype=name)


def intervals(random, n):
    """What pandas.cut makes."""
    values = np.array(_cells(random, n, random.random, [float("nan")]), dtype=float)
    return pd.Series(pd.cut(values, [0, 0.2, 0.5, 1]))


def times(random, n):
    def day():
        return datetime.datetime(1970, 1, 1) + datetime.timedelta(
            random.randint(0, 9999)
        )

    stamps = pd.Series(pd.to_datetime(_cells(random, n, day, [None])))
    return random.choice(
        [
            lambda: stamps,
            lambda: stamps.astype("datetime64[s]"),
            lambda: stamps.dt.tz_localize("Asia/Tokyo"),
            lambda: stamps - datetime.datetime(2000, 1, 1),
            lambda: stamps.dt.to_period("M"),
            lambda: stamps.astype(object),
            lambda: _objects([pd.NaT if pd.isna(s) else s.date() for s in stamps]),
            lambda: stamps.astype("category"),
            lambda: _objects([pd.NaT] * n),
            lambda: stamps.astype("timestamp[us][pyarrow]"),
        ]
    )()


def infinities(random, n):
    infinite = float("inf")
    cell = random.choice([lambda: infinite, lambda: random.choice([1.0, -infinite])])
    values = _cells(random, n, cell, [float("nan")])
    return pd.Series(values, dtype=random.choice(["float64", "float32", "object"]))


def mixtures(random, n):
    """Objects of several kinds, or of kinds that are neither numbers nor strings."""
    cells = [
        lambda: random.choice([1, "a", 2.5, True, None]),
        lambda: random.choice([b"a", b"\xff"]),
        lambda: complex(random.random(), 1),
        lambda: [random.randint(0, 3)],
        lambda: {"a": random.randint(0, 3)},
        lambda: (random.randint(0, 3), "a"),
        lambda: np.arange(random.randint(0, 3)),
        lambda: random.choice([Decimal("sNaN"), Decimal("Infinity"), Decimal(1)]),
        lambda: 10 ** random.choice([2, 400]),
        lambda: pd.Timestamp(2020, 1, random.randint(1, 9)),
        lambda: pd.Interval(0, random.randint(1, 3)),
        lambda: frozenset([random.randint(0, 3)]),
        object,
    ]
    return _objects(_cells(random, n, random.choice(cells), GAPS))


def complexes(random, n):
    return pd.Series(
        _cells(random, n, lambda: complex(random.random(), 1)), dtype=complex
    )


def mixed_categories(random, n):
    values = _cells(random, n, lambda: random.choice([1, "a", 2.5, (1, 2)]), [None])
    known = list(dict.fromkeys(v for v in values if v is not None))
    return pd.Series(pd.Categorical(values, known))


#: What a student reads; and what it may refuse, which says why in one sentence.
READABLE = (
    *(integers, integers, nullable_integers, floats, floats, floats, nullable_floats),
    *(
        booleans,
        number_objects,
        decimals,
        strings,
        strings,
        categories,
        categories,
        gaps,
    ),
    sparse_floats,
)
DOUBTFUL = (intervals, times, times, infinities, mixtures, complexes, mixed_categories)


def column(random, n, kinds=READABLE + DOUBTFUL):
    """One column of n rows."""
    return random.choice(kinds)(random, n)


def names(random, n):
    """Labels for n columns: mostly strings, and seldom of several types."""
    whole = [lambda: random.randint(0, 50)]
    text = [lambda: random.choice(NAMES), lambda: any_text(random)]
    plain = [lambda: random.choice("abc") + str(random.randint(0, 999))]
    others = [
        lambda: (random.choice("ab"), random.randint(0, 2)),
        lambda: random.choice([None, 1.5, float("nan"), True]),
        lambda: pd.Timestamp(2020, 1, random.randint(1, 9)),
    ]
    style = random.choice(
        [plain, plain, text, text, [*plain, *text], whole, others[:1]]
    )
    if random.random() < 0.04:
        style = [*text, *whole, *others]
    found = [random.choice(style)() for _ in range(n)]
    if random.random() < 0.2:  # repeats as they come
        return found
    return [
        _other(name, j) if name in found[:j] else name for j, name in enumerate(found)
    ]


def _other(name, j):
    """A label of the same type that no other column has."""
    if isinstance(name, tuple):
        return name[0], 100 + j
    return 100 + j if isinstance(name, int) else f"{name} {j}"


def _size(random, most):
    """From nothing, which is seldom, to `most`, often small."""
    least = int(random.random() > 0.04)
    return random.randint(least, random.choice([min(3, most), most // 4, most, most]))


def frame(random, most_rows=60, most_columns=40):
    """A frame of any mix of columns, with repeats of rows and of columns."""
    n, width = _size(random, most_rows), _size(random, most_columns)
    kinds = [random.choice(READABLE) for _ in range(random.randint(1, 6))]
    columns = [column(random, n, kinds) for _ in range(width)]
    if width and random.random() < 0.15:
        columns[random.randrange(width)] = column(random, n, DOUBTFUL)
    for j in range(width):
        if random.random() < 0.05:
            columns[j] = columns[random.randrange(width)].copy()
    table = pd.DataFrame(dict(enumerate(columns)), index=range(n))
    table = table.set_axis(_axis(random, names(random, width)), axis=1)
    if n and random.random() < 0.2:
        few = random.randint(1, n)
        table = table.take([random.randrange(few) for _ in range(n)])
    return table.set_axis(_index(random, n), axis=0)


def _axis(random, labels):
    """Tuples may be levels, as pandas takes them by default, or labels."""
    return pd.Index(labels, tupleize_cols=random.random() < 0.5)


def _index(random, n):
    return random.choice(
        [
            lambda: pd.RangeIndex(n),
            lambda: pd.RangeIndex(n),
            lambda: pd.Index([random.randint(0, 5) for _ in range(n)], dtype="int64"),
            lambda: pd.Index([f"row {i}" for i in range(n)], dtype=object),
            lambda: pd.MultiIndex.from_arrays([range(n), range(n)]),
            lambda: pd.date_range("2020-01-01", periods=n),
        ]
    )()


def labels(random, n):
    """Classes for n rows: of any type, one to many of them, seldom with gaps."""
    most = 1 if random.random() < 0.05 else random.choice([2, 2, 3, 5, n + 1])
    pool = random.choice(
        [
            lambda: list(range(most)),
            lambda: [random.randint(-(10**9), 10**9) for _ in range(most)],
            lambda: [False, True][:most],
            lambda: [float(k) for k in range(most)],
            lambda: [f"class {k}" for k in range(most)],
            lambda: [any_text(random) for _ in range(most)],
            lambda: ["yes", "no", "", "ä", "nan"][:most],
        ]
    )()
    found = [random.choice(pool) for _ in range(n)]
    if random.random() < 0.05:
        return _objects([random.choice([v, *GAPS]) for v in found])
    are_texts = all(isinstance(value, str) for value in found)
    return _held(random, found, ["category", "object" if are_texts else "category"])


def values(random, n):
    """Targets of a regressor for n rows: of wild scales, constants, seldom with gaps."""
    scale = 10.0 ** random.choice([-300, -12, -3, 0, 0, 0, 3, 12, 150, 300])
    offset = random.choice([0.0, 0.0, 1.0, 1e9, -1e12])
    cell = random.choice(
        [
            lambda: offset + scale * random.gauss(0, 1),
            lambda: offset + scale * random.gauss(0, 1),
            lambda: offset,
            lambda: random.randint(0, 3),
            lambda: random.choice(ODD_FLOATS),
        ]
    )
    odd = [float("nan"), float("inf")] if random.random() < 0.05 else ()
    found = [float(value) for value in _cells(random, n, cell, odd)]
    small = max(map(abs, found), default=0.0) < 1e30
    return _held(random, found, ["Float64", "float32" if small else "Float64"])


def _held(random, found, dtypes):
    """In a list, an array, or a series, maybe of one of these types."""
    holder = random.choice([list, np.array, pd.Series, "dtype"])
    if holder == "dtype":
        return pd.Series(found).astype(random.choice(dtypes))
    return holder(found)
