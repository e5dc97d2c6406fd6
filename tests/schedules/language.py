"""The language of schedule files: what stands there, who does what, in which order; below the line, what came of it.

    x=0 y=0
    A 1: write y=5
    B 2: read y as v; write x=v; add x=1
    order B B B A
    must x=6 y=5, told 1 / 2
    ----
    preorder: x=6 y=5; told B y=5; undone 2, replayed 2

`must` is what the specification requires: the end, and the notices when calls are put back / when all are opaque.
"""

import re

from coroom.core.codec import Json
from coroom.simulate.schedule.play import POLICIES_PLAYED, Player, played
from coroom.simulate.schedule.script import Schedule, schedule_of

SEPARATOR = "----"
_STEP = re.compile(
    r"(?P<kind>read|write|add|send) (?P<rest>.*?)(?: if (?P<when>.*?))?"
    r"(?: \[(?P<effect>\w+)\])?(?: !(?P<fault>[a-z-]+))?"
)
_VALUES = re.compile(r"(\w+)=(\S+)")


def schedule_from(name: str, lines: list[str], *, opaque: bool = False) -> Schedule:
    return schedule_of(data_from(name, lines, opaque=opaque))


def data_from(name: str, lines: list[str], *, opaque: bool = False) -> dict[str, Json]:
    """The schedule as `coroom schedule` reads it."""
    objects: dict[str, Json] = {}
    agents: list[Json] = []
    order: list[Json] = []
    for line in lines:
        head, colon, program = line.partition(":")
        if colon:
            agents += _agents(head, program, opaque=opaque)
        elif line.startswith("order "):
            order += line.split()[1:]
        elif not line.startswith("must "):
            objects |= {key: int(value) for key, value in _VALUES.findall(line)}
    return {"id": name, "objects": objects, "agents": agents, "order": order}


def _agents(head: str, program: str, *, opaque: bool) -> list[Json]:
    """`B 2` or `D 4 after 3`, or `A1..A22 1`, where # in the program is the number of each."""
    name, rank, *after = head.split()
    first, dots, last = name.partition("..")
    numbers = range(1, int(last.strip("A")) + 1) if dots else [0]
    found: list[Json] = []
    for number in numbers:
        steps = program.replace("#", str(number)) if dots else program
        agent: dict[str, Json] = {
            "name": f"A{number}" if dots else first,
            "rank": int(rank) + (number - 1 if dots else 0),
            "program": _program(steps, opaque=opaque),
        }
        if after:
            agent["arrives"] = int(after[1])
        found.append(agent)
    return found


def _program(text: str, *, opaque: bool) -> list[Json]:
    parts = re.findall(r"start \w+ \{[^}]*\}(?: if [^;]*)?|[^;]+", text)
    return [_step(part.strip(), opaque=opaque) for part in parts if part.strip()]


def _step(text: str, *, opaque: bool) -> Json:
    child = re.fullmatch(r"start (\w+) \{([^}]*)\}(?: if (.*))?", text)
    if child:
        step: dict[str, Json] = {
            "spawn": {"name": child[1], "program": _program(child[2].replace(",", ";"), opaque=opaque)}
        }
        return step | ({"when": child[3]} if child[3] else {})
    found = _STEP.fullmatch(text)
    assert found, text
    kind, rest = found["kind"], found["rest"]
    if kind == "read":
        what, _, name = rest.partition(" as ")
        step = {"read": what, "as": name or what}
    else:
        step = {kind: {target: value.replace("_", " ") for target, value in _VALUES.findall(rest)}}
        effect = "opaque" if opaque and kind != "send" else found["effect"]
        step |= {"class": effect} if effect else {}
    step |= {"when": found["when"]} if found["when"] else {}
    return step | ({"fault": found["fault"]} if found["fault"] else {})


def told(player: Player) -> str:
    """What came of it, in one line."""
    result = player.result()
    counts = result["counts"]
    assert isinstance(counts, dict)
    parts = [" ".join(f"{name}={value}" for name, value in player.objects.values.items())]
    if not result["serializable"]:
        parts[0] += " WRONG"
    if result.get("order"):
        assert isinstance(result["order"], list)
        parts.append(f"as {' '.join(map(str, result['order']))}")
    if player.tally.notices:
        shown = (f"{n.agent} {n.resource.name if n.resource else n.call}={n.value}" for n in player.tally.notices)
        parts.append(f"told {', '.join(shown)}")
    if player.objects.sent:
        parts.append("sent " + ", ".join(f"{name}={value} by {by}" for by, name, value in player.objects.sent))
    if result["fenced"]:
        assert isinstance(result["fenced"], list)
        parts.append(f"fenced {' '.join(map(str, result['fenced']))}")
    counted = [f"{word} {counts[word]}" for word in ("undone", "replayed", "aborted", "waited") if counts[word]]
    return "; ".join([*parts, *([", ".join(counted)] if counted else [])])


def rewritten(name: str, text: str) -> str:
    """The file with what comes of it today. What stands before the first blank line is for people."""
    about, _, rest = text.partition("\n\n")
    lines = rest.split(f"\n{SEPARATOR}")[0].strip("\n").splitlines()
    asked = schedule_from(name, lines)
    answers = [f"{policy}: {told(played(asked, policy))}" for policy in POLICIES_PLAYED]
    answers.insert(2, f"all opaque: {told(played(schedule_from(name, lines, opaque=True), 'preorder'))}")
    return "\n".join([about, "", *lines, SEPARATOR, *answers]) + "\n"
