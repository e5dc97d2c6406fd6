"""CooperBench's data as it lies on a disk: here a small folder of the same layout, made by hand."""

import shutil
from pathlib import Path

import pytest

from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.grading import Grader
from coroom.evaluate.suite import SuiteError, load
from coroom.evaluate.synthetic.hand import MODELS
from coroom.evaluate.synthetic.play import Play
from coroom.git.command import Git

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": ""}
START = "def shout(text):\n    return text\n\n\ndef end():\n    return 0\n"
LOUD = START.replace("return text", "return text.upper()")
LAST = START.replace("return 0", "return 1")
BOTH = LOUD.replace("return 0", "return 1")
RUN = """#!/bin/bash
set -e
cd "$1"
git apply "$2"
PYTHONDONTWRITEBYTECODE=1 python3 test_it.py
git reset -q --hard
git clean -qfdx
"""
# The data's files of tests hold the repository's own as well, which pass before anything was done.
TEST = "import talk\n\nok = {condition}\nprint('9 passed' if ok else '8 passed, 1 failed')\nraise SystemExit(not ok)\n"


def patch(git: Git, path: str, text: str) -> str:
    (git.directory / path).write_text(text)
    git.run("add", "-A")
    made = git.run("diff", "--cached").out.decode()
    git.run("reset", "-q", "--hard")
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    task = root / "acme_talk_task" / "task7"
    checkout = task / "talk-pr-7"
    checkout.mkdir(parents=True)
    git = Git(checkout, WHO)
    git.run("init", "-q")
    (checkout / "talk.py").write_text(START)
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "base")
    commit = git.run("rev-parse", "HEAD").line
    (task / "setup.sh").write_text(
        f'REPO_NAME="talk-pr-7"\nBASE_COMMIT="{commit}"\ngit clone https://example.org/acme/talk "$REPO_NAME"\n'
    )
    (task / "run_tests.sh").write_text(RUN)
    for number, text, condition in (
        (1, LOUD, "talk.shout('a') == 'A'"),
        (2, LAST, "talk.end() == 1"),
        (3, LAST, "True"),
    ):
        feature = task / f"feature{number}"
        feature.mkdir()
        (feature / "feature.md").write_text(f"**Title**: Feature number {number}\n\nWords about it.\n")
        (feature / "feature.patch").write_text(patch(git, "talk.py", text))
        (feature / "tests.patch").write_text(patch(git, "test_it.py", TEST.format(condition=condition)))
    (task / "combined.patch").write_text(patch(git, "talk.py", BOTH))
    (root / "subsets").mkdir()
    (root / "subsets" / "lite.json").write_text(
        '{"tasks": [{"repo": "acme_talk_task", "task_id": 7, "pairs": [[1, 2]]}]}'
    )
    (root / "subsets" / "flash.json").write_text(
        '{"tasks": [{"repo": "acme_talk_task", "task_id": 7, "pairs": [[1, 2], [1, 3]]}]}'
    )
    return root


def test_a_pair_of_features_is_a_task_and_both_are_tested_on_one_tree(data: Path, tmp_path: Path) -> None:
    suite = load(f"cooperbench:{data}")
    (task,) = suite.tasks
    assert (suite.name, task.id) == ("cooperbench", "acme_talk-7-f1-f2")
    assert [(unit.id, unit.title, unit.files) for unit in task.units] == [
        ("feature1", "Feature number 1", ("talk.py",)),
        ("feature2", "Feature number 2", ("talk.py",)),
    ]
    assert not any("test" in path for path in task.start)
    with Grader(tmp_path / "grades") as grader:
        assert grader.grade(task, task.solved()).whole
        assert grader.grade(task, task.start).score == 0
        one = grader.grade(task, {**task.start, "talk.py": LOUD.encode()})
        assert one.units == {"feature1": (1, 1), "feature2": (0, 1)}


def test_two_agents_make_one_tree_of_both(data: Path) -> None:
    (task,) = load(str(data)).tasks
    tree = Play(task, CONDITIONS["full"], 2, MODELS["synthetic-perfect"], "s").run().tree
    assert tree["talk.py"] == BOTH.encode()


def test_a_subset_a_repository_or_a_task_can_be_named(data: Path) -> None:
    def ids(named: str) -> list[str]:
        return [task.id for task in load(named).tasks]

    assert ids(f"cooperbench:{data}#flash") == ["acme_talk-7-f1-f2", "acme_talk-7-f1-f3"]
    every = ["acme_talk-7-f1-f2", "acme_talk-7-f1-f3", "acme_talk-7-f2-f3"]
    assert ids(str(data / "acme_talk_task")) == ids(str(data / "acme_talk_task" / "task7")) == every
    assert ids(str(data / "acme_talk_task" / "task7") + "#1-3") == ["acme_talk-7-f1-f3"]
    with pytest.raises(SuiteError, match="has no features 1 and 4: name a task's folder"):
        load(f"{data / 'acme_talk_task' / 'task7'}#1-4")
    with pytest.raises(SuiteError, match="no subset 'big'"):
        load(f"cooperbench:{data}#big")


def test_what_is_missing_is_said_with_how_to_get_it(data: Path, tmp_path: Path) -> None:
    task = data / "acme_talk_task" / "task7"
    with pytest.raises(SuiteError, match="holds no pair of features"):
        load(f"cooperbench:{tmp_path}")
    kept = (task / "feature2" / "tests.patch").read_bytes()
    (task / "feature2" / "tests.patch").unlink()
    with pytest.raises(SuiteError, match=r"a feature has feature\.md, feature\.patch and tests\.patch"):
        load(str(data))
    (task / "feature2" / "tests.patch").write_bytes(kept)
    shutil.move(task / "talk-pr-7", tmp_path / "elsewhere")
    with pytest.raises(SuiteError, match=r"run 'bash setup\.sh' in .*, or: git clone https://example\.org/acme/talk"):
        load(str(data))
    (task / "run_tests.sh").unlink()
    with pytest.raises(SuiteError, match=r"has no run_tests\.sh"):
        load(str(data))
