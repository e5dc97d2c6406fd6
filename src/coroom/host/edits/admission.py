"""Whether an agent's tool may change a file now: asked before it runs."""

from coroom.core.claim import Mode, blockers_of
from coroom.core.decide.claims import claimed
from coroom.core.errors import Code, Refused
from coroom.core.policies import POLICIES
from coroom.core.policy import Wait, not_yet
from coroom.core.resource import Footprint, Scheme, file
from coroom.host.door.answer import ToolUse, Touch
from coroom.host.host import Host


def may_touch(host: Host, agent: str, path: str) -> Refused | None:
    """Why the agent's tool must not change `path`; claims on single symbols are judged when it has."""
    state = host.state
    target = (file(path),)
    admission = POLICIES[state.policy].admit(state, agent, Footprint(writes=target))
    if isinstance(admission, Wait):
        return not_yet(admission)
    if isinstance(admission, Refused):
        return admission
    now_ms = host.clock.now_ms()
    blockers = blockers_of(target, Mode.SHARED, agent, state.claims_near(target), now_ms)
    whole = tuple(b for b in blockers if b.held.scheme is not Scheme.SYMBOL)
    return claimed(target, whole, now_ms) if whole else None


def stale(host: Host, agent: str, use: ToolUse, path: str, on_disk: int) -> Refused | None:
    """Why the agent must read `path` again before it overwrites it whole: it changed since it was read."""
    read = host.state.reads_of(agent).get(path)
    if use.touch is not Touch.WRITE or read is None or not on_disk or read >= on_disk:
        return None
    head = host.state.head(path)
    by = f" by {head.by}" if head else ""
    return Refused(
        Code.STALE, f"{path} has changed{by} since you read it.", "Read it again, then write your change into that."
    )
