"""The report from a terminal: models and tables from files, a page into one."""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import joblib

from .. import __version__

_TRUST = (
    "{files}: loading a joblib file runs the code that is in it. If you know who wrote "
    "it, give --trust."
)
_EXAMPLE = (
    "example: python -m skdistill report student.joblib test.csv --target churn "
    "--teacher stack.joblib -o report.html --trust"
)


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
    except (ImportError, OSError, ValueError) as error:
        return _failed(1, f"{error}{_hint(options, error)}")
    return 0


def _hint(options, error):
    """What the words of an error mean on a command line."""
    if "categorical" in str(error) and ".csv" in Path(options.table).suffixes:
        return " A CSV file loses the types of columns: give the table as Parquet."
    if "allow_seen" in str(error):
        return " On the command line this is --allow-seen."
    return ""


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
    add("--confidence", type=float, default=0.95, help="of all bounds (default: 0.95)")
    add("--max-rows", type=int, default=20_000, help="of more rows, so many are drawn")
    add(
        "--allow-seen",
        action="store_true",
        help="go on with rows that stand in --train",
    )
    add("--seed", type=int, default=0, help="of all draws (default: 0)")
    add("--quiet", action="store_true", help="no progress bar")
    add("--trust", action="store_true", help="load the joblib files, which run code")
    return parser


def _check(options):
    """Find what is wrong before anything is loaded."""
    fits = options.control == "fit"
    models = [options.student, options.teacher, None if fits else options.control]
    models = [path for path in models if path]
    for path in [*models, options.table, *([options.train] if options.train else [])]:
        if not Path(path).is_file():
            raise CommandError(f"{path}: there is no such file.")
    if not options.trust:
        raise CommandError(_TRUST.format(files=", ".join(models)))
    if fits and not (options.train and options.target):
        raise CommandError("--control fit needs --train and --target.")
    if options.output:
        _check_output(Path(options.output))


def _check_output(path):
    if path.suffix not in {".html", ".json"}:
        raise CommandError(f"{path}: -o takes a name that ends in .html or .json.")
    if not path.absolute().parent.is_dir():
        raise CommandError(f"{path}: there is no such folder.")
    if path.suffix == ".html" and find_spec("jinja2") is None:
        raise CommandError("A page needs more packages: pip install skdistill[report].")


def _report(options):
    report = _made(options, _models(options), _tables(options))
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


def _models(options):
    models = {"student": _loaded(options.student)}
    if options.teacher:
        models["teacher"] = _loaded(options.teacher)
    if options.control:
        fits = options.control == "fit"
        models["control"] = "fit" if fits else _loaded(options.control)
    return models


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
        raise CommandError(f"--columns: {options.table} has no {', '.join(missing)}.")
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
        if ".csv" in path.suffixes:
            return pd.read_csv(path)
    except (ImportError, OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    raise CommandError(
        f"{path}: tables are .csv (also .csv.gz and the like) or .parquet."
    )


def _names(text):
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _write(report, path, title):
    if path.suffix == ".json":
        path.write_text(json.dumps(report.to_dict(), indent=1) + "\n")
    else:
        report.save(path, title=title)
