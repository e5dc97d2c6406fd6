"""Rooms that are wrong on purpose, one way each: a suite that does not catch every one of them proves nothing."""

from collections.abc import Callable
from dataclasses import replace

from coroom.core.check import Verdict
from coroom.core.command import AcceptEdit, ClaimResources, MarkRead, StartLanding, Submission, TakeTask
from coroom.core.decide.decision import Decision
from coroom.core.event import ActionStarted, ClaimGranted, Event, FileAccepted
from coroom.core.room import decide
from coroom.core.state import RoomState, but
from coroom.core.table import Table
from coroom.core.task import TaskState
from coroom.simulate.room import ModelRoom, Rules


class ClaimsNeverConflict(Rules):
    """Claims are handed out without looking at those of others."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide a claim as if nobody else held any."""
        return decide(_alone(state, asked) if isinstance(asked.command, ClaimResources) else state, asked, now_ms)


class StaleHoldersAccepted(Rules):
    """Edits pass whatever anybody else holds by now: an old holder goes on as if nothing had happened."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide an edit as if nobody else held any claim."""
        return decide(_alone(state, asked) if isinstance(asked.command, AcceptEdit) else state, asked, now_ms)


def _alone(state: RoomState, asked: Submission) -> RoomState:
    return but(state, claims=Table((c.id, c) for c in state.claims.values() if c.holder == asked.by))


class FencesRepeat(Rules):
    """Every grant and every action has the fence of the first one."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide, then spoil the fences."""
        sound = decide(state, asked, now_ms)
        events = (replace(e, fence=1) if isinstance(e, (ClaimGranted, ActionStarted)) else e for e in sound.events)
        return sound._replace(events=tuple(events))


class ExpiryIgnored(Rules):
    """Leases never run out."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide as if no time had passed since the last event."""
        return decide(state, asked, min(now_ms, state.now_ms))


class NoVersionCheck(Rules):
    """An edit that was merged with an old version is accepted over the new one."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Pretend that each edit was merged with what is accepted now."""
        if isinstance(asked.command, AcceptEdit):
            head = state.head(asked.command.path)
            asked = asked._replace(command=replace(asked.command, expected=head.version if head else 0))
        return decide(state, asked, now_ms)


class OperationsRepeated(Rules):
    """The operation id is ignored: a repeated call is carried out again."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide without the memory of operations."""
        return decide(but(state, operations=Table()), asked, now_ms)


class TwoHolders(Rules):
    """A task that somebody holds can be taken."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide on a board where everything taken looks open."""
        if isinstance(asked.command, TakeTask):
            opened = Table(
                (
                    t.id,
                    replace(t, state=TaskState.OPEN) if t.state is TaskState.TAKEN and t.holder != asked.by else t,
                )
                for t in state.tasks.values()
            )
            state = but(_alone(state, asked), tasks=opened)
        return decide(state, asked, now_ms)


