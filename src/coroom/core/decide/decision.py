"""The value that every decision is, and the small questions that all of them ask."""

from collections.abc import Iterable
from typing import NamedTuple

from coroom.core.agent import EVERYONE, HOST, OPERATOR, PERMISSIONS, Agent, Permission, Presence, Role
from coroom.core.command import Good, Ok
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, NoticeSent
from coroom.core.notice import NoticeKind
from coroom.core.quick import dataclass, maker, of_parts
from coroom.core.resource import Resource
from coroom.core.state import RoomState


@dataclass(frozen=True, slots=True)
class Perform:
    """An effect: the host acts on the started action named, after its event is durable."""

    action: str


class Decision(NamedTuple):
    """Events to store, then effects to perform, then the reply. A refusal may store events too (an expiry that
    was due), but never any that the caller asked for.
    """

    reply: Good | Refused = Ok()
    events: tuple[Body, ...] = ()
    effects: tuple[Perform, ...] = ()


def refused(code: Code, why: str, next_step: str) -> Decision:
    """A decision that changes nothing."""
    return Decision(Refused(code, why, next_step))


decided = of_parts(Decision)
"""A decision of its three parts, for where most are made."""

_notice_sent = maker(NoticeSent)
_ALL_MAY = frozenset({OPERATOR, HOST})


def lacks(state: RoomState, by: str, permission: Permission) -> Refused | None:
    """Why `by` may not use `permission`; None when it may."""
    if by in _ALL_MAY:
        return None
    agent = state.agents.get(by)
    if agent is None or agent.presence is Presence.LEFT:
        return Refused(Code.UNKNOWN_AGENT, f"No agent '{by}' is in this room.", "Join the room first.")
    if agent.presence is Presence.PAUSED:
        return Refused(Code.PAUSED, "The operator has paused you.", "Call sync with wait_s until you are resumed.")
    if permission not in PERMISSIONS[agent.role]:
        return Refused(
            Code.FORBIDDEN,
            f"The role {agent.role.value} has no permission to {permission.value}.",
            "Say in the room what you need; the operator or an agent with that permission can do it.",
        )
    return None


def unknown_agent(name: str) -> Refused:
    """No such agent."""
    return Refused(Code.NOT_FOUND, f"There is no agent '{name}' in this room.", "Call sync to see who is here.")


def present_agent(state: RoomState, name: str) -> Agent | None:
    """The agent of that name, if it has not left."""
    agent = state.agents.get(name)
    return None if agent is None or agent.presence is Presence.LEFT else agent


def readers(state: RoomState, sender: str, to: str) -> tuple[str, ...]:
    """Whose inbox a notice goes to: one present agent, or all but the sender, in rank order."""
    if to == EVERYONE:
        return tuple([agent.name for agent in state.present() if agent.name != sender])
    return (to,) if present_agent(state, to) else ()


def notice(
    state: RoomState,
    number: int,
    kind: NoticeKind,
    *,
    sender: str,
    to: str,
    text: str,
    resources: Iterable[Resource] = (),
    about: str = "",
    replaces: str = "",
) -> NoticeSent:
    """The event of a notice; `number` tells notices of one decision apart."""
    assert number >= 1
    return _notice_sent(
        notice=f"n{state.numbered + number}",
        about_kind=kind,
        sender=sender,
        to=to,
        readers=readers(state, sender, to),
        text=text[: state.limits.text_chars_max],
        resources=tuple(resources),
        about=about,
        replaces=replaces,
    )


def judges(state: RoomState) -> tuple[str, ...]:
    """The present agents that settle what its author cannot: evaluators and integrators."""
    return tuple(a.name for a in state.present() if a.role in {Role.EVALUATOR, Role.INTEGRATOR})
