"""A tree's page in Chromium: as people use it, and what it computes."""

import json

import numpy as np
import pytest
from browsers import Opened
from many_classes import many_classes
from pages import KINDS, NUMBERS, TARGETS, X, Y, as_json, data_of, table
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import (
    HardDecisionTreeClassifier,
    StudentClassifier,
    export_html,
    export_text,
)

pytestmark = pytest.mark.browser


class Page(Opened):
    """A tree's page that is open."""

    def node(self, number):
        return self.one(f'[data-node="{number}"]')

    def shown(self):
        return {int(node.get_attribute("data-node")) for node in self.all(".node")}

    def way(self):
        return {int(node.get_attribute("data-node")) for node in self.all(".node.way")}

    def type(self, column, text):
        box = self.one(f"#column-{X.columns.get_loc(column)}")
        self.run("arguments[0].select()", box)
        box.send_keys(text)

    def choose(self, column, text):
        path = f"//select[@id='column-{X.columns.get_loc(column)}']/option"
        options = self.browser.find_elements("xpath", path)
        next(each for each in options if each.text == text).click()

    def press(self, *names):
        from selenium.webdriver.common.keys import Keys

        for name in names:
            key = getattr(Keys, name, name)
            self.browser.switch_to.active_element.send_keys(key)

    def paste(self, text):
        if not self.one("#text").is_displayed():
            self.one("#paste summary").click()
        self.one("#text").clear()
        self.one("#text").send_keys(text)
        self.one("#take").click()
        return self.one("#taken").text


@pytest.fixture
def opened(chromium, tmp_path):
    def open_page(tree, **options):
        path = tmp_path / "tree.html"
        export_html(tree, path, **options)
        return Page(chromium, path)

    return open_page


@pytest.fixture(scope="module")
def hard():
    return KINDS["hard"]()


@pytest.fixture(scope="module")
def soft():
    return KINDS["soft"]()


@pytest.mark.parametrize("name", ["hard", "soft", "values", "hard, of several labels"])
def test_the_page_opens_asks_nobody_and_complains_of_nothing(name, opened):
    tree = KINDS[name]()
    page = opened(tree)
    page.one("#unfold").click()  # a deep tree's smallest subtrees are folded at first
    assert page.shown() == set(range(len(tree.node_mass_)))
    page.one("#follow").click()
    assert page.log() == []
    assert {url.split(":")[0] for url in page.requests()} <= {"file", "data"}


@pytest.mark.parametrize("name", KINDS)
def test_a_thousand_rows_get_the_answers_of_the_student(name, opened):
    tree = KINDS[name]()
    rows, _ = table(1000, seed=1)
    rows["plan"] = rows["plan"].where(np.arange(1000) % 50 > 0, "never seen")
    rows = rows[tree.feature_names_in_]
    if len(rows.columns) == 2:  # without a view
        rows = rows.astype(float)
    page = opened(tree)
    ours = page.run("return skdistill.predict(arguments[0])", as_json(rows))
    theirs = (
        tree.predict_proba(rows) if hasattr(tree, "classes_") else tree.predict(rows)
    )
    if not isinstance(theirs, list):
        ours, theirs = [ours], [theirs]
    for one, other in zip(ours, theirs, strict=True):
        size = max(1, np.abs(other).max())
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * size)
    by_position = [list(row.values()) for row in as_json(rows[:5])]
    again = page.run("return skdistill.predict(arguments[0])", by_position)
    for one, other in zip(again if len(theirs) > 1 else [again], theirs, strict=True):
        np.testing.assert_allclose(one, other[:5], rtol=1e-9, atol=1e-9 * size)


def test_the_page_of_a_pipeline_takes_rows_as_its_last_step_does(opened):
    scaler = StandardScaler().set_output(transform="pandas")
    pipe = make_pipeline(scaler, StudentClassifier(random_state=0)).fit(NUMBERS, Y)
    rows = as_json(scaler.transform(NUMBERS))
    ours = opened(pipe).run("return skdistill.predict(arguments[0])", rows)
    np.testing.assert_allclose(ours, pipe.predict_proba(NUMBERS), atol=1e-9)


def test_rows_that_the_student_refuses_are_errors(hard, opened):
    page = opened(hard)
    failure = "try { skdistill.predict(arguments[0]) } catch (e) { return e.message }"
    row = as_json(X[:1])[0]
    assert "lacks age" in page.run(failure, [{}])
    assert "has 1 values, and 5 are wanted" in page.run(failure, [[1]])
    assert "age holds numbers" in page.run(failure, [{**row, "age": "old"}])


def _way_of(tree, row):
    return set(tree.decision_path(row).indices.tolist())


def test_a_row_is_typed_in_and_followed(hard, opened):
    page = opened(hard)
    assert page.way() == set() and "typical" in page.one("#whose").text
    row = X[:1].assign(age=77.0, plan="plus", income=2.5e4)
    page.type("age", "77")
    page.choose("plan", "plus")
    page.type("income", "25000")
    assert page.way() == _way_of(hard, row)
    words = page.one("#way").text
    assert "(77)" in words or "(plus)" in words or "(25000)" in words
    assert page.one("#answer .headline").text.startswith(hard.predict(row)[0])
    for text, value in (("missing", None), ("another category", "never seen")):
        page.choose("plan", text)
        assert page.way() == _way_of(hard, row.assign(plan=[value]))
    page.one("#reset").click()
    assert page.way() == set() and page.log() == []


