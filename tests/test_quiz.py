"""Quick questions: what they show with and without HTML, and (in Chromium) that they answer at once, offline."""

import shutil

import pytest

from convnets.quiz import choose, number

CHOICE = choose("Is `a < b`?", {"yes": "It is, by <1>.", "no & never": "Tempting because of `b`."}, answer="yes")
NUMBER = number("How much is 2 + 2 · 1000?", 2002, {4000: "Products come first.", 2.5: "No idea."}, "2 + 2000.")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)


def test_choice_in_html_escapes_and_marks():
    html = CHOICE._repr_mimebundle_()["text/html"]
    assert "<code>a &lt; b</code>" in html and "no &amp; never" in html and "&lt;1&gt;" in html
    assert html.count("<details>") == 2
    right, wrong = html.index("✓"), html.index("✗")
    assert html.index("<summary>yes") < right < html.index("<summary>no") < wrong


def test_text_form_is_complete_without_html():
    text = CHOICE._repr_mimebundle_()["text/plain"]
    assert "a) yes" in text and "b) ✗ No. Tempting" in text
    text = NUMBER._repr_mimebundle_()["text/plain"]
    assert "Answer: 2,002. 2 + 2000." in text and "not 4,000: Products" in text


def test_number_can_be_read_without_a_script():
    html = NUMBER.html.split("<script>")[0]
    assert "Show the answer" in html and "2,002. 2 + 2000." in html


def test_same_question_same_output():
    again = number("How much is 2 + 2 · 1000?", 2002, {4000: "Products come first.", 2.5: "No idea."}, "2 + 2000.")
    assert again == NUMBER


def test_mistakes_of_the_author_are_named():
    with pytest.raises(ValueError, match="is not among the options"):
        choose("?", {"a": ""}, answer="b")
    with pytest.raises(ValueError, match="also listed as wrong"):
        number("?", 3, {3: "x"})


def test_text_cannot_end_the_script():
    assert number("?", 1, {2: "a </script> b"}).html.count("</script>") == 1


def test_answers_in_a_browser(tmp_path):
    """Click and type as a reader does; every request to a network is refused."""
    assert CHROMIUM, "This test needs Chromium: apt install chromium."
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "quiz.html"
    page_file.write_text(f"<meta charset='utf-8'><body>{CHOICE.html}{NUMBER.html}")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.route("http*://**", lambda route: route.abort())
        page.goto(page_file.as_uri())
        why = page.get_by_text("Tempting because")
        assert not why.is_visible()
        page.get_by_text("no & never").click()
        assert why.is_visible()

        replies = {
            "4000": "✗ No. Products come first.",
            " 2,002 ": "✓ Yes. 2 + 2000.",
            "2.5": "✗ No. No idea.",
            "77": "✗ No. Not yet.",
            "2002x": "✗ No. Not yet.",
            "": "✗ No. Not yet.",
        }
        field, status = page.locator("input"), page.get_by_role("status")
        for typed, reply in replies.items():
            field.fill(typed)
            field.press("Enter")
            assert status.inner_text().startswith(reply), typed
        browser.close()


def test_no_text_becomes_markup_or_script():
    evil = "<script>alert(1)</script>"
    for question in (choose(evil, {evil: evil, "b": "c"}, "b"), number(evil, 1, {2: evil}, evil)):
        assert "<script>alert" not in question.html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in question.html
        assert evil in question.text  # which no browser reads


def test_each_question_has_a_field_of_its_own():
    names = {number(text, 1, {}).html.split('<div id="')[1].split('"')[0] for text in ("a", "b", "c")}
    assert len(names) == 3
