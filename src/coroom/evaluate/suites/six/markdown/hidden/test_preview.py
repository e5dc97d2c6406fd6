import random

import pytest
from markdown_editor.html import render
from markdown_editor.preview import Editor


def test_the_preview_follows_and_is_made_once_for_a_text() -> None:
    editor = Editor("# a")
    assert editor.html == editor.html == "<h1>a</h1>\n"
    assert editor.renders == 1
    editor.edit("b")
    editor.edit("c")
    assert editor.html == "<p>c</p>\n"
    assert editor.renders == 2


def test_commands_work_on_the_selection() -> None:
    editor = Editor("say this")
    editor.selection = (4, 8)
    editor.run("bold")
    assert (editor.text, editor.selection) == ("say **this**", (6, 10))
    editor.run("heading", 1)
    assert editor.html == "<h1>say <strong>this</strong></h1>\n"
    with pytest.raises(ValueError):
        editor.run("explode")


def test_an_edit_cuts_the_selection() -> None:
    editor = Editor("abcdef")
    editor.selection = (2, 6)
    editor.edit("abc")
    assert editor.selection == (2, 3)


def test_any_walk_through_the_past_shows_what_was() -> None:
    chance = random.Random(5)
    editor = Editor()
    past, at = [("", (0, 0))], 0
    for _ in range(400):
        what = chance.choice(["edit", "edit", "run", "undo", "redo"])
        if what == "undo":
            assert editor.undo() == (at > 0)
            at = max(at - 1, 0)
        elif what == "redo":
            assert editor.redo() == (at + 1 < len(past))
            at = min(at + 1, len(past) - 1)
        else:
            if what == "edit":
                editor.edit(editor.text + chance.choice("ab*\n"))
            else:
                editor.run(chance.choice(["bold", "code"]))
            past[at + 1 :] = [(editor.text, editor.selection)]
            at += 1
        assert (editor.text, editor.selection) == past[at]
        assert editor.html == render(editor.text)


def test_the_same_text_again_is_no_change() -> None:
    editor = Editor("a")
    editor.edit("a")
    assert not editor.undo()


@pytest.mark.parametrize(("text", "words"), [("", 0), ("one two", 2), ("it's 3 o'clock.", 3), ("a-b_c", 3), ("**x**\n\ny", 2)])
def test_words_are_counted(text: str, words: int) -> None:
    assert Editor(text).words == words
