"""Students of texts, as a user of scikit-learn meets them; mostly by classes."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from film_texts import film_texts, small_student, small_transformer
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline

from skdistill import (
    DistillationSearchCV,
    Mixup,
    NeuralStudentClassifier,
    TextClassifier,
    TextReplacement,
    TextStudentClassifier,
)
from skdistill.metrics import fidelity

TEXTS, Y = film_texts()
LEARNS = {"max_epochs": 12, "lr": 3e-3}


def test_it_learns_what_any_teacher_of_strings_says(teacher):
    student = small_student(teacher, **LEARNS).fit(TEXTS, Y)
    new, labels = film_texts(seed=1)
    assert student.score(new, labels) > 0.9
    p = student.predict_proba(new)
    assert fidelity(p, teacher.predict_proba(new))["agreement"] > 0.9
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.log(p), student.predict_log_proba(new))
    odds = student.decision_function(new)
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), p[:, 1])


def test_labels_need_no_y_where_a_fitted_teacher_is_there(teacher):
    student = small_student(teacher, **LEARNS).fit(TEXTS)
    assert (student.predict(TEXTS) == teacher.predict(TEXTS)).mean() > 0.9


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.array,
        pd.Series,
        lambda texts: pd.DataFrame({"text": texts}),
        lambda texts: pl.Series("text", texts),
        lambda texts: np.array(texts, dtype=object)[:, None],
    ],
)
def test_containers_are_equal(make):
    fitted = small_student().fit(make(TEXTS), Y)
    expected = small_student().fit(TEXTS, Y).predict_proba(TEXTS)
    np.testing.assert_array_equal(fitted.predict_proba(make(TEXTS)), expected)


def test_gaps_and_empty_texts_are_rows_like_others():
    texts = [*TEXTS, None, "", np.nan]
    student = small_student().fit(texts, [*Y, "bad", "bad", "bad"])
    p = student.predict_proba([None, "", float("nan"), "fine"])
    np.testing.assert_array_equal(p[:1].repeat(3, axis=0), p[:3])


@pytest.mark.slow
def test_pairs_of_texts_are_two_segments():
    """The label says whether the second text repeats the first's word."""
    random = np.random.RandomState(0)
    first = random.choice(["red", "blue"], 200)
    second = random.choice(["red", "blue"], 200)
    pairs = pd.DataFrame({"first": first, "second": second})
    student = small_student(hidden_size=32, n_layers=2, max_epochs=20, lr=3e-3)
    student.fit(pairs, first == second)
    assert student.score(pairs, first == second) > 0.95
    with pytest.raises(ValueError, match="1 columns of texts.*expecting 2"):
        student.predict(list(first))