def test_a_gap_is_a_box_to_tick(hard, opened):
    page = opened(hard)
    column = X.columns.get_loc("age")
    start = float(page.one(f"#column-{column}").get_attribute("value"))
    page.one("[aria-label='age is missing']").click()
    assert page.one(f"#column-{column}").get_attribute("value") == ""
    plan = page.one(f"#column-{X.columns.get_loc('plan')}").find_element(
        "css selector", "option:checked"
    )
    income = page.one(f"#column-{X.columns.get_loc('income')}").get_attribute("value")
    row = X[:1].assign(age=np.nan, plan=plan.text, income=float(income))
    assert page.way() == _way_of(hard, row)
    page.one("[aria-label='age is missing']").click()
    assert float(page.one(f"#column-{column}").get_attribute("value")) == start


def test_a_slider_moves_the_answer(hard, opened):
    page, answers = opened(hard), set()
    for column in ("age", "income"):
        slider = page.one(f"[aria-label='{column}, slider']")
        slider.click()
        for key in ("HOME", "END"):
            page.press(key)
            answers.add(page.one("#answer").text)
        for end in ("min", "max"):
            box = page.one(f"#column-{X.columns.get_loc(column)}")
            page.run("arguments[0].select()", box)
            box.send_keys(slider.get_attribute(end))
            assert slider.get_attribute("value") == slider.get_attribute(end)
    assert len(answers) > 1


def test_a_soft_trees_edges_show_how_much_of_the_row_flows_where(soft, opened):
    page = opened(soft)
    text = json.dumps(as_json(X[3:4])[0])
    assert "Taken" in page.paste(text)
    reach = soft.path_proba(X[3:4])[0]
    for number, share in enumerate(reach):
        if 0.1 <= share <= 0.99:
            small = page.node(number).find_element("css selector", ".small").text
            assert float(small.rstrip(" \u00a0%")) == pytest.approx(
                100 * share, abs=0.51
            )
    p = soft.predict_proba(X[3:4])[0]
    shares = [each.text for each in page.all("#answer dd")]
    for share, shown in zip(p, shares, strict=True):
        if 0.1 <= share <= 0.99:
            assert float(shown.rstrip(" \u00a0%")) == pytest.approx(
                100 * share, abs=0.51
            )


@pytest.mark.parametrize("index", [0, 7, 12])
def test_a_row_of_a_file_can_be_pasted(index, hard, opened):
    page, row = opened(hard), X[index : index + 1]
    way = _way_of(hard, row)
    with_names = row.to_csv(index=False)
    for text in (
        with_names,
        row.to_csv(index=False, header=False),
        row.to_csv(index=False, sep=";", na_rep="NA"),
        json.dumps(as_json(row)),
        json.dumps(list(as_json(row)[0].values())),
    ):
        assert page.paste(text.strip()) == "Taken: its way is shown."
        assert page.way() == way, text
    for text, words in (
        ("1,2", "has 2 values, and 5 are wanted"),
        ('{"age": 3}', "lacks"),
        ("{", "no row of the table"),
        (with_names.replace(str(row["income"].item()), "rich"), "holds numbers"),
    ):
        assert words in page.paste(text.strip())
        assert page.way() == way
    assert page.log() == []


def test_subtrees_fold(hard, opened):
    page = opened(hard)
    page.one("#unfold").click()
    everything = page.shown()
    page.node(0).click()
    page.press("ENTER")
    assert page.shown() == {0}
    assert page.node(0).get_attribute("aria-expanded") == "false"
    page.press("ENTER")
    assert page.shown() == everything
    page.one("#fold").click()
    assert page.shown() < everything
    page.type("age", "30")  # the way is unfolded
    assert page.way() <= page.shown()
    page.one("#unfold").click()
    assert page.shown() == everything
    page.node(0).find_element("css selector", ".toggle").click()
    assert page.shown() == {0}


def test_keys_go_from_node_to_node(hard, opened):
    page = opened(hard)
    page.one("#unfold").click()
    page.node(0).click()

    def current():
        return int(page.browser.switch_to.active_element.get_attribute("data-node"))

    page.press("ARROW_RIGHT")
    below = hard.tree_.children_left[0], hard.tree_.children_right[0]
    assert current() in below
    page.press("ARROW_DOWN", "ARROW_UP")
    assert current() in below
    page.press("ARROW_LEFT")
    assert current() == 0
    page.press("END")
    last = current()
    assert not page.node(last).get_attribute("aria-expanded")
    page.press("ARROW_UP", "ARROW_DOWN")
    assert current() == last
    page.press("HOME")
    assert current() == 0 and page.one("#card").is_displayed()
    assert len(page.all(".node[tabindex='0']")) == 1
    page.press("ESCAPE")
    assert not page.one("#card").is_displayed()


