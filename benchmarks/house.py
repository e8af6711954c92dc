"""How large the house is: entries, layers, methods, files, lines, comments, parameters.

``python -m benchmarks.house`` reads the sources; it trains nothing.
"""

import ast
import io
import tokenize
import tomllib
from pathlib import Path

import skdistill

from ._report import arguments, report

ROOT = Path(skdistill.__file__).parent
AIMS = {
    "files at the top level": "6 at most",
    "folders at the top level": "12 at most",
    "layers of the import contract": "8 at most",
    "methods of the largest estimator": "45 at most",
    "parameters of a soft tree": "36 at most",
    "parameters of a net": "34 at most",
    "lines of code, without docstrings": "10,935 at most",
    "comments for 100 lines of code": "6 to 10",
}


def estimators():
    """The public students, by name."""
    names = [n for n in skdistill.__all__ if n.endswith(("Classifier", "Regressor"))]
    return {name: getattr(skdistill, name) for name in names}


def methods(student):
    """Names of the methods and properties that are the library's own."""
    kinds = ast.FunctionDef
    own = [k for k in student.__mro__ if k.__module__.startswith("skdistill")]
    found = set()
    for kind in own:
        source = Path(__import__(kind.__module__, fromlist="_").__file__).read_text()
        (body,) = (
            node.body
            for node in ast.parse(source).body
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__
        )
        found |= {node.name for node in body if isinstance(node, kinds)}
    return found - {"__init__"}


def lines_of(path):
    """Lines of code without docstrings and blank ones, and lines with a comment."""
    text = path.read_text()
    docstrings, code, comments = set(), set(), set()
    for node in ast.walk(ast.parse(text)):
        if ast.get_docstring(node, clean=False) if _has_body(node) else None:
            first = node.body[0]
            docstrings |= set(range(first.lineno, first.end_lineno + 1))
    skipped = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if not token.string.startswith(("# noqa", "# numpydoc")):
                comments.add(token.start[0])
        elif token.type not in skipped and token.string:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings), len(comments)


def _has_body(node):
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)


def largest(sizes):
    """The name of the largest, and how large it is."""
    name = max(sizes, key=sizes.get)
    return f"{sizes[name]} ({name})"


def main():
    """Print the table, and save it."""
    args = arguments(__doc__)
    files = sorted(ROOT.rglob("*.py"))
    counts = [lines_of(path) for path in files]
    code, comments = (sum(column) for column in zip(*counts, strict=True))
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    contract = settings["tool"]["importlinter"]["contracts"][0]
    students = estimators()
    parameters = {
        name: len(kind().get_params(False)) for name, kind in students.items()
    }
    values = {
        "files at the top level": len(list(ROOT.glob("*.py"))),
        "folders at the top level": len(list(ROOT.glob("*/__init__.py"))),
        "layers of the import contract": len(contract["layers"]),
        "methods of the largest estimator": largest(
            {name: len(methods(kind)) for name, kind in students.items()}
        ),
        "lines of the largest file": largest(
            {
                str(path.relative_to(ROOT)): len(path.read_text().splitlines())
                for path in files
            }
        ),
        "parameters of a soft tree": parameters["SoftDecisionTreeClassifier"],
        "parameters of a net": parameters["NeuralStudentClassifier"],
        "lines of code, without docstrings": code,
        "comments for 100 lines of code": round(100 * comments / code, 1),
    }
    rows = [
        {"what": name, "today": value, "aim": AIMS.get(name, "")}
        for name, value in values.items()
    ]
    report("house", "The house", rows, save=not args.quick)


if __name__ == "__main__":
    main()
