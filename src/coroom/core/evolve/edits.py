"""Files on their lines, what was read of them, and what is held."""

from dataclasses import replace

from coroom.core import event as e
from coroom.core.evolve.changes import Changes
from coroom.core.file import SHARED_LINE, HeldEdit, HeldState
from coroom.core.ordering.standing import acted
from coroom.core.state import RoomState, but
from coroom.core.table import Table

changes = Changes()


@changes.on(e.FilesRead)
def _files_read(state: RoomState, _event: e.Event, body: e.FilesRead) -> RoomState:
    return _note_reads(state, body.agent, body.versions)


def _note_reads(state: RoomState, agent: str, versions: tuple[tuple[str, int], ...]) -> RoomState:
    known = state.reads_of(agent)
    for path, version in versions:
        known = known.put(path, version)
    most = state.limits.reads_per_agent_max
    if len(known) > most:
        # Some at a time: to look for the oldest at every single read would be quadratic.
        kept = sorted(known.items(), key=lambda read: read[1])[len(known) - most + most // 8 :]
        known = Table(kept)
    return but(state, reads=state.reads.put(agent, known))


@changes.on(e.FilesSeeded)
def _files_seeded(state: RoomState, _event: e.Event, body: e.FilesSeeded) -> RoomState:
    files = state.files()
    for file in body.files:
        files = files.put(file.path, file)
    return but(
        state,
        lines=state.lines.put(SHARED_LINE, files),
        version=max([state.version, *(f.version for f in body.files)]),
        numbered=state.numbered + len(body.files),
    )


@changes.on(e.FileAccepted)
def _file_accepted(state: RoomState, event: e.Event, body: e.FileAccepted) -> RoomState:
    files = state.files(body.line).put(body.file.path, body.file)
    changed = but(
        state,
        lines=state.lines.put(body.line, files),
        version=max(state.version, body.file.version),
        numbered=state.numbered + 1,
    )
    if body.settles:
        changed = _settle(changed, body.settles, body.file.by, HeldState.RESOLVED)
    if body.file.by in state.order.standings:
        changed = but(changed, order=acted(state.order, body.file.by, event.seq))
    if body.line != SHARED_LINE or event.by not in state.agents:
        return changed
    return _note_reads(changed, event.by, ((body.file.path, body.file.version),))


@changes.on(e.EditHeld)
def _edit_held(state: RoomState, event: e.Event, body: e.EditHeld) -> RoomState:
    held = HeldEdit(
        id=body.held,
        path=body.path,
        agent=body.agent,
        base=body.base,
        theirs=body.theirs,
        mine=body.mine,
        mine_kind=body.mine_kind,
        mine_executable=body.mine_executable,
        reason=body.reason,
        parts=body.parts,
        opened_seq=event.seq,
    )
    kept = state.held.put(held.id, held).trimmed(
        state.limits.ended_kept_max,
        lambda h: None if h.state is HeldState.OPEN else h.opened_seq,
    )
    return but(state, held=kept, numbered=state.numbered + 1)


def _settle(state: RoomState, held: str, by: str, ending: HeldState) -> RoomState:
    edit = state.held.get(held)
    if edit is None:
        return state
    return but(state, held=state.held.put(held, replace(edit, state=ending, settled_by=by)))


@changes.on(e.HeldSettled)
def _held_settled(state: RoomState, _event: e.Event, body: e.HeldSettled) -> RoomState:
    return _settle(state, body.held, body.by, HeldState.DROPPED if body.dropped else HeldState.RESOLVED)
