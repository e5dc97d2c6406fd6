"""Tools from typed functions: what is declared wrongly is said at once, what is called wrongly is refused."""

import json
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.core.errors import Refused
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import NotPerformed, Performed, ToolCall, Unknown
from coroom.ports import ToolFailed, UndoFailed
from coroom.tools.journal import Journal, State
from coroom.tools.naming import resources_of
from coroom.tools.registry import BadTool, Declaration, FunctionTool, Toolbox, tool


def order(number: int, *, fast: bool = False) -> str:
    """Order something."""
    return f"{number}{'!' if fast else ''}"


def call(arguments: object, name: str = "order", call_id: str = "c1") -> ToolCall:
    return ToolCall(call_id, name, json.dumps(arguments))


P = ParamSpec("P")
R = TypeVar("R")


def made(declared: Declaration[P, R]) -> FunctionTool:
    return FunctionTool(declared, Journal())


def refused(footprint: Footprint | Refused) -> str:
    assert isinstance(footprint, Refused)
    return str(footprint)


def test_the_function_stays_what_it_was_and_its_schema_comes_from_its_hints() -> None:
    declared = tool(writes="row:a/b/{number}")(order)
    assert declared(3, fast=True) == "3!"
    spec = made(declared).spec
    assert (spec.name, spec.description, spec.undoable, spec.gated) == ("order", "Order something.", False, True)
    schema = json.loads(spec.schema)
    assert schema["required"] == ["number"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["fast"] == {"default": False, "title": "Fast", "type": "boolean"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{}", "number: field required"),
        ('{"number":"x"}', "got 'x'"),
        ('{"number":1,"speed":2}', "speed: extra inputs are not permitted"),
        ("[1]", "the arguments"),
        ("{", "invalid json"),
        ('{"number":1e400}', "number"),
    ],
)
def test_arguments_that_fail_the_schema_are_refused_with_what_is_wrong(arguments: str, said: str) -> None:
    words = refused(made(tool(reads="row:a/b/{number}")(order)).footprint(arguments))
    assert said in words
    assert "It takes number (and may take fast)" in words


def test_a_long_argument_is_not_said_back_whole() -> None:
    assert len(refused(made(tool(reads="key:x")(order)).footprint(json.dumps({"number": "x" * 100_000})))) < 500


def test_what_cannot_work_is_said_when_it_is_declared() -> None:
    with pytest.raises(BadTool, match="uses 'nummer', which is no argument"):
        tool(reads="row:a/b/{nummer}")(order)

    with pytest.raises(BadTool, match="the parameter 'a' has no type"):

        @tool()
        def untyped(a) -> None:  # type: ignore[no-untyped-def]
            """Do."""

    with pytest.raises(BadTool, match="cannot be given by name"):

        @tool()
        def several(*a: int) -> None:
            """Do."""

    with pytest.raises(BadTool, match="no docstring"):

        @tool()
        def silent(a: int) -> None:
            del a

    with pytest.raises(BadTool, match="have no JSON form"):

        @tool()
        def formless(a: Toolbox) -> None:
            """Do."""

    with pytest.raises(BadTool, match="order names nothing that it reads or writes"):
        tool()(order)

    with pytest.raises(BadTool, match=r"order: 'rows/x' names no resource: it has no known scheme\."):
        tool(writes="rows/{number}")(order)

    with pytest.raises(BadTool, match="'blnd' is no effect of a tool; there are commuting, blind"):
        tool(writes="key:x", effect="blnd")

    with pytest.raises(BadTool, match="'my order' is no name of a tool"):
        tool(writes="key:x", name="my order")(order)

    declared = tool(reads="key:x")(order)
    with pytest.raises(BadTool, match="'undo' asks for 'amount', which it cannot be given"):

        @declared.undo
        def undo(amount: int) -> None:
            del amount

    @declared.prepare
    def prepare() -> None:
        return None

    with pytest.raises(BadTool, match="has its prepare already"):
        declared.prepare(prepare)


def test_two_tools_of_one_name_are_not_taken_in() -> None:
    with pytest.raises(BadTool, match="two tools named order"):
        Toolbox([made(tool(reads="key:x")(order)), made(tool(reads="key:x")(order))])


@given(st.text(), st.sampled_from(["row:db/t/{key}", "set:db/t?name={key}", "k8s:v1/pods/ns/{key}", "key:db/{key}"]))
def test_an_argument_never_reaches_out_of_its_place_in_a_name(text: str, template: str) -> None:
    named = resources_of([template], {"key": text})
    if isinstance(named, Refused):
        assert not text or len(text) > 300
        return
    place = template.partition("{")[0].partition(":")[2]
    assert named[0].name.startswith(place)
    assert not set(" /?&=#*") & set(named[0].name.removeprefix(place))


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "", "a\0b"])
def test_a_path_that_climbs_out_is_refused(path: str) -> None:
    assert isinstance(resources_of(["file:{path}"], {"path": path}), Refused)


def test_a_list_names_one_resource_for_each_item() -> None:
    named = resources_of(["row:db/t/{keys}", "set:db/{table}"], {"keys": [1, "a/b", 1], "table": "t"})
    assert isinstance(named, tuple)
    assert [str(each) for each in named] == ["row:db/t/1", "row:db/t/a%2Fb", "set:db/t"]


