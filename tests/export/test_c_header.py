"""What a user of C meets: the header's functions, names, refusals and comments."""

import re

import numpy as np
import pandas as pd
import pytest
from c_cells import ODD, cell, compiled, needs_compiler, said
from exported import SMALL
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier
from skdistill.export import to_c, verify

pytestmark = needs_compiler

MAIN = '#include <stdio.h>\n#include "student.h"\n'


def literal(text):
    """A string of C, each byte by its number."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def example_of(header):
    """The lines of the example in the comment at the top."""
    lines = header.partition(" * Example:\n")[2].partition("\n *\n")[0].splitlines()
    return "\n".join(line.removeprefix(" *") for line in lines)


@pytest.mark.slow  # on more cases what other tests show
@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("net", "double"),
        ("net", "float"),
        ("mixture", "float"),
        ("leaf", "double"),
        ("hard", "double"),
        ("hard", "int16"),
        ("hard", "int32"),
    ],
)
def test_the_example_compiles_without_a_warning(kind, dtype, language, tmp_path):
    student, _ = cell(kind, "two", "frame")
    to_c(student, tmp_path / "plan-b.h", dtype=dtype)
    header = (tmp_path / "plan-b.h").read_text(encoding="utf-8")
    include, *lines = example_of(header).splitlines()
    assert len(lines) <= 5
    body = "\n".join(lines)
    program = f"{include.strip()}\nint main(void) {{\n{body}\n    return 0;\n}}\n"
    more = ["-Wconversion", "-Wshadow", "-Wdouble-promotion"]
    doubles = "-Dplan_b_WITH_DOUBLES"
    for flags in ((), ("-O2", doubles, *(more if language == "c" else []))):
        if language == "c" or dtype in ("double", "float"):
            said(compiled(tmp_path, program, *flags, language=language))


def test_two_headers_in_two_files(tmp_path):
    for kind in ("net", "hard"):
        student, _ = cell(kind, "two", "frame")
        to_c(student, tmp_path / f"{kind}.h")
    both = '#include "net.h"\n#include "hard.h"\n#include "net.h"\n'
    (tmp_path / "other.c").write_text(both + "int other(void) { return net_OK; }\n")
    source = f"{both}int other(void);\nint main(void) {{ return other(); }}\n"
    said(compiled(tmp_path, source, "other.c"))


def test_fast_math_is_refused(tmp_path):
    student, _ = cell("hard", "two", "frame")
    to_c(student, tmp_path / "student.h")
    with pytest.raises(AssertionError, match="forgets gaps"):
        compiled(tmp_path, f"{MAIN}int main(void) {{ return 0; }}\n", "-ffast-math")


def test_codes_of_categories(tmp_path):
    student, X = cell("hard", "two", "frame")
    to_c(student, tmp_path / "student.h")
    calls = [f"student_code_plan({literal(text)})" for text in ODD]
    calls += [
        "student_code_plan(0)",
        'student_code_plan("new")',
        'student_code_plan("")',
    ]
    calls += ["student_code_size(2)", "student_code_size(NAN)", "student_code_size(9)"]
    calls += ["student_code_vip(1)", "student_code_vip(0)", "student_code_weight(2.25)"]
    calls += ['student_code_band("(0.0, 1.0]")', 'student_code_band("(0, 1]")']
    prints = "".join(f'    printf("%g ", {call});\n' for call in calls)
    program = compiled(
        tmp_path, f"{MAIN}int main(void) {{\n{prints}    return 0;\n}}\n"
    )
    codes = list(map(float, said(program).split()))
    assert len(set(codes[:6])) == 6
    assert len({*codes[:6], codes[6], codes[7]}) == 8
    assert codes[7] == codes[8]
    assert len(set(codes[9:12])) == 3
    assert codes[12] != codes[13]
    assert codes[-1] == codes[-2]
    assert "\u00e9" not in (tmp_path / "student.h").read_text(encoding="utf-8")
    assert X["plan"].nunique() == 6


def test_labels_are_strings_numbers_and_places(tmp_path):
    X, y = load_iris(return_X_y=True)
    classes = np.array(["it's", '"%s"\n??/', "\u00e91"])
    student = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, classes[y])
    to_c(student, tmp_path / "student.h")
    row = ", ".join(map(repr, X[60].tolist()))
    source = (
        f"{MAIN}int main(void) {{\n    const double x[] = {{{row}}};\n"
        '    printf("%s", student_classes[student_label(x)]);\n    return 0;\n}\n'
    )
    assert said(compiled(tmp_path, source)) == student.predict(X[60:61])[0]
    lowest = np.iinfo(np.int64).min
    for labels in (y - 1, y * 1.0, y > 0, lowest + y * 2**40, y.astype("u8") * 2**62):
        student.fit(X, labels)
        to_c(student, tmp_path / "student.h")
        assert (
            said(compiled(tmp_path, source.replace('printf("%s", ', "(void)("))) == ""
        )


def statuses(folder, rows):
    """What the header answers to rows that are written in C."""
    calls = "".join(
        f"    {{ const double x[] = {{{row}}}; double p[student_N_OUTPUTS];\n"
        '      printf("%d %d ", student_predict(x, p), student_label(x)); }\n'
        for row in rows
    )
    source = f"{MAIN}int main(void) {{\n{calls}    return 0;\n}}\n"
    return list(map(int, said(compiled(folder, source)).split()))


@pytest.mark.slow
def test_what_the_student_refuses_is_refused(tmp_path):
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000)  # which takes no gaps
    row = ", ".join(map(repr, X[0].tolist()))
    rows = [row, f"NAN, {row[5:]}", f"{row[:-3]}HUGE_VAL", f"-HUGE_VAL, {row[5:]}"]
    for student, of_gap in (
        (NeuralStudentClassifier(teacher, **SMALL), -1),
        (NeuralStudentClassifier(preprocessor=None, **SMALL), -1),
        (HardDecisionTreeClassifier(teacher, max_leaf_nodes=4), -1),
        (HardDecisionTreeClassifier(max_leaf_nodes=4), 0),
    ):
        to_c(student.fit(X, y), tmp_path / "student.h")
        answers = statuses(tmp_path, rows)
        assert answers[0] == 0 <= answers[1]
        assert answers[2] == of_gap
        assert answers[4:] == [-2] * 4
        if of_gap:
            with pytest.raises(ValueError, match="NaN"):
                student.predict(np.where(X == X[0, 0], np.nan, X))


def test_codes_that_are_none_are_refused(tmp_path):
    X = pd.DataFrame({"plan": ["a", "b", "c"] * 20, "x": np.arange(60.0)})
    student = NeuralStudentClassifier(**SMALL).fit(X, [0, 1, 1] * 20)
    to_c(student, tmp_path / "student.h")
    codes = ["0.5", "-1", "99", "HUGE_VAL", "0", "NAN"]
    answers = statuses(tmp_path, [f"{code}, 1" for code in codes])
    assert answers[:8] == [-3] * 8
    assert answers[8] == answers[10] == 0


def test_names(tmp_path):
    X, y = load_iris(return_X_y=True)
    student = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    for stem, prefix in (("my model-2", "my_model_2"), ("2nd", "student_2nd")):
        to_c(student, tmp_path / f"{stem}.h")
        assert f"int {prefix}_predict(" in (tmp_path / f"{stem}.h").read_text()
    to_c(student, tmp_path / "a.h", name="Churn7")
    text = (tmp_path / "a.h").read_text()
    own = set(
        re.findall(r"\b(?:static inline \w+|define|const \w+) \*?(\w+)[\[(]", text)
    )
    assert all(name.startswith("Churn7_") for name in own if name.startswith("C"))
    for bad in ("", "2a", "a-b", "a__b", "_a", "a_", "\u00e9", "a" * 32, 3):
        with pytest.raises(ValueError, match="name=.* cannot start the names"):
            to_c(student, tmp_path / "b.h", name=bad)
    assert not (tmp_path / "b.h").exists()


def test_columns_of_names_that_look_alike(tmp_path):
    names = ["a b", "a-b", "a*/b??/", "\u00e9\u00e8", "\u202eab\\", "x" * 90, 7, ""]
    X = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60, 8)), columns=list(map(str, names))
    )
    student = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, X.iloc[:, 2] > 0)
    to_c(student, tmp_path / "student.h", X=X)
    places = "a_b a_b_2 a_b_3 x ab xxxxxxxxxxxxxxxxxxxxxxxx 7 x_2".split()
    uses = ", ".join(f"student_at_{each}" for each in places)
    source = (
        f"{MAIN}int main(void) {{\n    const int at[] = {{{uses}}};\n"
        '    for (int i = 0; i < 8; i++) printf("%d", at[i]);\n    return 0;\n}\n'
    )
    assert said(compiled(tmp_path, source)) == "01234567"


def test_a_header_tells_of_its_proof_and_is_verified_again(tmp_path):
    student, X = cell("net", "five", "frame")
    proof = to_c(student, tmp_path / "student.h", X=X)
    again = verify(tmp_path / "student.h", student, X)
    assert again["rows"] == proof["rows"]
    assert again["labels_that_differ"] == 0
    assert again["engine"] == "C"
    other, _ = cell("net", "five", "frame")
    other.adjust_class_prior([0.9, 0.05, 0.02, 0.02, 0.01])
    assert verify(str(tmp_path / "student.h"), other, X)["labels_that_differ"] > 0
    (tmp_path / "plain.h").write_text("int x;\n")
    with pytest.raises(ValueError, match="not written by skdistill"):
        verify(tmp_path / "plain.h", student)
