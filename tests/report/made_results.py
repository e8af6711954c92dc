"""Results as reports find them, written by hand."""

from dataclasses import replace

import numpy as np

from skdistill.report.result import (
    Bin,
    Calibration,
    Caution,
    Cost,
    Difference,
    Fidelity,
    Gain,
    Importance,
    Interval,
    ModelQuality,
    Quality,
    Result,
    RowDifference,
    Segment,
)

#: Every name of a table can be this: markup, quotes, marks that turn the order of letters.
HOSTILE = "<script>document.title='broken'</script>\"'&amp; \u202eevil\u202c {{7*7}}"


def _around(value, width):
    return Interval(value, value - width, value + width)


def _calibration(model, shift):
    said = np.linspace(0.55, 0.95, 5)
    bins = tuple(
        Bin(float(p), _around(float(p + shift), 0.03), 300 + 40 * i)
        for i, p in enumerate(said)
    )
    return Calibration(
        model, _around(abs(shift) + 0.01, 0.008), _around(0.21, 0.02), bins
    )


def _segment(model, words, agreement, flagged, source="found"):
    return Segment(
        model,
        words,
        source,
        n_rows=214,
        agreement=_around(agreement, 0.03),
        rest=0.969,
        score=_around(0.77, 0.05),
        calibration=_around(0.021, 0.04),
        p_value=0.0004 if flagged else 0.21,
        flagged=flagged,
    )


def _row(model, position, says, teacher, difference):
    values = {"tenure": "5", "contract": "Month-to-month", "charges": "89.1"}
    why = f"contract is Month-to-month\ntenure <= 5.5\n-> {says}"
    return RowDifference(model, position, "No", says, teacher, difference, values, why)


def _history(n, start):
    return [
        {
            "epoch": e,
            "train_loss": start * 0.9**e + 0.3,
            "valid_loss": start * 0.9**e + 0.33,
            "dur": 0.1,
        }
        for e in range(1, n + 1)
    ]


def classes(students=("student",)):
    """One student of two classes, or several, with all that a report can find."""
    others = ("control", *students)
    return Result(
        task="classes",
        n_rows=2000,
        n_columns=20,
        n_sampled=2000,
        confidence=0.95,
        students=students,
        classes=("No", "Yes"),
        kinds={
            "teacher": "StackingClassifier",
            **dict.fromkeys(others, "HardDecisionTreeClassifier"),
        },
        cautions=(
            Caution("memorised", "The teacher is sure of its training rows."),
            Caution("few rows", "Fidelity rests on 214 rows of a segment."),
        ),
        quality=Quality(
            "accuracy",
            "log loss",
            (
                ModelQuality("teacher", _around(0.853, 0.015), _around(0.352, 0.02)),
                *(
                    ModelQuality(
                        s, _around(0.846 - i / 100, 0.016), _around(0.371, 0.022)
                    )
                    for i, s in enumerate(students)
                ),
                ModelQuality("control", _around(0.829, 0.016), _around(0.412, 0.024)),
            ),
            tuple(
                difference
                for s in students
                for difference in (
                    Difference(
                        s, "teacher", _around(-0.007, 0.009), _around(0.019, 0.007)
                    ),
                    Difference(
                        s, "control", _around(0.017, 0.010), _around(-0.041, 0.012)
                    ),
                )
            ),
            tuple(
                Gain(s, Interval(0.71, 0.38, 1.12), _around(0.683, 0.11))
                for s in students
            ),
        ),
        fidelity=tuple(
            Fidelity(
                s,
                2000,
                0.95,
                agreement=0.962,
                at_least=0.95412,
                kl=0.0187,
                jensen_shannon=0.0046,
                spearman=0.981,
                largest=0.48,
                quantiles={0.5: 0.021, 0.9: 0.091, 0.99: 0.31},
            )
            for s in students
        ),
        segments=tuple(
            segment
            for s in students
            for segment in (
                _segment(s, "internet is DSL", 0.958, False),
                _segment(
                    s, "contract is Month-to-month and tenure <= 5.5", 0.882, True
                ),
                _segment(s, "gender is Female", 0.961, False, "gender"),
                _segment(s, "gender is Male", 0.963, False, "gender"),
            )
        ),
        calibration=(
            _calibration("teacher", 0.01),
            *(_calibration(s, -0.02) for s in students),
            _calibration("control", -0.06),
        ),
        cost=(
            Cost("teacher", 25_100_000, 0.0121, 0.094),
            *(Cost(s, 12_300, 0.00031, 0.0019, 41_200.0) for s in students),
            Cost("control", 12_100, 0.00030, 0.0019),
        ),
        importances=tuple(
            Importance(
                name,
                _around(size, 0.01),
                {
                    s: _around(size * (1 + 0.1 * i), 0.01)
                    for i, s in enumerate(students)
                },
                name == "charges",
            )
            for name, size in (
                ("contract", 0.142),
                ("tenure", 0.121),
                ("charges", 0.064),
                ("internet", 0.031),
                ("gender", 0.0),
            )
        ),
        rows=tuple(
            row
            for s in students
            for row in (
                _row(s, 512, "Yes (63 %)", "No (85 %)", 0.48),
                _row(s, 91, "Yes (58 %)", "No (77 %)", 0.35),
            )
        ),
        histories={s: _history(30, 0.5) for s in others},
    )


