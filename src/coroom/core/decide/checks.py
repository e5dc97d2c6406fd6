"""What checks say: doubts are raised and closed, trees are judged. Nobody confirms what is their own."""

from coroom.core.agent import HOST, Permission
from coroom.core.check import Finding
from coroom.core.command import CloseFinding, GiveVerdict, Ok, RaiseFinding
from coroom.core.decide.decision import Decision, lacks, notice, refused
from coroom.core.decide.tasks import tasks_settled
from coroom.core.errors import Code
from coroom.core.event import Body, FindingClosed, FindingRaised, VerdictGiven
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.core.state import RoomState


def raise_finding(state: RoomState, by: str, command: RaiseFinding, _now_ms: int) -> Decision:
    """Store a doubt and tell the authors it names; the same doubt is raised once while it is open."""
    bad = lacks(state, by, Permission.JUDGE)
    if bad:
        return Decision(bad)
    for known in state.findings.values():
        same = (known.kind, known.path, known.symbol) == (command.check, command.path, command.symbol)
        if known.open and same:
            return Decision(Ok(known.id))
    raised = FindingRaised(
        finding=f"f{state.numbered + 1}",
        check=command.check,
        path=command.path,
        at_line=command.at_line,
        symbol=command.symbol,
        message=command.message,
        agents=command.agents,
    )
    told: list[Body] = [
        notice(
            state,
            1 + number,
            NoticeKind.CONFLICT,
            sender=HOST,
            to=agent,
            text=f"{command.check} in {command.path}:{command.at_line}: {command.message}",
            resources=(file(command.path),),
            about=raised.finding,
        )
        for number, agent in enumerate(command.agents, start=1)
    ]
    return Decision(Ok(raised.finding), (raised, *told))


def close_finding(state: RoomState, by: str, command: CloseFinding, now_ms: int) -> Decision:
    """The check that raised it passes now; the tasks that were to settle it end with it.

    Who had a hand in it cannot confirm that it is mended (promise check:not-by-its-mender).
    """
    bad = lacks(state, by, Permission.JUDGE)
    if bad:
        return Decision(bad)
    known = state.findings.get(command.finding)
    if known is None:
        return refused(Code.NOT_FOUND, f"There is no finding '{command.finding}'.", "Call sync to see what is open.")
    if known.open and _had_a_hand_in(state, by, known):
        return refused(
            Code.FORBIDDEN,
            f"You had a hand in finding {known.id} ({known.path}), and who mends does not confirm.",
            "The check closes it when it passes; another who may judge can, too.",
        )
    if not known.open:
        return Decision(Ok(known.id))
    return Decision(Ok(known.id), (FindingClosed(finding=known.id), *tasks_settled(state, known.id, by, now_ms)))


def _had_a_hand_in(state: RoomState, by: str, finding: Finding) -> bool:
    """Whether an agent wrote one of its sides, the text that stands there, or took it on as a task."""
    if by not in state.agents:
        return False
    head = state.head(finding.path)
    tasks = [task for task in state.tasks.values() if task.finding == finding.id]
    took = any(task.holder == by or any(tried.agent == by for tried in task.attempts) for task in tasks)
    return took or by in finding.agents or (head is not None and head.by == by)


def _wrote_what_is_judged(state: RoomState, by: str) -> bool:
    """Whether something that has not landed is an agent's own."""
    if by not in state.agents:
        return False
    landed = max((landing.version for landing in state.landings), default=0)
    return any(head.by == by and head.version > landed for head in state.files().values())


def give_verdict(state: RoomState, by: str, command: GiveVerdict, _now_ms: int) -> Decision:
    """Store what a check said of one tree, and tell whom it concerns.

    That its own work passes, no agent can say (promise check:not-by-its-mender).
    """
    bad = lacks(state, by, Permission.JUDGE)
    if bad:
        return Decision(bad)
    if command.passed and _wrote_what_is_judged(state, by):
        return refused(
            Code.FORBIDDEN,
            "What has not landed yet is in part your own work, and nobody marks their own work as passed.",
            "Land: the room runs the tests itself. Another who may judge can give the verdict.",
        )
    given = VerdictGiven(tree=command.tree, check=command.check, passed=command.passed, summary=command.summary)
    word = "passed" if command.passed else "FAILED"
    told = notice(
        state,
        1,
        NoticeKind.VERDICT,
        sender=HOST,
        to=command.to,
        text=f"{command.check} {word} on tree {command.tree[:12]}: {command.summary}",
        about=command.tree,
    )
    return Decision(Ok(), (given, told))
