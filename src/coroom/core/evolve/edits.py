"""Files on their lines, what was read of them, and what is held."""

from coroom.core import event as e
from coroom.core.evolve.changes import Changes
from coroom.core.file import SHARED_LINE, HeldEdit, HeldState
from coroom.core.ordering.standing import acted
from coroom.core.state import RoomState, but
from coroom.core.table import Table

changes = Changes()


@changes.on(e.FilesRead)
def _files_read(state: RoomState, _event: e.Event, body: e.FilesRead) -> RoomState:
    return but(state, reads=_reads_with(state, body.agent, body.versions))


def _reads_with(state: RoomState, agent: str, versions: tuple[tuple[str, int], ...]) -> Table[Table[int]]:
    known = state.reads_of(agent)
    for path, version in versions:
        known = known.put(path, version)
    most = state.limits.reads_per_agent_max
    if len(known) > most:
        # Some at a time: to look for the oldest at every single read would be quadratic.
        kept = sorted(known.items(), key=lambda read: read[1])[len(known) - most + most // 8 :]
        known = Table(kept)
    return state.reads.put(agent, known)


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
    file, line, by = body.file, body.line, event.by
    seen = line == SHARED_LINE and by in state.agents
    changed = but(
        state,
        lines=state.lines.put(line, state.files(line).put(file.path, file)),
        version=max(state.version, file.version),
        numbered=state.numbered + 1,
        reads=_reads_with(state, by, ((file.path, file.version),)) if seen else state.reads,
    )
    if body.settles:
        changed = _settle(changed, body.settles, file.by, HeldState.RESOLVED)
    if file.by in state.order.standings:
        changed = but(changed, order=acted(state.order, file.by, event.seq))
    return changed


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
    return but(state, held=state.held.put(held, but(edit, state=ending, settled_by=by)))


@changes.on(e.HeldSettled)
def _held_settled(state: RoomState, _event: e.Event, body: e.HeldSettled) -> RoomState:
    return _settle(state, body.held, body.by, HeldState.DROPPED if body.dropped else HeldState.RESOLVED)
