"""Joining an agent's own line into the shared one: what landing means under the policy `isolated`."""

import asyncio
from dataclasses import dataclass, field

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, EditHeld, FileAccepted, HeldSettled
from coroom.core.file import SHARED_LINE, FileKind, HeldEdit
from coroom.host.edits.content import ABSENT, Content, of_bytes, of_version
from coroom.host.edits.files import Files
from coroom.host.edits.judge import Conflict, judge, other_side, touched
from coroom.host.host import Host

JOINED = "joined"
"""The layer of a version that an agent's line takes over from the shared one when it is joined."""

TRIES_MAX = 20


async def join_line(host: Host, files: Files, agent: str) -> list[str] | Refused:
    """Merge what `agent` has on its own line into the shared one. Returns the held edits that came of it, or why
    something is neither in the room nor held; it stays on the line.

    Does nothing under policies with one line. Each file is judged like any other edit: against the shared text, from
    the text that both began with; a conflict is held for the agent, and its line keeps its text. A file that one side
    has renamed is followed by what the other side wrote under its old name.
    """
    line = files.line_of(agent)
    if line == SHARED_LINE:
        return []
    held, wrong = list[str](), None
    lines = UnjoinedLines(host)
    own = await asyncio.to_thread(lines.of, line)
    for new, old in own.renames.items():
        if await _join_renamed(host, files, agent, new, old, _content(host, own.bases.get(old, ""))):
            own.bases.pop(new, None)
            own.bases.pop(old, None)
    for path, base in sorted(own.bases.items()):
        met = files.open_held(agent, path)
        before = met.id if met and lines.holds(met.id) else ""
        reply = await _join_one(host, files, agent, path, _content(host, base), before)
        if isinstance(reply, c.Held):
            held.append(reply.held)
        elif isinstance(reply, Refused):
            wrong = wrong or reply
    return wrong or held


@dataclass(slots=True)
class Unjoined:
    """What a line has that the shared one has not: for each path the blob that both last had in common, and what was
    renamed, by its new name.
    """

    bases: dict[str, str] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)


class UnjoinedLines:
    """What of each agent's line was not joined yet, read from the log; each event once, for who asks again and again.

    An agent with a line of its own writes to the shared one by joining only, so its name there says up to where.
    """

    def __init__(self, host: Host) -> None:
        """Nothing is read before it is asked for."""
        self._host = host
        self._seq = 0
        self._lines: dict[str, Unjoined] = {}
        self._there: dict[tuple[str, str], str] = {}
        self._held: dict[str, EditHeld] = {}

    def of(self, line: str) -> Unjoined:
        """What of that line was not joined yet, as the log says now; not to be changed."""
        for event in self._host.events(self._seq):
            self._seq = event.seq
            self._hear(event.body)
        return self._lines.get(line) or Unjoined()

    def holds(self, held: str) -> bool:
        """Whether that edit was held when a line was joined, as the log says now."""
        self.of("")
        return held in self._held

    def _hear(self, body: Body) -> None:
        match body:
            case FileAccepted():
                self._take(body)
                if body.settles:
                    self._settled(body.settles)
            # Of what a line is written and does not take, it never has the text.
            case EditHeld() if body.mine == self._there.get((body.agent, body.path)):
                self._held[body.held] = body
            case HeldSettled(held=held, dropped=False):
                self._settled(held)

    def _settled(self, name: str) -> None:
        """What is on the line of this path now was made with the text in view that it had met."""
        held = self._held.get(name)
        if held and held.path in self._lines[held.agent].bases:
            self._lines[held.agent].bases[held.path] = held.theirs

    def _take(self, body: FileAccepted) -> None:
        is_shared = body.line == SHARED_LINE
        found = self._lines.setdefault(body.file.by if is_shared else body.line, Unjoined())
        path = body.file.path
        if not is_shared:
            self._there[body.line, path] = body.file.blob
        if is_shared or body.layer == JOINED:
            found.bases.pop(path, None)
            found.renames.pop(path, None)
            return
        found.bases.setdefault(path, body.before)
        if body.file.renamed_from:
            found.renames[path] = body.file.renamed_from


def mine_of(host: Host, files: Files, held: HeldEdit) -> Content:
    """What `mine` means of a held edit: its text; of one that was held in joining, what its author's line has now."""
    line = files.line_of(held.agent)
    if line != SHARED_LINE and UnjoinedLines(host).holds(held.id):
        return files.content(host.state.head(held.path, line))
    return Content(held.mine_kind, held.mine, held.mine_executable, host.blob(held.mine))


