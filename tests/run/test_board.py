"""The tasks of a run as people write them, and how a run is kept for its resumption."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.core.command import PostTask
from coroom.core.errors import Fault
from coroom.run.arrangement import FILE, Arrangement
from coroom.run.board import BoardError, tasks_from


def told(tasks: list[PostTask]) -> list[tuple[str, str]]:
    return [(task.title, task.description) for task in tasks]


def at(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def test_words_are_one_task_with_the_first_line_as_its_title() -> None:
    assert told(tasks_from("add a flag")) == [("add a flag", "")]
    assert told(tasks_from("add a flag\n\nIt shall be called --x.")) == [("add a flag", "It shall be called --x.")]


def test_words_too_long_for_a_title_are_kept_whole_in_the_description() -> None:
    words = "word " * 100
    (task,) = tasks_from(words)
    assert task.title.endswith("…")
    assert task.description == words.strip()


def test_each_item_of_a_markdown_list_is_a_task_and_what_is_indented_below_it_its_description(tmp_path: Path) -> None:
    text = (
        "# To do\n\n- [ ] first thing\n  more of it\n\n  and more\n* second other\n"
        "3. third matter\n   - a detail\n\nAn end.\n"
    )
    assert told(tasks_from(at(tmp_path, "t.md", text))) == [
        ("first thing", "more of it\n\nand more"),
        ("second other", ""),
        ("third matter", "- a detail"),
    ]


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    entries = [
        "first thing",
        {"id": "two", "title": "second other", "description": "why", "touches": ["src/a.py", "dir:docs/"]},
        {"title": "third matter", "after": ["two"]},
    ]
    from_json = tasks_from(at(tmp_path, "t.json", json.dumps(entries)))
    yaml = (
        "tasks:\n- first thing\n- {id: two, title: second other, description: why, touches: [src/a.py, 'dir:docs/']}\n"
        "- title: third matter\n  after: [two]\n"
    )
    assert tasks_from(at(tmp_path, "t.yaml", yaml)) == from_json
    assert [str(one) for one in from_json[1].touches] == ["file:src/a.py", "dir:docs/"]
    assert from_json[2].after == ("two",)


def test_two_tasks_with_like_titles_are_two_tasks(tmp_path: Path) -> None:
    text = "- add a test for the first parser\n- add a test for the second parser\n"
    assert len(tasks_from(at(tmp_path, "t.md", text))) == 2


def test_a_task_that_comes_after_itself_or_a_later_one_is_refused(tmp_path: Path) -> None:
    entries = [{"id": "one", "title": "first", "after": ["two"]}, {"id": "two", "title": "second"}]
    with pytest.raises(BoardError, match="no task two to come after"):
        tasks_from(at(tmp_path, "t.json", json.dumps(entries)))


TITLES = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=20)


@given(st.lists(TITLES, max_size=6, unique=True), st.lists(TITLES, max_size=6, unique=True))
def test_an_arrangement_is_read_as_it_was_written_and_no_task_is_in_it_twice(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], more: list[str]
) -> None:
    directory = tmp_path_factory.getbasetemp() / "kept"
    kept = Arrangement(kinds=("tape:/x",), agents=3, crew=("x",), land=False, toolsmith="openai:x").with_tasks(
        [PostTask(title=title, despite_duplicate=True) for title in first]
    )
    kept = kept.with_tasks([PostTask(title=title, despite_duplicate=True) for title in more])
    kept.write(directory)
    assert Arrangement.read(directory) == kept
    assert [task.title for task in kept.tasks] == list(dict.fromkeys([*first, *more]))
    assert len({task.task for task in kept.tasks}) == len(kept.tasks)


def test_a_damaged_arrangement_is_a_fault_that_names_the_file(tmp_path: Path) -> None:
    assert Arrangement.read(tmp_path) is None
    for damaged in ("{", "{}", "[]", '{"kinds": 3}'):
        (tmp_path / FILE).write_text(damaged)
        with pytest.raises(Fault, match=r"run\.json is damaged"):
            Arrangement.read(tmp_path)
