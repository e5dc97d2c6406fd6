"""A run takes its tasks as the plan has them: coupled ones wait for one another, and no agent too many is started."""

from pathlib import Path

import pytest
from tests.git.repositories import new_repository

from coroom.core.command import PostTask
from coroom.core.resource import Resource, Scheme
from coroom.plan.route import CycleError
from coroom.run.planned import planned

FILES = {"a.py": b"def one():\n    return 1\n", "b.py": b"def two():\n    return 2\n", "c.py": b"def three(): pass\n"}


def post(name: str, symbol: str, after: tuple[str, ...] = ()) -> PostTask:
    return PostTask(title=f"task {name}", task=name, touches=(Resource(Scheme.SYMBOL, symbol),), after=after)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository", FILES)


def test_coupled_tasks_wait_for_one_another_and_others_do_not(repository: Path) -> None:
    tasks = [post("x", "a.py#one"), post("y", "a.py#one"), post("z", "b.py#two")]
    found = planned(repository, tasks, None, None)
    assert {task.task: task.after for task in found.tasks} == {"x": (), "y": ("x",), "z": ()}
    assert [task.task for task in found.tasks] == ["x", "z", "y"]
    assert (found.agents, found.policy) == (2, "open")
    assert any("x then y" in line for line in found.lines)


def test_all_coupled_is_one_agent_however_many_are_asked_for(repository: Path) -> None:
    found = planned(repository, [post("x", "a.py#one"), post("y", "a.py#one")], 8, None)
    assert found.agents == 1


def test_no_more_agents_than_asked_for_and_a_policy_asked_for_stays(repository: Path) -> None:
    tasks = [post("x", "a.py#one"), post("y", "b.py#two"), post("z", "c.py#three")]
    found = planned(repository, tasks, 2, "isolated")
    assert (found.agents, found.policy) == (2, "isolated")
    assert "as asked" in found.lines[-1]


def test_a_circle_is_refused_before_anything_is_made(repository: Path) -> None:
    with pytest.raises(CycleError):
        planned(repository, [post("x", "a.py#one", ("y",)), post("y", "b.py#two", ("x",))], None, None)
