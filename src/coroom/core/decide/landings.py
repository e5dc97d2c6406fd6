"""Landings kept back by the operator, who wants to look first."""

from coroom.core.agent import EVERYONE, Permission
from coroom.core.command import HoldLandings, Ok, ReleaseLandings
from coroom.core.decide.decision import Decision, lacks, notice, refused
from coroom.core.errors import Code, Refused
from coroom.core.event import LandingsHeld, LandingsReleased
from coroom.core.notice import NoticeKind
from coroom.core.state import RoomState

_NO_REASON = "somebody looks at the work first"


def hold_landings(state: RoomState, by: str, command: HoldLandings, _now_ms: int) -> Decision:
    """Let no landing begin. One that has begun to move its branch ends; one whose tests still run is refused."""
    bad = lacks(state, by, Permission.PAUSE)
    if bad:
        return Decision(bad)
    if len(command.reason) > state.limits.title_chars_max:
        return refused(
            Code.LIMIT, f"A reason has at most {state.limits.title_chars_max} characters.", "Say it in one line."
        )
    reason = command.reason.strip() or _NO_REASON
    if state.landings_held == reason:
        return Decision(Ok())
    text = f"Landings are held: {reason}. Go on with other work; you are told when they may go on."
    told = notice(state, 1, NoticeKind.OPERATOR, sender=by, to=EVERYONE, text=text)
    return Decision(Ok(), (LandingsHeld(by=by, reason=reason), told))


def release_landings(state: RoomState, by: str, _command: ReleaseLandings, _now_ms: int) -> Decision:
    """Let landings begin again; nothing when none are held."""
    bad = lacks(state, by, Permission.PAUSE)
    if bad:
        return Decision(bad)
    if not state.landings_held:
        return Decision(Ok())
    text = "Landings may go on. If yours was refused, land again."
    told = notice(state, 1, NoticeKind.OPERATOR, sender=by, to=EVERYONE, text=text)
    return Decision(Ok(), (LandingsReleased(by=by), told))


def held_back(state: RoomState) -> Refused | None:
    """Why no landing may begin now; None when one may."""
    if not state.landings_held:
        return None
    return Refused(
        Code.WAIT,
        f"Landings are held: {state.landings_held}.",
        "Go on with other work; you are told when they may go on.",
    )
