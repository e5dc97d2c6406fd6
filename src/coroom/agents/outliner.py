"""The outliner: a model splits one task into subtasks with touch-sets and dependencies, checked against the index."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coroom.agents.models.model import Model, ModelError, Spoken, Told, ToolCall, ToolResult, ToolSpec
from coroom.core.errors import Refused
from coroom.core.resource import Resource, parse
from coroom.host.plans.planning import Ground, is_there, plan_for
from coroom.plan.index import Place
from coroom.plan.route import CycleError
from coroom.plan.task import PlanTask

TURNS_MAX = 24
"""Looks and proposals together; a model that needs more has lost its way."""

SUBTASKS_MAX = 40
FOUND_MAX = 60


class _Subtask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")
    title: str = Field(min_length=3, max_length=200)
    description: str = Field(default="", max_length=8_000)
    touches: list[str] = Field(min_length=1, max_length=60)
    makes: list[str] = Field(default_factory=list, max_length=60)
    after: list[str] = Field(default_factory=list, max_length=20)


class _Proposal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tasks: list[_Subtask] = Field(min_length=1, max_length=SUBTASKS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A task in parts. `made` are the resources that do not exist yet, as they are written."""

    tasks: tuple[PlanTask, ...]
    made: frozenset[str] = frozenset()
    input_tokens: int = 0
    output_tokens: int = 0


_TOOLS = (
    ToolSpec(
        "find",
        "Files whose path or definitions have the word in them.",
        {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    ),
    ToolSpec(
        "symbols",
        "What a file defines, with lines, and what each definition uses of other files.",
        {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    ),
    ToolSpec(
        "propose", "Hand in the subtasks. Answers what is wrong, or ends the work.", _Proposal.model_json_schema()
    ),
)


@dataclass(slots=True)
class Outliner:
    """Asks one model about one repository."""

    model: Model
    ground: Ground
    _spent: list[int] = field(default_factory=lambda: [0, 0])

    async def split(self, task: str) -> Outline:
        """The task in parts that are checked.

        Raises:
            ModelError: the model does not answer, or does not come to a proposal that holds within TURNS_MAX turns.
        """
        return await self._ask(f"The task:\n\n{task}")

    async def again(self, task: str, outline: Outline) -> Outline:
        """The same task in parts for a repository that has moved on; the outline itself when nothing of it has moved.

        Raises:
            ModelError: as `split`.
        """
        gone = moved(outline, self.ground)
        if not gone:
            return outline
        before = json.dumps([_entry(each) for each in outline.tasks], indent=1)
        return await self._ask(
            f"The task:\n\n{task}\n\nIt was split into these subtasks:\n{before}\n\nMeanwhile the code has moved. "
            f"No longer there: {', '.join(gone)}. Keep what still holds, mend the rest, and propose all of it again."
        )

    async def _ask(self, words: str) -> Outline:
        system = (Path(__file__).parent / "roles" / "outliner.md").read_text(encoding="utf-8")
        history: list[Told | Spoken] = [Told(words)]
        for _ in range(TURNS_MAX):
            spoken = await self.model.answer(system, history, _TOOLS)
            self._spent[0] += spoken.input_tokens
            self._spent[1] += spoken.output_tokens
            results: list[ToolResult] = []
            for call in spoken.calls:
                answer = self._answer(call)
                if isinstance(answer, Outline):
                    return answer
                results.append(answer)
            history += [spoken, Told("" if results else "Call propose with the subtasks.", tuple(results))]
        message = f"The model made no proposal that holds within {TURNS_MAX} turns. Split the task by hand into a list."
        raise ModelError(message)

    def _answer(self, call: ToolCall) -> ToolResult | Outline:
        if call.wrong:
            return ToolResult(call.id, call.tool, call.wrong, failed=True)
        match call.tool:
            case "find":
                return ToolResult(call.id, "find", self._find(str(call.arguments.get("word", ""))))
            case "symbols":
                return ToolResult(call.id, "symbols", self._symbols(str(call.arguments.get("path", ""))))
            case "propose":
                checked = self._checked(call.arguments)
                if isinstance(checked, Outline):
                    return checked
                return ToolResult(call.id, "propose", "Not yet:\n- " + "\n- ".join(checked), failed=True)
            case _:
                return ToolResult(call.id, call.tool, f"There is no tool {call.tool}.", failed=True)

    def _find(self, word: str) -> str:
        low = word.lower()
        found = [path for path in sorted(self.ground.paths) if low in path.lower()]
        for path in sorted(self.ground.index.paths):
            found += [str(Place(path, name)) for name in self.ground.index.symbols(path) if low in name.lower()]
        more = f"\n… and {len(found) - FOUND_MAX} more" if len(found) > FOUND_MAX else ""
        return "\n".join(found[:FOUND_MAX]) + more if found else f"Nothing has '{word}' in its name."

    def _symbols(self, path: str) -> str:
        index = self.ground.index
        if path not in self.ground.paths:
            return f"There is no file {path}."
        lines = []
        for symbol in sorted(index.symbols(path).values(), key=lambda each: each.line):
            uses = sorted(str(one) for one in index.uses_of(Place(path, symbol.qualname)) if one.path != path)
            used = f"  uses {', '.join(uses[:6])}" if uses else ""
            lines.append(f"{symbol.line}-{symbol.end_line} {symbol.kind} {symbol.qualname}{used}")
        return "\n".join(lines[: 4 * FOUND_MAX]) or f"{path} is there; its definitions are not read."

    def _checked(self, given: Mapping[str, Any]) -> Outline | list[str]:
        """The proposal as an outline, or what is wrong with it."""
        try:
            proposal = _Proposal.model_validate(given)
        except ValidationError as problem:
            return [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problem.errors()[:12]]
        wrong: list[str] = []
        ids = [each.id for each in proposal.tasks]
        wrong += [f"the id {name} is given twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
        made = {one for each in proposal.tasks for one in each.makes}
        tasks = [self._task(each, ids, made, wrong) for each in proposal.tasks]
        if not wrong:
            try:
                plan_for(self.ground, tasks)
            except CycleError as circle:
                wrong.append(f"tasks wait for one another in a circle: {circle}")
        if wrong:
            return wrong
        return Outline(
            tasks=tuple(tasks), made=frozenset(made), input_tokens=self._spent[0], output_tokens=self._spent[1]
        )

    def _task(self, given: _Subtask, ids: Sequence[str], made: set[str], wrong: list[str]) -> PlanTask:
        wrong += [f"{given.id} is after {name}, which is no subtask" for name in given.after if name not in ids]
        touches: list[Resource] = []
        for text in dict.fromkeys((*given.touches, *given.makes)):
            resource = parse(text)
            if isinstance(resource, Refused):
                wrong.append(f"{given.id}: {resource.why}")
                continue
            touches.append(resource)
            if text not in made and not is_there(resource, self.ground):
                wrong.append(f"{given.id} touches {text}, which is not there; if it is to be made, list it in makes")
        return PlanTask(
            id=given.id,
            title=given.title,
            description=given.description,
            touches=tuple(touches),
            after=tuple(given.after),
        )


def moved(outline: Outline, ground: Ground) -> list[str]:
    """What subtasks touch that was there when they were made and is not there now."""
    touched = dict.fromkeys(one for each in outline.tasks for one in each.touches)
    return [str(one) for one in touched if str(one) not in outline.made and not is_there(one, ground)]


def _entry(task: PlanTask) -> dict[str, object]:
    touches = [str(one) for one in task.touches]
    return {"id": task.id, "title": task.title, "touches": touches, "after": list(task.after)}
