"""Which words speak for a model's answer about a text."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from printed_trees import as_number
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    TextClassifier,
    TextStudentClassifier,
    TextStudentRegressor,
    counterfactual,
    explain,
    export_text,
    importances,
    plot_tree,
)
from skdistill.inspection import words as words_module

TEXTS = ["a fine film", "a dull film", "fine acting", "so dull an acting"] * 10
LIKED = ["yes", "no", "yes", "no"] * 10
STARS = np.array([900.0, 120.0, 810.0, 100.0] * 10)
SMALL = {"hidden_size": 16, "n_layers": 1, "max_epochs": 6, "random_state": 0}
SMALL |= {"batch_size": 4, "lr": 0.01}
SHOWN = "but a fine film, so fine"


def bag(last=None, y=LIKED, view=None):
    last = LogisticRegression() if last is None else last
    view = CountVectorizer() if view is None else view
    return make_pipeline(view, last).fit(TEXTS, y)


@pytest.fixture(scope="module")
def student():
    return TextStudentClassifier(bag(), **SMALL).fit(TEXTS, LIKED)


@pytest.fixture(scope="module")
def rater():
    teacher = bag(Ridge(), STARS)
    return TextStudentRegressor(teacher, **SMALL).fit(TEXTS, STARS)


def lines_of(text):
    """For each line its name and its cells, and what the last line says."""
    *lines, note = text.splitlines()
    assert note.startswith("By so much") or note.startswith("Long: ")
    named = [line.split(":", 1) for line in lines]
    return [
        (name, [cell.strip() for cell in rest.split("teacher:")])
        for name, rest in named
    ], note


def moves_of(text):
    """The number of each word, of the student and of its teacher."""
    (_, *lines), _ = lines_of(text)
    number = re.compile(r"[-+]?[\d,]*\d(?:\.\d+)?")
    return {
        name: [as_number(number.match(cell)[0]) for cell in cells]
        for name, cells in lines
    }


def log_odds(p):
    return np.log(p / (1 - p))


def without(text):
    """A text without each of its words, by other means than the library's."""
    tokens = text.split(" ")
    kept = ((tokens[:i] + tokens[i + 1 :]) for i in range(len(tokens)))
    return dict(zip(tokens, map(" ".join, kept), strict=True))


def test_a_word_of_a_bag_has_its_coefficient():
    model = bag()
    names = model[0].get_feature_names_out().tolist()
    coefficient = dict(zip(names, model[1].coef_[0], strict=True))
    text = "Dull film! but <b>fine</b> acting"
    told = moves_of(explain(model, text, max_terms=None, digits=8))
    assert set(told) == {"Dull", "film", "but", "b (1 of 2)", "b (2 of 2)", *told}
    for word, (value,) in told.items():
        assert value == pytest.approx(coefficient.get(word.lower(), 0.0), abs=1e-6)
    sizes = np.abs([value for (value,) in told.values()])
    assert (np.diff(sizes) <= 1e-6).all()


def test_the_numbers_are_differences_of_predictions(student):
    text = "but a fine film so dull"
    told = moves_of(explain(student, text, max_terms=None, digits=9))
    assert set(told) == set(text.split())
    for model, column in ((student, 0), (student.teacher_, 1)):
        whole = log_odds(model.predict_proba([text])[0, 1])
        for word, rest in without(text).items():
            wanted = whole - log_odds(model.predict_proba([rest])[0, 1])
            assert told[word][column] == pytest.approx(wanted, abs=3e-6)


def test_values_are_in_the_unit_of_y(rater):
    text = "but a fine film so dull"
    out = explain(rater, text, max_terms=None, digits=9)
    told = moves_of(out)
    ((name, answers), *_), _ = lines_of(out)
    assert name == "this text"
    for model, column in ((rater, 0), (rater.teacher_, 1)):
        whole = model.predict([text])[0]
        assert as_number(answers[column]) == pytest.approx(whole, rel=1e-5)
        for word, rest in without(text).items():
            wanted = whole - model.predict([rest])[0]
            assert told[word][column] == pytest.approx(wanted, abs=0.01)