def values():
    """A student of values: with its own figures, and no probabilities."""
    made = classes()
    quality = replace(made.quality, score_name="R2", loss_name="squared error")
    fidelity = Fidelity(
        "student",
        2000,
        0.95,
        r2=0.971,
        rmse=8312.4,
        spearman=0.984,
        largest=91_200.0,
        quantiles={0.5: 3120.0, 0.9: 12_400.0, 0.99: 40_100.0},
    )
    apart = replace(
        made.segments[1],
        agreement=_around(14_210.0, 1800.0),
        rest=7012.3,
        calibration=Interval(float("nan")),
    )
    row = replace(
        made.rows[0],
        student_says="104,000",
        teacher_says="195,200",
        difference=91_200.0,
        label="131,000",
    )
    kinds = dict.fromkeys(made.kinds, "HardDecisionTreeRegressor")
    return replace(
        made,
        task="values",
        classes=("price",),
        kinds=kinds,
        quality=quality,
        fidelity=(fidelity,),
        segments=(apart,),
        calibration=(),
        rows=(row,),
    )


def without_labels():
    """What can be told without y_test, and without a control."""
    made = classes()
    blank = Interval(float("nan"))
    return replace(
        made,
        quality=None,
        calibration=(),
        segments=tuple(
            replace(each, score=blank, calibration=blank) for each in made.segments
        ),
        rows=tuple(replace(each, label="") for each in made.rows),
        cost=tuple(each for each in made.cost if each.model != "control"),
        kinds={name: made.kinds[name] for name in ("teacher", "student")},
        histories={},
        cautions=(),
    )


def bare():
    """Nothing but fidelity."""
    empty = {"segments": (), "cost": (), "importances": (), "rows": ()}
    return replace(without_labels(), **empty)


def hostile():
    """Every text that comes from a table or a user is hostile."""
    made = classes(students=(HOSTILE, "student"))
    return replace(
        made,
        classes=(HOSTILE, "Yes"),
        kinds=dict.fromkeys(made.kinds, HOSTILE),
        cautions=(Caution(HOSTILE, HOSTILE),),
        quality=replace(made.quality, score_name=HOSTILE, loss_name=HOSTILE),
        segments=tuple(
            replace(s, words=HOSTILE, source=HOSTILE) for s in made.segments
        ),
        importances=tuple(replace(each, column=HOSTILE) for each in made.importances),
        rows=tuple(
            replace(
                row,
                label=HOSTILE,
                student_says=HOSTILE,
                teacher_says=HOSTILE,
                values={HOSTILE: HOSTILE},
                why=HOSTILE,
            )
            for row in made.rows
        ),
    )
