"""No isolation: the agent is a process of this user, in a directory of its own."""

from dataclasses import dataclass, field

from coroom.launch.bounds import bounded, means
from coroom.launch.isolation import AgentProcess, Bounds, Isolation, Wrapped


@dataclass(frozen=True, slots=True)
class Plain:
    """Implements `Launcher`."""

    bounds: Bounds = field(default_factory=Bounds)
    isolation: Isolation = Isolation.PLAIN
    has_own_programs: bool = False

    @property
    def in_force(self) -> tuple[str, ...]:
        """See the port."""
        return (
            "Agents run as you: they can read and change what you can, and reach the network.",
            self.bounds_kept,
            "Each has a directory, a home for its settings and a directory for temporary files of its own.",
        )

    @property
    def bounds_kept(self) -> str:
        """See the port."""
        return means(self.bounds)

    def wrap(self, process: AgentProcess) -> Wrapped:
        """See the port. The doors are not needed: nothing stands between the agent and the room."""
        temporary = process.home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = bounded(process.argv, self.bounds, process.agent)
        return Wrapped(argv=made.argv, env={**process.env, "TMPDIR": str(temporary)}, close=made.close)