def test_the_answer_comes_first_and_few_words_follow(student):
    (first, *shown, rest), note = lines_of(explain(student, SHOWN))
    assert first[0] == "this text" and rest[0] == "3 other words" and len(shown) == 3
    for cell, model in zip(first[1], (student, student.teacher_), strict=True):
        share = 100 * model.predict_proba([SHOWN])[0, 1]
        assert cell.startswith(f"yes {share:.3g} %, log odds ")
    every = moves_of(explain(student, SHOWN, max_terms=None))
    assert list(every)[:3] == [name for name, _ in shown]
    most = np.abs([every[name] for name in list(every)[3:]]).max(axis=0)
    assert rest[1] == [f"at most {value:.2f}" for value in most]
    assert note.endswith("what the model does, and no cause.")
    with pytest.raises(ValueError, match="max_terms=0 must be at least 1"):
        explain(student, SHOWN, max_terms=0)


def test_columns_stand_below_each_other(student):
    text = "fine 汉字 הסרט e\u0301te\u0301 it's"
    lines = explain(student, text, max_terms=None).splitlines()[:-1]
    places = {words_module._width(line.split("teacher:")[0]) for line in lines}
    assert len(places) == 1
    assert len(lines) == 1 + 6  # in Chinese each sign is a word
    assert any(line.startswith("it's: ") for line in lines)
    assert any(line.startswith("e\u0301te\u0301: ") for line in lines)


def test_the_class_is_the_second_of_two_and_else_the_likeliest():
    y = ["good", "bad", "good", "ugly"] * 10
    model = bag(y=y)
    text = "a dull film"
    p = model.predict_proba([text])[0]
    (first, *_), _ = lines_of(explain(model, text, digits=8))
    assert first[1][0].startswith(f"{model.classes_[p.argmax()]} ")
    told = moves_of(explain(model, text, digits=8))
    rest = model.predict_proba(["a film"])[0, p.argmax()]
    wanted = log_odds(p.max()) - log_odds(rest)
    assert told["dull"][0] == pytest.approx(wanted, abs=1e-5)
    named = explain(model, text, class_names=["B", "G", "U"])
    assert ", for B" in named


def test_each_label_has_its_own_lines():
    labels = np.column_stack([np.array(LIKED) == "yes", STARS > 850]).astype(int)
    teacher = bag(MultiOutputClassifier(LogisticRegression()), labels)
    student = TextStudentClassifier(teacher, **SMALL).fit(TEXTS, labels)
    lines = explain(student, "a fine film", class_names=["nice", "best"]).splitlines()
    assert [line.split()[2] for line in lines if line.startswith("this text:")] == [
        "nice",
        "best",
    ]
    assert len(lines) == 2 * (1 + 3) + 1
    targets = np.column_stack([STARS, -STARS])
    both = TextStudentRegressor(**SMALL).fit(TEXTS, targets)
    assert explain(both, "a fine film").count("this text:  target_") == 2


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda model: Pipeline([("student", model)]),
        lambda model: make_pipeline(FunctionTransformer(), model),
        lambda model: GridSearchCV(model, {"max_epochs": [6]}, cv=2),
    ],
)
def test_pipelines_and_searches_are_asked_as_they_are(student, wrapped):
    model = wrapped(TextStudentClassifier(bag(), **SMALL)).fit(TEXTS, LIKED)
    assert explain(model, [SHOWN]) == explain(student, SHOWN)


def test_texts_come_in_any_container(student):
    said = explain(student, SHOWN)
    frame = pd.DataFrame({"text": [SHOWN]})
    for x in (
        [SHOWN],
        np.array([SHOWN]),
        np.str_(SHOWN),
        pd.Series([SHOWN]),
        pd.Series({"text": SHOWN}),
    ):
        assert explain(student, x) == said
    for x in (frame, frame.to_numpy()):
        alone = TextStudentClassifier(**SMALL).fit(TEXTS, LIKED)
        assert explain(alone, x) == explain(alone, SHOWN)
    for x, message in (([SHOWN] * 2, "x has 2 texts: give one"), ([3], "x holds int")):
        with pytest.raises((ValueError, TypeError), match=message):
            explain(student, x)


def test_models_of_a_named_column_of_texts_take_a_bare_text():
    column = ColumnTransformer([("words", CountVectorizer(), "text")])
    frame = pd.DataFrame({"text": TEXTS})
    teacher = make_pipeline(column, LogisticRegression()).fit(frame, LIKED)
    assert explain(teacher, SHOWN) == explain(bag(), SHOWN)
    student = TextStudentClassifier(teacher, **SMALL).fit(frame, LIKED)
    said = explain(student, SHOWN)
    assert "teacher: " in said
    assert explain(student, pd.DataFrame({"text": [SHOWN]})) == said


