"""Repository races: units that share files, each going by what it reads there."""

from collections.abc import Iterator
from itertools import permutations

import pytest

from coroom.core.evolve import evolve
from coroom.core.state import RoomState
from coroom.evaluate.campaign import coupling
from coroom.evaluate.conditions import CONDITIONS
from coroom.evaluate.eval_task import EvalTask
from coroom.evaluate.grading import Grader
from coroom.evaluate.suite import load
from coroom.evaluate.synthetic.hand import MODELS
from coroom.evaluate.synthetic.play import Play

RACES = {task.id: task for task in load("races").tasks}
PERFECT = MODELS["synthetic-perfect"]


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    with Grader(tmp_path_factory.mktemp("grades")) as found:
        yield found


def one_by_one(task: EvalTask, order: tuple[int, ...]) -> dict[str, bytes]:
    tree = dict(task.start)
    for at in order:
        tree.update(task.changed(task.units[at].id, tree))
    # Whoever is told that what it had gone by has changed looks again.
    for at in order:
        tree.update(task.changed(task.units[at].id, tree))
    return tree


@pytest.mark.parametrize("task", RACES.values(), ids=RACES)
def test_whatever_order_the_units_are_done_in_the_oracle_is_content(task: EvalTask, grader: Grader) -> None:
    # The reference is the first order; what hidden tests say of eight units takes its time.
    several = (
        list(permutations(range(len(task.units))))
        if len(task.units) < 4
        else [(2, 3, 0, 1, *range(4, len(task.units)))]
    )
    for order in several[-2:]:
        tree = one_by_one(task, order)
        assert grader.grade(task, tree).whole, order
        assert not any(task.changed(unit.id, tree) for unit in task.units)


def trees(task: EvalTask, condition: str, agents: int, seeds: int) -> list[dict[str, bytes]]:
    return [Play(task, CONDITIONS[condition], agents, PERFECT, str(n), wall_s=10_000).run().tree for n in range(seeds)]


@pytest.mark.parametrize("name", RACES)
def test_agents_without_fault_in_a_room_lose_nothing_of_each_other(name: str) -> None:
    task = RACES[name]
    # With two agents three of ten stale reads ended wrong while a notice that came during other work was lost.
    for tree in trees(task, "full", 2, 8) + trees(task, "full", 4, 3) + trees(task, "serial", 3, 1):
        assert not any(task.changed(unit.id, tree) for unit in task.units)


def test_separate_lines_united_file_by_file_lose_updates() -> None:
    task = RACES["lost-update"]
    lost = [any(task.changed(unit.id, tree) for unit in task.units) for tree in trees(task, "isolated", 4, 3)]
    assert all(lost)


def test_a_held_edit_is_decided_anew_on_what_stands_there() -> None:
    task = RACES["clobber"]
    held = 0
    for n in range(6):
        played = Play(task, CONDITIONS["full"], 5, PERFECT, f"h{n}", wall_s=10_000).run()
        state = RoomState()
        for event in played.events:
            state = evolve(state, event)
        held += len(state.held)
        assert not state.open_held()
    assert coupling(task) == 1.0


def test_units_that_are_tested_together_are_tested_apart_when_one_of_them_ends_the_process(
    grader: Grader,
) -> None:
    task = RACES["stale-read"]
    tree = {**task.solved(), "geometry/fence.py": b"import os\nos._exit(0)\n"}
    assert grader.grade(task, tree).units == {"shape": (1, 1), "report": (1, 1), "fence": (0, 1)}
