"""What every tool keeps, whatever it acts on."""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tools.worlds import (
    ClusterWorld,
    Directory,
    NotesWorld,
    PostgresWorld,
    Shelf,
    ShellWorld,
    SqliteWorld,
    World,
    named,
)

from coroom.core.errors import Refused
from coroom.core.resource import Resource, covers, overlaps, parse
from coroom.core.tool import NotPerformed, Performed, ToolCall
from coroom.ports import Forgets, OutsideChange, Tool, ToolFailed
from coroom.testing.postgres_server import PostgresServer
from coroom.tools.files import file_tools
from coroom.tools.journal import Journal
from coroom.tools.registry import FunctionTool, tool
from coroom.workspace.stage import Stage
from coroom.workspace.tree import FileTree

WORLDS = ("functions", "sqlite", "postgres", "files", "kubernetes", "shell", "proxy")
EXAMPLES: dict[type, int] = {
    Shelf: 20,
    SqliteWorld: 12,
    Directory: 12,
    PostgresWorld: 6,
    ClusterWorld: 6,
    NotesWorld: 4,
    ShellWorld: 2,
}
TIMES = int(os.environ.get("COROOM_TIMES", "1"))
_numbers = itertools.count()


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place: Path = tmp_path_factory.mktemp("world")
    match request.param:
        case "functions":
            yield Shelf()
        case "sqlite":
            made = SqliteWorld(place)
            yield made
            made.database.close()
            made.outside.close()
        case "files" | "shell":
            directory = Directory(place) if request.param == "files" else ShellWorld(place)
            yield directory
            directory.root.close()
        case "proxy":
            notes = NotesWorld(place)
            yield notes
            notes.close()
        case "kubernetes":
            cluster = ClusterWorld()
            yield cluster
            cluster.cluster.close()
            cluster.server.__exit__(None, None, None)
        case "postgres":
            server: PostgresServer = request.getfixturevalue("postgres")
            stored = PostgresWorld(server.conninfo())
            yield stored
            stored.database.close()
            stored.outside.close()


def examples(world: World) -> int:
    return EXAMPLES[type(world)] * TIMES


def tried(world: World, data: st.DataObject) -> tuple[Tool, ToolCall]:
    name, arguments = data.draw(world.calls)
    return named(world.tools(), name), ToolCall(f"c{next(_numbers)}", name, arguments)


def begun(tool: Tool, call: ToolCall) -> tuple[str, str] | None:
    """Prepared and performed; None when the tool said that it cannot."""
    if isinstance(tool.footprint(call.arguments), Refused):
        return None
    try:
        prepared = tool.prepare(call)
        return prepared, tool.perform(call, prepared)
    except ToolFailed:
        return None


