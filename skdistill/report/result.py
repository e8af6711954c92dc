"""What a report found: plain frozen data, which every view of it reads.

Models are called by name: "teacher", "control", and each student as its user called it
("student" where there is one). A figure that cannot be had is NaN, a section that was not
asked for, or has nothing to say, is None or empty.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

NAN = float("nan")


class Interval(NamedTuple):
    """A figure and the ends of its interval; NaN where it is not known."""

    value: float
    low: float = NAN
    high: float = NAN


@dataclass(frozen=True)
class ModelQuality:
    """How good the answers of one model are, by the labels."""

    model: str
    score: Interval  # a share of rows, or R2: larger is better
    loss: Interval  # nats, or squared units of y: smaller is better


@dataclass(frozen=True)
class Difference:
    """A model less another on the same rows, so that what is common to both cancels."""

    model: str
    other: str
    score: Interval
    loss: Interval


@dataclass(frozen=True)
class Gain:
    """The share of the teacher's advantage over the control that a student keeps."""

    model: str
    score: Interval
    loss: Interval
    undefined: str = ""  # why a share makes no sense: the teacher is no better


@dataclass(frozen=True)
class Quality:
    """Teacher, students and control against the labels."""

    score_name: str
    loss_name: str
    models: tuple[ModelQuality, ...]
    differences: tuple[Difference, ...]
    gains: tuple[Gain, ...]  # empty without a control


@dataclass(frozen=True)
class Fidelity:
    """How one student's answers compare with the teacher's, whatever the labels."""

    model: str
    n_rows: int
    confidence: float
    # Classes and several labels: the share of rows (or of row-label pairs) decided alike.
    agreement: float = NAN
    at_least: float = NAN  # one-sided lower bound, exact for classes
    # Of several labels: rows that are decided alike in all; exact lower bound.
    rows_alike: float = NAN
    rows_at_least: float = NAN
    kl: float = NAN  # nats
    jensen_shannon: float = NAN  # nats
    # Values and quantiles.
    r2: float = NAN
    rmse: float = NAN
    # All.
    spearman: float = NAN
    largest: float = NAN  # of the differences in any probability or value
    # Shares of rows -> size of the difference that so many stay within.
    quantiles: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Segment:
    """Rows that some words describe, and how a student fares on them."""

    model: str
    words: str  # "contract is Month-to-month and tenure <= 5.5"
    source: str  # "found" by a tree, or the name of a column that the user asked for
    n_rows: int
    # Share of rows decided alike; of values, the root mean squared difference.
    agreement: Interval
    rest: float  # the same figure on all other rows
    score: Interval  # of the student, by the labels
    calibration: Interval  # mean probability less frequency, of the class decided for
    p_value: float  # that the segment is no worse than the rest
    flagged: bool  # beyond multiple testing


@dataclass(frozen=True)
class Bin:
    """Rows of like confidence: what was said, and what came true."""

    said: float
    came_true: Interval
    n_rows: int


@dataclass(frozen=True)
class Calibration:
    """Whether a model's probabilities (or quantiles) are what comes true."""

    model: str
    ece: Interval  # expected calibration error
    brier: Interval
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Cost:
    """What a model weighs and takes."""

    model: str
    n_bytes: float  # of its pickle, a student's without its teacher; NaN without one
    one_row: float  # seconds
    thousand_rows: float  # seconds
    # Rows after which the student has saved the seconds that its fit took; infinite where
    # it is no faster than the teacher.
    break_even: float = NAN
    note: str = ""  # why n_bytes is not known


@dataclass(frozen=True)
class Importance:
    """By how much the answers move when one column is shuffled."""

    column: str
    teacher: Interval
    students: dict[str, Interval]
    parts: bool  # student and teacher differ by more than chance


@dataclass(frozen=True)
class RowDifference:
    """One row on which a student and the teacher differ most."""

    model: str
    position: int  # in X_test
    label: str  # "" without y_test
    student_says: str  # "Yes (63 %)", "104,000"
    teacher_says: str
    difference: float
    values: dict[str, str]  # the row, by column
    why: str  # how the student came to its answer; "" where nothing can be read


@dataclass(frozen=True)
class Caution:
    """Something that its reader should know before a figure is believed."""

    kind: str  # "seen rows", "no better", "memorised", "few rows", "sampled", ...
    words: str


@dataclass(frozen=True)
class Result:
    """All that a report found."""

    task: str  # "classes", "labels", "values" or "quantiles"
    n_rows: int
    n_columns: int
    n_sampled: int  # rows that the costly sections looked at
    confidence: float
    students: tuple[str, ...]
    classes: tuple[str, ...]  # classes, labels or targets
    kinds: dict[str, str]  # model -> what it is: "HardDecisionTreeClassifier"
    cautions: tuple[Caution, ...]
    quality: Quality | None
    fidelity: tuple[Fidelity, ...]
    segments: tuple[Segment, ...]
    calibration: tuple[Calibration, ...]
    cost: tuple[Cost, ...]
    importances: tuple[Importance, ...]
    rows: tuple[RowDifference, ...]
    histories: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # how it was computed: seeds, resamples, sampling
