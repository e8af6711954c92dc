"""The report from a terminal: models and tables from files, a page into one."""

import argparse
import json
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import joblib

from .. import __version__
from .command_words import about_columns, in_options, with_cautions_in_options

_TRUST = (
    "{files}: loading a joblib file runs the code that is in it. If you know who wrote "
    "it, give --trust."
)
_EXAMPLE = (
    "example: python -m skdistill report student.joblib test.csv --target churn "
    "--teacher stack.joblib -o report.html --trust"
)


_TABLES = {".csv", ".parquet", ".pq"}
_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # in the place of commas


class CommandError(Exception):
    """What is wrong with files or options, in words for the terminal."""


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        In place of the process's own.

    Returns
    -------
    int
        0; 1 where no report could be made; 2 where files or options are wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        _check(options)
        _report(options)
    except CommandError as error:
        return _failed(2, error)
    except (ImportError, OSError, TypeError, ValueError) as error:
        return _failed(1, in_options(f"{error}{_hint(options, error)}", options.table))
    return 0


def _hint(options, error):
    """What the words of a library's error mean for a table from a file."""
    if "categorical" not in str(error):
        return ""
    if ".csv" in Path(options.table).suffixes:
        return " A CSV file loses the types of columns: give the table as Parquet."
    return " Write the Parquet file from a frame whose columns have the type category."


def _failed(code, error):
    print(f"skdistill report: {error}", file=sys.stderr)
    return code


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m skdistill", description="Knowledge distillation."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    report = commands.add_parser(
        "report",
        help="how much of a teacher is left in a student",
        description="How much of a teacher is left in a student, on rows that neither was "
        "trained on. Prints a table; -o writes a page.",
        epilog=_EXAMPLE,
    )
    add = report.add_argument
    add("student", help="joblib file of a fitted student, or of a pipeline with one")
    add("table", help="rows to compare on: .csv (also compressed) or .parquet")
    add("--target", help="column with the labels; without it, fidelity alone is shown")
    add(
        "--teacher",
        help="joblib file; by default the teacher that the student has kept",
    )
    add("--control", help='joblib file of a student of the labels alone, or "fit"')
    add(
        "--train",
        help="table of the training rows: looked up, and fitted by --control fit",
    )
    add("--columns", default="", help="columns by whose values to compare: a,b,c")
    add("--ignore", default="", help="columns that the models do not know: id,date")
    add("-o", "--output", help="file to write: .html, or .json for the figures")
    add("--title", help="heading of the page")
    add(
        "--confidence", type=_confidence, default=0.95, help="of bounds (default: 0.95)"
    )
    add("--max-rows", type=_count(1), default=20_000, help="of more, so many are drawn")
    add(
        "--allow-seen",
        action="store_true",
        help="go on with rows that stand in --train",
    )
    add("--seed", type=_count(0), default=0, help="of all draws (default: 0)")
    add("--quiet", action="store_true", help="no progress bar")
    add("--trust", action="store_true", help="load the joblib files, which run code")
    return parser


def _confidence(text):
    if not re.fullmatch(r"0?\.\d+", text) or not 0.5 < float(text) < 1:
        raise argparse.ArgumentTypeError(
            f"{text} is not between 0.5 and 1: give a number such as 0.95"
        )
    return float(text)


def _count(least):
    def read(text):  # numpydoc ignore=GL08
        if not text.isdecimal() or not least <= int(text) < 1 << 32:
            raise argparse.ArgumentTypeError(
                f"{text} is no whole number from {least} on, below 2 ** 32"
            )
        return int(text)

    return read


def _check(options):
    """Find what is wrong before anything is loaded."""
    fits = options.control == "fit"
    models = [options.student, options.teacher, None if fits else options.control]
    models = [path for path in models if path]
    tables = [options.table, *([options.train] if options.train else [])]
    _check_files(models, tables)
    if not options.trust:
        raise CommandError(_TRUST.format(files=", ".join(models)))
    if fits and not (options.train and options.target):
        raise CommandError("--control fit needs --train and --target.")
    if options.output:
        _check_output(Path(options.output))


def _check_files(models, tables):
    for path in [*models, *tables]:
        if not Path(path).is_file():
            what = (
                "that is a folder" if Path(path).is_dir() else "there is no such file"
            )
            raise CommandError(f"{path}: {what}.")
    for path in models:
        if _TABLES.intersection(Path(path).suffixes):
            raise CommandError(
                f"{path}: that is a table, and a joblib file of a model is wanted here. "
                "The student comes first, then the table."
            )
    for path in tables:
        if not _TABLES.intersection(Path(path).suffixes):
            raise CommandError(
                f"{path}: tables are .csv (also .csv.gz and the like) or .parquet."
            )


def _check_output(path):
    if path.suffix not in {".html", ".json"}:
        raise CommandError(f"{path}: -o takes a name that ends in .html or .json.")
    if not path.absolute().parent.is_dir():
        raise CommandError(f"{path}: there is no such folder.")
    if path.suffix == ".html" and find_spec("jinja2") is None:
        raise CommandError("A page needs more packages: pip install skdistill[report].")


