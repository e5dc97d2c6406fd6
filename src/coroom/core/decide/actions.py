"""Calls that act outside the room: stored as started, then performed, then stored as ended."""

from coroom.core.action import Effect, Phase
from coroom.core.agent import HOST, Permission
from coroom.core.claim import Mode, blockers_of
from coroom.core.command import FinishAction, Ok, StartAction, Started, StartLanding
from coroom.core.decide.claims import claimed
from coroom.core.decide.decision import Decision, Perform, lacks, notice, refused
from coroom.core.decide.landings import held_back
from coroom.core.errors import Code, Refused
from coroom.core.event import ActionFailed, ActionFinished, ActionStarted, ActionUndone, Body, Landed
from coroom.core.notice import NoticeKind
from coroom.core.policies import POLICIES
from coroom.core.policy import in_the_way
from coroom.core.resource import Footprint, ref
from coroom.core.state import RoomState

LAND = "land"
"""The tool name of a landing."""


def start_action(state: RoomState, by: str, command: StartAction, now_ms: int) -> Decision:
    """Store what the action will do and what undoing it needs; perform it only afterwards."""
    bad = lacks(state, by, Permission.EDIT) or _stands_against(state, by, command.footprint, now_ms)
    if bad:
        return Decision(bad)
    started = ActionStarted(
        action=f"a{state.numbered + 1}",
        agent=by,
        tool=command.tool,
        footprint=command.footprint,
        effect=command.effect,
        fence=state.fence + 1,
        arguments=command.arguments,
        undo=command.undo,
    )
    return Decision(Started(started.action, started.fence), (started,), (Perform(started.action),))


def _stands_against(state: RoomState, by: str, footprint: Footprint, now_ms: int) -> Refused | None:
    barred = in_the_way(POLICIES[state.policy].admit(state, by, footprint))
    if barred:
        return barred
    blockers = blockers_of(footprint.writes, Mode.SHARED, by, state.claims_near(footprint.writes), now_ms)
    return claimed(footprint.writes, blockers, now_ms) if blockers else None


def start_landing(state: RoomState, by: str, command: StartLanding, now_ms: int) -> Decision:
    """Let `ref` move to `commit`: only with nothing held, no open finding and a passing verdict for this tree."""
    footprint = Footprint(writes=(ref(command.ref),))
    bad = lacks(state, by, Permission.LAND) or held_back(state) or _not_landable(state, command)
    bad = bad or _stands_against(state, by, footprint, now_ms)
    if bad:
        return Decision(bad)
    started = ActionStarted(
        action=f"a{state.numbered + 1}",
        agent=by,
        tool=LAND,
        footprint=footprint,
        effect=Effect.OPAQUE,
        fence=state.fence + 1,
        arguments="\n".join((command.ref, command.commit, command.tree, str(command.version), *command.tasks)),
        undo=command.undo,
    )
    return Decision(Started(started.action, started.fence), (started,), (Perform(started.action),))


def _not_landable(state: RoomState, command: StartLanding) -> Refused | None:
    if any("\n" in text for text in (command.ref, command.commit, command.tree, *command.tasks)):
        return Refused(Code.BAD_INPUT, "A name of a ref, commit, tree or task is one line.", "Name them as git does.")
    held = state.open_held()
    if held:
        names = ", ".join(f"{h.id} ({h.path}, {h.agent})" for h in held[:5])
        return Refused(
            Code.HELD_OPEN,
            f"{len(held)} held edits are open: {names}.",
            "They are settled by their authors or with answer; then land.",
        )
    findings = [f for f in state.findings.values() if f.open]
    if findings:
        names = ", ".join(f"{f.id} ({f.path}: {f.kind})" for f in findings[:5])
        return Refused(
            Code.RED,
            f"{len(findings)} findings are open: {names}.",
            "Mend the code; they close when their check passes.",
        )
    verdicts = [v for v in state.verdicts.values() if v.tree == command.tree]
    if not verdicts:
        return Refused(
            Code.RED,
            f"No check has passed for tree {command.tree[:12]}.",
            "Run the checks on exactly this tree first.",
        )
    red = [v for v in verdicts if not v.passed]
    if red:
        return Refused(Code.RED, f"{red[0].check} failed: {red[0].summary}", "Mend it and land again.")
    running = [a for a in state.actions.values() if a.tool == LAND and a.phase is Phase.STARTED]
    if running:
        return Refused(Code.WAIT, f"{running[0].agent} is landing right now.", "Land again in a moment.")
    return None


def finish_action(state: RoomState, by: str, command: FinishAction, _now_ms: int) -> Decision:
    """Store how it ended. Only the host knows. Repeating the ending that is stored changes nothing."""
    action = state.actions.get(command.action)
    if by != HOST:
        return refused(Code.FORBIDDEN, "Only the room says how an action ended.", "Wait for its notice.")
    if action is None:
        return refused(Code.NOT_FOUND, f"There is no action '{command.action}'.", "Look it up in the log.")
    if action.phase is not Phase.STARTED and not (action.phase is Phase.FINISHED and command.ending == "undone"):
        return Decision(Ok(action.id))
    if command.ending == "failed":
        return Decision(Ok(action.id), (ActionFailed(action=action.id, result=command.result),))
    if command.ending == "undone":
        return Decision(Ok(action.id), (ActionUndone(action=action.id, result=command.result),))
    events: list[Body] = [ActionFinished(action=action.id, result=command.result)]
    if action.tool == LAND:
        name, commit, tree, version, *tasks = action.arguments.split("\n")
        events.append(Landed(ref=name, commit=commit, tree=tree, tasks=tuple(tasks), version=int(version)))
        text = f"Landed {', '.join(tasks) or 'the room'} on {name} as {commit[:12]}."
        events.append(notice(state, 1, NoticeKind.VERDICT, sender=HOST, to="*", text=text, about=action.id))
    return Decision(Ok(action.id), tuple(events))
