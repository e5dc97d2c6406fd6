"""The language of scenario files: one line asks the room something, the lines below say what it answered and stored.

    ada claim file:a.py for "moving the parser"
    at +30s
    crash

An answer begins with the reply; the events that were stored follow, one plain sentence each.
"""

import shlex
from collections.abc import Callable

from coroom.core import command as c
from coroom.core.agent import EVERYONE, HOST, OPERATOR, Role
from coroom.core.claim import Mode
from coroom.core.codec import decode_body, encode_body
from coroom.core.errors import Refused
from coroom.core.event import Event
from coroom.core.evolve import evolve
from coroom.core.file import FileKind
from coroom.core.notice import NoticeKind
from coroom.core.resource import Resource, file, parse
from coroom.core.room import decide, number
from coroom.core.state import RoomState
from coroom.core.timeline import describe

SEPARATOR = "----"
Words = list[str]


class Script:
    """One room, played by a scenario."""

    def __init__(self) -> None:
        self.state = RoomState()
        self.log: list[tuple[Event, str]] = []
        self.durable = 0
        self.now_ms = 0
        self._do(OPERATOR, c.OpenRoom(room="scenario", policy="open"))
        self.durable = len(self.log)

    def play(self, line: str) -> str:
        """What the room says to one line."""
        words = shlex.split(line)
        operation = ""
        if words[-1].startswith("#"):
            operation = words.pop()[1:]
        if words[0] in _ALONE:
            return _ALONE[words[0]](self, words[1:])
        by, verb, *rest = words
        if verb not in _COMMANDS:
            message = f"no scenario says {verb!r}"
            raise ValueError(message)
        return self._do(by, _COMMANDS[verb](self, rest), operation)

    def _do(self, by: str, command: c.Command, operation: str = "") -> str:
        decision = decide(self.state, c.Submission(by, command, operation), self.now_ms)
        events = number(self.state, decision.events, self.now_ms, by)
        for event in events:
            self.state = evolve(self.state, event)
            self.log.append((event, encode_body(event.body)))
        return "\n".join((_reply(decision.reply), *(f"  {describe(event)}" for event in events)))

    def at(self, words: Words) -> str:
        """Let time pass: `at +30s`."""
        self.now_ms += int(words[0].strip("+s")) * 1_000
        return self._do(HOST, c.Tick())

    def flush(self, _words: Words) -> str:
        """What was stored is durable from here on."""
        self.durable = len(self.log)
        return f"{self.durable} events are durable"

    def crash(self, _words: Words) -> str:
        """The host dies and comes back with what was durable."""
        lost = len(self.log) - self.durable
        del self.log[self.durable :]
        self.state = RoomState()
        for event, text in self.log:
            self.state = evolve(self.state, Event(event.seq, event.at_ms, event.by, decode_body(event.body.kind, text)))
        return f"{lost} events were not durable; {len(self.log)} recovered"

    def inbox(self, words: Words) -> str:
        """What an agent has not read."""
        unread = self.state.inbox(words[0])
        return "\n".join(f"{n.id} {n.kind.value} from {n.sender}: {n.text}" for n in unread) or "nothing"

    def show(self, words: Words) -> str:
        """Claims, tasks, held edits, or a file."""
        state = self.state
        if words[0] == "claims":
            lines = [
                f"{claim.holder} {claim.mode.value} {', '.join(map(str, claim.resources))} fence {claim.fence}"
                for claim in sorted(state.claims.values(), key=lambda claim: claim.fence)
            ]
        elif words[0] == "tasks":
            board = sorted(state.tasks.values(), key=lambda task: task.posted_seq)
            lines = [f"{t.id} {t.state.value}{f' by {t.holder}' if t.holder else ''}: {t.title}" for t in board]
        elif words[0] == "held":
            lines = [f"{h.id} {h.path} by {h.agent}: {h.reason}" for h in state.open_held()]
        else:
            head = state.head(words[0])
            lines = [f"version {head.version} by {head.by}: {head.blob}"] if head else []
        return "\n".join(lines) or "none"


def _reply(reply: c.Good | Refused) -> str:
    if isinstance(reply, Refused):
        return f"refused ({reply.code.value}): {reply}"
    shown = (f"{name} {getattr(reply, name)}" for name in reply.__slots__ if getattr(reply, name) != "")
    return " ".join((type(reply).__name__.lower(), *shown))


def _resources(words: Words) -> tuple[Resource, ...]:
    found = [parse(word) for word in words]
    return tuple(one for one in found if isinstance(one, Resource))


