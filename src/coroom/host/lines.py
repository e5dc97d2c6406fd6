"""Joining an agent's own line into the shared one: what landing means under the policy `isolated`."""

import asyncio

from coroom.core import command as c
from coroom.core.errors import Code, Refused
from coroom.core.event import FileAccepted
from coroom.core.file import SHARED_LINE
from coroom.host.content import ABSENT, Content, of_bytes, of_version
from coroom.host.files import Files
from coroom.host.host import Host
from coroom.host.judge import Conflict, judge, other_side, touched

JOINED = "joined"
"""The layer of a version that an agent's line takes over from the shared one when it is joined."""

TRIES_MAX = 20


async def join_line(host: Host, files: Files, agent: str) -> list[str]:
    """Merge what `agent` has on its own line into the shared one. Returns the held edits that came of it.

    Does nothing under policies with one line. Each file is judged like any other edit: against the shared text, from
    the text that both began with; a conflict is held for the agent, and its line keeps its text.
    """
    line = files.line_of(agent)
    if line == SHARED_LINE:
        return []
    held = []
    bases = await asyncio.to_thread(_bases, host, line)
    for path, base in sorted(bases.items()):
        reply = await _join_one(host, files, agent, path, _content(host, base))
        if isinstance(reply, c.Held):
            held.append(reply.held)
    return held


def _bases(host: Host, line: str) -> dict[str, str]:
    """The blob that each path of the line was last common in; paths that are joined already are left out.

    An agent with a line of its own writes to the shared one by joining only, so its name there says up to where.
    """
    bases: dict[str, str] = {}
    for event in host.events(0):
        body = event.body
        if not isinstance(body, FileAccepted):
            continue
        joined = body.layer == JOINED if body.line == line else body.line == SHARED_LINE and body.file.by == line
        if joined:
            bases.pop(body.file.path, None)
        elif body.line == line:
            bases.setdefault(body.file.path, body.before)
    return bases


def _content(host: Host, blob: str) -> Content:
    data = host.blob(blob)
    return of_bytes(data) if blob and data is not None else ABSENT


async def _join_one(host: Host, files: Files, agent: str, path: str, base: Content) -> c.Good | Refused:
    line = files.line_of(agent)
    for _ in range(TRIES_MAX):
        mine = files.content(host.state.head(path, line))
        shared = host.state.head(path)
        head = files.content(shared)
        verdict = judge([base], head, mine, path)
        if isinstance(verdict, Conflict):
            return await _hold(host, agent, path, base, head, mine, verdict)
        content = verdict.content
        reply = await _accept(
            host, agent, path, SHARED_LINE, shared.version if shared else 0, head, content, verdict.layer
        )
        if isinstance(reply, Refused):
            if reply.code is Code.STALE:
                continue
            return await _hold(host, agent, path, base, head, mine, Conflict(reply.why, base))
        own = host.state.head(path, line)
        return await _accept(host, agent, path, line, own.version if own else 0, of_version(own), content, JOINED)
    return Refused(Code.STALE, f"{path} never stood still.", "Land again.")


async def _accept(
    host: Host, agent: str, path: str, line: str, expected: int, before: Content, content: Content, layer: str
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
    )
    blobs = {content.blob: content.data} if content.blob and content.data is not None else {}
    return await host.submit(agent, command, blobs=blobs)


async def _hold(
    host: Host, agent: str, path: str, base: Content, theirs: Content, mine: Content, conflict: Conflict
) -> c.Good | Refused:
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