class LandsUnchecked(Rules):
    """A landing needs no verdict and waits for no held edit."""

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Decide a landing as if all were green."""
        if isinstance(asked.command, StartLanding):
            state = but(
                state, held=Table(), verdicts=Table((v.tree, replace(v, passed=True)) for v in _all(state, asked))
            )
        return decide(state, asked, now_ms)


def _all(state: RoomState, asked: Submission) -> list[Verdict]:
    assert isinstance(asked.command, StartLanding)
    return [*state.verdicts.values(), Verdict(asked.command.tree, "none", True, "", 0)]


class RepliesBeforeStoring(Rules):
    """An agent is answered before what it was told is durable."""

    reply_before_storing = True


class ActsBeforeStoring(Rules):
    """An effect happens before its start is durable."""

    perform_before_storing = True


class LogForgets(Rules):
    """The disk said it had stored the last event, and had not."""

    def surviving(self, durable: int) -> int:
        """All but the newest."""
        return max(0, durable - 1)


class SnapshotOffByOne(Rules):
    """A snapshot is replayed from one event too late."""

    def replayed(self, snapshot: int) -> int:
        """Skip one event."""
        return snapshot + 1


class UpdatesOutOfOrder(Rules):
    """Mirrors hear of every other version only after the next one."""

    def __init__(self) -> None:
        self._kept: list[Event] = []

    def feed(self, lines: list[Event]) -> list[Event]:
        """Keep the files of this flush back, or give those that were kept after those of this one."""
        if self._kept:
            kept, self._kept = self._kept, []
            return [*lines, *kept]
        self._kept = [e for e in lines if isinstance(e.body, FileAccepted)]
        return [e for e in lines if not isinstance(e.body, FileAccepted)]


class UpdatesLost(Rules):
    """Mirrors miss a version when many events become durable together."""

    def feed(self, lines: list[Event]) -> list[Event]:
        """Drop accepted files from bursts."""
        return [e for e in lines if len(lines) < 6 or not isinstance(e.body, FileAccepted)]


class NoticesLost(Rules):
    """A reader with several unread notices gets the newest only, and the older ones count as read with it."""

    def handed(self, room: ModelRoom, agent: str) -> tuple[str, ...]:
        """The newest one."""
        return super().handed(room, agent)[-1:]

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Reading one is reading all before it."""
        if isinstance(asked.command, MarkRead):
            inbox = state.inboxes.get(asked.by, ())
            last = max((inbox.index(n) for n in asked.command.notices if n in inbox), default=-1)
            asked = asked._replace(command=MarkRead(inbox[: last + 1]))
        return decide(state, asked, now_ms)


class LostAnswersRead(Rules):
    """Whatever rode on any answer counts as read with the next call that acknowledges something, though that answer was
    lost on its way.
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[str, None]] = {}

    def handed(self, room: ModelRoom, agent: str) -> tuple[str, ...]:
        """As it should be, but remembered."""
        told = super().handed(room, agent)
        self._told.setdefault(agent, {}).update(dict.fromkeys(told))
        return told

    def decide(self, state: RoomState, asked: Submission, now_ms: int) -> Decision:
        """Reading one is reading all that was ever told."""
        if isinstance(asked.command, MarkRead):
            asked = asked._replace(command=MarkRead(tuple(self._told.get(asked.by, asked.command.notices))))
        return decide(state, asked, now_ms)


class ConflictsSwallowed(Rules):
    """An edit that does not merge is answered as accepted, with the other side's text."""

    def settle_conflict(self) -> str:
        """Take theirs, say yes."""
        return "theirs"


class MergesBeforeStoring(Rules):
    """Edits are merged with versions that are not durable yet; after a crash their numbers name other texts."""

    merges_before_storing = True


class VoidSecretsHeard(Rules):
    """An old incarnation of an agent is still heard."""

    hears_void_secrets = True


MUTANTS: dict[str, Callable[[], Rules]] = {
    "claims-never-conflict": ClaimsNeverConflict,
    "stale-holders-accepted": StaleHoldersAccepted,
    "fences-repeat": FencesRepeat,
    "expiry-ignored": ExpiryIgnored,
    "no-version-check": NoVersionCheck,
    "operations-repeated": OperationsRepeated,
    "two-holders": TwoHolders,
    "lands-unchecked": LandsUnchecked,
    "replies-before-storing": RepliesBeforeStoring,
    "acts-before-storing": ActsBeforeStoring,
    "log-forgets": LogForgets,
    "snapshot-off-by-one": SnapshotOffByOne,
    "updates-out-of-order": UpdatesOutOfOrder,
    "updates-lost": UpdatesLost,
    "notices-lost": NoticesLost,
    "lost-answers-read": LostAnswersRead,
    "conflicts-swallowed": ConflictsSwallowed,
    "merges-before-storing": MergesBeforeStoring,
    "void-secrets-heard": VoidSecretsHeard,
}
"""Every mutant by the name that `coroom simulate --mutant` knows it by."""