@dataclass
class Memory:
    """What a prepare may return."""

    level: int
    notes: list[str]


def test_hooks_get_what_they_ask_for_in_its_own_type() -> None:
    seen: list[object] = []

    @tool(writes="key:tank")
    def fill(litres: int, call_id: str) -> Memory:
        """Fill the tank."""
        seen.append(call_id)
        return Memory(litres, ["filled"])

    @fill.prepare
    def prepare() -> Memory:
        return Memory(0, ["empty"])

    @fill.undo
    def undo(before: Memory, result: Memory, litres: int, call_id: str) -> None:
        seen.extend([before, result, litres, call_id])

    made_tool = FunctionTool(fill, Journal(), proven=True)
    asked = call({"litres": 5}, "fill", "c9")
    prepared = made_tool.prepare(asked)
    result = made_tool.perform(asked, prepared)
    made_tool.undo(asked, prepared, result)
    assert seen == ["c9", Memory(0, ["empty"]), Memory(5, ["filled"]), 5, "c9"]
    assert "call_id" not in made_tool.spec.schema


class Tank:
    """A level, and tools that break in every way."""

    def __init__(self) -> None:
        self.level = 0
        self.breaks = ""
        self.journal = Journal()

        @tool(writes="key:tank")
        def fill(litres: int) -> int:
            """Fill the tank."""
            if self.breaks == "cleanly":
                raise ToolFailed("No water.")
            self.level += litres
            if self.breaks == "after":
                raise OSError("connection lost")
            return self.level

        @fill.undo
        def undo(litres: int) -> None:
            if self.breaks == "undo":
                raise OSError("no pump")
            if self.breaks != "lying undo":
                self.level -= litres

        @fill.value
        def value(resource: Resource) -> int:
            assert str(resource) == "key:tank"
            return self.level

        self.fill = fill
        self.tool = FunctionTool(fill, self.journal, proven=True)
        self.call = call({"litres": 5}, "fill")
        self.prepared = self.tool.prepare(self.call)


def test_a_clean_failure_leaves_a_call_that_never_began() -> None:
    tank = Tank()
    tank.breaks = "cleanly"
    with pytest.raises(ToolFailed, match="No water"):
        tank.tool.perform(tank.call, tank.prepared)
    assert tank.tool.probe(tank.call, tank.prepared) == NotPerformed()


def test_a_lost_outcome_is_unknown_unless_the_images_prove_that_nothing_happened() -> None:
    tank = Tank()
    tank.breaks = "after"
    with pytest.raises(OSError, match="lost"):
        tank.tool.perform(tank.call, tank.prepared)
    assert tank.tool.probe(tank.call, tank.prepared) == Unknown()
    tank.level = 0
    assert tank.tool.probe(tank.call, tank.prepared) == NotPerformed()

    @tank.fill.probe
    def probe(litres: int) -> int | None:
        return tank.level if tank.level >= litres else None

    tank.level = 5
    assert tank.tool.probe(tank.call, tank.prepared) == Performed("5")


def test_a_world_that_moved_between_prepare_and_perform_is_not_acted_on() -> None:
    tank = Tank()
    tank.level = 3
    with pytest.raises(ToolFailed, match="changed since it was prepared"):
        tank.tool.perform(tank.call, tank.prepared)
    assert tank.level == 3


def test_an_undo_that_raises_or_does_not_bring_back_what_was_has_failed_and_may_be_tried_again() -> None:
    tank = Tank()
    result = tank.tool.perform(tank.call, tank.prepared)
    for tank.breaks, said in (("undo", "OSError: no pump"), ("lying undo", "did not bring back key:tank")):
        with pytest.raises(UndoFailed, match=said):
            tank.tool.undo(tank.call, tank.prepared, result)
    tank.breaks = ""
    tank.tool.undo(tank.call, tank.prepared, result)
    assert tank.level == 0


def test_an_undo_that_was_cut_off_after_it_acted_is_taken_for_done() -> None:
    tank = Tank()
    result = tank.tool.perform(tank.call, tank.prepared)
    tank.journal.undoing(tank.call.id)
    tank.level = 0
    FunctionTool(tank.fill, tank.journal).undo(tank.call, tank.prepared, result)
    entry = tank.journal.entry(tank.call.id)
    assert entry
    assert (tank.level, entry.state) == (0, State.UNDONE)


def test_a_tool_without_undo_says_so() -> None:
    with pytest.raises(UndoFailed, match="order has no undo"):
        made(tool(writes="key:x")(order)).undo(call({"number": 1}), "{}", '""')


def test_the_journal_outlives_its_process(tmp_path: object) -> None:
    path = f"{tmp_path}/journal.db"
    first = Journal(path)
    first.acting("c1", {"key:a": "1"})
    first.done("c1", '"r"', {"key:a": "2"})
    first.close()
    entry = Journal(path).entry("c1")
    assert entry
    assert (entry.state, entry.result, dict(entry.before), dict(entry.after)) == (
        State.DONE,
        '"r"',
        {"key:a": "1"},
        {"key:a": "2"},
    )
