"""A script: what a pretended model says and calls, turn by turn, what goes wrong, and what it must have seen by then.

A turn is chosen from the conversation in the request alone (how often the model has spoken in it), so a
client may repeat a request, restart or be killed without putting the script out of step.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_DIRECTORY = re.compile(r"(?:[Ww]orking directory:\s*|<cwd>|Workspace Directories:\*\*\s+- )(/[^\s<]+)")
"""How clients tell their model where it is."""

_VARIABLE = re.compile(r"\$\{(\w+)(:int)?\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call.

    `tool` is a name as the room has it (`claim`), found in whatever the client calls it
    (`mcp__coroom__claim`, `coroom_claim`), or one of the four verbs that every client has a tool of its own
    for: `@read` (path), `@write` (path, text), `@edit` (path, old, new), `@shell` (command). Strings in
    `arguments` may name what was captured earlier: `${fence}`, or `${fence:int}` alone for a number.
    """

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """The provider fails: the first `times` requests for a turn get this status in place of the answer.

    Usual ones: 401 (wrong key), 429 (rate limit), 500, 529 (overloaded). `retry_after_s` is told to the client in the
    headers that providers use. With `cut` the connection breaks in the middle of a streamed answer instead.
    """

    status: int = 500
    message: str = ""
    retry_after_s: float | None = None
    times: int = 1
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the model.

    `expect` is a pattern that what the model was told since its last turn (tool results, hook texts, the
    user) must contain, `never` one that it must not, `system` one that the system prompt must contain, `tools` names
    tools that must be offered; all are recorded, and the script goes on either way, unless the server is strict.
    `capture` names patterns whose first group, or whole match, later arguments may use. `after` holds the
    answer back until the script of that name has been asked for its turn of that number (from 0), `gate`
    until the test opens it, `meet` until every script that names this barrier has come to it. `refuses` is what the
    model says in place of working, marked as a refusal. `error` goes before the answer. Tokens are what the turn is
    said to have cost.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    expect: str | None = None
    never: str | None = None
    system: str | None = None
    tools: tuple[str, ...] = ()
    capture: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, int] | None = None
    gate: str | None = None
    meet: str | None = None
    refuses: str | None = None
    error: ApiError | None = None
    input_tokens: int = 100
    output_tokens: int = 10


@dataclass(frozen=True, slots=True)
class Script:
    """The turns of one agent, and values its arguments may name (`cwd`, its directory, is found in what it is told
    where that is not given). A script is played to whoever sends its name as the key, or names it as the model; with
    `match` to whoever was told, in the system prompt or first of all, what this pattern finds.
    """

    turns: tuple[Turn, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    match: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the client offers, named as the client names it; `kind` is the word of the dialect."""

    name: str
    namespace: str = ""
    kind: str = "function"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A request of any dialect in one form.

    `said[n]` is what the model was told after it had spoken n times; `lookups` is how often it has searched
    for a tool since, which counts as no turn.
    """

    model: str
    system: str
    tools: tuple[Tool, ...]
    said: tuple[str, ...]
    stream: bool
    lookups: int = 0

    @property
    def turn(self) -> int:
        """How often the model has spoken."""
        return len(self.said) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether the model had been told what turn `turn` expects; `seen` is what it was told."""

    script: str
    turn: int
    passed: bool
    wanted: str
    seen: str


def chosen(scripts: Mapping[str, Script], key: str, conversation: Conversation) -> str | None:
    """The name of the script that this request is a turn of: by what the agent was told, its key, or its model."""
    told = f"{conversation.system}\n{conversation.said[0]}"
    matching = (name for name, script in scripts.items() if script.match and re.search(script.match, told, re.DOTALL))
    plain = (name for name in (key, conversation.model) if name in scripts and scripts[name].match is None)
    return next(matching, None) or next(plain, None)


def check(name: str, script: Script, conversation: Conversation) -> tuple[Outcome, ...]:
    """The outcomes of the expectations of the turn that answers the conversation; empty when it has none."""
    number = conversation.turn
    if number >= len(script.turns):
        return ()
    turn, told = script.turns[number], conversation.said[number]
    offered = ", ".join(tool.name for tool in conversation.tools)
    wanted = [(f"expect {turn.expect}", told, _found(turn.expect, told))] if turn.expect else []
    if turn.never:
        wanted.append((f"never {turn.never}", told, not _found(turn.never, told)))
    if turn.system:
        wanted.append((f"system {turn.system}", conversation.system, _found(turn.system, conversation.system)))
    wanted += [(f"tool {tool}", offered, _found(rf"\b{re.escape(tool)}\b", offered)) for tool in turn.tools]
    wanted += [(f"capture {label}: {pattern}", told, _found(pattern, told)) for label, pattern in turn.capture.items()]
    return tuple(
        Outcome(script=name, turn=number, passed=passed, wanted=pattern, seen=seen) for pattern, seen, passed in wanted
    )


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.DOTALL) is not None


def variables(script: Script, conversation: Conversation) -> dict[str, str]:
    """What the script's arguments may name by now: its own values and every capture up to this turn."""
    directory = _DIRECTORY.search(f"{conversation.system}\n{conversation.said[0]}")
    known = {"cwd": directory[1]} if directory else {}
    known |= script.variables
    for turn, seen in zip(script.turns, conversation.said, strict=False):
        for label, pattern in turn.capture.items():
            match = re.search(pattern, seen, re.DOTALL)
            if match:
                known[label] = match.group(1) if match.re.groups else match.group()
    return known


def fill(value: Any, known: Mapping[str, str]) -> Any:
    """`value` with every `${name}` replaced; an unknown name stays as it is written."""
    if isinstance(value, str):
        whole = _VARIABLE.fullmatch(value)
        if whole and whole[2] and whole[1] in known:
            return int(known[whole[1]])
        return _VARIABLE.sub(lambda match: known.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {key: fill(inner, known) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [fill(inner, known) for inner in value]
    return value
