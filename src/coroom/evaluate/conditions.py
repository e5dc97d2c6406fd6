"""The conditions of a trial: what agents share, what they are told and which policy orders them, each a switch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to put agents to work. Those of the ladder that the AgentRoom paper published, and the room's policies.

    `shared`: they see one another's files as they change. `prompted`: they know of one another and divide the work by
    talk. `tools`: board, claims and notices. `roles`: one after the other, each with a part of its own. `alone`: one
    agent, however many were asked for.
    """

    name: str
    what: str
    shared: bool = True
    prompted: bool = False
    tools: bool = False
    roles: bool = False
    alone: bool = False
    policy: str = "open"


def _policy(name: str, what: str) -> Condition:
    return Condition(name=name, what=f"the whole room, {what}", prompted=True, tools=True, policy=name)


CONDITIONS: dict[str, Condition] = {
    condition.name: condition
    for condition in (
        Condition(name="solo", what="one agent", alone=True),
        Condition(name="pipeline", what="roles one after the other: design, implement, review", roles=True),
        Condition(
            name="parallel-merge", what="separate directories, united file by file, the later wins", shared=False
        ),
        Condition(name="shared-only", what="one workspace, no prompt, no tools"),
        Condition(name="shared+prompt", what="one workspace and a prompt to divide the work", prompted=True),
        Condition(name="full", what="workspace, prompt, board, claims and notices", prompted=True, tools=True),
        _policy("open", "with nothing that orders its agents"),
        _policy("serial", "one agent after the other"),
        _policy("locking", "under two-phase locks"),
        _policy("optimistic", "validated as they go"),
        _policy("preorder", "ordered beforehand"),
        _policy("isolated", "a line each until landing"),
    )
}
"""Every condition by name, those of the published ladder first."""

POLICIES_COMPARED = ("open", "serial", "locking", "optimistic", "preorder")
"""What is compared on live state: nobody coordinates, one after the other, and the three orders."""

LADDER = ("solo", "pipeline", "parallel-merge", "shared-only", "shared+prompt", "full")
"""The published ladder, in its order."""
