"""The policies by name: `open`, `preorder`, `locking`, `optimistic`, `serial`, `isolated`. A room that asks for one
that is not here is refused, never given another.
"""

from coroom.core.errors import Code, Refused
from coroom.core.policies.isolated import Isolated
from coroom.core.policies.locking import Locking
from coroom.core.policies.open import Open
from coroom.core.policies.optimistic import Optimistic
from coroom.core.policies.preorder import Preorder
from coroom.core.policies.serial import Serial
from coroom.core.policy import Policy

POLICIES: dict[str, Policy] = {
    policy.name: policy for policy in (Open(), Preorder(), Locking(), Optimistic(), Serial(), Isolated())
}
"""Every policy this version has."""


def policy_named(name: str) -> Policy | Refused:
    """The policy of that name, refused with the list of names otherwise."""
    found = POLICIES.get(name)
    if found:
        return found
    names = ", ".join(sorted(POLICIES))
    return Refused(Code.BAD_INPUT, f"There is no policy '{name}'.", f"This version has {names}.")
