"""Any command line as an agent: the room is in its environment, the prompt where the user puts it."""

from coroom.agents.adapter import AgentOutput, Launch, Missing, Session, find, room_env
from coroom.core.quick import dataclass

PLACE = "{prompt}"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`argv` with `{prompt}` where the prompt belongs; without it the prompt comes on standard input."""

    argv: tuple[str, ...]
    name: str = "command"

    def prepare(self, session: Session) -> Launch | Missing:
        """See the port."""
        binary = find(self.argv[0], session, f"Install {self.argv[0]} or name the program by its full path.")
        if isinstance(binary, Missing):
            return binary
        named = any(PLACE in word for word in self.argv)
        words = (word.replace(PLACE, session.prompt) for word in self.argv[1:])
        return Launch(
            argv=(str(binary), *words),
            env=room_env(session),
            cwd=session.mirror,
            stdin="" if named else session.prompt,
        )

    def read_output(self, line: str) -> AgentOutput | None:
        """Every line counts as what the agent says."""
        return AgentOutput(text=line.rstrip("\n")) if line.strip() else None

    def message(self, text: str) -> None:
        """An unknown program has no way to be told."""
        del text
