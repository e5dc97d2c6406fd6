"""`preorder` (MTPO): everybody acts at once and in place, and the end is as if they had run in the order of rank."""

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.ordering.call import OrderedCall, Step
from coroom.core.ordering.position import Position
from coroom.core.ordering.repair_plan import repair_steps
from coroom.core.ordering.trajectory import screened
from coroom.core.policy import Asked, CallAdmission, Gate, Go, OneLine
from coroom.core.resource import Resource
from coroom.core.state import RoomState


class Preorder(OneLine):
    """Reads see what is below them, late writes are put where they belong, and who relied on what changed is told."""

    name = "preorder"
    ordered = True
    by_rank = True

    def admit_call(self, state: RoomState, asked: Asked) -> CallAdmission:
        """Go; but a call that nobody could put right afterwards is not made on news that its agent has not seen."""
        if asked.footprint.writes and (asked.irrevocable or asked.effect is Effect.OPAQUE):
            unseen = [n.id for _, n in state.order.notices.ordered() if n.agent == asked.agent and not n.handed]
            if unseen:
                why = f"What you rely on has changed since you decided this: {', '.join(unseen)}. Nothing was done."
                return Refused(Code.JUDGE, why, "Read and judge the notices, then make the call that you want now.")
        return Gate() if asked.irrevocable and asked.footprint.writes else Go()

    def screened(self, state: RoomState, position: Position, reads: tuple[Resource, ...]) -> tuple[OrderedCall, ...]:
        """What is written above the position."""
        return screened(state.order, position, reads)

    def repair(self, state: RoomState, insert: OrderedCall | None, drop: tuple[OrderedCall, ...]) -> tuple[Step, ...]:
        """Undo from above, act, put back from below."""
        return repair_steps(state.order, insert=insert, drop=drop)