def test_pairs_have_words_of_two_texts():
    pairs = pd.DataFrame({"question": TEXTS, "answer": ["it is", "no"] * 20})
    student = TextStudentClassifier(**SMALL).fit(pairs, LIKED)
    pair = ("is it fine", "it is")
    said = explain(student, pair, max_terms=None, digits=8)
    told = moves_of(said)
    assert set(told) == {
        "is (first text)",
        "it (first text)",
        "fine (first text)",
        "it (second text)",
        "is (second text)",
    }
    both = np.array([pair, ("is it fine", "is")])
    p, rest = student.predict_proba(both)[:, 1]
    assert told["it (second text)"][0] == pytest.approx(
        log_odds(p) - log_odds(rest), abs=1e-5
    )
    one = pd.DataFrame([pair], columns=pairs.columns)
    for x in (one, one.iloc[0], one.to_numpy(), list(pair)):
        assert explain(student, x, max_terms=None, digits=8) == said
    with pytest.raises(ValueError, match="1 columns of texts"):
        explain(student, "is it fine")


def test_a_list_of_teachers_is_one_teacher():
    teachers = [bag(), bag(LogisticRegression(C=0.01), view=TfidfVectorizer())]
    params = SMALL | {"init": None, "hidden_loss": 0.0}
    student = TextStudentClassifier(teachers, teacher_weights=[3, 1], **params)
    told = moves_of(explain(student.fit(TEXTS, LIKED), "so fine", digits=8))

    def mean(text):
        p, q = (teacher.predict_proba([text])[0, 1] for teacher in teachers)
        return log_odds(0.75 * p + 0.25 * q)

    wanted = mean("so fine") - mean("so")
    assert told["fine"][1] == pytest.approx(wanted, abs=1e-5)
    unfitted = [make_pipeline(TfidfVectorizer(), LogisticRegression())] * 2
    student.set_params(teacher=unfitted, cv=2, transfer_teacher="folds")
    assert "teacher: yes" in explain(student.fit(TEXTS, LIKED), "so fine")


def test_without_a_teacher_the_student_stands_alone():
    student = TextStudentClassifier(bag(), keep_teacher=False, **SMALL)
    said = explain(student.fit(TEXTS, LIKED), SHOWN)
    assert "teacher" not in said
    assert explain(pickle.loads(pickle.dumps(student)), SHOWN) == said
    alone = TextClassifier(n_layers=1, max_epochs=2, random_state=0).fit(TEXTS, LIKED)
    assert "teacher" not in explain(alone, SHOWN)


def test_nets_and_other_models_of_texts():
    view = make_pipeline(HashingVectorizer(n_features=64), TruncatedSVD(3))
    net = NeuralStudentClassifier(
        bag(), preprocessor=view, max_epochs=3, random_state=0
    ).fit(TEXTS, LIKED)
    told = moves_of(explain(net, "so fine a", digits=9))
    p, rest = net.predict_proba(["so fine a", "so a"])[:, 1]
    assert told["fine"][0] == pytest.approx(log_odds(p) - log_odds(rest), abs=1e-5)
    assert len(told["fine"]) == 2
    assert explain(net, ["so fine a"], digits=9) == explain(net, "so fine a", digits=9)
    last = NeuralStudentClassifier(max_epochs=3, random_state=0)
    assert "this text" in explain(bag(last, view=view), "so fine")
    forest = bag(RandomForestClassifier(5, random_state=0))
    assert np.isfinite([*moves_of(explain(forest, "so fine")).values()]).all()
    values = bag(Ridge(), STARS, TfidfVectorizer())
    told = moves_of(explain(values, "so fine it", digits=9))
    wanted = values.predict(["so fine it"])[0] - values.predict(["so it"])[0]
    assert told["fine"][0] == pytest.approx(wanted, rel=1e-6)
    assert told["it"] == [0]


def test_a_tree_of_words_has_a_path():
    dense = FunctionTransformer(lambda X: X.toarray())
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2)
    model = make_pipeline(CountVectorizer(), dense, tree).fit(TEXTS, LIKED)
    assert explain(model, "so fine").splitlines()[-1].startswith("leaf ")


