"""The main job's story is true: shown with plain files, git and the package's own tests, without a room."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise, permutations
from pathlib import Path
from typing import TypedDict, cast

import pytest

from coroom.run import package
from coroom.run.demo import load_demo

STRUTILS, FILEUTILS = "boltons/strutils.py", "boltons/fileutils.py"
TEST_STRUTILS, TEST_FILEUTILS = "tests/test_strutils.py", "tests/test_fileutils.py"
ROOM_TOOLS = {"task", "claim", "release", "say", "sync", "land", "answer"}
NATIVE_TOOLS = {"native_open", "native_read", "native_write", "native_edit", "native_delete", "shell"}
REPAIR = ("d", "repaired")
RESOLUTION = ("c", "resolved")
HELD = ("c", "prune")


class Barrier(TypedDict):
    agent: str
    step: str


class Step(TypedDict, total=False):
    at_ms: int
    after: Barrier
    when: dict[str, str]
    within_ms: int
    tool: str
    args: dict[str, str]
    label: str
    say_why: str


Tapes = dict[str, list[Step]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.prepare(tmp_path_factory.mktemp("package") / "boltons", print)


@pytest.fixture(scope="module")
def tapes() -> Tapes:
    demo = load_demo()
    return {
        agent: [cast("Step", json.loads(line)) for line in tape.read_text(encoding="utf-8").splitlines()]
        for agent, tape in demo.agents.items()
    }


@dataclass
class Tree:
    """A copy of the package on which steps act, as one agent alone would see them."""

    root: Path

    def do(self, step: Step) -> None:
        args = step["args"]
        if step["tool"] == "native_edit":
            file = self.root / args["path"]
            text = file.read_text(encoding="utf-8")
            assert text.count(args["old"]) == 1, (args["path"], args["old"])
            file.write_text(text.replace(args["old"], args["new"]), encoding="utf-8")
        elif step["tool"] == "shell" and "pytest" not in args["command"]:
            self.run(["bash", "-c", args["command"]]).check_returncode()

    def run(self, command: Collection[str]) -> subprocess.CompletedProcess[str]:
        """Which tests fail is all that is asked here: why is told by rewriting every assertion first."""
        options = f"{os.environ.get('PYTEST_ADDOPTS', '')} --assert=plain"
        variables = package.test_environment(print).variables({**os.environ, "PYTEST_ADDOPTS": options})
        return subprocess.run(list(command), cwd=self.root, env=variables, capture_output=True, text=True, check=False)

    def failing(self, *paths: str) -> set[str]:
        """The names of the failing tests of these files."""
        result = self.run(["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE", *paths])
        assert result.returncode in {0, 1}, result.stdout
        words = [line.split() for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return {line[1].rpartition("::")[2] for line in words}


@pytest.fixture
def tree(original: Path, tmp_path: Path) -> Callable[[str], Tree]:
    def copy(name: str) -> Tree:
        return Tree(Path(shutil.copytree(original, tmp_path / name)))

    return copy


def in_order(tapes: Tapes, first: str = "abcd") -> list[tuple[str, Step]]:
    """All steps in one order that the barriers allow, who comes first in `first` going first where several may.

    Fails when they wait for one another in a circle.
    """
    left = {agent: list(tapes[agent]) for agent in first}
    finished: set[tuple[str, str]] = set()
    order: list[tuple[str, Step]] = []
    while any(left.values()):
        ready = [
            agent
            for agent, steps in left.items()
            if steps
            and ("after" not in steps[0] or (steps[0]["after"]["agent"], steps[0]["after"]["step"]) in finished)
        ]
        assert ready, {agent: steps[0] for agent, steps in left.items() if steps}
        step = left[ready[0]].pop(0)
        order.append((ready[0], step))
        if "label" in step:
            finished.add((ready[0], step["label"]))
    return order


def play(tree: Tree, tapes: Tapes, *, without: Collection[tuple[str, str]]) -> Tree:
    for agent, step in in_order(tapes):
        if (agent, step.get("label", "")) not in without:
            tree.do(step)
    return tree


def labelled(tapes: Tapes, agent: str, label: str) -> Step:
    return next(step for step in tapes[agent] if step.get("label") == label)


def merged_by_git(tree: Callable[[str], Tree], path: str, ours: Step, theirs: Step) -> int:
    """The number of conflicts that git's merge of two edits of the same text finds."""
    base, one, other = tree("base"), tree("ours"), tree("theirs")
    one.do(ours)
    other.do(theirs)
    files = [str(side.root / path) for side in (one, base, other)]
    return base.run(["git", "merge-file", "-p", *files]).returncode