def _report(options):
    models, tables = _models(options), _tables(options)
    try:
        report = _made(options, models, tables)
    except ValueError as error:
        raise _about_columns(options, models, tables["X_test"], error) from error
    report.result = with_cautions_in_options(report.result, options.table)
    print(report)
    if options.output:
        _write(report, Path(options.output), options.title)
        print(f"Written to {options.output}.")


def _made(options, models, tables):
    from .report import DistillationReport

    return DistillationReport(
        **models,
        **tables,
        columns=_names(options.columns),
        confidence=options.confidence,
        allow_seen=options.allow_seen,
        max_rows=options.max_rows,
        random_state=options.seed,
        # A bar is for people: not for a file that keeps the standard error.
        verbose=int(sys.stderr.isatty() and not options.quiet),
    )


def _about_columns(options, models, X, error):
    """An error of a model that cannot answer, if the columns of the table are why."""
    for role, model in models.items():
        if f"{error}".startswith(role) and "cannot answer" in f"{error}":
            said = about_columns(role, model, X, options)
            return ValueError(said) if said else error
    return error


def _models(options):
    models = {"student": _loaded(options.student)}
    if options.teacher:
        models["teacher"] = _loaded(options.teacher)
    if options.control:
        fits = options.control == "fit"
        models["control"] = "fit" if fits else _loaded(options.control)
    _check_models(options, **models)
    return models


def _check_models(options, student, teacher=None, control=None):
    """Refuse what a file may hold in the place of a model."""
    from ..teacher.dialects import as_model
    from ..teacher.members import members_of
    from .models import named_students, the_teacher

    for path, model in [(options.student, student), (options.control, control)]:
        if not (
            model is None or hasattr(model, "predict") or isinstance(model, dict | str)
        ):
            raise CommandError(
                f"{path} holds {_thing(model)}, and a fitted model is wanted."
            )
    if teacher is None:
        students = named_students(student)
        try:
            the_teacher(students, None)
        except ValueError as error:
            raise CommandError(
                f"{options.student} holds no teacher to compare with: give the file of the "
                "fitted one by --teacher."
            ) from error
    for member in [] if teacher is None else members_of(teacher):
        try:
            as_model(member).check()
        except TypeError as error:
            raise CommandError(
                f"{options.teacher} holds {_thing(member)}, and a fitted model is wanted."
            ) from error


def _thing(held):
    return f"an object of the class {type(held).__name__}"


def _loaded(path):
    try:
        return joblib.load(path)
    except Exception as error:  # whatever the code in it raises
        raise CommandError(
            f"{path} cannot be loaded ({type(error).__name__}: {error}). It must have been "
            "written by joblib.dump, with the same libraries."
        ) from error


def _tables(options):
    X, y = _read(options.table, options)
    tables = {"X_test": X, "y_test": y}
    if options.train:
        tables["X_train"], tables["y_train"] = _read(options.train, options)
    missing = [name for name in _names(options.columns) if name not in X.columns]
    if missing:
        left = ", without what --ignore and --target take away" * bool(
            set(missing) & {options.target, *_names(options.ignore)}
        )
        raise CommandError(
            f"--columns: {options.table} has no {', '.join(missing)}{left}."
        )
    return tables


def _read(path, options):
    """The rows of a table without its target and ignored columns, and the target."""
    frame = _frame(Path(path))
    taken = [options.target] if options.target else []
    for name in [*taken, *_names(options.ignore)]:
        if name not in frame.columns:
            shown = ", ".join(map(str, frame.columns[:8]))
            more = ", ..." if len(frame.columns) > 8 else ""
            raise CommandError(f"{path} has no column {name!r}, but {shown}{more}.")
    y = frame[options.target] if options.target else None
    return frame.drop(columns=[*taken, *_names(options.ignore)]), y


def _frame(path):
    if find_spec("pandas") is None:
        raise CommandError("Tables need pandas: pip install skdistill[report].")
    import pandas as pd

    try:
        if path.suffix in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        _check_header(path, pd.read_csv(path, header=None, nrows=1, dtype=str))
        return pd.read_csv(path)
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not in UTF-8: write it so.") from error
    except pd.errors.EmptyDataError as error:
        raise CommandError(f"{path} is empty.") from error
    except (ImportError, OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _check_header(path, first):
    """Refuse names that pandas would change, or take for one."""
    names = first.iloc[0].dropna().tolist()
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise CommandError(
            f"{path} has several columns of one name, {', '.join(twice)}: give each its "
            "own."
        )
    for mark, called in _MARKS.items():
        if len(names) == 1 and mark in names[0]:
            raise CommandError(
                f"{path}: {called} are between its columns: write it with commas."
            )


def _names(text):
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _write(report, path, title):
    if path.suffix == ".json":
        path.write_text(json.dumps(report.to_dict(), indent=1) + "\n")
    else:
        report.save(path, title=title)