def test_hovering_tells_what_a_node_knows(hard, opened):
    from selenium.webdriver import ActionChains

    page = opened(hard)
    page.one("#unfold").click()
    leaf = int(np.flatnonzero(hard.tree_.is_leaf)[0])
    ActionChains(page.browser).move_to_element(page.node(leaf)).perform()
    text = page.one("#card").text
    assert f"Leaf {leaf}" in text and "% of rows" in text
    assert all(label in text for label in set(Y))


def _card_of_root(chromium, path, tree, known):
    """What the root's card says, if the page knows something else of it."""
    page = export_html(tree)
    data = data_of(page)
    data["nodes"][0] |= known
    before = page.index('id="data">') + len('id="data">')
    path.write_text(page[:before] + json.dumps(data) + page[page.index("</script>") :])
    page = Page(chromium, path)
    page.node(0).click()
    return page.one("#card").text


def test_what_is_known_of_labels_stands_beside_the_answer(hard, chromium, tmp_path):
    known = {"labels": [0.125, 0.25, 0.625], "rows": 1234}
    text = _card_of_root(chromium, tmp_path / "tree.html", hard, known)
    assert "Labels of the rows" in text and "63 %" in text and "1,234 rows" in text


def test_searching_a_column_finds_its_questions(hard, opened):
    page = opened(hard)
    page.one("#fold").click()
    page.one("#search").send_keys("plan")
    terms = hard.preprocessor_.terms_
    asks = {
        int(node)
        for node in np.flatnonzero(~hard.tree_.is_leaf)
        if terms[hard.tree_.feature[node]].column == X.columns.get_loc("plan")
    }
    found = {int(n.get_attribute("data-node")) for n in page.all(".node.found")}
    assert found == asks and found
    assert page.one("#found").text.startswith(str(len(asks)))
    page.press("ENTER")
    assert page.one("#card").is_displayed()


def test_names_of_markup_are_letters_in_a_browser_too(opened):
    name = "<img src=x onerror=document.title='broken'>"
    frame = X.rename(columns={"age": name})
    y = np.where(Y == "high", "<b>yes</b>", "</script><i>no</i>")
    page = opened(HardDecisionTreeClassifier(max_leaf_nodes=6).fit(frame, y))
    page.one("#follow").click()
    page.node(0).click()
    assert page.all("img") == page.all("b") == []
    assert page.browser.title == "HardDecisionTreeClassifier"
    assert "<b>yes</b>" in page.one("#legend").text
    assert page.log() == []


def test_of_many_classes_the_large_ones_have_colours(opened):
    page = opened(many_classes())
    legend = page.one("#legend").text.split("\n")
    assert legend[:4] == ["0", "1", "2", "43 other classes"]
    page.one("#unfold").click()
    drawn = [
        [rect.get_attribute("fill") for rect in page.all(f"{node} rect[fill]")]
        for node in (f'[data-node="{number}"]' for number in page.shown())
    ]
    drawn = [[fill for fill in fills if "--class" in fill] for fills in drawn]
    assert sorted(map(len, drawn)) == [1, 1, 1, 2, 3]
    assert page.log() == []


def test_a_narrow_window_gets_the_outline(soft, opened):
    page = opened(soft)
    with page.phone():
        page.browser.refresh()
        assert "outline" in page.one("#canvas").get_attribute("class")
        assert page.run("return document.documentElement.scrollWidth") <= 390
        tops = [node.rect["y"] for node in page.all(".node")]
        assert tops == sorted(tops)


def test_several_targets_have_a_list_each(opened):
    page = opened(KINDS["hard, of several targets"]())
    assert len(page.all("#answer dl")) == TARGETS.shape[1]
    assert page.all("#answer .headline") == []


@pytest.fixture(scope="module")
def two_classes():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0)
    return tree.fit(X, np.where(Y == "high", "high", "low"))


def test_of_two_classes_leaves_name_that_of_the_text_and_the_answer_the_likelier(
    two_classes, opened
):
    page, text = opened(two_classes), export_text(two_classes)
    page.one("#unfold").click()
    leaves = np.flatnonzero(two_classes.tree_.is_leaf)
    said = [page.node(leaf).get_attribute("textContent") for leaf in leaves]
    assert all("low" in each and "high" not in each for each in said)
    assert text.count("low ") == len(leaves) and "high" not in text
    decided = set()
    for key in ("HOME", "END"):
        for column in ("age", "income"):
            page.one(f"[aria-label='{column}, slider']").click()
            page.press(key)
        shares = [float(dd.text.split()[0]) for dd in page.all("#answer dd")]
        likelier = page.all("#answer dt")[int(np.argmax(shares))].text
        assert page.one("#answer .headline").text.startswith(f"{likelier} ")
        decided.add(likelier)
    assert decided == {"low", "high"}


def test_no_share_is_rounded_to_a_half(two_classes, chromium, tmp_path):
    known = {"value": [0.4996, 0.5004]}
    text = _card_of_root(chromium, tmp_path / "tree.html", two_classes, known)
    assert "49.96 %" in text and "50.04 %" in text
