"""What happened, in plain sentences: the timeline that people read."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from coroom.core import event as e
from coroom.core.agent import EVERYONE
from coroom.core.event.calls import CallBody
from coroom.core.file import FileKind
from coroom.core.timeline_calls import of_calls


def describe(event: e.Event) -> str:
    """The event in one plain sentence, for the timeline. Names every agent by name; text of others is quoted."""
    body = event.body
    if isinstance(body, CallBody):
        return of_calls(body)
    match body:
        case e.RoomOpened() | e.RoomClosed() | e.RoomReopened():
            return _of_the_room(body)
        case e.Landed() | e.LandingsHeld() | e.LandingsReleased() | e.VerdictGiven():
            return _of_landing(body)
        case e.AgentJoined() | e.AgentLeft() | e.AgentPaused() | e.AgentResumed() | e.AgentSpent():
            return _of_agents(body)
        case e.ClaimGranted() | e.ClaimRefused() | e.ClaimsRenewed() | e.ClaimEnded():
            return _of_claims(body)
        case (
            e.TaskPosted()
            | e.TaskTaken()
            | e.TaskReturned()
            | e.TaskDone()
            | e.TaskReopened()
            | e.TaskOrdered()
            | e.TaskCancelled()
        ):
            return _of_tasks(body)
        case e.FileAccepted() | e.FilesSeeded() | e.EditHeld() | e.HeldSettled():
            return _of_files(body)
        case e.FindingRaised() | e.FindingClosed() | e.ToolAdded() | e.FootprintStrayed():
            return _of_trust(body)
        case e.ActionStarted() | e.ActionFinished() | e.ActionFailed() | e.ActionUndone():
            return _of_actions(body)
        case e.NoticeSent() | e.NoticesRead() | e.FilesRead():
            return _of_reading(body)
        case e.Answered(agent=agent, operation=operation):
            return f"{agent} got the answer of operation {operation}."
    assert_never(body)


def _of_the_room(body: e.RoomOpened | e.RoomClosed | e.RoomReopened) -> str:
    match body:
        case e.RoomOpened(room=room, policy=policy):
            return f"Room {room} opened under the policy {policy}."
        case e.RoomClosed(reason=reason):
            return f"The room closed{_because(reason)}."
        case e.RoomReopened():
            return "The room opened again."
    assert_never(body)


def _of_landing(body: e.Landed | e.LandingsHeld | e.LandingsReleased | e.VerdictGiven) -> str:
    match body:
        case e.Landed(ref=ref, commit=commit, tasks=tasks):
            return f"{_list(tasks) or 'The room'} landed on {ref} as {commit[:12]}."
        case e.LandingsHeld(by=by, reason=reason):
            return f"{by} holds landings{_because(reason)}."
        case e.LandingsReleased(by=by):
            return f"{by} lets landings go on."
        case e.VerdictGiven(check=check, tree=tree, passed=passed, summary=summary):
            return f"{check} {'passed' if passed else 'failed'} on tree {tree[:12]}{_because(summary)}."
    assert_never(body)


def _of_agents(body: e.AgentJoined | e.AgentLeft | e.AgentPaused | e.AgentResumed | e.AgentSpent) -> str:
    match body:
        case e.AgentJoined(agent=agent, role=role, client=client):
            return f"{agent} joined as {role.value}{f' with {client}' if client else ''}."
        case e.AgentLeft(agent=agent, reason=reason):
            return f"{agent} left{_because(reason)}."
        case e.AgentPaused(agent=agent):
            return f"{agent} was paused."
        case e.AgentResumed(agent=agent):
            return f"{agent} may go on."
        case e.AgentSpent(agent=agent, input_tokens=into, output_tokens=out):
            return f"{agent} used {into} tokens in and {out} out."
    assert_never(body)


def _of_claims(body: e.ClaimGranted | e.ClaimRefused | e.ClaimsRenewed | e.ClaimEnded) -> str:
    match body:
        case e.ClaimGranted(agent=agent, resources=resources, mode=mode, purpose=purpose):
            return f"{agent} holds {_list(resources)} ({mode.value}){_because(purpose)}."
        case e.ClaimRefused(agent=agent, resources=resources, holders=holders):
            return f"{agent} was refused {_list(resources)}, held by {_list(holders)}."
        case e.ClaimsRenewed(agent=agent, claims=claims):
            return f"{agent} renewed {_count(claims, 'claim')}."
        case e.ClaimEnded(agent=agent, resources=resources, ending=ending):
            return f"{agent} no longer holds {_list(resources)} ({ending.value})."
    assert_never(body)


def _of_tasks(
    body: e.TaskPosted | e.TaskTaken | e.TaskReturned | e.TaskDone | e.TaskReopened | e.TaskOrdered | e.TaskCancelled,
) -> str:
    match body:
        case e.TaskPosted(task=task, title=title, by=by):
            return f"{by} posted task {task}: “{title}”"
        case e.TaskTaken(task=task, agent=agent):
            return f"{agent} took task {task}."
        case e.TaskReturned(task=task, agent=agent, note=note):
            return f"Task {task} came back from {agent}{_because(note)}."
        case e.TaskDone(task=task, agent=agent, summary=summary):
            return f"{agent} finished task {task}{_because(summary)}."
        case e.TaskReopened(task=task, note=note):
            return f"Task {task} is open again{_because(note)}."
        case e.TaskOrdered(task=task, after=after):
            return f"Task {task} comes after {_list(after)} now." if after else f"Task {task} waits for none now."
        case e.TaskCancelled(task=task, note=note):
            return f"Task {task} was cancelled{_because(note)}."
    assert_never(body)


def _of_files(body: e.FileAccepted | e.FilesSeeded | e.EditHeld | e.HeldSettled) -> str:
    match body:
        case e.FileAccepted(file=file):
            verb = "deleted" if file.kind is FileKind.ABSENT else "changed"
            verb = f"renamed {file.renamed_from} to" if file.renamed_from else verb
            return f"{file.by} {verb} {file.path} (version {file.version})."
        case e.FilesSeeded(files=files):
            return f"The room took {_count(files, 'file')} from the repository."
        case e.EditHeld(held=held, agent=agent, path=path, reason=reason):
            return f"An edit by {agent} of {path} is held as {held}{_because(reason)}."
        case e.HeldSettled(held=held, by=by, dropped=dropped, note=note):
            return f"{by} {'dropped' if dropped else 'resolved'} the held edit {held}{_because(note)}."
    assert_never(body)


def _of_trust(body: e.FindingRaised | e.FindingClosed | e.ToolAdded | e.FootprintStrayed) -> str:
    match body:
        case e.FindingClosed(finding=finding):
            return f"Finding {finding} is settled."
        case e.FindingRaised(check=check, path=path, at_line=line, finding=finding, message=message):
            return f"{check} doubts {path}:{line} ({finding}){_because(message)}."
        case e.ToolAdded(tool=tool, by=by, description=description):
            return f"{by} made the tool {tool}: “{description}”"
        case e.FootprintStrayed(tool=tool, call=call, agent=agent, why=why):
            return f"{tool} touched more than it declared in {agent}'s call {call}{_because(why)}."
    assert_never(body)


def _of_reading(body: e.NoticeSent | e.NoticesRead | e.FilesRead) -> str:
    match body:
        case e.NoticeSent(sender=sender, to=to, about_kind=kind, text=text):
            return f"{sender} to {'everyone' if to == EVERYONE else to}, {kind.value}: “{text}”"
        case e.NoticesRead(agent=agent, notices=notices):
            return f"{agent} read {_count(notices, 'notice')}."
        case e.FilesRead(agent=agent, versions=versions):
            return f"{agent} read {_list(path for path, _ in versions)}."
    assert_never(body)


def _of_actions(body: e.ActionStarted | e.ActionFinished | e.ActionFailed | e.ActionUndone) -> str:
    match body:
        case e.ActionStarted(action=action, agent=agent, tool=tool, footprint=footprint):
            touched = _list(footprint.writes)
            return f"{agent} started {tool} ({action}){f' on {touched}' if touched else ''}."
        case e.ActionFinished(action=action, result=result):
            return f"Action {action} finished{_because(result)}."
        case e.ActionFailed(action=action, result=result):
            return f"Action {action} failed{_because(result)}."
        case e.ActionUndone(action=action, result=result):
            return f"Action {action} was undone{_because(result)}."
    assert_never(body)


def _because(text: str) -> str:
    return f": {text.rstrip('.')}" if text else ""


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _list(things: Iterable[object]) -> str:
    names = [str(thing) for thing in things]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
