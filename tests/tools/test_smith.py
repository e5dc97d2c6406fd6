"""The ToolSmith: what is proposed is tried before anyone may call it, and lies do not get through."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.core.rooms import Room
from tests.tools.conftest import installed

from coroom.agents.models.model import History, Spoken, ToolSpec
from coroom.agents.toolsmith import ModelProposer
from coroom.core import command as c
from coroom.core.action import Effect
from coroom.core.agent import HOST, Role
from coroom.core.codec import decode_state, encode_state
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, file
from coroom.core.tool import MadeTool, ToolCall
from coroom.host.calls.library import files_of, library_of, toolbox_of
from coroom.tools.recipe import read_recipe
from coroom.tools.registry import BadTool
from coroom.tools.sandbox import Sandbox
from coroom.tools.smith import ATTEMPTS, Known, Made, NotMade, Smith

GOOD: dict[str, object] = {
    "name": "note_add",
    "description": "Add a line to the note of this title.",
    "arguments": {"title": {"type": "string", "pattern": "^[a-z]+$"}, "line": {"type": "string"}},
    "command": 'printf "%s\\n" "$line" >> "notes/$title.md"',
    "reads": ["file:notes/{title}.md"],
    "writes": ["file:notes/{title}.md"],
    "effect": "replayable",
    "examples": [{"title": "plan", "line": "x; rm -rf / $(reboot)"}, {"title": "fresh", "line": "new"}],
}
WRITE: dict[str, object] = {
    **GOOD,
    "name": "note_write",
    "command": 'printf "%s" "$line" > "notes/$title.md"',
    "reads": [],
    "effect": "blind",
}


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    installed("strace")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    (made / "notes").mkdir(parents=True)
    (made / "notes/plan.md").write_text("one\n")
    (made / "secret").write_text("42\n")
    return made


class Scripted:
    """Proposes what it was given, and remembers what it was told."""

    def __init__(self, *proposals: object) -> None:
        self._proposals = iter(proposals)
        self.told: list[tuple[str, ...]] = []

    async def propose(self, wish: str, library: Sequence[MadeTool], found: Sequence[str]) -> str:
        self.told.append(tuple(found))
        said = next(self._proposals)
        return said if isinstance(said, str) else json.dumps(said)


def smith(directory: Path, *proposals: object) -> Smith:
    place = directory.parent / "trials"
    place.mkdir(exist_ok=True)
    return Smith(Scripted(*proposals), str(directory), str(place), files_of)


def text(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("recipe", [GOOD, WRITE], ids=["replayable", "blind"])
async def test_a_good_proposal_is_made_and_nothing_is_left_of_its_trial(
    directory: Path, recipe: dict[str, object]
) -> None:
    before = text(directory)
    made = await smith(directory, recipe).request("add a line to a note", ())
    assert isinstance(made, Made)
    assert made.trial.calls == 2
    assert text(directory) == before
    assert list((directory.parent / "trials").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"command": 'echo "$line" >> "notes/$title.md"; echo x >> log'}, "would write log, which it did not declare"),
        ({"command": 'cat secret >> "notes/$title.md"'}, "would read secret, which it did not declare"),
        ({"command": 'date +%N >> "notes/$title.md"'}, "not replayable: the same call does not do the same twice"),
        ({"effect": "blind"}, "not blind: what it leaves depends on what stood there"),
        ({"effect": "commuting"}, "that it commutes cannot be tried"),
        ({"command": "false"}, "the command ends with an error"),
        ({"command": 'cat "notes/$title.md" || true'}, "no example changed anything"),
        ({"examples": [{"title": "Plan", "line": ""}]}, "was called wrongly"),
    ],
)
def test_a_lie_is_found_by_the_trial(directory: Path, change: dict[str, object], said: str) -> None:
    judged = smith(directory).judge(json.dumps({**GOOD, **change}), ())
    assert isinstance(judged, NotMade)
    assert said in "; ".join(judged.found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../x"}, "name: string should match pattern"),
        ({"writes": ["file:{path}"]}, "uses 'path', which is no argument"),
        ({"writes": ["row:db/t/{title}"]}, "a recipe acts on files only"),
        ({"arguments": {"PATH": {"type": "string"}}, "reads": [], "writes": []}, "'PATH' cannot be a variable"),
        ({"arguments": {"title": {"type": "strng"}}, "reads": [], "writes": []}, "arguments: "),
        ({"examples": []}, "examples: list should have at least 1 item"),
        ({"danger": True}, "danger: extra inputs are not permitted"),
    ],
)
def test_what_is_no_recipe_is_said_in_words(change: dict[str, object], said: str) -> None:
    with pytest.raises(BadTool) as wrong:
        read_recipe(json.dumps({**GOOD, **change}))
    assert said in str(wrong.value)


async def test_what_the_trial_found_goes_back_to_the_proposer_and_ends(directory: Path) -> None:
    lying = {**GOOD, "reads": [], "writes": []}
    proposer = Scripted("no JSON", lying, GOOD)
    made = await Smith(proposer, str(directory), str(directory.parent), files_of).request("add a line", ())
    assert isinstance(made, Made)
    assert proposer.told[0] == ()
    assert "the recipe: invalid json" in proposer.told[1][0]
    assert "would write notes/plan.md" in " ".join(proposer.told[2])
    stubborn = Scripted(*["{}"] * 9)
    ended = await Smith(stubborn, str(directory), str(directory.parent), files_of).request("anything", ())
    assert isinstance(ended, NotMade)
    assert len(stubborn.told) == ATTEMPTS


def known(recipe: dict[str, object], request: str) -> c.AddTool:
    return c.AddTool(
        tool=str(recipe["name"]),
        request=request,
        description=str(recipe["description"]),
        effect=Effect(str(recipe["effect"])),
        definition=read_recipe(json.dumps(recipe)).definition(),
        trial="2 calls",
    )


async def test_the_library_lives_in_the_log_gives_the_same_tool_for_the_same_wish_and_works_again(
    directory: Path,
) -> None:
    room = Room()
    room.join("sam", Role.TOOLSMITH)
    room.join("ada")
    refused = room.do("ada", known(GOOD, "Add a line"))
    assert isinstance(refused, Refused)
    assert refused.code is Code.FORBIDDEN
    room.ok("sam", known(GOOD, "Add a line"), c.Ok)
    room.ok("sam", known(GOOD, "Add a line"), c.Ok)
    other = room.do("sam", known({**WRITE, "name": "note_add"}, "Write it"))
    assert isinstance(other, Refused)
    assert other.code is Code.DUPLICATE
    state = decode_state(encode_state(room.state))
    library = library_of(state)
    assert [made.name for made in library] == ["note_add"]
    assert await smith(directory).request("  add a LINE. ", library) == Known("note_add")
    assert await smith(directory, {"use": "note_add"}).request("append to a note", library) == Known("note_add")
    assert isinstance(smith(directory).judge('{"use": "gone"}', library), NotMade)
    assert isinstance(smith(directory).judge(json.dumps(GOOD), library), NotMade)
    rehearsals = directory.parent / "rehearsals"
    rehearsals.mkdir()
    with files_of(str(directory)) as files:
        tool = toolbox_of(state, files, Sandbox(str(directory), str(rehearsals))).get("note_add")
        assert tool
        call = ToolCall("c1", "note_add", '{"line":"two","title":"plan"}')
        prepared = tool.prepare(call)
        result = tool.perform(call, prepared)
        assert text(directory)["notes/plan.md"] == "one\ntwo\n"
        tool.undo(call, prepared, result)
        assert text(directory)["notes/plan.md"] == "one\n"
        assert isinstance(tool.footprint('{"title":"../../etc"}'), Refused)


def test_a_stray_is_stored_once_by_the_host_only_and_distrusts_the_tool() -> None:
    room = Room()
    room.join("ada")
    stray = c.NoteStray(tool="t", call="a1", agent="ada", observed=Footprint((), (file("x"),)), why="it wrote file:x")
    refused = room.do("ada", stray)
    assert isinstance(refused, Refused)
    assert refused.code is Code.FORBIDDEN
    room.ok(HOST, stray, c.Ok)
    room.ok(HOST, stray, c.Ok)
    assert len(room.state.strays) == 1
    assert room.state.distrusted("t")
    assert not room.state.distrusted("u")


class Speaks:
    """A model that has its answers ready."""

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.asked: list[str] = []

    async def answer(self, system: str, history: History, tools: Sequence[ToolSpec]) -> Spoken:
        self.asked.append(f"{system}\n{history[-1].text}")
        return Spoken(text=self._texts.pop(0))

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_model_is_told_the_library_the_wish_as_data_and_what_was_found() -> None:
    model = Speaks('Here it is:\n```json\n{"use": "note_add"}\n```')
    made = MadeTool(
        name="note_add",
        by="sam",
        request="r",
        description="Adds.",
        effect=Effect.BLIND,
        definition="{}",
        trial="",
        seq=1,
    )
    said = await ModelProposer(model).propose('ignore this"', [made], ["it wrote file:x"])
    assert said == '{"use": "note_add"}'
    assert "- note_add: Adds." in model.asked[0]
    assert json.dumps('ignore this"') in model.asked[0]
    assert "it wrote file:x" in model.asked[0]


def test_the_command_tries_a_recipe_and_says_what_is_wrong(directory: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    coroom = Path(__file__).resolve().parents[2] / ".venv/bin/coroom"
    recipe.write_text(json.dumps({**GOOD, "writes": []}))
    done = subprocess.run(
        [coroom, "tools", "--try", recipe, "--json"], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert not found["passed"]
    assert "would write notes/plan.md, which it did not declare" in found["findings"][0]
