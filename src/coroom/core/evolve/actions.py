"""Calls that act outside the room, and landings."""

from coroom.core import event as e
from coroom.core.action import PHASE_AFTER, Action, Phase
from coroom.core.evolve.changes import Changes
from coroom.core.state import Landing, RoomState, but

changes = Changes()


@changes.on(e.ActionStarted)
def _action_started(state: RoomState, event: e.Event, body: e.ActionStarted) -> RoomState:
    action = Action(
        id=body.action,
        agent=body.agent,
        tool=body.tool,
        footprint=body.footprint,
        effect=body.effect,
        fence=body.fence,
        arguments=body.arguments,
        undo=body.undo,
        started_seq=event.seq,
    )
    return but(
        state,
        actions=state.actions.put(action.id, action).trimmed(
            state.limits.ended_kept_max,
            lambda a: None if a.phase is Phase.STARTED else a.started_seq,
        ),
        numbered=state.numbered + 1,
        fence=max(state.fence, body.fence),
    )


def _move_action(state: RoomState, body: e.ActionFinished | e.ActionFailed | e.ActionUndone) -> RoomState:
    action = state.actions.get(body.action)
    after = PHASE_AFTER.get((action.phase, body.kind)) if action else None
    if action is None or after is None:
        return state
    return but(state, actions=state.actions.put(action.id, but(action, phase=after, result=body.result)))


@changes.on(e.ActionFinished)
def _action_finished(state: RoomState, _event: e.Event, body: e.ActionFinished) -> RoomState:
    return _move_action(state, body)


@changes.on(e.ActionFailed)
def _action_failed(state: RoomState, _event: e.Event, body: e.ActionFailed) -> RoomState:
    return _move_action(state, body)


@changes.on(e.ActionUndone)
def _action_undone(state: RoomState, _event: e.Event, body: e.ActionUndone) -> RoomState:
    return _move_action(state, body)


@changes.on(e.Landed)
def _landed(state: RoomState, event: e.Event, body: e.Landed) -> RoomState:
    landing = Landing(body.ref, body.commit, body.tree, body.tasks, body.version, event.seq)
    return but(state, landings=(*state.landings, landing)[-state.limits.ended_kept_max :])