def test_one_row_is_answered_as_among_others(transformer):
    texts = [*TEXTS[:9], "fine " * 12]
    alone = np.vstack([transformer.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(alone, transformer.predict_proba(texts), atol=1e-5)


def test_the_same_seed_gives_the_same_bits(transformer):
    params = {"n_layers": 1, "mlm": 0.4, "transfer": TextReplacement(2.0)}
    fits = [
        small_student(transformer, hidden_size=None, **params).fit(TEXTS, Y)
        for _ in range(2)
    ]
    p, q = (student.predict_proba(TEXTS) for student in fits)
    np.testing.assert_array_equal(p, q)
    assert [e["train_loss"] for e in fits[0].history_] == [
        e["train_loss"] for e in fits[1].history_
    ]


def test_a_fit_leaves_torchs_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    small_student(max_epochs=1).fit(TEXTS, Y)
    torch.testing.assert_close(torch.rand(3), expected)


def test_it_starts_from_the_layers_of_a_transformer(transformer):
    student = TextStudentClassifier(
        transformer, n_layers=1, max_epochs=1, lr=1e-9, hidden_loss=0.0, dropout=0.0
    ).fit(TEXTS, Y)
    mine, its = (each.module_.model.state_dict() for each in (student, transformer))
    for name, value in mine.items():
        source = name.replace("layer.0.", "layer.1.")  # the last of two
        torch.testing.assert_close(value, its[source], atol=1e-6, rtol=1e-6)


def test_all_layers_of_the_teacher_are_the_teacher(transformer):
    student = TextStudentClassifier(transformer, n_layers=2, max_epochs=1, lr=1e-9)
    student.fit(TEXTS, Y)
    np.testing.assert_allclose(
        student.predict_proba(TEXTS), transformer.predict_proba(TEXTS), atol=1e-4
    )


def test_hidden_states_come_near_the_teachers_where_that_is_asked(transformer):
    def off(weight):
        student = TextStudentClassifier(
            transformer, n_layers=1, hidden_loss=weight, max_epochs=8, random_state=0
        ).fit(TEXTS, Y)
        tokens = student.preprocessor_.transform(TEXTS[:20])
        states = []
        for model in (student, transformer):
            ids = torch.from_numpy(tokens[:, 0]).long().clamp(min=0)
            mask = torch.from_numpy(tokens[:, 0] >= 0).long()
            with torch.no_grad():
                output = copy.deepcopy(model.module_.model)(
                    input_ids=ids, attention_mask=mask, output_hidden_states=True
                )
            states.append(output.hidden_states[-1])
        cosine = torch.nn.functional.cosine_similarity(*states, dim=-1)
        return 1 - cosine[mask.bool()].mean().item()

    assert off(5.0) < off(0.0)


def test_a_student_of_hidden_states_pickles_and_so_does_its_teacher(transformer):
    student = TextStudentClassifier(transformer, n_layers=1, max_epochs=1, mlm=0.1)
    again = pickle.loads(pickle.dumps(student.fit(TEXTS, Y)))
    np.testing.assert_allclose(
        again.predict_proba(TEXTS), student.predict_proba(TEXTS), atol=1e-6
    )


def test_a_vocabulary_of_used_tokens_is_smaller_and_knows_the_transfer_texts():
    texts = [*TEXTS, "an entirely different word"]
    wide = small_transformer(texts, [*Y, "bad"], **LEARNS)
    params = {"vocab_size": "used", "max_epochs": 1, "random_state": 0}
    few = TextStudentClassifier(wide, **params).fit(TEXTS, Y)
    more = TextStudentClassifier(wide, **params).fit(TEXTS, Y, X_transfer=texts[-1:])
    sizes = [s.tokenizer_.get_vocab_size() for s in (few, more, wide)]
    assert sizes[0] < sizes[1] <= sizes[2]
    assert few.module_.model.get_input_embeddings().weight.shape[0] == sizes[0]


def test_a_factorised_embedding_makes_it_smaller(transformer):
    def size(student):
        return sum(p.numel() for p in student.module_.parameters())

    narrow = TextStudentClassifier(transformer, embedding_size=8, max_epochs=1)
    wide = TextStudentClassifier(transformer, max_epochs=1)
    assert size(narrow.fit(TEXTS, Y)) < size(wide.fit(TEXTS, Y))
    scratch = small_student(hidden_size=32, embedding_size=4).fit(TEXTS, Y)
    assert scratch.module_.model.get_input_embeddings().weight.shape[1] == 4


def test_unlabelled_and_drawn_texts_are_labelled_by_the_teacher(teacher):
    asked = []

    def asks(texts):
        asked.append(list(texts))
        return teacher.predict_proba(texts)

    student = small_student(
        asks, classes=teacher.classes_, transfer="words", max_epochs=1
    )
    student.fit(TEXTS, Y, X_transfer=["a great day"])
    seen = [text for part in asked for text in part]
    assert "a great day" in seen or len(seen) >= 9 * len(TEXTS)
    assert all(isinstance(text, str) for text in seen)


def test_a_grid_over_temperature_in_a_pipeline_with_an_unfitted_teacher(tmp_path):
    teacher = make_pipeline(TfidfVectorizer(), LogisticRegression())
    student = small_student(teacher, cv=3, memory=str(tmp_path), max_epochs=1)
    pipe = Pipeline([("student", student)])
    grid = GridSearchCV(pipe, {"student__temperature": [1.0, 2.0]}, cv=2).fit(TEXTS, Y)
    assert grid.best_params_["student__temperature"] in (1.0, 2.0)
    assert len(cross_val_predict(student, TEXTS, Y, cv=2)) == len(TEXTS)
    assert any(tmp_path.iterdir())
    assert not hasattr(teacher[-1], "coef_")


def test_a_temperature_of_auto_is_chosen(transformer):
    student = TextStudentClassifier(
        transformer, temperature="auto", max_epochs=4, random_state=0
    ).fit(TEXTS, Y)
    assert student.temperature_ in (1, 2, 4, 8)


def test_a_clone_shares_a_fitted_teacher_and_the_start(transformer):
    student = TextStudentClassifier(transformer, n_layers=1)
    twin = clone(student)
    assert twin.teacher is transformer and twin.get_params() == student.get_params()
    plain = TextClassifier(max_epochs=1)
    assert clone(plain).get_params() == plain.get_params()


@pytest.mark.slow
def test_a_pickle_answers_the_same_in_a_new_process(tmp_path, teacher):
    student = small_student(teacher, keep_teacher=False).fit(TEXTS, Y)
    (tmp_path / "student.pkl").write_bytes(pickle.dumps(student))
    code = (
        "import pickle, sys, numpy as np\n"
        "student = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "np.save(sys.argv[2], student.predict_proba(['a fine film', '']))"
    )
    paths = [str(tmp_path / name) for name in ("student.pkl", "p.npy")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    expected = student.predict_proba(["a fine film", ""])
    np.testing.assert_allclose(np.load(paths[1]), expected, atol=1e-6)


def test_training_goes_on_part_by_part():
    student = small_student(lr=3e-3)
    for _ in range(12):
        student.partial_fit(TEXTS, Y)
    assert student.score(TEXTS, Y) > 0.9 and student.n_iter_ == 12
    warm = small_student(warm_start=True, max_epochs=1).fit(TEXTS, Y)
    before = warm.history_[-1]["train_loss"]
    assert warm.fit(TEXTS, Y).history_[-1]["train_loss"] < before
    with pytest.raises(ValueError, match="n_layers is 1, and now it is 2"):
        warm.set_params(n_layers=2).fit(TEXTS, Y)


def test_gradients_of_several_batches_are_those_of_one():
    """With the plain gradient and no dropout, two halves make the same step."""
    params = {"optimizer": "sgd", "lr": 0.1, "lr_schedule": None, "dropout": 0.0}
    params |= {"weight_decay": 0.0, "max_epochs": 1, "alpha": 0.0}
    n = len(TEXTS)
    whole = small_student(batch_size=n, **params).fit(TEXTS, Y)
    parts = small_student(batch_size=n // 4, accumulation_steps=4, **params)
    parts.fit(TEXTS, Y)
    np.testing.assert_allclose(
        parts.predict_proba(TEXTS), whole.predict_proba(TEXTS), atol=1e-5
    )
    start = small_student(batch_size=n, **(params | {"lr": 1e-12})).fit(TEXTS, Y)
    moved = np.abs(start.predict_proba(TEXTS) - whole.predict_proba(TEXTS)).max()
    assert moved > 1e-3


def test_early_stopping_watches_texts_that_are_held_out(teacher):
    student = small_student(teacher, early_stopping=True, max_epochs=3).fit(TEXTS, Y)
    assert "valid_loss" in student.history_[-1]
    new, labels = film_texts(seed=1)
    student = small_student(early_stopping=True, max_epochs=2)
    student.fit(TEXTS, Y, X_val=new, y_val=labels)
    assert "valid_loss" in student.history_[-1]


def test_several_labels_at_once():
    labels = np.column_stack([Y == "good", ["film" in text for text in TEXTS]])
    student = small_student(**LEARNS).fit(TEXTS, labels.astype(int))
    assert student.is_multilabel() and student.predict(TEXTS).shape == labels.shape


@pytest.mark.parametrize(
    "X, kind",
    [
        (np.zeros((4, 2)), TypeError),
        ([1, 2, 3, 4], TypeError),
        ([["a"], ["b"], ["c"], ["d"]], TypeError),
        ([], ValueError),
    ],
    ids=["numbers", "a list of numbers", "a list of lists", "no rows"],
)
def test_what_holds_no_texts_is_refused_and_changes_nothing(X, kind):
    student = small_student(max_epochs=1).fit(TEXTS, Y)
    before = student.predict_proba(TEXTS)
    with pytest.raises(kind, match="a list, array, Series"):
        student.fit(X, Y[:4])
    np.testing.assert_array_equal(student.predict_proba(TEXTS), before)
    with pytest.raises(kind, match="a list, array, Series"):
        student.predict(X)


def test_a_teacher_that_takes_no_strings_is_named():
    numbers = LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises((ValueError, TypeError), match="LogisticRegression"):
        small_student(numbers).fit(TEXTS, Y)


def test_starts_that_are_not_there_are_one_clear_error(tmp_path, teacher):
    with pytest.raises(ValueError, match=r'(?s)init="teacher".*is none.*init'):
        small_student(teacher, init="teacher").fit(TEXTS, Y)
    with pytest.raises(ValueError, match=r"no folder on this machine.*downloaded"):
        TextClassifier("bert-base-uncased").fit(TEXTS, Y)
    with pytest.raises(ValueError, match=r"no tokenizer.*tokenizer\.json"):
        TextClassifier(str(tmp_path)).fit(TEXTS, Y)
    with pytest.raises(TypeError, match="init=3"):
        small_student(init=3).fit(TEXTS, Y)
    with pytest.raises(ValueError, match=r"hidden_loss=1.0 .*no transformer"):
        small_student(teacher, hidden_loss=1.0).fit(TEXTS, Y)


def test_parameters_that_do_not_fit_the_start_are_refused(transformer):
    for params, words in [
        ({"vocab_size": 500}, "vocab_size=500 .*used"),
        ({"hidden_size": 64}, "hidden_size=64 .*init=None"),
        ({"n_layers": 9}, "n_layers=9 .*init=None"),
    ]:
        with pytest.raises(ValueError, match=words):
            TextStudentClassifier(transformer, **params).fit(TEXTS, Y)


def test_a_text_of_100_000_words_is_cut_with_a_warning(teacher):
    student = small_student(teacher, max_epochs=1).fit(TEXTS, Y)
    with pytest.warns(UserWarning, match="max_length"):
        p = student.predict_proba(["fine " * 100_000])
    assert p.shape == (1, 2)


def test_an_ordinary_net_reads_texts_through_the_users_view(teacher):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer

    view = make_pipeline(HashingVectorizer(n_features=256), TruncatedSVD(16))
    bag = NeuralStudentClassifier(
        teacher,
        preprocessor=view,
        random_state=0,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    bag.fit(TEXTS, Y)
    new, labels = film_texts(seed=1)
    assert bag.score(new, labels) > 0.9


def test_reduced_precision_is_that_of_training_alone():
    mixed = small_student(precision="bfloat16").fit(TEXTS, Y)
    plain = small_student(precision="float32").fit(TEXTS, Y)
    assert mixed.module_.mixed_precision and not plain.module_.mixed_precision
    assert mixed.module_.model.dtype == torch.float32
    p, q = mixed.predict_proba(TEXTS), plain.predict_proba(TEXTS)
    assert 0 < np.abs(p - q).max() < 0.1


def test_teachers_of_a_list_answer_together_and_are_no_start(transformer, teacher):
    student = small_student([transformer, teacher], **LEARNS).fit(TEXTS, Y)
    assert student.score(TEXTS, Y) > 0.9
    assert student.module_.model.config.hidden_size == 16


def test_a_search_of_the_librarys_own(teacher):
    grid = {"temperature": [1.0, 2.0]}
    search = DistillationSearchCV(small_student(teacher, max_epochs=1), grid, cv=2)
    search.fit(TEXTS, Y)
    assert search.best_params_["temperature"] in (1.0, 2.0)
    assert len(search.predict(TEXTS)) == len(TEXTS)


def test_the_bar_moves_with_each_step(capsys):
    small_student(verbose=1, batch_size=30, max_epochs=2).fit(TEXTS, Y)
    shown = capsys.readouterr().err
    assert "8/8" in shown and "step" in shown and "train_loss" in shown


def test_without_the_packages_one_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"transformers.*skdistill\[text\]"):
        small_student().fit(TEXTS, Y)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"tokenizers.*skdistill\[text\]"):
        small_student().fit(TEXTS, Y)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_trains_and_answers_as_the_cpu_does(transformer):
    params = {"n_layers": 1, "max_epochs": 2, "random_state": 0, "dropout": 0.0}
    students = [
        TextStudentClassifier(transformer, device=d, **params) for d in ("cuda", "cpu")
    ]
    p, q = (student.fit(TEXTS, Y).predict_proba(TEXTS) for student in students)
    np.testing.assert_allclose(p, q, atol=0.05)
    assert next(students[0].module_.parameters()).is_cuda


def n_asked(teacher, **params):
    counts = []

    def asks(texts):
        counts.append(len(texts))
        return teacher.predict_proba(texts)

    classes = teacher.classes_
    small_student(asks, classes=classes, max_epochs=1, **params).fit(TEXTS, Y)
    return sum(counts)


def test_texts_are_drawn_for_students_from_scratch_alone(teacher, transformer):
    n = len(TEXTS)
    assert n_asked(teacher) == 9 * n and n_asked(teacher, transfer=None) == n
    start = {"init": transformer, "hidden_size": None}
    assert n_asked(teacher, **start) == n
    entropy = TextStudentClassifier(transformer, max_epochs=1).fit(TEXTS, Y)
    assert "transfer" not in entropy.teacher_entropy_


def test_samplers_of_tables_are_refused_with_the_remedy(teacher):
    for transfer in ("munge", Mixup()):
        with pytest.raises(ValueError, match=r"draws rows of a table.*\"words\""):
            small_student(teacher, transfer=transfer).fit(TEXTS, Y)


def test_half_of_the_teachers_layers_are_taken_unless_a_number_is_given(transformer):
    def n_layers(**params):
        student = TextStudentClassifier(max_epochs=1, **params).fit(TEXTS, Y)
        return student.module_.model.config.num_hidden_layers

    assert n_layers(teacher=transformer) == 1
    assert n_layers(teacher=transformer, init="teacher") == 1
    assert n_layers(init=transformer) == 2 and n_layers() == 2