async def drop_joined(host: Host, files: Files, agent: str, held: HeldEdit) -> c.Good | Refused:
    """Drop what was held; where that was in joining, the author's line takes what the shared one has there, or all
    stays as it is.
    """
    line = files.line_of(held.agent)
    if line != SHARED_LINE and await asyncio.to_thread(UnjoinedLines(host).holds, held.id):
        shared = files.content(host.state.head(held.path))
        return await _take_over(host, agent, held.path, line, shared, settles=held.id)
    return await host.submit(agent, c.DropHeld(held.id, "the room's text was chosen"))


def _content(host: Host, blob: str) -> Content:
    data = host.blob(blob)
    return of_bytes(data) if blob and data is not None else ABSENT


async def _join_renamed(host: Host, files: Files, agent: str, new: str, old: str, base: Content) -> bool:
    """The agent has renamed a file: what others have done to it under its old name goes along. Whether that was so; if
    not, both names are joined like any other path.
    """
    line = files.line_of(agent)
    shared, taken, gone = host.state.head(old), host.state.head(new), host.state.head(old, line)
    mine, head = files.content(host.state.head(new, line)), files.content(shared)
    is_move = gone is not None and gone.kind is FileKind.ABSENT and mine.kind is not FileKind.ABSENT
    is_free = taken is None or taken.kind is FileKind.ABSENT
    if shared is None or FileKind.ABSENT in {head.kind, base.kind} or not (is_move and is_free):
        return False
    verdict = judge(base, head, mine, new)
    if isinstance(verdict, Conflict):
        return False
    expected = taken.version if taken else 0
    content, layer = verdict.content, verdict.layer
    moved = await _accept(host, agent, new, SHARED_LINE, expected, ABSENT, content, layer, renamed_from=old)
    if isinstance(moved, Refused):
        return False
    await _accept(host, agent, old, SHARED_LINE, shared.version, head, ABSENT, layer)
    for path, what in ((new, content), (old, ABSENT)):
        await _take_over(host, agent, path, line, what)
    return True


async def _take_over(
    host: Host, agent: str, path: str, line: str, content: Content, settles: str = ""
) -> c.Good | Refused:
    """The agent's line has of this path what the shared one has."""
    own = host.state.head(path, line)
    version = own.version if own else 0
    return await _accept(host, agent, path, line, version, of_version(own), content, JOINED, settles=settles)


async def _join_one(host: Host, files: Files, agent: str, path: str, base: Content, met: str) -> c.Good | Refused:
    """Join one path. `met` is what is held of it since an earlier joining."""
    line = files.line_of(agent)
    written = path
    for _ in range(TRIES_MAX):
        mine = files.content(host.state.head(written, line))
        path = written if mine.kind is FileKind.ABSENT else files.moved_to(written, SHARED_LINE) or written
        shared = host.state.head(path)
        head = files.content(shared)
        verdict = judge(base, head, mine, path)
        if isinstance(verdict, Conflict):
            return await _hold(host, files, agent, written, met, base, head, mine, verdict)
        content = verdict.content
        version = shared.version if shared else 0
        reply = await _accept(host, agent, path, SHARED_LINE, version, head, content, verdict.layer)
        if isinstance(reply, Refused):
            if reply.code is Code.STALE:
                continue
            return await _hold(host, files, agent, written, met, base, head, mine, Conflict(reply.why, base))
        if met:
            await host.submit(agent, c.DropHeld(met, "it fits now, and is in the room"))
        if path != written:
            await _take_over(host, agent, written, line, ABSENT)
        return await _take_over(host, agent, path, line, content)
    return Refused(Code.STALE, f"{path} never stood still.", "Land again.")


async def _accept(
    host: Host,
    agent: str,
    path: str,
    line: str,
    expected: int,
    before: Content,
    content: Content,
    layer: str,
    renamed_from: str = "",
    settles: str = "",
) -> c.Good | Refused:
    command = c.AcceptEdit(
        path=path,
        kind=content.kind,
        blob=content.blob,
        written=content.blob,
        expected=expected,
        touched=touched(path, before, content),
        executable=content.executable,
        size=content.size,
        layer=layer,
        line=line,
        renamed_from=renamed_from,
        settles=settles,
    )
    blobs = {content.blob: content.data} if content.blob and content.data is not None else {}
    return await host.submit(agent, command, blobs=blobs)


async def _hold(
    host: Host,
    files: Files,
    agent: str,
    path: str,
    met: str,
    base: Content,
    theirs: Content,
    mine: Content,
    conflict: Conflict,
) -> c.Good | Refused:
    held = files.open_held(agent, path)
    if held and held.id != met:
        # That text is not on the line, and what is there must not take its place.
        return c.Held(held.id)
    command = c.HoldEdit(
        path=path,
        base=base.blob,
        theirs=theirs.blob,
        mine=mine.blob,
        mine_kind=mine.kind,
        mine_executable=mine.executable,
        reason=conflict.reason,
        parts=conflict.parts,
        detail=other_side(base, theirs, path),
    )
    return await host.submit(agent, command)
