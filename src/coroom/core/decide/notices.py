"""What agents tell one another, what they have read, what checks say."""

from coroom.core.agent import EVERYONE, HOST, OPERATOR, Permission
from coroom.core.command import CloseFinding, GiveVerdict, MarkRead, Ok, RaiseFinding, Say
from coroom.core.decide.decision import Decision, lacks, notice, present_agent, refused, unknown_agent
from coroom.core.decide.tasks import settled
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, FindingClosed, FindingRaised, NoticesRead, OrderNoticesHanded, VerdictGiven
from coroom.core.file import Finding
from coroom.core.notice import SAID, NoticeKind
from coroom.core.resource import file
from coroom.core.state import RoomState


def say(state: RoomState, by: str, command: Say, now_ms: int) -> Decision:
    """Tell one present agent or all. Text has no power: nothing but an inbox changes (promise voice:powerless)."""
    bad = lacks(state, by, Permission.SAY) or _bad_words(state, by, command, now_ms)
    if bad:
        return Decision(bad)
    kind = NoticeKind.OPERATOR if by == OPERATOR and command.kind is NoticeKind.NOTE else command.kind
    sent = notice(
        state,
        1,
        kind,
        sender=by,
        to=command.to,
        text=command.text,
        resources=command.resources,
        about=command.about,
    )
    return Decision(Ok(sent.notice), (sent,))


def _bad_words(state: RoomState, by: str, command: Say, now_ms: int) -> Refused | None:
    limits = state.limits
    if command.kind not in SAID or (command.kind is NoticeKind.OPERATOR and by != OPERATOR):
        return Refused(
            Code.BAD_INPUT,
            f"'{command.kind.value}' is not for saying.",
            "Say a note, contract, question, answer or done.",
        )
    if not command.text.strip() or len(command.text) > limits.text_chars_max:
        return Refused(
            Code.LIMIT,
            f"A message has 1 to {limits.text_chars_max} characters.",
            "Put longer text into a file and name it.",
        )
    if len(command.about) > limits.name_chars_max or len(command.resources) > limits.claim_resources_max:
        return Refused(
            Code.LIMIT,
            f"A message is about one id, of at most {limits.name_chars_max} characters, and names at most "
            f"{limits.claim_resources_max} resources.",
            "Name what it belongs to by its id, and directories instead of many files.",
        )
    if command.to not in {EVERYONE, OPERATOR} and present_agent(state, command.to) is None:
        return unknown_agent(command.to)
    agent = state.agents.get(by)
    if agent and agent.minute == now_ms // 60_000 and agent.said_this_minute >= limits.messages_per_minute_max:
        return Refused(
            Code.LIMIT,
            f"You have said {limits.messages_per_minute_max} things this minute.",
            "Wait, and say it in one message.",
        )
    return None


def mark_read(state: RoomState, by: str, command: MarkRead, _now_ms: int) -> Decision:
    """Move the caller's cursor; only over what is in its inbox, so that a repeat changes nothing."""
    inbox = state.inboxes.get(by, ())
    read = tuple(n for n in inbox if n in set(command.notices))
    if not read:
        return Decision()
    of_order = tuple(n for n in read if n in state.order.notices and not state.order.notices[n].handed)
    handed = (OrderNoticesHanded(agent=by, notices=of_order),) if of_order else ()
    return Decision(Ok(), (NoticesRead(agent=by, notices=read), *handed))


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
    return Decision(Ok(known.id), (FindingClosed(finding=known.id), *settled(state, known.id, by, now_ms)))


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
