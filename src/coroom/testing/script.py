"""A script: what a pretended model says and calls, turn by turn, and what it must have seen by then.

A turn is chosen from the conversation in the request alone (how often the model has spoken in it), so a
client may repeat a request, restart or be killed without putting the script out of step.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
class Turn:
    """One answer of the model.

    `expect` is a pattern that what the model was told since its last turn (tool results, hook texts, the
    user) must contain, `never` one that it must not; both are recorded, and the script goes on either way.
    `capture` names patterns whose first group, or whole match, later arguments may use. `after` holds the
    answer back until the script of that name has been asked for its turn of that number (from 0), `gate`
    until the test opens it.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    expect: str | None = None
    never: str | None = None
    capture: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, int] | None = None
    gate: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """The turns of one agent, and values its arguments may name (`cwd` must be the agent's directory)."""

    turns: tuple[Turn, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


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


def check(name: str, script: Script, said: tuple[str, ...]) -> tuple[Outcome, ...]:
    """The outcomes of the expectations of the turn that answers `said`; empty when it has none."""
    number = len(said) - 1
    if number >= len(script.turns):
        return ()
    turn, seen = script.turns[number], said[number]
    wanted = [(f"expect {turn.expect}", bool(re.search(turn.expect, seen, re.DOTALL)))] if turn.expect else []
    if turn.never:
        wanted.append((f"never {turn.never}", not re.search(turn.never, seen, re.DOTALL)))
    wanted += [
        (f"capture {label}: {pattern}", bool(re.search(pattern, seen, re.DOTALL)))
        for label, pattern in turn.capture.items()
    ]
    return tuple(
        Outcome(script=name, turn=number, passed=passed, wanted=pattern, seen=seen) for pattern, passed in wanted
    )


def variables(script: Script, said: tuple[str, ...]) -> dict[str, str]:
    """What the script's arguments may name by now: its own values and every capture up to this turn."""
    known = dict(script.variables)
    for turn, seen in zip(script.turns, said, strict=False):
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