def test_a_model_is_asked_once():
    asked = []

    class Counting(LogisticRegression):
        def predict_proba(self, X):
            asked.append(X.shape[0])
            return super().predict_proba(X)

    model = bag(Counting())
    explain(model, SHOWN)
    assert asked == [1 + 6]
    asked.clear()
    out = explain(model, "fine, dull film. " * 300)
    assert len(asked) == 1 and asked[0] <= 513
    _, note = lines_of(out)
    assert note.startswith("Long: 2 words are removed at once. ")


def test_of_a_long_text_words_in_a_row_are_removed_at_once():
    model = bag()
    text = " ".join(["dull", "so", *["on"] * 1998])
    out = explain(model, text, digits=8)
    (_, first, *_, rest), note = lines_of(out)
    size = int(re.match(r"\d+ other parts of (\d+) words$", rest[0])[1])
    assert note.startswith(f"Long: {size} words are removed at once. ")
    assert first[0].startswith("dull so on") and len(first[0]) < 60
    left = " ".join(text.split(" ")[size:])
    p, gone = model.predict_proba([text, left])[:, 1]
    told = as_number(first[1][0].split(",")[0])
    assert told == pytest.approx(log_odds(p) - log_odds(gone), abs=1e-6)


@pytest.mark.filterwarnings("ignore:.*as many tokens as are read")
@pytest.mark.slow
def test_a_hundred_thousand_words_take_no_minutes():
    student = TextStudentClassifier(**SMALL).fit(TEXTS, LIKED)
    out = explain(student, "film fine dull so " * 25_000)
    assert len(out.splitlines()) == 1 + 3 + 1 + 1
    assert max(map(len, out.splitlines())) < 120


@pytest.mark.parametrize("text", ["", " \n\t", "!!! ...", "😀👩‍👩‍👧 ❤️", "<>&;", None])
def test_a_text_without_words_has_its_answer_alone(student, text):
    said = explain(student, [text])
    assert len(said.splitlines()) == 1
    assert said.startswith("this text, which has no words:  yes ")


@pytest.mark.filterwarnings("ignore:.*as many tokens as are read")
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert('fine')</script> & <b>dull</b>",
        "fine\u2028dull\nso\r\x00a",
        "\u202eenif\u202c fine",
        "\u0645\u06cc\u200c\u062e\u0648 הסרט",
        "हिन्दी फिल्म",
        "x" * 5000,
        "\ud83d fine".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        "rock'n'roll ''' ' don\u2019t",
        "1.5 2_3 well-known",
    ],
)
def test_hostile_texts_stay_in_their_lines(student, text):
    said = explain(student, text, max_terms=None)
    lines, _ = lines_of(said)
    n_words = len(lines) - 1
    assert len(said.splitlines()) == n_words + 2
    assert all(re.match(r"(?:[-+]?\d+\.\d\d(?:, |$))", c[0]) for _, c in lines[1:])
    wanted = {"हिन्दी फिल्म": 2, "rock'n'roll ''' ' don\u2019t": 2}
    wanted["\u0645\u06cc\u200c\u062e\u0648 הסרט"] = 2
    assert n_words == wanted.get(text, n_words)


def test_what_is_removed_leaves_the_rest_as_it_was():
    texts = words_module.Texts([["A fine, fine film"]])
    left = words_module.Parts.of(texts).texts().segments[0]
    assert left == [
        "A fine, fine film",
        "fine, fine film",
        "A , fine film",
        "A fine, film",
        "A fine, fine ",
    ]


def test_tools_for_columns_say_that_explain_reads_words(student):
    for tool in (
        export_text,
        plot_tree,
        lambda it: importances(it, TEXTS),
        lambda it: counterfactual(it, TEXTS[:1]),
    ):
        with pytest.raises(TypeError, match="of a TextStudent.* explain tells which"):
            tool(student)


def test_rows_of_tables_are_no_texts():
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, LIKED)
    with pytest.raises(TypeError, match="no questions that can be read"):
        explain(model, X[:1])
    rows = pd.DataFrame({"a": ["x", "y"] * 20, "b": ["u", "u", "v", "v"] * 10})
    net = NeuralStudentClassifier(max_epochs=1, random_state=0).fit(rows, LIKED)
    assert "\na = x: " in explain(net, rows[:1], max_terms=None)
    net.fit(rows.to_numpy(), LIKED)
    assert "\nfeature_0 = x: " in explain(net, ("x", "u"), max_terms=None)
    with pytest.raises(ValueError, match="X has one dimension.* fitted on 2 columns"):
        explain(net, "x")
