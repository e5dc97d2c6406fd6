"""A room on a virtual clock: the core that every host runs, with the merge that every bridge uses, and no disk."""

from collections.abc import Mapping
from hashlib import sha256

from coroom.core.agent import HOST, OPERATOR
from coroom.core.command import (
    AcceptEdit,
    Command,
    Good,
    HoldEdit,
    Join,
    NoteReads,
    OpenRoom,
    PostTask,
    SeedFiles,
    Submission,
)
from coroom.core.errors import Code, Refused
from coroom.core.event import Event
from coroom.core.evolve import evolve
from coroom.core.file import SHARED_LINE, FileKind, FileVersion
from coroom.core.notice import Notice
from coroom.core.policies import POLICIES
from coroom.core.resource import file
from coroom.core.room import decide, number
from coroom.core.state import RoomState
from coroom.evaluate.suite import EvalTask
from coroom.host.door.delivery import RIDE_CHARS_MAX, SYNC_CHARS_MAX, choose
from coroom.workspace.merge import merge


class VirtualRoom:
    """One room. `now_ms` is set by whoever plays in it; everything that happens goes through `decide` and `evolve`."""

    def __init__(self, name: str, policy: str) -> None:
        self.state = RoomState()
        self.events: list[Event] = []
        self.now_ms = 0
        self._blobs: dict[str, bytes] = {}
        self.ask(OPERATOR, OpenRoom(room=name, policy=policy))

    def ask(self, by: str, command: Command, operation: str = "") -> Good | Refused:
        """Decide, store, reply."""
        decision = decide(self.state, Submission(by, command, operation), self.now_ms)
        for event in number(self.state, decision.events, self.now_ms, by):
            self.state = evolve(self.state, event)
            self.events.append(event)
        return decision.reply

    def seed(self, files: Mapping[str, bytes]) -> None:
        """The repository that the agents find."""
        kept = [(path, FileKind.TEXT, self._keep(content), False, len(content)) for path, content in files.items()]
        self.ask(HOST, SeedFiles(files=tuple(kept)))

    def join(self, agent: str) -> None:
        """An agent comes in."""
        self.ask(OPERATOR, Join(agent=agent, secret_hash=sha256(agent.encode()).hexdigest(), client="synthetic"))

    def post(self, task: EvalTask) -> None:
        """The units of a task as the board's tasks."""
        for unit in task.units:
            touches = tuple(file(path) for path in unit.files)
            command = PostTask(
                title=f"{unit.id}: {unit.title}",
                description=unit.contract[:2_000],
                touches=touches,
                after=unit.after,
                task=unit.id,
                despite_duplicate=True,
            )
            self.ask(OPERATOR, command)

    def news(self, agent: str, *, asked: bool = False) -> tuple[Notice, ...]:
        """The unread notices that ride on the agent's next reply; with `asked`, what a `sync` would tell it."""
        return choose(self.state, agent, SYNC_CHARS_MAX if asked else RIDE_CHARS_MAX, asked=asked).notices

    def line(self, agent: str) -> str:
        """The line that the agent's edits go to."""
        return POLICIES[self.state.policy].line(agent)

    def head(self, path: str, line: str = SHARED_LINE) -> FileVersion | None:
        """What stands at a path, seen from a line: the line's own version, else the shared one."""
        found = self.state.head(path, line) or self.state.head(path)
        return found if found and found.kind is not FileKind.ABSENT else None

    def text(self, version: FileVersion | None) -> bytes | None:
        """Its content."""
        return self._blobs[version.blob] if version else None

    def read(self, agent: str, path: str) -> FileVersion | None:
        """The agent reads a file, and the room takes note."""
        found = self.head(path, self.line(agent))
        if found:
            self.ask(agent, NoteReads(((path, found.version),)))
        return found

    def write(
        self, agent: str, path: str, base: FileVersion | None, content: bytes, settles: str = ""
    ) -> Good | Refused:
        """The agent writes a whole file that it had made from `base`: merged with what stands there, or held."""
        line = self.line(agent)
        head = self.head(path, line)
        written = self._keep(content)
        result, layer = content, "identical"
        if head and not settles and (base is None or head.version != base.version):
            merged = merge(self.text(base), self.text(head) or b"", content, path)
            if merged.status == "held" or merged.findings:
                return self._hold(agent, path, base, head, content)
            result, layer = merged.text, merged.layer
        own = self.state.head(path, line)
        answer = self.ask(
            agent,
            AcceptEdit(
                path=path,
                kind=FileKind.TEXT,
                blob=self._keep(result),
                written=written,
                expected=own.version if own else 0,
                touched=(file(path),),
                size=len(result),
                layer=layer,
                line=line,
                settles=settles,
            ),
        )
        if isinstance(answer, Refused) and answer.code is Code.CLAIMED:
            return self._hold(agent, path, base, head, content, answer.why)
        return answer

    def _hold(
        self,
        agent: str,
        path: str,
        base: FileVersion | None,
        head: FileVersion | None,
        content: bytes,
        why: str = "both changed the same lines",
    ) -> Good | Refused:
        return self.ask(
            agent,
            HoldEdit(
                path=path,
                base=base.blob if base else "",
                theirs=head.blob if head else "",
                mine=self._keep(content),
                mine_kind=FileKind.TEXT,
                reason=why,
            ),
        )

    def tree(self, line: str = SHARED_LINE) -> dict[str, bytes]:
        """Every file as seen from a line."""
        paths = [*self.state.files(), *self.state.files(line)]
        found = {path: self.text(self.head(path, line)) for path in paths}
        return {path: content for path, content in found.items() if content is not None}

    def _keep(self, content: bytes) -> str:
        name = sha256(content).hexdigest()
        self._blobs[name] = content
        return name