def _until(words: Words, stop: str) -> tuple[Words, str]:
    """The words before `stop`, and what follows it."""
    if stop not in words:
        return words, ""
    place = words.index(stop)
    return words[:place], " ".join(words[place + 1 :])


def _claim(_script: Script, words: Words) -> c.Command:
    named, purpose = _until(words, "for")
    mode = Mode(named.pop(0)) if named[0] in {m.value for m in Mode} else Mode.EXCLUSIVE
    return c.ClaimResources(resources=_resources(named), mode=mode, purpose=purpose)


def _edit(script: Script, words: Words) -> c.Command:
    """`ada edit a.py "new text" [on 3] [settles h9]`"""
    path, blob, *rest = words
    given = dict(zip(rest[::2], rest[1::2], strict=True))
    head = script.state.head(path)
    return c.AcceptEdit(
        path=path,
        kind=FileKind.TEXT,
        blob=blob,
        written=blob,
        expected=int(given.get("on", head.version if head else 0)),
        touched=(file(path),),
        settles=given.get("settles", ""),
    )


def _hold(script: Script, words: Words) -> c.Command:
    path, mine, reason = words
    head = script.state.head(path)
    return c.HoldEdit(
        path=path, base="", theirs=head.blob if head else "", mine=mine, mine_kind=FileKind.TEXT, reason=reason
    )


def _read(script: Script, words: Words) -> c.Command:
    heads = ((path, script.state.head(path)) for path in words)
    return c.NoteReads(tuple((path, head.version if head else 0) for path, head in heads))


def _post(_script: Script, words: Words) -> c.Command:
    title, after = _until(words, "after")
    return c.PostTask(title=" ".join(title), after=tuple(after.split()))


def _join(_script: Script, words: Words) -> c.Command:
    role = Role(words[1]) if len(words) > 1 else Role.IMPLEMENTER
    return c.Join(agent=words[0], secret_hash=f"secret {words[0]}", role=role)


def _say(_script: Script, words: Words) -> c.Command:
    kind, to, text = words
    return c.Say(kind=NoticeKind(kind), to=EVERYONE if to == "all" else to, text=text)


_ALONE: dict[str, Callable[[Script, Words], str]] = {
    "at": Script.at,
    "flush": Script.flush,
    "crash": Script.crash,
    "inbox": Script.inbox,
    "show": Script.show,
}
_COMMANDS: dict[str, Callable[[Script, Words], c.Command]] = {
    "join": _join,
    "leave": lambda _, words: c.Leave(words[0]),
    "pause": lambda _, words: c.Pause(words[0]),
    "resume": lambda _, words: c.Resume(words[0]),
    "claim": _claim,
    "release": lambda _, words: c.Release(_resources(words)),
    "takeover": lambda _, words: c.TakeOver(words[0], " ".join(words[1:])),
    "post": _post,
    "take": lambda _, words: c.TakeTask(" ".join(words)),
    "done": lambda _, words: c.FinishTask(" ".join(words)),
    "return": lambda _, words: c.ReturnTask(" ".join(words)),
    "cancel": lambda _, words: c.CancelTask(words[0], " ".join(words[1:])),
    "edit": _edit,
    "hold": _hold,
    "drop": lambda _, words: c.DropHeld(words[0]),
    "read": _read,
    "seen": lambda _, words: c.MarkRead(tuple(words)),
    "say": _say,
    "verdict": lambda _, words: c.GiveVerdict(
        tree=words[0], check="tests", passed=words[1] == "green", summary=words[2]
    ),
    "land": lambda _, words: c.StartLanding(ref="main", commit=words[1], tree=words[0], tasks=(), version=0),
    "ended": lambda _, words: c.FinishAction(action=words[0], ending=words[1]),
    "close": lambda _, words: c.CloseRoom(" ".join(words)),
    "open": lambda _, words: c.OpenRoom(room="scenario", policy="open"),
}


def rewritten(text: str) -> str:
    """The scenario with the answers that the room gives today.

    Text before the first command of a block is kept: a scenario is meant to be read.
    """
    script = Script()
    blocks = []
    for block in text.strip("\n").split("\n\n"):
        if SEPARATOR not in block.splitlines():
            blocks.append(block)
            continue
        asked = block.splitlines()[: block.splitlines().index(SEPARATOR)]
        answers = [script.play(line) for line in asked if not line.startswith("#")]
        blocks.append("\n".join((*asked, SEPARATOR, *answers)))
    return "\n\n".join(blocks) + "\n"
