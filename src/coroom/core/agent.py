"""Who is in the room: identity, rank, role and permissions."""

from enum import StrEnum

from coroom.core.quick import dataclass
from coroom.core.resource import Resource

HOST = "host"
"""The room itself, as the author of events that no agent caused."""

OPERATOR = "operator"
"""The person who runs the room; holds every permission."""

EVERYONE = "*"
"""The address of a notice to all agents."""

Rank = tuple[int, ...]
"""An agent's place in the serial order. Compared as tuples: a child (3, 1) comes after its parent (3,) and
before the next agent (4,), which is what *ranked inside its parent* means (docs/ordering.md)."""


class Permission(StrEnum):
    """What a role may do; checked in `room.decide`, never in a prompt."""

    CLAIM = "claim"
    EDIT = "edit"
    SAY = "say"
    POST_TASK = "post-task"
    TAKE_TASK = "take-task"
    LAND = "land"
    RESOLVE_OTHERS = "resolve-others"
    RELEASE_OTHERS = "release-others"
    PAUSE = "pause"
    JUDGE = "judge"
    MAKE_TOOLS = "make-tools"
    END_ROOM = "end-room"


class Role(StrEnum):
    """The roles every room has; what each may do is in `PERMISSIONS`."""

    IMPLEMENTER = "implementer"
    OUTLINER = "outliner"
    EVALUATOR = "evaluator"
    INTEGRATOR = "integrator"
    OBSERVER = "observer"
    TOOLSMITH = "toolsmith"
    OPERATOR = "operator"
    HOST = "host"


_WORKER = frozenset(
    {
        Permission.CLAIM,
        Permission.EDIT,
        Permission.SAY,
        Permission.POST_TASK,
        Permission.TAKE_TASK,
        Permission.LAND,
    }
)

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.IMPLEMENTER: _WORKER,
    Role.OUTLINER: frozenset({Permission.CLAIM, Permission.SAY, Permission.POST_TASK}),
    Role.EVALUATOR: _WORKER | {Permission.JUDGE, Permission.RESOLVE_OTHERS},
    Role.INTEGRATOR: _WORKER | {Permission.RESOLVE_OTHERS},
    Role.OBSERVER: frozenset({Permission.SAY}),
    Role.TOOLSMITH: frozenset({Permission.SAY, Permission.TAKE_TASK, Permission.MAKE_TOOLS}),
    Role.OPERATOR: frozenset(Permission),
    Role.HOST: frozenset(Permission),
}

JOINABLE = frozenset(PERMISSIONS) - {Role.OPERATOR, Role.HOST}
"""The roles an agent can be given; the other two belong to the person and to the room."""


class Presence(StrEnum):
    """Whether an agent is here."""

    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"


PRESENCE_AFTER: dict[tuple[Presence, str], Presence] = {
    (Presence.ACTIVE, "agent-paused"): Presence.PAUSED,
    (Presence.PAUSED, "agent-resumed"): Presence.ACTIVE,
    (Presence.ACTIVE, "agent-left"): Presence.LEFT,
    (Presence.PAUSED, "agent-left"): Presence.LEFT,
    (Presence.LEFT, "agent-joined"): Presence.ACTIVE,
}
"""Every transition of an agent's presence, by the kind of the event; what is not here does not happen."""


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One agent as the room knows it. Its secret is known by hash only, and never leaves this record.

    `scope` is all that it will ever touch by calls, empty for anything. `said_this_minute` counts its messages in the
    `minute` of the clock. One that was `given_up` makes no call any more until it joins anew, also once all that it did
    is taken back for good.
    """

    name: str
    role: Role
    rank: Rank
    parent: str | None
    secret_hash: str
    client: str
    presence: Presence
    joined_seq: int
    seen_ms: int
    task: str | None = None
    scope: tuple[Resource, ...] = ()
    minute: int = 0
    said_this_minute: int = 0
    given_up: bool = False
