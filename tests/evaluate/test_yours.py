"""A folder with a task list, a repository and a test command; and what is said when one of them is missing."""

import sys
from pathlib import Path

import pytest

from coroom.evaluate.campaign import Evaluation, EvaluationError, keys_of
from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.grading import Grader, GradingError
from coroom.evaluate.suite import SuiteError, load
from coroom.evaluate.synthetic.hand import MODELS
from coroom.evaluate.synthetic.play import Play
from coroom.git.command import Git

CHECK = f"{sys.executable} check.py"


def made(folder: Path, suite: str, **other: str) -> Path:
    files = {
        "suite.yaml": suite,
        "repo/words.py": "def count(text):\n    return 0\n",
        "repo/lines.py": "",
        "tasks.md": "# What to do\n\n- Count words\n  in words.py\n- [ ] Count lines\n",
        "secret/check.py": (
            "import words, lines\n"
            "passed = [words.count('a b') == 2, getattr(lines, 'count', lambda _: 0)('a\\nb') == 2]\n"
            "print(sum(passed), 'passed,', 2 - sum(passed), 'failed')\n"
        ),
        "solved/words.py": "def count(text):\n    return len(text.split())\n",
        "solved/lines.py": "def count(text):\n    return len(text.splitlines())\n",
        **other,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def whole(extra: str = "") -> str:
    return f"tasks: tasks.md\nrepository: repo\nhidden: secret\ntest: {CHECK}\nreference: solved\n{extra}"


def test_a_list_a_repository_and_a_command_are_a_suite(tmp_path: Path) -> None:
    suite = load(str(made(tmp_path / "mine", whole())))
    (task,) = suite.tasks
    assert suite.name == "mine"
    assert [(unit.title, unit.contract.strip()) for unit in task.units] == [
        ("Count words", "in words.py"),
        ("Count lines", "Count lines"),
    ]
    assert "CONTRACT.md" in task.start
    assert not any("check" in path for path in task.start)
    with Grader(tmp_path / "grades") as grader:
        assert grader.grade(task, task.solved()).whole
        assert grader.grade(task, task.start).score == 0
        assert grader.grade(task, {**task.start, "words.py": b"def count(t): return len(t.split())"}).score == 0.5


def test_entries_have_tests_files_and_order_of_their_own_and_the_repository_is_gits_head(tmp_path: Path) -> None:
    tasks = (
        "tasks:\n"
        f"  - {{id: w, title: Words, touches: ['file:words.py'], test: '{CHECK} w'}}\n"
        "  - {id: l, title: Lines, files: [lines.py], after: [w]}\n"
    )
    folder = made(tmp_path / "mine", f"{tasks}repository: repo\ntest: {CHECK}\nhidden: secret\n")
    git = Git(
        folder / "repo",
        {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": ""},
    )
    git.run("init", "-q")
    git.run("add", "words.py")
    git.run("commit", "-q", "-m", "one")
    (task,) = load(str(folder)).tasks
    assert "lines.py" not in task.start
    assert task.start["words.py"].startswith(b"def count")
    assert [(unit.id, unit.files, unit.after) for unit in task.units] == [
        ("w", ("words.py",), ()),
        ("l", ("lines.py",), ("w",)),
    ]
    assert task.commands["w"].words[-1] == "w"
    with Grader(tmp_path / "grades") as grader:
        # Without a reference, what there is to pass is what was run.
        assert grader.grade_unit(task, task.units[0], {**task.start, "lines.py": b""}) == (0, 2)


def test_synthetic_agents_write_the_reference_and_are_told_when_there_is_none(tmp_path: Path) -> None:
    listed = "tasks: [{id: w, title: Words, files: [words.py]}, {id: l, title: Lines, files: [lines.py]}]\n"
    (task,) = load(str(made(tmp_path / "mine", whole().replace("tasks: tasks.md\n", listed)))).tasks
    played = Play(task, CONDITIONS["full"], 2, MODELS["synthetic-perfect"], "s").run()
    assert played.tree["words.py"] == task.reference["words.py"]
    bare = load(str(made(tmp_path / "bare", whole().replace("reference: solved\n", ""))))
    asked = Evaluation(suites=("bare",), agents=(1,), trials=1, agent="synthetic")
    with pytest.raises(EvaluationError, match="no reference, which is what synthetic agents write"):
        keys_of(asked, [bare])


def test_a_reference_that_fails_is_no_measure(tmp_path: Path) -> None:
    (task,) = load(str(made(tmp_path / "mine", whole(), **{"solved/words.py": "def count(t): return 1\n"}))).tasks
    with Grader(tmp_path / "grades") as grader, pytest.raises(GradingError, match="passes 1 of 2 tests"):
        grader.grade(task, task.start)


BY_UNITTEST = f"{sys.executable} -m unittest"
ONE_TEST = """
import unittest, words

class Words(unittest.TestCase):
    def test_two(self):
        self.assertEqual(words.count("a b"), 2)
"""


def test_a_suite_whose_tests_are_not_there_is_no_measure_and_tests_that_an_agent_removed_are_its_failure(
    tmp_path: Path,
) -> None:
    suite = f"tasks: [{{title: Words}}]\nrepository: repo\ntest: {BY_UNITTEST}\n"
    (none,) = load(str(made(tmp_path / "none", suite))).tasks
    (some,) = load(str(made(tmp_path / "some", suite, **{"repo/test_words.py": ONE_TEST}))).tasks
    with Grader(tmp_path / "grades") as grader:
        for judged in (lambda: grader.ready(none), lambda: grader.grade(none, none.start)):
            with pytest.raises(
                GradingError, match="finds no test for unit task-1 of none: put tests into the repository"
            ):
                judged()
        grader.ready(some)
        kept = {path: content for path, content in some.start.items() if path != "test_words.py"}
        assert grader.grade(some, some.start).units == {"task-1": (0, 1)}
        assert grader.grade(some, kept).units == {"task-1": (0, 1)}


@pytest.mark.parametrize(
    ("suite", "words"),
    [
        ("repository: repo\ntest: x\n", "names no tasks: write tasks:"),
        ("tasks: none.md\nrepository: repo\ntest: x\n", "the task list"),
        ("tasks: [a]\ntest: x\n", "names no repository: write repository: FOLDER"),
        ("tasks: [a]\nrepository: nowhere\ntest: x\n", "which is no folder"),
        ("tasks: [a]\nrepository: repo\n", "task 'task-1' has no test, and the suite has none: write test: COMMAND"),
        ("tasks: [a]\nrepository: repo\ntest: [x]\n", "test is no command"),
        ("tasks: [{id: a}]\nrepository: repo\ntest: x\n", "task 1 has no title"),
        ("tasks: [a]\nrepository: repo\ntest: x\nhidden: gone\n", "hidden is"),
        ("tasks: [", "cannot be read"),
        ("- a\n", "is no mapping"),
        ("tasks: [{title: a, files: x.py}]\nrepository: repo\ntest: x\n", "files and after are lists"),
    ],
)
def test_what_is_missing_is_said_with_what_to_write(tmp_path: Path, suite: str, words: str) -> None:
    with pytest.raises(SuiteError) as refused:
        load(str(made(tmp_path / "mine", suite)))
    assert words in str(refused.value)


def test_an_empty_repository_is_nothing_to_begin_with(tmp_path: Path) -> None:
    folder = made(tmp_path / "mine", "tasks: [a]\nrepository: empty\ntest: x\n")
    (folder / "empty").mkdir()
    with pytest.raises(SuiteError, match="holds no files"):
        load(str(folder))