def law(test: Callable[[World, st.DataObject], None]) -> Callable[[World], None]:
    """A property that is tried on fresh state, as often as the world is cheap."""

    def run(world: World) -> None:
        @settings(max_examples=examples(world), deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(data=st.data())
        def holds(data: st.DataObject) -> None:
            world.reset()
            test(world, data)

        holds()

    run.__name__ = test.__name__
    return run


@pytest.mark.promise("undo:inverse")
@law
def test_undoing_calls_from_the_last_to_the_first_brings_back_what_was(world: World, data: st.DataObject) -> None:
    before = world.observe()
    acted = []
    for _ in range(data.draw(st.integers(1, 3))):
        tool, call = tried(world, data)
        done = begun(tool, call)
        if done:
            acted.append((tool, call, *done))
    for tool, call, prepared, result in reversed(acted):
        tool.undo(call, prepared, result)
    assert world.observe() == before


@pytest.mark.promise("undo:inverse")
@law
def test_undoing_twice_does_nothing_more_and_doing_again_does_the_same(world: World, data: st.DataObject) -> None:
    tool, call = tried(world, data)
    done = begun(tool, call)
    if not done:
        return
    after = world.observe()
    tool.undo(call, *done)
    before = world.observe()
    named(world.tools(), call.tool).undo(call, *done)
    assert world.observe() == before
    again = begun(tool, call)
    assert again
    assert again[1] == done[1]
    assert world.observe() == after


@law
def test_a_call_that_is_tried_twice_acts_once_and_answers_the_same(world: World, data: st.DataObject) -> None:
    tool, call = tried(world, data)
    done = begun(tool, call)
    if done:
        after = world.observe()
        assert named(world.tools(), call.tool).perform(call, done[0]) == done[1]
        assert world.observe() == after


@law
def test_a_call_that_fails_changes_nothing(world: World, data: st.DataObject) -> None:
    before = world.observe()
    tool, call = tried(world, data)
    if begun(tool, call) is None:
        assert world.observe() == before


@law
def test_what_a_call_changes_lies_within_what_it_declared(world: World, data: st.DataObject) -> None:
    before = world.observe()
    tool, call = tried(world, data)
    done = begun(tool, call)
    footprint = tool.footprint(call.arguments)
    if done and not isinstance(footprint, Refused):
        assert all(declared(each, footprint.writes) for each in changed(before, world.observe()))


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[Resource]:
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    found = [parse(name) for name in names]
    assert not [each for each in found if isinstance(each, Refused)]
    return [each for each in found if isinstance(each, Resource)]


def declared(touched: Resource, writes: tuple[Resource, ...]) -> bool:
    """A row is observed as the predicate of all its values, so that a declared predicate covers it exactly."""
    return any(covers(write, touched) or (write.scheme == "row" and overlaps(write, touched)) for write in writes)


@law
def test_a_probe_tells_what_became_of_a_call(world: World, data: st.DataObject) -> None:
    tool, call = tried(world, data)
    footprint = tool.footprint(call.arguments)
    if isinstance(footprint, Refused) or not footprint.writes:
        return
    try:
        prepared = tool.prepare(call)
    except ToolFailed:
        return
    before = world.observe()
    assert tool.probe(call, prepared) == NotPerformed()
    try:
        result = tool.perform(call, prepared)
    except ToolFailed:
        assert tool.probe(call, prepared) == NotPerformed()
        return
    # A call that changed nothing may count as not performed: to do it then changes nothing either.
    if world.observe() != before:
        assert named(world.tools(), call.tool).probe(call, prepared) == Performed(result)
    tool.undo(call, prepared, result)
    assert named(world.tools(), call.tool).probe(call, prepared) == NotPerformed()


@pytest.mark.promise("undo:inverse")
@law
def test_what_somebody_outside_changed_is_found_and_never_overwritten(world: World, data: st.DataObject) -> None:
    before = world.observe()
    tool, call = tried(world, data)
    done = begun(tool, call)
    # Only the numbering moved, or nothing at all: there is nothing that anybody could change in between.
    if not done or not [name for name in changed(before, world.observe()) if name.scheme != "key"]:
        return
    world.meddle()
    meddled = world.observe()
    with pytest.raises(OutsideChange):
        tool.undo(call, *done)
    assert world.observe() == meddled


@law
def test_a_call_that_is_final_is_forgotten_and_no_other(world: World, data: st.DataObject) -> None:
    tool, call = tried(world, data)
    done = begun(tool, call)
    footprint = tool.footprint(call.arguments)
    if not done or not isinstance(tool, Forgets) or isinstance(footprint, Refused) or not footprint.writes:
        return
    after = world.observe()
    tool.forget((f"{call.id}0",))
    assert isinstance(tool.probe(call, done[0]), Performed)
    tool.forget((call.id,))
    tool.forget((call.id,))
    assert not isinstance(tool.probe(call, done[0]), Performed)
    assert world.observe() == after


@law
def test_images_tell_contents_apart(world: World, data: st.DataObject) -> None:
    tool, call = tried(world, data)
    footprint = tool.footprint(call.arguments)
    if isinstance(footprint, Refused):
        return
    before = {each: (tool.value(each), tool.image(each)) for each in footprint.writes}
    begun(tool, call)
    for each, (value, image) in before.items():
        assert (tool.value(each) == value) == (tool.image(each) == image)


def test_a_call_that_only_reads_is_answered_without_being_prepared(tmp_path: Path) -> None:
    directory = ShellWorld(tmp_path)
    directory.reset()
    listing = file_tools(FileTree(directory.root, Stage.at(str(tmp_path / "stage")), time.monotonic, durable=False))
    cluster, sqlite = ClusterWorld(), SqliteWorld(tmp_path)
    cluster.reset()

    @tool(reads="key:x", reads_value=True)
    def read() -> int:
        """Read x."""
        return 7

    reads: list[tuple[Tool, str]] = [
        (named(listing, "file_read"), '{"path":"d/c"}'),
        (named(listing, "file_list"), '{"directory":"."}'),
        (named(directory.tools(), "shell"), '{"command":"cat d/c"}'),
        (named(cluster.tools(), "k8s_get"), '{"kind":"Deployment","name":"geo"}'),
        (named(cluster.tools(), "k8s_list"), '{"kind":"Deployment"}'),
        (named(sqlite.tools(), "lite_select"), '{"table":"people","where":{"team":null}}'),
        (FunctionTool(read, Journal()), "{}"),
    ]
    for each, arguments in reads:
        footprint = each.footprint(arguments)
        assert not isinstance(footprint, Refused)
        answer = each.perform(ToolCall("look1", each.spec.name, arguments), "")
        assert answer not in {"null", "[]"}
        if each.spec.reads_value and len(footprint.reads) == 1 and each.spec.name != "read":
            assert answer == each.value(footprint.reads[0]), each.spec.name
    for database in (sqlite.database, sqlite.outside, cluster.cluster, directory.root):
        database.close()
    cluster.server.__exit__(None, None, None)