def test_every_step_is_of_the_vocabulary_and_waits_only_for_steps_that_exist(tapes: Tapes) -> None:
    allowed = set(Step.__annotations__)
    labels = {(agent, step["label"]) for agent, steps in tapes.items() for step in steps if "label" in step}
    for steps in tapes.values():
        for step in steps:
            assert set(step) <= allowed
            assert step["tool"] in ROOM_TOOLS | NATIVE_TOOLS
            assert ("when" in step) == ("within_ms" in step)
            if "after" in step:
                assert (step["after"]["agent"], step["after"]["step"]) in labels


def test_an_opened_tool_call_is_the_very_next_step_on_the_same_file(tapes: Tapes) -> None:
    opened = 0
    for steps in tapes.values():
        for step, following in pairwise(steps):
            if step["tool"] == "native_open":
                opened += 1
                assert following["tool"] == "native_edit"
                assert following["args"]["path"] == step["args"]["path"]
    assert opened == 3


def test_nobody_begins_an_edit_of_a_text_that_changed_since_they_read_it(tapes: Tapes) -> None:
    for first in map("".join, permutations("abcd")):
        fresh: set[tuple[str, str]] = set()
        under_way: set[tuple[str, str]] = set()
        for agent, step in in_order(tapes, first):
            resolves = (agent, step.get("label")) == RESOLUTION
            what = (agent, FILEUTILS if resolves else step["args"].get("path", ""))
            if step["tool"] in {"native_open", "native_edit"} and what not in under_way:
                assert what in fresh, (first, agent, step)
            if step["tool"] == "native_open":
                under_way.add(what)
            if step["tool"] == "native_edit" or resolves:
                under_way.discard(what)
                fresh = {(reader, path) for reader, path in fresh if path != what[1]}
            if step["tool"] in {"native_read", "native_edit"}:
                fresh.add(what)


def test_every_agent_takes_one_task_of_the_board_and_finishes_it(tapes: Tapes) -> None:
    finished = [s["args"]["task"] for steps in tapes.values() for s in steps if s["args"].get("do") == "done"]
    assert finished == [task.id for task in load_demo().tasks]


def test_the_tapes_without_waiting_for_one_another_take_less_than_half_a_minute(tapes: Tapes) -> None:
    assert sum(step["at_ms"] for _, step in in_order(tapes)) < 30_000


def test_the_original_passes_its_own_tests_for_the_files_that_change(original: Path) -> None:
    assert Tree(original).failing(TEST_STRUTILS, TEST_FILEUTILS) == set()


def test_all_four_changes_together_pass_the_whole_suite(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    final = play(tree("final"), tapes, without={HELD})
    result = final.run([*load_demo().test_command, "-rp"])
    assert result.returncode == 0, result.stdout[-2000:]
    passed = [line for line in result.stdout.splitlines() if line.startswith("PASSED tests/")]
    for name in ("bytes2human_si", "singularize_undoes", "does_not_walk", "trailing_separator", "tree_size"):
        assert any(name in line for line in passed)
    section = (final.root / "CHANGELOG.md").read_text(encoding="utf-8").split("## 26.2.0")[0]
    assert section.count("\n- ") == 4


def test_without_the_stale_readers_repair_its_test_is_red(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    stale = play(tree("stale"), tapes, without={HELD, REPAIR})
    assert stale.failing(TEST_STRUTILS, TEST_FILEUTILS) == {"test_tree_size"}


def test_taking_one_side_of_the_conflict_loses_the_other_change(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    only_d = play(tree("only_d"), tapes, without={HELD, RESOLUTION})
    only_c = play(tree("only_c"), tapes, without={("d", "depth"), RESOLUTION})
    assert only_d.failing(TEST_FILEUTILS) == {"test_iter_find_files_does_not_walk_below_max_depth"}
    assert only_c.failing(TEST_FILEUTILS) == {"test_iter_find_files_depth_with_trailing_separator"}


def test_the_resolution_is_the_same_from_either_side_of_the_conflict(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    texts = set()
    for side in (labelled(tapes, *HELD), labelled(tapes, "d", "depth")):
        copy = tree(side["label"])
        copy.do(side)
        copy.do(labelled(tapes, *RESOLUTION))
        texts.add((copy.root / FILEUTILS).read_bytes())
    assert len(texts) == 1


def test_git_too_finds_the_conflict_in_the_walk(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    assert merged_by_git(tree, FILEUTILS, labelled(tapes, "d", "depth"), labelled(tapes, *HELD)) == 1


def test_the_two_changes_of_one_file_merge(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    assert merged_by_git(tree, STRUTILS, labelled(tapes, "a", "sizes"), labelled(tapes, "b", "plural")) == 0


def test_git_stops_where_two_new_tests_stand_in_one_place(tree: Callable[[str], Tree], tapes: Tapes) -> None:
    assert merged_by_git(tree, TEST_STRUTILS, labelled(tapes, "b", "tested"), labelled(tapes, "a", "tested")) == 1
